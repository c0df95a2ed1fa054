"""Files of which nothing is believed before it is read: packed with gzip, or zip files, npz among them."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from vae.own_data.checks import OwnDataError, check_unpacked, readable

GZIP = b"\x1f\x8b"
ALLOWED = (ZIP_STORED, ZIP_DEFLATED)
MOST_ENTRIES = 300_000
MOST_OF_A_LIST = 32_000_000  # bytes of a zip file's list of entries, which is read at once


def opened(path: Path) -> BinaryIO:
    """A file at its first byte, unpacked where gzip packed it, whatever its name."""
    with readable(path.name):
        file = path.open("rb")
        if file.read(2) != GZIP:
            file.seek(0)
            return file
        file.close()
        return gzip.open(path)


def beginning(path: Path, count: int) -> bytes:
    """The first bytes of a file, as `opened` gives them."""
    with opened(path) as file, readable(path.name):
        return file.read(count)


def exactly(file: BinaryIO, count: int, place: str) -> bytes:
    """The next `count` bytes of a file; raises OwnDataError where it has fewer."""
    with readable(place):
        data = file.read(count)
        if len(data) < count:
            raise EOFError(f"{count - len(data):,} bytes are missing")
        return data


class _Careful(io.BufferedReader):
    """A file that gives no more at a time than the longest list of entries, until that is read."""

    is_listed = False

    def read(self, size: int | None = -1) -> bytes:
        if not self.is_listed and size and size > MOST_OF_A_LIST:
            raise OwnDataError(Path(self.raw.name).name, f"its list of entries has more than {MOST_OF_A_LIST:,} bytes")
        return super().read(size)


@contextmanager
def zip_file(path: Path) -> Iterator[ZipFile]:
    """A zip file, after a look at the number of its entries and at their sizes; a password is refused."""
    with _Careful(io.FileIO(path)) as file:
        with readable(path.name):
            entries = (whole := ZipFile(file)).infolist()
            file.is_listed = True
        if len(entries) > MOST_ENTRIES:
            raise OwnDataError(path.name, f"{len(entries):,} entries, but at most {MOST_ENTRIES:,} are allowed")
        if locked := next((entry.filename for entry in entries if entry.flag_bits & 1), None):
            raise OwnDataError(path.name, f"{locked} is locked with a password; allowed are files without one")
        if other := next((entry.filename for entry in entries if entry.compress_type not in ALLOWED), None):
            what = f"{other} is packed in an unusual way; allowed are deflate, which never fills the memory, and none"
            raise OwnDataError(path.name, what)
        check_unpacked(path.name, sum(entry.file_size for entry in entries))
        with whole:
            yield whole
