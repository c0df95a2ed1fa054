"""The aggregate posterior against closed forms, and against quadrature on the plane."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Independent, Normal

from vae import data
from vae.measures.aggregate import aggregate, log_mixture
from vae.measures.chunks import encode_all
from vae.runs.store import RunStore


def test_one_cloud_alone_tells_nothing():
    mu, log_sigma = torch.tensor([[0.7, -0.4, 0.2]]), torch.tensor([[-0.5, 0.1, -1.0]])
    found = aggregate(mu, log_sigma)
    assert found.information == pytest.approx(0, abs=1e-9) and found.bare is None


def test_clouds_far_from_each_other_tell_which_image_it_was_and_no_more():
    """Then I(x; z) = log n, however large the KL of each is, and however narrow the clouds are."""
    for width in (-2.0, -9.0, -40.0):
        mu, log_sigma = torch.tensor([[-30.0, 0.0], [30.0, 0.0], [0.0, 30.0]]), torch.full((3, 2), width)
        assert aggregate(mu, log_sigma).information == pytest.approx(math.log(3), abs=2e-3)


def test_what_two_overlapping_clouds_tell_is_what_quadrature_says():
    mu, log_sigma = torch.tensor([[-0.5], [0.8]]), torch.tensor([[-0.2], [0.1]])
    z = torch.linspace(-9, 9, 20_001).double()
    q = [Normal(m.double(), s.double().exp()).log_prob(z) for m, s in zip(mu, log_sigma)]
    mixture = torch.stack(q).logsumexp(0) - math.log(2)
    exact = sum(((one.exp() * (one - mixture)).sum() * (z[1] - z[0])).item() for one in q) / 2
    found = aggregate(mu, log_sigma)
    assert found.information == pytest.approx(exact, abs=4 * found.standard_error) and found.standard_error > 0


def test_the_prior_itself_tells_nothing_and_leaves_nothing_bare():
    found = aggregate(torch.zeros(500, 2), torch.zeros(500, 2))
    assert found.information == pytest.approx(0, abs=1e-6) and found.bare == 0


def test_what_is_no_number_stays_none():
    found = aggregate(torch.full((4, 2), math.nan), torch.zeros(4, 2))
    assert math.isnan(found.information) and math.isnan(found.bare)


def test_a_cloud_beside_the_prior_leaves_bare_what_its_density_says():
    mu, log_sigma = torch.tensor([[1.5, 0.0]]), torch.tensor([[-0.7, -0.7]])
    z = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0))
    q = Independent(Normal(mu[0], log_sigma[0].exp()), 1).log_prob(z)
    p = Independent(Normal(torch.zeros(2), torch.ones(2)), 1).log_prob(z)
    assert aggregate(mu, log_sigma).bare == pytest.approx((q < p + math.log(0.1)).double().mean().item(), abs=0.03)


@pytest.mark.parametrize("run_id", ["vae-2d-7b69009b8943", "vae-2d-ba95b1226457"])
def test_of_a_trained_run_they_are_those_of_quadrature_on_the_plane(tmp_path, run_id):
    mu, log_sigma = encode_all(RunStore(str(tmp_path)).model(run_id), data.load("mnist", "test").images)
    mu, log_sigma = (part[::20].double() for part in (mu, log_sigma))  # of 500 images, for the grid is fine
    line = np.linspace(-6, 6, 601)
    cells = torch.cartesian_prod(*[torch.tensor(line)] * 2)
    log_q, log_p = log_mixture(cells, mu, log_sigma), -0.5 * cells.square().sum(1) - math.log(2 * math.pi)
    area = (line[1] - line[0]) ** 2
    assert log_q.exp().sum().item() * area == pytest.approx(1, abs=2e-3)
    apart = (log_q.exp() * (log_q - log_p)).sum().item() * area  # KL(q(z) || p)
    kl = 0.5 * (mu.square() + (2 * log_sigma).exp() - 2 * log_sigma - 1).sum(1).mean().item()
    found = aggregate(mu, log_sigma)
    assert found.information == pytest.approx(kl - apart, abs=4 * found.standard_error)
    bare = (log_p.exp() * (log_q < log_p + math.log(0.1))).sum().item() * area
    assert found.bare == pytest.approx(bare, abs=0.04)


def test_no_run_of_the_project_tells_more_than_which_image_it_was(tmp_path):
    store = RunStore(str(tmp_path))
    tests = [test for run_id in store.run_ids() if (test := (store.metrics(run_id) or {}).get("test")) and test["kl"]]
    assert len(tests) > 15
    for test in tests:
        assert -0.01 <= test["information"] <= min(math.log(10_000), test["kl"]) + 4 * test["information_error"]
