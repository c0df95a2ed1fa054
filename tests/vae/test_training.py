"""Training is a pure function of the config: repeatable, resumable at any step, and good enough to teach with."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch.nn.functional import softplus

from vae import data
from vae.config import ConfigError, RunConfig
from vae.divergence import Diverged
from vae.evaluation import evaluate
from vae.losses import kl_divergence, reconstruction_loss
from vae.models import TRAINABLE, build_model, convert, encode_parameters, pixel_means
from vae.randomness import seeded
from vae.schedules import kl_weight_at, learning_rate_at, snapshot_steps
from vae.training import (
    Snapshot,
    build_optimizer,
    has_fast_bfloat16,
    set_learning_rate,
    train,
    train_step,
)


def trained(config: RunConfig, checkpoint=None) -> Snapshot:
    *_, last = train(config, checkpoint)
    return last


def same_bits(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.fixture(params=["ae", "vae"])
def config(request, small) -> RunConfig:
    return replace(small, model=request.param)


def test_two_trainings_of_one_config_give_the_same_bits(config):
    first, second = trained(config), trained(config)
    assert same_bits(first.model.state_dict(), second.model.state_dict())
    assert replace(first.losses, seconds=0) == replace(second.losses, seconds=0)


def test_another_seed_gives_other_weights(config):
    first, second = trained(config), trained(replace(config, seed=1))
    assert not same_bits(first.model.state_dict(), second.model.state_dict())


@pytest.mark.parametrize("step", [0, 1, 8, 10, 16, 19])
def test_a_training_resumed_from_a_checkpoint_gives_the_same_bits_and_losses(config, step):
    undisturbed = list(train(config))
    for snapshot in train(config):
        if snapshot.losses.step == step:
            checkpoint = {name: tensor.clone() for name, tensor in snapshot.checkpoint().items()}
            break
    resumed = list(train(config, checkpoint))
    assert same_bits(resumed[-1].model.state_dict(), undisturbed[-1].model.state_dict())
    later = [s.losses for s in undisturbed if s.losses.step > step]
    assert [replace(s.losses, seconds=0) for s in resumed] == [replace(losses, seconds=0) for losses in later]
    assert resumed[-1].losses.seconds > float(checkpoint["seconds"])


def test_ae_and_vae_see_the_same_batches_in_the_same_order(small):
    images = data.load("mnist", "train").images[: small.train_size].clone().requires_grad_()
    seen = {}
    for config in (small, small.autoencoder):
        model = build_model(config)
        optimizer = build_optimizer(model, learning_rate=1e-3)
        for step in range(config.total_steps):
            images.grad = None
            train_step(config, model, optimizer, images, step)  # only the batch's images get a gradient
            seen.setdefault(step, []).append(images.grad.abs().sum(1).nonzero().squeeze(1))
    assert all(torch.equal(ae, vae) and len(ae) == small.batch_size for ae, vae in seen.values())
    epochs = torch.cat([vae for _, vae in seen.values()]).reshape(small.epochs, -1)
    assert all(torch.equal(epoch.sort().values, torch.arange(small.train_size)) for epoch in epochs)


def test_an_update_moves_every_weight_of_both_networks(config):
    before, after = build_model(config).state_dict(), trained(config).model.state_dict()
    assert all((after[name] != tensor).any() for name, tensor in before.items())


def test_losses_come_at_powers_of_two_and_every_tenth_of_an_epoch():
    config = RunConfig(epochs=3)
    steps = snapshot_steps(config)
    assert {0, *(2**power for power in range(11))} <= steps
    assert {round(468 * tenth / 10) for tenth in range(31)} <= steps
    assert min(steps) == 0 and max(steps) == config.total_steps == 3 * 468


def test_pictures_come_at_log_spaced_steps_and_every_epoch(config):
    snapshots = list(train(config))
    pictured = {s.losses.step for s in snapshots if s.pictures}
    assert pictured == {0, 1, 2, 3, 4, 6, 8, 10, 11, 16, 20}
    assert [s.losses.step for s in snapshots] == sorted(snapshot_steps(config))


def test_pictures_show_the_test_images_through_the_model_of_their_step(config):
    last = trained(config)
    test = data.load("mnist", "test")
    digits = test.images[[3, 2, 1, 18, 4, 8, 11, 0, 61, 7]]  # the first 0, 1, 2, ... of the test images
    assert test.labels[[3, 2, 1, 18, 4, 8, 11, 0, 61, 7]].tolist() == list(range(10))
    with torch.no_grad():
        mu, log_sigma = encode_parameters(last.model, test.images[:2_000])
        x_hat = pixel_means(last.model.decode(encode_parameters(last.model, digits)[0]))
    torch.testing.assert_close(last.pictures["mu"], mu)
    torch.testing.assert_close(last.pictures["reconstructions"], x_hat)
    assert last.pictures["samples"].shape == (20, data.PIXELS)
    if config.model == "vae":
        torch.testing.assert_close(last.pictures["log_sigma"], log_sigma)
    else:
        assert log_sigma is None and "log_sigma" not in last.pictures


def test_the_first_losses_are_those_of_the_initial_model_that_answers_with_the_mean_image(small):
    first = next(train(small))
    images = data.load("mnist", "train").images[: small.train_size]
    mean_image = reconstruction_loss(
        torch.logit(images.mean(0), eps=1e-3).expand_as(images), images, "bernoulli"
    ).mean()
    assert first.losses.step == 0 and first.losses.kl_weight == 0
    assert first.losses.reconstruction == pytest.approx(float(mean_image), rel=0.15)


def test_logged_losses_are_means_over_the_batches_since_the_last_ones(small):
    images = data.load("mnist", "train").images[: small.train_size]
    model = build_model(small, images.mean(0))
    optimizer = build_optimizer(model, small.learning_rate)
    values = []
    for step in range(small.total_steps):
        set_learning_rate(optimizer, learning_rate_at(small, step))
        values.append(train_step(small, model, optimizer, images, step))
    logged = [s.losses for s in train(small)]
    for before, after in pairwise(logged):
        window = values[before.step : after.step]
        for name in ("total", "reconstruction"):
            assert getattr(after, name) == pytest.approx(sum(v[name] for v in window) / len(window), rel=1e-9)
        means = [sum(kl) / len(window) for kl in zip(*(v["kl_per_dimension"] for v in window))]
        assert after.kl_per_dimension == pytest.approx(means, rel=1e-9)
        assert after.kl == pytest.approx(sum(means), rel=1e-9)


def test_the_rate_of_a_layer_falls_with_the_root_of_its_inputs(small):
    """Adam's first update moves each weight by its rate, whatever the size of the gradient (Kingma and Ba 2015)."""
    images = data.load("mnist", "train").images
    model = build_model(small, images.mean(0)).double()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = build_optimizer(model, learning_rate=1e-3)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    moved = {name: float((before[name] - tensor).mean()) for name, tensor in model.state_dict().items()}
    inputs = {"trunk.0.weight": 784, "g.0.weight": 16, "h.weight": 16, "decoder.0.weight": 2, "decoder.2.weight": 16}
    assert {name for name in moved if name.endswith("weight")} == set(inputs)
    for name, rate in moved.items():
        expected = 1e-3 * (256 / inputs[name]) ** 0.5 if name in inputs else 1e-3
        assert rate == pytest.approx(expected, rel=1e-6)


def test_the_learning_rate_rises_over_a_twentieth_of_the_run_and_falls_to_zero():
    config = RunConfig(learning_rate=0.01)
    rates = [learning_rate_at(config, step) for step in range(config.total_steps + 1)]
    peak = rates.index(max(rates))
    assert peak / config.total_steps == pytest.approx(0.05, abs=0.001)
    assert rates[peak] == pytest.approx(0.01, rel=0.01)
    assert 0 < rates[0] < 0.01 / 50 and rates[-1] == 0
    assert rates[: peak + 1] == sorted(rates[: peak + 1]) and rates[peak:] == sorted(rates[peak:], reverse=True)
    middle = (peak + config.total_steps) // 2
    assert rates[middle] == pytest.approx(rates[peak] / 2, rel=0.01)


def test_the_kl_weight_rises_linearly_over_its_ramp_and_stays():
    config = RunConfig(kl_weight=4.0, kl_ramp=0.5)
    last = config.total_steps
    assert [kl_weight_at(config, step) for step in (0, last // 4, last // 2, last)] == [0, 2, 4, 4]
    assert kl_weight_at(replace(config, kl_ramp=0.0), 0) == 4
    assert kl_weight_at(replace(config, kl_weight=0.0), last) == 0


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_huge_learning_rate_ends_in_diverged_with_step_and_cause(small, activation):
    config = replace(
        small, learning_rate=10.0, activation=activation, batch_size=16, hidden_dims=(64,) * 4, kl_ramp=0.0
    )
    with pytest.raises(Diverged, match=r"^diverged at step \d+: the KL term .*; a learning rate below 10 ") as diverged:
        list(train(config))
    assert 1 <= diverged.value.step <= config.total_steps


def test_logits_past_all_bounds_end_in_diverged_at_their_step(config):
    checkpoint = {name: tensor.clone() for name, tensor in next(train(config)).checkpoint().items()}
    checkpoint["step"] += 7
    checkpoint["model.decoder.2.bias"] *= math.inf
    with pytest.raises(Diverged, match=r"^diverged at step 8: the reconstruction loss is no longer finite"):
        list(train(config, checkpoint))


@pytest.mark.parametrize("trainable, parts", TRAINABLE.items())
def test_trainable_moves_every_weight_of_its_parts_and_not_a_bit_of_the_others(small, trainable, parts):
    ae = trained(small.autoencoder).model
    config = small.autoencoder.converted(trainable)
    *_, last = train(config, autoencoder=ae)
    before, after = convert(ae, config).state_dict(), last.model.state_dict()
    moved = {name for name, tensor in before.items() if (after[name] != tensor).any()}
    assert moved == {name for name in before if name.split(".")[0] in parts}


def test_a_conversion_of_which_a_part_is_trained_is_resumed_with_the_same_bits(small):
    ae, config = trained(small.autoencoder).model, small.autoencoder.converted("encoder")
    for snapshot in train(config, autoencoder=ae):
        if snapshot.losses.step == 8:
            checkpoint = {name: tensor.clone() for name, tensor in snapshot.checkpoint().items()}
    *_, resumed = train(config, checkpoint)
    assert same_bits(resumed.model.state_dict(), snapshot.model.state_dict())


def test_a_conversion_without_its_ae_or_with_one_of_other_layers_is_refused(small):
    config = small.autoencoder.converted()
    with pytest.raises(ConfigError, match=r"^init_from = 'ae-2d-\w+' is not allowed: an AE whose weights are at hand"):
        next(train(config))
    other = build_model(replace(small.autoencoder, hidden_dims=(17,)))
    with pytest.raises(ConfigError, match="an AE with the same layers"):
        next(train(config, autoencoder=other))


def test_smallest_sigma_and_gradient_norm_are_the_extremes_since_the_last_point(small):
    config = replace(small, batch_size=20, epochs=1, learning_rate=0.03, kl_ramp=0.0)  # a point every five steps
    images = data.load("mnist", "train").images[: config.train_size]
    model = build_model(config, images.mean(0))
    optimizer = build_optimizer(model, config.learning_rate)
    order = torch.randperm(1_000, generator=seeded(config.seed, "batches"))
    sigmas, norms = [], []
    for step in range(config.total_steps):
        with torch.no_grad():
            sigmas.append(model.encode(images[order[20 * step : 20 * step + 20]])[1].exp().min().item())
        set_learning_rate(optimizer, learning_rate_at(config, step))
        train_step(config, model, optimizer, images, step)
        norms.append(math.sqrt(sum(p.grad.square().sum().item() for p in model.parameters())))
    for before, after in pairwise([s.losses for s in train(config)]):
        window = slice(before.step, after.step)
        assert after.smallest_sigma == pytest.approx(min(sigmas[window]), rel=0.05)  # of layers in bfloat16
        assert after.gradient_norm == pytest.approx(max(norms[window]), rel=1e-5)
    assert min(sigmas[-5:]) < 0.8 * max(sigmas[-5:]) and min(norms[-5:]) < 0.8 * max(norms[-5:])


@pytest.mark.parametrize("seed", range(5))
def test_a_raw_sigma_turns_negative_and_ends_the_run_at_the_digit_that_it_names(seed):
    config = RunConfig(sigma="raw", seed=seed)
    images = data.load("mnist", "train").images
    model = build_model(config, images.mean(0))
    optimizer = build_optimizer(model, config.learning_rate)
    with pytest.raises(Diverged, match=r"^diverged at step \d+: sigma = h\(y\) is -[\d.e-]+ for training image") as end:
        for step in range(config.total_steps):
            set_learning_rate(optimizer, learning_rate_at(config, step))
            train_step(config, model, optimizer, images, step)
    culprit = end.value.culprit
    assert end.value.step == step + 1
    assert all(parameter.isfinite().all() for parameter in model.parameters())  # the loss alone is not
    order = torch.randperm(60_000, generator=seeded(seed, "batches"))[step * 128 : (step + 1) * 128]
    assert culprit.image in order
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_fast_bfloat16("cpu")):
        sigma = model.h(model.trunk(images[order])).float()
    assert culprit.head == sigma[order == culprit.image][0, culprit.dimension] < 0
    assert culprit.share == pytest.approx((sigma <= 0).float().mean().item())


@pytest.mark.parametrize("kind", ["log", "softplus", "raw"])
def test_a_mu_past_all_bounds_is_not_blamed_on_sigma(small, kind):
    config = replace(small, sigma=kind)
    checkpoint = {name: tensor.clone() for name, tensor in next(train(config)).checkpoint().items()}
    checkpoint["model.g.0.bias"] += 1e20
    with pytest.raises(Diverged, match="the KL term is no longer finite: sigma or mu has grown past all bounds") as end:
        list(train(config, checkpoint))
    assert end.value.culprit is None


def test_a_batch_that_is_all_negative_has_a_culprit_too(small):
    config = replace(small, sigma="raw")
    checkpoint = {name: tensor.clone() for name, tensor in next(train(config)).checkpoint().items()}
    checkpoint["model.h.bias"] -= 100
    with pytest.raises(Diverged, match=r"sigma = h\(y\) is -") as end:
        list(train(config, checkpoint))
    assert end.value.culprit.share == 1


@pytest.mark.parametrize("kind, rate, words", [("log", 0.03, "too much for exp"), ("softplus", 0.3, "softplus is 0")])
def test_the_other_heads_fail_at_larger_rates_and_say_where(kind, rate, words):
    with pytest.raises(Diverged, match=words) as end:
        list(train(RunConfig(sigma=kind, learning_rate=rate)))
    head = torch.tensor(end.value.culprit.head)
    sigma = head.exp() if kind == "log" else softplus(head)
    assert not kl_divergence(torch.zeros(()), sigma.log()).isfinite()


def test_every_likelihood_activation_and_bottleneck_learns(small):
    for likelihood in ("bernoulli", "gaussian"):
        for activation, bottleneck in [("relu", "sigmoid"), ("gelu", "relu"), ("tanh", "tanh"), ("gelu", "identity")]:
            config = replace(small, likelihood=likelihood, activation=activation, bottleneck=bottleneck, model="ae")
            losses = [s.losses.total for s in train(config)]
            assert math.isfinite(losses[-1]) and losses[-1] < losses[0]


@pytest.mark.parametrize("latent_dim, nats", [(2, 145.0), (20, 106.5)])
def test_three_epochs_reach_the_negative_elbo_of_a_good_vae(latent_dim, nats):
    config = RunConfig(latent_dim=latent_dim)
    test = data.load("mnist", "test").images
    assert evaluate(trained(config).model, test, config.likelihood).negative_elbo <= nats


def test_the_total_is_what_the_optimizer_minimises(small):
    config = replace(small, kl_weight=3.0, kl_ramp=0.0)
    for snapshot in train(config):
        losses = snapshot.losses
        assert losses.total == pytest.approx(losses.reconstruction + 3.0 * losses.kl, rel=1e-5)
