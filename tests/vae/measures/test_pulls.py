"""Where the terms pull, against differences of the losses themselves and against torch.distributions."""

from dataclasses import replace

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from vae.config import RunConfig
from vae.measures.pulls import kl_pull, reconstruction_pull, strength
from vae.models import build_model
from vae.objective import reconstruction_loss
from vae.randomness import seeded

STEP = 1e-4
CONFIG = RunConfig(latent_dim=3, hidden_dims=(16,), activation="gelu")


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("model", ["ae", "vae"])
def test_a_step_along_the_pull_lessens_the_loss_by_as_much_as_it_says(model, likelihood):
    config = replace(CONFIG, model=model, likelihood=likelihood)
    network, x, mu = build_model(config).double(), drawn(5, 784).sigmoid().double(), drawn(5, 3).double()
    log_sigma = None if model == "ae" else 0.3 * drawn(3, 5).T.double() - 1
    eps = torch.randn(5, 3, generator=seeded(0, "pulls")).double()

    def loss(mu, log_sigma) -> torch.Tensor:
        draws = [mu] if log_sigma is None else [mu + log_sigma.exp() * sign * eps for sign in (1, -1)]
        return sum(reconstruction_loss(network.decode(z), x, likelihood) for z in draws) / len(draws)

    pull = reconstruction_pull(network, x, mu, log_sigma, likelihood)
    assert pull.shape == (5, 1 if model == "ae" else 2, 3)
    for d in range(3):
        step = torch.zeros(3).double()
        step[d] = STEP
        slope = (loss(mu + step, log_sigma) - loss(mu - step, log_sigma)) / (2 * STEP)
        torch.testing.assert_close(pull[:, 0, d], -slope, rtol=1e-4, atol=1e-4)
        if log_sigma is not None:
            slope = (loss(mu, log_sigma + step) - loss(mu, log_sigma - step)) / (2 * STEP)
            torch.testing.assert_close(pull[:, 1, d], -slope, rtol=1e-4, atol=1e-4)
    assert all(weight.grad is None for weight in network.parameters())


def test_the_kl_pulls_as_the_gradient_of_torchs_does():
    mu, log_sigma = drawn(5, 3).requires_grad_(), drawn(3, 5).T.clone().requires_grad_()
    kl = kl_divergence(Normal(mu, log_sigma.exp()), Normal(0.0, 1.0)).sum()
    slopes = torch.autograd.grad(kl, (mu, log_sigma))
    torch.testing.assert_close(kl_pull(mu.detach(), log_sigma.detach(), 2.5), -2.5 * torch.stack(slopes, 1))


def test_strength_is_what_a_growing_code_and_a_wider_cloud_gain():
    mu, pull = torch.tensor([[3.0, 4.0]]), torch.tensor([[[1.0, 2.0], [-5.0, 0.5]]])
    assert strength(pull, mu).tolist() == [[11.0, -4.5]]
    assert strength(pull[:, :1], mu).tolist() == [[11.0]]
