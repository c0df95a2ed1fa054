"""The two layers of a store: the runs of this machine, over the read-only ones that come with the project."""

import hashlib
import json
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as tensors_from_bytes
from torch import Tensor

from vae.runs.files import Files
from vae.texts import on_one_line

DAMAGED = "damaged"  # the folder for runs that were set aside
POSTERIORS = "posteriors"  # the folder for gaps


class DamagedRun(RuntimeError):
    """A run whose files do not match their checksums; the message names the run and the file."""

    def __init__(self, run_id: str, name: str, what: str):
        super().__init__(on_one_line(f"run {run_id} is damaged: {name}: {what}"))
        self.run_id = run_id


class Layers:
    """Whole files of both layers, by run; a run is read from the upper one where it is there."""

    def __init__(self, url: str, pretrained: str | Path):
        self.url = url
        self.upper, self.lower = Files(url), Files(str(pretrained))
        self.upper.make_root()

    def run_ids(self) -> list[str]:
        """Every run of both layers, in the order of their names."""
        return sorted({*self.upper.folders(), *self.lower.folders()} - {DAMAGED, POSTERIORS})

    def path(self, run_id: str) -> str:
        """Where the run's folder is."""
        return self._layer(run_id).address(run_id)

    def _layer(self, run_id: str) -> Files:
        return self.lower if not self.upper.exists(run_id) and self.lower.exists(run_id) else self.upper

    def _json(self, path: str) -> dict:
        """A small file of the upper layer; empty where there is none, or nothing to be read in it."""
        try:
            content = json.loads(self.upper.read(path))
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _read_tensors(self, run_id: str, name: str, sha256: str) -> dict[str, Tensor]:
        try:
            content = self._layer(run_id).read(f"{run_id}/{name}")
            if sha256_of(content) != sha256:
                raise DamagedRun(run_id, name, "its checksum is wrong")
            return tensors_from_bytes(content)
        except FileNotFoundError:
            raise DamagedRun(run_id, name, "it is missing") from None
        except SafetensorError as error:
            raise DamagedRun(run_id, name, str(error)) from error


def sha256_of(content: bytes) -> str:
    """The checksum that is kept beside a file."""
    return hashlib.sha256(content).hexdigest()
