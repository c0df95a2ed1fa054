"""Lists of numbers as people type them. In half of the world 0,3 is a number, and in the other half it is two."""

import re
from typing import NamedTuple

from vae.config import ConfigError

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
WITHIN = re.compile(r"(?<=\d),(?=\d)")  # a comma that may be a decimal one
THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
CLEAR = {float: "with ; between numbers it is clear: 0; 0.3; 1", int: "with ; between numbers it is clear: 256; 128"}
MOST_SAID = 12  # numbers


class Typed(NamedTuple):
    """values: what was typed; what is no number stays a text. reading: how it was read, where there was a choice."""

    values: tuple
    reading: str = ""


def read_numbers(name: str, text: str, kind: type = float) -> Typed:
    """Numbers (float) or whole numbers (int) with commas, semicolons or blanks between them.

    A comma within digits is a decimal comma where semicolons or blanks stand between the numbers, and stands between
    numbers itself where nothing else does. Raises ConfigError, with both readings, for what could be either.
    """
    parts, pieces = _values(re.split(r"[,;\s]+", text), kind), re.split(r"[;\s]+", text.strip(" \t,;"))
    if not WITHIN.search(text):
        return Typed(parts)
    if len(pieces) == 1 and ";" not in text:
        return Typed(parts, _in_words(parts) if kind is float and "." not in text else "")
    is_comma_between = any(piece.startswith(",") or piece.endswith(",") for piece in pieces)
    decimal = _decimal(pieces) if kind is float else ()
    if is_comma_between and (decimal or any(THOUSANDS.fullmatch(piece.strip(",")) for piece in pieces)):
        other = decimal or _values([piece.replace(",", "") for piece in pieces], kind)
        raise ConfigError(name, text, f"it can be read as {_in_words(parts)}, or as {_in_words(other)}; {CLEAR[kind]}")
    if is_comma_between:
        return Typed(parts)
    if not decimal:
        raise ConfigError(name, text, f"commas stand in it beside other signs; {CLEAR[kind]}")
    return Typed(decimal, _in_words(decimal))


def read_widths(name: str, text: str) -> tuple[int, ...] | str:
    """Whole numbers; or the text as it is where one of them is none, for RunConfig to refuse by name."""
    values = read_numbers(name, text, int).values
    return text if any(isinstance(value, str) for value in values) else values


def _decimal(pieces: list[str]) -> tuple:
    """The pieces as numbers with decimal commas; nothing where one of them cannot be that."""
    values = _values([WITHIN.sub(".", piece.strip(",")) for piece in pieces], float)
    return values if not any(isinstance(value, str) for value in values) else ()


def _values(parts: list[str], kind: type) -> tuple:
    rule = NUMBER if kind is float else WHOLE
    return tuple(kind(part) if rule.fullmatch(part) else part for part in parts if part)


def _in_words(values: tuple) -> str:
    """Numbers in a sentence; nothing of what will be refused anyway."""
    if len(values) > MOST_SAID or any(isinstance(value, str) for value in values):
        return ""
    *first, last = [f"{value:.10g}" for value in values]
    return f"{', '.join(first)} and {last}" if first else last
