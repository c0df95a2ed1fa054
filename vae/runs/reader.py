"""Reading runs: what was asked, where each is, what came of it. Whatever is damaged is noticed before it is used."""

import contextlib
import functools
import re
from typing import TYPE_CHECKING

import numpy as np
from cachetools import TTLCache

from vae.config import RunConfig
from vae.runs.contents import CONFIG, HISTORY, METRICS, config_in, history_in, metrics_in, wish_in
from vae.runs.layers import NO_RUNS, WISH, DamagedRun, Layers
from vae.runs.states import ENDED, SETTLED, RunStatus

if TYPE_CHECKING:
    from torch import nn

CHECKPOINT = re.compile(r"(\d{1,12})-([0-9a-f]{64})\.safetensors")  # step and checksum
LASTS = 300.0  # seconds for which a settled run of the upper layer is taken to be so: only who sets it aside changes it
PICTURES = ("reconstructions", "samples")  # pixels in [0, 1], kept as whole grey levels; codes are kept as float16


class Reader(Layers):
    """What a page asks of a store."""

    def config(self, run_id: str) -> RunConfig:
        """What was asked; raises DamagedRun when the file does not say what the run's name says.

        Raises KeyError for a run that is not there, or was made by another recipe and means nothing to this one.
        """
        try:
            config = config_in(self._read(run_id, "config.json", CONFIG))
        except FileNotFoundError:
            if self._layer(run_id).exists(run_id):
                raise DamagedRun(run_id, "config.json", "it is missing") from None
            raise KeyError(run_id) from None
        except ValueError as error:
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
        try:
            total_steps = self.config(run_id).total_steps
        except KeyError:  # of another recipe: who asks for this one has it made anew
            return RunStatus("absent")
        metrics = self.metrics(run_id)
        if metrics is not None:
            if metrics["steps"] > total_steps:
                raise DamagedRun(run_id, "metrics.json", "its steps are beyond the run's end")
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
        state = {"pause": pause, "stop": "stopping"}.get(wish_in(control), waiting)
        return RunStatus(state, step, total_steps, seconds)

    def states(self) -> dict[str, tuple[RunConfig, str]]:
        """The config and the state of every run that is to be read here, by its name.

        What does not change is not read again: a page asks every few seconds, and a distant store takes its time.
        """
        here, found = set(self.upper.folders()), {}
        for run_id in set(self._settled) - here:
            self._settled.pop(run_id, None)  # it was set aside
        for run_id in sorted({*here, *self._pretrained} - NO_RUNS):
            kept = self._settled if run_id in here else self._unchanging
            known = kept.get(run_id)
            if known is None:
                with contextlib.suppress(KeyError, DamagedRun):  # of another recipe, or not to be shown
                    known = self.config(run_id), self.status(run_id).state
                    if known[1] in (SETTLED if run_id in here else ENDED):  # else somebody has just asked for it
                        kept[run_id] = known
            if known is not None:
                found[run_id] = known
        return found

    def comes_with_the_project(self, run_id: str) -> bool:
        """Whether a run was trained before anybody trained here."""
        return run_id in self._pretrained

    @functools.cached_property
    def _unchanging(self) -> dict[str, tuple[RunConfig, str]]:
        return {}

    @functools.cached_property
    def _settled(self) -> TTLCache:
        return TTLCache(10_000, LASTS)

    def metrics(self, run_id: str) -> dict | None:
        """What metrics.json says of a run that has ended, not to be written to; None while it has not."""
        try:
            content = self._read(run_id, "metrics.json", METRICS)
            return metrics_in(content) if content else None  # somebody is just about to end it
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise DamagedRun(run_id, "metrics.json", str(error)) from error

    def history(self, run_id: str) -> list[dict]:
        """The loss curves so far, a dict a logged step, in the order of the steps; nobody may write to a dict."""
        metrics, name = self.metrics(run_id), "history.jsonl"
        try:
            if metrics is None:
                content = self._read(run_id, name, HISTORY)
            else:
                name, content = self._read_named(run_id, name, metrics["history_sha256"], HISTORY)
            return [*history_in(content, self.config(run_id))]
        except KeyError:  # of another recipe
            return []
        except FileNotFoundError:
            return [] if self.metrics(run_id) is None else self.history(run_id)  # it has just ended
        except DamagedRun:
            if metrics is None or metrics == self.metrics(run_id):
                raise
            return self.history(run_id)  # it has just gone on
        except ValueError as error:
            raise DamagedRun(run_id, name, str(error)) from error

    def snapshot(self, run_id: str, line: dict) -> dict[str, np.ndarray]:
        """The pictures that belong to a history line with "pictures", as float32; raises DamagedRun."""
        name = f"snapshots/{line['step']}.safetensors"
        kept = self._read_arrays(run_id, name, line["pictures"])
        whole = {key: array.astype(np.float32) for key, array in kept.items()}
        return {key: array / np.float32(255) if key in PICTURES else array for key, array in whole.items()}

    def weights(self, run_id: str, sha256: str | None = None) -> dict[str, np.ndarray]:
        """A model's weights, by their names in torch; raises KeyError without one, DamagedRun for bad ones.

        sha256: the checksum of those that are meant; without it those of the run's end.
        """
        sha256 = sha256 or (self.metrics(run_id) or {}).get("model_sha256")
        if not sha256:
            raise KeyError(run_id)
        return self._read_arrays(run_id, "model.safetensors", sha256)

    def model(self, run_id: str) -> "nn.Module":
        """The network of a run that has ended, ready for use; raises what `weights` does."""
        from vae.models import with_weights  # with torch, for which nobody waits who reads

        return with_weights(self.config(run_id), self.weights(run_id))

    def verify(self, run_id: str) -> None:
        """Reads the run's files against their checksums; raises DamagedRun at the first that does not match."""
        self.config(run_id)
        for name in ("control.json", "paused.json"):
            with contextlib.suppress(FileNotFoundError):
                self._read(run_id, name, WISH)
        metrics, history = self.metrics(run_id), self.history(run_id)
        if metrics is None:
            return
        if metrics["model_sha256"]:
            self.weights(run_id)
        for line in history:
            if "pictures" in line:
                self.snapshot(run_id, line)

    def control(self, run_id: str) -> str:
        """What is wanted of the run: run, pause or stop."""
        return wish_in(self._json(f"{run_id}/control.json"))

    def checkpoint(self, run_id: str) -> dict[str, np.ndarray] | None:
        """The latest checkpoint, its curves with it, or None; raises DamagedRun."""
        found = [match for file in self.upper.files(f"{run_id}/checkpoint") if (match := CHECKPOINT.fullmatch(file))]
        if not found:
            return None
        latest = max(found, key=lambda match: int(match[1]))
        return self._read_arrays(run_id, f"checkpoint/{latest[0]}", latest[2])

    def curves(self, run_id: str, checkpoint: dict[str, np.ndarray]) -> list[dict]:
        """The loss curves up to a checkpoint; raises DamagedRun."""
        step = int(checkpoint["step"])
        try:
            if "history" in checkpoint:
                history = history_in(checkpoint["history"].tobytes(), self.config(run_id))
            else:  # one from before they were in it
                history = [line for line in self.history(run_id) if line["step"] <= step]
        except ValueError as error:
            raise DamagedRun(run_id, f"checkpoint of step {step}", str(error)) from error
        if not history or history[-1]["step"] != step:
            raise DamagedRun(run_id, "history.jsonl", "it ends before the checkpoint")
        return [*history]
