"""What is allowed, and the error that says what is not."""

import lzma
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from zipfile import BadZipFile

from vae.texts import on_one_line

FEWEST, MOST = 200, 200_000  # pictures in all
FEWEST_TO_TRAIN, FEWEST_TO_TEST = 100, 20  # pictures of the halves that a file gives
MOST_CLASSES = 100
FEWEST_OF_A_CLASS = 2  # one to train with, one to test with
LONGEST_NAME = 60  # characters of a class
SHORTEST_SIDE, LONGEST_SIDE = 4, 2_048  # pixels of a picture in an array
MOST_PIXELS = 50_000_000  # of a picture in a file of its own: cameras reach that
MOST_BYTES = 2_000_000_000  # of a file, and of all files of a folder
MOST_UNPACKED = (
    4_000_000_000  # bytes that a file may hold once unpacked: 200,000 pictures of 28 x 28 colours as float64
)
CHUNK = 8_000_000  # bytes that are worked on at a time


_DAMAGED = (OSError, EOFError, ValueError, NotImplementedError, struct.error, zlib.error, lzma.LZMAError, BadZipFile)


class OwnDataError(ValueError):
    """Pictures that cannot be taken.

    The message names the file, the place in it (line, entry, array), what is wrong there, and what is allowed.
    """

    def __init__(self, place: object, what: str):
        super().__init__(f"{on_one_line(place, 200)}: {on_one_line(what, 1_000)}")


@contextmanager
def readable(place: object) -> Iterator[None]:
    """Says of a file that it is damaged, in place of what the readers of the packed formats raise."""
    try:
        yield
    except OwnDataError:
        raise
    except _DAMAGED as error:
        raise OwnDataError(place, f"it cannot be read: it is damaged or cut short ({error})") from error


def check_count(place: object, count: int) -> None:
    """Refuses too few and too many pictures."""
    if count < FEWEST:
        raise OwnDataError(place, f"{pictures(count)}, but at least {FEWEST} are needed")
    check_not_too_many(place, count)


def check_not_too_many(place: object, count: int) -> None:
    if count > MOST:
        raise OwnDataError(place, f"more than {MOST:,} pictures ({count:,}), which is the most allowed")


def check_unpacked(place: object, size: int) -> None:
    """Refuses what would be too large once unpacked."""
    if size > MOST_UNPACKED:
        raise OwnDataError(place, f"{size:,} bytes once unpacked, but at most {MOST_UNPACKED:,} are allowed")


def pictures(count: int) -> str:
    """How many, in words."""
    return "1 picture" if count == 1 else f"{count:,} pictures"


def some(names: Sequence[str], most: int) -> str:
    """The first of some names that strangers gave, on one line."""
    return f"{', '.join(on_one_line(name, 100) for name in names[:most])}{', …' if len(names) > most else ''}"
