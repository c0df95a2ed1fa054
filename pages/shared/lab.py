"""What pages know of runs: the one Runs of this server, and cached readings of its store."""

import functools
import gc
import threading
from typing import NamedTuple

import numpy as np

from pages.shared import class_names
from pages.shared.once import forget as forget_answer
from pages.shared.once import once, recent
from pages.shared.readings import AGAIN, NamedRun, model_sha256, named_run, open_again, or_words, store
from pages.shared.trained import Trained
from vae import data, datasets
from vae.config import RunConfig
from vae.measures.evaluation import EXACT, chance_loss
from vae.runs import machine
from vae.runs.queue import Runs
from vae.runs.states import USABLE, RunStatus
from vae.runs.worker import device_here
from vae.sizes import is_own
from vae.training.speed import use_one_thread

LOOK = 1.0  # seconds for which it is not asked again where a run is


def start() -> Runs:
    """The server's Runs, started once; raises one of CANNOT_START, in words."""
    with _starting:
        try:
            return _started()
        finally:
            was_tried.set()


_starting = threading.Lock()
was_tried = threading.Event()  # to start them


@functools.lru_cache(maxsize=1)
def _started() -> Runs:
    use_one_thread()  # the cores are the workers'
    data.load("mnist", "test")
    # What is imported by now never is garbage, so Python need not look through it again and again.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    runs = Runs(store(), device_here(), start_after=machine.start_after())
    if store().read_only:
        threading.Thread(target=_wait_for_store, args=(runs,), name="wait for the store", daemon=True).start()
    return runs


def _wait_for_store(without: Runs) -> None:
    """Has the server begin with its store as soon as that can be used, which it could not at the server's start."""
    while not without.closing.wait(AGAIN):
        if open_again():
            with _starting:
                if _started() is without:
                    _started.cache_clear()
            return


def is_started() -> bool:
    """Whether `start` has nothing to do any more."""
    return _started.cache_info().currsize == 1


def runs() -> Runs:
    """The server's Runs for a page; says what is wrong and ends the page when there can be none."""
    return or_words(start)


@recent(LOOK)
def status(run_id: str) -> RunStatus:
    """Where a run is; read once for all who watch it."""
    now = store().status(run_id)
    if now.is_active:
        start().ensure(store().config(run_id))
    return now


@recent(LOOK)
def measured(run_id: str, sha256: str) -> str:
    """Whether the gaps of a run's model are being measured, and of how many images they are there."""
    is_measuring = start().ensure_gaps(run_id, sha256)
    return f"{'running' if is_measuring else 'resting'}-{store().gap_count(run_id, sha256)}"


def forget(run_id: str) -> None:
    """Has a run that somebody has just steered read anew."""
    for reading in (status, test_of, failure_of, model_sha256):
        forget_answer(reading, run_id)
    forget_answer(_known)


def test_in_words(run_id: str) -> str:
    """What a run that has ended is worth on the test images."""
    test = test_of(run_id)
    if not test:
        return "no figures"
    chance = chance_loss(store().config(run_id).likelihood)
    if test["reconstruction"] > chance:
        return (
            f"reconstruction {test['reconstruction']:,.0f} nats, **worse than answering grey** ({chance:.0f} nats): "
            "this training has gone wrong; a smaller learning rate is the usual way out"
        )
    if test["kl"] is None:
        return f"reconstruction **{nats(test, 'reconstruction')}** nats"
    parts = f"reconstruction {test['reconstruction']:.1f} + KL {test['kl']:.1f}"
    return f"−ELBO **{nats(test, 'negative_elbo')}** nats = {parts}"


def nats(test: dict, name: str) -> str:
    """A figure on the test images, with its standard error over draws of eps where that shows in its last digit."""
    spread = test.get("standard_error", 0.0)
    is_seen = name in ("reconstruction", "negative_elbo") and spread >= EXACT
    return f"{test[name]:,.1f} ± {spread:.1f}" if is_seen else f"{test[name]:,.1f}"


@recent(2.0)
def test_of(run_id: str) -> dict:
    """A run's figures on the test images; empty for one that has none."""
    return (store().metrics(run_id) or {}).get("test") or {}


@recent(2.0)
def failure_of(run_id: str) -> dict | None:
    """What a worker wrote of a training that failed (vae/runs/worker.py): its step, and who did it; else None."""
    failure = (store().metrics(run_id) or {}).get("failure")
    return failure if isinstance(failure, dict) and _is_failure(failure) else None


def _is_failure(failure: dict) -> bool:
    """Whether it holds what a worker writes: numbers, for they stand in sentences, and pixels."""
    numbers = {name: value for name, value in failure.items() if name != "pixels"}
    is_numbers = all(type(value) in (int, float) for value in numbers.values())
    return is_numbers and "step" in numbers and isinstance(failure.get("pixels", ""), str)


@once(40)
def history(run_id: str, now: RunStatus) -> list[dict]:
    """A run's loss curves as they are in the given status; not to be written to."""
    return store().history(run_id)


@once(16)
def pictures(run_id: str, step: int, sha256: str) -> dict[str, np.ndarray]:
    """A snapshot's pictures as arrays, by name; not to be written to."""
    return store().snapshot(run_id, {"step": step, "pictures": sha256})


def trained(run_id: str) -> Trained | None:
    """The model of a run that has ended, and what it is worth; None where there is none."""
    try:
        named = named_run(run_id)
        return named and _trained(named)
    except KeyError:
        return None


@once(60)
def _trained(run: NamedRun) -> Trained:
    return Trained(run.config, run.sha256, store().model(run.run_id), store().metrics(run.run_id))


def partner(vae: RunConfig) -> RunConfig:
    """The AE beside a VAE: the one that it was converted from, or else the one of the same settings."""
    return store().config(vae.init_from) if vae.init_from else vae.autoencoder


def finished_pairs() -> list[RunConfig]:
    """The VAE's config of every pair of which both halves have ended with a model: the default first, then by size."""
    return list(_known().pairs)


def complete_pairs() -> list[RunConfig]:
    """Those of `finished_pairs` that were trained to the end."""
    return [config for config, states in _known().pairs.items() if states == {"complete"}]


def complete_autoencoders() -> list[RunConfig]:
    """The AEs that were trained to the end: the default first, then by size."""
    plain = RunConfig(model="ae")
    found = [config for config, state in _known().runs.values() if config.model == "ae" and state == "complete"]
    return sorted(found, key=lambda c: (c != plain, c.bottleneck != plain.bottleneck, c.latent_dim, c.seed))


def was_stopped(config: RunConfig) -> bool:
    """Whether a run that can be shown was stopped before its end."""
    return _known().runs.get(config.run_id, (config, ""))[1] == "stopped"


class _Known(NamedTuple):
    """The runs that can be shown, by name, with their states; and of each pair that has ended those of its halves."""

    runs: dict[str, tuple[RunConfig, str]]
    pairs: dict[RunConfig, set[str]]


def _has_images(dataset: str) -> bool:
    """Whether a dataset's images are here, or can be brought from the store once somebody asks for one of its runs."""
    return class_names.about(dataset) is not None if is_own(dataset) else datasets.is_available(dataset)


@recent(2.0)
def _known() -> _Known:
    states = store().states()
    runs = {run_id: known for run_id, known in states.items() if _has_images(known[0].dataset)}
    pairs = {}
    for config, state in runs.values():
        if config.model == "vae" and (ae := runs.get(config.init_from or config.autoencoder.run_id)):
            halves = {state, ae[1]}
            if halves <= USABLE:
                pairs[config] = halves
    plain = RunConfig()
    order = sorted(pairs, key=lambda c: (c.latent_dim, c.kl_weight != plain.kl_weight, c.epochs, c.seed, c.kl_weight))
    return _Known(runs, {config: pairs[config] for config in sorted(order, key=lambda config: config != plain)})


@recent(2.0)
def damage_reports(run_id: str) -> list[str]:
    """Why and where earlier copies of a run were set aside."""
    return store().damage_reports(run_id)
