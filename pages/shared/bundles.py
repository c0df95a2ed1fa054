"""Streamlit's own scripts, styles and fonts, which a browser fetches once: 65 files and 5 MB before its first page.

Streamlit reads each from the disk again for every browser, in threads that wait for the pages' threads (the GIL), and
sends it as it is. Here they come from memory, and, once somebody has had them compressed, in a third of the bytes.
"""

import functools
import gzip
import mimetypes
from pathlib import Path

import streamlit

FOLDER = Path(streamlit.__file__).parent / "static" / "static"
TEXTS = (".js", ".css", ".json", ".svg")

_gzipped: dict[str, bytes] = {}


@functools.cache
def content(name: str) -> bytes | None:
    """A file's bytes; None for a name that is none of a file of Streamlit's."""
    return _paths()[name].read_bytes() if name in _paths() else None


@functools.cache
def kind(name: str) -> str:
    """A file's media type."""
    return "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0] or "application/octet-stream"


def gzipped(name: str) -> bytes | None:
    """A file's bytes, compressed; None where that was not done, or is of no use."""
    return _gzipped.get(name)


def compress() -> None:
    """Compresses all texts, two seconds' work that is not to be done while somebody waits for the first page."""
    for name in _paths():
        if name.endswith(TEXTS):
            _gzipped[name] = gzip.compress(_paths()[name].read_bytes(), 6, mtime=0)


@functools.cache
def _paths() -> dict[str, Path]:
    return {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.is_file()}
