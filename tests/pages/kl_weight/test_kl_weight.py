"""The KL weight's page: what it sends to the browser, and what it says was measured."""

import re
import statistics
from dataclasses import replace

import numpy as np
import pytest
from torch import Tensor

from tests.pages.seen import kl_of, model_parcel, numbers_of, sent, words
from vae.config import RunConfig
from vae.runs.seeds import SEEDS, recorded
from vae.runs.store import RunStore
from vae.runs.sweep import LADDER, RAMPLESS, ladder
from vae.runs.worker import advance


def ladder_of(app) -> dict:
    """What the page sends to its component."""
    return sent(app, "ladder")


def largest_two(mu: Tensor, sigma: Tensor) -> list[int]:
    """The dimensions with the largest KL, in their order."""
    return sorted(kl_of(mu, sigma).mean(0).topk(2).indices.tolist())


def distance_from_the_prior(mu: Tensor, sigma: Tensor) -> float:
    """The squared MMD of the mixture of N(mu, sigma^2) and N(0, I), kernel exp(-|a - b|^2 / 2d), in closed form.

    The kernel is a Gaussian, and so its mean under two Gaussians is one of their summed variances.
    """
    d = mu.shape[1]

    def kernel(difference: Tensor, width: Tensor) -> Tensor:
        return ((d / width).sqrt() * (-difference.square() / (2 * width)).exp()).prod(-1)

    both = kernel(mu[:, None] - mu, d + sigma[:, None].square() + sigma.square())
    same = (both.sum() - both.diagonal().sum()) / (len(mu) * (len(mu) - 1))
    return (same + (d / (d + 2)) ** (d / 2) - 2 * kernel(mu, d + 1 + sigma.square()).mean()).item()


@pytest.mark.parametrize("latent_dim", LADDER)
def test_every_rung_is_sent_with_the_figures_of_its_run(shown, stored, q_of, latent_dim):
    content = ladder_of(shown("kl_weight", models=f"{latent_dim}-D"))
    assert [rung["weight"] for rung in content["rungs"]] == list(LADDER[latent_dim])
    for rung, config in zip(content["rungs"], ladder(latent_dim)):
        test = stored.metrics(config.run_id)["test"]
        assert rung["id"] == config.run_id and rung["isRung"] and rung["label"] == f"{config.kl_weight:g}"
        assert (rung["kl"], rung["reconstruction"], rung["active"], rung["klPerDimension"]) == (
            test["kl"], test["reconstruction"], test["active_units"], test["kl_per_dimension"],
        )  # fmt: skip
        assert rung["negativeElbo"] == pytest.approx(rung["kl"] + rung["reconstruction"], abs=1e-3)
        assert rung["active"] == (q_of(config.run_id)[0].var(0) > 0.01).sum()
        assert rung["parcel"] == model_parcel(stored, config.run_id)
    points = {point["id"]: point for point in content["points"]}
    assert [run_id for run_id in points if not points[run_id]["isRung"]] == (
        [RAMPLESS.run_id] if latent_dim == 10 else []
    )
    for run_id, point in points.items():
        test = stored.metrics(run_id)["test"]
        assert (point["kl"], point["reconstruction"]) == (test["kl"], test["reconstruction"])
    assert content["reference"] == RunConfig(latent_dim=latent_dim).run_id
    ae_id = RunConfig(latent_dim=latent_dim).autoencoder.run_id
    ae = stored.metrics(ae_id)
    assert content["parcels"]["ae"] == model_parcel(stored, ae_id)
    assert content["ae"]["reconstruction"] == ae["test"]["reconstruction"] and content["ae"]["active"] == latent_dim


@pytest.mark.parametrize("latent_dim", LADDER)
def test_codes_are_shown_on_the_dimensions_with_the_largest_kl_and_what_the_frame_leaves_out_is_said(
    parcel, shown, q_of, latent_dim
):
    app = shown("kl_weight", models=f"{latent_dim}-D")
    content, most = ladder_of(app), 3.0
    for rung in content["rungs"]:
        assert rung["dims"] == largest_two(*q_of(rung["id"]))
        mu, sigma = (part[:2_000, rung["dims"]] for part in q_of(rung["id"]))
        codes = numbers_of(parcel(content["parcels"][f"codes {rung['id']}"])).reshape(4, 2_000)
        assert codes[:2] == pytest.approx(mu.T.numpy(), abs=1e-4)
        assert codes[2:] == pytest.approx(sigma.T.numpy(), rel=1e-3)
        outside = (mu.abs() > content["limit"]).any(1).float().mean().item()
        expected = f"z{rung['dims'][0] + 1} and z{rung['dims'][1] + 1}, " if latent_dim > 2 else ""
        assert rung["where"].startswith(f"{expected}median σ ")
        said = re.search(r"median σ ([\d.e-]+)(?:, (\d+)% outside)?$", rung["where"])
        assert float(said[1]) == pytest.approx(sigma.median().item(), rel=0.05)
        assert (100 * outside if outside > 0.01 else 0.0) == pytest.approx(float(said[2] or 0), abs=0.51)
        if rung["weight"] >= 0.1:
            most = max(most, np.quantile(mu.abs().numpy(), 0.99))
    assert most <= content["limit"] <= 1.34 * most  # 3, 4, 5, 6, 8, 10, ...: the next one of these
    assert content["codes"] == 2_000


@pytest.mark.parametrize("latent_dim", LADDER)
def test_the_distance_from_the_prior_is_that_of_the_aggregate_posterior(shown, q_of, latent_dim):
    content = ladder_of(shown("kl_weight", models=f"{latent_dim}-D"))
    ae = {"id": RunConfig(latent_dim=latent_dim).autoencoder.run_id, **content["ae"]}
    for run in [ae, *content["rungs"]]:
        exact = distance_from_the_prior(*(part[:1_000] for part in q_of(run["id"])))
        # Of 1,000 draws: give or take what chance makes of it, and a little more where the clouds are far apart.
        assert run["mmd"]["value"] == pytest.approx(exact, abs=0.0015, rel=0.02)
        assert -0.001 < run["mmd"]["low"] < 0 < run["mmd"]["high"] < 0.002
    far = [rung["mmd"]["value"] > rung["mmd"]["high"] for rung in content["rungs"]]
    assert far == [latent_dim == 10 or weight < 30 for weight in LADDER[latent_dim]]


@pytest.mark.parametrize("latent_dim", LADDER)
def test_what_was_measured_is_said_in_words(shown, stored, latent_dim):
    app = shown("kl_weight", models=f"{latent_dim}-D")
    first, *_, last = tests = [stored.metrics(config.run_id)["test"] for config in ladder(latent_dim)]
    rungs = ladder_of(app)["rungs"]
    best = min(zip(tests, LADDER[latent_dim]), key=lambda rung: rung[0]["reconstruction"] + rung[0]["kl"])[1]
    closest = min(rungs, key=lambda rung: rung["mmd"]["value"])
    assert (best, closest["weight"]) == (1, max(LADDER[latent_dim]))
    totals = {weight: test["negative_elbo"] for weight, test in zip(LADDER[latent_dim], tests)}
    seeds = [recorded()[replace(RunConfig(latent_dim=latent_dim), seed=seed).run_id] for seed in SEEDS]
    spread = 2 * 2**0.5 * statistics.stdev(test["negative_elbo"] for test in seeds)
    alike = [weight for weight, total in totals.items() if total < totals[1] + spread]
    lowest = f"β = {alike[0]:g} to β = {alike[-1]:g}".replace("to β = ", "to ")
    tie = f"{lowest}, a tie within the ±{spread:.1f} nats by which seeds differ" if len(alike) > 1 else "β = 1"
    told = f", because there they say as good as nothing of x: their KL is {last['kl']:.3f} nats" * (last["kl"] < 0.1)
    mmd = f"{closest['mmd']['value']:.4f}".replace("-", "−")
    assert (
        f"from β = 0 to β = {max(LADDER[latent_dim]):g} the reconstruction loss goes from "
        f"{first['reconstruction']:.1f} to {last['reconstruction']:.1f} nats, the KL from {first['kl']:.1f} to "
        f"{last['kl']:.1f}, the active dimensions from {first['active_units']} to {last['active_units']}. "
        f"−ELBO is lowest at {tie}; the codes are closest to N(0, I) at β = {closest['weight']:g} "
        f"(MMD² {mmd}; up to {closest['mmd']['high']:.4f} is chance){told}."
    ) in words(app)


def test_a_run_that_was_chosen_becomes_a_rung(visit):
    app = visit("kl_weight", models="10-D", chosen=RAMPLESS.run_id)
    content = ladder_of(app)
    assert RAMPLESS.run_id in [rung["id"] for rung in content["rungs"]]
    assert content["given"] == {"chosen": RAMPLESS.run_id}
    assert not app.warning


def test_an_architecture_that_is_none_is_said(visit):
    app = visit("kl_weight", models="3-D")
    assert not app.exception
    assert app.warning[0].value.startswith("models = `3-D` in the address is not allowed: one of 2-D; 10-D")
    assert ladder_of(app)["latentDim"] == 2
    assert "models" not in app.query_params


def test_a_chosen_run_that_is_not_here_is_said(visit):
    app = visit("kl_weight", chosen="vae-2d-0123456789ab")
    assert app.warning[0].value.startswith("chosen = `vae-2d-0123456789ab` in the address is not here")
    app = visit("kl_weight", models="10-D", chosen=ladder(2)[0].run_id)  # of the models that were looked at before
    assert not app.warning and ladder_of(app)["given"] == {}


def test_two_runs_of_one_weight_are_told_apart(visit):
    labels = {
        r["id"]: r["label"] for r in ladder_of(visit("kl_weight", models="10-D", chosen=RAMPLESS.run_id))["rungs"]
    }
    assert labels[RAMPLESS.run_id] == "1, kl_ramp 0.0"
    assert labels[RunConfig(latent_dim=10).run_id] == "1, kl_ramp 0.3"


def test_a_run_that_was_trained_here_joins_the_slider_under_its_name(visit, lab, read_anew):
    own = RunConfig(train_size=1_000, epochs=1, kl_weight=0.5)
    for config in (own.autoencoder, own):
        lab.create(config)
        for _ in advance(config, lab):
            pass
    read_anew()
    rungs = ladder_of(visit("kl_weight"))["rungs"]
    assert [rung["weight"] for rung in rungs] == sorted([*LADDER[2], 0.5])
    labels = {rung["id"]: (rung["label"], rung["isOwn"]) for rung in rungs}
    assert labels.pop(own.run_id) == ("0.5, train_size 1000, epochs 1", True)
    assert all(
        label == f"{config.kl_weight:g}" and not is_own for config, (label, is_own) in zip(ladder(2), labels.values())
    )


def test_a_damaged_rung_is_said_and_set_aside(visit, damage):
    config = ladder(2)[0]
    damage(config.run_id, "model.safetensors")
    app = visit("kl_weight")
    assert not app.exception
    assert f"run {config.run_id} is damaged" in app.error[0].value


def test_a_page_over_an_unpretrained_store_says_what_to_do(visit, lab, monkeypatch):
    monkeypatch.setattr(RunStore, "states", lambda store: {})
    app = visit("kl_weight")
    assert not app.exception
    assert "train some on the page *Collapse*" in app.info[0].value
