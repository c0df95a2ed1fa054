"""What a worker does for a run: trains it from where the store has it, and writes down what comes of it."""

import math
import os
import time
from collections.abc import Iterator

import torch

from vae import data
from vae.config import ConfigError, RunConfig
from vae.evaluation import evaluate
from vae.store import DamagedRun, RunStore
from vae.training import Diverged, Snapshot, model_state, train

HISTORY_SECONDS = 0.3  # a page that watches is this far behind at most
CHECKPOINT_SECONDS = 2.0  # a killed worker loses about this much at most
CHECKPOINT_SPACING = 20  # times what a checkpoint takes to write, at least: a large model must not only write


def resolve_device(name: str) -> str:
    """The torch device for auto, cpu, cuda or mps; raises ConfigError for another name or one that is not there."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if there[device])
    if not there.get(name, False):
        allowed = ", ".join(["auto", *(device for device in there if there[device])])
        raise ConfigError("device", name, f"on this machine, one of {allowed}")
    return name


def advance(config: RunConfig, store: RunStore, device: str = "cpu") -> Iterator[Snapshot]:
    """Trains a run on from its checkpoint to its end, pause or stop, and yields each snapshot once it is in the store.

    Does nothing for a run that nobody asked the store for, that is paused, or that has ended. A run that was found
    damaged is set aside and begins anew.
    """
    run_id = config.run_id
    if not store.status(run_id).is_active:
        return
    checkpoint, history = _resume_point(config, store)
    flushed = saved = time.monotonic()
    pause = CHECKPOINT_SECONDS
    good = checkpoint and model_state(checkpoint)
    try:
        for snapshot in train(config, checkpoint, device):
            if store.metrics(run_id) is not None:  # another process has brought the same run to the same end
                return
            line = snapshot.losses.to_dict()
            if snapshot.pictures:
                line["pictures"] = store.write_snapshot(run_id, line["step"], snapshot.pictures)
            history.append(line)
            good = {name: tensor.clone() for name, tensor in snapshot.model.state_dict().items()}
            now, is_last = time.monotonic(), line["step"] == config.total_steps
            want = "run" if is_last else store.control(run_id)  # at the end a pause comes too late
            if snapshot.pictures or want != "run" or now - flushed > HISTORY_SECONDS:
                store.write_history(run_id, history)
                flushed = now
            if want != "run" or (now - saved > pause and not is_last):
                store.write_history(run_id, history)  # first, so that no checkpoint is ahead of its history
                store.write_checkpoint(run_id, snapshot.checkpoint())
                saved = time.monotonic()
                pause = max(CHECKPOINT_SECONDS, CHECKPOINT_SPACING * (saved - now))
            yield snapshot
            if want == "pause":
                store.confirm_pause(run_id)
                return
            if want == "stop":
                break
    except Diverged as error:
        store.finish(config, "diverged", history, good, message=str(error), test=None)
        return
    except Exception as error:
        store.finish(config, "failed", history, None, message=f"{type(error).__name__}: {error}", test=None)
        raise
    test = data.load(config.dataset, "test").images.to(device)
    metrics = evaluate(snapshot.model, test, config.likelihood)
    if not math.isfinite(metrics.reconstruction):
        message = "diverged: the loss on the test images is not finite; a smaller learning rate is the usual way out"
        store.finish(config, "diverged", history, good, message=message, test=None)
        return
    status = "complete" if snapshot.losses.step == config.total_steps else "stopped"
    store.finish(config, status, history, good, test=metrics.to_dict())


def _resume_point(config: RunConfig, store: RunStore) -> tuple[dict | None, list[dict]]:
    """The checkpoint and the history up to it, as they were when it was written."""
    run_id = config.run_id
    try:
        checkpoint = store.checkpoint(run_id)
        if checkpoint is None:
            return None, []
        history = [line for line in store.history(run_id) if line["step"] <= int(checkpoint["step"])]
        if not history or history[-1]["step"] != int(checkpoint["step"]):
            raise DamagedRun(run_id, "history.jsonl", "it ends before the checkpoint")
        return checkpoint, history
    except DamagedRun as error:
        store.set_aside(run_id, str(error))
        store.create(config)
        return None, []


def train_to_end(config: RunConfig, store_url: str, device: str) -> None:
    """What a worker does for a run."""
    _be_nice()
    for _ in advance(config, RunStore(store_url), device):
        pass


_niced = False


def _be_nice() -> None:
    """Lets the pages go first on a busy machine."""
    global _niced
    if not _niced and hasattr(os, "nice"):
        os.nice(10)
    _niced = True


def warm_up() -> None:
    """Loads what every run needs, so that the first one starts at once."""
    data.load("mnist", "train")
    data.load("mnist", "test")
