"""The picture of the two networks, number by number, against torch."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import binary_cross_entropy_with_logits

from pages.home.networks import _picture
from tests.browser import parcels
from tests.browser.parcels import TEN, code, decoded, levels, normals

X = 11


@pytest.fixture
def networks(mounted):
    """Twelve passes of a digit."""
    data = {"hard": "hard", "given": {"x": str(X), "passes": "12"}}
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
    assert networks.locator(".passes li").count() == 8
    captions = networks.locator(".passes li span").all_text_contents()
    np.testing.assert_allclose([numbers(caption) for caption in captions], np.array(zs)[:, :2], atol=0.0051)
    ae, _ = code(TEN.autoencoder, X)
    for place, z in enumerate(zs, 1):
        own = f".passes li:nth-child({place})"
        np.testing.assert_allclose(levels(networks, f"{own} canvas.vae"), decoded(TEN, z), atol=1)
        np.testing.assert_allclose(levels(networks, f"{own} canvas.ae"), decoded(TEN.autoencoder, ae), atol=1)
        spoken = networks.locator(f"{own} canvas.vae").get_attribute("aria-label")
        assert spoken.startswith(f"pass {5 + place}: the VAE's answer to z = (")
        assert numbers(spoken) == pytest.approx(z[:4], abs=0.0051)
    assert "13 passes of the same digit" in networks.locator(".count").text_content()


def test_each_node_says_its_numbers_to_who_cannot_see_them(networks):
    eps = normals(networks, 12, 10)
    mu, sigma = code(TEN, X)
    for node, expected in {"mu": mu, "sigma": sigma, "eps": eps, "z": mu + sigma * eps}.items():
        spoken = networks.locator(f".node[data-node={node}]").last.get_attribute("aria-label")
        assert " of the VAE: " in spoken and numbers(spoken) == pytest.approx(expected[:4], abs=0.0051)
    kl = 0.5 * (mu**2 + sigma**2 - 2 * np.log(sigma) - 1).sum()
    spoken = networks.locator(".node[data-node=kl]").get_attribute("aria-label")
    assert numbers(spoken) == pytest.approx([kl], abs=0.051)


def opened(page, node: str) -> tuple[str, list[str]]:
    """A node that is clicked on: its title, and what is said of the AE and of the VAE."""
    page.locator(f".node[data-node={node}]").last.click()
    return page.locator(".opened h3").text_content(), page.locator(".both section").all_inner_texts()


def test_every_node_opens_with_this_passes_numbers(networks):
    """Against torch: y, mu, sigma, eps, z, the loss pixel by pixel, and the KL dimension by dimension."""
    image, eps = parcels.images(X), normals(networks, 12, 10)
    (ae, _), (mu, sigma) = code(TEN.autoencoder, X), code(TEN, X)
    expected = {"mu": mu, "sigma": sigma, "eps": eps, "z": mu + sigma * eps}
    for node, values in expected.items():
        _, (of_ae, of_vae) = opened(networks, node)
        lines = [numbers(line) for line in of_vae.splitlines() if "=" in line]
        assert [line[-1] for line in lines] == pytest.approx(values, abs=0.0051), node
        if node == "z":
            assert [numbers(line)[-1] for line in of_ae.splitlines() if "=" in line] == pytest.approx(ae, abs=0.0051)
            assert [line[:3] for line in lines] == pytest.approx(np.array([mu, sigma, eps]).T, abs=0.0051)
        else:
            assert "An AE has none." in of_ae
    terms = 0.5 * (mu**2 + sigma**2 - 2 * np.log(sigma) - 1)
    _, (of_ae, of_vae) = opened(networks, "kl")
    assert [numbers(line)[-1] for line in of_vae.splitlines() if "½" in line] == pytest.approx(terms, abs=0.0051)
    assert f"sum: {terms.sum():.2f} nats" in of_vae and "An AE has none." in of_ae
    title, texts = opened(networks, "loss")
    assert "784" in title
    for half, config, z, text in zip(("ae", "vae"), (TEN.autoencoder, TEN), (ae, mu + sigma * eps), texts):
        with torch.no_grad():
            logits = parcels.network(config).decode(torch.tensor(z[None], dtype=torch.float32))
            summands = binary_cross_entropy_with_logits(logits, image, reduction="none")[0].numpy()
        assert numbers(text)[-1] == pytest.approx(summands.sum(), abs=0.02)
        shown = levels(networks, f".both .{half} canvas >> nth=1")
        np.testing.assert_allclose(shown.ravel(), 255 * summands / summands.max(), atol=1)
    _, texts = opened(networks, "y")
    for config, text, half in zip((TEN.autoencoder, TEN), texts, ("ae", "vae")):
        with torch.no_grad():
            y = parcels.network(config).trunk(image)[0].numpy()
        assert numbers(text) == pytest.approx([y.min(), y.max()], abs=0.0051)
        units = levels(networks, f".both .{half} canvas")[0]
        np.testing.assert_allclose(units, 255 * (y - y.min()) / (y.max() - y.min()), atol=1)


def test_an_opened_node_follows_the_next_pass_and_closes_by_click_key_and_cross(networks):
    _, (_, before) = opened(networks, "eps")
    networks.get_by_role("button", name="Pass it through again").click()
    after = networks.locator(".both .vae").inner_text()
    found = [numbers(line)[-1] for line in after.splitlines() if "=" in line]
    assert found == pytest.approx(normals(networks, 13, 10), abs=0.0051) and after != before
    panel = networks.locator(".opened")
    networks.locator(".node[data-node=eps]").press("Enter")
    assert panel.is_hidden()
    networks.locator(".node[data-node=x]").first.press(" ")
    assert panel.is_visible() and networks.locator(".both canvas").count() == 2
    networks.get_by_role("button", name="Close").click()
    assert panel.is_hidden()
