"""The images of a dataset as tensors (vae/datasets.py reads them)."""

import functools
from typing import NamedTuple

import torch

from vae.config import ConfigError
from vae.datasets import read

SHOWN = 10  # test images of which every snapshot has the reconstructions
TEST_CODES = 2_000  # the first test images, whose codes are followed while a run trains


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

    Raises what datasets.read does.
    """
    half = _tensors(dataset, split)
    return Images(pixels(half.levels), half.labels)


@functools.lru_cache(maxsize=2)
def levels(dataset: str, split: str) -> Levels:
    """What `load` has, in a quarter of the memory, for a training, which takes a batch at a time: see `pixels`.

    MNIST's training images are in the memory once for all processes of a machine. Nobody may write to them.
    """
    return _tensors(dataset, split)


def pixels(levels: torch.Tensor) -> torch.Tensor:
    """Grey levels (uint8) as numbers in [0, 1]; numbers are left as they are."""
    return levels if levels.is_floating_point() else levels.float().div_(255)


@functools.lru_cache(maxsize=2)
def training(dataset: str, count: int, classes: tuple[int, ...] = ()) -> Levels:
    """What a run is trained on: of the first `count` training images those of some classes, or of all. As `levels`.

    Raises ConfigError where there are none of those classes.
    """
    first = Levels(*(part[:count] for part in levels(dataset, "train")))
    if not classes:
        return first
    chosen = torch.isin(first.labels, torch.tensor(classes))
    if not chosen.any():
        raise ConfigError("classes", classes, f"labels of which there are some among the first {count:,} images")
    return Levels(first.levels[chosen], first.labels[chosen])


@functools.lru_cache(maxsize=4)
def mean_image(dataset: str, count: int, classes: tuple[int, ...] = ()) -> torch.Tensor:
    """The mean of what a run is trained on, (784,), to the last bit that of `load`'s.

    Without all of them as numbers at a time: torch adds up 64 columns, or a part of that, as it does all.
    """
    return torch.cat([pixels(some).mean(0) for some in training(dataset, count, classes).levels.split(64, 1)])


def one_per_class(labels: torch.Tensor) -> torch.Tensor:
    """The index of the first image of each class, in the order of the classes, of the first ten of them: (10,).

    Of fewer classes the same again, from each the next image; of images without labels, which are of one class, the
    first ten.
    """
    classes = labels.unique()[:SHOWN]
    own = [(labels == label).nonzero()[:SHOWN, 0] for label in classes]
    found = [some[nth] for nth in range(SHOWN) for some in own if nth < len(some)]
    return torch.stack(found[:SHOWN])


def entropy_floor(images: torch.Tensor) -> float:
    """The least Bernoulli reconstruction loss these grey pixels allow: their own entropy, nats an image.

    The cross-entropy -x log p - (1 - x) log(1 - p) is smallest at p = x, where it is the entropy of x.
    """
    return float(-(torch.xlogy(images, images) + torch.xlogy(1 - images, 1 - images)).sum(1).mean())


def _tensors(dataset: str, split: str) -> Levels:
    return Levels(*map(torch.from_numpy, read(dataset, split)))
