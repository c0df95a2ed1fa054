"""The page on which an AE becomes a VAE: what it measures before any training, what it trains, what it says."""

import dataclasses
import json
import re
import time

import pytest
import torch

from pages.ui import choice, conversion, converted, prediction, retraining
from vae import data
from vae.config import RunConfig
from vae.evaluation import evaluate, mean_image_loss, prices_of_sigma
from vae.latent import encode_all
from vae.losses import kl_divergence
from vae.models import convert
from vae.worker import advance

AE = RunConfig(model="ae")
FIGURES = ("reconstruction", "at_mu", "kl", "negative_elbo")
SHOWN = dict.fromkeys(["predict_structure", "predict_objective", "predict_training"], prediction.UNDECIDED)


def words(app) -> str:
    """All that the page says in sentences."""
    return " ".join(element.value for kind in ("markdown", "info", "success", "warning") for element in app.get(kind))


def test_answers_wait_for_a_prediction_and_the_ae_is_seen_at_once(visit, lab):
    app = visit("conversion")
    assert not app.exception and not app.info and not app.get("plotly_chart")
    assert len([c for c in app.get("bidi_component") if c.proto.component_name == "scatter"]) == 1
    after = f"{lab.metrics(AE.converted().run_id)['test']['negative_elbo']:.1f}"
    assert after not in words(app) and after in words(visit("conversion", **SHOWN))


@torch.no_grad()
@pytest.mark.parametrize("ae", [AE, RunConfig(model="ae", latent_dim=10)], ids=lambda ae: f"{ae.latent_dim}-D")
def test_structure_and_objective_are_measured_on_the_untrained_conversion(visit, lab, ae):
    said = words(
        visit("conversion", ae=ae.run_id, predict_structure="They fall apart", predict_objective="Just show me")
    )
    before, model = lab.metrics(ae.run_id)["test"], convert(lab.model(ae.run_id), ae.converted())
    images = data.load("mnist", "test").images
    after = evaluate(model, images, "bernoulli")
    assert f"goes from {before['reconstruction']:.1f} to **{after.reconstruction:.1f} nats**" in said
    assert f"without the noise (ε = 0) to {before['reconstruction']:.1f}; to answer each with the mean image" in said
    assert "**As you predicted.**" in said  # for it loses more than half of what the codes are worth
    z, (_, log_sigma) = encode_all(lab.model(ae.run_id), images)[0], encode_all(model, images)
    far = kl_divergence(z, torch.zeros_like(z)).sum(1).mean()
    width = kl_divergence(torch.zeros_like(z), log_sigma).sum(1).mean()
    assert f"It is **{far + width:.1f} nats**: {far:.1f} for codes away from 0, and {width:.1f} for σ" in said
    assert (
        f"| converted, not trained | {after.reconstruction:.1f} | {after.kl:.1f} | {after.negative_elbo:.1f} |" in said
    )


def test_the_cheapest_sigma_of_the_unchanged_ae_is_said(visit, lab):
    model, images = lab.model(AE.run_id), data.load("mnist", "test").images[:2_000]
    totals = {p.sigma: p.reconstruction + p.kl for p in prices_of_sigma(model, images, "bernoulli", converted.SIGMAS)}
    best = min(totals, key=totals.get)
    said = words(visit("conversion", predict_objective="Just show me"))
    assert f"Cheapest is **σ ≈ {best:.2g}**" in said and f"= **{totals[best]:.1f} nats**" in said
    trained = evaluate(lab.model(RunConfig().run_id), images, "bernoulli").negative_elbo
    assert f"That is {totals[best] - trained:.1f} nats more than the VAE that was trained from nothing" in said


@pytest.mark.parametrize(
    "lost, verdict",
    [(0.01, conversion.KEEP), (0.2, conversion.BLUR), (0.7, conversion.BREAK), (40.0, conversion.BREAK)],
)
def test_what_becomes_of_reconstructions_is_told_by_what_they_lose(visit, monkeypatch, lab, lost, verdict):
    before, without = lab.metrics(AE.run_id)["test"]["reconstruction"], mean_image_loss("mnist", "bernoulli")
    after = before + lost * (without - before)
    monkeypatch.setattr(converted, "test", lambda *_: dict.fromkeys(FIGURES, after))
    assert visit("conversion", predict_structure=verdict).success
    assert visit("conversion", predict_structure="Just show me").info[0].value.startswith("The reconstruction loss")


def test_a_linear_f_becomes_g_and_another_gives_way_to_a_new_one(visit):
    assert "its weights are *g*'s" in words(visit("conversion"))
    app = visit("conversion", ae=RunConfig(model="ae", bottleneck="sigmoid").run_id, **SHOWN)
    assert not app.exception
    assert "*f* is not linear: the linear *g* is new" in words(app)
    assert "the new *g* knows nothing yet of where the decoder expects which digit" in words(app)


def test_what_the_trainings_say_is_said(visit, lab):
    runs = {name: AE.converted(part) for name, part in retraining.PARTS.items()}
    losses = {name: lab.metrics(config.run_id)["test"]["negative_elbo"] for name, config in runs.items()}
    losses[retraining.NOTHING] = lab.metrics(RunConfig().run_id)["test"]["negative_elbo"]
    app = visit("conversion", predict_training=retraining.NOTHING)
    said = app.warning[0].value
    best = min(losses, key=losses.get)
    assert best == "Everything is trained" and said.startswith("**A surprise: “everything is trained”.**")
    assert "*a VAE from nothing*" in said
    assert re.findall(r"\*\*(\d+\.\d)\*\*", said)[:4] == [f"{loss:.1f}" for loss in sorted(losses.values())]
    longer = lab.metrics(RunConfig(epochs=6).run_id)["test"]["negative_elbo"]
    assert f"reaches **{longer:.1f}**" in said
    assert visit("conversion", predict_training=best).success


def test_the_text_follows_what_is_measured():
    nothing, longer = retraining.NOTHING, retraining.LONGER
    everything, encoder, heads = retraining.PARTS
    curve = [{"epoch": epoch, "reconstruction": 150 - 5 * epoch, "kl": 5.0} for epoch in (1, 2, 3)]
    losses = {nothing: 145.0, everything: 140.0, encoder: 142.0, heads: 150.0, longer: 139.0}
    lucky = [*curve[:-1], {**curve[-1], "kl": 11.0}]
    said = retraining.outcome(losses, {nothing: lucky, everything: curve}, 3)
    for words in (
        "**5.0 nats better** than to start", "its curve stays below the other's end after 2.0 of 3 epochs",
        "**2.0 nats worse** than to train that", "**8.0 nats worse** again", "**1.0 nats better** than the detour",
    ):  # fmt: skip
        assert words in said
    losses |= {nothing: 130.0, encoder: 139.0, heads: 138.5, longer: 141.0}
    said = retraining.outcome(losses, {nothing: lucky, everything: curve}, 3)
    for words in (
        "**10.0 nats worse** than to start from nothing, and its curve", "**1.0 nats better** than to train that",
        "**0.5 nats better** again", "**1.0 nats worse** than the detour",
    ):  # fmt: skip
        assert words in said
    above = [{**line, "kl": 5.1} for line in curve]
    del losses[longer]
    said = retraining.outcome(losses, {nothing: curve, everything: above}, 3)
    assert "than to start from nothing. To leave" in said and "But the AE" not in said


def test_a_run_that_would_be_too_long_is_left_out():
    assert retraining.LONGER not in retraining._runs(AE, 198, 0)
    assert retraining._runs(AE, 197, 0)[retraining.LONGER].epochs == 200


def test_the_button_trains_all_that_is_compared_from_an_ae_of_ones_own(visit, lab):
    ae = RunConfig(model="ae", train_size=1_000, batch_size=100, hidden_dims=(16,), epochs=1)
    lab.create(ae)
    for _ in advance(ae, lab):
        pass
    app = visit("conversion", ae=ae.run_id, epochs=2, predict_training=prediction.UNDECIDED)
    assert "press the button" in app.info[0].value
    [button] = [button for button in app.button if button.label == "Train 5 runs"]
    button.click().run()
    configs = retraining._runs(ae, 2, 0).values()
    assert [config.epochs for config in configs] == [2, 2, 2, 2, 3]
    deadline = time.monotonic() + 300
    while any(lab.metrics(config.run_id) is None for config in configs):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(2.0)  # what the page knows of a run may be that old
    app.run()
    assert not app.exception
    assert "−ELBO of the test digits" in app.info[0].value
    assert [button.label for button in app.button if "again" in button.label] == ["Train again (seed 1)"]
    vae = dataclasses.replace(ae.converted("encoder"), epochs=2)
    space = visit("latent_space", run=vae.run_id)  # beside the AE that it was, whose epochs it has not
    assert not space.warning and space.selectbox(key="run").value == vae.run_id
    [sent] = [c.proto.json for c in space.get("bidi_component") if c.proto.component_name == "latent_space"]
    assert json.loads(sent)["parcels"]["ae"] == f"model {lab.metrics(ae.run_id)['model_sha256']}"


def test_garbage_in_the_address_is_said_and_the_default_is_shown(visit):
    app = visit("conversion", ae="ae-2d-0123456789ab", eps_draw="1.5", **SHOWN | {"predict_objective": "42"})
    assert not app.exception
    said = [warning.value for warning in app.warning]
    assert said[0].startswith("ae = `ae-2d-0123456789ab` in the address is not here")
    assert any(text.startswith("eps_draw = `1.5` in the address is not allowed") for text in said)
    assert any(text.startswith("predict_objective = `42` in the address is not allowed: one of Less") for text in said)
    assert app.selectbox(key="ae").value == AE.run_id


def test_another_ae_asks_anew_and_one_that_a_link_brought_is_kept(visit):
    ten = RunConfig(model="ae", latent_dim=10).run_id
    app = visit("conversion", ae=ten, **SHOWN)
    assert app.info
    app.switch_page("pages/home.py").run()
    app.switch_page("pages/conversion.py").run()
    assert app.selectbox(key="ae").value == ten
    app.selectbox(key="ae").set_value(AE.run_id).run()
    assert not app.info and not app.get("plotly_chart")


def test_runs_have_names_that_tell_them_apart(visit):
    options = visit("latent_space").selectbox(key="run").options
    assert len(set(options)) == len(options)
    for part in ("all of it", "only its encoder", "only its heads"):
        assert f"2-D · 3 epochs · seed 0 · a converted AE (3 epochs, seed 0), {part} trained" in options


def test_runs_that_a_description_cannot_tell_apart_have_their_ids_in_their_names(visit, monkeypatch):
    monkeypatch.setattr(choice, "describe", lambda config: "alike")
    options = visit("latent_space").selectbox(key="run").options
    assert f"alike · {RunConfig().run_id}" in options and len(set(options)) == len(options)


@pytest.mark.parametrize("predicted, shown", [(None, False), ("42", False), ("Less than 3 nats", True)])
def test_the_table_keeps_the_kl_to_itself_until_it_was_predicted(visit, predicted, shown):
    parameters = {"predict_structure": "Just show me"} | ({"predict_objective": predicted} if predicted else {})
    assert ("| KL |" in words(visit("conversion", **parameters))) == shown


def test_an_ae_that_learned_nothing_falls_apart_and_says_so(visit, monkeypatch):
    monkeypatch.setattr(conversion, "mean_image_loss", lambda *_: 100.0)
    app = visit("conversion", predict_structure=conversion.BREAK)
    assert app.success and "the codes of this AE were worth nothing before" in app.success[0].value
