"""Reading runs: what was asked, where each is, what came of it. Whatever is damaged is noticed before it is used."""

import functools
import json

from torch import Tensor, nn

from vae.config import RECIPE, RunConfig
from vae.models import build_model
from vae.runs.layers import DamagedRun, Layers, sha256_of
from vae.runs.states import RunStatus

PICTURES = ("reconstructions", "samples")  # pixels in [0, 1], kept as whole grey levels; codes are kept as float16


class Reader(Layers):
    """What a page asks of a store."""

    def config(self, run_id: str) -> RunConfig:
        """What was asked; raises DamagedRun when the file does not say what the run's name says.

        Raises KeyError for a run that is not there, or was made by another recipe and means nothing to this one.
        """
        try:
            config = _config_in(self._layer(run_id).read(f"{run_id}/config.json"))
        except FileNotFoundError:
            if self._layer(run_id).exists(run_id):
                raise DamagedRun(run_id, "config.json", "it is missing") from None
            raise KeyError(run_id) from None
        except (ValueError, TypeError, AttributeError) as error:
            raise DamagedRun(run_id, "config.json", str(error)) from error
        if config is None:
            raise KeyError(run_id)
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
        """What metrics.json says of a run that has ended, not to be written to; None while it has not."""
        try:
            metrics = _metrics_in(self._layer(run_id).read(f"{run_id}/metrics.json"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise DamagedRun(run_id, "metrics.json", "it is no JSON") from error
        if metrics is None:
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
        if metrics is not None and metrics["history_sha256"] != sha256_of(content) and metrics == self.metrics(run_id):
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

    def control(self, run_id: str) -> str:
        """What is wanted of the run: run, pause or stop."""
        return self._json(f"{run_id}/control.json").get("want", "run")

    def checkpoint(self, run_id: str) -> dict[str, Tensor] | None:
        """The latest checkpoint, or None; raises DamagedRun."""
        files = self.upper.files(f"{run_id}/checkpoint")
        if not files:
            return None
        name = max(files, key=lambda file: int(file.split("-")[0]))
        return self._read_tensors(run_id, f"checkpoint/{name}", name.split("-")[1].removesuffix(".safetensors"))


# Pages ask for all runs again and again: what a file says is worked out once for each content.


@functools.lru_cache(maxsize=10_000)
def _config_in(content: bytes) -> RunConfig | None:
    """What a config.json says; None of another recipe."""
    values = json.loads(content)
    return RunConfig.from_dict(values) if values.pop("recipe", None) == RECIPE else None


@functools.lru_cache(maxsize=10_000)
def _metrics_in(content: bytes) -> dict | None:
    """What a metrics.json says; None where its checksum is wrong."""
    metrics = json.loads(content)
    if not isinstance(metrics, dict) or metrics.pop("sha256", None) != sha256_of(json.dumps(metrics).encode()):
        return None
    return metrics
