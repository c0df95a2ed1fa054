"""What components keep in the address of the page, checked; assets/browser/address.js writes it."""

import re
from collections.abc import Callable

import streamlit as st

from pages.ui.controls import quoted

OWN_DIGIT = re.compile(r"own-[A-Za-z0-9_-]{523}")  # 784 pixels in 16 levels (picker.js)
NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?", re.ASCII)
RUN_ID = re.compile(r"vae-\d{1,2}d-[0-9a-f]{12}")
LAYERS = ("codes", "ellipses", "prior", "density", "grid", "holes")


def _is_numbers(text: str, most: int, largest: float) -> bool:
    parts = text.split(",")
    return len(parts) <= most and all(NUMBER.fullmatch(part) and abs(float(part)) <= largest for part in parts)


def is_whole(text: str, last: int) -> bool:
    """Whether a text is a whole number from 0 to `last`."""
    return text.isascii() and text.isdecimal() and len(text) <= len(str(last)) and int(text) <= last


_Rule = tuple[Callable[[str], bool], str]
_CODE = (lambda text: _is_numbers(text, 32, 1_000.0), "1 to 32 numbers from -1,000 to 1,000")
_DIGIT = (
    lambda text: is_whole(text, 9_999) or bool(OWN_DIGIT.fullmatch(text)),
    "the number of a test digit from 0 to 9,999, or a drawing",
)
RULES: dict[str, _Rule] = {
    "x": _DIGIT,
    "x2": _DIGIT,
    "z": _CODE,
    "z_ae": _CODE,
    "z_vae": _CODE,
    "passes": (lambda text: is_whole(text, 99_999) and int(text) >= 1, "a whole number from 1 to 99,999"),
    "chosen": (lambda text: bool(RUN_ID.fullmatch(text)), "the name of a VAE's run"),
    "eps_seed": (lambda text: is_whole(text, 999_999), "a whole number from 0 to 999,999"),
    "eps_scale": (lambda text: _is_numbers(text, 1, 3.0) and float(text) >= 0, "a number from 0 to 3"),
    "eps": (lambda text: _is_numbers(text, 2, 100.0), "1 or 2 numbers from -100 to 100"),
    "h": (lambda text: _is_numbers(text, 1, 200.0), "a number from -200 to 200"),
    "sphere": (lambda text: text == "1", "1"),
    "layers": (
        lambda text: text == "none" or set(text.split(",")) <= set(LAYERS),
        f"some of {', '.join(LAYERS)}, or none",
    ),
}


def given(*names: str) -> dict[str, str]:
    """The named parameters that the address has and that are allowed; garbage is said and left out."""
    values = {}
    for name in names:
        text = st.query_params.get(name)
        is_allowed, allowed = RULES[name]
        if text is not None and is_allowed(text):
            values[name] = text
        elif text is not None:
            st.warning(f"{name} = {quoted(text)} in the address is not allowed: {allowed}. The default is shown.")
            del st.query_params[name]
    return values
