"""Own pictures for tests: some of MNIST's training digits under other names, as a file and as they are read."""

from pathlib import Path

import numpy as np

from vae import datasets
from vae.own_data import Pictures, read

NAMES = ("ant", "bee", "cow")


def write_npz(folder: Path, count: int = 240, names: tuple[str, ...] = NAMES) -> Path:
    """A file of the first digits below len(names), each class called by its name; without names nothing is labelled."""
    train = datasets.read("mnist", "train")
    some = np.flatnonzero(train.labels < (len(names) or 10))[:count]
    labels = {"labels": np.array(names)[train.labels[some]]} if names else {}
    np.savez(folder / "animals.npz", images=train.levels[some].reshape(-1, 28, 28), **labels)
    return folder / "animals.npz"


def animals(folder: Path, count: int = 240, names: tuple[str, ...] = NAMES) -> Pictures:
    """What such a file holds."""
    return read([write_npz(folder, count, names)])
