"""The reported numbers against a plain computation of them in double precision."""

import json
import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from vae import data
from vae.config import RunConfig
from vae.evaluation import (
    active_dimensions,
    chance_loss,
    evaluate,
    evaluation_eps,
    floor_of,
    mean_image_loss,
    prices_of_sigma,
)
from vae.losses import reconstruction_loss
from vae.models import build_model
from vae.store import PRETRAINED, RunStore


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return data.load("mnist", "test").images


@pytest.fixture
def pretrained(tmp_path) -> RunStore:
    return RunStore(str(tmp_path))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_who_answers_one_half_everywhere_loses_no_more_than_chance(images, likelihood):
    losses = reconstruction_loss(torch.zeros(1000, 784), images[:1000], likelihood)
    black = reconstruction_loss(torch.zeros(1, 784), torch.zeros(1, 784), likelihood)
    assert losses.max().item() <= chance_loss(likelihood) + 1e-3
    assert black.item() == pytest.approx(chance_loss(likelihood), rel=1e-5)


def plain_terms(model, images):
    """Reconstruction and KL per dimension of a VAE, means over the images, all at once in double precision."""
    model, x = model.double(), images.double()
    with torch.no_grad():
        y = model.trunk(x)
        q = Normal(model.g(y), model.h(y).exp())
        logits = model.decoder(q.mean + q.stddev * evaluation_eps(len(x), q.mean.shape[1]).double())
        cross_entropy = -(x * Bernoulli(logits=logits).log_prob(torch.ones(())))
        cross_entropy -= (1 - x) * Bernoulli(logits=logits).log_prob(torch.zeros(()))
        return cross_entropy.sum(1).mean().item(), kl_divergence(q, Normal(0.0, 1.0)).mean(0).tolist()


@pytest.mark.parametrize("latent_dim", [2, 10])
def test_a_vaes_terms_are_those_of_a_plain_computation(pretrained, images, latent_dim):
    run_id = RunConfig(latent_dim=latent_dim).run_id
    metrics = evaluate(pretrained.model(run_id), images, "bernoulli")
    reconstruction, kl_per_dimension = plain_terms(pretrained.model(run_id), images)
    assert metrics.reconstruction == pytest.approx(reconstruction, rel=1e-5)
    assert metrics.kl_per_dimension == pytest.approx(kl_per_dimension, rel=1e-4)
    assert metrics.kl == pytest.approx(sum(kl_per_dimension), rel=1e-5)
    assert metrics.negative_elbo == pytest.approx(reconstruction + sum(kl_per_dimension), rel=1e-5)


@pytest.mark.parametrize("run_id", sorted(path.parent.name for path in PRETRAINED.glob("*/model.safetensors")))
def test_the_weights_of_a_pretrained_run_reproduce_its_metrics(pretrained, images, run_id):
    kept = json.loads((PRETRAINED / run_id / "metrics.json").read_text())["test"]
    found = evaluate(pretrained.model(run_id), images, "bernoulli").to_dict()
    assert found.keys() == kept.keys()
    for name, value in kept.items():
        assert found[name] == (None if value is None else pytest.approx(value, abs=1e-3))


def test_an_autoencoder_has_a_reconstruction_loss_alone(images):
    model = build_model(RunConfig(model="ae", latent_dim=3))
    metrics = evaluate(model, images[:300], "gaussian")
    with torch.no_grad():
        x_hat = model.decode(model.encode(images[:300])).sigmoid()
    expected = 0.5 * ((x_hat - images[:300]) ** 2).sum().item() / 300
    assert metrics.reconstruction == pytest.approx(expected, rel=1e-5)
    assert metrics.negative_elbo is metrics.kl is metrics.kl_per_dimension is None


def test_images_that_do_not_fill_the_last_chunk_count_like_the_others(images):
    model = build_model(RunConfig())
    parts = [evaluate(model, images[:1_500], "bernoulli"), evaluate(model, images[:500], "bernoulli")]
    plain = [plain_terms(build_model(RunConfig()), images[:count])[0] for count in (1_500, 500)]
    assert [part.reconstruction for part in parts] == pytest.approx(plain, rel=1e-5)


def test_a_unit_is_active_when_its_mean_varies_more_than_a_hundredth(images):
    wave = torch.tensor([-1.0, 1.0]).repeat(5_000)
    variances = torch.tensor([0.0, 0.0099, 0.0101, 1.0, 1e-6])
    assert len(active_dimensions(wave[:, None] * variances.sqrt() + 5)) == 2
    dead = build_model(RunConfig(latent_dim=4))
    dead.g[0].weight.data[1:] = 0
    assert evaluate(dead, images[:500], "bernoulli").active_units == 1


def test_every_evaluation_uses_the_same_eps(images):
    model = build_model(RunConfig())
    assert evaluate(model, images[:500], "bernoulli") == evaluate(model, images[:500], "bernoulli")
    eps = evaluation_eps(10_000, 2)
    assert eps.mean(0).abs().max() < 0.03 and (eps.std(0) - 1).abs().max() < 0.03


def test_the_loss_of_the_mean_image_is_that_of_a_decoder_without_weights(images):
    logits = torch.logit(images.mean(0).clamp(1e-3, 1 - 1e-3))
    expected = -Bernoulli(logits=logits, validate_args=False).log_prob(images).sum(1).mean()
    assert mean_image_loss("mnist", "bernoulli") == pytest.approx(expected.item(), rel=1e-5)
    squares = 0.5 * (images - images.mean(0).clamp(1e-3, 1 - 1e-3)).square().sum(1).mean()
    assert mean_image_loss("mnist", "gaussian") == pytest.approx(squares.item(), rel=1e-5)


def test_no_model_is_below_the_entropy_of_the_pixels(pretrained):
    floor = floor_of("mnist")
    assert floor == data.entropy_floor(data.load("mnist", "test").images)
    tests = [test for run_id in pretrained.run_ids() if (test := pretrained.metrics(run_id)["test"])]
    assert len(tests) > 20 and all(test["reconstruction"] > floor for test in tests)


def test_the_price_of_a_sigma_is_the_objective_of_a_head_that_always_says_it():
    model, images = build_model(RunConfig()), data.load("mnist", "test").images[:1_500]
    for price in prices_of_sigma(model, images, "bernoulli", [0.1, 1.0]):
        model.h.weight.data.zero_()
        model.h.bias.data.fill_(math.log(price.sigma))
        expected = evaluate(model, images, "bernoulli")
        assert price.reconstruction == pytest.approx(expected.reconstruction, rel=1e-5)
        assert price.kl == pytest.approx(expected.kl, rel=1e-5)
