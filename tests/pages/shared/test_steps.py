"""A lesson's steps: what the card on each page is sent, and that answers are what was measured."""

import functools
import json
import math
import statistics
from types import SimpleNamespace

import pytest
import torch

from pages.kl_weight import kl_weight_answers
from pages.lessons import LESSONS
from pages.resampling import resampling_answers
from pages.shared import seeds, steps
from pages.shared.address import PARAMETERS
from pages.train import train_answers
from pages.walk import walk_answers
from tests.pages.seen import sent
from vae import data
from vae.config import RunConfig
from vae.objective import reconstruction_loss
from vae.runs.store import PRETRAINED, RunStore
from vae.runs.sweep import ladder

every_page = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


def test_the_core_is_five_lessons_of_about_45_minutes_and_comes_first():
    core = [lesson for lesson in LESSONS if lesson.is_core]
    assert list(LESSONS[:5]) == core
    assert sum(lesson.minutes for lesson in core) == 45


@every_page
def test_each_page_has_its_steps_and_the_ways_to_the_lessons_beside_it(shown, lesson):
    app = shown(lesson.name)
    card = sent(app, "steps")
    here = LESSONS.index(lesson)
    assert (card["number"], card["count"], card["name"]) == (here + 1, len(LESSONS), lesson.name)
    ways = [card[way] and card[way]["title"] for way in ("before", "after")]
    titles = [None, *(one.title for one in LESSONS), None]
    assert ways == [titles[here], titles[here + 2]]
    assert len(card["steps"]) >= 3
    for step in card["steps"]:
        assert step["words"].startswith("<p>") and "**" not in step["words"]
        assert not step["measured"] or step["measured"] in step["options"]
        assert not step["options"] or step["answer"]


def test_the_card_is_there_where_a_page_ends_early(visit, lab, monkeypatch):
    app = visit("train", hidden_dims="many")
    assert app.error and sent(app, "steps")["number"] == 4
    assert "not measured yet" in sent(app, "steps")["steps"][0]["answer"]
    monkeypatch.setattr(RunStore, "states", lambda store: {})
    assert sent(visit("walk"), "steps")["number"] == 6


@every_page
def test_a_view_that_a_step_sets_is_one_that_the_address_allows(shown, stored, lesson):
    card = sent(shown(lesson.name), "steps")
    assert card["own"] == [name for name, parameter in PARAMETERS.items() if parameter.rule]
    for step in card["steps"]:
        for name, text in {**step["view"], **step["then"]}.items():
            if name in ("run", "ae"):
                assert stored.status(text).state == "complete"
            elif name == "models":
                assert text in shown(lesson.name).selectbox(key=name).options
            elif name in PARAMETERS and PARAMETERS[name].rule is None:
                assert text in ("true", "false")  # of what opens and closes
            elif name in PARAMETERS:
                assert PARAMETERS[name].rule(text)
            else:
                kind = type(getattr(RunConfig(), name))
                assert getattr(RunConfig(**{name: kind(text)}), name) == kind(text)


@every_page
def test_predictions_are_answered_by_what_was_measured(shown, lesson):
    """With what comes with the project every one of them can be."""
    for step in sent(shown(lesson.name), "steps")["steps"]:
        assert "not measured yet" not in step["answer"]


def test_what_is_not_measured_yet_is_said():
    step = steps._step(steps.Step("Predict.", ("A", "B"), lambda _: None), RunConfig())
    assert step["measured"] == "" and "not measured yet" in step["answer"]


def test_a_step_that_no_lesson_has_is_said(visit):
    app = visit("home", lesson="0")
    assert not app.exception and "lesson = `0` in the address is not allowed" in app.warning[0].value
    assert sent(app, "steps")["given"] == {}


def _metrics(config: RunConfig) -> dict:
    return json.loads((PRETRAINED / config.run_id / "metrics.json").read_text())["test"]


def test_who_reconstructs_better_is_what_five_seeds_say(lab):
    answer = train_answers.who_reconstructs_better(RunConfig())
    assert answer.measured == train_answers.AE and "5 seeds" in answer.words
    for config in (RunConfig(epochs=1, seed=77), RunConfig(kl_weight=10)):  # never trained, and with one seed alone
        other = train_answers.who_reconstructs_better(config)
        assert other.measured == train_answers.AE and "come with the project" in other.words


def test_whose_codes_stay_near_0_is_counted(lab):
    shares = []
    for config in (RunConfig().autoencoder, RunConfig()):
        codes = lab.model(config.run_id).encode(data.load("mnist", "test").images)
        codes = codes[0] if isinstance(codes, tuple) else codes
        shares.append(f"{sum(1 for code in codes.tolist() if code[0] ** 2 + code[1] ** 2 < 3.5**2) / 10_000:.0%}")
    answer = train_answers.whose_codes_stay_near_0(RunConfig())
    assert answer.measured == train_answers.ONLY_VAE
    assert f"{shares[1]} of the VAE's codes and {shares[0]} of the AE's" in answer.words


def test_ten_dimensions_explain_pictures_better(lab):
    assert train_answers.ten_dimensions(RunConfig()).measured == train_answers.FALLS
    assert _metrics(RunConfig(latent_dim=10))["negative_elbo"] < _metrics(RunConfig())["negative_elbo"]


def test_draws_against_their_mean_code_are_counted_digit_by_digit(lab):
    answer = resampling_answers.against_mu(RunConfig())
    model, images = lab.model(RunConfig().run_id), data.load("mnist", "test").images[:200]
    mu, log_sigma = model.encode(images)
    generator = torch.Generator().manual_seed(3)
    better = []
    for _ in range(20):
        z = mu + log_sigma.exp() * torch.randn(mu.shape, generator=generator)
        losses = [reconstruction_loss(model.decode(code), images, "bernoulli") for code in (z, mu)]
        better.append((losses[0] < losses[1]).float().mean().item())
    said = int(answer.words.split("%")[0].rsplit(" ", 1)[1]) / 100
    assert answer.measured == resampling_answers.SOME_BETTER
    assert abs(said - statistics.fmean(better)) < 0.05  # of 1,000 digits, drawn otherwise


def test_the_sigma_of_hard_digits_is_the_median_of_theirs(lab):
    words = resampling_answers.width_of_hard_digits(RunConfig()).words
    _, log_sigma = lab.model(RunConfig().run_id).encode(data.load("mnist", "test").images)
    assert f"of all test digits {statistics.median_low(log_sigma.exp().flatten().tolist()):.2g}" in words


def test_the_least_distortion_is_what_the_seeds_of_the_ladders_ends_say(lab):
    rungs = ladder(2)
    answer = kl_weight_answers.least_distortion(RunConfig())
    recorded = {config.kl_weight: _losses_by_seed(config) for config in (rungs[0], RunConfig(), rungs[-1])}
    means = {weight: statistics.fmean(losses) for weight, losses in recorded.items()}
    differences = [low - one for low, one in zip(recorded[0.0], recorded[1.0])]
    margin = 2.7764 * statistics.stdev(differences) / math.sqrt(5)  # of five seeds
    is_tie = abs(statistics.fmean(differences)) <= margin
    assert means[rungs[-1].kl_weight] > means[1.0] + 10
    assert answer.measured == (kl_weight_answers.ALIKE if is_tie else kl_weight_answers.BELOW)
    assert "5 seeds" in answer.words
    assert kl_weight_answers.least_distortion_of(rungs[:1]) is None
    assert kl_weight_answers.least_distortion_of([config for config in rungs if config.kl_weight <= 1]) is None


def _losses_by_seed(config: RunConfig) -> list[float]:
    return [seeds.tests(functools.partial(seeds.with_seed, config))[seed]["reconstruction"] for seed in range(5)]


def test_the_clouds_without_a_kl_are_narrow(lab):
    rungs = ladder(2)
    assert kl_weight_answers.width_without_kl_of(rungs[1:]) is None
    answer = kl_weight_answers.width_without_kl(RunConfig())
    _, log_sigma = lab.model(rungs[0].run_id).encode(data.load("mnist", "test").images)
    assert f"is {statistics.median_low(log_sigma.exp().flatten().tolist()):.2g};" in answer.words
    assert answer.measured == kl_weight_answers.NARROW


def test_the_weight_nearest_to_the_prior_is_named_beside_the_one_that_reconstructs_best(lab):
    rungs = ladder(2)
    answer = kl_weight_answers.closest_to_the_prior(RunConfig())
    losses = {config.kl_weight: _metrics(config)["reconstruction"] for config in rungs}
    distances = {}
    for config in rungs:
        mu, log_sigma = (part[:1_000].double() for part in lab.model(config.run_id).encode(_images()))
        z = mu + log_sigma.exp() * torch.randn(mu.shape, generator=torch.Generator().manual_seed(5)).double()
        # In closed form, over all of N(0, I): of kernels of width d = 2.
        between = torch.exp(-(torch.cdist(z, z) ** 2) / 4)
        to_prior = 2 / 3 * torch.exp(-(z**2).sum(1) / 6)
        pairs = (between.sum() - len(z)) / (len(z) * (len(z) - 1))
        distances[config.kl_weight] = float(pairs - 2 * to_prior.mean() + 1 / 2)
    nearest, sharpest = min(distances, key=distances.get), min(losses, key=losses.get)
    assert f"least at β = {sharpest:g}, the *MMD²* at β = {nearest:g}" in answer.words
    assert answer.words.startswith("No") and kl_weight_answers.closest_to_the_prior_of(rungs[:1]) is None


def _images() -> torch.Tensor:
    return data.load("mnist", "test").images


def test_the_dimensions_that_work_are_the_active_ones(lab, monkeypatch):
    active = _metrics(RunConfig(latent_dim=10))["active_units"]
    answer = walk_answers.which_dimensions_work(RunConfig(latent_dim=10))
    assert answer.words.startswith(f"{active} of this VAE's 10 dimensions")
    figures = {"active_units": 3, "kl_per_dimension": [0.5, 0.25, 2.0]}
    monkeypatch.setattr(walk_answers, "ui", SimpleNamespace(test_of=lambda _: figures))
    assert walk_answers.which_dimensions_work(RunConfig(latent_dim=10)).words.endswith("0.25 nats.")
    assert walk_answers.which_dimensions_work(RunConfig(latent_dim=3)).measured == walk_answers.ALL_ACTIVE


@pytest.mark.parametrize("lesson, step, name", [("walk", 2, "run"), ("resampling", 3, "eps_scale")])
def test_a_link_to_a_step_brings_its_view_and_what_it_says_itself_goes_first(visit, lesson, step, name):
    app = visit(lesson, lesson=step)
    view = sent(app, "steps")["steps"][step - 1]["view"]
    assert app.query_params[name] == view[name]
    if name == "eps_scale":
        assert sent(app, "resampling")["given"][name] == view[name]
        assert visit(lesson, lesson=step, eps_scale="2").query_params[name] == "2"
    else:
        assert app.selectbox(key="run").value == view[name]


def test_a_damaged_run_of_an_answer_alone_is_no_measure(visit, damage):
    damage(RunConfig().autoencoder.run_id, "model.safetensors")
    app = visit("train", epochs=1)  # of which nothing is trained
    assert not app.exception
    assert "not measured yet" in sent(app, "steps")["steps"][1]["answer"]
