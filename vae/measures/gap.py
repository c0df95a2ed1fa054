"""What q(z|x) loses against the exact posterior of a 2-D code, part by part, for many images at once."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d
from torch.nn.utils.rnn import pad_sequence

from vae.adam import Adam
from vae.measures.chunks import decoded_losses
from vae.measures.posterior import Cells, Posterior, exact_posteriors
from vae.measures.quadrature import gaussian_expectation
from vae.models import encode_parameters
from vae.objective import kl_divergence, reconstruction_loss

TOLERANCE = 0.005  # nats, of the quadrature of a bound
STEPS = 100  # of a fit
RATE = 0.08  # of a fit's Adam, for log sigma; for the mean in fifths of the cells' half-extent
CORE = 3.0  # nats below the mode: cells within them that hang together are a peak, and begin a fit
OUTSIDE = 50.0  # nats below the mode: what a fit takes log p(x, z) for where no cells are
NODES = 16  # along each axis, of the expectations on the way of `improve`
TAIL = 5.5  # sigmas, where they end


class Gaussian2D(NamedTuple):
    """N(mean, L L^T), L = [[exp(a), 0], [c, exp(b)]], an image: mean (n, 2), log_scale a, b (n, 2), slant c (n,)."""

    mean: Tensor
    log_scale: Tensor
    slant: Tensor

    def lower(self) -> Tensor:
        """L: (n, 2, 2)"""
        (a, b), c = self.log_scale.exp().unbind(-1), self.slant
        return torch.stack([a, torch.zeros_like(a), c, b], -1).reshape(-1, 2, 2)

    def covariance(self) -> Tensor:
        """L L^T: (n, 2, 2)"""
        return self.lower() @ self.lower().mT


class Fits(NamedTuple):
    """The Gaussians with the largest ELBO for each image, of independent dimensions and of any covariance."""

    diagonal: Gaussian2D
    full: Gaussian2D


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
    encoders = encoders_gaussians(model, x)
    diagonal, full = fit_gaussians(posteriors, encoders)

    def measured(gaussian: Gaussian2D) -> Tensor:
        return expected_bounds(model, x, gaussian, likelihood, temperature)

    # The encoder's q is one of the diagonal Gaussians, and the best of them is one of the full ones.
    encoder = measured(encoders)
    best, bound = _best([encoders, *diagonal], [encoder, *map(measured, diagonal)])
    best_full, full_bound = _best([best, *full], [bound, *map(measured, full)])
    evidence = torch.tensor([posterior.log_evidence for posterior in posteriors])
    return Gap(evidence, full_bound, bound, encoder), Fits(best, best_full), posteriors


@torch.no_grad()
def encoders_gaussians(model: nn.Module, x: Tensor) -> Gaussian2D:
    """q(z|x) of images x (n, 784), as the encoder answers."""
    mu, log_sigma = encode_parameters(model, x)
    return Gaussian2D(mu, log_sigma, torch.zeros(len(x)))


def _best(gaussians: list[Gaussian2D], bounds: list[Tensor]) -> tuple[Gaussian2D, Tensor]:
    """For each image the Gaussian with the largest bound, and that bound (n,)."""
    bound, which = torch.stack(bounds).max(0)
    every = torch.arange(len(which))
    return Gaussian2D(*(torch.stack(part)[which, every] for part in zip(*gaussians))), bound


@torch.no_grad()
def expected_bounds(
    model: nn.Module, x: Tensor, gaussian: Gaussian2D, likelihood: str, temperature: float = 1.0
) -> Tensor:
    """The ELBO of a Gaussian for each of the images x (n, 784): (n,) nats.

    E_q[log p(x|z)] / temperature by quadrature, E_q[log p(z)] and the entropy in closed form.
    """

    def expected_loss(own: Tensor, mean: Tensor, lower: Tensor) -> float:
        def losses(z: Tensor) -> Tensor:
            return decoded_losses(model, z, own.expand(len(z), -1), likelihood)

        return gaussian_expectation(losses, mean, lower, TOLERANCE * temperature)

    lower = gaussian.lower()
    losses = torch.tensor([expected_loss(*own) for own in zip(x, gaussian.mean, lower)])
    squares = gaussian.mean.square().sum(1) + lower.square().sum((1, 2))
    return -losses / temperature - 0.5 * squares + gaussian.log_scale.sum(1) + 1


def improve(
    model: nn.Module, x: Tensor, mu: Tensor, log_sigma: Tensor, likelihood: str, temperature: float = 1.0
) -> Tensor:
    """The way of the encoder's q (mu and log_sigma (2,)) up its own ELBO for one image x (784,): (steps, 5).

    mean (2), sigma (2) and the bound before each step: Adam, with the expectation over NODES x NODES nodes.
    """
    eps, weight = _nodes()
    mean, log_scale = mu.clone().requires_grad_(), log_sigma.clone().requires_grad_()
    optimizer = Adam([{"params": [mean, log_scale]}], fused=False)
    path = []
    for step in range(STEPS + 1):
        logits = model.decode(mean + log_scale.exp() * eps)
        expected = weight @ reconstruction_loss(logits, x.expand(len(eps), -1), likelihood)
        bound = -expected / temperature - kl_divergence(mean, log_scale).sum()
        path.append(torch.cat([mean, log_scale.exp(), bound[None]]).detach())
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.groups[0]["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        optimizer.step()
    return torch.stack(path)


def _nodes() -> tuple[Tensor, Tensor]:
    """Equidistant nodes (n, 2) and weights (n,) for an expectation under N(0, I), for smooth functions very exact."""
    line = torch.linspace(-TAIL, TAIL, NODES)
    eps = torch.cartesian_prod(line, line)
    weight = (-0.5 * eps.square().sum(1)).exp()
    return eps, weight / weight.sum()


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


def fit_gaussians(posteriors: list[Posterior], encoders: Gaussian2D) -> tuple[list[Gaussian2D], list[Gaussian2D]]:
    """The best diagonal and the best full-covariance Gaussians for each image, two of each: one from every start.

    Gradient steps on the ELBO on the cells, sum_c q_c log p(x, z_c) + entropy, from the encoder's q and from the
    moments of p(z|x) at its largest peak.
    """
    cells = _padded(posteriors)
    peaks = torch.stack([_peak(posterior) for posterior in posteriors])  # (n, 4)
    starts = torch.stack([torch.cat(encoders[:2], 1), peaks], 1).repeat(1, 2, 1)  # (n, 4, 4)
    # Rows of an image: diagonal from both starts, then full from both starts; all in the units of its cells.
    mean = ((starts[..., :2] - cells.centre[:, None]) / cells.scale[:, None]).requires_grad_()
    log_scale = (starts[..., 2:] - cells.scale[:, None].log()).requires_grad_()
    slant = torch.zeros(len(posteriors), 4, requires_grad=True)
    is_full = torch.tensor([False, False, True, True])
    narrowest = torch.stack([0.5 * posterior.area.min().log() - 0.7 for posterior in posteriors])  # than cells can tell
    narrowest = narrowest[:, None, None] - cells.scale[:, None].log()
    with torch.no_grad():
        log_scale.copy_(log_scale.maximum(narrowest).clamp(max=0.0))
    optimizer = Adam([{"params": [mean, slant]}, {"params": [log_scale]}], fused=False)
    best = torch.full((len(posteriors), 4, 6), -math.inf)
    for step in range(STEPS + 1):
        bounds = _bounds(cells, mean, log_scale, slant * is_full)
        state = torch.cat([mean, log_scale, slant[..., None], bounds[..., None]], 2).detach()  # (n, 4, 6)
        best = torch.where(state[..., 5:] > best[..., 5:], state, best)
        for group, rate in zip(optimizer.groups, (0.2 * RATE, RATE)):
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        optimizer.zero_grad()
        (-bounds.sum()).backward()
        optimizer.step()
        with torch.no_grad():  # nor wider than where the cells are
            log_scale.copy_(log_scale.maximum(narrowest).clamp(max=0.0))
    best[:, ~is_full, 4] = 0
    fits = [_gaussian(rows, cells.centre, cells.scale) for rows in best.unbind(1)]
    return fits[:2], fits[2:]


def _padded(posteriors: list[Posterior]) -> _Padded:
    low, high = (torch.stack([end(posterior.z, 0) for posterior in posteriors]) for end in (torch.amin, torch.amax))
    width = torch.stack([posterior.area.max().sqrt() for posterior in posteriors])[:, None]
    centre, scale = (low + high) / 2, 0.5 * ((high - low).amax(1, keepdim=True) + width)
    monomials, masses, floors = [], [], []
    for posterior, middle, unit in zip(posteriors, centre, scale):
        first, second = ((posterior.z - middle) / unit).T
        ones, floor = torch.ones_like(first), posterior.log_joint.max() - OUTSIDE
        monomials.append(torch.stack([ones, first, second, first.square(), first * second, second.square()], 1))
        masses.append((posterior.area / unit**2)[:, None] * torch.stack([posterior.log_joint - floor, ones], 1))
        floors.append(floor)
    padded = pad_sequence(monomials, batch_first=True).mT.contiguous()
    return _Padded(centre, scale, padded, pad_sequence(masses, batch_first=True), torch.stack(floors)[:, None])


def _peak(posterior: Posterior) -> Tensor:
    """Mean and log sigma (4,) of p(z|x) at its largest peak: of cells nearly as high as the mode that hang together.

    The moments of several peaks at once would lie between them, where there is seldom a good Gaussian.
    """
    core = posterior.only(posterior.log_joint > posterior.log_joint.max() - CORE)
    place = (core.z / core.area.max().sqrt()).floor().long()  # as if all cells were as wide as the widest
    row, column = (place - place.amin(0)).T
    is_core = torch.zeros(int(row.max()) + 1, int(column.max()) + 1)
    is_core[row, column] = 1.0
    label = is_core * torch.arange(1, is_core.numel() + 1).reshape(is_core.shape)
    while True:  # a cell takes the largest label around it, until each peak has one
        spread = max_pool2d(label[None], 3, stride=1, padding=1)[0] * is_core
        if torch.equal(spread, label):
            break
        label = spread
    own = label[row, column]
    peaks = [core.only(own == name) for name in own.unique()]
    largest = max(peaks, key=lambda peak: peak.log_mass.logsumexp(0).item())
    weight = largest.log_mass.softmax(0)
    centre = weight @ largest.z
    deviation = (weight @ (largest.z - centre).square()).sqrt().clamp(min=0.3 * core.area.min().sqrt())
    return torch.cat([centre, deviation.log()])


def _bounds(cells: _Padded, mean: Tensor, log_scale: Tensor, slant: Tensor) -> Tensor:
    """The ELBO on the cells of k Gaussians an image: mean and log_scale (n, k, 2), slant (n, k) -> (n, k) nats.

    What a Gaussian has outside of the cells that matter counts as OUTSIDE nats below the mode.
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
