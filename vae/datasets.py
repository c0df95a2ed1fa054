"""Which datasets there are, and what their files hold.

MNIST is bundled, its two cousins torchvision can download, and own pictures come from a store (runs/shelf.py).

It imports no torch: the first page begins with these images.
"""

import functools
import gzip
import hashlib
import os
import shutil
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vae.places import cache_folder
from vae.sizes import is_own, size_of
from vae.texts import on_one_line

BUNDLED = Path(__file__).resolve().parent.parent / "assets" / "mnist"
MD5 = {
    "train-images-idx3-ubyte.gz": "c7dfcf1bfd3481a40f7b3aedbdbd083c",
    "train-labels-idx1-ubyte.gz": "d289298a347a2cc65765a3c81043ba88",
    "t10k-images-idx3-ubyte.gz": "ecff87aa27c74fbc2c1f97e89c19221d",
    "t10k-labels-idx1-ubyte.gz": "a38049bc042dc6e683842a84160daae1",
}
PREFIX = {"train": "train", "test": "t10k"}
DOWNLOADABLE = ("fashion-mnist", "kmnist")  # downloads.py knows how
CACHE = cache_folder() / "datasets"
OWN_FOLDER = "own"  # in it: a folder for each set of own pictures, which all processes map
SHARED = "train-images-idx3-ubyte"  # by all processes of a machine: by far the largest
SHARED_MD5 = "6bbc9ace898e44ae57da46a324031adb"  # unpacked
PIXELS = 28 * 28


class DatasetError(RuntimeError):
    """Images that cannot be had, or are damaged; the message names the file or the set and the way out."""


class Arrays(NamedTuple):
    """One half of a dataset: grey levels (n, 784) uint8 from 0 to 255, labels (n,) int64."""

    levels: np.ndarray
    labels: np.ndarray


@functools.lru_cache(maxsize=6)
def read(dataset: str, split: str) -> Arrays:
    """The "train" or "test" half of a dataset, read once a process; nobody may write to it.

    MNIST's training images are in the memory once for all processes of a machine. Raises DatasetError, naming the file,
    when one is missing or damaged, and when the set is not on this machine.
    """
    if dataset == "mnist":
        return _bundled(split)
    if is_own(dataset):
        return _own(dataset, split)
    if not is_available(dataset):
        raise DatasetError(f"{dataset} is not on this machine yet: download it first, or choose mnist")
    half = _downloads().read(dataset, CACHE, split)
    return Arrays(half.data.reshape(-1, PIXELS).numpy(), half.targets.numpy())


def is_known(dataset: str) -> bool:
    """Whether there is such a dataset, and it is on this machine."""
    return (dataset == "mnist" or dataset in DOWNLOADABLE or is_own(dataset)) and is_available(dataset)


def is_available(dataset: str) -> bool:
    """Whether a dataset can be loaded without a download."""
    if dataset == "mnist":
        return True
    if is_own(dataset):
        return _own_folder(dataset).is_dir()
    if dataset not in _seen_whole and _downloads().is_here(dataset, CACHE):
        _seen_whole.add(dataset)
    return dataset in _seen_whole


_seen_whole: set[str] = set()  # datasets of which every file was read and found whole, which takes a while


def download(dataset: str, timeout: float = 5.0) -> None:
    """Fetches a dataset into the user's cache; raises DatasetError when no mirror answers within `timeout` seconds."""
    if is_available(dataset):
        return
    if is_own(dataset):
        raise DatasetError(f"{dataset} is not in this store: `python -m vae data list` shows which own pictures are")
    kind = _downloads().KINDS[dataset]
    mirrors = [mirror for mirror in kind.mirrors if _answers(mirror + kind.resources[0][0], timeout)]
    if not mirrors:
        raise DatasetError(f"{dataset} could not be downloaded: no connection to its mirrors. {_without(kind)}")
    try:
        _downloads().read(dataset, CACHE, "train", download=True)
    except (RuntimeError, OSError) as error:
        said = on_one_line(f"{dataset} could not be downloaded ({error})")
        raise DatasetError(f"{said}. {_without(kind)}") from error


def _without(kind) -> str:
    """The ways out where a dataset cannot be downloaded; kind: torchvision's class of it."""
    files = " ".join(name for name, _ in kind.resources)
    return (
        "mnist needs no download. Who has its files can add them as own pictures: "
        f"`python -m vae data add {files} --name {kind.__name__}`"
    )


def keep_own(dataset: str, train: Arrays, test: Arrays) -> None:
    """Puts own pictures where `read` finds them; raises OSError where there is no room."""
    folder = _own_folder(dataset)
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}-{time.time_ns()}.unfinished")
    try:
        unfinished.mkdir(parents=True)
        for split, half in (("train", train), ("test", test)):
            for part, numbers in half._asdict().items():
                (unfinished / f"{split}-{part}").write_bytes(np.ascontiguousarray(numbers, np.uint8))
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():  # else somebody else was first, with the same pictures
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def forget_own(dataset: str) -> None:
    """Removes own pictures from this machine."""
    shutil.rmtree(_own_folder(dataset), ignore_errors=True)


def _own(dataset: str, split: str) -> Arrays:
    folder, count = _own_folder(dataset), getattr(size_of(dataset), split)
    try:
        levels, labels = (np.memmap(folder / f"{split}-{part}", np.uint8, mode="c") for part in Arrays._fields)
        return Arrays(levels.reshape(count, PIXELS), labels.reshape(count).astype(np.int64))
    except FileNotFoundError:
        raise DatasetError(f"the pictures of {dataset} are not on this machine: RunStore.bring brings them") from None
    except (OSError, ValueError) as error:
        raise DatasetError(f"the pictures of {dataset} are damaged: remove the folder {folder}") from error


def _own_folder(dataset: str) -> Path:
    return CACHE / OWN_FOLDER / dataset


def _bundled(split: str) -> Arrays:
    """MNIST from assets/mnist, after a look at all checksums."""
    for name, md5 in MD5.items():
        if not (file := BUNDLED / name).exists():
            raise DatasetError(f"assets/mnist/{name} is missing: restore it with `git checkout assets/mnist`")
        if _md5(file.read_bytes()).hexdigest() != md5:
            raise DatasetError(
                f"assets/mnist/{name} is damaged (its checksum is wrong): restore it with `git checkout assets/mnist`"
            )
    images = _numbers(f"{PREFIX[split]}-images-idx3-ubyte", header=16).reshape(-1, PIXELS)
    return Arrays(images, _numbers(f"{PREFIX[split]}-labels-idx1-ubyte", header=8).astype(np.int64))


def _numbers(name: str, header: int) -> np.ndarray:
    """The bytes of a file of the IDX format after those that say what it holds (yann.lecun.com/exdb/mnist)."""
    if name == SHARED and (file := share()):
        return np.memmap(file, np.uint8, mode="c")[header:]
    return np.frombuffer(bytearray(gzip.decompress(_packed(name).read_bytes())), np.uint8)[header:]


def share() -> Path | None:
    """The file of the training images, unpacked, which all processes map; it is made where it is missing or damaged.

    Whoever starts workers calls this first: they then map one and the same file. None where it cannot be kept.
    """
    file = CACHE / "MNIST" / SHARED
    try:
        if not _is_whole(file):
            _unpack(_packed(SHARED), file)
    except OSError:  # a disk that is full or cannot be written: each process then unpacks them for itself
        return None
    return file


def _is_whole(file: Path) -> bool:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, _md5).hexdigest() == SHARED_MD5
    except FileNotFoundError:
        return False


def _unpack(packed: Path, file: Path) -> None:
    """Puts what a file holds in place, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    try:
        with gzip.open(packed) as content, unfinished.open("wb") as whole:
            shutil.copyfileobj(content, whole)
        os.replace(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)


def _packed(name: str) -> Path:
    return BUNDLED / f"{name}.gz"


_md5 = functools.partial(hashlib.md5, usedforsecurity=False)


def _downloads():
    from vae import downloads  # torchvision takes seconds to import, and MNIST does not need it

    return downloads


def _answers(url: str, timeout: float) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=timeout):
            return True
    except OSError:
        return False
