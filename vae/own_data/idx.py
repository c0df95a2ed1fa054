"""Files of the IDX format, packed with gzip or not (yann.lecun.com/exdb/mnist): an array each."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vae.own_data.arrays import Stored
from vae.own_data.checks import OwnDataError
from vae.own_data.packed import exactly, opened

TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}  # by the third byte; the fourth counts sides


def is_idx(beginning: bytes) -> bool:
    """Whether a file that begins so, once unpacked, is of this format."""
    return len(beginning) >= 4 and beginning[:2] == b"\0\0" and beginning[2] in TYPES and 1 <= beginning[3] <= 4


def of_idx(path: Path) -> Stored:
    """The array of a file that `is_idx`."""
    with opened(path) as file:
        _, _, kind, sides = exactly(file, 4, path.name)
        shape = tuple(np.frombuffer(exactly(file, 4 * sides, path.name), ">u4").tolist())
    if not shape[0]:
        raise OwnDataError(path.name, "it says that it holds nothing")

    @contextmanager
    def at_first_number() -> Iterator[BinaryIO]:
        with opened(path) as file:
            exactly(file, 4 + 4 * sides, path.name)
            yield file

    return Stored(path.name, path.name, shape, np.dtype(TYPES[kind]), False, at_first_number)
