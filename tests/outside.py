"""Texts as strangers send them, and what a Markdown parser of others makes of them."""

import unicodedata

from hypothesis import strategies
from markdown_it import MarkdownIt

EVIL = "evil.example"
LINE_ENDS = ["\r", "\n", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
SPACES = [" ", "\t", "\x1f", "\xa0", "\u1680", "\u2003", "\u202f", "\u205f", "\u3000"]
UNPRINTED = ["\0", "\x07", "\x1b", "\x7f", "\x9b", "\u200b", "\u200d", "\u202e", "\u2066", "\u2069", "\ufeff", "\ud800"]
MARKDOWN = [
    "# ", "- ", "1. ", "> ", "***", "---", "===", "**x**", "_x_", "~~x~~", "`", "``", "```", "~~~", "|", "|-|", "\\",
    "[x]:", f"[x](http://{EVIL})", f"![x](http://{EVIL}/x.png)", f"<http://{EVIL}>", "[^1]", "    ", "&lt;", "&#96;",
    "\\`",
]  # fmt: skip
HTML = ["<b>x</b>", f'<img src="http://{EVIL}/x.png" onerror="x">', "<!--", "-->", "<script>", "<![CDATA[", "<?", "</"]
OF_STREAMLIT = [
    "$x$", "$$", "\\(x\\)", ":red[x]", ":red-background[", "]", ":material/home:", ":streamlit:", ":smile:", " -> ",
    " -- ", ":small[x]", ":color[x]{foreground=red}",
]  # fmt: skip
LINKS = [f"http://{EVIL}", f"https://{EVIL}/?x=1", f"www.{EVIL}", f"x@{EVIL}", f"mailto:x@{EVIL}", f"//{EVIL}"]
KINDS = [*LINE_ENDS, *SPACES, *UNPRINTED, *MARKDOWN, *HTML, *OF_STREAMLIT, *LINKS]

# One text with all of it: whatever of it takes effect names EVIL or is no plain word.
WORST = "\r\r".join(
    [
        "x` `` ``` ",
        *(start + EVIL for start in ("# ", "- ", "> ", "    ", "$$")),
        *MARKDOWN,
        *HTML,
        *OF_STREAMLIT,
        *LINKS,
    ]
) + "".join(end * 2 + f"# {EVIL}" for end in LINE_ENDS)

texts = strategies.lists(strategies.sampled_from(KINDS) | strategies.text(max_size=6), max_size=20).map("".join)

_markdown = MarkdownIt("gfm-like", {"html": True})
_markdown.linkify.set({"fuzzy_link": False})  # config.py is no place in Paraguay


def on_one_line(text: str, most: int) -> str:
    """What is to be seen of a text: by Unicode's categories, and not by Python's own idea of what is printable."""
    seen, last = "", ""
    for letter in text:
        kind = unicodedata.category(letter)
        is_space = kind in ("Zs", "Zl", "Zp") or letter in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85"
        shown = " " if is_space else "\ufffd" if kind in ("Cc", "Cf", "Cs", "Co", "Cn") else letter
        seen += "" if shown == last == " " and is_space else shown
        last = shown
    return seen if len(seen) <= most else seen[:most] + " …"


def parsed(markdown: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The kinds of a text's blocks, and what is in them by its kind: ("text", "x"), ("code_inline", "y")."""
    blocks = _markdown.parse(markdown.replace("\ud800", "?"))
    inline = [child for block in blocks for child in block.children or []]
    return [block.type for block in blocks], [(child.type, child.content) for child in inline]


def effects(markdown: str) -> list[str]:
    """What of EVIL stands anywhere but in code."""
    blocks = _markdown.parse(markdown)
    inline = [child for block in blocks for child in block.children or []]
    found = [block.type for block in blocks if block.children is None and EVIL in block.content]
    found += [child.type for child in inline if child.type != "code_inline" and EVIL in f"{child.content}{child.attrs}"]
    return found
