"""The images as tensors: MNIST from the bundled files, its two cousins where torchvision can download them."""

import functools
import gzip
import hashlib
import os
import shutil
import urllib.request
from pathlib import Path
from typing import NamedTuple

import torch

from vae.places import cache_folder
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
SHARED = "train-images-idx3-ubyte"  # by all processes of a machine: by far the largest
SHARED_MD5 = "6bbc9ace898e44ae57da46a324031adb"  # unpacked
PIXELS = 28 * 28
TEST_CODES = 2_000  # the first test images, whose codes are followed while a run trains


class DatasetError(RuntimeError):
    """Images that cannot be had, or are damaged; the message names the file or the set and the way out."""


class Images(NamedTuple):
    """One half of a dataset: images (n, 784) float32 in [0, 1], labels (n,) int64."""

    images: torch.Tensor
    labels: torch.Tensor


class Levels(NamedTuple):
    """One half of a dataset as its files have it: grey levels (n, 784) uint8 from 0 to 255, labels (n,) int64."""

    levels: torch.Tensor
    labels: torch.Tensor


@functools.lru_cache(maxsize=4)
def load(dataset: str, split: str) -> Images:
    """The "train" or "test" images of a dataset, read once a process and shared by all who ask.

    Raises DatasetError, naming the file, when one is missing or damaged, and when the set is not on this machine.
    """
    half = _read(dataset, split)
    return Images(pixels(half.levels), half.labels)


@functools.lru_cache(maxsize=2)
def levels(dataset: str, split: str) -> Levels:
    """What `load` has, in a quarter of the memory, for a training, which takes a batch at a time: see `pixels`.

    MNIST's training images are in the memory once for all processes of a machine. Nobody may write to them.
    """
    return _read(dataset, split)


def pixels(levels: torch.Tensor) -> torch.Tensor:
    """Grey levels (uint8) as numbers in [0, 1]; numbers are left as they are."""
    return levels if levels.is_floating_point() else levels.float().div_(255)


@functools.lru_cache(maxsize=4)
def mean_image(dataset: str, count: int) -> torch.Tensor:
    """The mean of the first training images, (784,), to the last bit that of `load`'s.

    Without all of them as numbers at a time: torch adds up 64 columns, or a part of that, as it does all.
    """
    return torch.cat([pixels(some).mean(0) for some in levels(dataset, "train").levels[:count].split(64, 1)])


def is_known(dataset: str) -> bool:
    """Whether there is such a dataset, and it is on this machine."""
    return (dataset == "mnist" or dataset in DOWNLOADABLE) and is_available(dataset)


def is_available(dataset: str) -> bool:
    """Whether a dataset can be loaded without a download."""
    if dataset == "mnist":
        return True
    if dataset not in _seen_whole and _downloads().is_here(dataset, CACHE):
        _seen_whole.add(dataset)
    return dataset in _seen_whole


_seen_whole: set[str] = set()  # datasets of which every file was read and found whole, which takes a while


def download(dataset: str, timeout: float = 5.0) -> None:
    """Fetches a dataset into the user's cache; raises DatasetError when no mirror answers within `timeout` seconds."""
    if is_available(dataset):
        return
    kind = _downloads().KINDS[dataset]
    mirrors = [mirror for mirror in kind.mirrors if _answers(mirror + kind.resources[0][0], timeout)]
    if not mirrors:
        raise DatasetError(f"{dataset} could not be downloaded: no connection to its mirrors. mnist needs no download.")
    try:
        _downloads().read(dataset, CACHE, "train", download=True)
    except (RuntimeError, OSError) as error:
        said = on_one_line(f"{dataset} could not be downloaded ({error})")
        raise DatasetError(f"{said}. mnist needs no download.") from error


def one_per_class(labels: torch.Tensor) -> torch.Tensor:
    """The index of the first image of each class, in the order of the classes: (10,)."""
    return torch.stack([(labels == digit).nonzero()[0, 0] for digit in range(10)])


def entropy_floor(images: torch.Tensor) -> float:
    """The least Bernoulli reconstruction loss these grey pixels allow: their own entropy, nats an image.

    The cross-entropy -x log p - (1 - x) log(1 - p) is smallest at p = x, where it is the entropy of x.
    """
    return float(-(torch.xlogy(images, images) + torch.xlogy(1 - images, 1 - images)).sum(1).mean())


def _read(dataset: str, split: str) -> Levels:
    if dataset == "mnist":
        return _bundled(split)
    if not is_available(dataset):
        raise DatasetError(f"{dataset} is not on this machine yet: download it first, or choose mnist")
    half = _downloads().read(dataset, CACHE, split)
    return Levels(half.data.reshape(-1, PIXELS), half.targets)


def _bundled(split: str) -> Levels:
    """MNIST from assets/mnist, after a look at all checksums."""
    for name, md5 in MD5.items():
        if not (file := BUNDLED / name).exists():
            raise DatasetError(f"assets/mnist/{name} is missing: restore it with `git checkout assets/mnist`")
        if _md5(file.read_bytes()).hexdigest() != md5:
            raise DatasetError(
                f"assets/mnist/{name} is damaged (its checksum is wrong): restore it with `git checkout assets/mnist`"
            )
    images = _numbers(f"{PREFIX[split]}-images-idx3-ubyte", header=16).reshape(-1, PIXELS)
    return Levels(images, _numbers(f"{PREFIX[split]}-labels-idx1-ubyte", header=8).long())


def _numbers(name: str, header: int) -> torch.Tensor:
    """The bytes of a file of the IDX format after those that say what it holds (yann.lecun.com/exdb/mnist)."""
    if name == SHARED and (file := share()):
        return torch.from_file(str(file), size=file.stat().st_size, dtype=torch.uint8)[header:]  # mapped
    return torch.frombuffer(bytearray(gzip.decompress(_packed(name).read_bytes())), dtype=torch.uint8)[header:]


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
