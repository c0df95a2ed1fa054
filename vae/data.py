"""The images as tensors: MNIST from the bundled files, its two cousins where torchvision can download them."""

import functools
import tempfile
import urllib.request
from pathlib import Path
from typing import NamedTuple

import platformdirs
import torch

try:
    import torchvision  # noqa: F401
except RuntimeError:
    # A CPU build of torch beside the registry's CUDA build of torchvision: its compiled operators do not load, and the
    # import stops at the two that it expects to exist. Declared, they are never called; datasets needs neither.
    for _operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{_operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from torchvision import datasets
from torchvision.datasets.utils import check_integrity, extract_archive

BUNDLED = Path(__file__).resolve().parent.parent / "assets" / "mnist"
CACHE = Path(platformdirs.user_cache_dir("ae-vae-lab")) / "datasets"
PIXELS = 28 * 28
TEST_CODES = 2_000  # the first test images, whose codes are followed while a run trains


class DatasetError(RuntimeError):
    """Images that cannot be had, or are damaged; the message names the file or the set and the way out."""


class Images(NamedTuple):
    """One half of a dataset: images (n, 784) float32 in [0, 1], labels (n,) int64."""

    images: torch.Tensor
    labels: torch.Tensor


class BundledMNIST(datasets.MNIST):
    """torchvision's MNIST, read from assets/mnist; raises DatasetError for a file that is missing or damaged."""

    resources = [
        ("train-images-idx3-ubyte.gz", "c7dfcf1bfd3481a40f7b3aedbdbd083c"),
        ("train-labels-idx1-ubyte.gz", "d289298a347a2cc65765a3c81043ba88"),
        ("t10k-images-idx3-ubyte.gz", "ecff87aa27c74fbc2c1f97e89c19221d"),
        ("t10k-labels-idx1-ubyte.gz", "a38049bc042dc6e683842a84160daae1"),
    ]

    def download(self) -> None:
        """Unpacks the bundled files, each after a look at its checksum."""
        Path(self.raw_folder).mkdir(parents=True, exist_ok=True)
        for name, md5 in self.resources:
            archive = BUNDLED / name
            if not check_integrity(archive, md5):
                state = "damaged (its checksum is wrong)" if archive.exists() else "missing"
                raise DatasetError(f"assets/mnist/{name} is {state}: restore it with `git checkout assets/mnist`")
            extract_archive(str(archive), self.raw_folder)


DOWNLOADABLE = {"fashion-mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}


@functools.lru_cache(maxsize=4)
def load(dataset: str, split: str) -> Images:
    """The "train" or "test" images of a dataset, read once a process and shared by all who ask.

    Raises DatasetError, naming the file, when one is missing or damaged, and when the set is not on this machine.
    """
    if dataset == "mnist":
        # Unpacked anew each time: half a second, and no unpacked copy that could go stale or be damaged.
        with tempfile.TemporaryDirectory() as folder:
            return _as_tensors(BundledMNIST(folder, train=split == "train", download=True))
    if not is_available(dataset):
        raise DatasetError(f"{dataset} is not on this machine yet: download it first, or choose mnist")
    return _as_tensors(_open_downloaded(dataset, split))


def is_known(dataset: str) -> bool:
    """Whether there is such a dataset, and it is on this machine."""
    return (dataset == "mnist" or dataset in DOWNLOADABLE) and is_available(dataset)


def is_available(dataset: str) -> bool:
    """Whether a dataset can be loaded without a download."""
    if dataset == "mnist":
        return True
    if dataset not in _seen_whole:
        folder = CACHE / DOWNLOADABLE[dataset].__name__ / "raw"
        if all(check_integrity(folder / name, md5) for name, md5 in DOWNLOADABLE[dataset].resources):
            _seen_whole.add(dataset)
    return dataset in _seen_whole


_seen_whole: set[str] = set()  # datasets of which every file was read and found whole, which takes a while


def download(dataset: str, timeout: float = 5.0) -> None:
    """Fetches a dataset into the user's cache; raises DatasetError when no mirror answers within `timeout` seconds."""
    if is_available(dataset):
        return
    kind = DOWNLOADABLE[dataset]
    mirrors = [mirror for mirror in kind.mirrors if _answers(mirror + kind.resources[0][0], timeout)]
    if not mirrors:
        raise DatasetError(f"{dataset} could not be downloaded: no connection to its mirrors. mnist needs no download.")
    try:
        _open_downloaded(dataset, "train", download=True)
    except (RuntimeError, OSError) as error:
        raise DatasetError(f"{dataset} could not be downloaded ({error}). mnist needs no download.") from error


def one_per_class(labels: torch.Tensor) -> torch.Tensor:
    """The index of the first image of each class, in the order of the classes: (10,)."""
    return torch.stack([(labels == digit).nonzero()[0, 0] for digit in range(10)])


def entropy_floor(images: torch.Tensor) -> float:
    """The least Bernoulli reconstruction loss these grey pixels allow: their own entropy, nats an image.

    The cross-entropy -x log p - (1 - x) log(1 - p) is smallest at p = x, where it is the entropy of x.
    """
    return float(-(torch.xlogy(images, images) + torch.xlogy(1 - images, 1 - images)).sum(1).mean())


def _open_downloaded(dataset: str, split: str, download: bool = False):
    return DOWNLOADABLE[dataset](str(CACHE), train=split == "train", download=download)


def _as_tensors(dataset: datasets.MNIST) -> Images:
    return Images(dataset.data.reshape(-1, PIXELS).float().div_(255), dataset.targets)


def _answers(url: str, timeout: float) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=timeout):
            return True
    except OSError:
        return False
