"""The train page: what it shows of a pair, what it says of bad settings, and a pair trained through it."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from pages.shared import news
from pages.train import watch
from tests.browser.server import wait_for
from tests.pages.seen import all_sent, curves, numbers_of, strips
from tests.vae.runs.test_store import line_of
from vae import data
from vae.config import RunConfig
from vae.runs.queue import MOST_WAITING
from vae.runs.store import PRETRAINED, RunStore
from vae.runs.worker import advance

VAE = RunConfig()
PAIR = VAE.autoencoder, VAE
SMALL = {"train_size": 1_000, "epochs": 1, "batch_size": 100}


def progress(app) -> list[str]:
    return [element.proto.text for element in app.get("progress")]


def main_button(app) -> str:
    return app.button[0].label


def test_the_default_settings_show_the_pretrained_pair_with_its_figures(shown, stored):
    app = shown("train")
    ae, vae = (stored.metrics(half.run_id)["test"] for half in PAIR)
    assert f"reconstruction **{ae['reconstruction']:.1f}** nats" in progress(app)[0]
    assert f"−ELBO **{vae['negative_elbo']:.1f}** nats" in progress(app)[1]
    assert f"= reconstruction {vae['reconstruction']:.1f} + KL {vae['kl']:.1f}" in progress(app)[1]
    assert main_button(app) == "Train both again (seed 1)"
    histories = [stored.history(half.run_id) for half in PAIR]
    drawn = [curve["y"] for curve in curves(app)[:4]]
    names = [(0, "reconstruction"), (1, "reconstruction"), (1, "total"), (1, "kl")]
    for curve, (half, name) in zip(drawn, names):
        assert curve == pytest.approx([line[name] for line in histories[half]])


@pytest.mark.parametrize("step", [64, 1_404])
def test_pictures_and_codes_are_those_of_the_step_on_show(shown, step):
    app = shown("train", step=step)
    saved = [load_file(PRETRAINED / half.run_id / "snapshots" / f"{step}.safetensors") for half in PAIR]
    scatters = all_sent(app, "scatter")
    assert [scatter["description"].split(":")[0] for scatter in scatters] == ["AE", "VAE"]
    for scatter, snapshot in zip(scatters, saved):
        points = np.stack([numbers_of(scatter[axis]) for axis in "xy"], 1)
        assert points == pytest.approx(snapshot["mu"], abs=1e-5)
        assert scatter["limit"] == scatters[0]["limit"]  # the same axes for both
    labels = data.load("mnist", "test").labels
    ten = [int((labels == digit).nonzero()[0]) for digit in range(10)]
    expected = {
        "x, ten test digits": data.load("mnist", "test").images[ten].numpy(),
        "x̂ of the AE": saved[0]["reconstructions"] / 255,
        "x̂ of the VAE": saved[1]["reconstructions"] / 255,
        "AE: z from N(0, I), decoded": saved[0]["samples"][:10] / 255,
        "VAE: z from N(0, I), decoded": saved[1]["samples"][:10] / 255,
    }
    rows = strips(app)
    assert list(rows) == list(expected)
    assert all(np.abs(rows[name] - pictures).max() < 0.01 for name, pictures in expected.items())


def test_the_curves_are_made_once_for_all_steps_and_the_line_stands_at_the_step_on_show(visit, stored):
    watch._curves.cache.clear()
    watch._curves_at.cache.clear()
    for step in (64, 1_404):
        layout = json.loads(visit("train", step=step).get("plotly_chart")[0].proto.spec)["layout"]
        [epoch] = {line["epoch"] for half in PAIR for line in stored.history(half.run_id) if line["step"] == step}
        assert [shape["x0"] for shape in layout["shapes"][-2:]] == [epoch] * 2
    assert (len(watch._curves.cache), len(watch._curves_at.cache)) == (1, 2)


def test_the_more_who_play_a_training_the_longer_each_of_its_pictures_stays(monkeypatch):
    now = 100.0
    monkeypatch.setattr(watch, "_players", {})
    monkeypatch.setattr(watch.time, "monotonic", lambda: now)
    monkeypatch.setattr(watch.visitors, "browser", lambda: "mine")
    assert [watch._seconds_a_picture() for _ in range(3)] == [watch.PLAY] * 3  # one browser
    for other in range(20):
        watch._plays(f"browser {other}")
    assert watch._seconds_a_picture() == pytest.approx(21 * news.EACH)
    now += watch.HERE + 1
    assert watch._seconds_a_picture() == watch.PLAY  # they have ended


def test_where_both_terms_pull_is_shown_over_a_training_and_as_arrows_at_each_step(visit, lab, small):
    pair = small.autoencoder, small
    for config in pair:
        lab.create(config)
        list(advance(config, lab))
    settings = {
        name: value for name, value in small.to_dict().items() if name in ("train_size", "batch_size", "epochs")
    }
    app = visit("train", **settings, hidden_dims="16", step=10, pulls="true")
    assert not app.exception
    snapshots = [[line for line in lab.history(half.run_id) if "pictures" in line] for half in pair]
    kept = [{line["step"]: lab.snapshot(half.run_id, line) for line in lines} for half, lines in zip(pair, snapshots)]
    drawn = {curve["name"]: curve for curve in json.loads(app.get("plotly_chart")[1].proto.spec)["data"]}
    weights = np.array([line["kl_weight"] for line in snapshots[1]])
    mu, log_sigma, pull = (
        np.stack([shot[name][:500] for shot in kept[1].values()]) for name in ("mu", "log_sigma", "pull")
    )
    outwards, widths = (mu * pull[:, :, 0]).sum(2), pull[:, :, 1].sum(2)
    kl = -weights * np.square(mu).sum(2).mean(1), weights * (1 - np.exp(2 * log_sigma)).sum(2).mean(1)
    expected = {
        "AE: the loss, outwards": [(s["mu"][:500] * s["pull"][:, 0]).sum(1).mean() for s in kept[0].values()],
        "VAE: the loss, outwards": outwards.mean(1),
        "VAE: the KL, inwards": -kl[0],
        "VAE: the loss makes σ smaller": -widths.mean(1),
        "VAE: the KL makes σ larger": kl[1],
    }
    assert list(drawn) == list(expected)
    for name, values in expected.items():  # but for step 0
        assert drawn[name]["x"] == [*kept[0]][1:]
        assert drawn[name]["y"] == pytest.approx(np.array(values)[1:], rel=1e-3, abs=1e-3), name
    at = list(kept[1]).index(10)
    errors = [each[at].std(ddof=1) / 500**0.5 for each in (outwards, widths)]
    told = [f"{outwards[at].mean():.2f} ± {errors[0]:.2f} nats, the KL by {kl[0][at]:.2f}"]
    told.append(f"{widths[at].mean():.2f} ± {errors[1]:.2f}, the KL by {kl[1][at]:.2f}")
    [words] = [caption.value for caption in app.caption if caption.value.startswith("At step 10")]
    assert all(part.replace("-", "−") in words for part in told) and f"counts {weights[at]:.2g} times" in words
    labels = data.load("mnist", "test").labels[:500].numpy()

    def pulls_at(shot: dict, weight: float) -> dict[str, np.ndarray]:
        """Each class's mean code, and the mean pull of each term on it."""
        each = {"at": shot["mu"][:500], "reconstruction": shot["pull"][:, 0]}
        if "log_sigma" in shot:
            each["kl"] = -weight * each["at"]
        return {name: np.stack([rows[labels == one].mean(0) for one in range(10)]) for name, rows in each.items()}

    end = pulls_at(kept[1][max(kept[1])], weights[-1])
    unit = 0.35 / max(np.linalg.norm(end[name], axis=1).max() for name in ("reconstruction", "kl"))
    for scatter, shots in zip(all_sent(app, "scatter"), kept):
        now, arrows = pulls_at(shots[10], weights[at]), scatter["arrows"]
        assert len(arrows) == 10 and {*arrows[0]} == {*now}
        for n, arrow in enumerate(arrows):
            assert arrow.pop("at") == pytest.approx(now["at"][n], abs=1e-4)
            for name, end_of_arrow in arrow.items():
                pull = unit * now[name][n]
                assert end_of_arrow == pytest.approx(pull * min(1.0, 0.6 / np.linalg.norm(pull)), abs=1e-3)


def test_of_a_run_that_does_not_keep_where_the_terms_pull_the_page_says_how_to_see_it(shown):
    app = shown("train", pulls="true")
    assert len(app.get("plotly_chart")) == 1 and not any(scatter["arrows"] for scatter in all_sent(app, "scatter"))
    assert any("one with another seed shows" in caption.value for caption in app.caption)


def test_an_older_run_that_went_on_is_shown_where_it_keeps_how_the_terms_pull(visit, lab, small, monkeypatch):
    write = RunStore.write_snapshot

    def as_before(store: RunStore, run_id: str, step: int, pictures: dict) -> str:
        kept = {name: tensor for name, tensor in pictures.items() if name != "pull" or step > 8}
        return write(store, run_id, step, kept)

    monkeypatch.setattr(RunStore, "write_snapshot", as_before)
    for config in (small.autoencoder, small):
        lab.create(config)
        list(advance(config, lab))
    settings = {"train_size": small.train_size, "batch_size": small.batch_size, "epochs": small.epochs}
    for step, arrows in ((4, 0), (20, 10)):
        app = visit("train", **settings, hidden_dims="16", step=step, pulls="true")
        assert not app.exception
        assert [len(scatter["arrows"]) for scatter in all_sent(app, "scatter")] == [arrows] * 2
        drawn = json.loads(app.get("plotly_chart")[1].proto.spec)["data"]
        assert all(min(curve["x"]) == 10 for curve in drawn)
        assert any(caption.value.startswith("At step 20") for caption in app.caption) == bool(arrows)


@torch.no_grad()
def test_the_last_pictures_are_those_of_the_model_that_the_training_left(shown, stored, q_of):
    app, (ae, vae) = shown("train"), [stored.model(half.run_id) for half in PAIR]
    labels = data.load("mnist", "test").labels
    ten = [int((labels == digit).nonzero()[0]) for digit in range(10)]
    for scatter, half in zip(all_sent(app, "scatter"), PAIR):
        points = np.stack([numbers_of(scatter[axis]) for axis in "xy"], 1)
        assert points == pytest.approx(q_of(half.run_id)[0][:2_000].numpy(), rel=2e-3, abs=2e-3)
    for name, model, half in (("AE", ae, PAIR[0]), ("VAE", vae, PAIR[1])):
        decoded = model.decode(q_of(half.run_id)[0][ten]).sigmoid().numpy()
        assert np.abs(strips(app)[f"x̂ of the {name}"] - decoded).mean() < 0.03  # at mu, or at a draw close to it


def test_axes_of_their_own_hold_every_snapshot_of_each(shown, stored):
    limits = [scatter["limit"] for scatter in all_sent(shown("train", step=64, same_axes="false"), "scatter")]
    for half, limit in zip(PAIR, limits):
        files = (PRETRAINED / half.run_id / "snapshots").glob("*.safetensors")
        reach = max(np.quantile(np.abs(load_file(file)["mu"].astype(float)), 0.99) for file in files)
        assert max(3, reach) <= limit <= 1.34 * max(3, reach)
    together = {scatter["limit"] for scatter in all_sent(shown("train", step=64), "scatter")}
    assert together == {max(limits)}


def test_settings_that_nobody_trained_say_so(visit):
    app = visit("train", epochs=2)
    assert not app.exception
    assert main_button(app) == "Train both"
    assert "press **Train both**" in app.info[0].value


def test_the_button_trains_the_pair_of_the_settings(visit, lab, read_anew):
    app = visit("train", **SMALL)
    config = RunConfig(**SMALL)
    app.button[0].click().run()
    assert not app.exception
    wait_for(lambda: lab.metrics(config.run_id) and lab.metrics(config.autoencoder.run_id))
    read_anew()
    app.run()
    assert all("trained in" in text for text in progress(app))
    assert main_button(app) == "Train both again (seed 1)"


def test_bad_hidden_layers_are_said_with_their_name_value_and_range(visit):
    app = visit("train")
    for text in ("256,abc", "1,2", "", "8,8,8,8,8", "1.5", "-4", "4096", "3", "2049"):
        app.text_input(key="hidden_dims").set_value(text).run()
        assert not app.exception
        assert app.error[0].value.startswith("**Hidden layers**: hidden_dims = ")
        assert all(part.strip() in app.error[0].value for part in text.split(","))
        assert "1 to 4 widths, each a whole number from 4 to 2048" in app.error[0].value
    app.text_input(key="hidden_dims").set_value("4,2048,8,8").run()
    assert not app.error and main_button(app) == "Train both"


def test_a_batch_larger_than_the_training_set_is_said(visit):
    app = visit("train", train_size=1_000, batch_size=1_024)
    assert not app.exception
    assert "**Batch size**: batch_size = `1024` is not allowed: at most train_size, 1,000" in app.error[0].value


def test_more_runs_than_may_wait_are_refused_in_words(visit, lab, monkeypatch):
    monkeypatch.setattr("vae.runs.cluster.CONNECT_SECONDS", 1.0)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")  # nobody works there, so all of them wait
    app = visit("train", **SMALL)
    for seed in range(MOST_WAITING // 2 + 1):
        app.number_input(key="seed").set_value(seed).run()
        app.button[0].click().run()
        assert not app.exception
    assert f"{MOST_WAITING} is the most at a time" in app.error[0].value
    assert lab.status(RunConfig(**SMALL, seed=seed).run_id).state == "absent"


@pytest.mark.parametrize("name", ["model.safetensors", "snapshots/1404.safetensors", "history.jsonl", "config.json"])
def test_a_damaged_run_is_said_and_set_aside(visit, damage, lab, read_anew, name):
    damage(VAE.run_id, name)
    app = visit("train")
    assert not app.exception
    if name != "model.safetensors":  # which this page does not read
        assert f"run {VAE.run_id} is damaged: {name}" in app.error[0].value
        assert len(lab.damage_reports(VAE.run_id)) == 1
        read_anew()
        assert "An earlier copy was set aside" in visit("train").warning[0].value


# Of each setting: what is allowed, its ends among it, and what is not, by the first of which the default is shown.
SETTINGS = {
    "latent_dim": (["1", "32"], ["99", "0", "33"]),
    "epochs": (["1", "200"], ["-1", "0", "201", "abc"]),
    "kl_weight": (["0", "1000"], ["much", "-0.1", "1000.1", "nan"]),
    "seed": (["0", "2147483647"], ["1.5", "-4", "2147483648"]),
    "batch_size": (["16", "1024"], ["inf", "15", "1025", "1e2"]),
    "learning_rate": (["0.00001", "10"], ["nan", "0", "10.1"]),
    "train_size": (["2000", "60000"], ["9" * 5_000, "999", "60001"]),
    "kl_ramp": (["0", "1"], ["1.1", "-0.1", "inf"]),
    "activation": (["relu", "tanh"], ["step", "", "GELU"]),
    "bottleneck": (["sigmoid", "relu"], ["gelu", "Tanh", "0"]),
    "likelihood": (["gaussian", "bernoulli"], ["cauchy", "", "1"]),
}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_garbage_in_the_address_is_said_and_the_default_shown(shown, place):
    app = shown("train", **{name: bad[place] for name, (_, bad) in SETTINGS.items()})
    assert not app.exception and not app.error
    said = [warning.value for warning in app.warning]
    assert len(said) == len(SETTINGS)
    for name, (_, bad) in SETTINGS.items():
        quoted = f"`{bad[place][:40] or '(nothing)'}"
        assert any(words.startswith(f"{name} = {quoted}") and "is not allowed" in words for words in said)
    assert main_button(app) == "Train both again (seed 1)"


@pytest.mark.parametrize("place", [0, 1])
def test_settings_at_their_ends_are_taken(shown, place):
    values = {name: good[place] for name, (good, _) in SETTINGS.items()}
    app = shown("train", **values)
    assert not app.exception and not app.error
    assert not [warning for warning in app.warning if "not allowed" in warning.value]
    widgets = {widget.key: widget.value for kind in ("number_input", "selectbox") for widget in app.get(kind)}
    for name, value in values.items():
        assert widgets[name] == (float(value) if value[0].isdigit() else value)


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
    assert visit("train", step=65).query_params.get("step") is None  # where no snapshot is


@pytest.mark.parametrize("name", ["Play", "Pause replay"])
def test_a_click_that_arrives_twice_counts_once(visit, name):
    def player():
        return next(button for button in app.button if button.label in ("Play", "Pause replay"))

    app = visit("train", step=64)
    if name == "Pause replay":
        player().click().run()
    player().click()
    as_sent = app._tree.get_widget_states()
    for _ in range(2):
        app._run(as_sent)
        assert player().label == {"Play": "Pause replay", "Pause replay": "Play"}[name]


def test_a_pair_that_is_being_stopped_says_so_and_takes_no_second_click(visit, lab, small):
    for half in (small.autoencoder, small):
        lab.create(half)
        lab.write_history(half.run_id, [line_of(0)])
        lab.set_control(half.run_id, "stop")
    settings = {"train_size": 1_000, "batch_size": 100, "hidden_dims": "16", "epochs": 2}
    app = visit("train", **settings)
    assert not app.exception
    assert next((button.label, button.disabled) for button in app.button) == ("Stopping …", True)
    assert not {"Stop", "Pause"} & {button.label for button in app.button}
    assert any("stopping at epoch" in bar.proto.text for bar in app.get("progress"))


def test_a_pair_that_was_stopped_is_offered_to_its_end(visit, lab, small, read_anew):
    settings = {"train_size": 1_000, "batch_size": 100, "hidden_dims": "16", "epochs": 2}
    app = visit("train", **settings)
    assert [button.label for button in app.button][:1] == ["Train both"]
    history = [line_of(8, 2.0)]
    for half in (small.autoencoder, small):
        lab.create(half)
        lab.finish(half, "stopped", history, None, test=None)
    read_anew()
    app = visit("train", **settings)
    assert not app.error
    assert [button.label for button in app.button][:1] == ["Train both to the end"]
    assert [text.split(" · ")[1] for text in progress(app)] == ["stopped at epoch 0.8 of 2, trained in 2 s"] * 2
