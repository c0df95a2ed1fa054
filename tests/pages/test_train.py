"""The train page: what it shows of a pair, what it says of bad settings, and a pair trained through it."""

import time

import pytest
import streamlit as st

from vae.config import RunConfig
from vae.runs import MOST_WAITING
from vae.worker import advance

VAE = RunConfig()
SMALL = {"train_size": 1_000, "epochs": 1, "batch_size": 100}


def progress(app) -> list[str]:
    return [element.proto.text for element in app.get("progress")]


def main_button(app) -> str:
    return app.button[0].label


def test_the_default_settings_show_the_pretrained_pair_with_its_figures(visit, lab):
    app = visit("train")
    ae, vae = (lab.metrics(half.run_id)["test"] for half in (VAE.autoencoder, VAE))
    assert f"reconstruction **{ae['reconstruction']:.1f}** nats" in progress(app)[0]
    assert f"−ELBO **{vae['negative_elbo']:.1f}** nats" in progress(app)[1]
    assert len(app.get("plotly_chart")) == 1
    assert len(app.get("bidi_component")) == 2
    assert main_button(app) == "Train both again (seed 1)"


def test_settings_that_nobody_trained_say_so(visit):
    app = visit("train", epochs=2)
    assert not app.exception
    assert main_button(app) == "Train both"
    assert "press **Train both**" in app.info[0].value


def test_the_button_trains_the_pair_of_the_settings(visit, lab):
    app = visit("train", **SMALL)
    config = RunConfig(**SMALL)
    app.button[0].click().run()
    assert not app.exception
    deadline = time.monotonic() + 300
    while lab.metrics(config.run_id) is None or lab.metrics(config.autoencoder.run_id) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)  # what the page knows of a run may be that old
    app.run()
    assert all("trained in" in text for text in progress(app))
    assert main_button(app) == "Train both again (seed 1)"


@pytest.mark.parametrize("text", ["256,abc", "1,2", "", "8,8,8,8,8", "1.5", "-4", "4096"])
def test_bad_hidden_layers_are_said_with_their_name_value_and_range(visit, text):
    app = visit("train")
    app.text_input(key="hidden_dims").set_value(text).run()
    assert not app.exception
    assert app.error[0].value.startswith("**Hidden layers**: hidden_dims = ")
    assert all(part.strip() in app.error[0].value for part in text.split(","))
    assert "1 to 4 widths, each a whole number from 4 to 2048" in app.error[0].value


def test_a_batch_larger_than_the_training_set_is_said(visit):
    app = visit("train", train_size=1_000, batch_size=1_024)
    assert not app.exception
    assert "**Batch size**: batch_size = `1024` is not allowed: at most train_size, 1,000" in app.error[0].value


@pytest.mark.parametrize(
    ("name", "value"),
    [("latent_dim", "99"), ("epochs", "abc"), ("seed", "-4"), ("kl_weight", "nan"), ("likelihood", "cauchy")],
)
def test_a_parameter_out_of_its_range_falls_back_to_the_default(visit, name, value):
    app = visit("train", **{name: value})
    assert not app.exception and not app.error
    assert main_button(app) == "Train both again (seed 1)"


def test_a_parameter_within_its_range_is_taken(visit):
    app = visit("train", latent_dim=10, learning_rate=0.01)
    assert app.number_input(key="latent_dim").value == 10
    assert app.number_input(key="learning_rate").value == 0.01


def test_more_runs_than_may_wait_are_refused_in_words(visit, lab, monkeypatch):
    monkeypatch.setattr("vae.runs.CONNECT_SECONDS", 1.0)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")  # nobody works there, so all of them wait
    app = visit("train", **SMALL)
    for seed in range(MOST_WAITING // 2 + 1):
        app.number_input(key="seed").set_value(seed).run()
        app.button[0].click().run()
        assert not app.exception
    assert f"{MOST_WAITING} is the most at a time" in app.error[0].value
    assert lab.status(RunConfig(**SMALL, seed=seed).run_id).state == "absent"


@pytest.mark.parametrize("name", ["model.safetensors", "snapshots/1404.safetensors", "history.jsonl", "config.json"])
def test_a_damaged_run_is_said_and_set_aside(visit, damage, lab, name):
    damage(VAE.run_id, name)
    app = visit("train")
    assert not app.exception
    if name != "model.safetensors":  # which this page does not read
        assert f"run {VAE.run_id} is damaged: {name}" in app.error[0].value
        assert len(lab.damage_reports(VAE.run_id)) == 1
        st.cache_data.clear()  # which remembers for two seconds that there was no damage
        assert "An earlier copy was set aside" in visit("train").warning[0].value


BAD = {
    "latent_dim": "99",
    "epochs": "-1",
    "kl_weight": "much",
    "seed": "1.5",
    "batch_size": "inf",
    "learning_rate": "nan",
    "train_size": "9" * 5_000,
    "activation": "step",
}


@pytest.mark.parametrize("name, value", BAD.items())
def test_garbage_in_the_address_is_said_and_the_default_shown(visit, name, value):
    app = visit("train", **{name: value})
    assert not app.exception
    assert app.warning[0].value.startswith(f"{name} = `{value[:40]}")
    assert main_button(app) == "Train both again (seed 1)"


def test_a_training_that_went_wrong_without_diverging_says_so(visit, lab):
    config = RunConfig(model="ae", **SMALL, learning_rate=10.0)
    lab.create(config)
    for _ in advance(config, lab):
        pass
    assert lab.status(config.run_id).state == "complete"
    app = visit("train", **SMALL, learning_rate=10.0)
    assert "**worse than answering grey** (543 nats)" in progress(app)[0]


def test_the_slider_goes_to_any_snapshot_and_back_to_the_end(visit):
    app = visit("train", step=64)
    assert (app.select_slider[0].value, app.query_params["step"]) == (64, "64")
    app.select_slider[0].set_value(VAE.total_steps).run()
    assert app.select_slider[0].value == VAE.total_steps
    assert "step" not in app.query_params
    app.select_slider[0].set_value(724).run()
    assert (app.select_slider[0].value, app.query_params["step"]) == (724, "724")
