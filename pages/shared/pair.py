"""A trained pair: its two halves, and what a component needs to show them."""

import streamlit as st

from pages.shared import bottleneck, lab, parcels
from pages.shared.trained import Trained
from vae.config import RunConfig

HALVES = ("ae", "vae")  # left and right, by what usually is there: a VAE may stand on the left too
BOUNDED_LIMIT = 1.2  # of the axes where all codes are in a square: N(0, I) to 1 sigma is in it, and some room


def halves(vae: RunConfig, left: RunConfig | None = None) -> list[Trained]:
    """A VAE's AE, or what else stands on its left, and the VAE, trained; ends the page in words while one is not."""
    pair = [lab.trained(half.run_id) for half in (left or lab.partner(vae), vae)]
    if None in pair:
        st.info("This pair is being trained again just now: choose another, or come back in a moment.")
        st.stop()
    return pair


def models(pair: list[Trained]) -> dict:
    """What a component needs to run a pair on digits: the names of models, digits and hard digits."""
    return {**digits(pair[1]), **named(labels(pair[1]) | {half: parcels.of_model(run) for half, run in _named(pair)})}


def on_a_plane(pair: list[Trained], dimensions: tuple[int, ...]) -> dict:
    """`models`, with the codes on the dimensions of a plane, and the half-width of each model's plane."""
    codes = {f"codes_{half}": parcels.of_codes(run, dimensions, len(run.test_set.labels)) for half, run in _named(pair)}
    models_too = models(pair)
    return {
        **models_too,
        **named(models_too["parcels"] | codes),
        "limits": {half: limit(run, dimensions) for half, run in _named(pair)},
    }


def digits(run: Trained) -> dict:
    """What a component needs to have a digit chosen: the names of the test images' parts, and of the hard digits."""
    return {"images": parcels.of_images(run.config.dataset), "hard": parcels.of_hard_digits(run)}


def labels(run: Trained) -> dict[str, str]:
    """The name of the test labels."""
    return {"labels": parcels.of_labels(run.config.dataset)}


def named(names: dict[str, str]) -> dict:
    """Parcels by what a component calls them, and the subject that they are: other parcels are another picture."""
    return {"parcels": names, "subject": " ".join(names.values())}


def limit(run: Trained, dimensions: tuple[int, ...]) -> float:
    """How far the axes of a run's plane go."""
    return BOUNDED_LIMIT if bottleneck.is_bounded(run.config) else run.reach(dimensions)


def _named(pair: list[Trained]) -> zip:
    return zip(HALVES, pair)
