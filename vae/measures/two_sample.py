"""How far two samples are from one distribution: the maximum mean discrepancy (MMD), and what chance makes of it."""

from typing import NamedTuple

import torch
from torch import Tensor

from vae.randomness import seeded

PERMUTATIONS = 200


class TwoSample(NamedTuple):
    """A squared MMD, and the middle 95 % of what it is when both samples are shuffled together; may be just below 0."""

    squared_mmd: float
    low: float
    high: float


def squared_mmd(x: Tensor, y: Tensor, seed: int = 0) -> TwoSample:
    """The unbiased squared MMD of two samples, (n, d) and (m, d), with its permutation interval.

    mean k(x_i, x_j) + mean k(y_i, y_j) - 2 mean k(x_i, y_j), i != j, with k(a, b) = exp(-|a - b|^2 / 2d): as wide as
    N(0, I) in d dimensions, where |a - b|^2 is 2d on average, and the same for every model (Gretton et al. 2012,
    equation 3 and section 5.1). Raises ValueError for fewer than two points or for different d.
    """
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or min(len(x), len(y)) < 2:
        raise ValueError(f"two samples of at least 2 points of the same d are needed, not {x.shape} and {y.shape}")
    n, m = len(x), len(y)
    pooled = torch.cat([x, y])
    kernel = torch.exp(-torch.cdist(pooled, pooled).square() / (2 * pooled.shape[1])).fill_diagonal_(0)  # (n+m, n+m)
    generator = seeded(seed, "permutations")
    orders = [torch.arange(n + m), *(torch.randperm(n + m, generator=generator) for _ in range(PERMUTATIONS))]
    first = torch.stack([(order < n).float() for order in orders], 1)  # (n+m, 1 + permutations): who is called x
    to_first, to_all = kernel @ first, kernel.sum(1)
    both_first = (first * to_first).sum(0)
    across = to_all @ first - both_first
    both_second = to_all.sum() - both_first - 2 * across
    values = both_first / (n * (n - 1)) + both_second / (m * (m - 1)) - 2 * across / (n * m)
    low, high = torch.quantile(values[1:], torch.tensor([0.025, 0.975])).tolist()
    return TwoSample(values[0].item(), low, high)
