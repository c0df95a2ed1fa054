"""What is minimised: pure functions, one value an image, in nats."""

import functools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from vae.models import encode_parameters, pixel_means, reparameterize


class LossTerms(NamedTuple):
    """The objective's parts: reconstruction (batch,), kl_per_dimension (batch, latent_dim) or None for an AE.

    log_sigma (batch, latent_dim), of which the KL term was made; None for an AE.
    """

    reconstruction: Tensor
    kl_per_dimension: Tensor | None
    log_sigma: Tensor | None = None


def reconstruction_loss(logits: Tensor, x: Tensor, likelihood: str) -> Tensor:
    """-log p(x|z) for logits and x (batch, 784), summed over the pixels: (batch,) nats.

    Bernoulli: cross-entropy on grey pixels in [0, 1]. Gaussian: half the squared error (unit variance).
    """
    if likelihood == "bernoulli":
        return binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    return 0.5 * (pixel_means(logits) - x).square().sum(1)


def kl_divergence(mu: Tensor, log_sigma: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) of each dimension, in nats: same shape as mu (Kingma and Welling 2014, appendix B).

    1/2 (mu^2 + sigma^2 - 2 log sigma - 1)
    """
    return 0.5 * (mu.square() + (2 * log_sigma).exp() - 2 * log_sigma - 1)


@functools.lru_cache(maxsize=1)
def largest_log_sigma() -> float:
    """Beyond this log sigma the KL term is infinite in float32, for exp(2 log sigma) overflows; found by bisection."""
    low, high = 0.0, 100.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        is_finite = kl_divergence(torch.zeros(()), torch.tensor(middle)).isfinite()
        low, high = (middle, high) if is_finite else (low, middle)
    return low


def negative_elbo(terms: LossTerms, kl_weight: float = 1.0) -> Tensor:
    """reconstruction + kl_weight * KL, (batch,) nats; an AE's is the reconstruction loss alone."""
    if terms.kl_per_dimension is None:
        return terms.reconstruction
    return terms.reconstruction + kl_weight * terms.kl_per_dimension.sum(1)


def loss_terms(model: nn.Module, x: Tensor, eps: Tensor, likelihood: str) -> LossTerms:
    """Both terms for images x (batch, 784), with one eps (batch, latent_dim) an image, which an AE does not look at."""
    mu, log_sigma = encode_parameters(model, x)
    z = mu if log_sigma is None else reparameterize(mu, log_sigma, eps)
    reconstruction = reconstruction_loss(model.decode(z).to(x.dtype), x, likelihood)
    kl_per_dimension = None if log_sigma is None else kl_divergence(mu, log_sigma)
    return LossTerms(reconstruction, kl_per_dimension, log_sigma)


def is_finite(*tensors: Tensor) -> bool:
    """Whether every number of every tensor is finite."""
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)
