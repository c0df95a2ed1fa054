"""Which of the runs that have been trained a page shows, by names that tell them apart."""

from collections import Counter

import streamlit as st

from pages.shared import address, controls
from pages.shared import lab as ui
from pages.shared.once import recent
from vae.config import OF_AN_AE, RunConfig
from vae.runs.store import DamagedRun


def choose_pair() -> RunConfig:
    """One of the pairs that have been trained, as its VAE's config; kept in the URL as `run`."""
    return _choose("run", "Runs", ui.finished_pairs())


def choose_autoencoder() -> RunConfig:
    """One of the AEs that were trained to the end; kept in the URL as `ae`."""
    return _choose("ae", "The trained AE", ui.complete_autoencoders())


def _choose(key: str, label: str, configs: list[RunConfig]) -> RunConfig:
    """One of the given runs; its name is kept in the URL under the key. Ends the page in words where there is none."""
    by_id = {config.run_id: config for config in configs}
    if not by_id:
        st.info("Nothing that was trained is there yet. Train a pair on *Train side by side*.", icon=":material/info:")
        st.page_link("pages/train/train.py", label="Train side by side", icon=":material/play_circle:")
        st.stop()
    asked = st.query_params.get(key)
    if asked is not None and asked not in by_id:
        st.warning(
            f"{key} = {address.quoted(asked)} in the address is not here, or not trained to its end: train it on this "
            "server, or choose one below."
        )
    if asked in by_id and key not in st.session_state:
        st.session_state[key] = asked  # and not as the default, which is forgotten when one leaves the page
    run_id = st.selectbox(
        label,
        list(by_id),
        format_func=_names(tuple(configs)).__getitem__,
        key=key,
        persist_state="session",
    )
    if asked != run_id:  # a write that changes nothing would take what components have written there since
        st.query_params[key] = run_id  # by hand: bound, it would be the run in words
    return by_id[run_id]


@recent(2.0)
def _names(configs: tuple[RunConfig, ...]) -> dict[str, str]:
    """What each run is called by its run_id, which is a part of it where two would be called the same."""
    names = {config.run_id: describe(config) + _stopped(config) for config in configs}
    often = Counter(names.values())
    return {run_id: name if often[name] == 1 else f"{name} · {run_id}" for run_id, name in names.items()}


def describe(config: RunConfig) -> str:
    """A run or its pair in a few words: its dimensions, epochs and seed, and what is not the default."""
    epochs = "1 epoch" if config.epochs == 1 else f"{config.epochs} epochs"
    words = [f"{config.latent_dim}-D", epochs, f"seed {config.seed}"]
    for name, label in {"kl_weight": "KL weight β", "sigma": "h gives", **controls.MORE}.items():
        value = getattr(config, name)
        if value != controls.FIELDS[name].default and not (config.model == "ae" and name in OF_AN_AE):
            shown = ", ".join(map(str, value)) if isinstance(value, tuple) else value
            words.append(f"{label} {f'{shown:g}' if isinstance(shown, float) else shown}")
    if config.init_from:
        trained = {"all": "all of it", "encoder": "only its encoder", "heads": "only its heads"}[config.trainable]
        words.append(f"a converted AE ({_origin(config.init_from)}), {trained} trained")
    return " · ".join(words)


def _origin(run_id: str) -> str:
    """The AE that a VAE was converted from, in a few words."""
    try:
        ae = ui.runs().store.config(run_id)
    except (KeyError, DamagedRun):
        return run_id
    activation = "" if ae.bottleneck == controls.FIELDS["bottleneck"].default else f", f = {ae.bottleneck}"
    return f"{ae.epochs} epoch{'s' * (ae.epochs > 1)}, seed {ae.seed}{activation}"


def _stopped(config: RunConfig) -> str:
    now = ui.status(config.run_id)
    return f" · stopped at epoch {now.step / config.steps_per_epoch:.1f}" if now.state == "stopped" else ""
