"""From files, or from drawings, to a dataset: `read` and `of_drawings`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from vae.own_data.arrays import of_npy, of_npz
from vae.own_data.checks import MOST_BYTES, OwnDataError, check_count, some
from vae.own_data.folders import read_files, read_folder, read_zip
from vae.own_data.idx import is_idx, of_idx
from vae.own_data.images import ENDINGS
from vae.own_data.labels import number, plain
from vae.own_data.levels import check_levels, check_not_blank, to_levels
from vae.own_data.packed import beginning, zip_file
from vae.own_data.pictures import Found, Half, Heap, Pictures
from vae.own_data.sizes import PIXELS, SIDE
from vae.own_data.split import split
from vae.own_data.stacks import read_arrays
from vae.own_data.turns import turn_light, turn_over

ALLOWED = "allowed are .npz and .npy arrays, idx files, csv, and a zip or a folder of pictures"
DRAWINGS = "drawings"
_TEXT = frozenset(range(32, 256)) | frozenset(b"\t\r\n")


def read(
    files: Sequence[Path],
    *,
    transpose: bool | None = None,
    invert: bool | None = None,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Pictures:
    """The dataset of one or more files that belong together, or of a folder.

    Files are told by what they hold; their names tell training from test and pictures from labels, and "emnist" that
    rows and columns have to be swapped. transpose and invert: True or False as somebody wants it, None as the pictures
    look. on_progress is given the share that is read, from 0 to 1. Raises OwnDataError for what cannot be taken.
    """
    files = [Path(file) for file in files]
    _check(files)
    found = _found(files, on_progress)
    check_count(files[0].name, sum(len(heap.levels) for heap in found.heaps))
    is_emnist = any("emnist" in file.name.lower() for file in files)
    offers = ("transpose", "invert") if found.may_lie or is_emnist else ("invert",)
    turned = turn_over(found.heaps, is_emnist and found.may_lie, transpose), turn_light(found.heaps, invert)
    return _halves(found.heaps, [*found.done, *filter(None, turned)], offers)


def of_drawings(levels: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> Pictures:
    """The dataset of a class's drawings: levels (n, 784) or (n, 28, 28), white (255) on black (0), labels (n,) int.

    names: of the classes, by label; those that nobody drew are left out. Raises OwnDataError as `read` does.
    """
    levels, labels = np.asarray(levels), np.asarray(labels)
    check_count(DRAWINGS, len(levels))
    if levels.shape[1:] not in ((PIXELS,), (SIDE, SIDE)) or labels.shape != levels.shape[:1]:
        what = f"levels of the shape {levels.shape} with labels of {labels.shape}"
        raise OwnDataError(DRAWINGS, f"{what}; allowed are (n, {PIXELS}) or (n, {SIDE}, {SIDE}) with (n,)")
    if labels.dtype.kind not in "iu" or not ((labels >= 0) & (labels < len(names))).all():
        what = f"labels from {labels.min()} to {labels.max()}"
        raise OwnDataError(DRAWINGS, f"{what}; allowed are whole numbers from 0 to {len(names) - 1}")
    check_levels(levels, DRAWINGS, 0)
    levels = to_levels(levels, ends_at_one=False).reshape(-1, PIXELS)
    return _halves([Heap(DRAWINGS, "", levels, plain(np.array(list(names))[labels], DRAWINGS))], [], ())


def _check(files: list[Path]) -> None:
    if not files:
        raise OwnDataError("files", f"none is given; {ALLOWED}")
    for file in files:
        if not file.exists():
            raise OwnDataError(file.name, "there is no such file")
        if file.is_file() and (size := file.stat().st_size) > MOST_BYTES:
            raise OwnDataError(file.name, f"{size:,} bytes, but at most {MOST_BYTES:,} are allowed")


def _found(files: list[Path], on_progress: Callable[[float], None]) -> Found:
    """Reads files by their kind, which has to be one for all."""
    kinds = [_kind(file) for file in files]
    place = ", ".join(file.name for file in files)
    if len(set(kinds)) > 1:
        raise OwnDataError(place, f"files of several kinds ({', '.join(kinds)}); allowed are files of one kind")
    if len(files) > 1 and kinds[0] in ("npz", "zip", "folder"):
        raise OwnDataError(place, f"several of the kind {kinds[0]}; allowed is one")
    match kinds[0]:
        case "npy":
            return read_arrays(place, [of_npy(file) for file in files], on_progress)
        case "npz":
            return read_arrays(place, of_npz(files[0]), on_progress)
        case "idx":
            return read_arrays(place, [of_idx(file) for file in files], on_progress)
        case "csv":
            from vae.own_data.tables import read_tables  # with pyarrow, 34 MB that nothing else here needs

            return read_tables(files, on_progress)
        case "zip":
            return read_zip(files[0], on_progress)
        case "folder":
            return read_folder(files[0], on_progress)
    return read_files(files, on_progress)


def _kind(file: Path) -> str:
    """The kind of a file, by its first bytes once gzip is unpacked."""
    if file.is_dir():
        return "folder"
    if file.suffix.lower() in ENDINGS:
        return "picture"
    first = beginning(file, 8)
    if first.startswith(b"\x93NUMPY"):
        return "npy"
    if is_idx(first):
        return "idx"
    if first.startswith((b"PK\3\4", b"PK\5\6")):
        with zip_file(file) as whole:
            names = whole.namelist()
        return "npz" if names and all(name.endswith(".npy") for name in names) else "zip"
    if first.startswith(b"\x80"):
        raise OwnDataError(file.name, f"it seems to be a pickle, and nothing is unpickled; {ALLOWED}")
    if not first.strip() or not all(byte in _TEXT for byte in first):
        raise OwnDataError(file.name, f"no file of a kind that is known; {ALLOWED}")
    return "csv"


def _halves(heaps: list[Heap], done: list[str], offers: tuple[str, ...]) -> Pictures:
    place = heaps[0].name
    check_not_blank([heap.levels for heap in heaps], place)
    numbers, names = number(heaps)
    is_test = np.repeat([heap.half == "test" for heap in heaps], [len(heap.levels) for heap in heaps])
    numbers = np.concatenate(numbers)
    train, test, rule = split(numbers, is_test, place)
    levels = heaps[0].levels if len(heaps) == 1 else np.concatenate([heap.levels for heap in heaps])
    classes = f"{len(names)} classes: {some(names, 20)}." if names else "No labels."
    halves = (Half(levels[half], numbers[half]) for half in (train, test))
    return Pictures(*halves, names, (*done, classes, rule), offers)
