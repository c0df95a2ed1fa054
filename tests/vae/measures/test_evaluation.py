"""The reported numbers against a plain computation of them in double precision."""

import functools
import hashlib
import json
import math
import statistics

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from vae import data
from vae.config import RunConfig
from vae.measures.evaluation import (
    EXACT,
    MOST_DRAWS,
    active_dimensions,
    chance_loss,
    evaluate,
    evaluation_eps,
    floor_of,
    mean_image_loss,
    prices_of_sigma,
)
from vae.models import build_model
from vae.objective import reconstruction_loss
from vae.runs.store import PRETRAINED, RunStore


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


def plain_terms(model, images, eps, likelihood="bernoulli", sigma_of=torch.exp):
    """Reconstruction and KL per dimension of a VAE, means over the images, all at once in double precision."""
    model, x = model.double(), images.double()
    with torch.no_grad():
        y = model.trunk(x)
        q = Normal(model.g(y), sigma_of(model.h(y)))
        logits = model.decoder(q.mean + q.stddev * eps.double())
        if likelihood == "bernoulli":
            losses = -(x * Bernoulli(logits=logits).log_prob(torch.ones(())))
            losses -= (1 - x) * Bernoulli(logits=logits).log_prob(torch.zeros(()))
        else:
            losses = 0.5 * (logits.sigmoid() - x) ** 2
        return losses.sum(1).mean().item(), kl_divergence(q, Normal(0.0, 1.0)).mean(0).tolist()


def test_every_evaluation_draws_the_same_eps():
    digest = hashlib.sha256(b"0/test eps/0").digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little"))
    assert torch.equal(evaluation_eps(2_500, 3), torch.randn(2_500, 3, generator=generator))


def heads(kind: str):
    """What sigma a head gives, written down anew."""
    return {"log": torch.exp, "softplus": lambda h: torch.log1p(h.exp()), "raw": lambda h: h}[kind]


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("kind", ["log", "softplus", "raw"])
def test_a_vaes_terms_are_those_of_a_plain_computation(images, likelihood, kind):
    """Of images that do not fill the last chunk; h is given large enough weights for sigma to differ by image."""
    config = RunConfig(latent_dim=4, sigma=kind, hidden_dims=(32,))

    def model():
        untrained = build_model(config, images.mean(0))
        untrained.h.weight.data *= 2
        untrained.g[0].weight.data[2:] *= torch.tensor([[1e-3], [0.0]])  # the last two dimensions tell nothing
        return untrained

    for count in (500, 2_500):
        metrics = evaluate(model(), images[:count], likelihood)
        draws = [evaluation_eps(count, 4, draw) for draw in range(metrics.draws)]
        terms = [plain_terms(model(), images[:count], eps, likelihood, heads(kind)) for eps in draws]
        reconstruction, kl = statistics.mean(loss for loss, _ in terms), terms[0][1]
        assert metrics.reconstruction == pytest.approx(reconstruction, rel=1e-5)
        assert metrics.kl_per_dimension == pytest.approx(kl, rel=1e-4, abs=1e-6)
        assert metrics.kl == pytest.approx(sum(kl), rel=1e-5)
        assert metrics.negative_elbo == pytest.approx(reconstruction + sum(kl), rel=1e-5)
        assert metrics.active_units == 2


@pytest.mark.parametrize("run_id", ["vae-2d-7b69009b8943", "vae-2d-d25a538d2803"])
def test_the_standard_error_is_the_spread_of_as_many_other_draws(pretrained, images, run_id):
    """Of the default run, whose spread is small, and of one whose sigmas are far too large for its decoder."""
    model, x = pretrained.model(run_id), images[:1_000]
    metrics = evaluate(model, x, "bernoulli")
    generator = torch.Generator().manual_seed(1)
    others = [
        plain_terms(pretrained.model(run_id), x, torch.randn(1_000, 2, generator=generator))[0] for _ in range(200)
    ]
    of_one_draw = metrics.standard_error * math.sqrt(metrics.draws)
    assert of_one_draw == pytest.approx(statistics.stdev(others), rel=0.25)
    assert abs(metrics.reconstruction - statistics.mean(others)) < 4 * metrics.standard_error


def test_there_are_draws_until_the_means_are_exact_or_enough(images):
    config = RunConfig(latent_dim=2, hidden_dims=(16,))
    calm, wild = build_model(config, images.mean(0)), build_model(config, images.mean(0))
    calm.h.bias.data -= 4
    wild.h.bias.data += 4
    calm, wild = (evaluate(model, images[:200], "bernoulli") for model in (calm, wild))
    assert calm.draws == 2 and 0 < calm.standard_error < EXACT
    assert wild.draws == MOST_DRAWS and wild.standard_error > EXACT


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


def test_a_unit_is_active_when_its_mean_varies_more_than_a_hundredth(images):
    wave = torch.tensor([-1.0, 1.0]).repeat(5_000)
    variances = torch.tensor([0.0, 0.0099, 0.0101, 1e-6, 1.0])
    assert active_dimensions(wave[:, None] * variances.sqrt() + 5) == {2, 4}
    dead = build_model(RunConfig(latent_dim=4))
    dead.g[0].weight.data[1:] = 0
    assert evaluate(dead, images[:500], "bernoulli").active_units == 1


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


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("kind", ["ae", "vae"])
def test_the_price_of_a_sigma_is_the_objective_of_codes_that_all_have_it(images, kind, likelihood):
    """Whatever the head says; an AE's codes are taken for mu."""
    config = RunConfig(model=kind, latent_dim=3)
    prices = prices_of_sigma(build_model(config), images[:1_500], likelihood, [0.1, 1.0, 3.0])
    assert [price.sigma for price in prices] == [0.1, 1.0, 3.0]
    for price in prices:
        model = build_model(config)
        if kind == "ae":
            model.g = model.h = model.f
        eps, same = evaluation_eps(1_500, 3), functools.partial(torch.full_like, fill_value=price.sigma)
        reconstruction, kl = plain_terms(model, images[:1_500], eps, likelihood, same)
        assert price.reconstruction == pytest.approx(reconstruction, rel=1e-5)
        assert price.kl == pytest.approx(sum(kl), rel=1e-5)
