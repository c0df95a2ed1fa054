"""Own pictures in a store: a folder a set, named by its checksum. Whoever adds the same file has the same set."""

import contextlib
import functools
import hashlib
import json
import time
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as arrays_from_bytes
from safetensors.numpy import save as arrays_to_bytes

from vae import datasets
from vae.datasets import Arrays, DatasetError
from vae.own_data.checks import OwnDataError
from vae.own_data.pictures import Pictures
from vae.runs.contents import CONFIG, config_in
from vae.runs.files import SpoiledFile
from vae.runs.layers import DATASETS, DELETED, DamagedRun
from vae.runs.trash import Trash
from vae.sizes import Size, is_own, own_name
from vae.texts import on_one_line, quoted

MOST_BYTES = 200_000_000  # of the pictures of a set: 200,000 and their labels are 157 MB
MOST_SETS, MOST_ROOM = 100, 2_000_000_000  # sets in a store, and bytes of all of them
FULL = "Remove one first, with `python -m vae data remove`"
ABOUT = 100_000  # bytes of what is said of a set, at most
LONGEST = 40  # letters of a title
HALVES = ("train", "test")


class About(NamedTuple):
    """What is said of a set of own pictures: title, the names of its classes, and what was done when it was read."""

    dataset: str
    title: str
    names: tuple[str, ...]
    done: tuple[str, ...]


class InUse(RuntimeError):
    """Own pictures that cannot be removed; the message says why, and the way out."""


class Shelf(Trash):
    """What is done with own pictures in a store."""

    def add_dataset(self, pictures: Pictures, title: str) -> str:
        """Keeps a set of pictures, and returns its name; what is there already stays, and keeps its title.

        Raises OwnDataError for a title that is empty or too long, and where the store has no room for the set.
        """
        title = on_one_line(title).strip()
        if not 1 <= len(title) <= LONGEST:
            raise OwnDataError("the name", f"{quoted(title)} is not allowed: 1 to {LONGEST} letters")
        dataset = name_of(pictures)
        if self.about(dataset) and self._is_whole(dataset):
            return dataset
        if len(self.upper.folders(DATASETS)) >= MOST_SETS:
            raise OwnDataError("the store", f"it has {MOST_SETS} sets of own pictures, and holds no more. {FULL}")
        content = arrays_to_bytes(_arrays(pictures))
        if self.upper.size(DATASETS) + len(content) > MOST_ROOM:
            raise OwnDataError("the store", f"it has room for {MOST_ROOM:,} bytes of own pictures, and no more. {FULL}")
        self.upper.write(f"{DATASETS}/{dataset}/pictures.safetensors", content)
        about = {"title": title, "names": pictures.names, "done": pictures.done, "added": time.time()}
        self.upper.write(f"{DATASETS}/{dataset}/about.json", json.dumps(about, indent=2).encode())  # last: it is whole
        return dataset

    def datasets(self) -> list[About]:
        """The sets of own pictures, in the order of their titles."""
        names = {*filter(is_own, self.upper.folders(DATASETS))}
        for name in names - set(self._known):
            if about := self.about(name):
                self._known[name] = about  # for good: what is said of a set never changes
        return sorted((self._known[name] for name in names & set(self._known)), key=lambda one: one.title.casefold())

    @functools.cached_property
    def _known(self) -> dict[str, About]:
        return {}

    def about(self, dataset: str) -> About | None:
        """What is said of own pictures; None where the store has none of this name."""
        try:
            said = json.loads(self.upper.read(f"{DATASETS}/{dataset}/about.json", ABOUT))
            return About(dataset, str(said["title"]), tuple(map(str, said["names"])), tuple(map(str, said["done"])))
        except (FileNotFoundError, SpoiledFile, ValueError, KeyError, TypeError, RecursionError):
            return None

    def bring(self, dataset: str) -> bool:
        """Has a dataset's images on this machine, if it is one of own pictures; False where the store has none such.

        Raises DatasetError where they are damaged, or there is no room for them.
        """
        if not is_own(dataset) or datasets.is_available(dataset):
            return True
        about = self.about(dataset)
        if about is None:
            return False
        try:
            datasets.keep_own(dataset, *self._pictures(about))
        except OSError as error:
            raise DatasetError(f"there is no room for the pictures of {dataset} here ({error.strerror})") from error
        return True

    def _pictures(self, about: About) -> tuple[Arrays, Arrays]:
        """Both halves; raises DatasetError where they are missing or damaged."""
        name = about.dataset
        try:
            content = self.upper.read(f"{DATASETS}/{name}/pictures.safetensors", MOST_BYTES)
            halves = _halves(arrays_from_bytes(content))
        except (FileNotFoundError, SpoiledFile, SafetensorError, KeyError, ValueError) as error:
            raise DatasetError(f"the pictures of {name} are damaged ({error}): add their file again") from error
        if name_of(Pictures(*halves, about.names, about.done, ())) != name:
            raise DatasetError(f"the pictures of {name} are damaged (their checksum is wrong): add their file again")
        return halves

    def _is_whole(self, dataset: str) -> bool:
        try:
            self._pictures(self.about(dataset))
        except DatasetError:
            return False
        return True

    def remove_dataset(self, dataset: str) -> None:
        """Removes own pictures; raises KeyError where there are none such, InUse where runs were trained on them."""
        if not is_own(dataset) or dataset not in self.upper.folders(DATASETS):
            raise KeyError(dataset)
        if used := self.trained_on(dataset):
            raise InUse(
                f"{dataset} is what was trained on by {', '.join(used[:3])}{' and others' * (len(used) > 3)}: delete "
                "what was trained first, with `python -m vae runs --delete`; a minute later it is gone for good"
            )
        self.upper.delete(f"{DATASETS}/{dataset}")
        datasets.forget_own(dataset)

    def trained_on(self, dataset: str) -> list[str]:
        """The runs of a dataset, those too that are deleted and can still be had back."""
        self.empty_trash()
        found = []
        for place in [*self.run_ids(), *(f"{DELETED}/{name}" for name in self.upper.folders(DELETED))]:
            with contextlib.suppress(KeyError, ValueError, AttributeError, FileNotFoundError, DamagedRun):
                if config_in(self._read(place, "config.json", CONFIG)).dataset == dataset:
                    found.append(place.rpartition("/")[2].partition(".")[0])
        return found


def name_of(pictures: Pictures) -> str:
    """What a set of pictures is called: by the checksum of its pictures, labels and names of classes, and its size."""
    checksum = hashlib.sha256(json.dumps(pictures.names).encode())
    for half in (pictures.train, pictures.test):
        checksum.update(np.ascontiguousarray(half.levels))
        checksum.update(np.ascontiguousarray(half.labels, dtype=np.uint8))
    size = Size(len(pictures.train.labels), len(pictures.test.labels), len(pictures.names))
    return own_name(checksum.hexdigest(), size)


def _arrays(pictures: Pictures) -> dict[str, np.ndarray]:
    return {
        f"{split}_{part}": np.ascontiguousarray(getattr(half, part), dtype=np.uint8)
        for split, half in zip(HALVES, (pictures.train, pictures.test))
        for part in Arrays._fields
    }


def _halves(arrays: dict[str, np.ndarray]) -> tuple[Arrays, Arrays]:
    first, second = (Arrays(arrays[f"{split}_levels"], arrays[f"{split}_labels"].astype(np.int64)) for split in HALVES)
    if any(half.levels.shape != (len(half.labels), datasets.PIXELS) for half in (first, second)):
        raise ValueError("they are of another shape")
    return first, second
