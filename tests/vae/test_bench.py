"""The bench's parts, on real data in small: what it compares is what it says it compares."""

import itertools
import json
import re
from dataclasses import replace

import pytest
import torch
from torch.utils.data import Subset

from vae import bench, data
from vae.bench import Point
from vae.config import RunConfig
from vae.evaluation import evaluate
from vae.training import train


class Clock:
    """Stands for the module `time`: so many seconds pass from each look to the next."""

    def __init__(self, seconds: float):
        self.perf_counter = itertools.count(step=seconds).__next__


@pytest.fixture
def few(monkeypatch):
    """A thousand training images and a small config of ours."""
    images = data.load("mnist", "train")
    monkeypatch.setattr(bench.data, "load", lambda name, split: data.Images(*(part[:1000] for part in images)))
    return RunConfig(latent_dim=2, hidden_dims=(16,), train_size=1000)


def test_the_plain_recipes_loss_is_the_textbooks():
    torch.manual_seed(0)
    model, x = bench.PlainVAE(), data.load("mnist", "test").images[:5]
    torch.manual_seed(1)
    loss = model.loss(x)
    torch.manual_seed(1)
    x_hat, mu, log_var = model(x)
    prior = torch.distributions.Normal(0.0, 1.0)
    kl = torch.distributions.kl_divergence(torch.distributions.Normal(mu, (0.5 * log_var).exp()), prior).sum()
    cross_entropy = -(x * x_hat.log() + (1 - x) * (1 - x_hat).log()).sum()
    assert loss.item() == pytest.approx((kl + cross_entropy).item(), rel=1e-5)


def test_the_plain_recipe_learns_and_its_seconds_are_those_of_its_steps(few, monkeypatch):
    whole = data.BundledMNIST
    monkeypatch.setattr(bench.data, "BundledMNIST", lambda *place, **how: Subset(whole(*place, **how), range(1000)))
    monkeypatch.setattr(bench, "time", Clock(1.0))
    first, second = bench.plain_recipe(epochs=2)
    assert [first.seconds, second.seconds] == [1, 2]
    # An untrained network loses 784 log 2 = 543 nats an image, and grey pixels have an entropy of their own.
    assert data.entropy_floor(data.load("mnist", "test").images) < second.negative_elbo < first.negative_elbo < 543


def test_ours_is_the_shortest_run_that_reaches_the_target_or_none(few, monkeypatch):
    monkeypatch.setattr(bench, "OURS", few)
    test = bench.data.load("mnist", "test").images

    def negative_elbo(epochs: int) -> float:
        *_, last = train(replace(few, epochs=epochs))
        return evaluate(last.model, test, few.likelihood).negative_elbo

    two, three = negative_elbo(2), negative_elbo(3)
    assert three < two
    config, point = bench.our_recipe(target=three)
    assert config == replace(few, epochs=3) and point.negative_elbo == three
    with pytest.raises(bench.MissedGoal, match=r"no run of at most 2 epochs reached 1\.0 nats"):
        bench.our_recipe(target=1.0, most_epochs=2)


def test_of_three_equal_runs_the_middle_one_counts(few, monkeypatch):
    points = iter([Point(3.0, 110.0), Point(1.0, 110.0), Point(2.0, 110.0)])
    monkeypatch.setattr(bench, "_timed_run", lambda config, test: next(points))
    assert bench._median_run(few, None).seconds == 2.0


def test_a_step_is_compared_with_bare_ones_before_and_after_it(few, monkeypatch):
    whole, ends = bench.advance, []

    def watched(config, store):
        yield from whole(config, store)
        ends.append(store.status(config.run_id).state)

    monkeypatch.setattr(bench, "RunConfig", lambda: few)
    monkeypatch.setattr(bench, "advance", watched)
    monkeypatch.setattr(bench, "time", Clock(0.042))
    # Bare: the 7 steps of an epoch at each of two looks; everything around them: all the 21 of the run.
    assert bench.step_overhead(rounds=2) == pytest.approx({"bare_ms": 6.0, "full_ms": 2.0, "ratio": 1 / 3})
    assert ends == ["complete", "complete"]


def test_goals_that_are_missed_are_named():
    report = {"ratio": 14.0, "step": {"ratio": 1.2}, "quality": {"2-D": {"negative_elbo": 150.0, "goal": 145.0}}}
    assert bench.missed_goals(report) == [
        "14.0 times faster than the plain recipe, not 15",
        "2-D: 150.00 nats, not 145.0",
    ]
    report = {"ratio": 15.0, "step": {"ratio": 1.4}, "quality": {"2-D": {"negative_elbo": 140.0, "goal": 145.0}}}
    assert bench.missed_goals(report) == ["a step with everything around it takes 1.40 bare ones, not 1.3"]


def test_a_sweep_is_timed_from_its_first_run_to_its_last(monkeypatch):
    small = RunConfig(train_size=1000, batch_size=100, hidden_dims=(16,))
    monkeypatch.setattr(bench, "SWEEP", [replace(small, seed=seed) for seed in (1, 2)])
    ends = []

    class Watched(bench.Runs):
        def close(self):
            ends.extend(self.store.metrics(config.run_id) for config in bench.SWEEP)
            assert len(self._client.nthreads()) == 1
            super().close()

    monkeypatch.setattr(bench, "Runs", Watched)
    seconds = bench._sweep_seconds(1)
    assert [end["status"] for end in ends] == ["complete", "complete"]
    assert seconds > sum(end["seconds"] for end in ends)  # one after another on one worker


def test_a_sweep_on_all_cores_is_measured_against_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(bench, "_sweep_seconds", lambda workers: {1: 10.0, 2: 7.0}[workers])
    with pytest.raises(bench.MissedGoal, match=r"a sweep takes 0\.70 of its runs one after another, not 0\.6"):
        bench.bench_sweep(str(tmp_path / "sweep.json"))
    report = json.loads((tmp_path / "sweep.json").read_text())
    assert report == {"runs": 6, "one_core": 10.0, "cores": 2, "all_cores": 7.0, "ratio": 0.7}
    monkeypatch.setattr(bench, "_sweep_seconds", lambda workers: {1: 10.0, 2: 6.0}[workers])
    bench.bench_sweep(None)
    assert [line.split("ratio: ")[1] for line in capsys.readouterr().out.splitlines() if "ratio" in line] == [
        "0.70",
        "0.60",
    ]


def test_everything_is_measured_told_and_written(tmp_path, monkeypatch, capsys):
    plain = [Point(9.0, 120.0), Point(18.0, 110.5)]
    runs = dict(zip((config for config, _ in bench.QUALITY.values()), (105.0, 144.0, 142.0)))
    asked = []
    monkeypatch.setattr(bench, "plain_recipe", lambda epochs: asked.append(epochs) or plain)
    monkeypatch.setattr(bench, "our_recipe", lambda target: asked.append(target) or (bench.OURS, Point(1.2, 110.0)))
    monkeypatch.setattr(bench, "_timed_run", lambda config, test: Point(2.0, runs[config]))
    monkeypatch.setattr(bench, "step_overhead", lambda: {"bare_ms": 2.0, "full_ms": 2.5, "ratio": 1.25})
    with pytest.raises(bench.MissedGoal, match=r"^2-D, 6 epochs: 142\.00 nats, not 141\.0$"):
        bench.bench(str(tmp_path / "bench.json"))
    assert asked == [10, 110.5]
    report = json.loads((tmp_path / "bench.json").read_text())
    assert report["ratio"] == pytest.approx(15.0) and report["step"]["ratio"] == 1.25
    assert report["plain"] == [{"seconds": 9.0, "negative_elbo": 120.0}, {"seconds": 18.0, "negative_elbo": 110.5}]
    assert report["ours"] == {"config": bench.OURS.to_dict(), "seconds": 1.2, "negative_elbo": 110.0}
    assert report["quality"]["2-D, 3 epochs"] == {"seconds": 2.0, "negative_elbo": 144.0, "goal": 145.0}
    told = capsys.readouterr().out
    for line in (
        r"plain recipe, 2 epochs, 784-400-20 +18\.0 +110\.50",
        r"ours, 3 epochs, 784-288-224-20 +1\.2 +110\.00  15\.0 times faster",
        r"ours, 20-D, 3 epochs +2\.0 +105\.00  goal 106\.5",
        r"2\.50 ms with everything around it, 2\.00 ms bare, ratio 1\.25",
    ):
        assert re.search(line, told), line


def test_a_place_that_cannot_be_written_is_noticed_before_the_work(tmp_path):
    with pytest.raises(OSError):
        bench.bench(str(tmp_path / "no such folder" / "bench.json"))
