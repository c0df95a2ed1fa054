"""Writing a run's life: what is wanted of it, and what its worker has of it so far."""

import json
import uuid
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save as arrays_to_bytes

from vae.config import RECIPE, RunConfig
from vae.runs.files import SpoiledFile
from vae.runs.layers import DamagedRun, sha256_of, with_checksum
from vae.runs.lease import Lease, take
from vae.runs.reader import CHECKPOINT, PICTURES, Reader
from vae.runs.states import ENDED, SETTLED

if TYPE_CHECKING:
    from torch import Tensor

FLOAT16_MOST = 65_504
WRITTEN = 2.0  # seconds: of what is unfinished at a run's end for longer, the writer is dead, for it had the lease


class Writer(Reader):
    """What whoever asks for runs, and their workers, do to a store."""

    def create(self, config: RunConfig) -> None:
        """Asks for a run: changes nothing for one that is complete; a paused, stopped or failed one goes on."""
        run_id = config.run_id
        status = self.status(run_id)
        if status.state in SETTLED:
            return
        self._set_run(run_id)  # first, so that nobody sees a run that goes on but is wanted to stop
        if status.state in ENDED:
            self.upper.delete(f"{run_id}/metrics.json")
        content = {"recipe": RECIPE, **config.to_dict()}
        self.upper.write(f"{run_id}/config.json", json.dumps(content, indent=2).encode())

    def _set_run(self, run_id: str) -> None:
        try:
            self.set_control(run_id, "run")
        except SpoiledFile as error:
            raise DamagedRun(run_id, "control.json", str(error)) from error

    def take(self, run_id: str) -> Lease | None:
        """The right to write a run that is not at its end; None where somebody else has it."""
        self.upper.sweep(run_id)
        return take(self.upper, run_id, lambda: self.status(run_id).is_active)

    def withdraw(self, run_id: str) -> bool:
        """Takes back that a run was asked for which nobody has begun; False for one that somebody is at."""
        if self.status(run_id).state != "queued" or not (lease := self.take(run_id)):
            return False
        with lease:
            if is_untouched := self.status(run_id).state == "queued":
                self.upper.delete(run_id)
        return is_untouched

    def set_control(self, run_id: str, want: str) -> None:
        """Asks a run to run, pause or stop; its worker looks at every logged step."""
        self.upper.write(f"{run_id}/control.json", json.dumps({"want": want, "request": uuid.uuid4().hex}).encode())

    def confirm_pause(self, run_id: str) -> None:
        """Says, for the run's worker, that it has done what is wanted and leaves the run: only now it is paused."""
        request = self._json(f"{run_id}/control.json").get("request")
        self.upper.write(f"{run_id}/paused.json", json.dumps({"request": request}).encode())

    def write_history(self, run_id: str, history: list[dict]) -> None:
        """Puts the loss curves so far in place."""
        self.upper.write(f"{run_id}/history.jsonl", _history_bytes(history))

    def write_snapshot(self, run_id: str, step: int, pictures: dict[str, "Tensor"]) -> str:
        """Keeps a step's pictures; returns the checksum that its history line must carry as "pictures"."""
        packed = {
            name: (array * 255).round().astype(np.uint8)
            if name in PICTURES
            else array.clip(-FLOAT16_MOST, FLOAT16_MOST).astype(np.float16)
            for name, array in _arrays(pictures).items()
        }
        return self._write_arrays(run_id, f"snapshots/{step}.safetensors", packed)

    def write_checkpoint(self, run_id: str, state: dict[str, "Tensor"], history: list[dict]) -> None:
        """Keeps the state from which a killed run goes on, with the curves up to it, in place of those before."""
        step, curves = int(state["step"]), np.frombuffer(_history_bytes(history), dtype=np.uint8)
        content = arrays_to_bytes(_arrays(state) | {"history": curves})
        name = f"{step}-{sha256_of(content)}.safetensors"
        found = map(CHECKPOINT.fullmatch, self.upper.files(f"{run_id}/checkpoint"))
        older = [match[0] for match in found if match and int(match[1]) <= step and match[0] != name]
        self.upper.write(f"{run_id}/checkpoint/{name}", content)
        for file in older:
            self.upper.delete(f"{run_id}/checkpoint/{file}")

    def finish(
        self, config: RunConfig, status: str, history: list[dict], model: "dict[str, Tensor] | None", **metrics
    ) -> None:
        """Ends a run: history, then the model, then metrics.json with the checksums of both.

        An end that is there already stays, whoever wrote it.
        """
        run_id, curves = config.run_id, _history_bytes(history)
        self.upper.write(f"{run_id}/{with_checksum('history.jsonl', sha256_of(curves))}", curves)
        sha256 = None if model is None else self._write_arrays(run_id, "model.safetensors", _arrays(model))
        last = history[-1] if history else {"step": 0, "seconds": 0.0}
        summary = {
            "status": status,
            "seconds": last["seconds"],
            "steps": last["step"],
            **metrics,
            "model_sha256": sha256,
            "history_sha256": sha256_of(curves),
        }
        is_first = self.upper.create(f"{run_id}/metrics.json", _signed(summary))
        if is_first and status == "complete":
            self.upper.delete(f"{run_id}/checkpoint")
            self.upper.delete(f"{run_id}/history.jsonl")
        self.upper.sweep(run_id, WRITTEN)  # the last time that anybody looks here

    def write_test(self, run_id: str, test: dict) -> None:
        """Puts other figures on the test images in place of an ended run's; all else of its end stays."""
        self.upper.write(f"{run_id}/metrics.json", _signed({**self.metrics(run_id), "test": test}))

    def _write_arrays(self, run_id: str, name: str, arrays: dict[str, np.ndarray]) -> str:
        content = arrays_to_bytes(arrays)
        sha256 = sha256_of(content)
        self.upper.write(f"{run_id}/{with_checksum(name, sha256)}", content)
        return sha256


def _signed(summary: dict) -> bytes:
    """What metrics.json holds: a run's end, with the checksum of itself."""
    return json.dumps({**summary, "sha256": sha256_of(json.dumps(summary).encode())}, indent=2).encode()


def _history_bytes(history: list[dict]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in history).encode()


def _arrays(tensors: dict[str, "Tensor"]) -> dict[str, np.ndarray]:
    return {name: np.asarray(tensor.detach().cpu(), order="C") for name, tensor in tensors.items()}
