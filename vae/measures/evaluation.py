"""What a trained model is worth on the test images, in the numbers that the app reports."""

import functools
import math
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vae import data, datasets
from vae.measures.aggregate import aggregate
from vae.measures.chunks import CHUNK, decoded_losses, encode_all
from vae.models import reparameterize
from vae.objective import kl_divergence, reconstruction_loss
from vae.randomness import seeded

ACTIVE_VARIANCE = 0.01  # a unit is active when mu_d varies more than this over the test set (Burda et al. 2016)
EXACT = 0.05  # nats: the standard error of a reported mean that further draws of eps are to bring it below
FEWEST_DRAWS, MOST_DRAWS = 2, 64  # of eps an image; one alone has no spread


@dataclass(frozen=True)
class Metrics:
    """Means over the test images, in nats an image; what involves KL is None for an AE.

    draws: of eps an image, over which the reconstruction loss is averaged; standard_error: of it and of negative_elbo,
    nats, over other draws for the same images. An AE draws nothing: 0 both. information: I(x; z), a part
    of kl, with its own standard error; bare: the share of N(0, I) where q(z) is less than a tenth (aggregate.py).
    """

    negative_elbo: float | None
    reconstruction: float
    kl: float | None
    kl_per_dimension: list[float] | None
    active_units: int
    draws: int = 0
    standard_error: float = 0.0
    information: float | None = None
    information_error: float | None = None
    bare: float | None = None

    def to_dict(self) -> dict:
        """The metrics as JSON-ready values."""
        return asdict(self)


@torch.no_grad()
def evaluate(model: nn.Module, images: Tensor, likelihood: str) -> Metrics:
    """All that is reported of a model on images (n, 784): both terms, and what its q(z|x) are together."""
    terms = measure_terms(model, images, likelihood)
    mu, log_sigma = encode_all(model, images)
    if log_sigma is None:
        return terms
    information, error, bare = (number and round(number, 4) for number in aggregate(mu, log_sigma))
    return replace(terms, information=information, information_error=error, bare=bare)


@torch.no_grad()
def measure_terms(model: nn.Module, images: Tensor, likelihood: str, most_draws: int = MOST_DRAWS) -> Metrics:
    """The ELBO's terms at kl_weight 1 on images (n, 784), over as many eps an image as bring them below EXACT.

    The eps are those of a fixed generator; the KL needs none. Where most_draws are not enough, standard_error says so.
    """
    mu, log_sigma = encode_all(model, images)
    active = len(active_dimensions(mu))
    if log_sigma is None:
        reconstruction = decoded_losses(model, mu, images, likelihood).mean().item()
        return Metrics(None, reconstruction, None, None, active)
    losses = _Draws(len(images))
    while losses.count < most_draws and (losses.count < FEWEST_DRAWS or losses.standard_error >= EXACT):
        eps = evaluation_eps(*mu.shape, losses.count).to(mu.device)
        losses.add(decoded_losses(model, reparameterize(mu, log_sigma, eps), images, likelihood))
    kl_per_dimension = kl_divergence(mu, log_sigma).mean(0)
    kl, reconstruction = kl_per_dimension.sum().item(), losses.mean
    error = round(losses.standard_error, 4)
    return Metrics(reconstruction + kl, reconstruction, kl, kl_per_dimension.tolist(), active, losses.count, error)


class _Draws:
    """Losses of the same images by one draw after another: their mean, and how far it may be off (Welford 1962)."""

    def __init__(self, images: int):
        self.count, self._mean, self._squares = 0, torch.zeros(images).double(), torch.zeros(images).double()

    def add(self, losses: Tensor) -> None:
        """Another draw's losses (n,)."""
        losses = losses.double().cpu()
        self.count += 1
        before = losses - self._mean
        self._mean += before / self.count
        self._squares += before * (losses - self._mean)

    @property
    def mean(self) -> float:
        """Over images and draws."""
        return self._mean.mean().item()

    @property
    def standard_error(self) -> float:
        """Of the mean, over other draws for the same images; NaN after one draw."""
        count = self.count
        return (self._squares / (count - 1) / count).sum().sqrt().item() / len(self._mean) if count > 1 else math.nan


class Price(NamedTuple):
    """What one sigma for every image and dimension costs: both terms of the objective, means in nats an image."""

    sigma: float
    reconstruction: float
    kl: float


@torch.no_grad()
def prices_of_sigma(model: nn.Module, images: Tensor, likelihood: str, sigmas: list[float]) -> list[Price]:
    """The objective's terms on images (n, 784) if a model answered with its mu (an AE: its z) and the same sigma."""
    mu, _ = encode_all(model, images)
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
def evaluation_eps(images: int, latent_dim: int, draw: int = 0) -> Tensor:
    """The same eps for every evaluation, so that models differ by themselves alone: (images, latent_dim)."""
    return torch.randn(images, latent_dim, generator=seeded(0, "test eps", draw))


def chance_loss(likelihood: str) -> float:
    """The reconstruction loss of whoever answers 1/2 for each pixel, whatever the image, at most: nats.

    Bernoulli: 784 log 2, of any image; Gaussian: half of 784 squared errors of 1/2.
    """
    return datasets.PIXELS * (math.log(2) if likelihood == "bernoulli" else 0.125)


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
