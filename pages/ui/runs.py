"""What pages know of runs: the one Runs of this server, and cached readings of its store."""

import contextlib
import dataclasses
import functools
import gc
import os
import time

import numpy as np
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.web.server.starlette.starlette_app_utils import decode_xsrf_token_string
from torch import nn

from vae import data, figures  # noqa: F401  (plotly too is there before the freeze)
from vae.config import RunConfig
from vae.evaluation import chance_loss
from vae.latent import encode_all
from vae.runs import Runs
from vae.store import DamagedRun, RunStatus, RunStore, StoreError
from vae.worker import resolve_device

ACTIVE = {"queued", "running", "pausing", "stopping"}  # states in which more is to come by itself
LIVE = 0.8  # seconds between two looks at a run under way
IDLE = 4.0  # seconds between two looks at runs that may be started or resumed in another browser


@st.cache_resource(show_spinner=False)
def _runs() -> Runs:
    data.load("mnist", "test")
    # Streamlit collects all garbage after every rerun; what is imported by now never is garbage, so it need not be
    # walked through again and again (130 ms of CPU a rerun with torch loaded).
    gc.collect()
    gc.freeze()
    return Runs(RunStore(), resolve_device(os.environ.get("VAE_DEVICE", "cpu")))


def runs() -> Runs:
    """The server's Runs, started once; says what is wrong and ends the page when there can be none."""
    try:
        return _runs()
    except (StoreError, ValueError, data.DatasetError) as error:
        st.error(f"The lab cannot start: {error}", icon=":material/error:")
        st.stop()


def browser() -> str:
    """A name for the visitor's browser that lasts as long as its cookie does; the session's where there is none."""
    cookie = st.context.cookies.get("_streamlit_xsrf", "")
    token, _ = decode_xsrf_token_string(cookie)  # the cookie is masked anew at every visit, the token stays
    return token.hex() if token else get_script_run_ctx().session_id


def pace() -> float:
    """Seconds between two looks at a run under way: the more who watch, the longer, so that the server keeps up."""
    now, watchers = time.monotonic(), _watchers()
    watchers[get_script_run_ctx().session_id] = now
    for session, seen in list(watchers.items()):
        if now - seen > 30:
            watchers.pop(session, None)
    return max(LIVE, 0.05 * len(watchers))


@st.cache_resource(show_spinner=False)
def _watchers() -> dict[str, float]:
    return {}  # session -> when it last looked at a run under way


def says_damage(page_part):
    """Has a damaged run set aside and said in words, instead of shown; the page goes on without it."""

    @functools.wraps(page_part)
    def guarded(*args, **kwargs):
        try:
            return page_part(*args, **kwargs)
        except DamagedRun as error:
            place = runs().store.set_aside(error.run_id, str(error))
            st.error(
                f"{error}. Its files were set aside in {place}. “Train both” on the page *Train side by side*, or the "
                "button of the page that shows this run, makes it again.",
                icon=":material/healing:",
            )
            st.stop()

    return guarded


@st.cache_data(ttl=LIVE * 0.8, max_entries=1000, show_spinner=False)
def status(run_id: str) -> RunStatus:
    """Where a run is; read once for all who watch it."""
    now = runs().store.status(run_id)
    if now.is_active:
        runs().ensure(runs().store.config(run_id))
    return now


def forget(run_id: str) -> None:
    """Has a run that somebody has just steered read anew."""
    for reading in (status, test_of, failure_of, _model_sha256):
        reading.clear(run_id)
    _pairs.clear()
    _autoencoders.clear()


def test_in_words(run_id: str) -> str:
    """What a run that has ended is worth on the test images."""
    test = test_of(run_id)
    if not test:
        return "no figures"
    chance = chance_loss(runs().store.config(run_id).likelihood)
    if test["reconstruction"] > chance:
        return (
            f"reconstruction {test['reconstruction']:,.0f} nats, **worse than answering grey** ({chance:.0f} nats): "
            "this training has gone wrong; a smaller learning rate is the usual way out"
        )
    if test["kl"] is None:
        return f"reconstruction **{test['reconstruction']:.1f}** nats"
    parts = f"reconstruction {test['reconstruction']:.1f} + KL {test['kl']:.1f}"
    return f"−ELBO **{test['negative_elbo']:.1f}** nats = {parts}"


@st.cache_data(ttl=2.0, max_entries=1000, show_spinner=False)
def test_of(run_id: str) -> dict:
    """A run's figures on the test images; empty for one that has none."""
    return (runs().store.metrics(run_id) or {}).get("test") or {}


@st.cache_data(ttl=2.0, max_entries=1000, show_spinner=False)
def failure_of(run_id: str) -> dict | None:
    """What a worker wrote of a training that failed (vae/worker.py): its step, and who did it; else None."""
    return (runs().store.metrics(run_id) or {}).get("failure")


@st.cache_resource(max_entries=200, show_spinner=False)
def history(run_id: str, now: RunStatus) -> list[dict]:
    """A run's loss curves as they are in the given status; not to be written to."""
    return runs().store.history(run_id)


@st.cache_resource(max_entries=600, show_spinner=False)
def pictures(run_id: str, step: int, sha256: str) -> dict[str, np.ndarray]:
    """A snapshot's pictures as arrays, by name; not to be written to."""
    tensors = runs().store.snapshot(run_id, {"step": step, "pictures": sha256})
    return {name: tensor.numpy() for name, tensor in tensors.items()}


@dataclasses.dataclass(frozen=True)
class Trained:
    """A run that has ended with a model."""

    config: RunConfig
    model: nn.Module
    metrics: dict


def trained(run_id: str) -> Trained | None:
    """The model of a run that has ended, and what it is worth; None where there is none."""
    try:
        sha256 = _model_sha256(run_id)
        return _trained(run_id, sha256) if sha256 else None
    except KeyError:
        return None


@st.cache_data(ttl=2.0, max_entries=1000, show_spinner=False)
def _model_sha256(run_id: str) -> str | None:
    return (runs().store.metrics(run_id) or {}).get("model_sha256")


@st.cache_resource(max_entries=24, show_spinner="Reading the model …")
def _trained(run_id: str, sha256: str) -> Trained:
    store = runs().store
    store.verify(run_id)
    return Trained(store.config(run_id), store.model(run_id), store.metrics(run_id))


@st.cache_resource(max_entries=40, show_spinner="Encoding the test images …")
def codes(run_id: str, sha256: str, count: int = 10_000):
    """The codes of the first `count` test images: (z, None) of an AE, (mu, log_sigma) of a VAE, (count, latent_dim)."""
    run = _trained(run_id, sha256)
    return encode_all(run.model, data.load(run.config.dataset, "test").images[:count])


def partner(vae: RunConfig) -> RunConfig:
    """The AE beside a VAE: the one that it was converted from, or else the one of the same settings."""
    return runs().store.config(vae.init_from) if vae.init_from else vae.autoencoder


def finished_pairs() -> list[RunConfig]:
    """The VAE's config of every pair of which both halves have ended with a model: the default first, then by size."""
    return list(_pairs())


def complete_pairs() -> list[RunConfig]:
    """Those of `finished_pairs` that were trained to the end."""
    return [config for config, states in _pairs().items() if states == {"complete"}]


def complete_autoencoders() -> list[RunConfig]:
    """The AEs that were trained to the end: the default first, then by size."""
    plain = RunConfig(model="ae")
    return sorted(_autoencoders(), key=lambda c: (c != plain, c.bottleneck != plain.bottleneck, c.latent_dim, c.seed))


@st.cache_data(ttl=2.0, show_spinner=False)
def _autoencoders() -> list[RunConfig]:
    return [config for config, state in _ended("ae") if state == "complete"]


@st.cache_data(ttl=2.0, show_spinner=False)
def _pairs() -> dict[RunConfig, set[str]]:
    """The VAE's config of every pair that has ended with a model -> the states of its halves."""
    store, pairs = runs().store, {}
    for config, state in _ended("vae"):
        with contextlib.suppress(KeyError, DamagedRun):
            states = {state, store.status(partner(config).run_id).state}
            if states <= {"complete", "stopped"}:
                pairs[config] = states
    plain = RunConfig()
    order = sorted(pairs, key=lambda c: (c.latent_dim, c.kl_weight != plain.kl_weight, c.epochs, c.seed, c.kl_weight))
    return {config: pairs[config] for config in sorted(order, key=lambda config: config != plain)}


def _ended(model: str) -> list[tuple[RunConfig, str]]:
    """The runs of a model ("ae" or "vae") that can be shown, with their states."""
    store, ended = runs().store, []
    for run_id in store.run_ids():
        with contextlib.suppress(KeyError, DamagedRun):  # of another recipe, or not to be shown
            if run_id.startswith(f"{model}-") and data.is_available((config := store.config(run_id)).dataset):
                ended.append((config, store.status(run_id).state))
    return ended


@st.cache_data(ttl=2.0, max_entries=1000, show_spinner=False)
def damage_reports(run_id: str) -> list[str]:
    """Why and where earlier copies of a run were set aside."""
    return runs().store.damage_reports(run_id)
