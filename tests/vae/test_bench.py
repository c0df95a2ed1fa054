"""The bench's parts, on real data in small: what it compares is what it says it compares."""

import itertools
import json
import math
import re
from dataclasses import replace

import pytest
import torch

from vae import bench, data
from vae.bench import plain, race, report, size, step, sweep
from vae.bench.plain import Result
from vae.bench.size import FULL, QUICK, Size
from vae.config import RunConfig
from vae.measures.evaluation import evaluate
from vae.training.loop import train

SMALL = Size(images=1_000, plain_epochs=2, most_epochs=3, seeds=2, judged=1_000, rounds=2)
TINY = RunConfig(latent_dim=2, hidden_dims=(16,), train_size=1_000)


class Clock:
    """Stands for the module `time`: so many seconds pass from each look to the next."""

    def __init__(self, seconds: float):
        self.perf_counter = itertools.count(step=seconds).__next__


def figures(**named: list[float]) -> dict[str, list[float]]:
    return {"seconds": [1.0, 3.0], "test": [110.0, 112.0], **named}


def test_the_plain_recipes_loss_is_the_textbooks():
    torch.manual_seed(0)
    model, x = plain.PlainVAE(), data.load("mnist", "test").images[:5]
    torch.manual_seed(1)
    loss = model.loss(x)
    torch.manual_seed(1)
    x_hat, mu, log_var = model(x)
    prior = torch.distributions.Normal(0.0, 1.0)
    kl = torch.distributions.kl_divergence(torch.distributions.Normal(mu, (0.5 * log_var).exp()), prior).sum()
    cross_entropy = -(x * x_hat.log() + (1 - x) * (1 - x_hat).log()).sum()
    assert loss.item() == pytest.approx((kl + cross_entropy).item(), rel=1e-5)


def test_both_sources_give_each_of_the_first_images_once_a_pass_in_another_order_every_time():
    images = data.load("mnist", "train").images[:300]
    for source in plain.SOURCES.values():
        batches = source(300, seed=1)
        first, second = (list(batches()) for _ in range(2))
        assert [len(batch) for batch in first] == [len(batch) for batch in second] == [128, 128, 44]
        whole, again = torch.cat(first), torch.cat(second)
        assert not torch.equal(whole, again) and not torch.equal(whole, images)
        for shuffled in (whole, again):
            assert torch.equal(shuffled.unique(dim=0), images.unique(dim=0))


@pytest.mark.parametrize("source", plain.SOURCES)
def test_the_plain_recipe_learns_and_its_seconds_are_those_of_its_steps(source, monkeypatch):
    monkeypatch.setattr(plain, "time", Clock(1.0))
    once, twice = (plain.plain_run(source, replace(SMALL, plain_epochs=epochs), seed=0) for epochs in (1, 2))
    assert once.seconds == twice.seconds == 1
    # An untrained network loses 784 log 2 = 543 nats an image, and grey pixels have an entropy of their own.
    floor = data.entropy_floor(data.load("mnist", "test").images)
    assert floor < twice.test < once.test < 543 and floor < twice.validation < once.validation < 543
    assert plain.plain_run(source, SMALL, seed=1).test != twice.test


def test_a_training_is_judged_by_the_last_training_images_and_by_the_test_images():
    test, validation = size.judges(FULL)
    assert torch.equal(test, data.load("mnist", "test").images)
    assert torch.equal(validation, data.load("mnist", "train").images[55_000:]) and FULL.images == 55_000
    assert [len(images) for images in size.judges(QUICK)] == [QUICK.judged] * 2
    *_, last = train(TINY)
    ours = race.our_run(TINY, replace(SMALL, judged=FULL.judged))
    assert ours.test == evaluate(last.model, test, TINY.likelihood).negative_elbo
    assert ours.validation == evaluate(last.model, validation, TINY.likelihood).negative_elbo
    assert race.our_run(replace(TINY, train_size=1_001), SMALL).validation is None  # not of the race


def test_ours_is_the_shortest_run_that_reaches_the_target_on_the_validation_images_in_the_mean_or_none(monkeypatch):
    asked = []

    def our_run(config, given):
        asked.append((config.epochs, config.seed))
        assert config.train_size == given.images
        # On the test images, which must not choose, the shortest is the best.
        return Result(1.0, 100.0 + config.epochs, 120.0 - 3 * config.epochs + 2 * config.seed)

    monkeypatch.setattr(race, "our_run", our_run)
    config, ours, reached = race._shortest(112.0, replace(SMALL, most_epochs=8))  # means of 115 and then 112
    assert (config.epochs, ours["validation"], reached) == (3, [111.0, 113.0], True)
    assert asked == [(2, 0), (2, 1), (3, 0), (3, 1)]
    config, ours, reached = race._shortest(1.0, SMALL)
    assert (config.epochs, ours["test"], reached) == (3, [103.0, 103.0], False)


def test_the_target_is_the_better_of_both_plain_recipes_and_each_has_its_ratio(monkeypatch):
    def plain_run(source, given, seed):
        seconds, validation = {"DataLoader": (18.0, 110.0), "tensor": (6.0, 109.0)}[source]
        return Result(seconds + seed, 105.0, validation)

    targets = []
    monkeypatch.setattr(race, "plain_run", plain_run)
    shortest = race.OURS, {"seconds": [1.0, 2.0], "test": [1.0, 1.0]}, True
    monkeypatch.setattr(race, "_shortest", lambda target, given: targets.append(target) or shortest)
    ran = race.race(SMALL)
    assert targets == [109.0] and ran["target"] == 109.0 and ran["reached"]
    assert ran["plain"]["tensor"] == {"seconds": [6.0, 7.0], "test": [105.0] * 2, "validation": [109.0] * 2}
    assert ran["ratios"] == {"DataLoader": pytest.approx(18.5 / 1.5), "tensor": pytest.approx(6.5 / 1.5)}


def test_quality_is_measured_with_every_seed_and_all_images_or_quickly_with_few(monkeypatch):
    asked = []
    monkeypatch.setattr(race, "our_run", lambda config, given: asked.append(config) or Result(1.0, 2.0))
    measured = race.quality(FULL)
    assert [own["goal"] for own in measured.values()] == [106.5, 145.0, 141.0]
    assert [config.seed for config in asked] == [0, 1, 2, 3, 4] * 3
    assert {config.train_size for config in asked} == {60_000}
    race.quality(QUICK)
    assert len(asked) == 15 + 3 * QUICK.seeds and asked[-1].train_size == QUICK.images


def test_a_step_is_compared_with_bare_ones_before_and_after_it(monkeypatch):
    whole, ends = step.advance, []

    def watched(config, store):
        yield from whole(config, store)
        ends.append(store.status(config.run_id).state)

    monkeypatch.setattr(step, "RunConfig", lambda: TINY)
    monkeypatch.setattr(step, "advance", watched)
    monkeypatch.setattr(step, "time", Clock(0.042))
    # Bare: the 7 steps of an epoch at each of two looks; everything around them: all the 21 of the run.
    assert step.step_overhead(SMALL) == pytest.approx({"bare_ms": 6.0, "full_ms": 2.0, "ratio": 1 / 3})
    assert ends == ["complete", "complete"]


def a_report(faster: float = 15.0, step_ratio: float = 1.25, two: float = 144.0) -> dict:
    return {
        "race": {
            "plain_epochs": 10,
            "plain": {"DataLoader": figures(), "tensor": figures(seconds=[4.0, 4.0])},
            "target": 109.0,
            "config": replace(race.OURS, epochs=3).to_dict(),
            "ours": figures(test=[109.0, 111.0]),
            "reached": True,
            "ratios": {"DataLoader": faster, "tensor": 5.25},
        },
        "quality": {"2-D": figures(test=[two - 1, two + 1]) | {"goal": 145.0}},
        "step": {"bare_ms": 2.0, "full_ms": 2.5, "ratio": step_ratio},
    }


def test_goals_that_are_missed_are_named():
    assert report.missed_goals(a_report()) == []
    assert report.missed_goals(a_report(14.0, two=150.0)) == [
        "14.0 times faster than the plain recipe, not 15",
        "2-D: 150.00 nats, not 145.0",
    ]
    slow = "a step with everything around it takes 1.40 bare ones, not 1.3"
    assert report.missed_goals(a_report(step_ratio=1.4)) == [slow]
    lost = a_report()
    lost["race"]["reached"] = False
    assert report.missed_goals(lost) == ["no run of at most 3 epochs reached 109.0 nats"]


def test_a_sweep_is_timed_from_its_first_run_to_its_last(monkeypatch):
    small = RunConfig(train_size=1000, batch_size=100, hidden_dims=(16,))
    configs, ends = [replace(small, seed=seed) for seed in (1, 2)], []

    class Watched(sweep.Runs):
        def close(self):
            ends.extend(self.store.metrics(config.run_id) for config in configs)
            assert len(self._cluster.client.nthreads()) == 1
            super().close()

    monkeypatch.setattr(sweep, "Runs", Watched)
    seconds = sweep.sweep_seconds(configs, 1)
    assert [end["status"] for end in ends] == ["complete", "complete"]
    assert seconds > sum(end["seconds"] for end in ends)  # one after another on one worker


def test_a_sweep_on_all_cores_is_measured_against_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sweep.machine, "cores", lambda: 2)
    monkeypatch.setattr(sweep, "sweep_seconds", lambda configs, workers: {1: 10.0, 2: 7.0}[workers])
    with pytest.raises(bench.MissedGoal, match=r"a sweep takes 0\.70 of its runs one after another, not 0\.6"):
        bench.bench_sweep(str(tmp_path / "sweep.json"))
    measured = {"one_core": 10.0, "cores": 2, "all_cores": 7.0, "ratio": 0.7}
    assert json.loads((tmp_path / "sweep.json").read_text()) == {"quick": False, "runs": 6, **measured}
    bench.bench_sweep(str(tmp_path / "sweep.json"), quick=True)  # asks for no goal
    assert json.loads((tmp_path / "sweep.json").read_text()) == {"quick": True, "runs": 2, **measured}
    monkeypatch.setattr(sweep, "sweep_seconds", lambda configs, workers: {1: 10.0, 2: 6.0}[workers])
    bench.bench_sweep(None)
    said = capsys.readouterr().out.splitlines()
    assert [line.split("ratio: ")[1] for line in said if "ratio" in line] == ["0.70", "0.70", "0.60"]
    assert [line for line in said if "quick" in line] == [size.QUICK_WORDS]


def test_everything_is_measured_told_and_written(tmp_path, monkeypatch, capsys):
    """Means and standard deviations over the seeds: of 1 and 3 that is 2 and the root of 2."""
    made, sizes = a_report(), []
    for name, key in (("race", "race"), ("quality", "quality"), ("step_overhead", "step")):
        monkeypatch.setattr(report, name, lambda given, key=key: sizes.append(given) or made[key])
    bench.bench(str(tmp_path / "bench.json"))
    assert sizes == [FULL] * 3
    written = json.loads((tmp_path / "bench.json").read_text())
    assert {key: written[key] for key in made} == made and written["quick"] is False
    told = capsys.readouterr().out
    for line in (
        r"2 seeds, one thread +seconds +test -ELBO",
        r"plain, DataLoader, 10 epochs, 784-400-20 +2\.0 ± 1\.4 +111\.00 ± 1\.41$",
        r"plain, tensor, 10 epochs, 784-400-20 +4\.0 ± 0\.0 +111\.00 ± 1\.41$",
        r"ours, 3 epochs, 784-288-224-20 +2\.0 ± 1\.4 +110\.00 ± 1\.41$",
        r"ours, 2-D +2\.0 ± 1\.4 +144\.00 ± 1\.41  goal 145\.0$",
        r"2\.50 ms with everything around it, 2\.00 ms bare, ratio 1\.25$",
        r"ratio to the plain recipe from its DataLoader: 15\.0$",
        r"ratio to the plain recipe from its tensor: 5\.2$",
    ):
        assert re.search(line, told, re.MULTILINE), line


def test_a_goal_is_asked_for_unless_it_is_quick_which_is_said(monkeypatch, capsys):
    sizes = []
    monkeypatch.setattr(report, "measure", lambda given: sizes.append(given) or a_report(faster=1.0, two=150.0))
    with pytest.raises(bench.MissedGoal, match=r"^1\.0 times faster than the plain recipe, not 15; 2-D: 150\.00 nats"):
        bench.bench(None)
    assert size.QUICK_WORDS not in capsys.readouterr().out
    bench.bench(None, quick=True)
    told = capsys.readouterr().out
    assert told.startswith(size.QUICK_WORDS) and "goal 145" not in told
    assert sizes == [FULL, QUICK]


def test_a_quick_race_goes_through_every_part(tmp_path, capsys):
    bench.bench(str(tmp_path / "bench.json"), quick=True)
    ran = json.loads((tmp_path / "bench.json").read_text())["race"]
    everything = [*ran["plain"].values(), ran["ours"]]
    assert all(len(values) == QUICK.seeds for own in everything for values in own.values())
    assert all(math.isfinite(value) for own in everything for values in own.values() for value in values)
    assert ran["ratios"].keys() == {"DataLoader", "tensor"} and ran["config"]["train_size"] == QUICK.images


def test_a_place_that_cannot_be_written_is_noticed_before_the_work(tmp_path):
    with pytest.raises(OSError):
        bench.bench(str(tmp_path / "no such folder" / "bench.json"))
