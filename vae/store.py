"""RunStore: one folder a run, on any fsspec URL. A worker only adds to it; a page only reads it.

Whole files only, each written under another name first and then put in place. metrics.json, written last, holds the
checksums of model.safetensors and history.jsonl; each history line with pictures holds that of its snapshot; a
checkpoint's is part of its name. So whatever is half-written or damaged is noticed before it is used.

Beside the runs' folders is one with a file a model: what its q(z|x) loses against the exact posterior.
"""

import contextlib
import hashlib
import json
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import torch
from safetensors import SafetensorError
from safetensors.torch import load as tensors_from_bytes
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor, nn

from vae.config import RECIPE, RunConfig
from vae.files import Files
from vae.models import build_model

PRETRAINED = Path(__file__).resolve().parent.parent / "assets" / "pretrained"
PICTURES = ("reconstructions", "samples")  # pixels in [0, 1], kept as whole grey levels; codes are kept as float16
FLOAT16_MOST = 65_504
DAMAGED = "damaged"  # the folder for runs that were set aside
POSTERIORS = "posteriors"  # the folder for gaps
MOMENT = 1.0  # seconds

_aside: dict[tuple[str, str], tuple[float, str]] = {}  # (store, run) -> when and where it was set aside
_aside_lock = threading.Lock()


class DamagedRun(RuntimeError):
    """A run whose files do not match their checksums; the message names the run and the file."""

    def __init__(self, run_id: str, name: str, what: str):
        super().__init__(f"run {run_id} is damaged: {name}: {what}")
        self.run_id = run_id


class StoreError(RuntimeError):
    """The store itself cannot be used; the message names its address and the reason."""


@dataclass(frozen=True)
class RunStatus:
    """Where a run is.

    state: absent, queued, running, pausing, stopping, paused, stopped, complete, diverged or failed.
    """

    state: str
    step: int = 0
    total_steps: int = 0
    seconds: float = 0.0
    message: str = ""

    @property
    def is_active(self) -> bool:
        """Whether more is to come without anybody's doing."""
        return self.state in ("queued", "running", "pausing", "stopping")

    @property
    def has_model(self) -> bool:
        """Whether the run has ended with a model to look at."""
        return self.state in ("complete", "stopped", "diverged")

    @property
    def seconds_left(self) -> float | None:
        """Training seconds still to come at the pace so far; None before there is a pace to go by."""
        has_pace = self.step > 0.05 * self.total_steps  # the first steps are slow: everything is touched once
        return self.seconds * (self.total_steps - self.step) / self.step if has_pace else None


def default_store_url() -> str:
    """VAE_STORE, or a folder in the user's cache."""
    return os.environ.get("VAE_STORE") or str(Path(platformdirs.user_cache_dir("ae-vae-lab")) / "runs")


class RunStore:
    """The runs under one fsspec URL, over the read-only runs that come with the project."""

    def __init__(self, url: str | None = None, pretrained: str | Path = PRETRAINED):
        self.url = url or default_store_url()
        try:
            self.upper = Files(self.url)
            self.upper.make_root()
        except (OSError, ValueError, ImportError) as error:
            raise StoreError(
                f"the store {self.url} cannot be used: {error}. VAE_STORE or --store names another."
            ) from error
        self.lower = Files(str(pretrained))

    # --- reading ---

    def run_ids(self) -> list[str]:
        """Every run of both layers, in the order of their names."""
        return sorted({*self.upper.folders(), *self.lower.folders()} - {DAMAGED, POSTERIORS})

    def config(self, run_id: str) -> RunConfig:
        """What was asked; raises DamagedRun when the file does not say what the run's name says.

        Raises KeyError for a run that is not there, or was made by another recipe and means nothing to this one.
        """
        try:
            values = json.loads(self._layer(run_id).read(f"{run_id}/config.json"))
            if values.pop("recipe", None) != RECIPE:
                raise KeyError(run_id)
            config = RunConfig.from_dict(values)
        except FileNotFoundError:
            if self._layer(run_id).exists(run_id):
                raise DamagedRun(run_id, "config.json", "it is missing") from None
            raise KeyError(run_id) from None
        except (ValueError, TypeError, AttributeError) as error:
            raise DamagedRun(run_id, "config.json", str(error)) from error
        if config.run_id != run_id:
            raise DamagedRun(run_id, "config.json", "it belongs to another run")
        return config

    def status(self, run_id: str) -> RunStatus:
        """Where the run is, from its files alone."""
        if not self._layer(run_id).exists(f"{run_id}/config.json"):
            return RunStatus("absent")
        total_steps = self.config(run_id).total_steps
        metrics = self.metrics(run_id)
        if metrics is not None:
            return RunStatus(
                metrics["status"], metrics["steps"], total_steps, metrics["seconds"], metrics.get("message", "")
            )
        if self._layer(run_id) is self.lower:
            raise DamagedRun(run_id, "metrics.json", "it is missing")
        history = self.history(run_id)
        step, seconds = (history[-1]["step"], history[-1]["seconds"]) if history else (0, 0.0)
        waiting = "running" if history else "queued"
        control = self._json(f"{run_id}/control.json")
        has_paused = self._json(f"{run_id}/paused.json").get("request") == control.get("request")
        pause = "paused" if has_paused else "pausing"
        state = {"pause": pause, "stop": "stopping"}.get(control.get("want"), waiting)
        return RunStatus(state, step, total_steps, seconds)

    def metrics(self, run_id: str) -> dict | None:
        """What metrics.json says of a run that has ended; None while it has not."""
        try:
            metrics = json.loads(self._layer(run_id).read(f"{run_id}/metrics.json"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise DamagedRun(run_id, "metrics.json", "it is no JSON") from error
        if not isinstance(metrics, dict) or metrics.pop("sha256", None) != _sha256(json.dumps(metrics).encode()):
            raise DamagedRun(run_id, "metrics.json", "its checksum is wrong")
        return metrics

    def history(self, run_id: str) -> list[dict]:
        """The loss curves so far, a dict a logged step, in the order of the steps."""
        metrics = self.metrics(run_id)
        try:
            content = self._layer(run_id).read(f"{run_id}/history.jsonl")
        except FileNotFoundError:
            if metrics is None:
                return []
            raise DamagedRun(run_id, "history.jsonl", "it is missing") from None
        if metrics is not None and metrics["history_sha256"] != _sha256(content) and metrics == self.metrics(run_id):
            raise DamagedRun(run_id, "history.jsonl", "its checksum is wrong")
        try:
            return [json.loads(line) for line in content.splitlines()]
        except ValueError as error:
            raise DamagedRun(run_id, "history.jsonl", "a line is no JSON") from error

    def snapshot(self, run_id: str, line: dict) -> dict[str, Tensor]:
        """The pictures that belong to a history line with "pictures", as float32; raises DamagedRun."""
        name = f"snapshots/{line['step']}.safetensors"
        tensors = self._read_tensors(run_id, name, line["pictures"])
        return {key: t.float() / 255 if key in PICTURES else t.float() for key, t in tensors.items()}

    def model(self, run_id: str) -> nn.Module:
        """The network of a run that has ended, ready for use; raises KeyError without one, DamagedRun for a bad one."""
        metrics = self.metrics(run_id)
        if metrics is None or not metrics.get("model_sha256"):
            raise KeyError(run_id)
        model = build_model(self.config(run_id))
        model.load_state_dict(self._read_tensors(run_id, "model.safetensors", metrics["model_sha256"]))
        return model.eval().requires_grad_(False)

    def verify(self, run_id: str) -> None:
        """Reads the run's files against their checksums; raises DamagedRun at the first that does not match."""
        self.config(run_id)
        metrics, history = self.metrics(run_id), self.history(run_id)
        if metrics is None:
            return
        if metrics["model_sha256"]:
            self._read_tensors(run_id, "model.safetensors", metrics["model_sha256"])
        for line in history:
            if "pictures" in line:
                self.snapshot(run_id, line)

    def path(self, run_id: str) -> str:
        """Where the run's folder is."""
        return self._layer(run_id).address(run_id)

    # --- a run's life ---

    def create(self, config: RunConfig) -> None:
        """Asks for a run: changes nothing for one that is complete; a paused, stopped or failed one goes on."""
        run_id = config.run_id
        status = self.status(run_id)
        if status.state in ("complete", "diverged"):
            return
        self.set_control(run_id, "run")  # first, so that nobody sees a run that goes on but is wanted to stop
        if status.state in ("stopped", "failed"):
            self.upper.delete(f"{run_id}/metrics.json")
        content = {"recipe": RECIPE, **config.to_dict()}
        self.upper.write(f"{run_id}/config.json", json.dumps(content, indent=2).encode())

    def control(self, run_id: str) -> str:
        """What is wanted of the run: run, pause or stop."""
        return self._json(f"{run_id}/control.json").get("want", "run")

    def set_control(self, run_id: str, want: str) -> None:
        """Asks a run to run, pause or stop; its worker looks at every logged step."""
        self.upper.write(f"{run_id}/control.json", json.dumps({"want": want, "request": uuid.uuid4().hex}).encode())

    def confirm_pause(self, run_id: str) -> None:
        """Says, for the run's worker, that it has done what is wanted and leaves the run: only now it is paused."""
        request = self._json(f"{run_id}/control.json").get("request")
        self.upper.write(f"{run_id}/paused.json", json.dumps({"request": request}).encode())

    def _json(self, path: str) -> dict:
        """A small file of the upper layer; empty where there is none, or nothing to be read in it."""
        try:
            content = json.loads(self.upper.read(path))
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def write_history(self, run_id: str, history: list[dict]) -> None:
        """Puts the loss curves so far in place."""
        self.upper.write(f"{run_id}/history.jsonl", _history_bytes(history))

    def write_snapshot(self, run_id: str, step: int, pictures: dict[str, Tensor]) -> str:
        """Keeps a step's pictures; returns the checksum that its history line must carry as "pictures"."""
        packed = {
            name: (tensor * 255).round().to(torch.uint8)
            if name in PICTURES
            else tensor.clamp(-FLOAT16_MOST, FLOAT16_MOST).half()
            for name, tensor in pictures.items()
        }
        return self._write_tensors(f"{run_id}/snapshots/{step}.safetensors", packed)

    def write_checkpoint(self, run_id: str, state: dict[str, Tensor]) -> None:
        """Keeps the state from which a killed run goes on, in place of the one before."""
        older = self.upper.files(f"{run_id}/checkpoint")
        content = tensors_to_bytes(_on_cpu(state))
        name = f"{int(state['step'])}-{_sha256(content)}.safetensors"
        self.upper.write(f"{run_id}/checkpoint/{name}", content)
        for file in older:
            if file != name:
                self.upper.delete(f"{run_id}/checkpoint/{file}")

    def checkpoint(self, run_id: str) -> dict[str, Tensor] | None:
        """The latest checkpoint, or None; raises DamagedRun."""
        files = self.upper.files(f"{run_id}/checkpoint")
        if not files:
            return None
        name = max(files, key=lambda file: int(file.split("-")[0]))
        return self._read_tensors(run_id, f"checkpoint/{name}", name.split("-")[1].removesuffix(".safetensors"))

    def finish(
        self, config: RunConfig, status: str, history: list[dict], model: dict[str, Tensor] | None, **metrics
    ) -> None:
        """Ends a run: history, then the model, then metrics.json with the checksums of both."""
        run_id = config.run_id
        self.write_history(run_id, history)
        sha256 = None if model is None else self._write_tensors(f"{run_id}/model.safetensors", model)
        last = history[-1] if history else {"step": 0, "seconds": 0.0}
        summary = {
            "status": status,
            "seconds": last["seconds"],
            "steps": last["step"],
            **metrics,
            "model_sha256": sha256,
            "history_sha256": _sha256(_history_bytes(history)),
        }
        summary["sha256"] = _sha256(json.dumps(summary).encode())  # its own
        self.upper.write(f"{run_id}/metrics.json", json.dumps(summary, indent=2).encode())
        if status == "complete":
            self.upper.delete(f"{run_id}/checkpoint")

    def set_aside(self, run_id: str, reason: str) -> str:
        """Moves a damaged run out of the way, the reason beside it, and returns where it now is.

        Who comes upon it while another moves it sees half of it: within a moment, that is the same damage.
        """
        with _aside_lock:
            at, place = _aside.get((self.url, run_id), (0.0, ""))
            if time.monotonic() - at < MOMENT:
                return self.upper.address(place)
            place = f"{DAMAGED}/{run_id}-{time.time_ns()}"
            if self.upper.exists(run_id):
                self.upper.move(run_id, place)
            self.upper.write(f"{place}/reason.txt", reason.encode())
            if self.lower.exists(run_id):
                self.set_control(run_id, "run")  # a pretrained run stays where it is, covered by the one to come
            _aside[self.url, run_id] = time.monotonic(), place
            return self.upper.address(place)

    def damage_reports(self, run_id: str) -> list[str]:
        """Why and where earlier copies of a run were set aside."""
        places = [f"{DAMAGED}/{name}" for name in self.upper.folders(DAMAGED) if name.startswith(f"{run_id}-")]
        return [self.upper.read(f"{place}/reason.txt").decode() for place in places]

    # --- what a model's q loses against the exact posterior ---

    def gap(self, run_id: str, model_sha256: str) -> dict[str, list[float]]:
        """The bounds of vae.gap.Gap by name, a number for each of the first test images that was measured so far.

        Of both layers the one that knows more; a damaged file knows nothing.
        """
        found = [self._gap_in(layer, run_id, model_sha256) for layer in (self.upper, self.lower)]
        return max(found, key=lambda bounds: len(bounds.get("encoder", ())))

    def _gap_in(self, layer: Files, run_id: str, model_sha256: str) -> dict[str, list[float]]:
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
            content = json.loads(layer.read(f"{_gap_path(run_id, model_sha256)}.json"))
            if content["sha256"] == _gap_sha256(model_sha256, content["bounds"]):
                return content["bounds"]
        return {}

    def write_gap(self, run_id: str, model_sha256: str, bounds: dict[str, list[float]]) -> None:
        """Puts the bounds so far in place."""
        content = {"bounds": bounds, "sha256": _gap_sha256(model_sha256, bounds)}
        self.upper.write(f"{_gap_path(run_id, model_sha256)}.json", json.dumps(content).encode())

    def gap_control(self, run_id: str, model_sha256: str) -> dict[str, str]:
        """What is wanted of the measuring: {"want": "measure" or "stop", "message": why}; empty if nobody asked."""
        return self._json(f"{_gap_path(run_id, model_sha256)}.control.json")

    def set_gap_control(self, run_id: str, model_sha256: str, want: str, message: str = "") -> None:
        """Has a worker measure or stop; its worker looks after every few images."""
        content = json.dumps({"want": want, "message": message}).encode()
        self.upper.write(f"{_gap_path(run_id, model_sha256)}.control.json", content)

    # --- inside ---

    def _layer(self, run_id: str) -> "Files":
        return self.lower if not self.upper.exists(run_id) and self.lower.exists(run_id) else self.upper

    def _read_tensors(self, run_id: str, name: str, sha256: str) -> dict[str, Tensor]:
        try:
            content = self._layer(run_id).read(f"{run_id}/{name}")
            if _sha256(content) != sha256:
                raise DamagedRun(run_id, name, "its checksum is wrong")
            return tensors_from_bytes(content)
        except FileNotFoundError:
            raise DamagedRun(run_id, name, "it is missing") from None
        except SafetensorError as error:
            raise DamagedRun(run_id, name, str(error)) from error

    def _write_tensors(self, path: str, tensors: dict[str, Tensor]) -> str:
        content = tensors_to_bytes(_on_cpu(tensors))
        self.upper.write(path, content)
        return _sha256(content)


def _history_bytes(history: list[dict]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in history).encode()


def _gap_path(run_id: str, model_sha256: str) -> str:
    return f"{POSTERIORS}/{run_id}-{model_sha256[:12]}"


def _gap_sha256(model_sha256: str, bounds: dict[str, list[float]]) -> str:
    """Of the model too, so that no other model's bounds are taken for this one's."""
    return _sha256(model_sha256.encode() + json.dumps(bounds).encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _on_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
