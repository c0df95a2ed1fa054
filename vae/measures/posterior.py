"""The exact posterior p(z|x) of a model with a 2-D code, on a grid."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from vae.measures.chunks import CHUNK
from vae.models import encode_parameters, pixel_means

SIDE = 200  # cells of the grid along each axis
REACH = 5.0  # half-width of the grid, in prior sigmas, at least
ENOUGH = 400  # cells for one posterior: of a Gaussian, two for each sigma
MOST = 8_000  # cells of one size that matter; more are joined, before any is split where its mass changes
FEWEST = 32  # cells that are split, also where fewer matter: a peak can be narrow and its cell's centre beside it
SETTLED = 0.005  # nats: log p(x) of every second cell along both axes differs by less, whichever they are
CHANGES = 3e-4  # share of p(x): a cell whose split changes its mass by more is split further
MOST_SPLITS = 7  # of all cells, and then of those whose mass changes
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
    """p(z|x) on cells z (n, 2), each of an area (n,): log_joint = log p(x, z) there (n,); log_evidence = log p(x)."""

    z: Tensor
    area: Tensor
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

    @property
    def log_mass(self) -> Tensor:
        """log p(x, z in the cell) of each (n,)."""
        return self.log_joint + self.area.log()

    @property
    def place(self) -> Tensor:
        """Whole numbers (n, 2), by which neighbouring cells of one size differ by one."""
        return (self.z / self.area.sqrt()[:, None] - 0.5).round().long()

    def density(self) -> Tensor:
        """p(z|x) at the cells (n,)."""
        return (self.log_joint - self.log_evidence).exp()

    def only(self, which: Tensor) -> "Posterior":
        """Some of its cells, by a mask (n,)."""
        return self._replace(z=self.z[which], area=self.area[which], log_joint=self.log_joint[which])


OnLattice = Callable[[Tensor, float], Posterior]  # the posterior of one image on the cells (n, 2) of a given width


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
    area = torch.full((len(cells.z),), cells.area)
    return [Posterior(cells.z, area, *own) for own in zip(log_joint, log_evidence)]


@torch.no_grad()
def exact_posteriors(
    model: nn.Module, grid: Cells, x: Tensor, likelihood: str, temperature: float = 1.0
) -> list[Posterior]:
    """p(z|x) of images x (n, 784), each on the cells that matter to it; grid: what `decode_grid` made of the model."""
    found, (mu, _) = posteriors_on(grid, x, likelihood, temperature), encode_parameters(model, x)

    def on_cells_of_its_own(posterior: Posterior, own: Tensor, centre: Tensor) -> Posterior:
        def on_lattice(place: Tensor, width: float) -> Posterior:
            return posteriors_on(_decode_cells(model, likelihood, place, width), own, likelihood, temperature)[0]

        zoomed = _zoomed(posterior, centre, on_lattice)
        refined = zoomed if _has_settled(zoomed) else _refined(zoomed, on_lattice)
        return refined.only(refined.matters)

    return [on_cells_of_its_own(*each) for each in zip(found, x.split(1), mu)]


def _zoomed(posterior: Posterior, mu: Tensor, on_lattice: OnLattice) -> Posterior:
    """The posterior of one image on cells of one size, joined or split by four until about enough of them matter.

    A posterior narrower than the grid's cells lies between their centres: before a split, neighbours are taken in, and
    where the encoder (mu (2,)) expects it, it is looked for in any case.
    """
    while posterior.matters.sum() > MOST:
        posterior = _joined(posterior)
    for _ in range(MOST_SPLITS):
        if posterior.matters.sum() >= ENOUGH:
            break
        best = posterior.log_joint.topk(min(FEWEST, len(posterior.z))).values[-1]
        split = posterior.matters | (posterior.log_joint >= best)
        split[(posterior.z - mu).square().sum(1).argmin()] = True
        width = posterior.area[0].sqrt().item()
        posterior = on_lattice(_quarters(_with_neighbours(posterior.place[split]).unique(dim=0)), width / 2)
    return posterior


def _has_settled(posterior: Posterior) -> bool:
    """Whether cells twice as wide would do, of which there are four sets: every second one along both axes."""
    which = posterior.place.remainder(2) @ torch.tensor([2, 1])
    evidence = torch.stack([posterior.log_joint[which == own].logsumexp(0) for own in range(4)])
    return bool(evidence.max() - evidence.min() < SETTLED)


def _refined(posterior: Posterior, on_lattice: OnLattice) -> Posterior:
    """The posterior on cells of several sizes: split by four wherever a split still changes their mass."""
    posterior = posterior.only(posterior.matters)
    place, which = torch.cat([posterior.place, _with_neighbours(posterior.place)]).unique(dim=0, return_inverse=True)
    log_mass = torch.full((len(place),), -math.inf)  # what of the neighbours was not found to matter has none yet
    log_mass[which[: len(posterior.z)]] = posterior.log_mass
    width, log_evidence, done = posterior.area[0].sqrt().item(), -math.inf, []
    for splits_left in reversed(range(MOST_SPLITS)):
        width /= 2
        fine = on_lattice(_quarters(place), width)
        total = np.logaddexp(log_evidence, fine.log_evidence)
        change = (fine.log_mass.reshape(-1, 4).logsumexp(1) - total).exp() - (log_mass - total).exp()
        unsettled = ((change.abs() > CHANGES) & (splits_left > 0)).repeat_interleave(4)
        done.append(fine.only(~unsettled))
        log_evidence = np.logaddexp(log_evidence, done[-1].log_mass.logsumexp(0).item())
        place, log_mass = fine.place[unsettled], fine.log_mass[unsettled]
        if not len(place):
            break
    z, area, log_joint = (torch.cat(part) for part in list(zip(*done))[:3])
    return Posterior(z, area, log_joint, float(log_evidence))


def _with_neighbours(place: Tensor) -> Tensor:
    return (place[:, None] + AROUND).reshape(-1, 2)


def _quarters(place: Tensor) -> Tensor:
    """The places of the four halves as wide that each of n cells is split into: (4 n, 2)."""
    return (2 * place[:, None] + QUARTERS).reshape(-1, 2)


def _joined(posterior: Posterior) -> Posterior:
    """The posterior on a grid of half as many cells a side, each with the mean density of its four."""
    half = math.isqrt(len(posterior.z)) // 2
    z = posterior.z.reshape(half, 2, half, 2, 2).mean((1, 3)).reshape(-1, 2)
    log_joint = posterior.log_joint.reshape(half, 2, half, 2).logsumexp((1, 3)).flatten() - math.log(4)
    return Posterior(z, 4 * posterior.area[: len(z)], log_joint, posterior.log_evidence)
