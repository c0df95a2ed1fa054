"""What q(z|x) loses against the exact posterior of a 2-D code, part by part, for many images at once."""

import math
from typing import NamedTuple

import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from vae.losses import kl_divergence, reconstruction_loss
from vae.models import encode_parameters
from vae.posterior import NEGLIGIBLE, Cells, Posterior, exact_posteriors

STEPS = 100  # of a fit
RATE = 0.08  # of a fit's Adam, for log sigma; for the mean in fifths of the cells' half-extent
CORE = 3.0  # nats below the mode: of the cells within them, the moments begin a fit
HERMITE = 20  # nodes along each axis of an expectation under the encoder's q


class Gaussian2D(NamedTuple):
    """N(mean, L L^T), L = [[exp(a), 0], [c, exp(b)]], an image: mean (n, 2), log_scale a, b (n, 2), slant c (n,)."""

    mean: Tensor
    log_scale: Tensor
    slant: Tensor

    def covariance(self) -> Tensor:
        """(n, 2, 2)"""
        (a, b), c = self.log_scale.exp().unbind(-1), self.slant
        lower = torch.stack([a, torch.zeros_like(a), c, b], -1).reshape(-1, 2, 2)
        return lower @ lower.mT


class Fits(NamedTuple):
    """The best Gaussians for each image, their bounds (n,) in nats, and the diagonal one's way from the encoder's q.

    path: (n, steps, 5): mean (2), sigma (2) and the bound.
    """

    diagonal: Gaussian2D
    full: Gaussian2D
    diagonal_bound: Tensor
    full_bound: Tensor
    path: Tensor


class Gap(NamedTuple):
    """log p(x) and the three bounds below it, each (n,) nats; their differences are the parts of the gap."""

    log_evidence: Tensor
    full: Tensor
    diagonal: Tensor
    encoder: Tensor

    @property
    def parts(self) -> dict[str, Tensor]:
        """Amortisation (the encoder's own error), independence (of the dimensions), shape (p(z|x) is no Gaussian)."""
        return {
            "amortisation": self.diagonal - self.encoder,
            "independence": self.full - self.diagonal,
            "shape": self.log_evidence - self.full,
        }


def measure_gap(
    model: nn.Module, grid: Cells, x: Tensor, likelihood: str, temperature: float = 1.0
) -> tuple[Gap, Fits, list[Posterior]]:
    """The gap of images x (n, 784), with the fits and the posteriors it comes from; of temperature b, all tempered."""
    posteriors = exact_posteriors(model, grid, x, likelihood, temperature)
    with torch.no_grad():
        mu, log_sigma = encode_parameters(model, x)
    fits = fit_gaussians(posteriors, mu, log_sigma)
    encoder = encoder_bounds(model, x, mu, log_sigma, likelihood, temperature)
    diagonal = fits.diagonal_bound.maximum(encoder)  # the encoder's q is one of them
    evidence = torch.tensor([posterior.log_evidence for posterior in posteriors])
    return Gap(evidence, fits.full_bound.maximum(diagonal), diagonal, encoder), fits, posteriors


@torch.no_grad()
def encoder_bounds(
    model: nn.Module, x: Tensor, mu: Tensor, log_sigma: Tensor, likelihood: str, temperature: float = 1.0
) -> Tensor:
    """The ELBO of the encoder's q for images x (n, 784), its mu and log_sigma (n, 2): (n,) nats.

    E_q[log p(x|z)] / temperature by Gauss-Hermite quadrature with 20 x 20 nodes, and the KL in closed form.
    """
    nodes, weights = (torch.from_numpy(part).float() for part in hermegauss(HERMITE))
    eps = torch.cartesian_prod(nodes, nodes)  # (400, 2)
    weight = torch.cartesian_prod(weights, weights).prod(1) / (2 * math.pi)
    losses = [
        weight @ reconstruction_loss(model.decode(mean + scale * eps), image.expand(len(eps), -1), likelihood)
        for image, mean, scale in zip(x, mu, log_sigma.exp())
    ]
    return -torch.stack(losses) / temperature - kl_divergence(mu, log_sigma).sum(1)


class _Padded(NamedTuple):
    """The cells of n posteriors, as many for each: u = (z - centre) / scale is within the unit square.

    monomials (n, 6, cells): 1, u1, u2, u1^2, u1 u2, u2^2. masses (n, cells, 2): what a density is summed with, for
    its expectation of log p(x, z) above floor (n, 1) and for its mass; both are 0 at a padded cell.
    """

    centre: Tensor
    scale: Tensor
    monomials: Tensor
    masses: Tensor
    floor: Tensor


def fit_gaussians(posteriors: list[Posterior], mu: Tensor, log_sigma: Tensor) -> Fits:
    """The diagonal and the full-covariance Gaussian with the largest ELBO for each image.

    Gradient steps on the ELBO on the cells, sum_c q_c log p(x, z_c) + entropy, from the encoder's q (mu, log_sigma
    (n, 2)) and from the moments of p(z|x) near its mode; the better one is kept.
    """
    cells = _padded(posteriors)
    moments = torch.stack([_moments(posterior) for posterior in posteriors])  # (n, 4)
    starts = torch.stack([torch.cat([mu, log_sigma], 1), moments], 1).repeat(1, 2, 1)  # (n, 4, 4)
    # Rows of an image: diagonal from both starts, then full from both starts; all in the units of its cells.
    mean = ((starts[..., :2] - cells.centre[:, None]) / cells.scale[:, None]).requires_grad_()
    log_scale = (starts[..., 2:] - cells.scale[:, None].log()).requires_grad_()
    slant = torch.zeros(len(posteriors), 4, requires_grad=True)
    is_full = torch.tensor([0.0, 0.0, 1.0, 1.0])
    narrowest = torch.tensor([0.5 * math.log(posterior.area) - 0.7 for posterior in posteriors])  # than cells can tell
    narrowest = narrowest[:, None, None] - cells.scale[:, None].log()
    optimizer = torch.optim.Adam([{"params": [mean, slant]}, {"params": [log_scale]}], betas=(0.8, 0.95))
    path, best = [], torch.full((len(posteriors), 4, 6), -math.inf)
    for step in range(STEPS + 1):
        bounds = _bounds(cells, mean, log_scale, slant * is_full)
        state = torch.cat([mean, log_scale, slant[..., None], bounds[..., None]], 2).detach()  # (n, 4, 6)
        path.append(state[:, 0])
        best = torch.where(state[..., 5:] > best[..., 5:], state, best)
        for group, rate in zip(optimizer.param_groups, (0.2 * RATE, RATE)):
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        optimizer.zero_grad()
        (-bounds.sum()).backward()
        optimizer.step()
        with torch.no_grad():  # nor wider than where the cells are
            log_scale.copy_(log_scale.maximum(narrowest).clamp(max=0.0))
    every = torch.arange(len(posteriors))
    diagonal, full = (rows[every, rows[..., 5].argmax(1)] for rows in (best[:, :2], best))
    way = torch.stack(path, 1)
    steps = _gaussian(way, cells.centre[:, None], cells.scale[:, None])
    return Fits(
        _gaussian(diagonal, cells.centre, cells.scale),
        _gaussian(full, cells.centre, cells.scale),
        diagonal[:, 5],
        full[:, 5],
        torch.cat([steps.mean, steps.log_scale.exp(), way[..., 5:]], 2),
    )


def _padded(posteriors: list[Posterior]) -> _Padded:
    low, high = (torch.stack([end(posterior.z, 0) for posterior in posteriors]) for end in (torch.amin, torch.amax))
    width = torch.tensor([[posterior.area**0.5] for posterior in posteriors])
    centre, scale = (low + high) / 2, 0.5 * ((high - low).amax(1, keepdim=True) + width)
    monomials, masses, floors = [], [], []
    for posterior, middle, unit in zip(posteriors, centre, scale):
        first, second = ((posterior.z - middle) / unit).T
        ones, floor = torch.ones_like(first), posterior.log_joint.max() - NEGLIGIBLE
        monomials.append(torch.stack([ones, first, second, first.square(), first * second, second.square()], 1))
        masses.append(posterior.area / unit**2 * torch.stack([posterior.log_joint - floor, ones], 1))
        floors.append(floor)
    padded = pad_sequence(monomials, batch_first=True).mT.contiguous()
    return _Padded(centre, scale, padded, pad_sequence(masses, batch_first=True), torch.stack(floors)[:, None])


def _moments(posterior: Posterior) -> Tensor:
    """Mean and log sigma (4,) of p(z|x) near its mode."""
    near = posterior.log_joint > posterior.log_joint.max() - CORE
    weight, z = posterior.log_joint[near].softmax(0), posterior.z[near]
    centre = weight @ z
    spread = (weight @ (z - centre).square()).sqrt().clamp(min=0.3 * math.sqrt(posterior.area))
    return torch.cat([centre, spread.log()])


def _bounds(cells: _Padded, mean: Tensor, log_scale: Tensor, slant: Tensor) -> Tensor:
    """The ELBO on the cells of k Gaussians an image: mean and log_scale (n, k, 2), slant (n, k) -> (n, k) nats.

    What a Gaussian has outside of the cells that matter counts as NEGLIGIBLE nats below the mode, the most it can be.
    """
    (m1, m2), (s1, s2) = mean.unbind(2), log_scale.exp().unbind(2)
    # log q = -(f^2 + g^2) / 2 - ..., where f = f0 + f1 u1 and g = g0 + g1 u1 + g2 u2 are independent N(0, 1).
    f0, f1 = -m1 / s1, 1 / s1
    g0, g1, g2 = -(m2 + slant * f0) / s2, -slant * f1 / s2, 1 / s2
    squares = [f0**2 + g0**2, 2 * (f0 * f1 + g0 * g1), 2 * g0 * g2, f1**2 + g1**2, 2 * g1 * g2, g2**2]
    density = (-0.5 * torch.stack(squares, 2) @ cells.monomials).exp()  # (n, k, cells), but for a factor
    factor = (-log_scale.sum(2)).exp() / (2 * math.pi)
    above, inside = (factor[..., None] * (density @ cells.masses)).unbind(2)
    entropy = log_scale.sum(2) + 2 * cells.scale.log() + math.log(2 * math.pi * math.e)
    return above / inside.clamp(min=1.0) + cells.floor + entropy


def _gaussian(row: Tensor, centre: Tensor, scale: Tensor) -> Gaussian2D:
    """Rows (..., 6) in the units of the cells -> z."""
    return Gaussian2D(centre + scale * row[..., :2], scale.log() + row[..., 2:4], scale[..., 0] * row[..., 4])
