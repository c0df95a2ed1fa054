"""Pictures in files of their own, in a folder or a zip file: a folder a class, perhaps in folders train and test."""

import math
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from zipfile import ZipFile, ZipInfo

import numpy as np

from vae.own_data.checks import OwnDataError, check_count, check_unpacked, readable, some
from vae.own_data.images import ENDINGS, read_image
from vae.own_data.labels import natural, plain
from vae.own_data.packed import MOST_ENTRIES, zip_file
from vae.own_data.pairing import half_of
from vae.own_data.pictures import Found, Heap
from vae.own_data.sizes import PIXELS, words_of_size

MOST_OF_A_PICTURE = 100_000_000  # bytes
MOST_RATIO = 200  # times that a picture may be larger than it is packed: most formats are packed already
MOST_PIXELS_IN_ALL = 40_000_000_000  # which take minutes
SMALL = 1_000_000  # bytes that may be packed as well as they can be
ALLOWED = "allowed are pictures in a folder for each class (perhaps in folders train and test), or all in one folder"


class Entry(NamedTuple):
    """A file: the folders that it is in and its name, its bytes, how many these are when packed, and how to read it."""

    parts: tuple[str, ...]
    size: int
    packed: int
    read: Callable[[], bytes]

    @property
    def is_picture(self) -> bool:
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in self.parts)
        return not hidden and self.parts[-1].lower().endswith(ENDINGS)

    def __str__(self) -> str:
        return "/".join(self.parts)


def read_zip(file: Path, on_progress: Callable[[float], None]) -> Found:
    """The pictures of a zip file."""
    with zip_file(file) as whole:
        infos = [info for info in whole.infolist() if not info.is_dir()]
        return _read(file.name, [_packed_entry(file.name, whole, info) for info in infos], on_progress)


def read_folder(folder: Path, on_progress: Callable[[float], None]) -> Found:
    """The pictures of a folder and of those in it; links are not followed."""
    return _read(folder.resolve().name, list(_entries(folder)), on_progress)


def read_files(files: list[Path], on_progress: Callable[[float], None]) -> Found:
    """Pictures that lie side by side."""
    return _read("pictures", [_entry(file, (file.name,)) for file in files], on_progress)


def _packed_entry(place: str, whole: ZipFile, info: ZipInfo) -> Entry:
    path = PurePosixPath(info.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts or ":" in path.parts[0]:
        raise OwnDataError(place, f"the path of {info.filename} leads out of the zip file; allowed are paths within it")
    return Entry(path.parts, info.file_size, info.compress_size, partial(_unpacked, whole, info))


def _unpacked(whole: ZipFile, info: ZipInfo) -> bytes:
    """What an entry holds, but no more than it says; zipfile's own `read` unpacks all before it counts."""
    with whole.open(info) as content:
        return content.read(info.file_size)


def _entries(folder: Path) -> Iterator[Entry]:
    for place, _, names in os.walk(folder):
        for file in (Path(place, name) for name in names):
            if file.is_file() and not file.is_symlink():
                yield _entry(file, file.relative_to(folder).parts)


def _entry(file: Path, parts: tuple[str, ...]) -> Entry:
    size = file.stat().st_size
    return Entry(parts, size, size, file.read_bytes)


def _read(place: str, entries: list[Entry], on_progress: Callable[[float], None]) -> Found:
    pictures, left = _checked(place, entries)
    arranged = _arranged(place, pictures)
    sizes, done, heaps, count, pixels = set(), set(), [], 0, 0
    for half, inside in arranged.items():
        levels = np.empty((len(inside), PIXELS), np.uint8)
        for row, (_, entry) in enumerate(inside):
            name = f"{place}: {entry}"
            with readable(name):
                data = entry.read()
            levels[row], size, more = read_image(data, name)
            sizes.add(size)
            pixels += math.prod(size)
            if pixels > MOST_PIXELS_IN_ALL:
                raise OwnDataError(place, f"more than {MOST_PIXELS_IN_ALL:,} pixels, which is the most allowed")
            done |= more
            count += 1
            on_progress(count / len(pictures))
        classes = [name for name, _ in inside]
        labels = plain(np.array(classes), place) if classes[0] else None
        heaps.append(Heap(place, half, levels, labels))
    return Found(heaps, list(filter(None, [words_of_size(sizes), *sorted(done), left])), may_lie=False)


def _checked(place: str, entries: list[Entry]) -> tuple[list[Entry], str]:
    """The pictures among some files, as one counts, and which files are left out, in words."""
    if len(entries) > MOST_ENTRIES:
        raise OwnDataError(place, f"{len(entries):,} files, but at most {MOST_ENTRIES:,} are allowed")
    pictures = [entry for entry in entries if entry.is_picture]
    others = [str(entry) for entry in entries if not entry.is_picture]
    names = some(others, 3)
    if not pictures:
        raise OwnDataError(place, f"no pictures ({', '.join(ENDINGS)}) but {names or 'nothing'}; {ALLOWED}")
    check_count(place, len(pictures))
    check_unpacked(place, sum(entry.size for entry in pictures))
    for entry in pictures:
        if entry.size > MOST_OF_A_PICTURE:
            what = f"{entry.size:,} bytes, but at most {MOST_OF_A_PICTURE:,} are allowed for a picture"
            raise OwnDataError(f"{place}: {entry}", what)
        if entry.size > max(SMALL, MOST_RATIO * entry.packed):
            what = f"{entry.packed:,} bytes unpack to {entry.size:,}; allowed are {MOST_RATIO} times as many"
            raise OwnDataError(f"{place}: {entry}", what)
    pictures.sort(key=lambda entry: [natural(part) for part in entry.parts])
    files = "1 file that is no picture" if len(others) == 1 else f"{len(others):,} files that are no pictures"
    return pictures, f"Left out: {files} ({names})." if others else ""


def _arranged(place: str, pictures: list[Entry]) -> dict[str, list[tuple[str, Entry]]]:
    """The name of the class, or "", and the entry of each picture, by half ("" where the folders do not say)."""
    paths = _without_top([entry.parts for entry in pictures])
    halves = [half_of(path[0]) if len(path) > 1 else "" for path in paths]
    if all(halves) and len(set(halves)) > 1:
        paths = [path[1:] for path in paths]
    else:
        halves = [""] * len(paths)
    arranged = {}
    for half, path, entry in zip(halves, paths, pictures):
        if len(path) != len(paths[0]) or len(path) > 2:
            what = f"{entry} and {pictures[0]} lie at different depths" if len(path) < 3 else f"{entry} lies too deep"
            raise OwnDataError(place, f"{what}; {ALLOWED}")
        arranged.setdefault(half, []).append((path[0] if len(path) == 2 else "", entry))
    return arranged


def _without_top(paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Paths without the folders that all are in."""
    while all(len(path) > 1 and path[0] == paths[0][0] for path in paths):
        paths = [path[1:] for path in paths]
    return paths
