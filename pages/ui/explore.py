"""The latent space of a trained pair: both planes under the pointer, and fresh samples."""

from collections.abc import Callable

import numpy as np
import streamlit as st
import torch

from pages.ui import address, browser, controls, digits, scatter
from pages.ui import runs as ui
from vae import data, figures, latent
from vae.config import RunConfig
from vae.evaluation import CHUNK
from vae.losses import reconstruction_loss

SAMPLES = 16

_latent_space = browser.component("latent_space")


@ui.says_damage
def codes(vae: RunConfig) -> None:
    """Both planes under the pointer, and the digit whose codes are marked in them."""
    pair = halves(vae)
    dimensions = scatter.choose_two(pair[1].metrics["test"]["kl_per_dimension"])
    same_axes = st.toggle("The same axes for both", key="shared_axes", bind="query-params")
    given = address.given("x", "z", "layers")
    sent = pair_parcels(pair, dimensions)
    if same_axes:
        sent["limits"] = dict.fromkeys(sent["limits"], max(sent["limits"].values()))
    _latent_space(
        key="latent space",
        data={
            "dims": list(dimensions),
            "latentDim": vae.latent_dim,
            "colors": list(figures.DIGIT_COLORS),
            "captions": {
                half.config.model: _caption(half, dimensions, sent["limits"][half.config.model]) for half in pair
            },
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
        **model_parcels(pair, {f"codes_{half.config.model}": codes_parcel(half, dimensions) for half in pair}),
        "limits": {
            half.config.model: _limit(half.config.run_id, half.metrics["model_sha256"], dimensions) for half in pair
        },
    }


def model_parcels(pair: list[ui.Trained], others: dict | None = None) -> dict:
    """What a component needs to run a pair on digits: the names of its parcels, and the hard digits."""
    vae = pair[1]
    parcels = browser.deliver(
        browser.digits_parcels(vae.config.dataset)
        | {half.config.model: browser.model_parcel(half) for half in pair}
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
    beyond = f"; {outside:,} of 10,000 codes outside" if outside else ""
    return f"{half.config.model.upper()}: {ui.test_in_words(half.config.run_id).replace('**', '')}{beyond}"


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
@torch.no_grad()
def hard_digits(run_id: str, sha256: str, count: int = 50) -> list[int]:
    """The test digits that a model reconstructs worst from their mean codes, the worst first."""
    run = ui.trained(run_id)
    images = data.load(run.config.dataset, "test").images
    mu, _ = ui.codes(run_id, sha256)
    losses = [
        reconstruction_loss(run.model.decode(z), x, run.config.likelihood)
        for z, x in zip(mu.split(CHUNK), images.split(CHUNK))
    ]
    return torch.cat(losses).topk(count).indices.tolist()


@ui.says_damage
def samples(vae: RunConfig) -> None:
    """Codes that belong to no digit, decoded: from N(0, I) by both, and from a Gaussian fitted to the AE's codes."""
    st.subheader("Fresh samples")
    number, again = st.columns([1, 3], vertical_alignment="bottom")
    bind = controls.binding("draw", lambda asked: address.is_whole(asked, 10_000), "a whole number to 10,000")
    with number:
        draw = st.number_input("Draw", min_value=0, max_value=10_000, step=1, key="draw", bind=bind)
    again.button("Draw again", icon=":material/casino:", on_click=_draw_again)
    ae, own = (half.metrics["model_sha256"] for half in halves(vae))
    digits.film_strips(_samples(vae.run_id, own, vae.autoencoder.run_id, ae, draw), widest=1200)


@st.cache_data(max_entries=200, show_spinner=False)
def _samples(vae_id: str, vae_sha256: str, ae_id: str, ae_sha256: str, draw: int) -> dict[str, np.ndarray]:
    vae, ae = ui.trained(vae_id), ui.trained(ae_id)
    prior = latent.prior_samples(SAMPLES, vae.config.latent_dim, draw)
    z, _ = ui.codes(ae_id, ae_sha256)
    fitted = latent.gaussian_samples(latent.fit_gaussian(z), SAMPLES, draw)
    return {
        "VAE: z from N(0, I), its prior": latent.decode_all(vae.model, prior).numpy(),
        "AE: z from N(0, I)": latent.decode_all(ae.model, prior).numpy(),
        "AE: z from a Gaussian fitted to its codes": latent.decode_all(ae.model, fitted).numpy(),
    }


def _draw_again() -> None:
    st.session_state["draw"] = st.session_state.get("draw", 0) + 1


def halves(vae: RunConfig) -> list[ui.Trained]:
    """Both trained halves of a pair; ends the page in words when one is being trained again just now."""
    pair = [ui.trained(half.run_id) for half in (vae.autoencoder, vae)]
    if None in pair:
        st.info("This pair is being trained again just now: choose another, or come back in a moment.")
        st.stop()
    return pair


def _flat(half: ui.Trained, dimensions) -> np.ndarray:
    return _flattened(half.config.run_id, half.metrics["model_sha256"], dimensions)


@st.cache_resource(max_entries=20, show_spinner=False)
def _flattened(run_id: str, sha256: str, dimensions: tuple[int, ...]) -> np.ndarray:
    return ui.codes(run_id, sha256)[0][:, list(dimensions)].numpy()


@st.cache_data(max_entries=40, show_spinner=False)
def _limit(run_id: str, sha256: str, dimensions: tuple[int, ...]) -> float:
    return figures.axis_limit(_flattened(run_id, sha256, dimensions))
