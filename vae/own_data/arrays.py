"""Arrays in .npy and .npz files, read a part at a time; only their numbers are read, and nothing is unpickled."""

import io
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.lib import format as npy

from vae.own_data.checks import CHUNK, OwnDataError, check_unpacked, readable
from vae.own_data.packed import exactly, opened, zip_file

LONGEST_HEADER = 12_000  # bytes
GROUP = 256_000_000  # bytes of pictures that are put in order at a time, where a file has them by pixels


class Stored(NamedTuple):
    """An array that is still in its file.

    place is what a message calls it, key its own name, which says what it is; is_by_columns: the first index runs
    fastest (Fortran's order). `open` gives the file at the first number.
    """

    place: str
    key: str
    shape: tuple[int, ...]
    dtype: np.dtype
    is_by_columns: bool
    open: Callable[[], AbstractContextManager[BinaryIO]]

    def __str__(self) -> str:
        return f"{self.key} {self.shape} {self.dtype.name}"


def of_npy(path: Path) -> Stored:
    """The array of an .npy file."""
    return _stored(path.name, path.stem, partial(opened, path))


def of_npz(path: Path) -> list[Stored]:
    """The arrays of an .npz file."""
    with zip_file(path) as whole:
        names = [entry.filename for entry in whole.infolist()]
    return [_stored(f"{path.name}: {name}", name.removesuffix(".npy"), partial(_entry, path, name)) for name in names]


@contextmanager
def _entry(path: Path, name: str) -> Iterator[BinaryIO]:
    with zip_file(path) as whole:
        with readable(f"{path.name}: {name}"):
            content = whole.open(name)
        with content:
            yield content


def _stored(place: str, key: str, open_file: Callable[[], AbstractContextManager[BinaryIO]]) -> Stored:
    with open_file() as file, readable(place):
        beginning = io.BytesIO(file.read(LONGEST_HEADER))
    shape, is_by_columns, dtype = _header(beginning, place)
    header = beginning.tell()
    if dtype.hasobject:
        what = "holds objects of Python (dtype object), and nothing is unpickled; allowed are numbers and texts"
        raise OwnDataError(place, what)

    @contextmanager
    def at_first_number() -> Iterator[BinaryIO]:
        with open_file() as file:
            exactly(file, header, place)
            yield file

    return Stored(place, key, shape, dtype, is_by_columns, at_first_number)


def _header(beginning: BinaryIO, place: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether the first index runs fastest, and type, by the first bytes of a file."""
    try:
        version = npy.read_magic(beginning)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        header = read(beginning) if read else None
    except Exception as error:  # numpy reads a header as Python does a literal, and raises all that this can
        raise OwnDataError(place, f"what it says at its beginning cannot be read: it is damaged ({error})") from error
    if header is None:
        raise OwnDataError(place, f"is of version {version[0]}.{version[1]} of numpy's format; allowed are 1.0 and 2.0")
    if any(side < 0 for side in header[0]):
        raise OwnDataError(place, f"says that its shape is {header[0]}; allowed are numbers from 0 on")
    return header


def whole(stored: Stored) -> np.ndarray:
    """All of a small array."""
    parts = list(chunks(stored))
    return np.concatenate(parts) if parts else np.empty(stored.shape, stored.dtype)


def chunks(stored: Stored) -> Iterator[np.ndarray]:
    """The array, some of its first index at a time: (k, ...), of about 8 MB."""
    check_unpacked(stored.place, math.prod(stored.shape) * stored.dtype.itemsize)
    count = stored.shape[0]
    rows = max(1, CHUNK // max(1, _bytes_of_one(stored)))
    if stored.is_by_columns and len(stored.shape) > 1:
        for group in _groups(stored):
            yield from (group[first : first + rows] for first in range(0, len(group), rows))
        return
    with stored.open() as file:
        for first in range(0, count, rows):
            yield _numbers(file, (min(rows, count - first), *stored.shape[1:]), stored)
        _check_end(file, stored.place)


def in_any_order(stored: Stored) -> Iterator[np.ndarray]:
    """All numbers, in the order of the file."""
    in_a_row = stored._replace(shape=(math.prod(stored.shape),), is_by_columns=False)
    yield from chunks(in_a_row)


def _groups(stored: Stored) -> Iterator[np.ndarray]:
    """The array of a file that has the first pixel of all pictures, then the second, and so on: read once a group."""
    count, pixels = stored.shape[0], math.prod(stored.shape[1:])
    most = max(1, GROUP // max(1, _bytes_of_one(stored)))
    at_a_time = max(1, CHUNK // max(1, count * stored.dtype.itemsize))  # pixels
    for first in range(0, count, most):
        group = np.empty((pixels, min(most, count - first)), stored.dtype)
        with stored.open() as file:
            for pixel in range(0, pixels, at_a_time):
                some = _numbers(file, (min(at_a_time, pixels - pixel), count), stored)
                group[pixel : pixel + at_a_time] = some[:, first : first + most]
            _check_end(file, stored.place)
        yield group.reshape(*stored.shape[:0:-1], -1).T


def _numbers(file: BinaryIO, shape: tuple[int, ...], stored: Stored) -> np.ndarray:
    data = exactly(file, math.prod(shape) * stored.dtype.itemsize, stored.place)
    return np.frombuffer(data, stored.dtype).reshape(shape)


def _bytes_of_one(stored: Stored) -> int:
    return math.prod(stored.shape[1:]) * stored.dtype.itemsize


def _check_end(file: BinaryIO, place: str) -> None:
    with readable(place):
        if file.read(1):
            raise OwnDataError(place, "it holds more bytes than it says at its beginning")
