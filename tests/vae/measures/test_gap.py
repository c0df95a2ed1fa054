"""What q loses, part by part: against a closed form, many draws, and fits one at a time; the parts on real digits."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal

from tests.vae.linear import LinearVAE
from vae import data
from vae.config import RunConfig
from vae.measures.chunks import decoded_losses, encode_all
from vae.measures.gap import Gaussian2D, encoders_gaussians, expected_bounds, improve, measure_gap
from vae.measures.posterior import decode_grid
from vae.runs.store import RunStore

NATS = 0.02  # to which every bound is meant to be exact


@pytest.mark.parametrize("temperature", [0.004, 1.0, 4.0])  # at 0.004 the grid's cells are too wide
@pytest.mark.parametrize("sigma", [(0.4, 0.8), (0.7, 0.05)])
def test_of_a_linear_model_every_bound_part_and_fit_is_the_closed_form(temperature, sigma):
    """Also where the posterior is tempered: of kl_weight b that is what the model was trained for."""
    model = LinearVAE(sigma=sigma)
    x = model.images(4)
    grid = decode_grid(model, "gaussian", torch.zeros(1, 2))
    found, fits, posteriors = measure_gap(model, grid, x, "gaussian", temperature)
    mean, covariance = model.posterior(x, temperature)
    alone = covariance.inverse().diagonal().reciprocal()  # the best diagonal q has the variances 1 / precision_dd
    evidence = model.elbo(x, mean, covariance, temperature)  # of the posterior itself nothing is lost
    diagonal = model.elbo(x, mean, alone.diag(), temperature)
    encoder = model.elbo(x, model.encode(x)[0], (2 * model.log_sigma).exp().diag(), temperature)
    for bound, known in zip(found, (evidence, evidence, diagonal, encoder)):
        assert bound.tolist() == pytest.approx(known.tolist(), abs=NATS)
    known = {"amortisation": diagonal - encoder, "independence": evidence - diagonal, "shape": torch.zeros(4)}
    assert {name: part.tolist() for name, part in found.parts.items()} == {
        name: pytest.approx(part.tolist(), abs=2 * NATS) for name, part in known.items()
    }
    # What the correlation squeezes out, and enough of each part that one is not taken for another.
    lost = 0.5 * (alone.log().sum() - torch.logdet(covariance)).item()
    assert known["independence"].tolist() == pytest.approx([-lost] * 4, abs=1e-3)
    assert min(abs(lost), known["amortisation"].min().item()) > 2 * NATS
    tight = 0.1 * covariance.diagonal().sqrt().min().item()
    for gaussian, own in ((fits.full, covariance), (fits.diagonal, alone.diag())):
        torch.testing.assert_close(gaussian.mean, mean, atol=tight, rtol=0)
        torch.testing.assert_close(gaussian.covariance(), own.expand(4, -1, -1), atol=0.02, rtol=0.15)
    for posterior, own in zip(posteriors, mean):
        weight = posterior.density() * posterior.area
        torch.testing.assert_close(weight @ posterior.z, own, atol=2e-3, rtol=0)
        away = posterior.z - weight @ posterior.z
        torch.testing.assert_close((weight[:, None] * away).T @ away, covariance, atol=1e-5, rtol=0.02)
    # Any other Gaussian, one with a slant.
    lower = torch.tensor([[0.3, 0.0], [-0.2, 0.5]])
    slanted = Gaussian2D(torch.tensor([[0.1, 0.2]] * 4), lower.diagonal().log().expand(4, 2), torch.full((4,), -0.2))
    bounds = expected_bounds(model, x, slanted, "gaussian", temperature)
    known = model.elbo(x, slanted.mean, lower @ lower.T, temperature)
    assert bounds.tolist() == pytest.approx(known.tolist(), abs=NATS)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_q_goes_up_from_the_encoders_answer_to_the_best_there_is_in_closed_form(temperature):
    model, x = LinearVAE(), data.load("mnist", "test").images[5]
    path = improve(model, x, model.mu, model.log_sigma, "gaussian", temperature)
    for mean, sigma, bound in zip(path[:, :2], path[:, 2:4], path[:, 4]):
        own = model.elbo(x[None], mean[None], sigma.square().diag(), temperature)
        assert bound.item() == pytest.approx(own.item(), abs=NATS)
    torch.testing.assert_close(path[0, :4], torch.cat([model.mu, model.log_sigma.exp()]))
    mean, covariance = model.posterior(x[None], temperature)
    best = covariance.inverse().diagonal().rsqrt()
    torch.testing.assert_close(path[-1, :4], torch.cat([mean[0], best]), atol=0.03, rtol=0)
    assert path[-1, 4].item() == pytest.approx(model.elbo(x[None], mean, best.square().diag(), temperature), abs=NATS)


@pytest.mark.parametrize("config", [RunConfig(), RunConfig(bottleneck="relu")], ids=["default", "wide"])
@torch.no_grad()
def test_bounds_are_the_elbo_over_many_draws(tmp_path, config):
    model, images = RunStore(str(tmp_path)).model(config.run_id), data.load("mnist", "test").images
    some = [2, 5, 100]  # with g = ReLU sigma is up to 4.9, and the decoder has sharp turns there
    q = encoders_gaussians(model, images[some])
    eps = torch.randn(40_000, 2, generator=torch.Generator().manual_seed(0))
    for gaussian in (q, q._replace(slant=0.7 * q.log_scale[:, 1].exp())):
        bounds = {b: expected_bounds(model, images[some], gaussian, "bernoulli", b).tolist() for b in (1.0, 4.0)}
        for place, (index, mean, lower) in enumerate(zip(some, gaussian.mean, gaussian.lower())):
            z = mean + eps @ lower.T
            losses = decoded_losses(model, z, images[index].expand(len(z), -1), "bernoulli")
            kl = MultivariateNormal(mean, scale_tril=lower).log_prob(z) - Normal(0.0, 1.0).log_prob(z).sum(1)
            for temperature, bound in bounds.items():
                terms = -losses / temperature - kl
                error = terms.std().item() / math.sqrt(len(z))
                assert bound[place] == pytest.approx(terms.mean().item(), abs=4 * error + 1e-3)


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


PEAKS = [133, 333, 386, 596, 597, 617]  # digits whose posterior has several, or which the encoder takes for another


@pytest.mark.parametrize("temperature, some", [(1.0, [*range(20), *PEAKS]), (0.1, range(10)), (10.0, range(10))])
def test_the_parts_of_the_gap_are_not_negative_and_add_up(trained, temperature, some):
    model, images, _, _, grid = trained
    found, _, posteriors = measure_gap(model, grid, images[[*some]], "bernoulli", temperature)
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
