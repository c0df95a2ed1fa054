"""The maximum mean discrepancy against its definition, against a closed form, and against chance."""

import hashlib
import math

import numpy as np
import pytest
import torch

from vae.measures.two_sample import squared_mmd


def normal(count: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(count, d, generator=torch.Generator().manual_seed(seed))


def by_definition(x: torch.Tensor, y: torch.Tensor) -> float:
    """Equation 3 of Gretton et al. (2012), pair by pair."""

    def k(a, b) -> float:
        return math.exp(-sum((a - b).tolist()[i] ** 2 for i in range(len(a))) / (2 * len(a)))

    def mean(pairs) -> float:
        values = [k(a, b) for a, b in pairs]
        return sum(values) / len(values)

    within = [mean((a, b) for i, a in enumerate(s) for j, b in enumerate(s) if i != j) for s in (x, y)]
    return sum(within) - 2 * mean((a, b) for a in x for b in y)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_it_is_the_definition(d):
    x, y = normal(7, d, 0), 0.5 * normal(11, d, 1) + 1
    assert squared_mmd(x, y).squared_mmd == pytest.approx(by_definition(x, y), abs=1e-6)


@pytest.mark.parametrize("d, sigma", [(1, 0.3), (2, 0.5), (2, 2.0)])
def test_for_large_samples_of_gaussians_it_is_the_closed_form(d, sigma):
    """E k(a, b) of a - b ~ N(0, v I) is (d / (d + v))^(d/2)."""
    expected = sum(weight * (d / (d + v)) ** (d / 2) for weight, v in ((1, 2 * sigma**2), (1, 2.0), (-2, 1 + sigma**2)))
    assert squared_mmd(sigma * normal(2_000, d, 0), normal(2_000, d, 1)).squared_mmd == pytest.approx(
        expected, abs=0.01
    )


def permuted(x: torch.Tensor, y: torch.Tensor, seed: int) -> np.ndarray:
    """The definition's value for 200 shuffles of both samples together, one by one in double precision."""
    pooled, n = torch.cat([x, y]).double(), len(x)
    kernel = (-(pooled[:, None] - pooled).square().sum(2) / (2 * x.shape[1])).exp().fill_diagonal_(0).numpy()
    digest = hashlib.sha256(f"{seed}/permutations/0".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little"))
    values = []
    for _ in range(200):
        is_first = (torch.randperm(len(pooled), generator=generator) < n).numpy()
        within = [kernel[own][:, own].sum() / (own.sum() * (own.sum() - 1)) for own in (is_first, ~is_first)]
        values.append(sum(within) - 2 * kernel[is_first][:, ~is_first].mean())
    return np.array(values)


def test_the_interval_is_the_middle_95_percent_of_what_shuffling_gives():
    """Without what was observed, which here lies far beyond."""
    x, y = normal(30, 2, 0), normal(45, 2, 1) + 1
    _, low, high = squared_mmd(x, y, seed=3)
    values = np.sort(permuted(x, y, 3))
    assert [low, high] == pytest.approx(np.quantile(values, [0.025, 0.975]).tolist(), abs=1e-6)
    assert values[4] <= low <= values[5] and values[194] <= high <= values[195]  # 5 of 200 on either side


def test_of_samples_of_one_distribution_five_in_a_hundred_lie_beyond_what_chance_makes():
    below = above = 0
    for seed in range(200):
        value, low, high = squared_mmd(normal(20, 2, seed), normal(25, 2, 1_000 + seed), seed)
        below, above = below + (value < low), above + (value > high)
    assert 0.03 <= (below + above) / 200 <= 0.07 and min(below, above) >= 2


def test_a_shift_lies_far_beyond_chance_and_is_the_closed_form():
    """E k(a, b) of a - b ~ N(shift, v I) is (d / (d + v))^(d/2) exp(-|shift|^2 / (2 (d + v))); here d = v = 2."""
    value, _, high = squared_mmd(normal(1_000, 2, 0) + 0.5, normal(1_000, 2, 1))
    assert value == pytest.approx(2 * (0.5 - 0.5 * math.exp(-0.5 / 8)), abs=0.01)
    assert value > 5 * high


def test_the_same_seed_gives_the_same_interval_and_another_one_another():
    x, y = normal(50, 2, 0), normal(60, 2, 1)
    assert squared_mmd(x, y, 3) == squared_mmd(x, y, 3)
    assert squared_mmd(x, y, 3).low != squared_mmd(x, y, 4).low


@pytest.mark.parametrize("shapes", [((1, 2), (5, 2)), ((5, 2), (5, 3)), ((5,), (5,))])
def test_samples_that_cannot_be_compared_are_refused(shapes):
    with pytest.raises(ValueError, match="two samples"):
        squared_mmd(*(torch.zeros(shape) for shape in shapes))
