"""What is measured of an AE that was converted and not trained: each once a model."""

import numpy as np
import torch

from pages.shared import digits, figures, scatter
from pages.shared.once import once
from pages.shared.trained import Trained
from vae import data
from vae.measures.chunks import decoded_losses, encode_all
from vae.measures.evaluation import Price, measure_terms, prices_of_sigma
from vae.models import VariationalAutoencoder, convert, reconstruct, reparameterize
from vae.objective import kl_divergence
from vae.randomness import seeded

SIGMAS = [10 ** (exponent / 4) for exponent in range(-12, 1)]
PRICED = 2_000  # test images
DRAWS = 4  # of eps an image, at most: a page waits for them


@once(8)
def model(run: Trained) -> VariationalAutoencoder:
    """The VAE that an AE is converted to, before any training."""
    return convert(run.model, run.config.converted()).eval().requires_grad_(False)


@once(40, "Measuring the converted AE …")
def test(run: Trained) -> dict:
    """The figures of an AE that was converted and not trained, and its reconstruction loss without noise."""
    config, network = run.config, model(run)
    images = data.load(config.dataset, "test").images
    mu, _ = encode_all(network, images)
    at_mu = decoded_losses(network, mu, images, config.likelihood).mean().item()
    return measure_terms(network, images, config.likelihood, DRAWS).to_dict() | {"at_mu": at_mu}


@once(40)
def first_test(run: Trained) -> dict:
    """The figures of a trained run on the first test images, of which the prices are."""
    images = run.test_set.images[:PRICED]
    return measure_terms(run.model, images, run.config.likelihood, DRAWS).to_dict()


@once(40)
def kl_parts(run: Trained) -> tuple[float, float]:
    """The KL term of the AE's own codes with the sigma of the new head, nats: what is due to mu, and to sigma."""
    images = run.test_set.images
    z, _ = encode_all(run.model, images)
    _, log_sigma = encode_all(model(run), images)
    parts = kl_divergence(z, torch.zeros_like(z)), kl_divergence(torch.zeros_like(z), log_sigma)
    return tuple(part.sum(1).mean().item() for part in parts)


@once(40, "Trying one σ after another …")
def prices(run: Trained) -> list[Price]:
    """What each of the SIGMAS costs with the AE's codes as they are, on the first test images."""
    images = run.test_set.images[:PRICED]
    return prices_of_sigma(run.model, images, run.config.likelihood, SIGMAS)


@once(40)
def trade_off(run: Trained, levels: tuple[tuple[str, float], ...]) -> figures.Figure:
    """The figure of the prices, with lines at named levels."""
    return figures.trade_off(prices(run), dict(levels))


@once(200)
def strips(run: Trained, draw: int | None) -> str:
    """Film strips of ten test digits and what the AE makes of them.

    draw: also what the converted AE makes of them, without noise and with this draw of it.
    """
    ten = data.one_per_class(run.test_set.labels)
    x, network = run.test_set.images[ten], model(run)
    rows = {"x, ten test digits": x, "x̂ of the AE": reconstruct(run.model, x)}
    if draw is not None:
        rows["converted, without noise (ε = 0)"] = reconstruct(network, x)
        rows[f"converted, z drawn (draw {draw})"] = reconstruct(network, x, _eps(network, draw)[ten])
    return digits.film_strips({name: images.numpy() for name, images in rows.items()}, stacked=True)


def _eps(network: VariationalAutoencoder, draw: int) -> torch.Tensor:
    """A draw for each of the first test images, in the strips and in the scatter alike: (2000, latent_dim)."""
    return torch.randn(data.TEST_CODES, network.h.out_features, generator=seeded(draw, "conversion eps"))


@once(40)
def points(run: Trained, draw: int) -> tuple[np.ndarray, np.ndarray]:
    """The AE's codes and draws of the converted AE's z, for the first test digits, on the same plane."""
    test_set, network = run.test_set, model(run)
    images = test_set.images[: data.TEST_CODES]
    z, _ = encode_all(run.model, images)
    drawn = reparameterize(*encode_all(network, images), _eps(network, draw)[: len(images)])
    return tuple(scatter.flatten(codes, test_set.labels.numpy(), None, z) for codes in (z, drawn))
