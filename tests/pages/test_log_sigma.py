"""Why log sigma: what the page says of the race is what became of the runs."""

import math
from dataclasses import replace

import pytest
import torch

from pages.ui import prediction, sigma_race
from vae import data
from vae.config import RunConfig

RAW = RunConfig(sigma="raw")
ADDRESS = {"predict_race": prediction.UNDECIDED}


def words(app) -> str:
    """All that the page says in sentences."""
    return " ".join(element.value for kind in ("markdown", "info", "success", "warning") for element in app.get(kind))


def test_the_race_waits_for_a_prediction_and_the_plane_does_not(visit):
    app = visit("log_sigma")
    assert not app.exception and not app.get("plotly_chart")
    assert [c.proto.component_name for c in app.get("bidi_component")] == ["sigma_plane"]


def test_a_raw_sigma_fails_in_as_many_seeds_as_the_page_says(visit, lab):
    ends = [lab.metrics(replace(RAW, seed=seed).run_id) for seed in range(5)]
    failed = [end["failure"]["step"] for end in ends if end["status"] == "diverged"]
    said = words(visit("log_sigma", **ADDRESS))
    assert f"failed in **{len(failed)} of 5 seeds** trained here with these settings" in said
    assert f"at steps {min(failed)} to {max(failed)}." in said


def test_each_runs_end_and_the_digit_that_did_it_are_said(visit, lab):
    app = visit("log_sigma", predict_race="h = σ, raw")
    assert app.success[0].value.startswith("**As you predicted.**")
    for config in (RunConfig(), RunConfig(sigma="softplus")):
        assert f"−ELBO {lab.metrics(config.run_id)['test']['negative_elbo']:.1f} nats" in app.success[0].value
    failure = lab.metrics(RAW.run_id)["failure"]
    label = data.load("mnist", "train").labels[failure["image"]]
    said = words(app)
    assert f"at step {failure['step']} the head said **h = {failure['head']:.3g}**".replace("-", "−") in said
    assert f"dimension {failure['dimension'] + 1} of training image {failure['image']:,}, labelled {label}." in said


def test_a_wrong_prediction_is_a_surprise(visit):
    app = visit("log_sigma", predict_race=sigma_race.NOBODY)
    assert app.warning[0].value.startswith("**A surprise: “h = σ, raw”.**")


def test_with_a_large_rate_log_sigma_fails_too_and_the_page_says_so(visit, lab):
    app = visit("log_sigma", learning_rate=0.03, predict_race=sigma_race.SEVERAL)
    states = {kind: lab.status(RunConfig(sigma=kind, learning_rate=0.03).run_id) for kind in ("raw", "softplus", "log")}
    assert [kind for kind, state in states.items() if state.state == "diverged"] == ["raw", "log"]
    assert app.success
    assert (
        f"failed at step {lab.metrics(RunConfig(learning_rate=0.03).run_id)['failure']['step']}" in app.success[0].value
    )
    assert "nothing learned: no dimension is active" in app.success[0].value


def test_where_log_sigma_overflows_is_said(visit):
    edge = math.log(torch.finfo(torch.float32).max) / 2
    assert f"beyond **log σ = {edge:.2f}**" in words(visit("log_sigma", **ADDRESS))


def test_the_verdict_says_who_was_ahead(visit, lab):
    log, softplus = (lab.metrics(RunConfig(sigma=kind).run_id)["test"]["negative_elbo"] for kind in ("log", "softplus"))
    ahead = "log σ" if log < softplus else "softplus"
    assert f"at {softplus:.1f} and {log:.1f} nats, {ahead} ahead" in words(visit("log_sigma", **ADDRESS))


def test_other_settings_ask_anew_and_another_seed_does_not(visit):
    app = visit("log_sigma", **ADDRESS)
    app.number_input(key="seed").set_value(1).run()
    assert app.get("plotly_chart")
    app.number_input(key="learning_rate").set_value(0.03).run()
    assert not app.get("plotly_chart")


def trained(lab, config: RunConfig, **metrics) -> None:
    """Puts a run that has ended into the store, by what a worker writes of it."""
    lab.create(config)
    line = {"step": 8, "epoch": 0.1, "total": 200.0, "reconstruction": 199.0, "kl": 1.0, "seconds": 1.0}
    lab.finish(config, metrics.pop("status"), [line], None, **metrics)


def test_a_seed_of_ones_own_counts_and_a_failure_without_a_digit_is_one(visit, lab):
    settings = {"seed": 9, "learning_rate": 5.0}
    trained(lab, RunConfig(sigma="raw", **settings), status="diverged", test=None, failure={"step": 9}, message="…")
    for kind in ("softplus", "log"):
        test = {"negative_elbo": 150.0, "reconstruction": 149.0, "kl": 1.0, "active_units": 2}
        trained(lab, RunConfig(sigma=kind, **settings), status="complete", test=test)
    app = visit("log_sigma", predict_race="h = σ, raw", **settings)
    assert not app.exception
    assert "failed at step 9 of 1,404" in app.success[0].value
    assert "failed in **1 of 1 seed** trained here with these settings, at step 9." in app.success[0].value


def test_a_run_that_was_stopped_or_failed_says_so(visit, lab):
    trained(lab, RunConfig(sigma="raw", seed=9), status="failed", test=None, message="the disk is full")
    test = {"negative_elbo": 206.5, "reconstruction": 205.0, "kl": 1.5, "active_units": 2}
    trained(lab, RunConfig(sigma="log", seed=9), status="stopped", test=test)
    bars = [bar.proto.text for bar in visit("log_sigma", seed=9, **ADDRESS).get("progress")]
    assert bars == [
        "**h = σ, raw** · the disk is full",
        "**softplus(h) = σ** · not trained yet",
        "**h = log σ** · stopped at step 8, −ELBO 206.5 nats",
    ]


@pytest.mark.parametrize("config", [RAW, RunConfig(learning_rate=0.03)], ids=["race", "limits"])
def test_a_damaged_run_is_said_and_set_aside(visit, damage, config):
    damage(config.run_id, "metrics.json")
    app = visit("log_sigma", **ADDRESS)
    assert not app.exception


def test_settings_that_nobody_trained_say_so_and_offer_the_runs(visit):
    app = visit("log_sigma", seed=77, **ADDRESS)
    assert "press the button" in app.info[0].value
    assert [button.label for button in app.button] == ["Train 3 runs"]


@pytest.mark.parametrize(
    "name, value", [("learning_rate", "11"), ("seed", "-1"), ("latent_dim", "2.5"), ("h", "200.5"), ("h", "nan")]
)
def test_garbage_in_the_address_is_said(visit, name, value):
    app = visit("log_sigma", **{name: value}, **ADDRESS)
    assert not app.exception
    assert app.warning[0].value.startswith(f"{name} = `{value}` in the address is not allowed")
