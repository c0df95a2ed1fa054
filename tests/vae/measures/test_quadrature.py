"""Expectations under a Gaussian against closed forms, also of functions with a sharp turn."""

import math

import pytest
import torch
from scipy.special import erfcx

from vae.measures.quadrature import gaussian_expectation

MEAN = torch.tensor([0.3, -1.2])
LOWER = torch.tensor([[0.8, 0.0], [0.5, 0.2]])


def test_a_constant_is_its_own_expectation_although_the_tails_are_cut_off():
    constant = gaussian_expectation(lambda z: torch.full((len(z),), 1e6), MEAN, LOWER, 1e-3)
    assert constant == pytest.approx(1e6, rel=3e-7)  # beyond 5 sigma lies a millionth


def test_of_a_polynomial_and_an_exponential_it_is_the_closed_form():
    covariance = LOWER @ LOWER.T
    product = gaussian_expectation(lambda z: 10 + z[:, 0] * z[:, 1], MEAN, LOWER, 1e-4)
    assert product == pytest.approx(10 + (MEAN.prod() + covariance[0, 1]).item(), abs=1e-3)
    slope = torch.tensor([1.0, -2.0])
    exponential = gaussian_expectation(lambda z: (z @ slope).exp(), MEAN, LOWER, 1e-3)
    assert exponential == pytest.approx((slope @ MEAN + slope @ covariance @ slope / 2).exp().item(), abs=5e-3)


@pytest.mark.parametrize("sigma", [0.01, 0.1, 1.0, 5.0])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_peak_far_narrower_than_the_gaussian_is_not_missed(sigma, axis):
    lower = torch.diag(torch.tensor([0.2, 0.2]))
    lower[axis, axis] = sigma
    peak = gaussian_expectation(lambda z: 100 * (-z[:, axis].abs() / 0.03).exp(), torch.zeros(2), lower, 0.005)
    assert peak == pytest.approx(100 * erfcx(sigma / 0.03 / math.sqrt(2)), abs=0.02)


def test_points_are_spent_where_the_function_turns():
    seen = []

    def bend(z):
        seen.append(z)
        return 50 * (z[:, 0] - 0.7).abs()

    gaussian_expectation(bend, torch.zeros(2), torch.eye(2), 0.005)
    first = torch.cat(seen)[:, 0]
    assert len(first) < 20_000
    near, far = ((first - 0.7).abs() < 0.1).sum(), ((first + 0.7).abs() < 0.1).sum()
    assert near > 3 * far


def test_what_is_infinite_is_infinite():
    assert gaussian_expectation(lambda z: z[:, 0] * 0 + math.inf, MEAN, LOWER, 0.1) == math.inf


@pytest.mark.parametrize("log_sigma", [4.0, 10.0, 20.0, 40.0])
def test_however_wide_the_gaussian_it_comes_to_an_end(log_sigma):
    points = []

    def bends(z):
        points.append(len(z))
        return (z[:, 0] - 0.7).abs() + (3 * z[:, 1]).sin()

    sigma = math.exp(log_sigma)
    found = gaussian_expectation(bends, torch.zeros(2), torch.eye(2) * sigma, 0.005)
    assert sum(points) < 300_000
    assert found == pytest.approx(sigma * math.sqrt(2 / math.pi), rel=0.02)


@pytest.mark.parametrize("harm", [math.nan, math.inf])
def test_of_a_gaussian_that_is_none_it_is_not_a_number(harm):
    assert math.isnan(gaussian_expectation(lambda z: z[:, 0], MEAN, LOWER * harm, 0.005))
    assert math.isnan(gaussian_expectation(lambda z: z[:, 0], MEAN * harm, LOWER, 0.005))
