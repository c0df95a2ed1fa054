"""Posterior collapse as it happens: the KL of every dimension over a training, and what a warm-up does to it."""

import streamlit as st

from pages.ui import runs as ui
from vae import figures
from vae.config import RunConfig
from vae.evaluation import active_dimensions
from vae.sweep import RAMPLESS

WARMED = RunConfig(latent_dim=RAMPLESS.latent_dim)


@ui.says_damage
def over_a_training(runs: list[RunConfig]) -> None:
    """The KL of each dimension of one of the given VAEs, from its first step to its last."""
    names = {f"β = {config.kl_weight:.10g}": config for config in runs}
    if not names:
        return
    first = next((name for name, config in names.items() if config.kl_weight == 1), next(iter(names)))
    chosen = st.segmented_control("The training of", list(names), default=first, required=True)
    _curves({chosen: names[chosen]})
    st.caption("Red: active in the end; grey: collapsed, the same for every digit.")


@ui.says_damage
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
    st.markdown(f"**Measured:** {'; '.join(outcomes)}.")


def _curves(named: dict[str, RunConfig]) -> None:
    """The curves of finished runs by name, side by side."""
    runs = {name: ui.trained(config.run_id) for name, config in named.items()}
    if None in runs.values():
        st.info("This run is being trained again just now: come back in a moment.")
        return
    keys = {name: (run.config.run_id, run.metrics["model_sha256"]) for name, run in runs.items()}
    if figure := _figure(keys):
        st.plotly_chart(figure, key=" ".join(named), config={"displayModeBar": False})
    else:
        st.info("This run is older than these curves: nobody wrote them down.")


@st.cache_resource(max_entries=50, show_spinner=False)
def _figure(keys: dict[str, tuple[str, str]]) -> figures.Figure | None:
    histories = {name: ui.runs().store.history(run_id) for name, (run_id, _) in keys.items()}
    if not all(line.get("kl_per_dimension") for history in histories.values() for line in history):
        return None
    active = {name: active_dimensions(ui.codes(*key)[0]) for name, key in keys.items()}
    return figures.kl_per_dimension_curves(histories, active)
