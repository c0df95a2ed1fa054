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
    failed = [end["culprit"]["step"] for end in ends if end["status"] == "diverged"]
    said = words(visit("log_sigma", **ADDRESS))
    assert f"in **{len(failed)} of 5** seeds" in said
    assert f"at steps {min(failed)} to {max(failed)}" in said


def test_each_runs_end_and_the_digit_that_did_it_are_said(visit, lab):
    app = visit("log_sigma", predict_race="h = σ, raw")
    assert app.success[0].value.startswith("**As you predicted.**")
    for config in (RunConfig(), RunConfig(sigma="softplus")):
        assert f"−ELBO {lab.metrics(config.run_id)['test']['negative_elbo']:.1f} nats" in app.success[0].value
    culprit = lab.metrics(RAW.run_id)["culprit"]
    label = data.load("mnist", "train").labels[culprit["image"]]
    said = words(app)
    assert f"step {culprit['step']} asked for log σ of training image {culprit['image']:,}, a {label}" in said
    assert f"**h = {culprit['head']:.3g}** in dimension {culprit['dimension'] + 1}".replace("-", "−") in said


def test_a_wrong_prediction_is_a_surprise(visit):
    app = visit("log_sigma", predict_race=sigma_race.NOBODY)
    assert app.warning[0].value.startswith("**A surprise: “h = σ, raw”.**")


def test_with_a_large_rate_log_sigma_fails_too_and_the_page_says_so(visit, lab):
    app = visit("log_sigma", learning_rate=0.03, predict_race=sigma_race.SEVERAL)
    states = {kind: lab.status(RunConfig(sigma=kind, learning_rate=0.03).run_id) for kind in ("raw", "softplus", "log")}
    assert [kind for kind, state in states.items() if state.state == "diverged"] == ["raw", "log"]
    assert app.success
    assert (
        f"failed at step {lab.metrics(RunConfig(learning_rate=0.03).run_id)['culprit']['step']}" in app.success[0].value
    )
    assert "nothing learned: no dimension is active" in app.success[0].value


def test_where_log_sigma_overflows_is_said(visit):
    edge = math.log(torch.finfo(torch.float32).max) / 2
    assert f"beyond **log σ = {edge:.2f}**" in words(visit("log_sigma"))


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
