"""Which of the runs that have been trained a page shows, by names that tell them apart."""

from collections import Counter

import streamlit as st

from pages.shared import end_page, in_words, linked
from pages.shared import lab as ui
from pages.shared.once import recent
from vae.config import RunConfig

CHIP = 250  # pixels


def choose_pair() -> RunConfig:
    """One of the pairs that have been trained, as its VAE's config; kept in the URL as `run`."""
    return _choose("run", "vae", "Runs", ui.finished_pairs())


def name_of(vae: RunConfig) -> str:
    """What a pair is called where one chooses."""
    return _names(tuple(ui.finished_pairs()))[vae.run_id]


def choose_autoencoder() -> RunConfig:
    """One of the AEs that were trained to the end; kept in the URL as `ae`."""
    return _choose("ae", "ae", "The trained AE", ui.complete_autoencoders())


def _choose(key: str, model: str, label: str, configs: list[RunConfig]) -> RunConfig:
    """One of the given runs; its name is kept in the URL under the key. Ends the page in words where there is none."""
    by_id = {config.run_id: config for config in configs}
    asked = st.query_params.get(key)
    is_awaited = asked is not None and asked not in by_id and linked.offer(key, model)
    if not by_id:
        st.info("Nothing that was trained is there yet. Train a pair on *Train side by side*.", icon=":material/info:")
        st.page_link("pages/train/train.py", label="Train side by side", icon=":material/play_circle:")
        end_page()
    if asked in by_id and st.session_state.get(key) != asked:
        st.session_state[key] = asked  # and not as the default, which is forgotten when one leaves the page
    run_id = st.selectbox(
        label,
        list(by_id),
        format_func=_names(tuple(configs)).__getitem__,
        key=key,
        persist_state="session",
        on_change=_by_hand,
        args=(key,),
        label_visibility="collapsed",
        width=CHIP,
    )
    if not is_awaited:  # else the address still names the run that is to come
        if asked != run_id:  # a write that changes nothing would take what components have written there since
            st.query_params[key] = run_id  # by hand: bound, it would be the run in words
        linked.carry(by_id[run_id])
    return by_id[run_id]


def _by_hand(key: str) -> None:
    """Somebody has chosen another run: the address names that one."""
    st.query_params[key] = st.session_state[key]


@recent(2.0)
def _names(configs: tuple[RunConfig, ...]) -> dict[str, str]:
    """What each run is called by its run_id, which is a part of it where two would be called the same."""
    names = {config.run_id: in_words.describe(config) + _stopped(config) for config in configs}
    often = Counter(names.values())
    return {run_id: name if often[name] == 1 else f"{name} · {run_id}" for run_id, name in names.items()}


def _stopped(config: RunConfig) -> str:
    if not ui.was_stopped(config):
        return ""
    return f" · stopped at epoch {ui.status(config.run_id).step / config.steps_per_epoch:.1f}"
