"""The latent space page: what its address, its draw and its damaged runs make of it."""

import gzip
import json
import re

import pytest
import torch

from vae import data
from vae.config import RunConfig
from vae.losses import reconstruction_loss
from vae.models import encode_parameters

VAE = RunConfig()
TEN = RunConfig(latent_dim=10)


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
