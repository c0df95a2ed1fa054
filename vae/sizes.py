"""How many images and classes a dataset has, by its name alone: that of own pictures says it, and their checksum."""

import re
from typing import NamedTuple


class Size(NamedTuple):
    """Of a dataset: the images of both halves, and the classes, 0 for images without labels."""

    train: int
    test: int
    classes: int


BUILT_IN = {name: Size(60_000, 10_000, 10) for name in ("mnist", "fashion-mnist", "kmnist")}
OWN = re.compile(r"own-(?P<sha256>[0-9a-f]{12})-([1-9]\d{1,5})-([1-9]\d{0,4})-(0|[1-9]\d?|100)", re.ASCII)
EXAMPLE = "own-0123456789ab-1000-200-26"


def size_of(dataset: str) -> Size:
    """The size of a dataset; raises KeyError for a name that is none."""
    if dataset in BUILT_IN:
        return BUILT_IN[dataset]
    if found := OWN.fullmatch(dataset):
        return Size(*map(int, found.groups()[1:]))
    raise KeyError(dataset)


def is_own(dataset: str) -> bool:
    """Whether a name is that of somebody's own pictures."""
    return OWN.fullmatch(dataset) is not None


def own_name(sha256: str, size: Size) -> str:
    """The name of own pictures: the beginning of their checksum, and their size; raises ValueError for no such size."""
    name = f"own-{sha256[:12]}-{size.train}-{size.test}-{size.classes}"
    if not is_own(name):
        raise ValueError(f"{size} is the size of no own pictures")
    return name
