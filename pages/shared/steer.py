"""The buttons that steer a pair of runs: train, pause, resume, stop."""

import dataclasses
import functools
from collections.abc import Sequence

import streamlit as st

from pages.shared import expected, visitors
from pages.shared import lab as ui
from pages.shared.expected import duration
from pages.shared.plain import message
from pages.shared.readings import says_damage
from pages.shared.visitors import ASKED
from vae.config import RunConfig
from vae.runs.files import SpoiledFile
from vae.runs.line import LineIsFull
from vae.runs.queue import MOST_WAITING, TooManyRuns
from vae.runs.states import ACTIVE, SETTLED, RunStatus
from vae.runs.store import DamagedRun, StoreError

LONG = 600  # seconds
MAIN, OTHERS = 230, 100  # pixels: a button keeps its place whatever the others say


@says_damage
def buttons(row, ae: RunConfig, vae: RunConfig) -> None:
    """In a row, whatever the pair's state allows; an estimate of the seconds before the first press."""
    states = {ui.status(half.run_id).state for half in (ae, vae)}
    may_train = says_off()
    if "stopping" in states:
        row.button("Stopping …", disabled=True, icon=":material/stop:", width=MAIN)
    elif states & ACTIVE - {"pausing"}:
        row.button("Training …", disabled=True, icon=":material/play_arrow:", width=MAIN)
        row.button("Pause", icon=":material/pause:", on_click=_pause, args=(ae, vae), width=OTHERS)
        row.button("Stop", icon=":material/stop:", on_click=_stop, args=(ae, vae), width=OTHERS)
    elif states & {"pausing", "paused"}:
        _main_button(row, "Resume", _train, ae, vae, disabled=not may_train)
        row.button("Pause", disabled=True, icon=":material/pause:", width=OTHERS)  # Stop never comes in its place
        row.button("Stop", icon=":material/stop:", on_click=_stop, args=(ae, vae), width=OTHERS)
    elif "stopped" in states:
        _main_button(row, "Train both to the end", _train, ae, vae, disabled=not may_train)
    else:
        fresh = _next_untrained(vae)
        label = "Train both" if fresh == vae else f"Train both again (seed {fresh.seed})"
        _main_button(row, label, _train, fresh.autoencoder, fresh, disabled=not may_train)
        row.caption(f"{expected.in_words([vae.autoencoder, vae])}{_shared_card()}")
        if (most := expected.seconds([vae.autoencoder, vae])[1]) > LONG:
            st.warning(f"This may take {duration(most)}, and others wait for a worker meanwhile.")
    complaint()


def says_off() -> bool:
    """Whether runs can be trained here; says why not where they cannot."""
    if words := ui.runs().off:
        st.info(message(words), icon=":material/block:")
    return not words


def complaint() -> None:
    """Says what went wrong when a button was pressed."""
    if words := st.session_state.pop("complaint", None):
        st.error(message(words), icon=":material/hourglass_top:")


def trouble(configs: list[RunConfig], now: list[RunStatus]) -> None:
    """Says why runs that are wanted do not go on just now, where anything is known to be wrong."""
    runs = ui.runs()
    faults = [runs.fault(config.run_id) for config, status in zip(configs, now) if status.is_active]
    if any(status.state == "queued" for status in now) and not runs.off:  # another server may train the others
        faults.append(runs.hindrance())
    if words := next(filter(None, faults), ""):
        st.warning(message(words), icon=":material/hourglass_top:")


def waiting(run_id: str) -> str:
    """Why a run that was asked for does not train yet, and what is to come before it."""
    if words := ui.runs().fault(run_id) or ui.runs().hindrance():
        return message(words)
    if ui.runs().is_starting:
        return "the workers are starting …"
    before, seconds = ui.runs().line.before(run_id)
    if before < ui.runs().workers:
        return "waiting for a free worker …"
    return f"{before} runs come before this one; its turn comes in about {duration(seconds)} …"


def _main_button(row, label: str, action, *configs: RunConfig, disabled: bool) -> None:
    row.button(
        label, icon=":material/play_arrow:", type="primary", disabled=disabled,
        on_click=action, args=configs, width=MAIN,
    )  # fmt: skip


def complaining(action):
    """Keeps what went wrong in a button's action, on some runs, for `complaint` to say; the runs are read anew."""

    @functools.wraps(action)
    def guarded(*configs: RunConfig) -> None:
        try:
            action(*configs)
        except DamagedRun as error:
            ui.runs().store.set_aside(error.run_id, str(error))  # which the page says; the next press begins anew
            st.session_state["complaint"] = str(error)
        except (TooManyRuns, LineIsFull, StoreError, SpoiledFile) as error:
            st.session_state["complaint"] = str(error)
        for config in configs:
            ui.forget(config.run_id)

    return guarded


def ask_for(configs: Sequence[RunConfig], most: int = MOST_WAITING) -> None:
    """Asks for runs in the visitor's name, of whose browser so many may wait; what was asked for is kept for a class.

    Raises as Runs.submit does.
    """
    ui.runs().submit(list(configs), visitors.browser(), most, visitors.address())
    st.session_state[ASKED] = [*st.session_state.get(ASKED, []), *(config.run_id for config in configs)]


@complaining
def _train(ae: RunConfig, vae: RunConfig) -> None:
    st.session_state["seed"] = vae.seed
    ask_for([ae, vae])


@complaining
def _pause(*pair: RunConfig) -> None:
    for config in pair:
        ui.runs().pause(config.run_id)


@complaining
def _stop(*pair: RunConfig) -> None:
    for config in pair:
        ui.runs().stop(config.run_id)


def _next_untrained(vae: RunConfig) -> RunConfig:
    """The settings themselves, or with the next seed whose pair is not complete yet."""
    while all(ui.status(half.run_id).state in SETTLED for half in (vae.autoencoder, vae)):
        vae = dataclasses.replace(vae, seed=(vae.seed + 1) % 2**31)
    return vae


def _shared_card() -> str:
    """How many share what trains here, where that is no processor."""
    runs = ui.runs()
    return "" if runs.device == "cpu" else f"; {runs.workers} workers share `{runs.device}`"
