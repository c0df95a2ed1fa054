"""The exact posterior against quadrature, a closed form and importance sampling; the gap's parts on real digits."""

import math

import pytest
import torch
from scipy.integrate import dblquad
from torch import nn
from torch.distributions import MultivariateNormal, Normal

from vae import data
from vae.config import RunConfig
from vae.latent import encode_all
from vae.losses import reconstruction_loss
from vae.models import build_model
from vae.posterior import (
    Cells,
    decode_grid,
    encoder_bound,
    exact_posterior,
    fit_gaussians,
    gap,
    log_likelihood,
    zoom,
)
from vae.store import RunStore

NATS = 0.02  # to which every bound is meant to be exact


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The default VAE, the test images, their codes, and its grid."""
    model = RunStore(str(tmp_path_factory.mktemp("empty"))).model(RunConfig().run_id)
    images = data.load("mnist", "test").images
    mu, log_sigma = encode_all(model, images)
    return model, images, mu, log_sigma, decode_grid(model, "bernoulli", mu)


@pytest.fixture
def tiny():
    """An untrained VAE with a small decoder."""
    return build_model(RunConfig(hidden_dims=(8,), activation="tanh"))


class Linear(nn.Module):
    """A decoder whose pixel means are Wz + b: with the Gaussian likelihood, p(z|x) is a Gaussian that is known."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = 0.15 * torch.randn(784, 2, generator=generator)
        self.bias = 0.5 + 0.05 * torch.randn(784, generator=generator)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        """Logits whose sigmoid is the mean, where that is within (0, 1)."""
        return torch.logit(z @ self.weight.T + self.bias)


def linear_cells(decoder: Linear, side: int = 400, reach: float = 5.0) -> Cells:
    """The linear decoder's means on a grid, also where they leave (0, 1)."""
    steps = (torch.arange(side) + 0.5) / side * 2 * reach - reach
    z = torch.cartesian_prod(steps, steps)
    means = z @ decoder.weight.T + decoder.bias
    return Cells(z, means, 0.5 * means.square().sum(1), (2 * reach / side) ** 2)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_log_likelihood_is_minus_the_reconstruction_loss(tiny, likelihood):
    x = data.load("mnist", "test").images[0]
    with torch.no_grad():
        cells = decode_grid(tiny, likelihood, torch.zeros(1, 2))
        some = torch.arange(0, len(cells.z), 997)
        expected = -reconstruction_loss(tiny.decode(cells.z[some]), x.expand(len(some), -1), likelihood)
    assert torch.allclose(log_likelihood(cells, x, likelihood)[some], expected, atol=2e-3)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@torch.no_grad()
def test_the_evidence_is_that_of_scipys_quadrature(tiny, likelihood):
    x = data.load("mnist", "test").images[3]
    posterior = exact_posterior(decode_grid(tiny, likelihood, torch.zeros(1, 2)), x, likelihood)
    top = posterior.log_joint.max().item()

    def joint(b: float, a: float) -> float:
        z = torch.tensor([[a, b]])
        log_prior = Normal(0.0, 1.0).log_prob(z).sum()
        return math.exp(log_prior - reconstruction_loss(tiny.decode(z), x[None], likelihood)[0] - top)

    integral, _ = dblquad(joint, -5, 5, -5, 5, epsabs=1e-4, epsrel=1e-4)
    assert posterior.log_evidence == pytest.approx(math.log(integral) + top, abs=1e-3)


def test_a_linear_gaussian_models_posterior_is_the_known_gaussian():
    decoder, x = Linear(), data.load("mnist", "test").images[0]
    posterior = exact_posterior(linear_cells(decoder), x, "gaussian")
    precision = torch.eye(2) + decoder.weight.T @ decoder.weight
    mean = torch.linalg.solve(precision, decoder.weight.T @ (x - decoder.bias))
    weight = posterior.density() * posterior.cells.area
    assert weight.sum() == pytest.approx(1.0, abs=1e-5)
    assert torch.allclose(weight @ posterior.cells.z, mean, atol=1e-3)
    known = MultivariateNormal(mean, precision_matrix=precision)
    assert torch.allclose(posterior.density(), known.log_prob(posterior.cells.z).exp(), atol=0.01)
    # log p(x): x ~ N(b, I + W W^T), without the constant that the loss leaves out
    evidence = MultivariateNormal(decoder.bias, torch.eye(784) + decoder.weight @ decoder.weight.T).log_prob(x)
    assert posterior.log_evidence == pytest.approx(evidence.item() + 392 * math.log(2 * math.pi), abs=0.01)


def test_of_a_gaussian_posterior_the_full_fit_is_exact_and_the_diagonal_one_loses_what_it_must():
    decoder, x = Linear(), data.load("mnist", "test").images[0]
    decoder.weight[:, 1] = (
        0.7 * decoder.weight[:, 0] + 0.3 * decoder.weight[:, 1]
    )  # dimensions that depend on each other
    posterior = exact_posterior(linear_cells(decoder), x, "gaussian")
    fits = fit_gaussians(posterior, torch.zeros(2), torch.zeros(2))
    precision = torch.eye(2) + decoder.weight.T @ decoder.weight
    assert torch.allclose(fits.full.covariance(), precision.inverse(), atol=5e-3)
    assert posterior.log_evidence - fits.full_bound == pytest.approx(0.0, abs=NATS)
    # The best diagonal q has the variances 1 / precision_dd, and loses half the log of what correlation squeezes out.
    lost = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))
    assert posterior.log_evidence - fits.diagonal_bound == pytest.approx(lost.item(), abs=NATS)
    assert torch.allclose(fits.diagonal.log_scale.exp(), precision.diagonal().rsqrt(), rtol=0.05)


def test_the_tempered_posterior_is_proportional_to_the_likelihoods_root_times_the_prior(trained):
    _, images, _, _, cells = trained
    posterior, x = exact_posterior(cells, images[0], "bernoulli", temperature=4.0), images[0]
    log_density = log_likelihood(cells, x, "bernoulli") / 4 + Normal(0.0, 1.0).log_prob(cells.z).sum(1)
    difference = log_density - posterior.density().log()
    finite = posterior.density() > 1e-20
    assert difference[finite].std() < 1e-3


@torch.no_grad()
def test_the_encoders_bound_is_the_elbo_over_many_draws(trained):
    model, images, mu, log_sigma, _ = trained
    for index in (0, 6, 100):
        q = Normal(mu[index], log_sigma[index].exp())
        torch.manual_seed(0)
        z = q.sample((20_000,))
        x = images[index].expand(1_000, -1)
        losses = torch.cat([reconstruction_loss(model.decode(part), x, "bernoulli") for part in z.split(1_000)])
        terms = -losses + Normal(0.0, 1.0).log_prob(z).sum(1) - q.log_prob(z).sum(1)
        error = terms.std().item() / math.sqrt(len(z))
        bound = encoder_bound(model, images[index], mu[index], log_sigma[index], "bernoulli")
        assert bound == pytest.approx(terms.mean().item(), abs=4 * error + 1e-3)


def test_the_parts_of_the_gap_are_not_negative_and_add_up(trained):
    model, images, _, _, cells = trained
    for index in range(200):
        found, _, posterior = gap(model, cells, images[index], "bernoulli")
        assert min(found.parts.values()) >= -NATS, (index, found)
        assert sum(found.parts.values()) == pytest.approx(found.log_evidence - found.encoder, abs=1e-6)
        assert found.log_evidence == posterior.log_evidence


@torch.no_grad()
def test_the_evidence_is_that_of_importance_sampling_with_a_wide_proposal(trained):
    model, images, _, _, cells = trained
    torch.manual_seed(0)
    for index in (0, 2, 6, 9):
        x = images[index]
        posterior = zoom(model, exact_posterior(cells, x, "bernoulli"), x, "bernoulli")
        weight = posterior.density() * posterior.cells.area
        centre = weight @ posterior.cells.z
        wide = 3 * (weight @ (posterior.cells.z - centre).square()).sqrt()
        proposal = Normal(centre, wide)
        z = proposal.sample((20_000,))
        losses = torch.cat(
            [reconstruction_loss(model.decode(p), x.expand(1_000, -1), "bernoulli") for p in z.split(1_000)]
        )
        terms = -losses + Normal(0.0, 1.0).log_prob(z).sum(1) - proposal.log_prob(z).sum(1)
        ratio = (terms - posterior.log_evidence).exp()
        error = ratio.std().item() / math.sqrt(len(z))
        assert ratio.mean().item() == pytest.approx(1.0, abs=5 * error + 0.01)


def test_the_path_of_a_fit_starts_at_the_encoders_q_and_ends_near_the_best(trained):
    model, images, mu, log_sigma, cells = trained
    _, fits, _ = gap(model, cells, images[3], "bernoulli")
    assert torch.allclose(fits.path[0, :4], torch.cat([mu[3], log_sigma[3].exp()]), atol=1e-5)
    assert fits.path[0, 4] == pytest.approx(encoder_bound(model, images[3], mu[3], log_sigma[3], "bernoulli"), abs=NATS)
    assert fits.path[-1, 4] > fits.path[0, 4]
