"""Trained VAEs that differ in the KL weight alone: which architectures there are, and the rungs of one."""

import dataclasses
from collections import defaultdict

import streamlit as st

from pages.shared import address, class_names, controls, linked, take_home
from pages.shared import lab as ui
from vae.config import RunConfig
from vae.runs.sweep import LADDER, MOST_WEIGHTS, ladder
from vae.sizes import is_own

MOST_OWN = 12  # runs that were trained here and stand on the slider too
ARCHITECTURE = ("latent_dim", "dataset", "classes", "hidden_dims", "activation", "bottleneck", "sigma", "likelihood")


def choose_architecture(first: int) -> RunConfig:
    """The architecture whose runs are looked at, as the default run's config with it; kept in the URL as `models`.

    first: the place in the list of the one that is shown at first.
    """
    families = {_name(shape): shape for shape in _shapes()}
    name = st.selectbox(
        "Models",
        list(families),
        first,
        key="models",
        bind=address.binding("models", families),
        label_visibility="collapsed",
        width=300,
    )
    return RunConfig(**dict(zip(ARCHITECTURE, families[name])))


def heading(architecture: RunConfig | None) -> str:
    """Markdown: whose pictures a page of a ladder shows; empty without one."""
    return take_home.heading("VAEs with several KL weights β", architecture) if architecture else ""


def _shapes() -> list[tuple]:
    """The architectures of the ladders, those of which there are pairs of two weights at least, and a link's."""
    weights = defaultdict(set)
    for config in from_scratch():
        weights[_shape(config)].add(config.kl_weight)
    ladders = [_shape(RunConfig(latent_dim=latent_dim)) for latent_dim in LADDER]
    own = {shape for shape, some in weights.items() if len(some) > 1}
    if (asked := linked.asked_for("chosen")) and not asked.init_from:  # of a link, to be trained here
        own |= {_shape(asked)}
    own -= set(ladders)
    return [*ladders, *sorted(own, key=_name)]


def from_scratch() -> list[RunConfig]:
    """The VAEs that do not owe a part of what they are to an AE."""
    return [config for config in ui.complete_pairs() if not config.init_from]


def _shape(config: RunConfig) -> tuple:
    return tuple(getattr(config, name) for name in ARCHITECTURE)


def _name(shape: tuple) -> str:
    latent_dim, *others = zip(ARCHITECTURE, shape)
    words = [_in_words(name, value) for name, value in others if value != controls.FIELDS[name].default]
    return " ".join([f"{latent_dim[1]}-D", *words])


def _in_words(name: str, value: object) -> str:
    """A setting; own pictures by their title, with the beginning of their checksum, for two may have one title."""
    if name == "dataset" and is_own(value):
        found = class_names.about(value)
        return f"{found.title if found else ''} {class_names.checksum(value)}".strip()
    return f"{name} {value}"


def trained_runs(architecture: RunConfig) -> list[RunConfig]:
    """The rungs: the trained VAEs of an architecture that the slider goes along, the smallest weight first."""
    return rungs(architecture, runs_of(architecture), None, with_own=False)


def runs_of(architecture: RunConfig) -> list[RunConfig]:
    """The VAEs of an architecture that were trained to the end."""
    shape = _shape(architecture)
    alike = [config for config in from_scratch() if _shape(config) == shape]
    return [c for c in alike if ui.test_of(c.run_id) and ui.test_of(c.autoencoder.run_id)]


def rungs(architecture: RunConfig, runs: list[RunConfig], chosen: str | None, with_own: bool = True) -> list[RunConfig]:
    """The ladder that comes with the project, else the most weights that were trained alike; and the chosen run.

    with_own: also what was trained here, of whatever seed and epochs.
    """
    if any(_shape(architecture) == _shape(RunConfig(latent_dim=latent_dim)) for latent_dim in LADDER):
        found = [config for config in ladder(architecture.latent_dim) if config in runs]
        found += [
            c for c in runs if with_own and c not in found and not ui.runs().store.comes_with_the_project(c.run_id)
        ][:MOST_OWN]
    else:
        alike: dict[RunConfig, dict[float, RunConfig]] = defaultdict(dict)
        for config in runs:
            alike[dataclasses.replace(config, kl_weight=1.0)][config.kl_weight] = config
        found = [*max(alike.values(), key=len, default={}).values()][:MOST_WEIGHTS]
    found += [config for config in runs if config.run_id == chosen and config not in found]
    return sorted(found, key=lambda config: config.kl_weight)
