"""What is measured of an AE that was converted and not trained: cached, by the AE's run and its model's checksum."""

import numpy as np
import streamlit as st
import torch

from pages.ui import runs as ui
from pages.ui import scatter
from vae import data, figures, latent
from vae.evaluation import Price, decoded_losses, evaluate, prices_of_sigma
from vae.losses import kl_divergence
from vae.models import VariationalAutoencoder, convert, reconstruct, reparameterize
from vae.randomness import seeded

SIGMAS = [10 ** (exponent / 4) for exponent in range(-12, 1)]
PRICED = 2_000  # test images


@st.cache_resource(max_entries=8, show_spinner=False)
def model(run_id: str, sha256: str) -> VariationalAutoencoder:
    """The VAE that an AE is converted to, before any training."""
    run = ui.trained(run_id)
    return convert(run.model, run.config.converted()).eval().requires_grad_(False)


@st.cache_data(max_entries=40, show_spinner="Measuring the converted AE …")
def test(run_id: str, sha256: str) -> dict:
    """The figures of an AE that was converted and not trained, and its reconstruction loss without noise."""
    config, network = ui.trained(run_id).config, model(run_id, sha256)
    images = data.load(config.dataset, "test").images
    mu, _ = latent.encode_all(network, images)
    at_mu = decoded_losses(network, mu, images, config.likelihood).mean().item()
    return evaluate(network, images, config.likelihood).to_dict() | {"at_mu": at_mu}


@st.cache_data(max_entries=40, show_spinner=False)
def first_test(run_id: str, sha256: str) -> dict:
    """The figures of a trained run on the first test images, of which the prices are."""
    run = ui.trained(run_id)
    images = data.load(run.config.dataset, "test").images[:PRICED]
    return evaluate(run.model, images, run.config.likelihood).to_dict()


@st.cache_data(max_entries=40, show_spinner=False)
def kl_parts(run_id: str, sha256: str) -> tuple[float, float]:
    """The KL term of the AE's own codes with the sigma of the new head, nats: what is due to mu, and to sigma."""
    images = data.load(ui.trained(run_id).config.dataset, "test").images
    z, _ = latent.encode_all(ui.trained(run_id).model, images)
    _, log_sigma = latent.encode_all(model(run_id, sha256), images)
    parts = kl_divergence(z, torch.zeros_like(z)), kl_divergence(torch.zeros_like(z), log_sigma)
    return tuple(part.sum(1).mean().item() for part in parts)


@st.cache_data(max_entries=40, show_spinner="Trying one σ after another …")
def prices(run_id: str, sha256: str) -> list[Price]:
    """What each of the SIGMAS costs with the AE's codes as they are, on the first test images."""
    run = ui.trained(run_id)
    images = data.load(run.config.dataset, "test").images[:PRICED]
    return prices_of_sigma(run.model, images, run.config.likelihood, SIGMAS)


@st.cache_data(max_entries=40, show_spinner=False)
def strips_of_the_autoencoder(run_id: str, sha256: str) -> dict[str, np.ndarray]:
    """Ten test digits and what the AE makes of them."""
    x = _ten_digits(run_id)
    return {"x, ten test digits": x.numpy(), "x̂ of the AE": reconstruct(ui.trained(run_id).model, x).numpy()}


@st.cache_resource(max_entries=40, show_spinner=False)
def trade_off(prices: list[Price], levels: dict[str, float]) -> figures.Figure:
    """The figure of the prices, with lines at named levels."""
    return figures.trade_off(prices, levels)


@st.cache_data(max_entries=200, show_spinner=False)
def strips(run_id: str, sha256: str, draw: int) -> dict[str, np.ndarray]:
    """The same, and what the converted AE makes of them without noise and with a draw of it."""
    x, network, ten = _ten_digits(run_id), model(run_id, sha256), data.one_per_class(_test_set(run_id).labels)
    return {
        **strips_of_the_autoencoder(run_id, sha256),
        "converted, without noise (ε = 0)": reconstruct(network, x).numpy(),
        f"converted, z drawn (draw {draw})": reconstruct(network, x, _eps(network, draw)[ten]).numpy(),
    }


def _ten_digits(run_id: str) -> torch.Tensor:
    return _test_set(run_id).images[data.one_per_class(_test_set(run_id).labels)]


def _test_set(run_id: str) -> data.Images:
    return data.load(ui.trained(run_id).config.dataset, "test")


def _eps(network: VariationalAutoencoder, draw: int) -> torch.Tensor:
    """A draw for each of the first test images, in the strips and in the scatter alike: (2000, latent_dim)."""
    return torch.randn(data.TEST_CODES, network.h.out_features, generator=seeded(draw, "conversion eps"))


@st.cache_data(max_entries=40, show_spinner=False)
def points(run_id: str, sha256: str, draw: int) -> tuple[np.ndarray, np.ndarray]:
    """The AE's codes and draws of the converted AE's z, for the first test digits, on the same plane."""
    test_set, network = _test_set(run_id), model(run_id, sha256)
    images = test_set.images[: data.TEST_CODES]
    z, _ = latent.encode_all(ui.trained(run_id).model, images)
    drawn = reparameterize(*latent.encode_all(network, images), _eps(network, draw))
    return tuple(scatter.flatten(codes, test_set.labels.numpy(), None, z) for codes in (z, drawn))
