"""Tables as Kaggle has them (.csv): a picture a line, its label first or last, with or without a header.

Where a header names no label, that end of the lines is the label which can be one, while the other can be a pixel: 2 to
100 different values, whole numbers or texts, each at least twice. Where both can, it is the first.
"""

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.compute

from vae.own_data.checks import FEWEST_OF_A_CLASS, MOST_CLASSES, OwnDataError
from vae.own_data.labels import plain
from vae.own_data.levels import FROM_ONE, are_levels, end_at_one, to_levels
from vae.own_data.lines import Layout, layout_of, parts_of, refuse_line
from vae.own_data.pairing import half_of
from vae.own_data.pictures import Found, Heap
from vae.own_data.sizes import PIXELS

NAMES = ("label", "labels", "class", "target", "y")  # what a header may call the label


def read_tables(files: list[Path], on_progress: Callable[[float], None]) -> Found:
    """All pictures of one table, or of several of which the names say the halves."""
    halves = [half_of(file.stem) if len(files) > 1 else "" for file in files]
    if len(set(halves)) < len(files):
        names = ", ".join(file.name for file in files)
        raise OwnDataError(names, "allowed are one csv, or two of which one has train and the other test in its name")
    layouts = [layout_of(file) for file in files]
    ends_at_one = end_at_one(
        part.numbers for part in chain.from_iterable(parts_of(*pair) for pair in zip(files, layouts))
    )
    heaps, done = [], [FROM_ONE] if ends_at_one else []
    total, before = sum(file.stat().st_size for file in files), 0
    for file, layout, half in zip(files, layouts, halves):
        levels, labels, said = _read(
            file, layout, ends_at_one, lambda at, before=before: on_progress((before + at) / total)
        )
        heaps.append(Heap(file.name, half, levels, labels))
        done.append(said)
        before += file.stat().st_size
    return Found(heaps, list(filter(None, dict.fromkeys(done))), may_lie=True)


def _read(
    file: Path, layout: Layout, ends_at_one: bool, on_bytes: Callable[[int], None]
) -> tuple[np.ndarray, np.ndarray | None, str]:
    """Levels (n, 784) and labels (n,), or None, of one file, and where its labels were found, in words."""
    inner, firsts, lasts = [], [], []
    for part in parts_of(file, layout):
        on_bytes(part.read)
        inner.append(to_levels(part.numbers, ends_at_one))
        firsts.append(part.first)
        lasts.append(part.last)
    if not layout.has_labels:
        return np.concatenate(inner), None, ""
    first, last = (pyarrow.chunked_array(end, pyarrow.string()) for end in (firsts, lasts))
    is_first, said = _find_label(layout, first, last, file.name)
    levels = np.empty((len(first), PIXELS), np.uint8)
    np.concatenate(inner, out=levels[:, :-1] if is_first else levels[:, 1:])
    levels[:, -1 if is_first else 0] = _outer(file, layout, last if is_first else first, is_first, ends_at_one)
    return levels, _labels(first if is_first else last, file.name), said


def _outer(file: Path, layout: Layout, end: pyarrow.ChunkedArray, is_last: bool, ends_at_one: bool) -> np.ndarray:
    """The levels (n,) of the pixel at the end of the lines where the label is not."""
    column = _pixels(end)
    if column is None:
        refuse_line(file, layout, 0, range(1, layout.columns) if is_last else range(layout.columns - 1))
    if ends_at_one and column.max() > 1:
        what = f"column {layout.columns if is_last else 1} holds {column.max()}, and no other pixel is above 1"
        raise OwnDataError(file.name, f"{what}; allowed is one range for all: from 0 to 1, or from 0 to 255")
    return to_levels(column, ends_at_one)


def _labels(end: pyarrow.ChunkedArray, place: str) -> np.ndarray:
    numbers = _numbers(end, pyarrow.float64())
    return plain(np.asarray(end.to_pylist(), str) if numbers is None else numbers, place)


def _find_label(
    layout: Layout, first: pyarrow.ChunkedArray, last: pyarrow.ChunkedArray, place: str
) -> tuple[bool, str]:
    """Whether the label is the first field of a line, or else the last, and the sentence that says so."""
    named = [bool(layout.header) and layout.header[end].lower() in NAMES for end in (0, -1)]
    if named[0] != named[1]:
        return named[0], f"The {'first' if named[0] else 'last'} column was taken as the label: the header says so."
    are_pixels = [_pixels(end) is not None for end in (first, last)]
    for fewest in (FEWEST_OF_A_CLASS, 1):  # else a pixel with one fault could be the label
        could = [_could_be_labels(end, fewest) for end in (first, last)]
        fits = [could[0] and are_pixels[1], could[1] and are_pixels[0]]
        if any(could):
            is_first = fits[0] if any(fits) else could[0]
            other = "; the last could be it, too" if all(fits) else ""
            return is_first, f"The {'first' if is_first else 'last'} column was taken as the label{other}."
    what = f"neither the first nor the last column can be labels; allowed are 2 to {MOST_CLASSES} different ones"
    raise OwnDataError(place, f"{what}, whole numbers or texts")


def _could_be_labels(end: pyarrow.ChunkedArray, fewest: int) -> bool:
    """Whether a column has few enough different values, each often enough, and these are whole numbers or texts."""
    values, counts = pyarrow.compute.value_counts(end).flatten()
    if not 2 <= len(values) <= MOST_CLASSES or pyarrow.compute.min(counts).as_py() < fewest:
        return False
    numbers = _numbers(values, pyarrow.float64())
    return numbers is None or bool((numbers == np.rint(numbers)).all())


def _pixels(end: pyarrow.ChunkedArray) -> np.ndarray | None:
    """A column as the pixels it could be: (n,) float32; None if it cannot."""
    numbers = _numbers(end, pyarrow.float32())
    return numbers if numbers is not None and are_levels(numbers) else None


def _numbers(texts: pyarrow.ChunkedArray | pyarrow.Array, kind: pyarrow.DataType) -> np.ndarray | None:
    """Texts as numbers; None if one is none."""
    try:
        return np.asarray(texts.cast(kind))
    except pyarrow.ArrowInvalid:
        return None
