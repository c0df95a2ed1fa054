"""The walk through the latent space, slider by slider."""

import re
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image, ImageSequence
from playwright.sync_api import Page, expect

from tests.browser.parcels import levels
from vae.config import RunConfig

SHOT = "canvas => canvas.toDataURL()"
INTERPOLATED = """async ([way, a, b, t]) => {
  const { straight, spherical } = await import("./walk/walk.js");
  return Array.from({ straight, spherical }[way](Float32Array.from(a), Float32Array.from(b), t));
}"""


def opened(visit, address: str = "", **options) -> Page:
    page = visit(f"/walk{address}", **options)
    expect(page.locator(".walk .reading")).to_contain_text("VAE z =")
    return page


def now(page: Page) -> list[str]:
    return [page.locator(f".now canvas.{half}").evaluate(SHOT) for half in ("ae", "vae")]


def test_a_link_shows_the_same_walk_and_the_way_becomes_a_gif_of_it(visit):
    page = opened(visit, "?x=3&x2=8")
    page.get_by_role("slider", name="VAE: dimension 1").fill("3")
    ae = page.get_by_role("slider", name="AE: dimension 1").first
    assert float(ae.input_value()) == pytest.approx(float(ae.get_attribute("max")), abs=1e-3)  # the same share
    expect(page).to_have_url(re.compile("z_vae=3%2C"))
    page.get_by_label("on a sphere").check()
    page.get_by_role("button", name="half-way between them").click()
    z = page.locator(".walk").evaluate("root => root.view.address.state.z_vae")
    expect(page).to_have_url(re.compile(f"z_vae={re.escape(quote(z))}"))
    other = opened(visit, page.url.split("/walk")[1])
    assert now(other) == now(page)
    expect(other.get_by_label("on a sphere")).to_be_checked()
    ways = [one.locator(".way-strip .vae").evaluate(SHOT) for one in (page, other)]
    assert ways[0] == ways[1]

    page.get_by_label("on a sphere").uncheck()
    link = page.get_by_role("link", name="Download the GIF")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Save this way as GIF").click()
    with page.expect_download() as download:
        link.click()
    assert download.value.url.startswith("blob:")  # any server can have made it
    gif = frames(download.value.path())
    assert len(gif) == 2 * 22 - 2
    for way_back in range(1, 21):  # there and back
        np.testing.assert_array_equal(gif[22 + 20 - way_back], gif[way_back])
    for frame, name in ((0, "the first digit"), (21, "the second digit")):
        page.get_by_role("button", name=name).click()
        for half, left in (("ae", 0), ("vae", 170)):
            shown = gif[frame][3::6, left + 3 : left + 168 : 6]  # six pixels of the GIF are one
            assert np.abs(shown - levels(page, f".now canvas.{half}")).max() <= 3, (name, half)
    page.get_by_label("on a sphere").check()
    expect(link).to_be_hidden()  # it is of another way


def test_the_pages_icon_comes_with_the_page(visit):
    icon = opened(visit, "").locator("link[rel~=icon]").first
    expect(icon).to_have_attribute("href", re.compile("^data:image/png;base64,"))
    assert icon.evaluate("({ href }) => fetch(href).then(icon => icon.blob()).then(({ size }) => size)") > 1_000


def frames(path) -> list[np.ndarray]:
    """A GIF's pictures, their levels from 0 to 255."""
    with Image.open(path) as gif:
        return [np.array(frame.convert("L"), np.float64) for frame in ImageSequence.Iterator(gif)]


def test_a_dimension_without_kl_does_nothing(visit, server):
    ten = RunConfig(latent_dim=10)
    kl = server.store.metrics(ten.run_id)["test"]["kl_per_dimension"]
    page = opened(visit, f"?run={ten.run_id}")
    page.locator(".others summary").click()

    def moved(dimension: int) -> float:
        words = page.locator(f".side.vae:has(input[aria-label='VAE: dimension {dimension + 1}']) span")
        expect(words).to_contain_text("moves pixels")
        return float(re.search(r"moves pixels by ([\d.]+) %", words.text_content())[1])

    assert moved(int(np.argmin(kl))) < 0.25 * moved(int(np.argmax(kl)))
    first = page.locator(".dimension h4").first.text_content()
    assert first == "z" + "".join("₀₁₂₃₄₅₆₇₈₉"[int(c)] for c in str(int(np.argmax(kl)) + 1))


def test_ways_begin_and_end_at_the_digits_and_a_sphere_keeps_the_radius(modules):
    generator = np.random.default_rng(0)
    for _ in range(20):
        a, b = generator.normal(size=(2, 5)).tolist()
        for way in ("straight", "spherical"):
            for t, end in ((0, a), (1, b)):
                np.testing.assert_allclose(modules.evaluate(INTERPOLATED, [way, a, b, t]), end, atol=1e-5)
        middle = np.array(modules.evaluate(INTERPOLATED, ["spherical", a, b, 0.5]))
        np.testing.assert_allclose(np.linalg.norm(middle), (np.linalg.norm(a) + np.linalg.norm(b)) / 2, rtol=1e-4)
        np.testing.assert_allclose(
            modules.evaluate(INTERPOLATED, ["straight", a, b, 0.5]), (np.array(a) + b) / 2, atol=1e-5
        )
    a = [1.0, 2.0]
    np.testing.assert_allclose(modules.evaluate(INTERPOLATED, ["spherical", a, a, 0.3]), a, atol=1e-6)
    np.testing.assert_allclose(modules.evaluate(INTERPOLATED, ["spherical", [0.0, 0.0], a, 0.5]), [0.5, 1.0], atol=1e-6)
