"""The aggregate posterior q(z), the mean of q(z|x) over images: how far it is from the prior, and what it leaves bare.

The mean of KL(q(z|x) || p) is I(x; z) + KL(q(z) || p) (Hoffman and Johnson 2016): what z tells of x, and what the
clouds of all images together differ from N(0, I).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from vae.models import reparameterize
from vae.randomness import seeded

DRAWS = 2_000
CHUNK = 10  # draws at a time: with 10,000 codes, 0.8 MB for each matrix on the way, which a cache holds
BARE = 0.1  # of the prior's density: where q(z) is less, hardly a digit is at home
NARROWEST = -11.0  # log sigma: of narrower clouds far from 0 the squares below lose what they are to tell


class Aggregate(NamedTuple):
    """I(x; z) in nats, its standard error over the draws, and the share of N(0, I) that q(z) leaves bare.

    bare is None in more than two dimensions, where the clouds of any number of images are far from each other.
    """

    information: float
    standard_error: float
    bare: float | None


@torch.no_grad()
def aggregate(mu: Tensor, log_sigma: Tensor) -> Aggregate:
    """What the q(z|x) of n images, mu and log_sigma (n, latent_dim), are together.

    I(x; z) = E[log q(z|x) - log q(z)] by draws, q(z) being the mean of all n: of these images, not of all that there
    could be. So it cannot be more than log n, and where clouds hardly meet it is less than with more images; what is
    left of the mean KL is KL(q(z) || N(0, I)). bare: of the prior, where q(z) is less than a tenth of it.
    """
    mu, log_sigma = mu.double().cpu(), log_sigma.double().cpu().clamp(min=NARROWEST)
    of_each = torch.arange(DRAWS) * len(mu) // DRAWS  # as many draws of each image as can be
    noise, prior = (torch.randn(DRAWS, mu.shape[1], generator=seeded(0, name)).double() for name in ("q(z)", "p(z)"))
    z = reparameterize(mu[of_each], log_sigma[of_each], noise)
    told = log_prior(noise) - log_sigma[of_each].sum(1) - log_mixture(z, mu, log_sigma)
    bare = None
    if mu.shape[1] <= 2:
        density = log_mixture(prior, mu, log_sigma)
        is_bare = torch.where(density.isnan(), math.nan, (density < log_prior(prior) + math.log(BARE)).double())
        bare = is_bare.mean().item()
    return Aggregate(told.mean().item(), told.std().item() / math.sqrt(DRAWS), bare)


def log_prior(z: Tensor) -> Tensor:
    """log N(z; 0, I) of codes (m, latent_dim): (m,)."""
    return -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)


def log_mixture(z: Tensor, mu: Tensor, log_sigma: Tensor) -> Tensor:
    """log q(z) at codes z (m, latent_dim), the mean of n Gaussians mu, log_sigma (n, latent_dim): (m,)."""
    precision = (-2 * log_sigma).exp()
    constant = -0.5 * (mu.square() * precision + 2 * log_sigma + math.log(2 * math.pi)).sum(1) - math.log(len(mu))
    # -1/2 (z - mu)^2 / sigma^2, multiplied out: two products of matrices.
    parts = [
        (constant + some @ (mu * precision).T - 0.5 * some.square() @ precision.T).logsumexp(1)
        for some in z.split(CHUNK)
    ]
    return torch.cat(parts)
