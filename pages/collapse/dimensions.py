"""Posterior collapse as it happens: the KL of every dimension over a training, and what a warm-up does to it."""

import functools

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared import figures, seeds
from pages.shared import lab as ui
from pages.shared.glossary import say
from pages.shared.once import once
from pages.shared.readings import says_damage
from pages.shared.trained import Trained
from vae.config import RunConfig
from vae.measures.evaluation import active_dimensions
from vae.runs.sweep import RAMPLESS

WARMED = RunConfig(latent_dim=RAMPLESS.latent_dim)


@says_damage
def over_a_training(runs: list[RunConfig], chooser: DeltaGenerator) -> None:
    """The KL of each dimension of one of these VAEs, from its first step to its last; chooser: where to choose it."""
    names = {f"β = {config.kl_weight:.10g}": config for config in runs}
    if not names:
        st.info("No trained runs of this ladder are here: train some below.", icon=":material/arrow_downward:")
        return
    first = next((name for name, config in names.items() if config.kl_weight == 1), next(iter(names)))
    chosen = chooser.segmented_control("The training of", list(names), default=first, required=True)
    _curves({chosen: names[chosen]})
    st.caption("Red: active in the end, their μ varies over the digits; grey: inactive, their μ hardly does.")


@says_damage
def with_and_without_warm_up() -> None:
    """Two runs of weight 1 that differ in the warm-up alone, and what came of each."""
    pair = {f"warm-up over {WARMED.kl_ramp:.0%} of the training": WARMED, "no warm-up": RAMPLESS}
    tests = {name: ui.test_of(config.run_id) for name, config in pair.items()}
    if not all(tests.values()):
        st.info("The two runs of this comparison are not here.")
        return
    _curves(pair)
    outcomes = [
        f"{name}: {test['active_units']} of {WARMED.latent_dim} dimensions active, −ELBO {test['negative_elbo']:.1f} "
        f"= reconstruction {test['reconstruction']:.1f} + KL {test['kl']:.1f} nats"
        for name, test in tests.items()
    ]
    say(f"**Measured:** {'; '.join(outcomes)}.")
    warmed, without = (seeds.figure(functools.partial(seeds.with_seed, config)) for config in pair.values())
    say(f"−ELBO with a warm-up, against without: {seeds.better(warmed, without)}.")
    seeds.dots({"warm-up": warmed, "no warm-up": without}, "−ELBO of the test digits, nats")


def _curves(named: dict[str, RunConfig]) -> None:
    """The curves of finished runs by name, side by side."""
    runs = {name: ui.trained(config.run_id) for name, config in named.items()}
    if None in runs.values():
        st.info("This run is being trained again just now: come back in a moment.")
        return
    if figure := _figure(tuple(runs.items())):
        st.plotly_chart(figure, key=" ".join(named), config={"displayModeBar": False})
    else:
        st.info("This run is older than these curves: nobody wrote them down.")


@once(50)
def _figure(runs: tuple[tuple[str, Trained], ...]) -> figures.Figure | None:
    histories = {name: ui.runs().store.history(run.run_id) for name, run in runs}
    if not all(line.get("kl_per_dimension") for history in histories.values() for line in history):
        return None
    active = {name: active_dimensions(run.codes[0]) for name, run in runs}
    return figures.kl_per_dimension_curves(histories, active)
