"""The latent space of a trained pair: both planes under the pointer, and fresh samples."""

from collections.abc import Callable

import numpy as np
import streamlit as st
import torch

from pages.ui import address, bottleneck, browser, controls, digits, scatter
from pages.ui import runs as ui
from vae import data, figures, latent
from vae.config import RunConfig
from vae.evaluation import decoded_losses

SAMPLES = 16
BOUNDED_LIMIT = 1.2  # of the axes where all codes are in a square: N(0, I) to 1 sigma is in it, and some room
HALVES = ("ae", "vae")  # left and right, by what usually is there: a VAE may stand on the left too

_latent_space = browser.component("latent_space")


@ui.says_damage
def codes(left: RunConfig, vae: RunConfig, same_axes: bool) -> None:
    """Both planes under the pointer, and the digit whose codes are marked in them."""
    pair = halves(vae, left)
    dimensions = scatter.choose_two(pair[1].metrics["test"]["kl_per_dimension"])
    given = address.given("x", "z", "layers")
    st.markdown(bottleneck.outcome(*pair))
    sent = pair_parcels(pair, dimensions)
    if same_axes:
        sent["limits"] = dict.fromkeys(sent["limits"], max(sent["limits"].values()))
    _latent_space(
        key="latent space",
        data={
            "dims": list(dimensions),
            "latentDim": vae.latent_dim,
            "colors": list(figures.DIGIT_COLORS),
            "names": {half: bottleneck.name(run.config) for half, run in zip(HALVES, pair)},
            "captions": {half: _caption(run, dimensions, sent["limits"][half]) for half, run in zip(HALVES, pair)},
            "given": given,
            **sent,
            "subject": f"{sent['subject']} {sent['limits']}",
        },
        on_missing_change=browser.send_again("latent space"),
        height="content",
    )


def pair_parcels(pair: list[ui.Trained], dimensions: tuple[int, ...]) -> dict:
    """What a component needs to show a pair on a plane: model_parcels with its codes, the half-width of each plane."""
    return {
        **model_parcels(pair, {f"codes_{half}": codes_parcel(run, dimensions) for half, run in zip(HALVES, pair)}),
        "limits": {half: _limit(run, dimensions) for half, run in zip(HALVES, pair)},
    }


def model_parcels(pair: list[ui.Trained], others: dict | None = None) -> dict:
    """What a component needs to run a pair on digits: the names of its parcels, and the hard digits."""
    vae = pair[1]
    parcels = browser.deliver(
        browser.digits_parcels(vae.config.dataset)
        | {half: browser.model_parcel(run) for half, run in zip(HALVES, pair)}
        | (others or {})
    )
    return {
        "subject": " ".join(parcels.values()),  # another one is another picture
        "parcels": parcels,
        "hard": hard_digits(vae.config.run_id, vae.metrics["model_sha256"]),
    }


def _caption(half: ui.Trained, dimensions: tuple[int, ...], limit: float) -> str:
    """What a half is worth, and what of it the axes leave out."""
    outside = int((np.abs(_flat(half, dimensions)) > limit).any(1).sum())
    beyond = f"; {outside:,} of 10,000 codes outside of the picture" if outside else ""
    return f"{bottleneck.name(half.config)}: {ui.test_in_words(half.config.run_id).replace('**', '')}{beyond}"


def codes_parcel(half: ui.Trained, dimensions: tuple[int, ...], count: int = 10_000) -> tuple[str, Callable[[], bytes]]:
    """The codes of the first `count` test images on the dimensions of a plane, as float32 rows.

    mu, a row a dimension, then, of a VAE, sigma.
    """
    sha256, chosen = half.metrics["model_sha256"], list(dimensions)

    def make() -> bytes:
        mu, log_sigma = ui.codes(half.config.run_id, sha256, count)
        parts = [mu] if log_sigma is None else [mu, log_sigma.exp()]
        rows = torch.cat([part[:, chosen].T for part in parts])
        return rows.contiguous().numpy().astype("<f4").tobytes()

    return f"codes {sha256} {chosen} {count}", make


@st.cache_data(max_entries=40, show_spinner="Looking for the hard digits …")
def hard_digits(run_id: str, sha256: str, count: int = 50) -> list[int]:
    """The test digits that a model reconstructs worst from their mean codes, the worst first."""
    run = ui.trained(run_id)
    images = data.load(run.config.dataset, "test").images
    mu, _ = ui.codes(run_id, sha256)
    return decoded_losses(run.model, mu, images, run.config.likelihood).topk(count).indices.tolist()


@ui.says_damage
def samples(left: RunConfig, vae: RunConfig) -> None:
    """Codes that belong to no digit, decoded: from N(0, I) by both, and from a Gaussian fitted to the left's codes."""
    st.subheader("Fresh samples")
    number, again = st.columns([1, 3], vertical_alignment="bottom")
    bind = controls.binding("draw", lambda asked: address.is_whole(asked, 10_000), "a whole number to 10,000")
    with number:
        draw = st.number_input("Draw", min_value=0, max_value=10_000, step=1, key="draw", bind=bind)
    again.button("Draw again", icon=":material/casino:", on_click=_draw_again)
    keys = [(run.config.run_id, run.metrics["model_sha256"]) for run in halves(vae, left)]
    digits.film_strips(_samples(*keys, draw), widest=1200)
    if words := bottleneck.beyond(left, latent.prior_samples(SAMPLES, left.latent_dim, draw)):
        st.markdown(words)


@st.cache_data(max_entries=200, show_spinner=False)
def _samples(left_key: tuple[str, str], right_key: tuple[str, str], draw: int) -> dict[str, np.ndarray]:
    left, right = (ui.trained(run_id) for run_id, _ in (left_key, right_key))
    prior = latent.prior_samples(SAMPLES, right.config.latent_dim, draw)
    z = latent.aggregate_samples(*ui.codes(*left_key), 0)
    fitted = latent.gaussian_samples(latent.fit_gaussian(z), SAMPLES, draw)
    name = bottleneck.name(left.config)
    return {
        f"{bottleneck.name(right.config)}: z from N(0, I), its prior": latent.decode_all(right.model, prior).numpy(),
        f"{name}: z from N(0, I)": latent.decode_all(left.model, prior).numpy(),
        f"{name}: z from a Gaussian fitted to its codes": latent.decode_all(left.model, fitted).numpy(),
    }


def _draw_again() -> None:
    st.session_state["draw"] = st.session_state.get("draw", 0) + 1


def halves(vae: RunConfig, left: RunConfig | None = None) -> list[ui.Trained]:
    """A VAE's AE, or what else stands on its left, and the VAE, trained; ends the page in words while one is not."""
    pair = [ui.trained(half.run_id) for half in (left or ui.partner(vae), vae)]
    if None in pair:
        st.info("This pair is being trained again just now: choose another, or come back in a moment.")
        st.stop()
    return pair


def _flat(half: ui.Trained, dimensions) -> np.ndarray:
    return _flattened(half.config.run_id, half.metrics["model_sha256"], dimensions)


@st.cache_resource(max_entries=20, show_spinner=False)
def _flattened(run_id: str, sha256: str, dimensions: tuple[int, ...]) -> np.ndarray:
    return ui.codes(run_id, sha256)[0][:, list(dimensions)].numpy()


def _limit(half: ui.Trained, dimensions: tuple[int, ...]) -> float:
    if bottleneck.is_bounded(half.config):
        return BOUNDED_LIMIT
    return _reach(half.config.run_id, half.metrics["model_sha256"], dimensions)


@st.cache_data(max_entries=40, show_spinner=False)
def _reach(run_id: str, sha256: str, dimensions: tuple[int, ...]) -> float:
    return figures.axis_limit(_flattened(run_id, sha256, dimensions))
