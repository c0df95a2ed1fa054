"""Numbers of files as levels from 0 to 255."""

from collections.abc import Iterable

import numpy as np

from vae.own_data.checks import OwnDataError

FROM_ONE = "Numbers from 0 to 1 were taken as levels from 0 to 255."
ALLOWED = "allowed are numbers from 0 to 1, or levels from 0 to 255"


def end_at_one(chunks: Iterable[np.ndarray]) -> bool:
    """Whether no number is above 1, so that 1 is white and not nearly black; it looks no further than it must."""
    return not any((chunk > 1).any() for chunk in chunks)


def to_levels(numbers: np.ndarray, ends_at_one: bool) -> np.ndarray:
    """Numbers from 0 to 1, or from 0 to 255, as levels: uint8 of the same shape."""
    if ends_at_one:
        return np.rint(numbers.astype(np.float32) * 255).astype(np.uint8)
    return np.rint(numbers).astype(np.uint8) if numbers.dtype.kind == "f" else numbers.astype(np.uint8)


def are_levels(numbers: np.ndarray) -> bool:
    """Whether all numbers are finite and in the range that is allowed."""
    return not numbers.size or bool(numbers.min() >= 0 and numbers.max() <= 255)  # which is false for NaN


def check_levels(numbers: np.ndarray, place: str, before: int) -> None:
    """Refuses numbers (k, ...) out of range, naming the first one's picture, of which `before` came earlier."""
    if are_levels(numbers):
        return
    rows = numbers.reshape(len(numbers), -1)
    is_wrong = ~((rows >= 0) & (rows <= 255))
    row = int(is_wrong.any(1).argmax())
    value = rows[row, is_wrong[row].argmax()]
    raise OwnDataError(place, f"picture {before + row + 1} holds {value}; {ALLOWED}")


def check_not_blank(levels: list[np.ndarray], place: str) -> None:
    """Refuses pictures (n, 784) of which each is one even grey."""
    if all((some.min(1) == some.max(1)).all() for some in levels):
        raise OwnDataError(place, "each picture is one even grey; allowed are pictures in which there is something")
