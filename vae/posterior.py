"""The exact posterior p(z|x) of a model with a 2-D code, on a grid, and what q(z|x) loses against it, part by part."""

import math
from typing import NamedTuple

import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor, nn
from torch.nn.functional import softplus

from vae.evaluation import CHUNK
from vae.losses import kl_divergence, reconstruction_loss
from vae.models import encode_parameters, pixel_means

SIDE = 200  # cells of the grid along each axis
ENOUGH = 400  # cells for one posterior, once log p(x) has settled: of a Gaussian, two for each sigma
PLENTY = 2_000  # cells that are enough in any case
SETTLED = 0.005  # nats: log p(x) changes by less when the cells are split
MOST_SPLITS = 6
REACH = 5.0  # half-width of the grid, in prior sigmas, at least
NEGLIGIBLE = 16.0  # nats below the mode: cells less likely than that do not matter
AROUND = torch.cartesian_prod(torch.arange(-1, 2), torch.arange(-1, 2))  # a cell and its eight neighbours
QUARTERS = torch.cartesian_prod(torch.arange(2), torch.arange(2))
STEPS = 100  # of a fit
RATE = 0.08  # of a fit's Adam, for log sigma; for the mean in tenths of the cells' extent
HERMITE = 20  # nodes along each axis of an expectation under the encoder's q


class Cells(NamedTuple):
    """Points of the latent plane, decoded: log p(x|z) = features @ x - offset, up to what depends on x alone.

    z (n, 2), features (n, 784), offset (n,); area of one cell. Bernoulli: logits and the sum of their softplus.
    Gaussian: pixel means m and |m|^2 / 2.
    """

    z: Tensor
    features: Tensor
    offset: Tensor
    area: float


class Posterior(NamedTuple):
    """p(z|x) on a grid: log_joint = log p(x, z) at its cells (n,), log_evidence = log p(x) in nats."""

    cells: Cells
    log_joint: Tensor
    log_evidence: float

    @property
    def mode(self) -> Tensor:
        """The most probable cell (2,)."""
        return self.cells.z[self.log_joint.argmax()]

    def density(self) -> Tensor:
        """p(z|x) at the cells (n,)."""
        return (self.log_joint - self.log_evidence).exp()


class Gaussian2D(NamedTuple):
    """N(mean, L L^T) with L = [[exp(a), 0], [c, exp(b)]]: mean (2,), log_scale (a, b) and slant c."""

    mean: Tensor
    log_scale: Tensor
    slant: Tensor

    def log_density(self, z: Tensor) -> Tensor:
        """At points z (n, 2): (n,)."""
        first = (z[:, 0] - self.mean[0]) / self.log_scale[0].exp()
        second = (z[:, 1] - self.mean[1] - self.slant * first) / self.log_scale[1].exp()
        return -0.5 * (first.square() + second.square()) - self.log_scale.sum() - math.log(2 * math.pi)

    def entropy(self) -> Tensor:
        """In nats."""
        return self.log_scale.sum() + math.log(2 * math.pi * math.e)

    def covariance(self) -> Tensor:
        """(2, 2)"""
        zero = torch.zeros(())
        lower = torch.stack([self.log_scale[0].exp(), zero, self.slant, self.log_scale[1].exp()]).reshape(2, 2)
        return lower @ lower.T


class Gap(NamedTuple):
    """log p(x) and the three bounds below it, in nats; their differences are the parts of the gap."""

    log_evidence: float
    full: float
    diagonal: float
    encoder: float

    @property
    def parts(self) -> dict[str, float]:
        """Shape (p(z|x) is no Gaussian), independence (of the dimensions), amortisation (the encoder's own error)."""
        return {
            "shape": self.log_evidence - self.full,
            "independence": self.full - self.diagonal,
            "amortisation": self.diagonal - self.encoder,
        }


@torch.no_grad()
def decode_grid(model: nn.Module, likelihood: str, mu: Tensor) -> Cells:
    """The grid for a model whose test codes are mu (n, 2): SIDE x SIDE cells over +-max(5, |mu| + 1)."""
    width = 2 * max(REACH, mu.abs().max().item() + 1) / SIDE
    index = torch.arange(SIDE) - SIDE // 2
    return _decode_cells(model, likelihood, torch.cartesian_prod(index, index), width)


def _decode_cells(model: nn.Module, likelihood: str, index: Tensor, width: float) -> Cells:
    """The cells of a lattice of the given width, by their whole-numbered places (n, 2): z = (index + 1/2) width."""
    z = (index + 0.5) * width
    features = torch.empty(len(z), 784)
    for start in range(0, len(z), CHUNK):
        logits = model.decode(z[start : start + CHUNK])
        features[start : start + CHUNK] = logits if likelihood == "bernoulli" else pixel_means(logits)
    offset = torch.cat([_offset(part, likelihood) for part in features.split(CHUNK)])
    return Cells(z, features, offset, width**2)


def _offset(features: Tensor, likelihood: str) -> Tensor:
    return softplus(features).sum(1) if likelihood == "bernoulli" else 0.5 * features.square().sum(1)


def log_likelihood(cells: Cells, x: Tensor, likelihood: str) -> Tensor:
    """log p(x|z) at every cell for one image x (784,): (n,) nats."""
    constant = 0.0 if likelihood == "bernoulli" else 0.5 * x.square().sum()
    return cells.features @ x - cells.offset - constant


def exact_posterior(cells: Cells, x: Tensor, likelihood: str, temperature: float = 1.0) -> Posterior:
    """p(z|x) on the given cells; temperature b: the tempered posterior, proportional to p(x|z)^(1/b) p(z).

    log p(x, z) = log p(x|z) - |z|^2 / 2 - log 2 pi; log p(x) = logsumexp over the cells + log(area).
    """
    log_joint = (
        log_likelihood(cells, x, likelihood) / temperature - 0.5 * cells.z.square().sum(1) - math.log(2 * math.pi)
    )
    return Posterior(cells, log_joint, (log_joint.logsumexp(0) + math.log(cells.area)).item())


@torch.no_grad()
def zoom(model: nn.Module, posterior: Posterior, x: Tensor, likelihood: str, temperature: float = 1.0) -> Posterior:
    """The same posterior on the cells that matter, each split in four again and again until there are enough of them.

    A posterior narrower than the grid's cells lies between their centres: before a split, neighbours are taken in.
    """
    change = math.inf
    for _ in range(MOST_SPLITS):
        matters = posterior.log_joint > posterior.log_joint.max() - NEGLIGIBLE
        if matters.sum() >= (ENOUGH if change < SETTLED else PLENTY):
            break
        width = math.sqrt(posterior.cells.area)
        index = (posterior.cells.z[matters] / width - 0.5).round().long()
        index = (index[:, None] + AROUND).reshape(-1, 2).unique(dim=0)
        quarters = (2 * index[:, None] + QUARTERS).reshape(-1, 2)
        cells = _decode_cells(model, likelihood, quarters, width / 2)
        before, posterior = posterior.log_evidence, exact_posterior(cells, x, likelihood, temperature)
        change = abs(posterior.log_evidence - before)
    matters = posterior.log_joint > posterior.log_joint.max() - NEGLIGIBLE
    cells = Cells(*(part[matters] for part in posterior.cells[:3]), posterior.cells.area)
    return Posterior(cells, posterior.log_joint[matters], posterior.log_evidence)


@torch.no_grad()
def encoder_bound(
    model: nn.Module, x: Tensor, mu: Tensor, log_sigma: Tensor, likelihood: str, temperature: float = 1.0
) -> float:
    """The ELBO of the encoder's q for one image x (784,), nats: mu and log_sigma (2,).

    E_q[log p(x|z)] / temperature by Gauss-Hermite quadrature with 20 x 20 nodes, and the KL in closed form.
    """
    nodes, weights = (torch.from_numpy(part).float() for part in hermegauss(HERMITE))
    eps = torch.cartesian_prod(nodes, nodes)  # (400, 2)
    weight = torch.cartesian_prod(weights, weights).prod(1) / (2 * math.pi)
    logits = model.decode(mu + log_sigma.exp() * eps)
    expected = -(weight * reconstruction_loss(logits, x.expand(len(eps), -1), likelihood)).sum()
    return (expected / temperature - kl_divergence(mu, log_sigma).sum()).item()


class Fits(NamedTuple):
    """The best Gaussians for one image, their bounds in nats, and the diagonal one's way from the encoder's q.

    path: (steps, 5): mean (2), sigma (2) and the bound.
    """

    diagonal: Gaussian2D
    full: Gaussian2D
    diagonal_bound: float
    full_bound: float
    path: Tensor


def fit_gaussians(posterior: Posterior, mu: Tensor, log_sigma: Tensor) -> Fits:
    """The diagonal and the full-covariance Gaussian with the largest ELBO for one image.

    Gradient steps on the grid's ELBO, sum_c q_c log p(x, z_c) + entropy, from the encoder's q (mu, log_sigma (2,)) and
    from the moments of p(z|x) near its mode; the better one is kept.
    """
    z, log_joint = posterior.cells.z, posterior.log_joint
    near = log_joint > log_joint.max() - 3.0
    weight = log_joint[near].softmax(0)
    centre = weight @ z[near]
    spread = (weight @ (z[near] - centre).square()).sqrt().clamp(min=0.3 * math.sqrt(posterior.cells.area))
    starts = torch.stack([torch.cat([mu, log_sigma]), torch.cat([centre, spread.log()])])  # (2, 4)
    scale = (z.max(0).values - z.min(0).values).max().item()
    # Rows: diagonal from both starts, then full from both starts.
    mean, log_scale = (starts[:, part].repeat(2, 1).clone().requires_grad_() for part in (slice(0, 2), slice(2, 4)))
    slant = torch.zeros(4, requires_grad=True)
    is_full = torch.tensor([0.0, 0.0, 1.0, 1.0])
    optimizer = torch.optim.Adam(
        [{"params": [mean, slant], "lr": 0.1 * RATE * scale}, {"params": [log_scale], "lr": RATE}], betas=(0.8, 0.95)
    )
    path, best = [], None
    for step in range(STEPS + 1):
        bounds = _bounds(posterior.cells, log_joint, mean, log_scale, slant * is_full)
        state = torch.cat([mean, log_scale, (slant * is_full)[:, None], bounds[:, None]], 1).detach().clone()  # (4, 6)
        path.append(state[0])
        best = state if best is None else torch.where(state[:, 5:] > best[:, 5:], state, best)
        for group, rate in zip(optimizer.param_groups, (0.1 * RATE * scale, RATE)):
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        optimizer.zero_grad()
        (-bounds.sum()).backward()
        optimizer.step()
        with torch.no_grad():  # neither narrower than the cells can tell, nor wider than where they matter
            log_scale.clamp_(0.5 * math.log(posterior.cells.area) - 0.7, math.log(scale / 2))
    diagonal, full = best[:2][best[:2, 5].argmax()], best[best[:, 5].argmax()]
    steps = torch.stack(path)
    return Fits(
        _gaussian(diagonal),
        _gaussian(full),
        diagonal[5].item(),
        full[5].item(),
        torch.cat([steps[:, :2], steps[:, 2:4].exp(), steps[:, 5:]], 1),
    )


def _bounds(cells: Cells, log_joint: Tensor, mean: Tensor, log_scale: Tensor, slant: Tensor) -> Tensor:
    """The ELBO on the cells of a row of Gaussians: mean and log_scale (k, 2), slant (k,) -> (k,) nats.

    What a Gaussian has outside of the cells that matter counts as NEGLIGIBLE nats below the mode, the most it can be.
    """
    z, top = cells.z, log_joint.max()
    first = (z[:, 0] - mean[:, :1]) / log_scale[:, :1].exp()  # (k, n)
    second = (z[:, 1] - mean[:, 1:] - slant[:, None] * first) / log_scale[:, 1:].exp()
    log_density = -0.5 * (first.square() + second.square()) - log_scale.sum(1, keepdim=True) - math.log(2 * math.pi)
    weight = log_density.exp() * cells.area
    inside = weight.sum(1)
    expected = (weight @ (log_joint - top + NEGLIGIBLE)) / inside.clamp(min=1.0) + top - NEGLIGIBLE
    return expected + log_scale.sum(1) + math.log(2 * math.pi * math.e)


def _gaussian(row: Tensor) -> Gaussian2D:
    return Gaussian2D(row[:2], row[2:4], row[4])


def gap(model: nn.Module, cells: Cells, x: Tensor, likelihood: str) -> tuple[Gap, Fits, Posterior]:
    """log p(x) and the three bounds below it for one image x (784,), with the fits and the posterior they come from."""
    mu, log_sigma = (part[0] for part in encode_parameters(model, x[None]))
    posterior = zoom(model, exact_posterior(cells, x, likelihood), x, likelihood)
    fits = fit_gaussians(posterior, mu.detach(), log_sigma.detach())
    encoder = encoder_bound(model, x, mu, log_sigma, likelihood)
    diagonal = max(fits.diagonal_bound, encoder)  # the encoder's q is one of them
    return Gap(posterior.log_evidence, max(fits.full_bound, diagonal), diagonal, encoder), fits, posterior
