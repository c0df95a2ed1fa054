"""Pictures, and files of each kind that hold them, written as others write them."""

import csv
import gzip
import io
import struct
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from vae.own_data import Pictures


def scribbles(count: int, seed: int = 0, classes: int = 3, shape: tuple[int, ...] = (28, 28)):
    """Bright noise in the middle of black pictures (count, *shape) uint8, each another one, and labels (count,)."""
    random = np.random.default_rng(seed)
    pictures = np.zeros((count, *shape), np.uint8)
    inside = (slice(None), slice(2, shape[0] - 2), slice(2, shape[1] - 2))
    pictures[inside] = random.integers(0, 256, pictures[inside].shape)
    return pictures, np.arange(count) % classes


def content(dataset: Pictures) -> Counter:
    """All pictures with the names of their classes, in no order."""
    names = dataset.names or ("",)
    return Counter((row.tobytes(), names[label]) for half in dataset[:2] for row, label in zip(*half))


def holds(dataset: Pictures, pictures: np.ndarray, labels=None) -> bool:
    """Whether a dataset has these pictures (n, 28, 28) uint8, with these labels, and no others."""
    names = [""] * len(pictures) if labels is None else map(str, labels)
    return content(dataset) == Counter(zip((picture.tobytes() for picture in pictures), names))


def write_npz(file: Path, compressed: bool = False, **arrays) -> Path:
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file


def write_npy(file: Path, array: np.ndarray) -> Path:
    np.save(file, array)
    return file


IDX = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def write_idx(file: Path, array: np.ndarray) -> Path:
    """An idx file, packed where its name ends in .gz."""
    head = struct.pack(f">HBB{array.ndim}I", 0, IDX[array.dtype.str[1:]], array.ndim, *array.shape)
    data = head + array.astype(array.dtype.newbyteorder(">")).tobytes()
    file.write_bytes(gzip.compress(data, 1) if file.suffix == ".gz" else data)
    return file


def write_csv(file: Path, lines, header=(), delimiter: str = ",") -> Path:
    text = io.StringIO()
    table = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    table.writerows([header] if header else [])
    table.writerows(lines)
    data = text.getvalue().encode()
    file.write_bytes(gzip.compress(data, 1) if file.suffix == ".gz" else data)
    return file


def picture_file(picture: np.ndarray, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def write_zip(file: Path, entries: dict[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(file, "w", packing) as whole:
        for name, data in entries.items():
            whole.writestr(name, data)
    return file


def write_folder(folder: Path, entries: dict[str, bytes]) -> Path:
    for name, data in entries.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def in_folders(pictures: np.ndarray, labels, top: str = "") -> dict[str, bytes]:
    """Paths and png files: a folder a class."""
    return {f"{top}{label}/{number}.png": picture_file(p) for number, (p, label) in enumerate(zip(pictures, labels))}
