"""The walk through the latent space, slider by slider."""

import base64
import re
from urllib.parse import quote

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from playwright.sync_api import Page, expect

from tests.browser.parcels import levels
from vae import data
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


VIDEO = """async (bytes) => {
  const video = document.createElement("video");
  video.src = URL.createObjectURL(new Blob([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))]));
  const heard = (event) => new Promise((resolve, reject) => {
    video.addEventListener(event, resolve, { once: true });
    video.addEventListener("error", () => reject(video.error), { once: true });
  });
  const frames = [];
  const loaded = heard("loadeddata");
  video.load();
  await loaded;
  const brush = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
  const context = brush.getContext("2d", { willReadFrequently: true });
  const look = async (time) => {
    const there = heard("seeked");
    video.currentTime = time;
    await there;
    context.drawImage(video, 0, 0);
    const { data } = context.getImageData(0, 0, brush.width, brush.height);
    frames.push(Array.from({ length: 28 * 28 }, (_, i) => { // the VAE's digit, at the middle of each of its pixels
      const [left, top] = [12 + 280 + 12 + 10 * (i % 28) + 5, 24 + 10 * Math.floor(i / 28) + 5];
      return data[4 * (top * brush.width + left)];
    }));
  };
  await look(1e6); // its end: browsers write no duration into what they record
  const { currentTime: duration } = video;
  for (const share of [0.02, 0.5]) await look(share * duration);
  return { duration, size: [brush.width, brush.height], frames };
}"""
MAGIC = {"webm": (0, b"\x1a\x45\xdf\xa3"), "mp4": (4, b"ftyp")}


def test_the_way_becomes_a_video_of_it_which_one_can_cancel(visit):
    page = opened(visit, "?x=3&x2=8")
    button = page.locator(".walk .video")
    expect(button).to_have_text(re.compile("^Save this way as (MP4|WebM)$"))
    progress = page.get_by_role("progressbar", name="how much of the video is recorded")
    expect(progress).to_be_hidden()
    downloads = []
    page.on("download", lambda download: downloads.append(download))
    button.click()
    expect(progress).to_be_visible()
    page.get_by_role("button", name="Cancel the recording").click()
    expect(progress).to_be_hidden()
    expect(button).to_contain_text("Save this way")

    with page.expect_download() as download:
        button.click()
    expect(progress).to_be_hidden()
    assert len(downloads) == 1  # none of what was cancelled
    name, content = download.value.suggested_filename, download.value.path().read_bytes()
    assert re.fullmatch(rf"walk-{RunConfig().run_id}-the-way-from-one-digit-to-another\.(webm|mp4)", name)
    at, magic = MAGIC[name.split(".")[1]]
    assert content[at : at + len(magic)] == magic
    video = page.evaluate(VIDEO, base64.b64encode(content).decode())
    assert video["duration"] == pytest.approx(4, abs=1)
    assert video["size"][0] == 2 * 280 + 3 * 12 and video["size"][1] % 2 == 0
    _, near, far = np.array(video["frames"], np.float64)
    for frame, start in ((near, "the first digit"), (far, "the second digit")):
        page.get_by_role("button", name=start).click()
        shown = levels(page, ".now canvas.vae").ravel()
        assert np.corrcoef(frame, shown)[0, 1] > 0.95, start  # a video is not exact


def test_the_numbers_of_the_way_are_the_codes_between_both_digits(visit, server):
    page = opened(visit, "?x=3&x2=8")
    page.locator("details.take-home > summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV: The VAE's way").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# The VAE's way" and lines[3] == "share,z 1,z 2"
    found = np.array([line.split(",") for line in lines[4:]], np.float64)
    images = data.load("mnist", "test").images[[3, 8]]
    with torch.no_grad():
        start, end = server.store.model(RunConfig().run_id).encode(images)[0].double().numpy()
    shares = np.linspace(0, 1, 11)
    np.testing.assert_allclose(found[:, 0], shares)
    np.testing.assert_allclose(found[:, 1:], np.outer(1 - shares, start) + np.outer(shares, end), atol=2e-2)
