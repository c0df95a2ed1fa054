"""The address of a page: one table of all that can stand in it, from which widgets, components and refusals come.

Components write theirs in the browser (assets/browser/shared/address.js), widgets by Streamlit's `bind`.
"""

import base64
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import streamlit as st

from pages.shared.plain import plain
from vae.datasets import PIXELS

OWN_DIGIT = re.compile(r"own-[A-Za-z0-9_-]{523}")  # 784 pixels in 16 levels (picker.js)
NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?", re.ASCII)
RUN_ID = re.compile(r"vae-\d{1,2}d-[0-9a-f]{12}")
LAYERS = ("codes", "ellipses", "prior", "density", "grid", "holes", "pulls")
MOST_DRAWS = 10_000
MOST_STEPS = 20  # of a lesson
MOST_FRAMES = 100  # of a GIF
Rule = Callable[[str], bool]


class Parameter(NamedTuple):
    """What can stand in the address under a name.

    owner: the module of pages/ or assets/browser/ that reads and writes it; default: what is so without it; allowed:
    in words, of what the rule asks; no rule: what is allowed depends on what the page shows, and the owner says it.
    kind: of what a component sends; in an address all is text.
    """

    owner: str
    default: str
    allowed: str = ""
    rule: Rule | None = None
    kind: type = str

    def allows(self, value: object) -> bool:
        """Whether a value, of whatever type, is of the right one and what the rule allows."""
        return isinstance(value, self.kind) and self.rule(value)


def numbers(most: int, largest: float) -> Rule:
    """Whether a text is at most so many numbers, with commas between, none of them larger than +-largest."""

    def is_numbers(text: str) -> bool:
        parts = text.split(",")
        return len(parts) <= most and all(NUMBER.fullmatch(part) and abs(float(part)) <= largest for part in parts)

    return is_numbers


def whole(last: int, first: int = 0) -> Rule:
    """Whether a text is a whole number from `first` to `last`."""

    def is_whole(text: str) -> bool:
        return text.isascii() and text.isdecimal() and len(text) <= len(str(last)) and first <= int(text) <= last

    return is_whole


_IS_TEST_DIGIT, _IS_SCALE = whole(9_999), numbers(1, 3.0)


def _is_digit(text: str) -> bool:
    return _IS_TEST_DIGIT(text) or bool(OWN_DIGIT.fullmatch(text))


def _is_way(frames: list) -> bool:
    """Whether these are frames of a GIF: codes of both models, {"ae": numbers, "vae": numbers} each."""
    are_frames = 2 <= len(frames) <= MOST_FRAMES and all(isinstance(frame, dict) for frame in frames)
    return are_frames and all(_is_code(frame.get(half)) for frame in frames for half in ("ae", "vae"))


def _is_code(code: object) -> bool:
    is_list = isinstance(code, list) and 1 <= len(code) <= 32
    return is_list and all(type(number) in (int, float) and abs(number) <= 10_000 for number in code)  # NaN never is


def levels_of(drawing: str) -> np.ndarray:
    """The grey levels (784,) uint8, 0 to 255, of a drawing as an address names it (OWN_DIGIT)."""
    pairs = np.frombuffer(base64.urlsafe_b64decode(drawing.removeprefix("own-") + "="), np.uint8)
    return np.stack([pairs >> 4, pairs & 15], 1).reshape(-1)[:PIXELS] * np.uint8(17)


def _is_classes(text: str) -> bool:
    """Whether these are labels with commas between, none of them twice."""
    labels = text.split(",")
    return set(labels) <= set(map(str, range(100))) and len(set(labels)) == len(labels)


def _is_code_of_a_class(text: str) -> bool:
    return bool(re.fullmatch("[A-Za-z]{5}", text))


_DIGIT = ("the number of a test digit from 0 to 9,999, or a drawing", _is_digit)
_CODE = ("1 to 32 numbers from -1,000 to 1,000", numbers(32, 1_000.0))
_DRAW = (f"a whole number to {MOST_DRAWS:,}", whole(MOST_DRAWS))
# Beside these the fields of RunConfig stand in it by their names (vae/config.py has their rules), and the answers to
# predictions as predict_NAME (pages/shared/prediction.py).
PARAMETERS = {
    # the runs on show
    "run": Parameter("shared/choose", "the first pair of the list"),
    "ae": Parameter("shared/choose", "the first AE of the list"),
    "left": Parameter("shared/bottleneck", "the AE of the pair"),
    "models": Parameter("shared/ladders", "2-D; 10-D on the page of the collapse"),
    "chosen": Parameter(
        "kl_weight/ladder", "the run with β = 1", "the name of a VAE's run", lambda text: bool(RUN_ID.fullmatch(text))
    ),
    "settings": Parameter("shared/linked", "the defaults of RunConfig"),
    "kl_weights": Parameter("collapse/sweeping", "an example"),
    "seeds": Parameter("collapse/sweeping", "0"),
    # the digit, and what is drawn of it
    "x": Parameter("shared/picker", "test digit 224", *_DIGIT),
    "x2": Parameter("walk/walk", "a test digit of another class", *_DIGIT),
    "z": Parameter("latent_space/latent_space", "the code of the digit", *_CODE),
    "z_ae": Parameter("walk/walk", "the code of the digit", *_CODE),
    "z_vae": Parameter("walk/walk", "the code of the digit", *_CODE),
    "passes": Parameter("home/networks", "1", "a whole number from 1 to 99,999", whole(99_999, 1)),
    "eps_seed": Parameter("resampling/resampling", "1", "a whole number from 0 to 999,999", whole(999_999)),
    "eps_scale": Parameter(
        "resampling/resampling", "1", "a number from 0 to 3", lambda text: _IS_SCALE(text) and float(text) >= 0
    ),
    "eps": Parameter("resampling/resampling", "drawn", "1 or 2 numbers from -100 to 100", numbers(2, 100.0)),
    "draw": Parameter("latent_space/planes", "0", *_DRAW),
    "eps_draw": Parameter("conversion/changes", "0", *_DRAW),
    "h": Parameter("log_sigma/sigma_plane", "0", "a number from -200 to 200", numbers(1, 200.0)),
    # how it is shown
    "dataset": Parameter("shared/controls", "mnist"),
    "collected": Parameter(
        "classroom/own_pictures", "no drawings", "the code of a collection, five letters", _is_code_of_a_class
    ),
    "present": Parameter("shared/steps", "no", "1", lambda text: text == "1"),
    "join": Parameter("shared/steps", "no class", "the code of a class, five letters", _is_code_of_a_class),
    "lesson": Parameter("shared/steps", "1", f"a whole number from 1 to {MOST_STEPS}", whole(MOST_STEPS, 1)),
    "layers": Parameter(
        "latent_space/latent_space",
        "codes,prior",
        f"some of {', '.join(LAYERS)}, or none",
        lambda text: text == "none" or set(text.split(",")) <= set(LAYERS),
    ),
    "classes": Parameter("latent_space/latent_space", "all", "labels from 0 to 99, with commas between", _is_classes),
    "sphere": Parameter("walk/walk", "along a line", "1", lambda text: text == "1"),
    "shared_axes": Parameter("latent_space/latent_space", "false"),
    "same_axes": Parameter("train/watch", "true"),
    "pulls": Parameter("train/watch", "false"),
    "pin": Parameter("shared/pin", "nothing"),
    "source": Parameter("shared/controls", "false"),
    "warm_up": Parameter("collapse/collapse", "false"),
    "plane": Parameter("shared/scatter", "principal axes (PCA)"),
    "across": Parameter("shared/scatter", "a dimension with the largest KL"),
    "up": Parameter("shared/scatter", "another one"),
    "step": Parameter("train/watch", "the last"),
    # what is printed
    "lessons": Parameter("classroom/handout", "the core"),
    "paper": Parameter("classroom/handout", "A4"),
    "answers": Parameter("classroom/handout", "false"),
}


def is_the_browsers(name: str) -> bool:
    """Whether a parameter is read and written by a picture in the browser, and not by a widget."""
    return name in PARAMETERS and PARAMETERS[name].rule is not None


# What components send to the server (pages/shared/component.py), by the same rules.
SENT = {
    "digit": PARAMETERS["x"],
    "fitted": PARAMETERS["x"],
    "chosen": PARAMETERS["chosen"],
    "gif": Parameter(
        "walk/walk",
        "none",
        f"2 to {MOST_FRAMES} frames of 1 to 32 numbers from -10,000 to 10,000 for each model",
        _is_way,
        list,
    ),
    "news": Parameter(
        "shared/news", "none", "where runs are, in up to 10,000 letters", lambda text: len(text) <= 10_000
    ),
}


def given(*names: str) -> dict[str, str]:
    """The named parameters that the address has and that are allowed; garbage is said and left out."""
    texts = {name: text for name in names if (text := st.query_params.get(name)) is not None}
    return {name: text for name, text in texts.items() if _is_allowed(name, text, PARAMETERS[name])}


def binding(name: str, options: Iterable[str] = (), allowed: str = "", rule: Rule | None = None) -> str | None:
    """How a widget is bound to its parameter in the address: not, for once, when that is garbage, which is said.

    options: the texts that are allowed; or a rule, and what it allows in words; without them those of the table.
    Streamlit itself would take 1.5 for 1 without a word, and stumble over inf.
    """
    options = list(options)
    if options:
        rule, allowed = options.__contains__, allowed or f"one of {'; '.join(options)}"
    parameter = Parameter("", "", allowed, rule) if rule else PARAMETERS[name]
    are_allowed = all(_is_allowed(name, asked, parameter) for asked in st.query_params.get_all(name))
    return "query-params" if are_allowed else None


def _is_allowed(name: str, text: str, parameter: Parameter) -> bool:
    if parameter.allows(text):
        return True
    st.warning(f"{name} = {plain(text)} in the address is not allowed: {parameter.allowed}. The default is shown.")
    del st.query_params[name]
    return False
