"""The maximum mean discrepancy against its definition, against a closed form, and against chance."""

import math

import pytest
import torch

from vae.two_sample import squared_mmd


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


def test_samples_of_one_distribution_lie_within_what_chance_makes_and_others_beyond():
    inside = 0
    for seed in range(20):
        value, low, high = squared_mmd(normal(200, 2, seed), normal(200, 2, 1_000 + seed), seed)
        inside += low <= value <= high
    assert inside >= 16  # of 20 at 95 %
    value, _, high = squared_mmd(normal(200, 2, 0) + 0.5, normal(200, 2, 1))
    assert value > 2 * high


def test_the_same_seed_gives_the_same_interval_and_another_one_another():
    x, y = normal(50, 2, 0), normal(60, 2, 1)
    assert squared_mmd(x, y, 3) == squared_mmd(x, y, 3)
    assert squared_mmd(x, y, 3).low != squared_mmd(x, y, 4).low


@pytest.mark.parametrize("shapes", [((1, 2), (5, 2)), ((5, 2), (5, 3)), ((5,), (5,))])
def test_samples_that_cannot_be_compared_are_refused(shapes):
    with pytest.raises(ValueError, match="two samples"):
        squared_mmd(*(torch.zeros(shape) for shape in shapes))
