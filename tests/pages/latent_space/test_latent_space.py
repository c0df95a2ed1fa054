"""The latent space page: what its address, its draw and its damaged runs make of it."""

import re

import numpy as np
import pytest
import torch

from pages.shared import bottleneck
from pages.shared.trained import Trained
from tests.pages.seen import kl_of, model_parcel, numbers_of, sent, strips, unlinked
from vae.config import RunConfig
from vae.measures.latent import prior_samples

VAE = RunConfig()
TEN = RunConfig(latent_dim=10)
LEFT = {
    "f = identity": VAE.autoencoder,
    "f = sigmoid": RunConfig(model="ae", bottleneck="sigmoid"),
    "f = tanh": RunConfig(model="ae", bottleneck="tanh"),
    "f = ReLU": RunConfig(model="ae", bottleneck="relu"),
    "g = ReLU": RunConfig(bottleneck="relu"),
}


def samples(app) -> list[str]:
    """The pictures of the three rows of fresh samples."""
    return re.findall('src="(.*?)"', " ".join(html.proto.body for html in app.get("html")))


def plane(app) -> dict:
    """What the page sends to its component of both planes."""
    return sent(app, "latent_space")


def test_the_smallest_pair_is_shown_first(shown, stored):
    content = plane(shown("latent_space"))
    assert (content["latentDim"], content["dims"]) == (2, [0, 1])
    assert content["parcels"]["vae"] == model_parcel(stored, VAE.run_id)
    assert content["parcels"]["ae"] == model_parcel(stored, VAE.autoencoder.run_id)


def test_the_captions_say_what_both_are_worth_and_how_many_codes_the_axes_leave_out(shown, stored, q_of):
    content = plane(shown("latent_space"))
    ae, vae = (stored.metrics(half.run_id)["test"] for half in (VAE.autoencoder, VAE))
    worth = {
        "ae": f"AE: reconstruction {ae['reconstruction']:.1f} nats",
        "vae": f"VAE: −ELBO {vae['negative_elbo']:.1f} nats = reconstruction {vae['reconstruction']:.1f} "
        f"+ KL {vae['kl']:.1f}",
    }
    for half, config in (("ae", VAE.autoencoder), ("vae", VAE)):
        mu, limit = q_of(config.run_id)[0], content["limits"][half]
        outside = (mu.abs() > limit).any(1).sum()
        assert content["captions"][half] == f"{worth[half]}; {outside:,} of 10,000 codes off the plot"
        reach = max(3.0, np.quantile(mu.abs().numpy(), 0.99))
        assert reach <= limit <= 1.34 * reach


@torch.no_grad()
def test_the_rows_of_fresh_samples_are_decoded_from_the_prior_and_from_the_codes_own_gaussian(shown, stored, q_of):
    rows, z = strips(shown("latent_space", draw=4)), prior_samples(16, 2, 4)
    ae, vae = (stored.model(half.run_id) for half in (VAE.autoencoder, VAE))
    codes = q_of(VAE.autoencoder.run_id)[0].double()
    values, vectors = np.linalg.eigh(np.cov(codes.numpy().T, bias=True))
    signs = [[1, 1], [1, -1], [-1, 1], [-1, -1]]  # an eigenvector's is arbitrary
    fitted = [codes.mean(0) + z.double() @ torch.from_numpy(vectors * np.sqrt(values) * sign).T for sign in signs]
    expected = {
        "VAE: z from N(0, I), its prior": [vae.decode(z).sigmoid()],
        "AE: z from N(0, I)": [ae.decode(z).sigmoid()],
        "AE: z from a Gaussian fitted to its codes": [ae.decode(some.float()).sigmoid() for some in fitted],
    }
    assert list(rows) == list(expected)
    for name, pictures in expected.items():
        assert min(np.abs(rows[name] - picture.numpy()).max() for picture in pictures) < 0.01, name


def test_each_draw_has_samples_of_its_own_and_always_the_same(visit):
    app = visit("latent_space")
    first = samples(app)
    again = samples(app.button[0].click().run())
    assert app.number_input(key="draw").value == 1
    assert not set(first) & set(again)
    assert samples(visit("latent_space", draw=1)) == again


def test_a_run_that_is_none_is_said_and_the_first_pair_shown(visit):
    app = visit("latent_space", run="nonsense")
    assert not app.exception
    assert "run = `nonsense` in the address is not here" in app.warning[0].value
    assert app.selectbox(key="run").value == VAE.run_id


def test_the_address_carries_the_pair_that_was_chosen(visit):
    app = visit("latent_space")
    app.selectbox(key="run").set_value(TEN.run_id).run()
    assert not app.warning
    assert app.query_params["run"] == TEN.run_id
    assert visit("latent_space", run=TEN.run_id).selectbox(key="run").value == TEN.run_id


def test_ten_dimensions_are_seen_two_at_a_time(parcel, visit, q_of):
    app = visit("latent_space", run=TEN.run_id)
    mu, sigma = q_of(TEN.run_id)
    i, j = sorted(kl_of(mu, sigma).mean(0).topk(2).indices.tolist())  # at first those with the largest KL
    assert (app.selectbox(key="across").value, app.selectbox(key="up").value) == (i + 1, j + 1)
    app.selectbox(key="across").set_value(1).run()
    assert not app.exception
    assert (plane(app)["latentDim"], plane(app)["dims"]) == (10, [0, j])
    codes = numbers_of(parcel(plane(app)["parcels"]["codes_vae"])).reshape(4, 10_000)
    assert codes[:2] == pytest.approx(mu[:, [0, j]].T.numpy(), abs=1e-4)
    assert codes[2:] == pytest.approx(sigma[:, [0, j]].T.numpy(), rel=1e-3)
    codes = numbers_of(parcel(plane(app)["parcels"]["codes_ae"])).reshape(2, 10_000)
    assert codes == pytest.approx(q_of(TEN.autoencoder.run_id)[0][:, [0, j]].T.numpy(), abs=1e-4)


@pytest.mark.parametrize("name", ["model.safetensors", "snapshots/64.safetensors", "history.jsonl", "config.json"])
@pytest.mark.parametrize("half", [VAE, VAE.autoencoder], ids=["vae", "ae"])
def test_a_damaged_run_is_set_aside_and_never_shown(visit, damage, lab, half, name):
    damage(half.run_id, name)
    app = visit("latent_space")
    assert not app.exception
    assert lab.damage_reports(half.run_id) or app.selectbox(key="run").value != VAE.run_id


def said(app) -> str:
    """All words of the page."""
    return " ".join(unlinked(markdown.value) for markdown in app.markdown)


@pytest.mark.parametrize("choice", LEFT)
def test_every_activation_shows_its_run_beside_the_vae(shown, stored, q_of, choice):
    app = shown("latent_space", left=choice)
    assert not app.warning and app.segmented_control[0].options == list(LEFT)
    for half, config in (("ae", LEFT[choice]), ("vae", VAE)):
        assert plane(app)["parcels"][half] == model_parcel(stored, config.run_id)
    name = {"f = identity": "AE", "g = ReLU": "VAE, g = ReLU"}.get(choice, f"AE, {choice}")
    assert plane(app)["names"] == {"ae": name, "vae": "VAE"}
    assert any(f"{name}: z from N(0, I)" in strip for strip in strips(app))


def test_what_the_codes_of_an_identity_span_is_said(shown, q_of):
    z = q_of(VAE.autoencoder.run_id)[0]
    least, most = (f"{end.item():.3g}".replace("-", "−") for end in (z.min(), z.max()))
    assert f"nothing bounds *z*.** It goes from {least} to {most}, N(0, I) from" in said(shown("latent_space"))


@pytest.mark.parametrize("choice, low, high", [("f = sigmoid", 0, 1), ("f = tanh", -1, 1)])
def test_codes_between_two_bounds_fill_a_square_that_is_seen(shown, stored, q_of, choice, low, high):
    z, app = q_of(LEFT[choice].run_id)[0], shown("latent_space", left=choice, shared_axes="true")
    assert z.shape == (10_000, 2) and low <= z.min() and z.max() <= high
    edges = ((z - low < 0.05) | (high - z < 0.05)).sum(1)
    assert f"{(edges > 0).sum():,} are within 0.05 of an edge, {(edges == 2).sum():,} in a corner" in said(app)
    assert plane(app)["limits"] == {"ae": 3, "vae": 3}
    assert plane(shown("latent_space", left=choice))["limits"] == {"ae": 1.2, "vae": 3}


@pytest.mark.parametrize("choice", ["f = ReLU", "g = ReLU"])
def test_codes_behind_a_relu_are_never_negative_and_the_zeros_are_counted(shown, stored, q_of, choice):
    mu, app = q_of(LEFT[choice].run_id)[0], shown("latent_space", left=choice)
    zeros = (mu == 0).sum(0).tolist()
    assert mu.min() == 0
    assert f"₁* is exactly 0 for {zeros[0]:,} of the 10,000 digits" in said(app) and f"₂* for {zeros[1]:,}" in said(app)
    dead = zeros.count(10_000)
    assert ("no unit is dead" if dead == 0 else f"{dead} of 2 units is dead") in said(app)
    outside = (prior_samples(16, 2, 0) < 0).any(1).sum()
    assert f"{outside} of these 16 draws from N(0, I) are where *{choice}* can put no" in said(app)


@torch.no_grad()
def test_what_a_relu_does_to_a_vae_is_said_beside_the_one_without(shown, stored, q_of):
    words, config = said(shown("latent_space", left="g = ReLU")), LEFT["g = ReLU"]
    own, other = (stored.metrics(run.run_id)["test"]["negative_elbo"] for run in (config, VAE))
    assert f"**{own:.1f}** nats, against {other:.1f} on the right" in words
    mu, sigma = q_of(config.run_id)
    expected = torch.special.ndtr(-mu / sigma).sum(0)  # of 10,000 draws, give or take five deviations
    counted = re.search(r"\*z₁\* is below 0 for ([\d,]+) of the 10,000 digits, \*z₂\* for ([\d,]+)", words).groups()
    assert [float(count.replace(",", "")) for count in counted] == pytest.approx(expected.tolist(), abs=5 * 50)


@pytest.mark.parametrize(
    "zeros, words",
    [
        ([0, 3, 0], "for 0 to 3 of the 9 digits; no unit is dead"),
        ([9, 3, 0], "**1 of 3 units is dead**; the 1.0 nats of KL there"),
        ([9, 9, 0], "**2 of 3 units are dead**; the 3.0 nats of KL there"),
    ],
)
def test_the_words_on_dead_units_follow_what_was_counted(zeros, words):
    metrics = {"test": {"kl_per_dimension": [1.0, 2.0, 4.0]}}
    run = Trained(RunConfig(latent_dim=3, bottleneck="relu"), "", None, metrics)
    assert words in bottleneck._zeros_in_words(run, {"count": 9, "zeros": zeros})


@pytest.mark.parametrize("run, left", [(VAE, "nonsense"), (TEN, "f = sigmoid")])
def test_what_cannot_stand_on_the_left_is_said_and_the_own_ae_shown(visit, lab, run, left):
    app = visit("latent_space", run=run.run_id, left=left)
    assert not app.exception
    assert app.warning[0].value.startswith(f"left = `{left}` in the address is not here")
    assert plane(app)["parcels"]["ae"] == model_parcel(lab, run.autoencoder.run_id)
    assert "left" not in app.query_params


def test_the_left_follows_to_a_pair_that_has_it_and_is_left_behind_by_one_that_has_not(visit):
    app = visit("latent_space")
    app.segmented_control[0].set_value("f = tanh").run()
    assert app.query_params["left"] == "f = tanh"
    app.selectbox(key="run").set_value(LEFT["g = ReLU"].run_id).run()
    assert not app.warning and plane(app)["names"] == {"ae": "AE, f = tanh", "vae": "VAE, g = ReLU"}
    app.selectbox(key="run").set_value(TEN.run_id).run()
    assert not app.exception and plane(app)["names"] == {"ae": "AE", "vae": "VAE"}
