"""The page on which an AE becomes a VAE: what it measures before any training, what it trains, what it says."""

import dataclasses
import re

import numpy as np
import pytest
import torch
from torch import Tensor

from pages.conversion import changes as conversion
from pages.conversion import converted, retraining
from pages.shared import in_words, prediction
from tests.browser.server import wait_for
from tests.pages.seen import all_sent, curves, kl_of, losses_of, model_parcel, numbers_of, sent, strips, words
from vae import data
from vae.config import RunConfig
from vae.measures.evaluation import mean_image_loss
from vae.models import convert
from vae.runs.worker import advance

AE = RunConfig(model="ae")
FIGURES = ("reconstruction", "at_mu", "kl", "negative_elbo")
SHOWN = dict.fromkeys(["predict_structure", "predict_objective", "predict_training"], prediction.UNDECIDED)


def z_of(q_of, ae: RunConfig) -> Tensor:
    """The AE's codes of all test images."""
    return q_of(ae.run_id)[0]


@pytest.mark.parametrize("ae", [AE, RunConfig(model="ae", bottleneck="sigmoid")], ids=lambda ae: ae.bottleneck)
def test_the_first_step_says_what_noise_and_kl_do_to_the_ae_on_show(shown, stored, q_of, ae):
    said = sent(shown("conversion", ae=ae.run_id), "steps")["steps"][0]["answer"]
    x, z = data.load("mnist", "test").images, z_of(q_of, ae)
    model = convert(stored.model(ae.run_id), ae.converted())
    mu, log_sigma = model.encode(x)
    far, width = (0.5 * z.square()).sum(1).mean(), kl_of(torch.zeros_like(mu), log_sigma.exp()).sum(1).mean()
    assert f"test digits from {losses_of(model.decode(mu), x).mean():.1f} to" in said
    assert f"{far + width:.2f} nats: {far:.2f} for codes that are not at 0, {width:.2f} for a σ that is not 1" in said
    both = sent(shown("conversion", ae=ae.run_id), "steps")["steps"][1]["answer"]
    found = re.findall(r"(\d+)-D: .*? The KL term is ([\d.]+) nats", re.sub("<.*?>", "", both))
    for (dim, nats), latent_dim in zip(found, (2, 10), strict=True):
        other = RunConfig(model="ae", latent_dim=latent_dim)
        kl = 0.5 * z_of(q_of, other).square().sum(1).mean()
        assert int(dim) == latent_dim and 0 < float(nats) - kl < 0.05


def test_answers_wait_for_a_prediction_and_the_ae_is_seen_at_once(shown, stored):
    app = shown("conversion")
    assert not app.exception and not app.info and not app.get("plotly_chart")
    assert len(all_sent(app, "scatter")) == 1
    assert list(strips(app)) == ["x, ten test digits", "x̂ of the AE"]
    after = f"{stored.metrics(AE.converted().run_id)['test']['negative_elbo']:.1f}"
    assert after not in words(app) and after in words(shown("conversion", **SHOWN))


@torch.no_grad()
@pytest.mark.parametrize("ae", [AE, RunConfig(model="ae", latent_dim=10)], ids=lambda ae: f"{ae.latent_dim}-D")
def test_structure_and_objective_are_measured_on_the_untrained_conversion(shown, stored, q_of, ae):
    said = words(shown("conversion", ae=ae.run_id, **SHOWN))
    x, z = data.load("mnist", "test").images, z_of(q_of, ae)
    model = convert(stored.model(ae.run_id), ae.converted())
    mu, log_sigma = model.encode(x)
    before, at_mu = (losses_of(net.decode(z), x).mean().item() for net in (stored.model(ae.run_id), model))
    draw = torch.randn(mu.shape, generator=eps_of(1))
    drawn = losses_of(model.decode(mu + log_sigma.exp() * draw), x)
    nats = re.search(r"goes from [\d.]+ to \*\*([\d.]+ ± [\d.]+) nats\*\*", said)[1]
    after, spread = map(float, nats.split(" ± "))  # of four draws; a converted AE's losses are far apart
    assert after == pytest.approx(drawn.mean().item(), abs=5 * 1.5 * drawn.std().item() / 100)
    assert 0 < spread < drawn.std().item() / 100
    mean = x.mean(0)
    without = losses_of(torch.logit(mean, eps=1e-3).expand_as(x), x).mean().item()
    assert f"goes from {before:.1f} to **{nats} nats**, without the noise (ε = 0) to {at_mu:.1f}; " in said
    assert f"to answer each with the mean image costs {without:.1f}: the decoder was only ever given" in said
    far, width = (0.5 * mu.square()).sum(1).mean(), kl_of(torch.zeros_like(mu), log_sigma.exp()).sum(1).mean()
    assert f"It is **{far + width:.1f} nats**: {far:.1f} for codes away from 0, and {width:.1f} for σ" in said
    cells = re.findall(r"\| (AE|converted, not trained|VAE, trained from scratch) \| (.+ \| .+ \| [\d.–± ]+) \|", said)
    total = dict(cells)["converted, not trained"].split(" | ")[-1].split(" ± ")[0]
    assert float(total) == pytest.approx(after + (far + width).item(), abs=0.11)
    vae = stored.metrics(dataclasses.replace(ae, model="vae", kl_weight=1.0, kl_ramp=0.3).run_id)["test"]
    assert dict(cells) == {
        "AE": f"{before:.1f} | – | –",
        "converted, not trained": f"{nats} | {far + width:.1f} | {total} ± {spread:.1f}",
        "VAE, trained from scratch": f"{vae['reconstruction']:.1f} | {vae['kl']:.1f} | {vae['negative_elbo']:.1f}",
    }


@torch.no_grad()
@pytest.mark.parametrize("ae", [AE, RunConfig(model="ae", latent_dim=10)], ids=lambda ae: f"{ae.latent_dim}-D")
def test_the_scatters_show_the_aes_codes_and_draws_around_them_and_the_strips_are_decoded_from_both(
    shown, stored, q_of, ae
):
    app, z = shown("conversion", ae=ae.run_id, eps_draw=3, **SHOWN), z_of(q_of, ae)
    network = convert(stored.model(ae.run_id), ae.converted())
    mu, log_sigma = network.encode(data.load("mnist", "test").images[:2_000])
    left, right = all_sent(app, "scatter")
    codes, draws = (np.stack([numbers_of(points[axis]) for axis in "xy"], 1) for points in (left, right))
    axes = np.eye(2) if ae.latent_dim == 2 else principal_axes(z[:2_000].numpy())
    assert codes == pytest.approx(z[:2_000].numpy() @ axes.T, abs=1e-3)
    noise = (draws - codes) / (log_sigma.exp().numpy() if ae.latent_dim == 2 else 1)  # of which sigma is about 1
    assert np.abs(noise.mean(0)).max() < 5 / np.sqrt(2_000) and noise.std(0) == pytest.approx([1, 1], abs=0.1)
    assert np.abs(np.corrcoef(noise.T, codes.T)[:2, 2:]).max() < 5 / np.sqrt(2_000)
    labels = data.load("mnist", "test").labels[:2_000]
    assert all(np.array_equal(numbers_of(points["labels"], "u1"), labels) for points in (left, right))
    reach = max(np.quantile(np.abs(points), 0.99) for points in (codes, draws))
    assert left["limit"] == right["limit"] and reach <= left["limit"] <= 1.34 * max(reach, 3)
    assert (left["description"].split(":")[0], right["description"].split(":")[0]) == ("AE", "VAE")
    ten = [int((labels == digit).nonzero()[0]) for digit in range(10)]
    x = data.load("mnist", "test").images[ten]
    rows, decoded = strips(app), network.decode(mu[ten]).sigmoid().numpy()
    shown_rows = [
        "x, ten test digits",
        "x̂ of the AE",
        "converted, without noise (ε = 0)",
        "converted, z drawn (draw 3)",
    ]
    assert list(rows) == shown_rows
    expected = [x.numpy(), stored.model(ae.run_id).decode(z[ten]).sigmoid().numpy(), decoded]
    if ae.latent_dim == 2:  # where a point is all of a code
        expected.append(network.decode(torch.from_numpy(draws[ten]).float()).sigmoid().numpy())
    for name, pictures in zip(shown_rows, expected):
        assert np.abs(rows[name] - pictures).max() < 0.01, name


def principal_axes(codes: np.ndarray) -> np.ndarray:
    """The two directions of the largest variance (2, latent_dim), each with its largest entry above 0."""
    axes = np.linalg.svd(codes - codes.mean(0), full_matrices=False)[2][:2]
    return axes * np.sign(axes[[0, 1], np.abs(axes).argmax(1)])[:, None]


def test_each_draw_is_another_one_and_the_button_goes_on_to_the_next(visit):
    app = visit("conversion", eps_draw=10_000, **SHOWN)
    before = strips(app)["converted, z drawn (draw 10000)"]
    next(button for button in app.button if button.label == "Sample again").click().run()
    assert np.abs(strips(app)["converted, z drawn (draw 0)"] - before).max() > 0.5
    assert app.number_input(key="eps_draw").value == 0


@torch.no_grad()
def test_the_cheapest_sigma_of_the_unchanged_ae_is_said_and_what_each_costs_is_drawn(shown, stored, q_of):
    app, x, z = shown("conversion", **SHOWN), data.load("mnist", "test").images[:2_000], z_of(q_of, AE)[:2_000]
    model, said = stored.model(AE.run_id), words(app)
    reconstruction, total, *levels = curves(app, 0)
    assert reconstruction["x"] == pytest.approx([10 ** (power / 4) for power in range(-12, 1)])
    for place in (0, 4, 12):
        sigma = 10 ** ((place - 12) / 4)
        eps = torch.randn(z.shape, generator=eps_of(place))
        losses = losses_of(model.decode(z + sigma * eps), x)
        kl = kl_of(z, torch.full_like(z, sigma)).sum(1).mean().item()
        error = 5 * 1.5 * losses.std().item() / np.sqrt(2_000) if place else 1.0  # the digits are the same ones
        assert reconstruction["y"][place] == pytest.approx(losses.mean().item(), abs=error)
        assert total["y"][place] - reconstruction["y"][place] == pytest.approx(kl, abs=0.01)
    best = int(total["y"].argmin())
    kl = kl_of(z, torch.full_like(z, total["x"][best])).sum(1).mean().item()
    assert f"Cheapest is **σ ≈ {total['x'][best]:.2g}**: −ELBO = {reconstruction['y'][best]:.1f} + {kl:.1f}" in said
    assert f"= **{total['y'][best]:.1f} nats**" in said and "the KL charges for it: 4.6 nats for a σ ten" in said
    at_z, vae = losses_of(model.decode(z), x).mean().item(), levels[1]["y"][0]
    assert levels[0]["y"] == pytest.approx([at_z, at_z], abs=0.01)
    mu, sigma = (part[:2_000] for part in q_of(RunConfig().run_id))
    decoded = stored.model(RunConfig().run_id).decode(mu + sigma * torch.randn(mu.shape, generator=eps_of(5)))
    own = losses_of(decoded, x) + kl_of(mu, sigma).sum(1)
    assert vae == pytest.approx(own.mean().item(), abs=1.0)
    assert f"That is {total['y'][best] - vae:.1f} nats more than the VAE that was trained from scratch" in said


def eps_of(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


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


def test_a_linear_f_becomes_g_and_another_gives_way_to_a_new_one(shown):
    assert "its weights are *g*'s" in words(shown("conversion"))
    app = shown("conversion", ae=RunConfig(model="ae", bottleneck="sigmoid").run_id, **SHOWN)
    assert not app.exception
    assert "*f* is not linear: the linear *g* is new" in words(app)
    assert "the new *g* knows nothing yet of where the decoder expects which digit" in words(app)


def test_what_the_trainings_say_is_said(shown, stored):
    runs = {name: AE.converted(part) for name, part in retraining.PARTS.items()}
    losses = {name: stored.metrics(config.run_id)["test"]["negative_elbo"] for name, config in runs.items()}
    losses[retraining.SCRATCH] = stored.metrics(RunConfig().run_id)["test"]["negative_elbo"]
    app = shown("conversion", predict_training=retraining.SCRATCH)
    said = app.warning[0].value
    best = min(losses, key=losses.get)
    assert best == "Everything is trained" and said.startswith("**A surprise: “everything is trained”.**")
    assert "*a VAE from scratch*" in said
    assert re.findall(r"\*\*(\d+\.\d)\*\*", said)[:4] == [f"{loss:.1f}" for loss in sorted(losses.values())]
    longer = stored.metrics(RunConfig(epochs=6).run_id)["test"]["negative_elbo"]
    assert f"reaches **{longer:.1f}**" in said
    assert shown("conversion", predict_training=best).success


def test_the_text_follows_what_is_measured():
    """A difference larger than its spread over seeds is better or worse, a smaller one a tie."""
    nothing, longer = retraining.SCRATCH, retraining.LONGER
    everything, encoder, heads = retraining.PARTS
    curve = [{"epoch": epoch, "reconstruction": 150 - 5 * epoch, "kl": 5.0} for epoch in (1, 2, 3)]
    losses = {nothing: 145.0, everything: 140.0, encoder: 142.0, heads: 150.0, longer: 139.0}
    lucky = [*curve[:-1], {**curve[-1], "kl": 11.0}]

    def of_seeds(*around: float) -> dict:
        """Five seeds each, all of which differ by these nats, from run to run and with the seed."""
        spread = dict(zip(losses, around))
        return {
            name: {seed: loss + (seed - 2) * 0.1 * spread[name] for seed in range(5)} for name, loss in losses.items()
        }

    said = retraining.outcome(losses, {nothing: lucky, everything: curve}, 3, of_seeds(1, 2, 3, 4, 2))
    for part in (
        "against starting from scratch: **5.0 ± 0.2 nats better** (5 seeds); with the seed on show",
        "its curve stays below the other's end after 2.0 of 3 epochs", "too: **2.0 ± 0.2 nats worse** (5 seeds)",
        "as well: **8.0 ± 0.2 nats worse** (5 seeds) again", "against that: **1.0 ± 0.0 nats worse** (5 seeds)",
    ):  # fmt: skip
        assert part in said
    said = retraining.outcome(losses, {nothing: lucky, everything: curve}, 3, of_seeds(1, 200, 300, 4, 2))
    assert "against starting from scratch: **a tie** (5.0 ± 39.1 nats better, 5 seeds)" in said
    one = {name: {0: loss} for name, loss in losses.items()}
    said = retraining.outcome(losses, {nothing: lucky, everything: curve}, 3, one)
    assert "**5.0 nats better** (one seed alone, which may be luck)" in said
    above = [{**line, "kl": 5.1} for line in curve]
    del losses[longer]
    said = retraining.outcome(losses, {nothing: curve, everything: above}, 3, one)
    assert "(one seed alone, which may be luck). To leave" in said and "But the AE" not in said


def test_a_run_that_would_be_too_long_is_left_out():
    assert retraining.LONGER not in retraining._runs(AE, 198, 0)
    assert retraining._runs(AE, 197, 0)[retraining.LONGER].epochs == 200


def test_the_button_trains_all_that_is_compared_from_an_ae_of_ones_own(visit, lab, read_anew):
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
    wait_for(lambda: all(lab.metrics(config.run_id) for config in configs))
    read_anew()
    app.run()
    assert not app.exception
    losses = [lab.metrics(config.run_id)["test"]["negative_elbo"] for config in configs]
    assert "−ELBO of the test digits" in app.info[0].value
    assert all(f"**{loss:.1f}**" in app.info[0].value for loss in losses)
    for curve, config in zip(curves(app), configs, strict=False):
        history = lab.history(config.run_id)
        assert curve["y"] == pytest.approx([line["reconstruction"] + line["kl"] for line in history])
    names = ["A VAE from scratch", "Everything is trained", "The encoder only", "The two heads only"]
    assert [curve["name"] for curve in curves(app)] == names
    assert [button.label for button in app.button if "again" in button.label] == ["Train again (seed 1)"]
    vae = dataclasses.replace(ae.converted("encoder"), epochs=2)
    space = visit("latent_space", run=vae.run_id)  # beside the AE that it was, whose epochs it has not
    assert not space.warning and space.selectbox(key="run").value == vae.run_id
    assert sent(space, "latent_space")["parcels"]["ae"] == model_parcel(lab, ae.run_id)


def test_garbage_in_the_address_is_said_and_the_default_is_shown(shown):
    app = shown("conversion", ae="ae-2d-0123456789ab", eps_draw="1.5", **SHOWN | {"predict_objective": "42"})
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
    app.switch_page("pages/home/home.py").run()
    app.switch_page("pages/conversion/conversion.py").run()
    assert app.selectbox(key="ae").value == ten
    app.selectbox(key="ae").set_value(AE.run_id).run()
    assert not app.info and not app.get("plotly_chart")


def test_runs_have_names_that_tell_them_apart(shown):
    options = shown("latent_space").selectbox(key="run").options
    assert len(set(options)) == len(options)
    for part in ("all of it", "only its encoder", "only its heads"):
        assert f"2-D · 3 epochs · seed 0 · a converted AE (3 epochs, seed 0), {part} trained" in options


def test_runs_that_a_description_cannot_tell_apart_have_their_ids_in_their_names(visit, monkeypatch):
    monkeypatch.setattr(in_words, "describe", lambda config: "alike")
    options = visit("latent_space").selectbox(key="run").options
    assert f"alike · {RunConfig().run_id}" in options and len(set(options)) == len(options)


@pytest.mark.parametrize("predicted, is_there", [(None, False), ("42", False), ("Less than 3 nats", True)])
def test_the_table_keeps_the_kl_to_itself_until_it_was_predicted(shown, predicted, is_there):
    parameters = {"predict_structure": "Just show me"} | ({"predict_objective": predicted} if predicted else {})
    assert ("| KL |" in words(shown("conversion", **parameters))) == is_there


def test_an_ae_that_learned_nothing_falls_apart_and_says_so(visit, monkeypatch):
    monkeypatch.setattr(conversion, "mean_image_loss", lambda *_: 100.0)
    app = visit("conversion", predict_structure=conversion.BREAK)
    assert app.success and "the codes of this AE were worth nothing before" in app.success[0].value
