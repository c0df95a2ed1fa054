"""The two layers of a store: the runs of this machine, over the read-only ones that come with the project."""

import functools
import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as arrays_from_bytes

from vae.runs.files import Files, SpoiledFile
from vae.texts import on_one_line

DAMAGED = "damaged"  # the folder for runs that were set aside
POSTERIORS = "posteriors"  # the folder for gaps
CLASSES = "classes"  # the folder for what classes say (pages/classroom/classes.py)
DELETED = "deleted"  # the folder for runs that nobody wants any more
DROPPED = "dropped"  # the folder that says which runs made way for others
DATASETS = "datasets"  # the folder for own pictures
COLLECTED = "collected"  # the folder for drawings of which own pictures are made (pages/classroom/drawings.py)
NO_RUNS = {DAMAGED, POSTERIORS, CLASSES, DELETED, DROPPED, DATASETS, COLLECTED}
WISH = 10_000  # bytes of what is wanted of a run, at most


class DamagedRun(RuntimeError):
    """A run whose files do not match their checksums; the message names the run and the file."""

    def __init__(self, run_id: str, name: str, what: str):
        super().__init__(on_one_line(f"run {run_id} is damaged: {name}: {what}"))
        self.run_id = run_id


class Layers:
    """Whole files of both layers, by run; a run is read from the upper one where it is there."""

    def __init__(self, url: str, pretrained: str | Path, upper: Files | None = None):
        """upper: what there is of a store that cannot be written."""
        self.url = url
        self.upper, self.lower = upper or Files(url), Files(str(pretrained))
        if upper is None:
            self.upper.make_root()

    def run_ids(self) -> list[str]:
        """Every run of both layers, in the order of their names."""
        return sorted({*self.upper.folders(), *self.lower.folders()} - NO_RUNS)

    def path(self, run_id: str) -> str:
        """Where the run's folder is."""
        return self._layer(run_id).address(run_id)

    def size(self, run_id: str) -> int:
        """How many bytes the files of a run have."""
        return self._layer(run_id).size(run_id)

    def _layer(self, run_id: str) -> Files:
        return self.lower if run_id in self._pretrained and not self.upper.exists(run_id) else self.upper

    @functools.cached_property
    def _pretrained(self) -> set[str]:
        """The runs of the lower layer, which does not change: to ask a distant store for each would take its time."""
        return set(self.lower.folders())

    def _json(self, path: str) -> dict:
        """A wish, a small file of the upper layer; empty where there is none, or nothing to be read in it."""
        try:
            content = json.loads(self.upper.read(path, WISH))
        except (FileNotFoundError, SpoiledFile, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    def _read(self, run_id: str, name: str, most: int | None = None) -> bytes:
        """A file of a run; raises FileNotFoundError, and DamagedRun for what cannot be read."""
        try:
            return self._layer(run_id).read(f"{run_id}/{name}", most)
        except SpoiledFile as error:
            raise DamagedRun(run_id, name, str(error)) from error

    def _read_named(self, run_id: str, name: str, sha256: str, most: int | None = None) -> tuple[str, bytes]:
        """The name and the content of a file with its checksum in its name, or, of an older run, with the plain name.

        Raises DamagedRun where it is missing or has another checksum.
        """
        for named in (with_checksum(name, sha256), name):
            try:
                content = self._read(run_id, named, most)
            except FileNotFoundError:
                continue
            if sha256_of(content) != sha256:
                raise DamagedRun(run_id, named, "its checksum is wrong")
            return named, content
        raise DamagedRun(run_id, name, "it is missing")

    def _read_arrays(self, run_id: str, name: str, sha256: str) -> dict[str, np.ndarray]:
        named, content = self._read_named(run_id, name, sha256)
        try:
            return arrays_from_bytes(content)
        except (SafetensorError, KeyError) as error:  # a kind of numbers that numpy has not
            raise DamagedRun(run_id, named, str(error)) from error


def with_checksum(name: str, sha256: str) -> str:
    """A file's name with a part of its content's checksum: what two writers have of the same step lies side by side."""
    stem, end = name.rsplit(".", 1)
    return f"{stem}-{sha256[:16]}.{end}"


def sha256_of(content: bytes) -> str:
    """The checksum that is kept beside a file."""
    return hashlib.sha256(content).hexdigest()
