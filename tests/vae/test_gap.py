"""What q loses, part by part: against a closed form, many draws, and fits one at a time; the parts on real digits."""

import math

import pytest
import torch
from torch.distributions import Normal

from tests.vae.linear import Linear
from vae import data
from vae.config import RunConfig
from vae.gap import encoder_bounds, fit_gaussians, measure_gap
from vae.latent import encode_all
from vae.losses import reconstruction_loss
from vae.posterior import decode_grid, posteriors_on
from vae.store import RunStore

NATS = 0.02  # to which every bound is meant to be exact


def test_of_a_gaussian_posterior_the_full_fit_is_exact_and_the_diagonal_one_loses_what_it_must():
    decoder, x = Linear(), data.load("mnist", "test").images[:1]
    decoder.weight[:, 1] = 0.7 * decoder.weight[:, 0] + 0.3 * decoder.weight[:, 1]  # they depend on each other
    [posterior] = posteriors_on(decoder.cells(), x, "gaussian")
    fits = fit_gaussians([posterior], torch.zeros(1, 2), torch.zeros(1, 2))
    precision = decoder.precision
    assert torch.allclose(fits.full.covariance()[0], precision.inverse(), atol=5e-3)
    assert posterior.log_evidence - fits.full_bound.item() == pytest.approx(0.0, abs=NATS)
    # The best diagonal q has the variances 1 / precision_dd, and loses half the log of what correlation squeezes out.
    lost = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))
    assert posterior.log_evidence - fits.diagonal_bound.item() == pytest.approx(lost.item(), abs=NATS)
    assert torch.allclose(fits.diagonal.log_scale[0].exp(), precision.diagonal().rsqrt(), rtol=0.05)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
@torch.no_grad()
def test_the_encoders_bounds_are_the_elbo_over_many_draws(trained, temperature):
    model, images, mu, log_sigma, _ = trained
    some = torch.tensor([0, 6, 100])
    bounds = encoder_bounds(model, images[some], mu[some], log_sigma[some], "bernoulli", temperature)
    for bound, index in zip(bounds.tolist(), some):
        q = Normal(mu[index], log_sigma[index].exp())
        torch.manual_seed(0)
        z = q.sample((20_000,))
        x = images[index].expand(1_000, -1)
        losses = torch.cat([reconstruction_loss(model.decode(part), x, "bernoulli") for part in z.split(1_000)])
        terms = -losses / temperature + Normal(0.0, 1.0).log_prob(z).sum(1) - q.log_prob(z).sum(1)
        error = terms.std().item() / math.sqrt(len(z))
        assert bound == pytest.approx(terms.mean().item(), abs=4 * error + 1e-3)


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
    together, fits, _ = measure_gap(model, grid, images[:6], "bernoulli")
    for index in range(6):
        alone, own, _ = measure_gap(model, grid, images[index : index + 1], "bernoulli")
        for one, all_of_them in zip(alone, together):
            assert one.item() == pytest.approx(all_of_them[index].item(), abs=2e-3)
        assert torch.allclose(own.path[0, :, :4], fits.path[index, :, :4], atol=1e-2)


def test_the_path_of_a_fit_starts_at_the_encoders_q_and_ends_near_the_best(trained):
    model, images, mu, log_sigma, grid = trained
    found, fits, _ = measure_gap(model, grid, images[3:4], "bernoulli")
    [path] = fits.path
    assert torch.allclose(path[0, :4], torch.cat([mu[3], log_sigma[3].exp()]), atol=1e-5)
    assert path[0, 4] == pytest.approx(found.encoder.item(), abs=NATS)
    assert path[-1, 4] > path[0, 4]
    assert path[-1, 4] == pytest.approx(found.diagonal.item(), abs=NATS)


def test_peaks_far_narrower_than_the_grids_cells_are_found(tmp_path):
    config = RunConfig(kl_weight=0.01)
    model, images = RunStore(str(tmp_path)).model(config.run_id), data.load("mnist", "test").images
    grid = decode_grid(model, "bernoulli", encode_all(model, images)[0])
    found, _, _ = measure_gap(model, grid, images[[333, 596]], "bernoulli", config.kl_weight)
    assert found.parts["shape"].min() >= -NATS  # else the encoder's q would be better than the best there is
