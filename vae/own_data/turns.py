"""Which way pictures lie, and whether they are white on black: both may be turned around, in place."""

import numpy as np

from vae.own_data.pictures import Heap
from vae.own_data.sizes import PIXELS, SIDE, border


def turn_over(heaps: list[Heap], is_emnist: bool, transpose: bool | None) -> str:
    """Swaps rows and columns where somebody wants it, or by itself for EMNIST; says so, or ""."""
    if not (is_emnist if transpose is None else transpose):
        return "Rows and columns were left as they are, though the name says EMNIST." if is_emnist else ""
    for heap in heaps:
        for first in range(0, len(heap.levels), 10_000):
            some = heap.levels[first : first + 10_000]
            some[:] = some.reshape(-1, SIDE, SIDE).transpose(0, 2, 1).reshape(-1, PIXELS)
    why = ": the name says EMNIST, whose pictures lie on their side" if is_emnist else ""
    return f"Rows and columns were swapped{why}."


def turn_light(heaps: list[Heap], invert: bool | None) -> str:
    """Swaps light and dark where somebody wants it, or by itself where borders are light; says so, or ""."""
    is_light = _border_level(heaps) > 255 / 2
    if not (is_light if invert is None else invert):
        return "Light and dark were left as they are, though the borders are light." if is_light else ""
    for heap in heaps:
        np.subtract(255, heap.levels, out=heap.levels)
    why = ": the borders are light, as of ink on paper" if is_light else ""
    return f"Light and dark were swapped{why}."


def _border_level(heaps: list[Heap]) -> float:
    """How light the outermost pixels of all pictures are on average, from 0 to 255."""
    borders = [border(heap.levels.reshape(-1, SIDE, SIDE)) for heap in heaps]
    return sum(int(some.sum(dtype=np.int64)) for some in borders) / sum(some.size for some in borders)
