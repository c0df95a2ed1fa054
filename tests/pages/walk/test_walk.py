"""The latent walk: the ranges of its sliders, and the GIFs of its ways."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from pages.shared import lab as ui
from pages.shared.address import SENT
from pages.walk import walking
from tests.pages.seen import kl_of, model_parcel, sent
from vae.config import RunConfig

VAE = RunConfig()
TEN = RunConfig(latent_dim=10)


def test_the_sliders_go_where_98_percent_of_the_codes_are_and_to_3_sigma_of_the_prior(shown, stored, q_of):
    content = sent(shown("walk", run=TEN.run_id), "walk")
    assert content["latentDim"] == 10 and content["ranges"]["vae"] == [[-3.0, 3.0]] * 10
    codes = q_of(TEN.autoencoder.run_id)[0].numpy()
    np.testing.assert_allclose(content["ranges"]["ae"], np.percentile(codes, [1, 99], axis=0).T, rtol=1e-3, atol=1e-3)
    for half, config in (("ae", TEN.autoencoder), ("vae", TEN)):
        assert content["parcels"][half] == model_parcel(stored, config.run_id)


def test_each_slider_is_labelled_with_the_kl_of_its_dimension(shown, q_of):
    kl = kl_of(*q_of(TEN.run_id)).mean(0)
    assert sent(shown("walk", run=TEN.run_id), "walk")["kl"] == pytest.approx(kl.tolist(), abs=1e-3)


@pytest.fixture
def pair(visit):
    """Both trained halves, on a server that has started."""
    visit("home")
    return ui.trained(VAE.autoencoder.run_id), ui.trained(VAE.run_id)


@torch.no_grad()
def test_a_gif_shows_what_both_decoders_make_of_a_way_there_and_back(pair):
    way = [{"ae": [0, t], "vae": [t, 0]} for t in (-1, 0, 1, 2)]  # as JSON has whole numbers
    gif = Image.open(io.BytesIO(walking.way_as_gif(*pair, way)))
    assert gif.n_frames == 6 and gif.info["loop"] == 0
    for index, step in enumerate([0, 1, 2, 3, 2, 1]):
        gif.seek(index)
        assert gif.info["duration"] == 80
        frame = np.array(gif.convert("L")).astype(float)
        for half, left in zip(pair, (0, 28 * walking.ZOOM + 2)):
            z = torch.tensor([way[step][half.config.model]]).float()
            expected = half.model.decode(z).sigmoid().numpy().reshape(28, 28) * 255
            shown = frame[: 28 * walking.ZOOM : walking.ZOOM, left : left + 28 * walking.ZOOM : walking.ZOOM]
            assert np.abs(shown - expected).max() <= 4  # a GIF has 256 colours


def test_codes_of_other_dimensions_are_refused_in_words(pair):
    code = {"ae": [0.0, 0.0], "vae": [0.0, 0.0]}
    for other in ([0.0], [0.0] * 3):
        with pytest.raises(ValueError, match="its codes have not 2 numbers"):
            walking.way_as_gif(*pair, [code, {**code, "vae": other}])


def test_a_code_at_the_ends_of_what_is_allowed_is_a_code(pair):
    way = [{"ae": [0, 0], "vae": [0, 0]}, {"ae": [10_000, -10_000.0], "vae": [0, 0]}]
    assert SENT["gif"].allows(way) and not SENT["gif"].allows([way[0], {"ae": [-10_000.1, 0], "vae": [0, 0]}])
    assert Image.open(io.BytesIO(walking.way_as_gif(*pair, way))).n_frames == 2
