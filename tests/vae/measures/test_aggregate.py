"""The aggregate posterior against closed forms, and against quadrature on the plane."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from vae import data
from vae.measures.aggregate import aggregate, log_mixture
from vae.measures.chunks import encode_all
from vae.runs.store import RunStore


def test_one_cloud_alone_is_q_itself():
    mu, log_sigma = torch.tensor([[0.7, -0.4, 0.2]]), torch.tensor([[-0.5, 0.1, -1.0]])
    q, prior = (
        Independent(Normal(*part), 1) for part in ((mu[0], log_sigma[0].exp()), (torch.zeros(3), torch.ones(3)))
    )
    found = aggregate(mu, log_sigma)
    assert found.kl == pytest.approx(kl_divergence(q, prior).item(), abs=4 * found.standard_error)
    assert found.standard_error > 0 and found.bare is None


def test_clouds_far_from_each_other_tell_which_image_it_was_and_no_more():
    """Then I(x; z) = log n, however large the KL of each is."""
    mu, log_sigma = torch.tensor([[-30.0, 0.0], [30.0, 0.0], [0.0, 30.0]]), torch.full((3, 2), -2.0)
    of_each = 0.5 * (mu.square() + (2 * log_sigma).exp() - 2 * log_sigma - 1).sum(1)
    found = aggregate(mu, log_sigma)
    assert of_each.mean().item() - found.kl == pytest.approx(math.log(3), abs=4 * found.standard_error)


def test_the_prior_itself_has_no_distance_and_leaves_nothing_bare():
    found = aggregate(torch.zeros(500, 2), torch.zeros(500, 2))
    assert found.kl == pytest.approx(0, abs=1e-6) and found.bare == 0


def test_a_cloud_beside_the_prior_leaves_bare_what_its_density_says():
    mu, log_sigma = torch.tensor([[1.5, 0.0]]), torch.tensor([[-0.7, -0.7]])
    z = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0))
    q = Independent(Normal(mu[0], log_sigma[0].exp()), 1).log_prob(z)
    p = Independent(Normal(torch.zeros(2), torch.ones(2)), 1).log_prob(z)
    assert aggregate(mu, log_sigma).bare == pytest.approx((q < p + math.log(0.1)).double().mean().item(), abs=0.03)


@pytest.mark.parametrize("run_id", ["vae-2d-7b69009b8943", "vae-2d-ba95b1226457"])
def test_of_a_trained_run_they_are_those_of_quadrature_on_the_plane(tmp_path, run_id):
    mu, log_sigma = encode_all(RunStore(str(tmp_path)).model(run_id), data.load("mnist", "test").images)
    found = aggregate(mu, log_sigma)
    mu, log_sigma = (part[::20].double() for part in (mu, log_sigma))  # of 500 images, for the grid is fine
    line = np.linspace(-6, 6, 601)
    cells = torch.cartesian_prod(*[torch.tensor(line)] * 2)
    log_q, log_p = log_mixture(cells, mu, log_sigma), -0.5 * cells.square().sum(1) - math.log(2 * math.pi)
    area = (line[1] - line[0]) ** 2
    assert log_q.exp().sum().item() * area == pytest.approx(1, abs=2e-3)
    expected = (log_q.exp() * (log_q - log_p)).sum().item() * area
    of_these = aggregate(mu, log_sigma)
    assert of_these.kl == pytest.approx(expected, abs=4 * of_these.standard_error)
    bare = (log_p.exp() * (log_q < log_p + math.log(0.1))).sum().item() * area
    assert of_these.bare == pytest.approx(bare, abs=0.04)
    assert found.kl < of_these.kl  # the more images, the more of the plane is covered
