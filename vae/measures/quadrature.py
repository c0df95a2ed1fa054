"""The expectation of a function under a Gaussian in the plane, by panels that are halved where it turns."""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.polynomial import legendre
from torch import Tensor

TAIL = 5.0  # sigmas, beyond which a Gaussian is cut off
PANELS = 3  # along each axis to begin with, at least,
WIDEST = 2.0  # and each so wide at most, in the units of z: in a wider one a sharp turn could be missed
MOST_PANELS = 32  # along each axis to begin with
EXACT = 2e-7  # of the expectation: what float32 can tell
MOST_HALVED = 1_000  # panels at a time: where more turn, f is too wild or too large to settle
ORDER = 7  # nodes along each axis of a panel [-1, 1]^2
_NODE, _WEIGHT = legendre.leggauss(ORDER)
NODE, WEIGHT = torch.tensor(_NODE).float(), torch.tensor(_WEIGHT).float()
NODES, WEIGHTS = torch.cartesian_prod(NODE, NODE), torch.outer(WEIGHT, WEIGHT).flatten()
# (2, ORDER): from the values at the nodes to their coefficients of the last two Legendre polynomials.
LAST = torch.tensor(
    np.stack([(k + 0.5) * _WEIGHT * legendre.legval(_NODE, np.eye(ORDER)[k]) for k in (ORDER - 2, ORDER - 1)])
).float()


def gaussian_expectation(f: Callable[[Tensor], Tensor], mean: Tensor, lower: Tensor, tolerance: float) -> float:
    """E[f(z)] under N(mean (2,), L L^T), lower: L (2, 2); f takes points (n, 2) and answers (n,).

    Gauss-Legendre quadrature over eps, z = mean + L eps, on panels that tile the plane. A panel is halved across the
    axis along which f turns more, until its last Legendre coefficients are within the tolerance (in f's unit).
    What lies between the first nodes is not seen. NaN for a Gaussian that is not finite.
    """
    if not (mean.isfinite().all() and lower.isfinite().all()):
        return math.nan
    counts = (2 * TAIL * lower.norm(dim=0) / WIDEST).ceil().clamp(PANELS, MOST_PANELS)
    half = (TAIL / counts).expand(int(counts.prod()), 2)  # half the width of each panel (panels, 2)
    centre = (2 * torch.cartesian_prod(*map(torch.arange, counts.tolist())) + 1) * half - TAIL
    total = mass = 0.0
    while len(centre):
        eps = centre[:, None] + half[:, None] * NODES  # (panels, nodes, 2)
        density = half.prod(1, keepdim=True) * (-0.5 * eps.square().sum(2)).exp() / (2 * torch.pi)
        weight = density * WEIGHTS  # (panels, nodes)
        values = f((mean + eps @ lower.T).reshape(-1, 2)).reshape(weight.shape)
        panel_mass, panel_total = weight.sum(1), (weight * values).sum(1)
        # A constant costs nothing: what has to be resolved is how f differs from its mean on the panel.
        turning = (density * (values - (panel_total / panel_mass)[:, None])).reshape(-1, ORDER, ORDER)
        error = torch.stack([((LAST @ own).abs() @ WEIGHT).amax(1) for own in (turning, turning.mT)], 1)  # (panels, 2)
        tolerance = max(tolerance, EXACT * panel_total.abs().sum().item())
        halve = error.amax(1) > tolerance
        if halve.sum() > MOST_HALVED:
            halve = torch.zeros_like(halve)
        total += panel_total[~halve].sum(dtype=torch.float64).item()
        mass += panel_mass[~halve].sum(dtype=torch.float64).item()
        centre, half = _halved(centre[halve], half[halve], error[halve].argmax(1))
    return total / mass


def _halved(centre: Tensor, half: Tensor, axis: Tensor) -> tuple[Tensor, Tensor]:
    """Both halves of panels (n, 2) across the given axis (n,) of each."""
    shift = 0.5 * half * torch.nn.functional.one_hot(axis, 2)
    return torch.cat([centre - shift, centre + shift]), (half - shift).repeat(2, 1)
