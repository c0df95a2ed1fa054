"""What comes from outside (addresses, fields, file names, errors, messages in files), fit for Streamlit's Markdown."""

import re

from vae.texts import on_one_line, quoted

SHORT = 40  # characters of a value
# A sentence that is nothing but itself: words, numbers, names like train_size and paths, and "[Errno 28]".
SENTENCE = re.compile(
    r"""[^\W\d_] (?: [^\W_] | [ ,;.()'"%+=] | (?<=[^\W_])_(?=[^\W_]) | \[\w+[ ]\d+\](?=[ ])
    | :(?=[ ]) | -(?!-([ ]|$)) | /(?!/) )*""",
    re.VERBOSE,
)


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
    """What an error, or a file, says: as it is where it is a sentence of plain words, else as code."""
    said = on_one_line(str(error)).strip()
    is_sentence = SENTENCE.fullmatch(said) and "www." not in said.lower()
    return said if is_sentence else plain(said, len(said))
