"""What a model's q(z|x) loses against the exact posterior: a file a model, beside the runs' folders."""

import contextlib
import functools
import json

from vae.runs.contents import GAP, bounds_in
from vae.runs.files import Files, SpoiledFile
from vae.runs.layers import POSTERIORS, Layers, sha256_of
from vae.runs.lease import Lease, take

ENDINGS = {"test": "", "train": "-train"}  # of a file's name, by the split of which it has the first images
SPLITS = tuple(ENDINGS)  # in the order in which they are measured


class Gaps(Layers):
    """The bounds that were measured of a model, and what is wanted of the measuring."""

    def gap(self, run_id: str, model_sha256: str, split: str = "test") -> dict[str, list[float]]:
        """The bounds of measures.gap.Gap by name, a number for each of a split's first images that was measured so far.

        Of both layers the one that knows more; a damaged file knows nothing. Not to be written to.
        """
        found = [self._gap_in(layer, run_id, model_sha256, split) for layer in (self.upper, self.lower)]
        return max(found, key=lambda bounds: len(bounds.get("encoder", ())))

    def _gap_in(self, layer: Files, run_id: str, model_sha256: str, split: str) -> dict[str, list[float]]:
        with contextlib.suppress(FileNotFoundError, SpoiledFile, ValueError):
            content = layer.read(f"{_gap_path(run_id, model_sha256)}{ENDINGS[split]}.json", GAP)
            return _bounds_of(model_sha256 + ENDINGS[split], content)
        return {}

    def take_gap(self, run_id: str, model_sha256: str) -> Lease | None:
        """The right to measure a model; None where somebody else is at it."""
        return take(self.upper, _gap_path(run_id, model_sha256))

    def gap_count(self, run_id: str, model_sha256: str) -> int:
        """How many images of both splits have been measured so far."""
        return sum(len(self.gap(run_id, model_sha256, split).get("encoder", ())) for split in SPLITS)

    def write_gap(self, run_id: str, model_sha256: str, bounds: dict[str, list[float]], split: str = "test") -> None:
        """Puts the bounds so far in place."""
        content = {"bounds": bounds, "sha256": _gap_sha256(model_sha256 + ENDINGS[split], bounds)}
        self.upper.write(f"{_gap_path(run_id, model_sha256)}{ENDINGS[split]}.json", json.dumps(content).encode())

    def gap_control(self, run_id: str, model_sha256: str) -> dict[str, str]:
        """What is wanted of the measuring: {"want": "measure" or "stop", "message": why}; empty if nobody asked."""
        return self._json(f"{_gap_path(run_id, model_sha256)}.control.json")

    def set_gap_control(self, run_id: str, model_sha256: str, want: str, message: str = "") -> None:
        """Has a worker measure or stop; its worker looks after every few images."""
        content = json.dumps({"want": want, "message": message}).encode()
        self.upper.write(f"{_gap_path(run_id, model_sha256)}.control.json", content)


@functools.lru_cache(maxsize=100)
def _bounds_of(subject: str, content: bytes) -> dict[str, list[float]]:
    """What a file of bounds says of a model and a split; nothing where its checksum is wrong."""
    said = bounds_in(content)
    return said["bounds"] if said.get("sha256") == _gap_sha256(subject, said["bounds"]) else {}


def _gap_path(run_id: str, model_sha256: str) -> str:
    return f"{POSTERIORS}/{run_id}-{model_sha256[:12]}"


def _gap_sha256(subject: str, bounds: dict[str, list[float]]) -> str:
    """Of the model and the split too, so that no other's bounds are taken for these."""
    return sha256_of(subject.encode() + json.dumps(bounds).encode())
