"""The latent space page: what its address, its draw and its damaged runs make of it."""

import gzip
import json
import re

import pytest
import torch

from pages.ui import bottleneck
from pages.ui import runs as ui
from vae import data
from vae.config import RunConfig
from vae.latent import prior_samples
from vae.losses import reconstruction_loss
from vae.models import encode_parameters

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
    return re.findall('src="(.*?)"', app.get("html")[-1].proto.body)


def parcel(app, name: str) -> bytes:
    """The content of a parcel that the page sends to the browser."""
    sent = [c.proto.bytes.split(b"\n", 1) for c in app.get("bidi_component") if c.proto.component_name == "parcel"]
    return gzip.decompress(dict(sent)[name.encode()])


def plane(app) -> dict:
    """What the page sends to its component of both planes."""
    [sent] = [json.loads(c.proto.json) for c in app.get("bidi_component") if c.proto.component_name == "latent_space"]
    return sent


def test_the_smallest_pair_is_shown_first(visit, lab):
    sent = plane(visit("latent_space"))
    assert (sent["latentDim"], sent["dims"]) == (2, [0, 1])
    assert sent["parcels"]["vae"] == f"model {lab.metrics(VAE.run_id)['model_sha256']}"
    assert sent["parcels"]["ae"] == f"model {lab.metrics(VAE.autoencoder.run_id)['model_sha256']}"


def test_the_codes_that_are_sent_are_those_of_the_encoders(visit, lab):
    app = visit("latent_space")
    images = data.load("mnist", "test").images
    for half, rows in ((VAE.autoencoder, 2), (VAE, 4)):
        sent = parcel(app, plane(app)["parcels"][f"codes_{half.model}"])
        codes = torch.frombuffer(bytearray(sent), dtype=torch.float32).reshape(rows, -1)
        mu, log_sigma = encode_parameters(lab.model(half.run_id), images[:50])
        assert torch.allclose(codes[:2, :50].T, mu, atol=1e-5)
        assert log_sigma is None or torch.allclose(codes[2:, :50].T, log_sigma.exp(), rtol=1e-4)


def test_the_hard_digits_lose_more_than_any_other(visit, lab):
    hard = plane(visit("latent_space"))["hard"]
    model, x = lab.model(VAE.run_id), data.load("mnist", "test").images
    with torch.no_grad():
        losses = reconstruction_loss(model.decode(model.encode(x)[0]), x, "bernoulli")
    assert set(hard) == set(losses.topk(len(hard)).indices.tolist())


def test_each_draw_has_samples_of_its_own_and_always_the_same(visit):
    app = visit("latent_space")
    first = samples(app)
    again = samples(app.button[0].click().run())
    assert app.number_input(key="draw").value == 1
    assert not set(first) & set(again)
    assert samples(visit("latent_space", draw=1)) == again


GOOD = {"x": "4711", "z": "0.5,-1.25", "layers": "grid,holes"}
BAD = {
    "x": ["10000", "-1", "abc", "²", "", "own-abc"],
    "z": ["1_0,2", "nan,0", "1e9", "a,b", "", ",".join("0" * 33)],
    "layers": ["code", "codes,codex", ""],
}


def test_what_the_address_says_reaches_the_planes(visit):
    app = visit("latent_space", **GOOD)
    assert not app.warning
    assert plane(app)["given"] == GOOD


@pytest.mark.parametrize("name, value", [(name, value) for name, values in BAD.items() for value in values])
def test_garbage_in_the_address_is_said_and_left_out(visit, name, value):
    app = visit("latent_space", **GOOD | {name: value})
    assert not app.exception
    assert app.warning[0].value.startswith(f"{name} = `{value[:40]}")
    assert plane(app)["given"] == {key: good for key, good in GOOD.items() if key != name}


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


def test_ten_dimensions_are_seen_two_at_a_time(visit, lab):
    app = visit("latent_space", run=TEN.run_id)
    kl = lab.metrics(TEN.run_id)["test"]["kl_per_dimension"]
    i, j = sorted(sorted(range(10), key=lambda d: kl[d])[-2:])  # at first those with the largest KL
    assert plane(app)["dims"] == [i, j]
    app.selectbox(key="across").set_value(1).run()
    assert not app.exception
    assert (plane(app)["latentDim"], plane(app)["dims"]) == (10, [0, j])


@pytest.mark.parametrize("name", ["model.safetensors", "snapshots/64.safetensors", "history.jsonl", "config.json"])
@pytest.mark.parametrize("half", [VAE, VAE.autoencoder], ids=["vae", "ae"])
def test_a_damaged_run_is_set_aside_and_never_shown(visit, damage, lab, half, name):
    damage(half.run_id, name)
    app = visit("latent_space")
    assert not app.exception
    assert lab.damage_reports(half.run_id) or app.selectbox(key="run").value != VAE.run_id


def test_a_draw_with_thousands_of_digits_is_said_not_computed(visit):
    app = visit("latent_space", draw="9" * 5_000)
    assert not app.exception
    assert app.warning[0].value.startswith("draw = `999")


def said(app) -> str:
    """All words of the page."""
    return " ".join(markdown.value for markdown in app.markdown)


@torch.no_grad()
def all_codes(lab, config: RunConfig) -> torch.Tensor:
    """The codes (mu, of a VAE) of all test digits."""
    return encode_parameters(lab.model(config.run_id), data.load("mnist", "test").images)[0]


@pytest.mark.parametrize("choice", LEFT)
def test_every_activation_shows_its_run_beside_the_vae(visit, lab, choice):
    app = visit("latent_space", left=choice)
    assert not app.warning and app.segmented_control[0].options == list(LEFT)
    for half, config in (("ae", LEFT[choice]), ("vae", VAE)):
        assert plane(app)["parcels"][half] == f"model {lab.metrics(config.run_id)['model_sha256']}"
    name = {"f = identity": "AE", "g = ReLU": "VAE, g = ReLU"}.get(choice, f"AE, {choice}")
    assert plane(app)["names"] == {"ae": name, "vae": "VAE"}
    assert f"{name}: z from N(0, I)" in app.get("html")[-1].proto.body


@pytest.mark.parametrize("choice, low, high", [("f = sigmoid", 0, 1), ("f = tanh", -1, 1)])
def test_codes_between_two_bounds_fill_a_square_that_is_seen(visit, lab, choice, low, high):
    z, app = all_codes(lab, LEFT[choice]), visit("latent_space", left=choice, shared_axes="true")
    assert z.shape == (10_000, 2) and low <= z.min() and z.max() <= high
    edges = ((z - low < 0.05) | (high - z < 0.05)).sum(1)
    assert f"{(edges > 0).sum():,} are within 0.05 of an edge, {(edges == 2).sum():,} in a corner" in said(app)
    assert plane(app)["limits"] == {"ae": 3, "vae": 3}
    assert plane(visit("latent_space", left=choice))["limits"] == {"ae": 1.2, "vae": 3}


@pytest.mark.parametrize("choice", ["f = ReLU", "g = ReLU"])
def test_codes_behind_a_relu_are_never_negative_and_the_zeros_are_counted(visit, lab, choice):
    mu, app = all_codes(lab, LEFT[choice]), visit("latent_space", left=choice)
    zeros = (mu == 0).sum(0).tolist()
    assert mu.min() == 0
    assert f"₁* is exactly 0 for {zeros[0]:,} of the 10,000 digits" in said(app) and f"₂* for {zeros[1]:,}" in said(app)
    dead = zeros.count(10_000)
    assert ("no unit is dead" if dead == 0 else f"{dead} of 2 units is dead") in said(app)
    outside = (prior_samples(16, 2, 0) < 0).any(1).sum()
    assert f"{outside} of these 16 draws from N(0, I) are where *{choice}* can put no" in said(app)


@torch.no_grad()
def test_what_a_relu_does_to_a_vae_is_said_beside_the_one_without(visit, lab):
    words, config = said(visit("latent_space", left="g = ReLU")), LEFT["g = ReLU"]
    own, other = (lab.metrics(run.run_id)["test"]["negative_elbo"] for run in (config, VAE))
    assert f"**{own:.1f}** nats, against {other:.1f} on the right" in words
    mu, log_sigma = lab.model(config.run_id).encode(data.load("mnist", "test").images)
    expected = torch.special.ndtr(-mu / log_sigma.exp()).sum(0)  # of 10,000 draws, give or take five deviations
    counted = re.search(r"\*z₁\* is below 0 for ([\d,]+) of the 10,000 digits, \*z₂\* for ([\d,]+)", words).groups()
    assert [float(count.replace(",", "")) for count in counted] == pytest.approx(expected.tolist(), abs=5 * 50)


@pytest.mark.parametrize(
    "zeros, words",
    [
        ([0, 3, 0], "for 0 to 3 of the 10,000 digits; no unit is dead"),
        ([9, 3, 0], "**1 of 3 units is dead**; the 1.0 nats of KL there"),
        ([9, 9, 0], "**2 of 3 units are dead**; the 3.0 nats of KL there"),
    ],
)
def test_the_words_on_dead_units_follow_what_was_counted(zeros, words):
    run = ui.Trained(RunConfig(latent_dim=3, bottleneck="relu"), None, {"test": {"kl_per_dimension": [1.0, 2.0, 4.0]}})
    assert words in bottleneck._zeros_in_words(run, {"count": 9, "zeros": zeros})


@pytest.mark.parametrize("run, left", [(VAE, "nonsense"), (TEN, "f = sigmoid")])
def test_what_cannot_stand_on_the_left_is_said_and_the_own_ae_shown(visit, lab, run, left):
    app = visit("latent_space", run=run.run_id, left=left)
    assert not app.exception
    assert app.warning[0].value.startswith(f"left = `{left}` in the address is not here")
    assert plane(app)["parcels"]["ae"] == f"model {lab.metrics(run.autoencoder.run_id)['model_sha256']}"
    assert "left" not in app.query_params


def test_the_left_follows_to_a_pair_that_has_it_and_is_left_behind_by_one_that_has_not(visit):
    app = visit("latent_space")
    app.segmented_control[0].set_value("f = tanh").run()
    assert app.query_params["left"] == "f = tanh"
    app.selectbox(key="run").set_value(LEFT["g = ReLU"].run_id).run()
    assert not app.warning and plane(app)["names"] == {"ae": "AE, f = tanh", "vae": "VAE, g = ReLU"}
    app.selectbox(key="run").set_value(TEN.run_id).run()
    assert not app.exception and plane(app)["names"] == {"ae": "AE", "vae": "VAE"}
