"""The datasets that torchvision can fetch and read. Its import takes seconds: only for what MNIST does not need."""

from pathlib import Path

import torch

try:
    import torchvision  # noqa: F401
except RuntimeError:
    # A CPU build of torch beside the registry's CUDA build of torchvision: its compiled operators do not load, and the
    # import stops at the two that it expects to exist. Declared, they are never called; datasets needs neither.
    for _operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{_operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from torchvision import datasets
from torchvision.datasets.utils import check_integrity

KINDS = {"fashion-mnist": datasets.FashionMNIST, "kmnist": datasets.KMNIST}


def is_here(dataset: str, folder: Path) -> bool:
    """Whether every file of a dataset is in a folder of downloads, and whole."""
    kind = KINDS[dataset]
    return all(check_integrity(folder / kind.__name__ / "raw" / name, md5) for name, md5 in kind.resources)


def read(dataset: str, folder: Path, split: str, download: bool = False) -> datasets.MNIST:
    """The "train" or "test" half of a dataset; raises RuntimeError or OSError where it cannot be had."""
    return KINDS[dataset](str(folder), train=split == "train", download=download)
