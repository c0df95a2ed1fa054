"""The exact posterior p(z|x) of a model with a 2-D code, on a grid."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from vae.evaluation import CHUNK
from vae.models import encode_parameters, pixel_means

SIDE = 200  # cells of the grid along each axis
ENOUGH = 400  # cells for one posterior, once log p(x) has settled: of a Gaussian, two for each sigma
PLENTY = 2_000  # cells that are enough in any case; four times as many are joined
SETTLED = 0.005  # nats: log p(x) changes by less when the cells are split
FEWEST = 32  # cells that are split, also where fewer matter: a peak can be narrow and its cell's centre beside it
MOST_SPLITS = 7
REACH = 5.0  # half-width of the grid, in prior sigmas, at least
NEGLIGIBLE = 16.0  # nats below the mode: cells less likely than that do not matter
AROUND = torch.cartesian_prod(torch.arange(-1, 2), torch.arange(-1, 2))  # a cell and its eight neighbours
QUARTERS = torch.cartesian_prod(torch.arange(2), torch.arange(2))


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
    """p(z|x) on cells z (n, 2) of an area: log_joint = log p(x, z) at each (n,), log_evidence = log p(x) in nats."""

    z: Tensor
    area: float
    log_joint: Tensor
    log_evidence: float

    @property
    def mode(self) -> Tensor:
        """The most probable cell (2,)."""
        return self.z[self.log_joint.argmax()]

    @property
    def matters(self) -> Tensor:
        """Which cells are not NEGLIGIBLE: (n,) bool."""
        return self.log_joint > self.log_joint.max() - NEGLIGIBLE

    def density(self) -> Tensor:
        """p(z|x) at the cells (n,)."""
        return (self.log_joint - self.log_evidence).exp()


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
    """log p(x|z) of images x (n, 784) at every cell: (n, cells) nats."""
    constant = torch.zeros(()) if likelihood == "bernoulli" else 0.5 * x.square().sum(1, keepdim=True)
    return x @ cells.features.T - cells.offset - constant


def posteriors_on(cells: Cells, x: Tensor, likelihood: str, temperature: float = 1.0) -> list[Posterior]:
    """p(z|x) of images x (n, 784) on the given cells; temperature b: the tempered one, like p(x|z)^(1/b) p(z).

    log p(x, z) = log p(x|z) - |z|^2 / 2 - log 2 pi; log p(x) = logsumexp over the cells + log(area).
    """
    log_prior = -0.5 * cells.z.square().sum(1) - math.log(2 * math.pi)
    log_joint = log_likelihood(cells, x, likelihood) / temperature + log_prior
    log_evidence = (log_joint.logsumexp(1) + math.log(cells.area)).tolist()
    return [Posterior(cells.z, cells.area, *own) for own in zip(log_joint, log_evidence)]


@torch.no_grad()
def exact_posteriors(
    model: nn.Module, grid: Cells, x: Tensor, likelihood: str, temperature: float = 1.0
) -> list[Posterior]:
    """p(z|x) of images x (n, 784), each on the cells that matter to it; grid: what `decode_grid` made of the model."""
    found, (mu, _) = posteriors_on(grid, x, likelihood, temperature), encode_parameters(model, x)
    each = zip(found, x.split(1), mu)
    return [_zoomed(model, posterior, own, centre, likelihood, temperature) for posterior, own, centre in each]


def _zoomed(
    model: nn.Module, posterior: Posterior, x: Tensor, mu: Tensor, likelihood: str, temperature: float
) -> Posterior:
    """The posterior of one image x (1, 784) on the cells that matter, joined or split by four until they are enough.

    A posterior narrower than the grid's cells lies between their centres: before a split, neighbours are taken in, and
    where the encoder (mu (2,)) expects it, it is looked for in any case.
    """
    while posterior.matters.sum() > 4 * PLENTY:
        posterior = _joined(posterior)
    change = math.inf
    for _ in range(MOST_SPLITS):
        if posterior.matters.sum() >= (ENOUGH if change < SETTLED else PLENTY):
            break
        width = math.sqrt(posterior.area)
        best = posterior.log_joint.topk(min(FEWEST, len(posterior.z))).values[-1]
        split = posterior.matters | (posterior.log_joint >= best)
        split[(posterior.z - mu).square().sum(1).argmin()] = True
        index = (posterior.z[split] / width - 0.5).round().long()
        index = (index[:, None] + AROUND).reshape(-1, 2).unique(dim=0)
        quarters = (2 * index[:, None] + QUARTERS).reshape(-1, 2)
        before = posterior.log_evidence
        [posterior] = posteriors_on(_decode_cells(model, likelihood, quarters, width / 2), x, likelihood, temperature)
        change = abs(posterior.log_evidence - before)
    return posterior._replace(z=posterior.z[posterior.matters], log_joint=posterior.log_joint[posterior.matters])


def _joined(posterior: Posterior) -> Posterior:
    """The posterior on a grid of half as many cells a side, each with the mean density of its four."""
    half = math.isqrt(len(posterior.z)) // 2
    z = posterior.z.reshape(half, 2, half, 2, 2).mean((1, 3)).reshape(-1, 2)
    log_joint = posterior.log_joint.reshape(half, 2, half, 2).logsumexp((1, 3)).flatten() - math.log(4)
    return Posterior(z, 4 * posterior.area, log_joint, posterior.log_evidence)
