"""What q loses, part by part: against a closed form, many draws, and fits one at a time; the parts on real digits."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from tests.vae.linear import Linear
from vae import data
from vae.config import RunConfig
from vae.evaluation import decoded_losses
from vae.gap import Gaussian2D, encoders_gaussians, expected_bounds, fit_gaussians, improve, measure_gap
from vae.latent import encode_all
from vae.posterior import decode_grid, posteriors_on
from vae.store import RunStore

NATS = 0.02  # to which every bound is meant to be exact


def test_of_a_gaussian_posterior_the_full_fit_is_exact_and_the_diagonal_one_loses_what_it_must():
    decoder, x = Linear(), data.load("mnist", "test").images[:1]
    decoder.weight[:, 1] = 0.7 * decoder.weight[:, 0] + 0.3 * decoder.weight[:, 1]  # they depend on each other
    [posterior] = posteriors_on(decoder.cells(), x, "gaussian")
    diagonal, full = (own[0] for own in fit_gaussians([posterior], Gaussian2D(*torch.zeros(2, 1, 2), torch.zeros(1))))
    precision = decoder.precision
    mean = torch.linalg.solve(precision, decoder.weight.T @ (x[0] - decoder.bias))
    known = MultivariateNormal(mean, precision_matrix=precision)
    losses = [kl_divergence(MultivariateNormal(q.mean[0], scale_tril=q.lower()[0]), known) for q in (full, diagonal)]
    assert losses[0].item() == pytest.approx(0.0, abs=NATS)
    # The best diagonal q has the variances 1 / precision_dd, and loses half the log of what correlation squeezes out.
    lost = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))
    assert losses[1].item() == pytest.approx(lost.item(), abs=NATS)
    assert torch.allclose(diagonal.log_scale[0].exp(), precision.diagonal().rsqrt(), rtol=0.05)


@pytest.mark.parametrize("config", [RunConfig(), RunConfig(bottleneck="relu")], ids=["default", "wide"])
@pytest.mark.parametrize("temperature", [1.0, 4.0])
@torch.no_grad()
def test_bounds_are_the_elbo_over_many_draws(tmp_path, config, temperature):
    model, images = RunStore(str(tmp_path)).model(config.run_id), data.load("mnist", "test").images
    some = [2, 5, 100]  # with g = ReLU sigma is up to 4.9, and the decoder has sharp turns there
    q = encoders_gaussians(model, images[some])
    for gaussian in (q, q._replace(slant=0.7 * q.log_scale[:, 1].exp())):
        bounds = expected_bounds(model, images[some], gaussian, "bernoulli", temperature)
        for bound, index, mean, lower in zip(bounds.tolist(), some, gaussian.mean, gaussian.lower()):
            draw = MultivariateNormal(mean, scale_tril=lower)
            torch.manual_seed(0)
            z = draw.sample((40_000,))
            losses = decoded_losses(model, z, images[index].expand(len(z), -1), "bernoulli")
            terms = -losses / temperature + Normal(0.0, 1.0).log_prob(z).sum(1) - draw.log_prob(z)
            error = terms.std().item() / math.sqrt(len(z))
            assert bound == pytest.approx(terms.mean().item(), abs=4 * error + 1e-3)


def test_no_gaussian_on_a_peak_is_better_than_the_best(trained):
    """Of posteriors with several peaks the best Gaussian is on one of them, and no wide one between them."""
    model, images, _, _, grid = trained
    some = images[[133, 617]]
    found, fits, posteriors = measure_gap(model, grid, some, "bernoulli")
    assert torch.allclose(expected_bounds(model, some, fits.full, "bernoulli"), found.full, atol=1e-3)
    assert torch.allclose(expected_bounds(model, some, fits.diagonal, "bernoulli"), found.diagonal, atol=1e-3)
    for x, posterior, best in zip(some, posteriors, found.diagonal):
        for scale in (0.01, 0.02, 0.04):
            q = Gaussian2D(posterior.mode[None], torch.full((1, 2), math.log(scale)), torch.zeros(1))
            assert expected_bounds(model, x[None], q, "bernoulli").item() <= best + NATS


@pytest.mark.parametrize("temperature, count", [(1.0, 200), (0.1, 10), (10.0, 10)])
def test_the_parts_of_the_gap_are_not_negative_and_add_up(trained, temperature, count):
    model, images, _, _, grid = trained
    found, _, posteriors = measure_gap(model, grid, images[:count], "bernoulli", temperature)
    parts = torch.stack([*found.parts.values()])
    assert parts.min() >= -NATS
    assert torch.allclose(parts.sum(0), found.log_evidence - found.encoder, atol=1e-3)
    assert found.log_evidence.tolist() == pytest.approx([posterior.log_evidence for posterior in posteriors])


def test_many_images_at_once_are_as_good_as_one_at_a_time(trained):
    model, images, _, _, grid = trained
    together, _, _ = measure_gap(model, grid, images[:6], "bernoulli")
    for index in range(6):
        alone, _, _ = measure_gap(model, grid, images[index : index + 1], "bernoulli")
        for one, all_of_them in zip(alone, together):
            assert one.item() == pytest.approx(all_of_them[index].item(), abs=2e-3)


@pytest.mark.parametrize("index", [3, 597])
def test_q_improves_from_the_encoders_answer_to_the_best(trained, index):
    model, images, mu, log_sigma, grid = trained
    found, _, _ = measure_gap(model, grid, images[index : index + 1], "bernoulli")
    path = improve(model, images[index], mu[index], log_sigma[index], "bernoulli")
    assert torch.allclose(path[0, :4], torch.cat([mu[index], log_sigma[index].exp()]), atol=1e-5)
    assert path[0, 4] == pytest.approx(found.encoder.item(), abs=NATS)
    assert path[-1, 4] > path[0, 4]
    assert path[-1, 4] == pytest.approx(found.diagonal.item(), abs=0.5)


def test_peaks_far_narrower_than_the_grids_cells_are_found(tmp_path):
    config = RunConfig(kl_weight=0.01)
    model, images = RunStore(str(tmp_path)).model(config.run_id), data.load("mnist", "test").images
    grid = decode_grid(model, "bernoulli", encode_all(model, images)[0])
    found, _, _ = measure_gap(model, grid, images[[333, 596]], "bernoulli", config.kl_weight)
    assert found.parts["shape"].min() >= -NATS  # else the encoder's q would be better than the best there is
