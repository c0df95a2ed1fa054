"""Ways through the latent space: planes, samples from the prior and from a Gaussian fitted to the codes."""

from typing import NamedTuple

import torch
from torch import Tensor

from vae.models import reparameterize
from vae.randomness import seeded


class Gaussian(NamedTuple):
    """A Gaussian over codes: mean (latent_dim,), covariance (latent_dim, latent_dim)."""

    mean: Tensor
    covariance: Tensor


class Plane(NamedTuple):
    """A plane through the latent space: its origin (latent_dim,) and two axes (2, latent_dim) of length 1."""

    origin: Tensor
    axes: Tensor


def prior_samples(count: int, latent_dim: int, seed: int) -> Tensor:
    """z ~ N(0, I): (count, latent_dim)."""
    return torch.randn(count, latent_dim, generator=seeded(seed, "prior samples"))


def aggregate_samples(mu: Tensor, log_sigma: Tensor | None, seed: int) -> Tensor:
    """A draw from q(z|x) for each of the codes (n, latent_dim): the aggregate posterior; an AE's codes are its own."""
    eps = torch.randn(mu.shape, generator=seeded(seed, "aggregate posterior"))
    return mu if log_sigma is None else reparameterize(mu, log_sigma, eps)


def fit_gaussian(codes: Tensor) -> Gaussian:
    """The Gaussian of greatest likelihood for codes (n, latent_dim): the simplest stand-in for a prior."""
    return Gaussian(codes.mean(0), torch.cov(codes.T, correction=0).reshape(codes.shape[1], codes.shape[1]))


def gaussian_samples(gaussian: Gaussian, count: int, seed: int) -> Tensor:
    """Draws (count, latent_dim) from a fitted Gaussian, with the eps of `prior_samples`."""
    values, vectors = torch.linalg.eigh(gaussian.covariance)
    scaled = vectors * values.clamp(min=0).sqrt()  # A with A A^T = covariance, also when a dimension is dead
    return gaussian.mean + prior_samples(count, len(gaussian.mean), seed) @ scaled.T


def coordinate_plane(latent_dim: int, first: int, second: int) -> Plane:
    """The plane of two dimensions, the others held at 0."""
    return Plane(torch.zeros(latent_dim), torch.eye(latent_dim)[[first, second]])


def principal_plane(codes: Tensor) -> Plane:
    """The plane of the codes' two largest variances (PCA), through 0, so that N(0, I) is N(0, I) in it too."""
    _, vectors = torch.linalg.eigh(torch.cov(codes.T))
    axes = vectors[:, [-1, -2]].T
    # An eigenvector's sign is arbitrary: the largest entry is made positive, so that the picture never flips.
    largest = axes.gather(1, axes.abs().argmax(1, keepdim=True))
    return Plane(torch.zeros(codes.shape[1]), axes * largest.sign())


def choose_plane(codes: Tensor, dimensions: tuple[int, int] | None) -> Plane:
    """The plane of two dimensions, or the codes' principal plane for None; 2-D codes are their own plane."""
    if codes.shape[1] == 2:
        return coordinate_plane(2, 0, 1)
    return principal_plane(codes) if dimensions is None else coordinate_plane(codes.shape[1], *dimensions)


def project(codes: Tensor, plane: Plane) -> Tensor:
    """Coordinates of codes (n, latent_dim) in a plane: (n, 2)."""
    return (codes - plane.origin) @ plane.axes.T
