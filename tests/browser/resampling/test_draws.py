"""Eps drawn again, number by number and pixel by pixel, against the same draws in torch."""

import re

import numpy as np
import pytest
import torch

from pages.shared.component import read
from tests.browser import parcels
from tests.browser.parcels import TEN, box, code, decoded, levels, normals, painted

DIMS = [7, 2]
X = 5
HALVES = {"ae": TEN.autoencoder, "vae": TEN}
EPS = "Array.from(document.querySelector('.resampling').view.eps)"


@pytest.fixture
def resampling(mounted):
    def resampling(likelihood: str = "bernoulli", **given):
        data = {
            "dims": DIMS,
            "latentDim": 10,
            "colors": parcels.COLORS,
            "limits": {"ae": 8.0, "vae": 4.0},
            "hard": "hard",
            "given": {"x": str(X), **given},
        }
        sent = {f"codes_{half}": parcels.codes(config, DIMS) for half, config in HALVES.items()}
        page = mounted("resampling", data, {**parcels.digits(), **parcels.pair(TEN), **sent})
        summarized(page)
        return page

    return resampling


def summarized(page) -> str:
    """What is said of all draws once they are decoded."""
    page.wait_for_function("document.querySelector('.histogram').getAttribute('aria-label')?.includes('±')")
    return page.locator(".histogram").get_attribute("aria-label")


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


@torch.no_grad()
def losses(config, zs) -> np.ndarray:
    logits = parcels.network(config).decode(torch.tensor(np.array(zs), dtype=torch.float32))
    x = parcels.images(X).expand_as(logits)
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1).numpy()


def test_all_draws_of_a_seed_are_decoded_measured_and_summed_up(resampling):
    page = resampling(eps_seed="11", eps_scale="2")
    mu, sigma = code(TEN, X)
    zs = mu + 2 * sigma * normals(page, 11, 2000).reshape(200, 10)
    many = levels(page, "canvas.many")
    for row in range(8):
        np.testing.assert_allclose(many[28 * row : 28 * row + 28], decoded(TEN, *zs[8 * row : 8 * row + 8]), atol=1)
    pixels = decoded(TEN, *zs).reshape(28, 200, 28) / 255
    np.testing.assert_allclose(levels(page, "canvas.deviation"), 2 * 255 * pixels.std(1), atol=1.5)
    mine, of_ae = losses(TEN, zs), losses(TEN.autoencoder, [code(TEN.autoencoder, X)[0]])[0]
    at_mu = losses(TEN, [mu])[0]
    assert numbers(summarized(page)) == pytest.approx([mine.mean(), mine.std(), of_ae], abs=0.06)
    shown = numbers(page.locator(".reading").text_content())
    assert shown == pytest.approx([*normals(page, 11, 4), 2.0, *zs[0][:4], mine[0], at_mu, of_ae], abs=0.06)
    np.testing.assert_allclose(levels(page, "canvas.digit.vae"), decoded(TEN, zs[0]), atol=1)
    np.testing.assert_allclose(
        levels(page, "canvas.digit.ae"), decoded(TEN.autoencoder, code(TEN.autoencoder, X)[0]), atol=1
    )
    assert numbers(page.locator(".vae figcaption").first.text_content()) == pytest.approx(
        [*mu[:4], *sigma[:4]], abs=0.0051
    )


def test_the_cloud_lies_on_the_two_dimensions_of_the_plane(resampling):
    page = resampling()
    mu, sigma = code(TEN, X)
    zs = (mu + sigma * normals(page, 0, 2000).reshape(200, 10))[:, DIMS]
    planes = "document.querySelector('.resampling').view.planes"
    page.evaluate(f"Object.values({planes}).forEach((one) => {{ one.layers.pop(); one.draw(); }})")  # numerals
    orange, pixel = painted(page, f"{planes}.vae", (240, 140, 0))
    middle, reach = box(orange)
    np.testing.assert_allclose(middle, mu[DIMS], atol=2 * pixel)
    np.testing.assert_allclose(reach, 2 * sigma[DIMS], atol=2 * pixel)
    pink, pixel = painted(page, f"{planes}.vae", (230, 73, 128))
    far = np.array([np.abs(pink - z).max(1).min() for z in zs])
    assert np.quantile(far, 0.8) < 2 * pixel  # each draw is a dot, but where the ellipse or the cross lies on it
    ring, pixel = painted(page, f"{planes}.ae", (230, 73, 128))
    assert box(ring)[0] == pytest.approx(code(TEN.autoencoder, X)[0][DIMS], abs=2 * pixel)


def test_eps_by_hand_is_that_of_the_planes_dimensions_and_buttons_change_the_seed(resampling):
    page = resampling()
    mu, sigma = code(TEN, X)
    box = page.locator(".pad canvas").bounding_box()
    page.locator(".pad canvas").click(position={"x": 0.75 * box["width"], "y": 0.4 * box["height"]})  # of -3.5 to 3.5
    eps = normals(page, 0, 10)
    by_hand = np.array(page.evaluate(EPS))
    np.testing.assert_allclose(by_hand[DIMS], [1.75, 0.7], atol=3 * 7 / box["width"])  # three pixels
    np.testing.assert_allclose(np.delete(by_hand, DIMS), np.delete(eps, DIMS), atol=1e-6)
    np.testing.assert_allclose(levels(page, "canvas.digit.vae"), decoded(TEN, mu + sigma * by_hand), atol=1)
    page.wait_for_function("location.search.includes('eps=')")
    query = page.evaluate("new URLSearchParams(location.search).get('eps')")
    np.testing.assert_allclose([float(n) for n in query.split(",")], by_hand[DIMS], atol=1e-3)
    for seed in (1, 2):
        page.get_by_role("button", name="Sample again").click()
        np.testing.assert_allclose(page.evaluate(EPS), normals(page, seed, 10), atol=1e-6)
    page.get_by_label("Seed").fill("999999")
    page.get_by_label("Seed").press("Enter")
    page.get_by_role("button", name="Sample again").click()
    assert page.get_by_label("Seed").input_value() == "0"
    page.get_by_label("Seed").fill("1000000")
    page.get_by_label("Seed").press("Enter")
    assert page.locator(".refused").text_content() == "Seed 1000000: a whole number from 0 to 999,999 is needed."
    np.testing.assert_allclose(page.evaluate(EPS), normals(page, 0, 10), atol=1e-6)  # as before
    page.get_by_role("button", name="Sample again").click()
    assert page.locator(".refused").text_content() == ""
    given = resampling(eps="0.5,-1.25")
    np.testing.assert_allclose(np.array(given.evaluate(EPS))[DIMS], [0.5, -1.25])


# A clock that is wound by hand: beat() is what an interval would call.
CLOCK = """() => {
  globalThis.setInterval = (beat) => (Object.assign(globalThis, { beat }), 7);
  globalThis.clearInterval = () => (globalThis.beat = null);
}"""


def test_play_draws_the_next_seed_again_and_again_until_it_is_halted_or_another_seed_is_typed(resampling):
    page = resampling()
    page.evaluate(CLOCK)
    page.get_by_role("button", name="Play").click()
    for _ in range(3):
        page.evaluate("beat()")
    assert page.get_by_label("Seed").input_value() == "3"
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate("beat") is None and page.get_by_role("button", name="Play").is_visible()
    page.get_by_role("button", name="Play").click()
    page.get_by_label("Seed").fill("40")
    page.get_by_label("Seed").press("Enter")
    assert page.evaluate("beat") is None and page.get_by_label("Seed").input_value() == "40"


DRAWN = """async ([css, values, lines]) => {
  const { drawHistogram } = await import("./resampling/histogram.js");
  document.head.innerHTML = `<style>${css}</style>`;
  document.body.innerHTML = '<canvas style="width: 240px; height: 240px; display: block"></canvas>';
  const canvas = document.querySelector("canvas"), filled = CanvasRenderingContext2D.prototype.fillText, written = [];
  canvas.getContext("2d").fillText = function (...words) { written.push(words); filled.apply(this, words); };
  drawHistogram(canvas, values, { lines, label: "bars" });
  const { data } = canvas.getContext("2d").getImageData(0, 0, 240, 240);
  const isColor = (i, color) => [...color, 255].every((level, c) => data[i + c] === level);
  const count = (x, color) => [...Array(240).keys()].filter((y) => isColor(4 * (240 * y + x), color)).length;
  return {
    bars: Array.from({ length: 24 }, (_, bin) => count(10 * bin + 4, [64, 160, 43])),
    line: Array.from({ length: 240 }, (_, x) => count(x, [155, 93, 229])),
    written,
  };
}"""


def test_a_histograms_bars_are_counts_and_its_line_stands_at_its_value(modules):
    values = np.random.default_rng(0).normal(100, 5, 300)
    drawn = modules.evaluate(DRAWN, [read("shared/lab.css"), values.tolist(), {"line": 130.0, "another": 80.0}])
    low, high = 80.0, 130.0
    low, high = low - 0.08 * (high - low), high + 0.08 * (high - low)
    counts, _ = np.histogram(values, 24, (low, high))
    np.testing.assert_allclose(drawn["bars"], (240 - 22 - 60) * counts / counts.max(), atol=2)
    lines = np.flatnonzero(np.array(drawn["line"]) > 100)
    for value in (80.0, 130.0):
        place = 240 * (value - low) / (high - low) - 0.5
        assert lines[abs(lines - place) < 20].mean() == pytest.approx(place, abs=1)
    assert {f"{low:.0f}", f"{high:.0f} nats", "line", "another", "bars"} <= {words[0] for words in drawn["written"]}


CLOUDS = """() => {
  const { clouds } = document.querySelector(".resampling").view.estimates;
  const list = (rows) => rows.map((row) => Array.from(row));
  const both = ({ mu, sigma }) => ({ mu: list(mu), sigma: list(sigma) });
  return { path: both(clouds.path), score: both(clouds.score) };
}"""


def estimates(page, together: int) -> dict:
    """The clouds of gradients with 2 ** together draws for each estimate."""
    page.wait_for_function("document.querySelector('.told').textContent.includes('spreads')")
    page.locator(".together").fill(str(together))
    return {way: {k: np.array(v) for k, v in cloud.items()} for way, cloud in page.evaluate(CLOUDS).items()}


def test_both_estimates_of_the_gradient_are_those_of_torch_and_their_spread_is_said(resampling):
    """Of the same draws: by autograd through z, and by the loss times the gradient of log q(z)."""
    page = resampling()
    eps = torch.tensor(normals(page, 1_000_000, 512 * 10).reshape(512, 10), dtype=torch.float32)
    mu, sigma = (torch.tensor(part[None], dtype=torch.float32) for part in code(TEN, X))
    z = (mu + sigma * eps).requires_grad_()
    logits = parcels.network(TEN).decode(z)
    x = parcels.images(X).expand_as(logits)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    [slope] = torch.autograd.grad(loss.sum(), z)
    means, widths = mu.expand(512, -1).clone().requires_grad_(), sigma.expand(512, -1).clone().requires_grad_()
    log_q = torch.distributions.Normal(means, widths).log_prob(z.detach()).sum()
    of_mu, of_sigma = torch.autograd.grad(log_q, (means, widths))
    expected = {
        "path": {"mu": slope, "sigma": slope * eps},
        "score": {"mu": loss[:, None] * of_mu, "sigma": loss[:, None] * of_sigma},
    }
    spreads = {}
    for together in (0, 3):
        found = estimates(page, together)
        for way, cloud in expected.items():
            for towards, gradients in cloud.items():
                groups = gradients.detach().reshape(-1, 2**together, 10).mean(1).numpy()
                scale = np.abs(groups).max()
                np.testing.assert_allclose(found[way][towards], groups, rtol=5e-3, atol=2e-3 * scale)
                spreads[way, towards] = np.sqrt(groups[:, DIMS].var(0, ddof=1).sum())
        said = [float(number) for number in re.findall(r"±([\d.]+)", page.locator(".told").text_content())]
        order = [("path", "mu"), ("score", "mu"), ("path", "sigma"), ("score", "sigma")]
        assert said == pytest.approx([spreads[one] for one in order], rel=0.01)
    assert spreads["score", "mu"] > 3 * spreads["path", "mu"]  # which is the lesson
