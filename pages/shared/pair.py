"""A trained pair: its two halves, and what a component needs to show their codes."""

import streamlit as st

from pages.shared import bottleneck, end_page, lab, parcels
from pages.shared.parcels import HALVES
from pages.shared.trained import Trained
from vae.config import RunConfig

BOUNDED_LIMIT = 1.2  # of the axes where all codes are in a square: N(0, I) to 1 sigma is in it, and some room


def halves(vae: RunConfig, left: RunConfig | None = None) -> list[Trained]:
    """A VAE's AE, or what else stands on its left, and the VAE, trained; ends the page in words while one is not."""
    configs = left or lab.partner(vae), vae
    pair = [lab.trained(half.run_id) for half in configs]
    if None in pair:  # perhaps it has ended since this was last read, a moment ago
        for half in configs:
            lab.forget(half.run_id)
        pair = [lab.trained(half.run_id) for half in configs]
    if None in pair:
        st.info("This pair is being trained again just now: choose another, or come back in a moment.")
        end_page()
    return pair


def on_a_plane(pair: list[Trained], dimensions: tuple[int, ...]) -> dict:
    """`parcels.models`, with the codes on the dimensions of a plane, and the half-width of each model's plane."""
    codes = {
        f"codes_{half}": parcels.of_codes(run, dimensions, len(run.test_set.labels)) for half, run in zip(HALVES, pair)
    }
    models = parcels.models(pair)
    return {
        **models,
        **parcels.named(models["parcels"] | codes),
        "limits": {half: limit(run, dimensions) for half, run in zip(HALVES, pair)},
    }


def limit(run: Trained, dimensions: tuple[int, ...]) -> float:
    """How far the axes of a run's plane go."""
    return BOUNDED_LIMIT if bottleneck.is_bounded(run.config) else run.reach(dimensions)
