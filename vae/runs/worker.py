"""What a worker does for a run: trains it from where the store has it, and writes down what comes of it."""

import contextlib
import math
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import torch

from vae import data
from vae.config import ConfigError, RunConfig
from vae.measures.chunks import encode_all
from vae.measures.evaluation import evaluate
from vae.measures.gap import Gap, measure_gap
from vae.measures.posterior import decode_grid
from vae.models import Autoencoder
from vae.runs import machine
from vae.runs.files import SpoiledFile, StoreError
from vae.runs.gaps import SPLITS
from vae.runs.lease import Lease, LostLease
from vae.runs.limit import keep_within, limit
from vae.runs.line import SLICE
from vae.runs.store import DamagedRun, RunStore
from vae.sizes import size_of
from vae.texts import on_one_line
from vae.training.checkpoint import model_state, tensors
from vae.training.divergence import Diverged
from vae.training.loop import Snapshot, train
from vae.training.speed import use_one_thread

HISTORY_SECONDS = 0.3  # a page that watches is this far behind at most
CHECKPOINT_SECONDS = 2.0  # a killed worker loses about this much at most
CHECKPOINT_SPACING = 20  # times what a checkpoint takes to write, at least: a large model must not only write
MOST_TRIES = 3  # with a run that is found damaged
GAP_IMAGES = 1_000  # the first images of each split, whose gaps are measured; own pictures may be fewer
GAP_CHUNK = 25  # images, after which their gaps are in the store
FIRST_TO_END, LIKELY = Path("/proc/self/oom_score_adj"), "500"  # of 1,000: which process Linux ends for its memory
GAP_SECONDS = 5.0  # then a worker looks whether somebody wants it for a training


def device_here() -> str:
    """The torch device that VAE_DEVICE names for the app's runs, and for those of a cluster's workers."""
    return resolve_device(os.environ.get("VAE_DEVICE", "cpu"), "VAE_DEVICE")


def resolve_device(name: str, setting: str = "device") -> str:
    """The torch device for auto, cpu, cuda or mps; raises ConfigError for another name or one that is not there.

    setting: what the error calls it.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if there[device])
    if not there.get(name, False):
        allowed = ", ".join(["auto", *(device for device in there if there[device])])
        raise ConfigError(setting, name, f"on this machine, one of {allowed}")
    return name


def advance(config: RunConfig, store: RunStore, device: str = "cpu", seconds: float = math.inf) -> Iterator[Snapshot]:
    """Trains a run on from its checkpoint to its end, pause or stop, and yields each snapshot once it is in the store.

    Does nothing for a run that nobody asked the store for, that is paused, that has ended, or that another writer has;
    ends early when another takes it over. A run that was found damaged is set aside and begins anew. Raises StoreFault
    where the store cannot be written: the run goes on from its checkpoint when somebody asks again.
    seconds: after which it leaves its worker to others, with a checkpoint.
    """
    run_id = config.run_id
    for _ in range(MOST_TRIES):
        if not store.status(run_id).is_active:
            return
        try:
            if lease := store.take(run_id):
                with lease, contextlib.suppress(LostLease):
                    yield from _train_on(config, store, device, lease, time.monotonic() + seconds)
            return
        except (DamagedRun, SpoiledFile) as error:
            if isinstance(error, DamagedRun) and error.run_id != run_id:
                raise  # of the AE that it starts from
            store.set_aside(run_id, str(error))
            store.create(config)


def _train_on(config: RunConfig, store: RunStore, device: str, lease: Lease, until: float) -> Iterator[Snapshot]:
    """What `advance` does once the run is its own; raises LostLease where it is not any more."""
    run_id = config.run_id
    if not store.status(run_id).is_active:  # somebody has just brought it to its end
        return
    kept = store.checkpoint(run_id)
    history = store.curves(run_id, kept) if kept else []
    checkpoint = kept and tensors(kept)
    flushed = saved = time.monotonic()
    pause = CHECKPOINT_SECONDS
    good = checkpoint and model_state(checkpoint)

    def finish(status: str, model: dict | None, **metrics) -> None:
        lease.check()
        store.finish(config, status, history, model, **metrics)
        with contextlib.suppress(StoreError, SpoiledFile):  # then the next run makes room
            keep_within(store, limit(), run_id)

    try:
        if not store.bring(config.dataset):
            raise ConfigError("dataset", config.dataset, "pictures that are in the store")
        for snapshot in train(config, checkpoint, device, None if checkpoint else _autoencoder(config, store)):
            if store.metrics(run_id) is not None:  # somebody has brought it to an end
                return
            line = snapshot.losses.to_dict()
            lease.check()
            if snapshot.pictures:
                line["pictures"] = store.write_snapshot(run_id, line["step"], snapshot.pictures)
            history.append(line)
            good = {name: tensor.clone() for name, tensor in snapshot.model.state_dict().items()}
            now, is_last = time.monotonic(), line["step"] == config.total_steps
            want = "run" if is_last else store.control(run_id)  # at the end a pause comes too late
            is_over = now > until and not is_last
            if snapshot.pictures or want != "run" or now - flushed > HISTORY_SECONDS:
                store.write_history(run_id, history)
                flushed = now
            if want != "run" or is_over or (now - saved > pause and not is_last):
                lease.check()
                store.write_checkpoint(run_id, snapshot.checkpoint(), history)
                saved = time.monotonic()
                pause = max(CHECKPOINT_SECONDS, CHECKPOINT_SPACING * (saved - now))
            yield snapshot
            if want == "pause":
                lease.check()
                store.confirm_pause(run_id)
                return
            if want == "stop":
                break
            if is_over:
                return
    except (LostLease, StoreError, SpoiledFile):
        raise
    except Diverged as error:
        finish("diverged", good, message=str(error), test=None, failure=_failure(config, error))
        return
    except Exception as error:
        message = on_one_line(error if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}")
        finish("failed", None, message=message, test=None)
        raise
    test = data.load(config.dataset, "test").images.to(device)
    metrics = evaluate(snapshot.model, test, config.likelihood)
    if not math.isfinite(metrics.reconstruction):
        message = "diverged: the loss on the test images is not finite; a smaller learning rate is the usual way out"
        finish("diverged", good, message=message, test=None, failure={"step": snapshot.losses.step})
        return
    status = "complete" if snapshot.losses.step == config.total_steps else "stopped"
    finish(status, good, test=metrics.to_dict())


def _failure(config: RunConfig, error: Diverged) -> dict:
    """The step of a failure, and where one training image did it: the fields of Culprit, its label and its pixels."""
    if error.culprit is None:
        return {"step": error.step}
    train_set = data.training(config.dataset, config.train_size, config.classes)
    pixels = train_set.levels[error.culprit.image].numpy().tobytes()
    label = train_set.labels[error.culprit.image].item()
    return {"step": error.step, **asdict(error.culprit), "label": label, "pixels": pixels.hex()}


def _autoencoder(config: RunConfig, store: RunStore) -> Autoencoder | None:
    """The AE that a run starts from; raises ConfigError for one that is not there or not trained to its end."""
    if not config.init_from:
        return None
    if store.status(config.init_from).state != "complete":
        raise ConfigError("init_from", config.init_from, "an AE that is in the store and trained to its end")
    return store.model(config.init_from)


def train_for_a_while(config: RunConfig, store_url: str, device: str) -> str:
    """What a worker does for a run at a time; returns its machine's name where the store does not have the run there.

    Such a run was taken back, or the worker has another store than whoever asked.
    """
    _be_nice()
    store = RunStore(store_url)
    if store.status(config.run_id).state == "absent":
        return platform.node() or "another machine"
    for _ in advance(config, store, device, SLICE):
        pass
    return ""


def gap_images(dataset: str) -> int:
    """How many images of both splits have their gaps measured."""
    size = size_of(dataset)
    return min(GAP_IMAGES, size.train) + min(GAP_IMAGES, size.test)


ELSEWHERE = "somebody else measures it"


class ModelGone(RuntimeError):
    """A model that was to be measured is not there any more; the message names its run."""


def measure_gaps(run_id: str, sha256: str, store: RunStore, check: Callable[[], None] = lambda: None) -> Iterator[int]:
    """Measures what q loses on the first test images, then on the first training images, until somebody wants a stop.

    It begins where the store has it, and yields after every few images, once they are in the store, how many are done.
    The run has ended with a model of a 2-D code and this checksum; its posterior is the one that its KL weight tempers.
    Raises ModelGone. check: called before anything is written.
    """
    if (store.metrics(run_id) or {}).get("model_sha256") != sha256:
        raise ModelGone(f"run {run_id} was deleted or trained on meanwhile, and this model is not there any more")
    config, model = store.config(run_id), store.model(run_id)
    store.bring(config.dataset)
    test = data.load(config.dataset, "test").images
    first = data.training(config.dataset, GAP_IMAGES, ())
    training = data.pixels(first.levels)
    grid = decode_grid(model, config.likelihood, encode_all(model, test)[0])
    for split, images in zip(SPLITS, (test, training)):
        bounds = {name: list(store.gap(run_id, sha256, split).get(name, ())) for name in Gap._fields}
        before = store.gap_count(run_id, sha256) - len(bounds["encoder"])  # images of the other split
        last = min(GAP_IMAGES, len(images))
        for start in range(len(bounds["encoder"]), last, GAP_CHUNK):
            if store.gap_control(run_id, sha256).get("want") == "stop":
                return
            x = images[start : min(start + GAP_CHUNK, last)]
            found, _, _ = measure_gap(model, grid, x, config.likelihood, config.kl_weight)
            for name, values in found._asdict().items():
                bounds[name] += [round(value, 3) for value in values.tolist()]
            check()
            store.write_gap(run_id, sha256, bounds, split)
            yield before + len(bounds["encoder"])


def measure_for_a_while(run_id: str, sha256: str, store_url: str) -> str:
    """What a worker does for a model's gaps at a time; ELSEWHERE where another server's worker is at them."""
    _be_nice()
    use_one_thread()
    store, until = RunStore(store_url), time.monotonic() + GAP_SECONDS
    if (lease := store.take_gap(run_id, sha256)) is None:
        return ELSEWHERE
    try:
        with lease:
            for _ in measure_gaps(run_id, sha256, store, lease.check):
                if time.monotonic() > until:
                    break
    except LostLease:
        return ELSEWHERE
    return ""


_niced = False


def _be_nice() -> None:
    """Lets the pages go first on a busy machine, and live where memory ends: a run goes on from its checkpoint."""
    global _niced
    if not _niced and hasattr(os, "nice"):
        os.nice(machine.niceness())
    if not _niced:
        with contextlib.suppress(OSError):  # of Linux alone
            FIRST_TO_END.write_text(LIKELY)
    _niced = True


def warm_up() -> None:
    """Loads what every run needs, so that the first one starts at once."""
    data.levels("mnist", "train")
    data.load("mnist", "test")
