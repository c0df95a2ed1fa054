"""The latent walk: the ranges of its sliders, and the GIFs of its ways."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from pages.ui import runs as ui
from pages.ui import walking
from vae import data
from vae.config import RunConfig
from vae.latent import decode_all

VAE = RunConfig()
TEN = RunConfig(latent_dim=10)


def sent(app) -> dict:
    [walk] = [json.loads(c.proto.json) for c in app.get("bidi_component") if c.proto.component_name == "walk"]
    return walk


def test_the_sliders_go_where_98_percent_of_the_codes_are_and_to_3_sigma_of_the_prior(visit, lab):
    ranges = sent(visit("walk", run=TEN.run_id))["ranges"]
    assert ranges["vae"] == [[-3.0, 3.0]] * 10
    codes = lab.model(TEN.autoencoder.run_id).encode(data.load("mnist", "test").images).detach().numpy()
    np.testing.assert_allclose(ranges["ae"], np.percentile(codes, [1, 99], axis=0).T, rtol=1e-3, atol=1e-3)


def test_each_slider_is_labelled_with_the_kl_of_its_dimension(visit, lab):
    assert sent(visit("walk", run=TEN.run_id))["kl"] == lab.metrics(TEN.run_id)["test"]["kl_per_dimension"]


@pytest.mark.parametrize("name, value", [("x2", "10000"), ("z_ae", "a"), ("z_vae", "1,,2"), ("x", "own-")])
def test_garbage_in_the_address_is_said_and_left_out(visit, name, value):
    app = visit("walk", **{name: value})
    assert not app.exception
    assert app.warning[0].value.startswith(f"{name} = `{value}` in the address is not allowed")
    assert sent(app)["given"] == {}


@pytest.fixture
def pair(visit):
    """Both trained halves, on a server that has started."""
    visit("home")
    return ui.trained(VAE.autoencoder.run_id), ui.trained(VAE.run_id)


def test_a_gif_shows_what_both_decoders_make_of_a_way_there_and_back(pair):
    way = [{"ae": [0, t], "vae": [t, 0]} for t in (-1, 0, 1, 2)]  # as JSON has whole numbers
    gif = Image.open(io.BytesIO(walking.way_as_gif(*pair, way)))
    assert gif.n_frames == 6 and gif.info["loop"] == 0
    for index, step in enumerate([0, 1, 2, 3, 2, 1]):
        gif.seek(index)
        frame = np.array(gif.convert("L")).astype(float)
        for half, left in zip(pair, (0, 28 * walking.ZOOM + 2)):
            z = torch.tensor([way[step][half.config.model]]).float()
            expected = decode_all(half.model, z).numpy().reshape(28, 28) * 255
            shown = frame[: 28 * walking.ZOOM : walking.ZOOM, left : left + 28 * walking.ZOOM : walking.ZOOM]
            assert np.abs(shown - expected).max() <= 4  # a GIF has 256 colours


CODE = {"ae": [0.0, 0.0], "vae": [0.0, 0.0]}
BAD_WAYS = {
    "none": [],
    "one frame": [CODE],
    "too many": [CODE] * 101,
    "no list": "way",
    "half a frame": [CODE, {"ae": [0.0, 0.0]}],
    "wrong size": [CODE, {**CODE, "vae": [0.0]}],
    "not finite": [CODE, {**CODE, "vae": [0.0, float("nan")]}],
    "huge": [CODE, {**CODE, "vae": [0, 10**400]}],
    "truth": [CODE, {**CODE, "vae": [True, False]}],
    "words": [CODE, {**CODE, "ae": ["a", "b"]}],
}


@pytest.mark.parametrize("way", BAD_WAYS.values(), ids=BAD_WAYS)
def test_what_is_no_way_is_refused_in_words(pair, way):
    with pytest.raises(ValueError, match="2 to 100 frames of 2 numbers from"):
        walking.way_as_gif(*pair, way)
