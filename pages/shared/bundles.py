"""Streamlit's own scripts, styles and fonts, which a browser fetches once: 65 files and 5 MB before its first page.

Streamlit reads each from the disk again for every browser, in threads that wait for the pages' threads (the GIL), and
sends it as it is. Here they come from memory, and, once the server has come to rest, in a third of the bytes.
"""

import functools
import gzip
from pathlib import Path

import streamlit

FOLDER = Path(streamlit.__file__).parent / "static" / "static"
KINDS = {  # media types, by the ends of names
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}
TEXTS = (".js", ".css", ".json", ".svg")

_read: dict[str, bytes] = {}
_gzipped: dict[str, bytes] = {}


def content(name: str) -> bytes | None:
    """A file's bytes; None for a name that is none of a file of Streamlit's, of which nothing is kept."""
    if name in _paths() and name not in _read:
        _read[name] = _paths()[name].read_bytes()
    return _read.get(name)


def kind(name: str) -> str:
    """A file's media type."""
    return KINDS.get(Path(name).suffix, "application/octet-stream")


def gzipped(name: str) -> bytes | None:
    """A file's bytes, compressed; None where that was not done, or is of no use."""
    return _gzipped.get(name)


def compress() -> None:
    """Compresses all texts, a second's work that is not to be done while somebody waits for the first page."""
    for name, path in _paths().items():
        if name.endswith(TEXTS):
            _gzipped[name] = gzip.compress(path.read_bytes(), 6, mtime=0)


@functools.cache
def _paths() -> dict[str, Path]:
    return {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.is_file()}
