"""A link carries the settings of its run: a server that lacks the run says which it is, trains it, and shows it."""

import dataclasses

import pytest
from hypothesis import given, settings, strategies

from pages.shared import linked
from tests import outside
from tests.browser.server import wait_for
from tests.pages.seen import all_sent, sent
from vae.config import ConfigError, RunConfig
from vae.runs.worker import advance

SMALL = RunConfig(train_size=1_000, batch_size=100, hidden_dims=(16, 8), epochs=2, kl_weight=2.5)
OTHERS = [
    SMALL,
    RunConfig(),
    RunConfig(model="ae", seed=2**31 - 1, bottleneck="relu"),
    RunConfig(learning_rate=1e-6, kl_ramp=0.1 + 0.2, sigma="raw", likelihood="gaussian", dataset="kmnist"),
    RunConfig(model="ae").converted("heads"),
    RunConfig(kl_weight=1e-300, activation="relu", latent_dim=32, hidden_dims=(2048,) * 4),
]
CHOOSING = {"latent_space": "latent_space", "resampling": "resampling", "walk": "walk", "true_posterior": "posterior"}


@pytest.mark.parametrize("config", OTHERS, ids=lambda config: config.run_id)
def test_a_runs_settings_name_it_and_no_other(config):
    text = linked.settings_of(config)
    assert linked.config_of(config.run_id, text) == config
    assert all(letter.isalnum() or letter in " _.-+" for letter in text) and len(text) < 300
    with pytest.raises(ConfigError, match="those of the run that is named"):
        linked.config_of(config.run_id, f"{text} seed 77")


def test_the_settings_that_are_the_defaults_are_left_out():
    assert linked.settings_of(RunConfig()) == linked.settings_of(RunConfig(model="ae")) == ""
    assert linked.settings_of(SMALL) == "train_size 1000 hidden_dims 16-8 kl_weight 2.5 epochs 2 batch_size 100"
    names = {field.name for field in dataclasses.fields(RunConfig)}
    assert set(linked.FIELDS) == names - {"model"}


@settings(derandomize=True, max_examples=200, deadline=None, database=None)
@given(
    outside.texts | strategies.sampled_from(["epochs", "epochs x", "model ae", "epochs 999", "hidden_dims 1-2-", "x 1"])
)
def test_any_other_text_is_refused_in_words(text):
    with pytest.raises(ConfigError) as refused:
        linked.config_of(SMALL.run_id, text)
    assert str(refused.value).isprintable()


def trained(store, *configs: RunConfig) -> None:
    """Another server has trained these."""
    for config in configs:
        store.create(config)
        for _ in advance(config, store):
            pass


def test_the_address_of_a_run_on_show_carries_its_settings(visit, lab, read_anew):
    trained(lab, SMALL, SMALL.autoencoder)
    for page in CHOOSING:
        app = visit(page)
        assert "settings" not in app.query_params
        app.selectbox(key="run").set_value(SMALL.run_id).run()
        assert app.query_params["run"] == SMALL.run_id
        assert app.query_params["settings"] == linked.settings_of(SMALL)
        app.selectbox(key="run").set_value(RunConfig().run_id).run()
        assert app.query_params["run"] == RunConfig().run_id and "settings" not in app.query_params
    app = visit("conversion", ae=SMALL.autoencoder.run_id)
    assert app.query_params["settings"] == linked.settings_of(SMALL.autoencoder)


def button(app):
    return next(button for button in app.button if button.label == "Train it here")


def test_a_click_trains_the_pair_of_a_link_and_shows_it(visit, lab, read_anew):
    link = {"run": SMALL.run_id, "settings": linked.settings_of(SMALL)}
    app = visit("latent_space", **link)
    assert not app.exception and not app.warning and len(app.info) == 1
    which = "2-D · 2 epochs · seed 0 · KL weight β 2.5 · Training images 1000 · Hidden layers 16, 8 · Batch size 100"
    assert app.info[0].value == (f"The run of this link, `{SMALL.run_id}`, is not trained on this server yet: {which}.")
    assert sent(app, "latent_space")["latentDim"] == 2  # something is on show meanwhile
    assert {name: app.query_params[name] for name in link} == link
    button(app).click().run()
    assert not app.exception and not app.error
    assert {name: app.query_params[name] for name in link} == link
    wait_for(lambda: lab.metrics(SMALL.run_id) and lab.metrics(SMALL.autoencoder.run_id))
    read_anew()
    app.run()
    assert not app.exception and not app.info and not app.warning
    assert app.selectbox(key="run").value == SMALL.run_id
    assert lab.metrics(SMALL.run_id)["model_sha256"] in sent(app, "latent_space")["parcels"]["vae"]
    assert {name: app.query_params[name] for name in link} == link


def test_an_ae_of_a_link_is_trained_alone(visit, lab, read_anew):
    ae = SMALL.autoencoder
    app = visit("conversion", ae=ae.run_id, settings=linked.settings_of(ae))
    assert f"`{ae.run_id}`" in app.info[0].value
    button(app).click().run()
    wait_for(lambda: lab.metrics(ae.run_id))
    read_anew()
    app.run()
    assert not app.exception and app.selectbox(key="ae").value == ae.run_id
    assert lab.status(SMALL.run_id).state == "absent"


def test_a_run_of_a_link_to_the_ladder_becomes_a_rung(visit, lab, read_anew):
    link = {"models": "2-D hidden_dims (16, 8)", "chosen": SMALL.run_id, "settings": linked.settings_of(SMALL)}
    app = visit("kl_weight", **link)
    assert not app.exception and not app.warning and f"`{SMALL.run_id}`" in app.info[0].value
    button(app).click().run()
    assert not app.exception
    wait_for(lambda: lab.metrics(SMALL.run_id) and lab.metrics(SMALL.autoencoder.run_id))
    read_anew()
    app.run()
    assert not app.exception and not app.warning
    [ladder] = all_sent(app, "ladder")
    assert [rung["id"] for rung in ladder["rungs"]] == [SMALL.run_id] and ladder["given"] == {"chosen": SMALL.run_id}
    assert ladder["rungs"][0]["settings"] == link["settings"] and not ladder["isAwaited"]


def test_a_link_to_a_run_beside_a_ladder_that_is_here_leaves_the_ladder_on_show(visit):
    run = RunConfig(kl_weight=7.0)
    app = visit("kl_weight", chosen=run.run_id, settings=linked.settings_of(run))
    [ladder] = all_sent(app, "ladder")
    assert ladder["isAwaited"] and ladder["given"] == {} and app.query_params["chosen"] == run.run_id
    assert button(app)


@pytest.mark.parametrize("key, page", [("run", "walk"), ("ae", "conversion"), ("chosen", "kl_weight")])
def test_settings_of_another_run_are_refused_in_words(shown, key, page):
    run_id = SMALL.autoencoder.run_id if key == "ae" else SMALL.run_id
    for wrong, said in {
        linked.settings_of(SMALL) + " seed 1": "those of the run that is named",
        "epochs 0": "epochs = `0` is not allowed: a whole number from 1 to 200",
        "epochs": "names and values of settings",
        outside.WORST: "names and values of settings",
    }.items():
        app = shown(page, **{key: run_id, "settings": wrong})
        assert not app.exception and len(app.warning) == 1
        assert said in app.warning[0].value and f"{key} = `{run_id}`" in app.warning[0].value
        assert not outside.effects(app.warning[0].value)
        assert not [button for button in app.button if button.label == "Train it here"]


def test_a_link_without_settings_is_as_it_was(shown):
    app = shown("walk", run="vae-2d-0123456789ab")
    assert app.warning[0].value == (
        "run = `vae-2d-0123456789ab` in the address is not here, or not trained to its end: train it on this server, "
        "or choose one below."
    )
    assert app.query_params["run"] == RunConfig().run_id
    assert (
        shown("walk", run=RunConfig(latent_dim=10).run_id).selectbox(key="run").value == RunConfig(latent_dim=10).run_id
    )


def test_another_choice_ends_the_waiting(visit):
    app = visit("walk", run=SMALL.run_id, settings=linked.settings_of(SMALL))
    app.selectbox(key="run").set_value(RunConfig(latent_dim=10).run_id).run()
    assert not app.info and not app.warning and sent(app, "walk")["latentDim"] == 10
    assert app.query_params["run"] == RunConfig(latent_dim=10).run_id
    assert app.query_params["settings"] == "latent_dim 10"


def test_what_cannot_be_trained_here_is_said(visit, lab, read_anew):
    kmnist = RunConfig(dataset="kmnist")
    app = visit("walk", run=kmnist.run_id, settings=linked.settings_of(kmnist))
    assert "kmnist, are not here" in app.info[0].value and not [b for b in app.button if b.label == "Train it here"]
    converted = SMALL.autoencoder.converted()
    app = visit("walk", run=converted.run_id, settings=linked.settings_of(converted))
    assert f"starts from the AE `{SMALL.autoencoder.run_id}`, which is not here either" in app.info[0].value
    lab.create(SMALL)
    lab.finish(SMALL, "diverged", [], None, message="diverged at step 1: x", test=None)
    read_anew()
    app = visit("walk", run=SMALL.run_id, settings=linked.settings_of(SMALL))
    assert app.error[0].value == "The run of this link cannot be shown: diverged at step 1: x"


@pytest.mark.parametrize("classes", [(1, 8), tuple(range(8)), ()])
def test_a_choice_of_classes_goes_along_in_a_link(classes):
    config = RunConfig(classes=classes)
    assert linked.config_of(config.run_id, linked.settings_of(config)) == config
