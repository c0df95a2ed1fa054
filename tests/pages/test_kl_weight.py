"""The KL weight's page: what it sends to the browser, and sweeps from the first press to the last row."""

import json
import shutil
import time
from pathlib import Path

import pytest
import torch

from pages.ui import runs as ui
from vae import data
from vae.config import RunConfig
from vae.latent import aggregate_samples, encode_all, prior_samples
from vae.store import PRETRAINED, RunStore
from vae.sweep import LADDER, RAMPLESS, ladder
from vae.two_sample import squared_mmd

QUICK = {"kl_weights": "0,10", "seeds": "0", "latent_dim": "3", "epochs": "1"}


def sent(app) -> dict:
    """What the page sends to its component."""
    [content] = [json.loads(c.proto.json) for c in app.get("bidi_component") if c.proto.component_name == "ladder"]
    return content


def frame(app):
    """The table of the sweep."""
    return app.dataframe[0].value


@pytest.mark.parametrize("latent_dim", LADDER)
def test_every_rung_is_sent_with_the_figures_of_its_run(visit, lab, latent_dim):
    content = sent(visit("kl_weight", models=f"{latent_dim}-D"))
    assert [rung["weight"] for rung in content["rungs"]] == list(LADDER[latent_dim])
    for rung, config in zip(content["rungs"], ladder(latent_dim)):
        test = lab.metrics(config.run_id)["test"]
        assert rung["id"] == config.run_id
        assert (rung["kl"], rung["reconstruction"], rung["active"], rung["klPerDimension"]) == (
            test["kl"], test["reconstruction"], test["active_units"], test["kl_per_dimension"],
        )  # fmt: skip
        assert content["parcels"][f"model {config.run_id}"] == f"model {lab.metrics(config.run_id)['model_sha256']}"
    others = [point["id"] for point in content["points"] if not point["isRung"]]
    assert others == ([RAMPLESS.run_id] if latent_dim == 10 else [])
    assert content["reference"] == RunConfig(latent_dim=latent_dim).run_id


@torch.no_grad()
def test_the_distance_from_the_prior_is_that_of_the_aggregate_posterior(visit, lab):
    rung = next(rung for rung in sent(visit("kl_weight"))["rungs"] if rung["weight"] == 4)
    mu, log_sigma = encode_all(lab.model(rung["id"]), data.load("mnist", "test").images[:2_000])
    value, low, high = squared_mmd(aggregate_samples(mu, log_sigma, 0)[:1_000], prior_samples(1_000, 2, 0))
    assert rung["mmd"] == pytest.approx({"value": value, "low": low, "high": high}, abs=1e-6)
    assert value > high


def test_what_was_measured_is_said_in_words(visit, lab):
    words = " ".join(markdown.value for markdown in visit("kl_weight").markdown)
    first, *_, last = (lab.metrics(config.run_id)["test"] for config in ladder(2))
    assert f"from {first['reconstruction']:.1f} to {last['reconstruction']:.1f} nats" in words
    assert "−ELBO is lowest at β = 1" in words
    for config in (RAMPLESS, RunConfig(latent_dim=10)):
        assert f"{lab.metrics(config.run_id)['test']['active_units']} of 10 dimensions active" in words


def test_a_run_that_was_chosen_becomes_a_rung(visit):
    app = visit("kl_weight", models="10-D", chosen=RAMPLESS.run_id)
    content = sent(app)
    assert RAMPLESS.run_id in [rung["id"] for rung in content["rungs"]]
    assert content["given"] == {"chosen": RAMPLESS.run_id}
    assert not app.warning


def test_garbage_in_the_address_is_said_and_left_out(visit):
    garbage = {"chosen": "vae-2d", "x": "10000", "models": "3-D"}
    app = visit("kl_weight", **garbage)
    assert not app.exception
    said = [warning.value for warning in app.warning]
    for name, value in garbage.items():
        assert any(words.startswith(f"{name} = `{value}` in the address is not allowed") for words in said)
    assert sent(app)["given"] == {}
    assert not set(garbage) & set(app.query_params)


BAD = {
    "kl_weights": ["", ",", "abc", "-1", "1,1", "nan", "inf", ",".join(map(str, range(13)))],
    "seeds": ["", "x", "0,0", "0,1,2,3", "-1", "9" * 5000],
}


@pytest.mark.parametrize("name", BAD)
def test_a_sweep_that_is_none_is_refused_in_words(visit, name):
    app = visit("kl_weight", **{name: BAD[name][0]})
    for value in BAD[name]:
        app.text_input(key=name).set_value(value).run()
        assert not app.exception
        assert "is not allowed" in app.error[0].value
        assert any(expander.label.startswith("The words") for expander in app.expander)  # the rest of the page stays
    app.text_input(key=name).set_value("1").run()
    assert not app.error


def test_a_chosen_run_that_is_not_here_is_said(visit):
    app = visit("kl_weight", chosen="vae-2d-0123456789ab")
    assert app.warning[0].value.startswith("chosen = `vae-2d-0123456789ab` in the address is not here")
    app = visit("kl_weight", models="10-D", chosen=ladder(2)[0].run_id)  # of the models that were looked at before
    assert not app.warning and sent(app)["given"] == {}


def test_two_runs_of_one_weight_are_told_apart(visit):
    labels = {r["id"]: r["label"] for r in sent(visit("kl_weight", models="10-D", chosen=RAMPLESS.run_id))["rungs"]}
    assert labels[RAMPLESS.run_id] == "1, kl_ramp 0.0"
    assert labels[RunConfig(latent_dim=10).run_id] == "1, kl_ramp 0.3"


def test_weights_may_be_written_with_blanks_and_semicolons(visit):
    table = frame(visit("kl_weight", kl_weights="1 ; 0.3 0,"))
    assert table["kl_weight"].tolist()[1:] == [0.0, 0.3, 1.0]


def test_a_run_without_curves_is_said(visit, lab):
    config = ladder(2)[0]
    history = [{k: v for k, v in line.items() if k != "kl_per_dimension"} for line in lab.history(config.run_id)]
    for run in (config, config.autoencoder):
        shutil.copytree(PRETRAINED / run.run_id, Path(lab.url) / run.run_id)
    lab.finish(
        config, "complete", history, lab.model(config.run_id).state_dict(), test=lab.metrics(config.run_id)["test"]
    )
    app = visit("kl_weight")
    app.segmented_control[0].set_value("β = 0").run()
    assert not app.exception
    assert "nobody wrote them down" in app.info[0].value


def test_runs_that_are_there_already_fill_their_rows_at_once(visit, lab):
    table = frame(visit("kl_weight", kl_weights="1, 7"))
    assert table["state"].tolist() == ["complete", "complete", "not trained yet"]
    assert table["kl"].tolist()[1] == lab.metrics(RunConfig().run_id)["test"]["kl"]
    assert table["kl_weight"].tolist()[1:] == [1.0, 7.0]


def test_a_sweep_trains_every_run_and_then_there_is_a_ladder_of_its_own(visit, lab):
    app = visit("kl_weight", **QUICK)
    train = next(button for button in app.button if button.label == "Train 3 runs")
    train.click().run()
    assert any(button.label == "Stop all" for button in app.button)
    deadline = time.monotonic() + 300
    while set(frame(app)["state"]) != {"complete"}:
        assert time.monotonic() < deadline, frame(app)
        time.sleep(1)
        app.run()
    assert frame(app)["reconstruction"].notna().all()
    ui._pairs.clear()  # as the fragment does that sees a run's end
    app = visit("kl_weight", **QUICK, models="3-D")
    assert [rung["weight"] for rung in sent(app)["rungs"]] == [0, 10]


def test_stop_all_ends_a_sweep_where_it_is(visit, lab):
    app = visit("kl_weight", kl_weights="0,10", latent_dim="3", epochs="50")
    next(button for button in app.button if button.label == "Train 3 runs").click().run()
    next(button for button in app.button if button.label == "Stop all").click().run()
    deadline = time.monotonic() + 300
    while set(frame(app)["state"]) != {"stopped"}:
        assert time.monotonic() < deadline, frame(app)
        time.sleep(1)
        app.run()
    assert next(button for button in app.button if button.label == "Train 3 runs").disabled is False


def test_a_damaged_rung_is_said_and_set_aside(visit, damage):
    config = ladder(2)[0]
    damage(config.run_id, "model.safetensors")
    app = visit("kl_weight")
    assert not app.exception
    assert f"run {config.run_id} is damaged" in app.error[0].value


def test_a_page_over_an_unpretrained_store_says_what_to_do(visit, lab, monkeypatch):
    monkeypatch.setattr(RunStore, "run_ids", lambda store: [])
    app = visit("kl_weight")
    assert not app.exception
    assert "train some below" in app.info[0].value
