"""What is handed from hand to hand: heaps of pictures as files have them, and the dataset that is made of them."""

from typing import NamedTuple

import numpy as np


class Half(NamedTuple):
    """One half of a dataset: levels (n, 784) uint8, white (255) on black (0) as MNIST's; labels (n,) int64.

    All labels are 0 where there are none.
    """

    levels: np.ndarray
    labels: np.ndarray


class Pictures(NamedTuple):
    """A dataset, and how it came about.

    names: those of the classes, in the order of their labels; () where there are no labels. done: sentences that say
    what was done to size, grey, polarity, orientation, labels and split. offers: which of "transpose" and "invert"
    somebody may want otherwise.
    """

    train: Half
    test: Half
    names: tuple[str, ...]
    done: tuple[str, ...]
    offers: tuple[str, ...]


class Heap(NamedTuple):
    """Pictures that lie together in a file, as it has them but for their size and grey.

    levels (n, 784) uint8; labels (n,) int64 or text, or None; half is "train", "val", "test", or "" where the file does
    not say; name is what a message calls them.
    """

    name: str
    half: str
    levels: np.ndarray
    labels: np.ndarray | None


class Found(NamedTuple):
    """All heaps of what was read, the sentences that say what was done, and whether rows and columns may be swapped."""

    heaps: list[Heap]
    done: list[str]
    may_lie: bool
