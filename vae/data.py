"""The images as tensors: MNIST from the bundled files, its two cousins where torchvision can download them."""

import functools
import gzip
import hashlib
import urllib.request
from pathlib import Path
from typing import NamedTuple

import platformdirs
import torch

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
CACHE = Path(platformdirs.user_cache_dir("ae-vae-lab")) / "datasets"
PIXELS = 28 * 28
TEST_CODES = 2_000  # the first test images, whose codes are followed while a run trains


class DatasetError(RuntimeError):
    """Images that cannot be had, or are damaged; the message names the file or the set and the way out."""


class Images(NamedTuple):
    """One half of a dataset: images (n, 784) float32 in [0, 1], labels (n,) int64."""

    images: torch.Tensor
    labels: torch.Tensor


@functools.lru_cache(maxsize=4)
def load(dataset: str, split: str) -> Images:
    """The "train" or "test" images of a dataset, read once a process and shared by all who ask.

    Raises DatasetError, naming the file, when one is missing or damaged, and when the set is not on this machine.
    """
    if dataset == "mnist":
        return _bundled(split)
    if not is_available(dataset):
        raise DatasetError(f"{dataset} is not on this machine yet: download it first, or choose mnist")
    half = _downloads().read(dataset, CACHE, split)
    return _as_tensors(half.data, half.targets)


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


def _bundled(split: str) -> Images:
    """MNIST from assets/mnist, after a look at all checksums."""
    for name, md5 in MD5.items():
        if not (file := BUNDLED / name).exists():
            raise DatasetError(f"assets/mnist/{name} is missing: restore it with `git checkout assets/mnist`")
        if hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest() != md5:
            raise DatasetError(
                f"assets/mnist/{name} is damaged (its checksum is wrong): restore it with `git checkout assets/mnist`"
            )
    images = _numbers(f"{PREFIX[split]}-images-idx3-ubyte.gz", header=16)
    return _as_tensors(images, _numbers(f"{PREFIX[split]}-labels-idx1-ubyte.gz", header=8).long())


def _numbers(name: str, header: int) -> torch.Tensor:
    """The bytes of a file of the IDX format after those that say what it holds (yann.lecun.com/exdb/mnist)."""
    return torch.frombuffer(bytearray(gzip.decompress((BUNDLED / name).read_bytes())), dtype=torch.uint8)[header:]


def _as_tensors(images: torch.Tensor, labels: torch.Tensor) -> Images:
    return Images(images.reshape(-1, PIXELS).float().div_(255), labels)


def _downloads():
    from vae import downloads  # torchvision takes seconds to import, and MNIST does not need it

    return downloads


def _answers(url: str, timeout: float) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=timeout):
            return True
    except OSError:
        return False
