"""What others have written, fit to stand in a sentence of ours: on one line, without controls, and not too long."""

import re
import reprlib

MOST = 400  # characters of a text: the message of an error, with a path in it

_short = reprlib.Repr()
_short.maxlevel = 2
_short.maxtuple = _short.maxlist = 16
_short.maxstring = _short.maxlong = _short.maxother = 60


def on_one_line(text: object, most: int = MOST) -> str:
    """A text with one space for all white space in a row, and � for what cannot be printed; what is too long is cut.

    Line ends of every kind are white space; controls, and what turns the direction of writing, cannot be printed.
    """
    words = re.sub(r"\s+", " ", str(text))
    seen = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words)
    return seen if len(seen) <= most else f"{seen[:most]} …"


def quoted(value: object) -> str:
    """A value that is refused, as Python writes it, but never more than a line of it."""
    try:
        return on_one_line(_short.repr(value), 200)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"
