"""What comes from outside (addresses, fields, file names, errors, messages in files), fit for Streamlit's Markdown."""

from vae.texts import MOST, on_one_line, quoted

SHORT = 40  # characters of a value


def plain(text: object, most: int = SHORT) -> str:
    """A text as code, in which no Markdown, HTML, formula, link or directive takes effect.

    It is shown as `on_one_line` gives it, with ' for `, and "(nothing)" where nothing can be seen. A backslash would
    not do: links, emoji and icons are looked for in words whatever was escaped in them, but never in code.
    """
    shown = on_one_line(text if isinstance(text, str) else quoted(text), most).replace("`", "'")
    # The one thing that Streamlit replaces in code too: a joiner, which nobody sees, keeps the slash.
    kept = shown.replace(":material/", ":material\N{WORD JOINER}/") if shown.strip() else "(nothing)"
    # Of a blank at both ends Markdown takes one away.
    return f"` {kept} `" if kept.startswith(" ") and kept.endswith(" ") else f"`{kept}`"


def message(error: object) -> str:
    """What an error, or a file, says: `plain`, and long enough for a sentence with a path in it."""
    return plain(str(error), MOST)
