"""What a trained model is worth on the test images, in the numbers that the app reports."""

import functools
import math
from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vae import data
from vae.models import encode_parameters, reparameterize
from vae.objective import kl_divergence, loss_terms, negative_elbo, reconstruction_loss
from vae.randomness import seeded

ACTIVE_VARIANCE = 0.01  # a unit is active when mu_d varies more than this over the test set (Burda et al. 2016)
CHUNK = 1_000


@dataclass(frozen=True)
class Metrics:
    """Means over the test images, in nats an image; what involves KL is None for an AE."""

    negative_elbo: float | None
    reconstruction: float
    kl: float | None
    kl_per_dimension: list[float] | None
    active_units: int

    def to_dict(self) -> dict:
        """The metrics as JSON-ready values."""
        return asdict(self)


@torch.no_grad()
def evaluate(model: nn.Module, images: Tensor, likelihood: str) -> Metrics:
    """The ELBO's terms at kl_weight 1 on images (n, 784), one eps an image from a fixed generator."""
    eps = evaluation_eps(len(images), encode_parameters(model, images[:1])[0].shape[1]).to(images.device)
    parts = [loss_terms(model, x, e, likelihood) for x, e in zip(images.split(CHUNK), eps.split(CHUNK))]
    reconstruction = torch.cat([part.reconstruction for part in parts]).mean().item()
    active = len(active_dimensions(torch.cat([encode_parameters(model, x)[0] for x in images.split(CHUNK)])))
    if parts[0].kl_per_dimension is None:
        return Metrics(None, reconstruction, None, None, active)
    kl_per_dimension = torch.cat([part.kl_per_dimension for part in parts]).mean(0)
    total = torch.cat([negative_elbo(part) for part in parts]).mean().item()
    return Metrics(total, reconstruction, kl_per_dimension.sum().item(), kl_per_dimension.tolist(), active)


@torch.no_grad()
def decoded_losses(model: nn.Module, z: Tensor, images: Tensor, likelihood: str) -> Tensor:
    """The reconstruction losses of images (n, 784) decoded from codes z (n, latent_dim): (n,) nats."""
    chunks = zip(z.split(CHUNK), images.split(CHUNK))
    return torch.cat([reconstruction_loss(model.decode(some), x, likelihood) for some, x in chunks])


class Price(NamedTuple):
    """What one sigma for every image and dimension costs: both terms of the objective, means in nats an image."""

    sigma: float
    reconstruction: float
    kl: float


@torch.no_grad()
def prices_of_sigma(model: nn.Module, images: Tensor, likelihood: str, sigmas: list[float]) -> list[Price]:
    """The objective's terms on images (n, 784) if a model answered with its mu (an AE: its z) and the same sigma."""
    mu = torch.cat([encode_parameters(model, x)[0] for x in images.split(CHUNK)])
    eps = evaluation_eps(*mu.shape)
    prices = []
    for sigma in sigmas:
        log_sigma = torch.full_like(mu, math.log(sigma))
        losses = decoded_losses(model, reparameterize(mu, log_sigma, eps), images, likelihood)
        prices.append(Price(sigma, losses.mean().item(), kl_divergence(mu, log_sigma).sum(1).mean().item()))
    return prices


def active_dimensions(mu: Tensor) -> set[int]:
    """The dimensions of the codes mu (n, latent_dim) that vary over the images (variance > 0.01; Burda et al. 2016)."""
    return set((mu.var(0) > ACTIVE_VARIANCE).nonzero().flatten().tolist())


@functools.lru_cache(maxsize=8)
def evaluation_eps(images: int, latent_dim: int) -> Tensor:
    """The same eps for every evaluation, so that models differ by themselves alone: (images, latent_dim)."""
    return torch.randn(images, latent_dim, generator=seeded(0, "test eps"))


def chance_loss(likelihood: str) -> float:
    """The reconstruction loss of whoever answers 1/2 for each pixel, whatever the image, at most: nats.

    Bernoulli: 784 log 2, of any image; Gaussian: half of 784 squared errors of 1/2.
    """
    return data.PIXELS * (math.log(2) if likelihood == "bernoulli" else 0.125)


@functools.lru_cache(maxsize=8)
def mean_image_loss(dataset: str, likelihood: str) -> float:
    """The reconstruction loss of whoever answers every test image with the mean of them, nats an image."""
    test = data.load(dataset, "test").images
    logits = torch.logit(test.mean(0), eps=1e-3)
    losses = [reconstruction_loss(logits.expand_as(x), x, likelihood) for x in test.split(CHUNK)]
    return torch.cat(losses).mean().item()


@functools.lru_cache(maxsize=4)
def floor_of(dataset: str) -> float:
    """The pixel entropy of a dataset's test images, nats an image: no Bernoulli reconstruction loss can be lower."""
    return data.entropy_floor(data.load(dataset, "test").images)
