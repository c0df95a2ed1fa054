"""A link names a run, and carries its settings: where the run is not there, it can be said which one, and trained."""

import dataclasses
import functools

import streamlit as st

from pages.shared import controls, several
from pages.shared import lab as ui
from pages.shared.in_words import describe
from pages.shared.plain import message, plain
from pages.shared.readings import says_damage, store
from pages.shared.steer import waiting
from vae import datasets
from vae.config import ConfigError, RunConfig
from vae.runs.states import SETTLED, USABLE, RunStatus
from vae.sizes import is_own

FIELDS = {name: field for name, field in controls.FIELDS.items() if name != "model"}
LONGEST = 1_000  # letters of settings


def carry(config: RunConfig) -> None:
    """Puts the settings of the run on show beside its name in the address: those that are not the defaults."""
    wanted = settings_of(config)
    if st.query_params.get("settings", "") == wanted:
        return  # a write that changes nothing would take what components have written there since
    if wanted:
        st.query_params["settings"] = wanted
    else:
        del st.query_params["settings"]


@functools.lru_cache(maxsize=1000)
def settings_of(config: RunConfig) -> str:
    """The settings of a run that are not the defaults, as names and values: "epochs 5 hidden_dims 64-32"."""
    plain_one = RunConfig(model=config.model)
    changed = [name for name in FIELDS if getattr(config, name) != getattr(plain_one, name)]
    return " ".join(f"{name} {_text(getattr(config, name))}" for name in changed)


def address_of(config: RunConfig) -> dict[str, str]:
    """The parameters of an address by which a page shows a run, also where it is not trained yet."""
    settings = settings_of(config)
    return {"ae" if config.model == "ae" else "run": config.run_id} | ({"settings": settings} if settings else {})


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def config_of(run_id: str, settings: str) -> RunConfig:
    """The run of that name with those settings; raises ConfigError where they are none, or another run's."""
    words = settings[:LONGEST].split()
    names, values = words[::2], words[1::2]
    if len(names) != len(values) or not set(names) <= set(FIELDS):
        raise ConfigError("settings", settings, f"names and values of settings; the names are {', '.join(FIELDS)}")
    given = {name: _value(FIELDS[name], text) for name, text in zip(names, values)}
    config = RunConfig(model=run_id.partition("-")[0], **given)
    if config.run_id != run_id:
        raise ConfigError("settings", settings, f"those of the run that is named, and these are of {config.run_id}")
    return config


def _value(field: dataclasses.Field, text: str):
    """A setting's value; what is none is left for RunConfig to refuse by name."""
    try:
        if isinstance(field.default, tuple):
            return tuple(map(int, text.split("-")))
        return type(field.default)(text)
    except ValueError:
        return text


def asked_for(key: str) -> RunConfig | None:
    """The run that an address names under the key, by the settings beside it; None without any that are its own."""
    run_id, settings = st.query_params.get(key), st.query_params.get("settings")
    try:
        return config_of(run_id, settings) if run_id and settings else None
    except ConfigError:
        return None


def offer(key: str, model: str) -> bool:
    """Says of a run in the address that is not here which one it is, and has it trained here by a click.

    model: which of both the page shows under this key. Whether the address is still to name the run.
    """
    run_id, settings = st.query_params[key], st.query_params.get("settings")
    here = f"{key} = {plain(run_id)} in the address is not here, or not trained to its end"
    if settings is None or not run_id.startswith(f"{model}-"):
        st.warning(f"{here}: train it on this server, or choose one below.")
        return False
    try:
        config = config_of(run_id, settings)
    except ConfigError as error:
        st.warning(
            f"{here}, and the settings beside it do not tell which run it is: {error.name} = {plain(error.value)} is "
            f"not allowed: {error.allowed}."
        )
        return False
    return _offer_training(key, config)


@says_damage
def _offer_training(key: str, config: RunConfig) -> bool:
    which = (
        f"The run of this link, {plain(config.run_id)}, is not trained on this server yet: {describe(config, plain)}."
    )
    if is_own(config.dataset) and not store().bring(config.dataset):
        st.info(f"{which} Its pictures, {config.dataset}, are not here: add their file on *Own pictures*.")
        return True
    if not datasets.is_available(config.dataset):
        st.info(f"{which} Its images, {config.dataset}, are not here: *Train side by side* can download them.")
        return True
    if config.init_from and ui.status(config.init_from).state != "complete":
        st.info(f"{which} It starts from the AE {plain(config.init_from)}, which is not here either: train that first.")
        return True
    halves = [config] if config.model == "ae" or config.init_from else [config, config.autoencoder]
    ended = [ui.status(half.run_id) for half in halves]
    lost = [state for state in ended if state.state in SETTLED - USABLE]
    if lost:
        st.error(f"The run of this link cannot be shown: {message(lost[0].message)}", icon=":material/error:")
        return False
    st.info(which, icon=":material/link:")
    several.train(halves, _progress, label="Train it here", name=f"linked {key}")
    return True


def _progress(configs: list[RunConfig], now: list[RunStatus]) -> None:
    """How far both halves are together, once somebody has asked for them."""
    failed = [state for state in now if state.state == "failed"]
    if failed:
        st.error(message(failed[0].message), icon=":material/error:")
    if any(state.is_active for state in now):
        share = sum(state.step for state in now) / sum(config.total_steps for config in configs)
        is_waiting = all(state.state in ("queued", "complete") for state in now)
        st.progress(min(share, 1.0), waiting(configs[-1].run_id) if is_waiting else f"{share:.0%} of the training")
