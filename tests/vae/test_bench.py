"""The bench's parts, on real data in small: what it compares is what it says it compares."""

import json

import pytest
import torch

from vae import bench, data
from vae.config import RunConfig


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


def test_ours_is_the_shortest_run_that_reaches_the_target_or_none(few, monkeypatch):
    monkeypatch.setattr(bench, "OURS", few)
    config, point = bench.our_recipe(target=1e6)
    assert config.epochs == 2 and point.seconds > 0 and 0 < point.negative_elbo < 1e6
    with pytest.raises(bench.MissedGoal, match=r"no run of at most 2 epochs reached 1\.0 nats"):
        bench.our_recipe(target=1.0, most_epochs=2)


def test_goals_that_are_missed_are_named():
    report = {"ratio": 14.0, "step": {"ratio": 1.2}, "quality": {"2-D": {"negative_elbo": 150.0, "goal": 145.0}}}
    assert bench.missed_goals(report) == [
        "14.0 times faster than the plain recipe, not 15",
        "2-D: 150.00 nats, not 145.0",
    ]
    report = {"ratio": 15.0, "step": {"ratio": 1.4}, "quality": {"2-D": {"negative_elbo": 140.0, "goal": 145.0}}}
    assert bench.missed_goals(report) == ["a step with everything around it takes 1.40 bare ones, not 1.3"]


def test_a_sweep_on_all_cores_is_measured_against_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "SWEEP", [RunConfig(train_size=1000, batch_size=100, hidden_dims=(16,), seed=1)])
    assert bench._sweep_seconds(1) > 0  # of a real sweep
    monkeypatch.setattr(bench, "_sweep_seconds", lambda workers: {1: 10.0}.get(workers, 7.0))
    monkeypatch.setattr(bench.os, "cpu_count", lambda: 2)
    with pytest.raises(bench.MissedGoal, match=r"a sweep takes 0\.70 of its runs one after another, not 0\.6"):
        bench.bench_sweep(str(tmp_path / "sweep.json"))
    report = json.loads((tmp_path / "sweep.json").read_text())
    assert report == {"runs": 1, "one_core": 10.0, "cores": 2, "all_cores": 7.0, "ratio": 0.7}
    assert "ratio: 0.70" in capsys.readouterr().out


def test_a_place_that_cannot_be_written_is_noticed_before_the_work(tmp_path):
    with pytest.raises(OSError):
        bench.bench(str(tmp_path / "no such folder" / "bench.json"))
