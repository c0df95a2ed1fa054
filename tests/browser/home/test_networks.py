"""The picture of the two networks, number by number, against torch."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from pages.home.networks import _picture
from tests.browser import parcels
from tests.browser.parcels import TEN, code, decoded, levels, normals

X = 11


@pytest.fixture
def networks(mounted):
    """Twelve passes of a digit."""
    data = {"hard": [3], "given": {"x": str(X), "passes": "12"}}
    return mounted("networks", data, {**parcels.digits(), **parcels.pair(TEN)}, html=_picture())


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


def said(page, name: str) -> list[float]:
    return numbers(page.locator(f"svg .{name}").first.text_content())


def pictured(page, name: str) -> np.ndarray:
    """A digit of the drawing: levels (28, 28)."""
    [uri, *others] = {image.get_attribute("href") for image in page.locator(f"svg image.{name}").all()}
    assert not others
    return np.array(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).convert("L"), np.float64)


def test_z_is_mu_plus_sigma_eps_of_the_latest_pass_and_what_comes_of_it_is_the_decoders(networks):
    ae, _ = code(TEN.autoencoder, X)
    mu, sigma = code(TEN, X)
    for passes in (12, 13):
        eps = normals(networks, passes, 10)
        for name, expected in {"ae_z": ae, "mu": mu, "sigma": sigma, "eps": eps, "vae_z": mu + sigma * eps}.items():
            assert said(networks, name) == pytest.approx(expected[:4], abs=0.0051), name
        np.testing.assert_allclose(pictured(networks, "vae_x_hat"), decoded(TEN, mu + sigma * eps), atol=1)
        networks.get_by_role("button", name="Pass it through again").click()
    np.testing.assert_allclose(pictured(networks, "ae_x_hat"), decoded(TEN.autoencoder, ae), atol=1)
    np.testing.assert_allclose(pictured(networks, "x"), parcels.images(X).reshape(28, 28) * 255, atol=0.51)
    kl = 0.5 * (mu**2 + sigma**2 - 2 * np.log(sigma) - 1).sum()
    assert said(networks, "kl") == pytest.approx([kl], abs=0.051)


def test_the_latest_eight_passes_stay_in_their_order(networks):
    networks.get_by_role("button", name="Pass it through again").click()
    mu, sigma = code(TEN, X)
    zs = [mu + sigma * normals(networks, number, 10) for number in range(6, 14)]
    np.testing.assert_allclose(levels(networks, ".pass.vae canvas"), decoded(TEN, *zs), atol=1)
    captions = networks.locator(".pass.vae span").all_text_contents()
    np.testing.assert_allclose([numbers(caption) for caption in captions], np.array(zs)[:, :4], atol=0.0051)
    ae, _ = code(TEN.autoencoder, X)
    np.testing.assert_allclose(levels(networks, ".pass.ae canvas"), decoded(TEN.autoencoder, *[ae] * 8), atol=1)
    np.testing.assert_allclose(
        levels(networks, ".pass.x canvas"), np.tile(parcels.images(X).reshape(28, 28) * 255, 8), atol=0.51
    )
    assert "13 passes of the same digit" in networks.locator(".count").text_content()
