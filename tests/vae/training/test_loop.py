"""Training is a pure function of the config: repeatable, resumable at any step, and good enough to teach with."""

import hashlib
import json
import math
import sys
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch.nn.functional import gelu, softplus
from torch.utils.flop_counter import FlopCounterMode

from vae import data
from vae.config import ConfigError, RunConfig
from vae.measures.evaluation import evaluate
from vae.measures.pulls import reconstruction_pull
from vae.models import TRAINABLE, build_model, convert
from vae.objective import kl_divergence, loss_terms, negative_elbo, reconstruction_loss
from vae.randomness import seeded
from vae.runs.store import PRETRAINED, RunStore
from vae.runs.worker import advance
from vae.training.divergence import Culprit, Diverged, cause, find_culprit
from vae.training.loop import Snapshot, train
from vae.training.schedules import kl_weight_at, learning_rate_at, snapshot_steps
from vae.training.speed import STEP_OVERHEAD, estimate_seconds, has_fast_bfloat16
from vae.training.step import build_optimizer, set_learning_rate, train_step


def trained(config: RunConfig, checkpoint=None) -> Snapshot:
    *_, last = train(config, checkpoint)
    return last


def same_bits(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.fixture(params=["ae", "vae"])
def config(request, small) -> RunConfig:
    return replace(small, model=request.param)


def drawn(seed: int, purpose: str, index: int = 0) -> torch.Generator:
    """The generator of one purpose and index: its seed is the first eight bytes of the sha256 of their names."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{index}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little"))


class Plain:
    """Training written down anew, from the recipe alone: functions of tensors, closed-form losses, Adam."""

    def __init__(self, config: RunConfig):
        self.config = config
        self.images = data.load("mnist", "train").images[: config.train_size]
        state = build_model(config, self.images.mean(0)).state_dict()
        self.weights = {name: tensor.clone().requires_grad_() for name, tensor in state.items()}
        groups = [{"params": [w], "scale": (256 / w.shape[1]) ** 0.5 if w.ndim == 2 else 1.0} for w in self.parameters]
        self.adam = torch.optim.Adam(groups, betas=(0.8, 0.95))

    @property
    def parameters(self) -> list[torch.Tensor]:
        return [*self.weights.values()]

    def layer(self, name: str, values: torch.Tensor) -> torch.Tensor:
        return values @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def rate(self, step: int) -> float:
        """Up over the first twentieth of the steps, then down to zero."""
        total = self.config.total_steps
        return self.config.learning_rate * min(20 * (step + 1) / total, (total - step) / (0.95 * total), 1.0)

    def batch(self, step: int) -> torch.Tensor:
        size, per_epoch = self.config.batch_size, self.config.train_size // self.config.batch_size
        order = torch.randperm(self.config.train_size, generator=drawn(self.config.seed, "batches", step // per_epoch))
        start = step % per_epoch * size
        return self.images[order[start : start + size]]

    def losses(self, step: int) -> dict:
        """The terms of one batch as tensors, before its update."""
        config, x = self.config, self.batch(step)
        eps = torch.randn(len(x), config.latent_dim, generator=drawn(config.seed, "eps", step))
        y = gelu(self.layer("trunk.0", x))
        kl = None
        if config.model == "ae":
            z = self.layer("f.0", y)
        else:
            mu, log_sigma = self.layer("g.0", y), self.layer("h", y)
            z = mu + log_sigma.exp() * eps
            kl = (0.5 * (mu**2 + log_sigma.exp() ** 2 - 1) - log_sigma).mean(0)
        logits = self.layer("decoder.2", gelu(self.layer("decoder.0", z)))
        if config.likelihood == "bernoulli":
            reconstruction = (softplus(logits) - x * logits).sum(1).mean()
        else:
            reconstruction = 0.5 * ((logits.sigmoid() - x) ** 2).sum(1).mean()
        ramp = min(1.0, step / (config.kl_ramp * config.total_steps)) if config.kl_ramp else 1.0
        weight = config.kl_weight * ramp
        return {
            "total": reconstruction if kl is None else reconstruction + weight * kl.sum(),
            "reconstruction": reconstruction,
            "kl_per_dimension": kl,
            "smallest_sigma": None if kl is None else log_sigma.exp().min(),
        }

    def update(self, step: int) -> dict:
        """One step of Adam; returns the batch's losses before it as numbers, and the norm of the gradient."""
        terms = self.losses(step)
        gradients = torch.autograd.grad(terms["total"], self.parameters)
        for group, weight, gradient in zip(self.adam.param_groups, self.parameters, gradients):
            group["lr"], weight.grad = self.rate(step) * group["scale"], gradient
        self.adam.step()
        values = {name: None if term is None else term.tolist() for name, term in terms.items()}
        return values | {"gradient_norm": math.sqrt(sum(float((g**2).sum()) for g in gradients))}


@pytest.fixture
def float32(monkeypatch):
    """Layers multiply in float32, also on a processor that has bfloat16."""
    monkeypatch.setattr("vae.training.step.has_fast_bfloat16", lambda device: False)


@pytest.mark.parametrize(
    "kind", [{"kl_weight": 3.0}, {"kl_weight": 0.5, "kl_ramp": 0.0}, {"model": "ae", "likelihood": "gaussian"}]
)
def test_a_training_is_what_its_recipe_written_down_anew_gives_step_by_step(small, kind, float32):
    """Batches, eps, both terms, the schedules and Adam; all that is logged, and the weights in the end."""
    config = replace(small, **{"batch_size": 20, "latent_dim": 3, "seed": 5, "kl_ramp": 0.5} | kind)
    plain, logged = Plain(config), list(train(config))
    with torch.no_grad():
        first = plain.losses(0)
    assert logged[0].losses.reconstruction == pytest.approx(first["reconstruction"].item(), rel=1e-5)
    assert logged[0].losses.gradient_norm is None
    steps = [plain.update(step) for step in range(100)]
    points = {*range(0, 101, 5), *(round(2 ** (n / 2)) for n in range(14))}  # every tenth of an epoch, and early ones
    assert [s.losses.step for s in logged] == sorted(points)
    for before, after in pairwise([s.losses for s in logged]):
        window = steps[before.step : after.step]
        assert after.epoch == after.step / 50
        for name in ("total", "reconstruction"):
            assert getattr(after, name) == pytest.approx(sum(own[name] for own in window) / len(window), rel=1e-4)
        assert after.gradient_norm == pytest.approx(max(own["gradient_norm"] for own in window), rel=1e-2)
        if config.model == "ae":
            assert after.kl is after.kl_per_dimension is after.smallest_sigma is None and after.kl_weight == 0
            continue
        means = [sum(kl) / len(window) for kl in zip(*(own["kl_per_dimension"] for own in window))]
        assert after.kl_per_dimension == pytest.approx(means, rel=1e-3)
        assert after.kl == pytest.approx(sum(means), rel=1e-3)
        ramp = min(1.0, after.step / 50) if config.kl_ramp else 1.0
        assert after.kl_weight == pytest.approx(config.kl_weight * ramp)
        assert after.smallest_sigma == pytest.approx(min(own["smallest_sigma"] for own in window), rel=1e-3)
    for name, tensor in logged[-1].model.state_dict().items():
        torch.testing.assert_close(tensor, plain.weights[name].detach(), atol=1e-3, rtol=1e-2)
    last = [own["gradient_norm"] for own in steps[-5:]]
    assert min(last) < 0.95 * max(last)  # so that an extreme of a window is not its mean


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_where_the_processor_multiplies_bfloat16_the_layers_of_a_step_do_and_nothing_else_does(
    small, monkeypatch, likelihood
):
    """Losses, weights, moments and pictures stay float32: bfloat16 is too coarse for exp, log and long sums."""
    monkeypatch.setattr("vae.training.step.has_fast_bfloat16", lambda device: True)  # slow elsewhere, and the same
    config = replace(small, kl_weight=3.0, likelihood=likelihood)
    snapshots = train(config)
    model, answers = next(snapshots).model, {}

    def keep(name):
        return lambda layer, inputs, output: answers.setdefault(name, []).append(output.detach())

    for name, layer in model.named_modules():
        if isinstance(layer, torch.nn.Linear):
            layer.register_forward_hook(keep(name))
    snapshot = next(snapshots)
    assert len(answers) == 5
    assert all(outputs[0].dtype == torch.bfloat16 for outputs in answers.values())  # of the step,
    assert all(output.dtype == torch.float32 for outputs in answers.values() for output in outputs[1:])  # of pictures
    x, logits = Plain(config).batch(0), answers["decoder.2"][0].float()
    bernoulli, gaussian = softplus(logits) - x * logits, 0.5 * (logits.sigmoid() - x) ** 2
    expected = (bernoulli if likelihood == "bernoulli" else gaussian).sum(1).mean().item()
    assert snapshot.losses.reconstruction == pytest.approx(expected, rel=1e-6)
    mu, log_sigma = answers["g.0"][0].float(), answers["h"][0].float()
    expected = (0.5 * (mu**2 + (2 * log_sigma).exp() - 1) - log_sigma).mean(0).tolist()
    assert snapshot.losses.kl_per_dimension == pytest.approx(expected, rel=1e-5)
    kept = [*snapshot.checkpoint().values(), *snapshot.pictures.values()]
    assert {tensor.dtype for tensor in kept if tensor.numel() > 1} == {torch.float32}


def test_two_trainings_of_one_config_give_the_same_bits(config):
    first, second = trained(config), trained(config)
    assert same_bits(first.model.state_dict(), second.model.state_dict())
    assert replace(first.losses, seconds=0) == replace(second.losses, seconds=0)


def test_of_a_choice_of_classes_no_other_image_is_ever_seen(small, monkeypatch):
    config = replace(small, classes=(1, 7), epochs=2)
    first = data.levels("mnist", "train")
    labels = first.labels[: config.train_size]
    chosen = first.levels[: config.train_size][(labels == 1) | (labels == 7)]
    assert 100 < len(chosen) < config.train_size
    seen, step_module = [], sys.modules["vae.training.step"]
    monkeypatch.setattr(
        step_module, "loss_terms", lambda model, x, *rest: seen.append(x) or loss_terms(model, x, *rest)
    )
    model = [*train(config)][-1].model
    assert len(seen) == 1 + config.total_steps == 1 + replace(config, classes=()).total_steps
    rows = {row.tobytes() for row in data.pixels(chosen).numpy()}
    met = {row.tobytes() for x in seen for row in x.numpy()}
    assert met == rows  # all of them, too
    assert not torch.equal(model.state_dict()["g.0.bias"], [*train(replace(config, classes=()))][-1].model.g[0].bias)


def test_a_failure_names_the_image_of_the_chosen_ones_that_did_it(tmp_path):
    config = RunConfig(sigma="raw", classes=(0, 6), train_size=2_000, epochs=3)
    store = RunStore(str(tmp_path))
    store.create(config)
    for _ in advance(config, store):
        pass
    failure = store.metrics(config.run_id)["failure"]
    chosen = data.training("mnist", config.train_size, config.classes)
    assert failure["label"] in config.classes
    assert bytes.fromhex(failure["pixels"]) == chosen.levels[failure["image"]].numpy().tobytes()


def test_another_seed_gives_other_weights(config):
    first, second = trained(config), trained(replace(config, seed=1))
    assert not same_bits(first.model.state_dict(), second.model.state_dict())


def test_a_training_resumed_from_a_checkpoint_gives_the_same_bits_and_losses(config):
    undisturbed, checkpoints = [], {}
    for snapshot in train(config):
        undisturbed.append(replace(snapshot.losses, seconds=0))
        checkpoints[snapshot.losses.step] = {name: tensor.clone() for name, tensor in snapshot.checkpoint().items()}
    for step in (0, 1, 8, 10, 16, 19):
        resumed = list(train(config, checkpoints[step]))
        assert same_bits(resumed[-1].model.state_dict(), snapshot.model.state_dict())
        assert [replace(s.losses, seconds=0) for s in resumed] == [own for own in undisturbed if own.step > step]
        assert resumed[-1].losses.seconds > float(checkpoints[step]["seconds"])


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


def test_pictures_show_the_test_images_and_the_same_draws_through_the_model_of_their_step(config):
    test = data.load("mnist", "test")
    digits = test.images[[3, 2, 1, 18, 4, 8, 11, 0, 61, 7]]  # the first 0, 1, 2, ... of the test images
    assert test.labels[[3, 2, 1, 18, 4, 8, 11, 0, 61, 7]].tolist() == list(range(10))
    z = torch.randn(20, 2, generator=drawn(0, "samples"))  # whatever the seed: trainings are compared by their samples
    for snapshot in train(replace(config, seed=1)):
        if not snapshot.pictures:
            continue
        model, pictures = snapshot.model, dict(snapshot.pictures)
        with torch.no_grad():
            y, of_digits = model.trunk(test.images[:2_000]), model.trunk(digits)
            centre = model.f if config.model == "ae" else model.g
            torch.testing.assert_close(pictures.pop("mu"), centre(y))
            torch.testing.assert_close(pictures.pop("reconstructions"), model.decoder(centre(of_digits)).sigmoid())
            torch.testing.assert_close(pictures.pop("samples"), model.decoder(z).sigmoid())
            code = [centre(y)[:500]]
            if config.model == "vae":
                torch.testing.assert_close(pictures.pop("log_sigma"), model.h(y))
                code.append(model.h(y)[:500])
        pull = reconstruction_pull(model, test.images[:500], code[0], *(code[1:] or [None]), config.likelihood)
        torch.testing.assert_close(pictures.pop("pull"), pull)
        assert not pictures
    assert snapshot.losses.step == config.total_steps and snapshot.pictures


def test_the_first_losses_are_those_of_the_initial_model_that_answers_with_the_mean_image(small):
    first = next(train(small))
    images = data.load("mnist", "train").images[: small.train_size]
    mean_image = reconstruction_loss(
        torch.logit(images.mean(0), eps=1e-3).expand_as(images), images, "bernoulli"
    ).mean()
    assert first.losses.step == 0 and first.losses.kl_weight == 0
    assert first.losses.reconstruction == pytest.approx(float(mean_image), rel=0.15)


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


def test_the_pretrained_runs_begin_as_a_training_begins_today_and_reached_a_good_negative_elbo():
    """Three epochs of a run that comes with the project stand for three epochs now: its first steps are the same."""
    for latent_dim, nats in ((2, 145.0), (10, 111.0)):
        config = RunConfig(latent_dim=latent_dim)
        folder = PRETRAINED / config.run_id
        kept = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
        for snapshot, then in zip(train(config), kept):
            now = snapshot.losses.to_dict()
            for name in ("step", "epoch", "kl_weight"):
                assert now[name] == pytest.approx(then[name])
            # Those were steps in bfloat16: as close as this to steps in float32.
            assert now["reconstruction"] == pytest.approx(then["reconstruction"], rel=0.02)
            assert now["kl"] == pytest.approx(then["kl"], rel=0.1)
            if now["step"] >= 47:
                break
        assert kept[-1]["step"] == config.total_steps == 3 * 468
        assert json.loads((folder / "metrics.json").read_text())["test"]["negative_elbo"] <= nats


def test_half_an_epoch_of_twenty_dimensions_already_explains_the_test_images():
    config = RunConfig(latent_dim=20, train_size=30_000, epochs=1)
    test = data.load("mnist", "test").images
    assert evaluate(trained(config).model, test, config.likelihood).negative_elbo <= 128.5


def test_a_raw_sigma_that_is_negative_for_a_test_digit_alone_does_not_end_the_training(small, float32):
    config = replace(small, sigma="raw", learning_rate=1e-6)
    snapshot = next(train(config))
    checkpoint = {name: tensor.clone() for name, tensor in snapshot.checkpoint().items()}
    model, test = snapshot.model, data.load("mnist", "test").images[:2_000]
    with torch.no_grad():
        heads = [model.h(model.trunk(x)).amin(0) for x in (data.load("mnist", "train").images[:1_000], test)]
        dimension = int((heads[0] - heads[1]).argmax())
        assert heads[1][dimension] < heads[0][dimension]  # a test digit has the smallest head
        checkpoint["model.h.bias"][dimension] -= (heads[0] + heads[1])[dimension] / 2
    *_, last = train(config, checkpoint)
    assert last.losses.step == config.total_steps
    assert last.pictures["log_sigma"].isnan().any() and math.isfinite(last.losses.total)
    assert last.pictures["pull"].isfinite().all()


def test_weights_past_all_bounds_end_in_diverged_before_any_loss_or_picture_shows_it(config):
    """At step 5 there are no pictures, and the losses are those from before the update."""
    snapshot = next(s for s in train(config) if s.losses.step == 4)
    checkpoint = {name: tensor.clone() for name, tensor in snapshot.checkpoint().items()}
    checkpoint["optimizer.0.exp_avg"].flatten()[0] = math.nan
    with pytest.raises(Diverged, match=r"^diverged at step 5: the weights or the codes are no longer finite; .*0.006"):
        list(train(config, checkpoint))


def test_the_first_digit_of_a_batch_without_a_sigma_is_named_with_its_dimension_and_their_share(small):
    config, x = replace(small, sigma="raw", latent_dim=3), data.load("mnist", "test").images[:8]
    model = build_model(config)
    with torch.no_grad():
        head = model.h(model.trunk(x))[:, 1]
        lowest = head.sort().values
        model.h.bias[1] -= (lowest[1] + lowest[2]) / 2  # two of the eight are negative in dimension 1, and nobody else
        head = model.h(model.trunk(x))[:, 1]
    place = [value < 0 for value in head.tolist()].index(True)
    culprit = find_culprit(model, x, torch.arange(1_500, 1_508))
    assert culprit == Culprit(1_500 + place, 1, pytest.approx(head[place].item()), pytest.approx(2 / 24))
    words = cause(config, {"kl_per_dimension": [math.nan]}, culprit)
    assert words.startswith(f"sigma = h(y) is {head[place]:.3g} for training image 1,50{place} in dimension 2, and")
    assert find_culprit(build_model(config), x, torch.arange(8)) is None
    assert find_culprit(build_model(config.autoencoder), x, torch.arange(8)) is None


def test_the_estimate_of_a_trainings_time_grows_with_its_arithmetic(small):
    """torch counts the multiplications and additions of a step, the gradient of its images included."""

    def counted(config: RunConfig) -> int:
        model, x = build_model(config), torch.zeros(config.batch_size, 784, requires_grad=True)
        with FlopCounterMode(display=False) as counter:
            terms = loss_terms(model, x, torch.zeros(config.batch_size, config.latent_dim), "bernoulli")
            negative_elbo(terms).sum().backward()
        return counter.get_total_flops()

    configs = [small, replace(small, batch_size=200, epochs=3, hidden_dims=(64, 32), latent_dim=8), RunConfig()]
    products = [estimate_seconds(config) / config.total_steps - STEP_OVERHEAD for config in configs]
    flops = [counted(config) for config in configs]
    assert all(product > 0 for product in products)
    assert [p / products[0] for p in products] == pytest.approx([f / flops[0] for f in flops], rel=1e-6)
