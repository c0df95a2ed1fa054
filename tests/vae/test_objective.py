"""Every term against an independent definition of it, in double precision."""

import math

import pytest
import torch
from torch import autograd
from torch.distributions import Bernoulli, Normal
from torch.distributions import kl_divergence as kl_of

from vae import data
from vae.config import RunConfig
from vae.models import build_model, reparameterize
from vae.objective import (
    LossTerms,
    is_finite,
    kl_divergence,
    largest_log_sigma,
    loss_terms,
    negative_elbo,
    reconstruction_loss,
)


@pytest.fixture
def random() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def normal(random: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=random, dtype=torch.float64)


def test_kl_is_that_of_the_two_gaussians(random):
    mu, log_sigma = 3 * normal(random, 50, 7), 2 * normal(random, 50, 7)
    expected = kl_of(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_divergence(mu, log_sigma), expected, rtol=1e-12, atol=1e-12)


def test_kl_is_zero_at_the_prior_and_positive_elsewhere(random):
    zero = torch.zeros(1, dtype=torch.float64)
    assert kl_divergence(zero, zero).item() == 0
    assert (kl_divergence(normal(random, 1_000), normal(random, 1_000)) > 0).all()


def test_kl_gradients_are_mu_and_sigma_squared_minus_one(random):
    mu, log_sigma = normal(random, 20).requires_grad_(), normal(random, 20).requires_grad_()
    by_mu, by_log_sigma = autograd.grad(kl_divergence(mu, log_sigma).sum(), (mu, log_sigma))
    torch.testing.assert_close(by_mu, mu)
    torch.testing.assert_close(by_log_sigma, (2 * log_sigma).exp() - 1)
    assert autograd.gradcheck(kl_divergence, (mu, log_sigma))


def test_bernoulli_loss_is_minus_the_log_probability_of_black_and_white_pixels(random):
    logits, x = 3 * normal(random, 4, 784), (normal(random, 4, 784) > 0).double()
    expected = -Bernoulli(logits=logits).log_prob(x).sum(1)
    torch.testing.assert_close(reconstruction_loss(logits, x, "bernoulli"), expected, rtol=1e-12, atol=0)


def test_bernoulli_loss_is_the_cross_entropy_of_grey_pixels(random):
    logits, x = 3 * normal(random, 4, 784), normal(random, 4, 784).sigmoid()
    p = 1 / (1 + (-logits).exp())
    expected = -(x * p.log() + (1 - x) * (1 - p).log()).sum(1)
    torch.testing.assert_close(reconstruction_loss(logits, x, "bernoulli"), expected, rtol=1e-12, atol=0)


def test_bernoulli_loss_stays_exact_where_the_sigmoid_is_one_or_zero():
    logits, x = torch.tensor([[800.0, -800.0]]), torch.tensor([[0.0, 1.0]])
    assert reconstruction_loss(logits, x, "bernoulli").item() == 1600


def test_bernoulli_gradient_is_x_hat_minus_x(random):
    logits, x = normal(random, 3, 784).requires_grad_(), normal(random, 3, 784).sigmoid()
    [gradient] = autograd.grad(reconstruction_loss(logits, x, "bernoulli").sum(), logits)
    torch.testing.assert_close(gradient, logits.sigmoid() - x)


def test_gaussian_loss_is_minus_the_log_density_up_to_its_constant(random):
    logits, x = normal(random, 4, 784), normal(random, 4, 784).sigmoid()
    expected = -Normal(logits.sigmoid(), 1.0).log_prob(x).sum(1) - 784 / 2 * math.log(2 * math.pi)
    torch.testing.assert_close(reconstruction_loss(logits, x, "gaussian"), expected, rtol=1e-11, atol=0)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_gradients_pass_the_draw_to_mu_and_log_sigma(likelihood, random):
    mu, log_sigma = normal(random, 3, 2).requires_grad_(), normal(random, 3, 2).requires_grad_()
    eps, weight, x = normal(random, 3, 2), normal(random, 2, 784), normal(random, 3, 784).sigmoid()

    def objective(mu, log_sigma):
        logits = reparameterize(mu, log_sigma, eps) @ weight
        return negative_elbo(LossTerms(reconstruction_loss(logits, x, likelihood), kl_divergence(mu, log_sigma)), 0.7)

    assert autograd.gradcheck(objective, (mu, log_sigma))
    z = reparameterize(mu, log_sigma, eps)
    by_mu, by_log_sigma = autograd.grad(z.sum(), (mu, log_sigma))
    torch.testing.assert_close(by_mu, torch.ones_like(mu))
    torch.testing.assert_close(by_log_sigma, log_sigma.exp() * eps)


def test_the_objective_is_the_reconstruction_and_the_weighted_kl(random):
    terms = LossTerms(normal(random, 5), normal(random, 5, 3))
    torch.testing.assert_close(negative_elbo(terms, 4.0), terms.reconstruction + 4 * terms.kl_per_dimension.sum(1))
    torch.testing.assert_close(negative_elbo(terms), terms.reconstruction + terms.kl_per_dimension.sum(1))
    assert torch.equal(negative_elbo(LossTerms(terms.reconstruction, None), 4.0), terms.reconstruction)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_terms_of_a_model_come_from_one_draw_at_z(likelihood, random):
    x = data.load("mnist", "test").images[:6].double()
    vae = build_model(RunConfig(latent_dim=3)).double()
    eps = normal(random, 6, 3)
    mu, log_sigma = vae.encode(x)
    terms = loss_terms(vae, x, eps, likelihood)
    expected = reconstruction_loss(vae.decode(mu + log_sigma.exp() * eps), x, likelihood)
    torch.testing.assert_close(terms.reconstruction, expected)
    kl = kl_of(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(terms.kl_per_dimension, kl)
    assert torch.equal(terms.log_sigma, log_sigma)
    # mu and sigma are moved by both terms, each of them; the gradients of h and g are those of the sum written out.
    heads = [*vae.g.parameters(), *vae.h.parameters()]
    for told, own in ((terms.reconstruction, expected), (terms.kl_per_dimension, kl)):
        gradients = [autograd.grad(loss.sum(), heads, retain_graph=True) for loss in (told, own)]
        for gradient, plain in zip(*gradients):
            assert (plain != 0).any()
            torch.testing.assert_close(gradient, plain)

    ae = build_model(RunConfig(latent_dim=3, model="ae")).double()
    terms = loss_terms(ae, x, eps, likelihood)
    assert terms.kl_per_dimension is terms.log_sigma is None
    assert torch.equal(terms.reconstruction, reconstruction_loss(ae.decode(ae.encode(x)), x, likelihood))


def test_the_entropy_is_the_least_bernoulli_loss_and_45_53_nats_on_the_test_images(random):
    x = data.load("mnist", "test").images
    floor = data.entropy_floor(x)
    assert floor == pytest.approx(45.53, abs=0.005)
    best = torch.logit(x.double(), eps=1e-12)
    assert reconstruction_loss(best, x.double(), "bernoulli").mean().item() == pytest.approx(floor, abs=1e-4)
    for scale in (0.01, 0.1, 1.0):
        moved = best[:200] + scale * normal(random, 200, 784)
        assert reconstruction_loss(moved, x[:200].double(), "bernoulli").mean() > data.entropy_floor(x[:200])


def test_infinity_and_nan_are_not_finite():
    assert is_finite(torch.ones(3), torch.zeros(2, 2))
    assert not is_finite(torch.ones(3), torch.tensor([0.0, math.nan]))
    assert not is_finite(torch.tensor([math.inf]))


def test_the_kl_term_is_finite_up_to_the_largest_log_sigma_and_not_beyond():
    most = largest_log_sigma()
    assert most == pytest.approx(math.log(torch.finfo(torch.float32).max) / 2, abs=1e-5)  # sigma^2 overflows
    below, beyond = torch.tensor(most - 1e-3), torch.tensor(most + 1e-3)
    assert kl_divergence(torch.zeros(()), below).isfinite() and kl_divergence(torch.zeros(()), beyond).isinf()
