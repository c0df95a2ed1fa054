"""Why log sigma: what the page says of the race is what became of the runs."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import ttest_rel

from pages.log_sigma import sigma_race
from pages.shared import prediction
from tests.pages.seen import curves, sent, strips, words
from tests.vae.runs.test_store import line_of
from vae import data
from vae.config import RunConfig
from vae.runs.seeds import SEEDS, recorded

RAW = RunConfig(sigma="raw")
FAST = RunConfig(learning_rate=0.03)
ADDRESS = {"predict_race": prediction.UNDECIDED}


def test_the_race_waits_for_a_prediction_and_the_plane_does_not(shown):
    app = shown("log_sigma")
    assert not app.exception and not app.get("plotly_chart")
    assert [c.proto.component_name for c in app.get("bidi_component")] == ["steps", "sigma_plane"]


def test_a_raw_sigma_fails_in_as_many_seeds_as_the_page_says(shown, stored):
    ends = [stored.metrics(replace(RAW, seed=seed).run_id) for seed in range(5)]
    failed = [end["failure"]["step"] for end in ends if end["status"] == "diverged"]
    said = words(shown("log_sigma", **ADDRESS))
    record = f"failed in **{len(failed)} of 5 seeds** trained here, at steps {min(failed)} to {max(failed)}."
    assert f"With these settings *h = σ, raw* {record}" in said
    # A step says it of the settings that it is about, whatever the page shows; the reason alone where there is no run.
    cards = sent(shown("log_sigma", learning_rate=0.03), "steps")["steps"]
    steps = [re.sub("<.*?>", "", step["answer"]) for step in cards]
    assert "With the default settings h = σ, raw failed in 5 of 5 seeds" in steps[1]
    assert "seed" not in steps[2] and "seed" not in steps[3]
    assert "With a learning rate of 0.03 h = log σ failed in 1 of 1 seed trained here" in steps[4]


def test_each_runs_end_and_the_digit_that_did_it_are_said(shown, stored):
    app = shown("log_sigma", predict_race="h = σ, raw")
    failure = stored.metrics(RAW.run_id)["failure"]
    log, softplus = (stored.metrics(RunConfig(sigma=kind).run_id)["test"] for kind in ("log", "softplus"))
    assert app.success[0].value.startswith(
        f"**As you predicted.** *h = σ, raw*: failed at step {failure['step']} of 1,404; "
        f"*softplus(h) = σ*: −ELBO {softplus['negative_elbo']:.1f} nats; *h = log σ*: "
        f"−ELBO {log['negative_elbo']:.1f} nats.  \n"
    )
    train = data.load("mnist", "train")
    said = words(app)
    assert failure["head"] < 0 and RAW.total_steps == 1_404
    assert f"at step {failure['step']} the head said **h = {failure['head']:.3g}**".replace("-", "−") in said
    label = train.labels[failure["image"]]
    assert f"dimension {failure['dimension'] + 1} of training image {failure['image']:,}, labelled {label}." in said
    assert f"So it was with {failure['share']:.1%} of this batch's numbers" in said
    risen = (failure["step"] - 1) / (0.3 * 1_404)  # of the KL ramp, which the first step begins at 0
    assert f"(The KL term counted {risen:.2g} then.)" in said
    assert "Noise costs reconstruction and pulls σ down" in said and "exp(2h) is infinite" not in said
    picture = strips(app)["the digit that did it"]
    assert np.abs(picture - train.images[failure["image"]].numpy()).max() < 0.01


def test_the_four_panels_show_each_runs_history_and_where_it_ended(shown, stored):
    drawn = curves(shown("log_sigma", **ADDRESS))
    failure = stored.metrics(RAW.run_id)["failure"]
    panels = ["smallest_sigma", "kl", "gradient_norm"]
    for name, kind in {"h = σ, raw": "raw", "softplus(h) = σ": "softplus", "h = log σ": "log"}.items():
        own = [curve for curve in drawn if curve.get("name") == name]
        lines = [line for line in stored.history(RunConfig(sigma=kind).run_id) if line["step"]]
        assert len(own) == 4
        for curve, panel in zip(own, panels):
            assert curve["x"] == pytest.approx([line["step"] for line in lines])
            assert curve["y"] == pytest.approx([line[panel] for line in lines], rel=1e-5)
    crosses = [curve for curve in drawn if curve["mode"] == "markers"]
    assert [(*cross["x"], cross["legendgroup"]) for cross in crosses] == [(failure["step"], "h = σ, raw")] * 4
    assert crosses[-1]["y"] == pytest.approx(failure["share"])


def test_a_wrong_prediction_is_a_surprise(shown):
    app = shown("log_sigma", predict_race=sigma_race.NOBODY)
    assert app.warning[0].value.startswith("**A surprise: “h = σ, raw”.**")


def test_with_a_large_rate_log_sigma_fails_too_and_the_page_says_so(shown, stored):
    app = shown("log_sigma", learning_rate=0.03, predict_race=sigma_race.SEVERAL)
    states = {
        kind: stored.status(RunConfig(sigma=kind, learning_rate=0.03).run_id) for kind in ("raw", "softplus", "log")
    }
    assert [kind for kind, state in states.items() if state.state == "diverged"] == ["raw", "log"]
    assert app.success
    assert (
        f"failed at step {stored.metrics(RunConfig(learning_rate=0.03).run_id)['failure']['step']}"
        in app.success[0].value
    )
    assert "nothing learned: no dimension is active" in app.success[0].value


def test_where_log_sigma_overflows_is_said_and_what_became_of_each_head_with_a_large_rate(shown, stored):
    said = words(shown("log_sigma", **ADDRESS))
    edge = math.log(torch.finfo(torch.float32).max) / 2
    assert f"beyond **log σ = {edge:.2f}**" in said
    raw, log = (stored.metrics(replace(FAST, sigma=kind).run_id)["failure"] for kind in ("raw", "log"))
    learned = stored.metrics(replace(FAST, sigma="softplus").run_id)["test"]
    assert learned["active_units"] == 0
    lines = [
        f"**h = log σ**, with a learning rate of 0.03: failed at step {log['step']} of 1,404, where the head said "
        f"h = {log['head']:.3g}",
        f"**softplus(h) = σ**, with a learning rate of 0.03: −ELBO {learned['negative_elbo']:.1f} nats, nothing "
        "learned: no dimension is active",
        f"**h = σ, raw**, with a learning rate of 0.03: failed at step {raw['step']} of 1,404, where the head said "
        f"h = {raw['head']:.3g}",
    ]
    assert " ".join(f"- {line}" for line in lines).replace("h = -", "h = −") in said
    assert log["head"] > edge > 0 > raw["head"]


def test_the_verdict_is_drawn_from_five_seeds(shown):
    """Softplus or log: the difference has to be larger than its 95 % interval over the seeds, or it is a tie."""
    softplus, log = (
        [recorded()[RunConfig(sigma=kind, seed=seed).run_id]["negative_elbo"] for seed in SEEDS]
        for kind in ("softplus", "log")
    )
    found = ttest_rel(log, softplus)
    interval = found.confidence_interval(0.95)
    margin = (interval.high - interval.low) / 2
    difference = sum(log) / 5 - sum(softplus) / 5
    over = f"{abs(difference):.1f} ± {margin:.1f} nats {'better' if difference > 0 else 'worse'}"
    words_of_it = f"**a tie** ({over}, 5 seeds)" if found.pvalue > 0.05 else f"**{over}** (5 seeds)"
    app = shown("log_sigma", **ADDRESS)
    assert f"softplus against log σ: {words_of_it}." in words(app)
    [dots] = [html.value for html in app.get("html") if 'class="seeds"' in html.value]
    assert dots.count("<i ") == 10


def test_other_settings_ask_anew_and_another_seed_does_not(visit):
    app = visit("log_sigma", **ADDRESS)
    app.number_input(key="seed").set_value(1).run()
    assert app.get("plotly_chart")
    app.number_input(key="learning_rate").set_value(0.03).run()
    assert not app.get("plotly_chart")


def trained(lab, config: RunConfig, **metrics) -> None:
    """Puts a run that has ended into the store, by what a worker writes of it."""
    lab.create(config)
    lab.finish(config, metrics.pop("status"), [line_of(8)], None, **metrics)


def worth(reconstruction: float, kl: float) -> dict:
    """A 2-D VAE's figures on the test images, nats."""
    parts = {"negative_elbo": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}
    return {**parts, "kl_per_dimension": [kl / 2] * 2, "active_units": 2}


def test_a_seed_of_ones_own_counts_and_a_failure_without_a_digit_is_one(visit, lab):
    settings = {"seed": 9, "learning_rate": 5.0}
    trained(lab, RunConfig(sigma="raw", **settings), status="diverged", test=None, failure={"step": 9}, message="…")
    for kind in ("softplus", "log"):
        trained(lab, RunConfig(sigma=kind, **settings), status="complete", test=worth(149.0, 1.0))
    app = visit("log_sigma", predict_race="h = σ, raw", **settings)
    assert not app.exception
    assert "failed at step 9 of 1,404" in app.success[0].value
    assert "With these settings *h = σ, raw* failed in **1 of 1 seed** trained here, at step 9." in app.success[0].value


def test_a_run_that_was_stopped_or_failed_says_so(visit, lab):
    trained(lab, RunConfig(sigma="raw", seed=9), status="failed", test=None, message="the disk is full")
    trained(lab, RunConfig(sigma="log", seed=9), status="stopped", test=worth(205.0, 1.5))
    bars = [bar.proto.text for bar in visit("log_sigma", seed=9, **ADDRESS).get("progress")]
    assert bars == [
        "**h = σ, raw** · the disk is full",
        "**softplus(h) = σ** · not trained yet",
        "**h = log σ** · stopped at step 8, −ELBO 206.5 nats",
    ]


@pytest.mark.parametrize("config", [RAW, FAST], ids=["race", "limits"])
def test_a_damaged_run_is_said_and_set_aside(visit, damage, lab, read_anew, config):
    app = visit("log_sigma", **ADDRESS)
    assert not app.error
    damage(config.run_id, "metrics.json")
    read_anew()
    app.run()
    assert not app.exception
    [words] = [error.value for error in app.error]
    assert words.startswith(f"run {config.run_id} is damaged: metrics.json: its checksum is wrong. Its files were set")
    [report] = lab.damage_reports(config.run_id)
    assert report in words and lab.status(config.run_id).state == "absent"  # until somebody has it made again


def test_settings_that_nobody_trained_say_so_and_offer_the_runs(shown):
    app = shown("log_sigma", seed=77, **ADDRESS)
    assert "press the button" in app.info[0].value
    assert [button.label for button in app.button] == ["Train 3 runs"]


def test_garbage_in_the_address_is_said(shown):
    garbage = {"learning_rate": "11", "seed": "-1", "latent_dim": "2.5", "kl_ramp": "1.5", "epochs": "0"}
    app = shown("log_sigma", **garbage, **ADDRESS)
    assert not app.exception
    assert [words.value.split(" in the address")[0] for words in app.warning] == [
        f"{name} = `{garbage[name]}`" for name in ("latent_dim", "learning_rate", "kl_ramp", "epochs", "seed")
    ]
    widgets = {widget.key: widget.value for widget in app.number_input}
    assert widgets == {"latent_dim": 2, "learning_rate": 0.006, "kl_ramp": 0.3, "epochs": 3, "seed": 0}
