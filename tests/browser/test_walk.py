"""The walk through the latent space, slider by slider."""

import io
import re
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.server import wait_for
from vae.config import RunConfig

SHOT = "canvas => canvas.toDataURL()"
INTERPOLATED = """async ([way, a, b, t]) => {
  const { straight, spherical } = await import("/walk.js");
  return Array.from({ straight, spherical }[way](Float32Array.from(a), Float32Array.from(b), t));
}"""


def opened(visit, address: str = "", **options) -> Page:
    page = visit(f"/walk{address}", **options)
    expect(page.locator(".walk .reading")).to_contain_text("VAE z =")
    return page


def now(page: Page) -> list[str]:
    return [page.locator(f".now canvas.{half}").evaluate(SHOT) for half in ("ae", "vae")]


def test_both_decoders_answer_while_a_slider_moves(visit):
    page = opened(visit)
    slider = page.get_by_role("slider", name="VAE: dimension 1")
    seen = []
    for value in ("-3", "-1", "1", "3"):
        slider.fill(value)
        seen.append(now(page))
    assert len({ae for ae, _ in seen}) == len({vae for _, vae in seen}) == 4
    ae = page.get_by_role("slider", name="AE: dimension 1").first
    assert float(ae.input_value()) == pytest.approx(
        float(ae.get_attribute("max")), abs=1e-3
    )  # the same share of its own
    expect(page).to_have_url(re.compile("z_vae=3%2C"))


def test_a_link_shows_the_same_walk(visit):
    page = opened(visit, "?x=3&x2=8")
    page.get_by_label("on a sphere").check()
    page.get_by_role("button", name="half-way between them").click()
    z = page.locator(".walk").evaluate("root => root.view.address.state.z_vae")
    expect(page).to_have_url(re.compile(f"z_vae={re.escape(quote(z))}"))
    other = opened(visit, page.url.split("/walk")[1])
    assert now(other) == now(page)
    expect(other.get_by_label("on a sphere")).to_be_checked()
    ways = [one.locator(".way-strip .vae").evaluate(SHOT) for one in (page, other)]
    assert ways[0] == ways[1]


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


def test_play_walks_a_dimension_until_it_is_halted(visit):
    page = opened(visit)
    before = now(page)
    page.locator(".dimension button").first.click()
    expect(page.locator(".dimension button").first).to_have_text("Halt")
    wait_for(lambda: now(page) != before)
    page.locator(".dimension button").first.click()
    expect(page.locator(".dimension button").first).to_have_text("Play")
    halted = now(page)
    page.wait_for_timeout(300)
    assert now(page) == halted


def test_the_way_between_two_digits_becomes_a_gif(visit):
    page = opened(visit, "?x=2&x2=0")
    page.get_by_role("button", name="Save this way as GIF").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the GIF").click()
    with open(download.value.path(), "rb") as file:
        gif = Image.open(io.BytesIO(file.read()))
    assert gif.is_animated and gif.n_frames == 2 * 22 - 2
    frames = []
    for index in range(gif.n_frames):
        gif.seek(index)
        frames.append(np.array(gif.convert("L")))
    assert len({frame.tobytes() for frame in frames}) > 10


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
