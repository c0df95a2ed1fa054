"""The rate-distortion plane: where runs lie, which way the lines go, and which run a click or a key takes."""

import math

import numpy as np
import pytest

from pages.shared.component import read
from tests.browser.conftest import EMPTY

POINTS = [
    {"id": "low", "kl": 12.0, "reconstruction": 120.0, "weight": 0.25, "label": "0.25", "isRung": True},
    {"id": "one", "kl": 6.0, "reconstruction": 130.0, "weight": 1.0, "label": "1", "isRung": True},
    {"id": "high", "kl": 3.0, "reconstruction": 150.0, "weight": 8.0, "label": "8", "isRung": True},
    {"id": "own", "kl": 5.0, "reconstruction": 140.0, "weight": 1.0, "label": "1, seed 1", "isRung": False},
    {"id": "none", "kl": 40.0, "reconstruction": 90.0, "weight": 0.0, "label": "0", "isRung": True},
    {"id": "all", "kl": 0.1, "reconstruction": 206.0, "weight": 30.0, "label": "30", "isRung": True},
]
SHOWN = """async ([css, points, chosen, isWhole]) => {
  const { RateDistortion } = await import("./shared/rate_distortion.js");
  document.head.innerHTML = `<style>${css}</style>`;
  document.body.innerHTML = '<canvas tabindex="0"></canvas>';
  document.querySelector("canvas").style = "width: 480px; height: 360px; display: block; color: #112233";
  const canvas = document.querySelector("canvas"), filled = CanvasRenderingContext2D.prototype.fillText;
  Object.assign(globalThis, { taken: [], written: [] });
  canvas.getContext("2d").fillText = function (...words) { written.push(words); filled.apply(this, words); };
  globalThis.rate = new RateDistortion(canvas, (id) => taken.push(id));
  rate.isWhole = isWhole;
  rate.show(points, chosen, "one");
}"""
# Whether at each place of (kl, reconstruction), give or take a pixel, there is a colour.
HAS = """([places, color]) => places.map(([kl, reconstruction]) => {
  const [left, top] = rate.toPixels({ kl, reconstruction }).map(Math.round);
  const { data } = rate.canvas.getContext("2d").getImageData(left - 1, top - 1, 3, 3);
  const isIt = (i) => data[i + 3] > 90 && color.every((level, c) => Math.abs(data[i + c] - level) < 40);
  return [0, 1, 2, 3, 4, 5, 6, 7, 8].some((i) => isIt(4 * i));
})"""
RED, BLUE, INK = [224, 49, 49], [47, 128, 237], [17, 34, 51]


@pytest.fixture
def shown(modules):
    def shown(chosen: str = "one", is_whole: bool = False):
        modules.goto(EMPTY)
        modules.evaluate(SHOWN, [read("shared/lab.css"), POINTS, chosen, is_whole])
        return modules

    return shown


def has(page, color: list[int], *places: tuple[float, float]) -> list[bool]:
    return page.evaluate(HAS, [places, color])


def test_other_seeds_are_faint_and_nobody_can_take_them(shown):
    page = shown()
    other = {"kl": 8.0, "reconstruction": 145.0}
    alpha = """other => {
      rate.show(rate.points, rate.chosen, "one", [other]);
      const [left, top] = rate.toPixels(other).map(Math.round);
      return rate.canvas.getContext("2d").getImageData(left, top, 1, 1).data[3];
    }"""
    assert 70 < page.evaluate(alpha, other) < 110
    left, top = page.evaluate("other => rate.toPixels(other)", other)
    page.locator("canvas").click(position={"x": left, "y": top})
    assert page.evaluate("taken") == []


def test_more_kl_is_to_the_right_more_distortion_above_and_a_run_lies_at_both(shown):
    page = shown()
    (left, below), (right, above) = page.evaluate(
        "[[1, 121], [11, 149]].map(([kl, reconstruction]) => rate.toPixels({ kl, reconstruction }))"
    )
    assert right > left and above < below
    assert all(has(page, RED, (12, 120), (6, 130), (3, 150)))
    assert all(has(page, BLUE, (5, 140))) and not any(has(page, RED, (5, 140), (9, 145)))


def test_the_red_line_falls_by_the_chosen_weight_for_each_nat_and_the_dashed_one_by_one(shown):
    for chosen, kl, reconstruction, weight in (("low", 12, 120, 0.25), ("high", 3, 150, 8.0)):
        page = shown(chosen)
        for nats in (-0.25, 1.0):
            on, mirrored = reconstruction - weight * nats, reconstruction + weight * nats
            place = (kl + nats, on)
            assert has(page, RED, place) == [True], (chosen, place)
            if weight > 1:
                assert has(page, RED, (kl + nats, mirrored)) == [False], chosen
        dashed = has(page, INK, *((6 + nats, 130 - nats) for nats in np.linspace(0.8, 4, 60)))
        assert 0.3 < np.mean(dashed) < 0.95
        assert not any(has(page, INK, *((6 + nats, 130 + nats) for nats in np.linspace(1.5, 4, 20))))


def test_each_number_stands_at_its_place_in_nats_and_above_in_bits(shown):
    page = shown()
    written = page.evaluate("(written.length = 0, rate.draw(), written)")
    low, high = page.evaluate("rate.range")
    places = "places => places.map(([kl, reconstruction]) => rate.toPixels({ kl, reconstruction }))"
    (left, bottom), (unit, _), (_, rise), (_, top) = page.evaluate(
        places, [[0, low], [1, low], [0, low + 1], [0, high]]
    )
    numbers = [(float(text), x, y) for text, x, y in written if text.replace(".", "").isdigit()]
    nats = {value: x for value, x, y in numbers if y == pytest.approx(bottom + 15)}
    bits = {value: x for value, x, y in numbers if y == pytest.approx(top - 6)}
    losses = {value: y for value, x, y in numbers if x == pytest.approx(left - 5)}
    assert min(len(nats), len(bits), len(losses)) >= 3
    for value, x in nats.items():
        assert x == pytest.approx(left + value * (unit - left))
    for value, x in bits.items():
        assert x == pytest.approx(left + value * math.log(2) * (unit - left))  # a bit is log 2 nats
    for value, y in losses.items():
        assert y - 4 == pytest.approx(bottom + (value - low) * (rise - bottom))


def test_far_weights_are_seen_when_asked_for_and_the_axes_stay_whatever_is_chosen(shown):
    seen = "rate.points.filter((point) => rate.isSeen(point)).map(({ id }) => id)"
    axes = {chosen: shown(chosen).evaluate("[rate.most, ...rate.range]") for chosen in ("one", "all", "none")}
    assert axes["one"] == axes["all"] == axes["none"]
    assert shown("all").evaluate(seen) == ["low", "one", "high", "own"]
    assert shown(is_whole=True).evaluate(seen) == [point["id"] for point in POINTS]


@pytest.mark.parametrize("chosen, kl, reconstruction", [("none", 40.0, 90.0), ("all", 0.1, 206.0)])
def test_a_chosen_run_that_lies_off_the_plot_is_pointed_to_from_its_edge(shown, chosen, kl, reconstruction):
    page = shown(chosen)
    label = next(point["label"] for point in POINTS if point["id"] == chosen)
    [(x, y)] = {(x, y) for words, x, y in page.evaluate("written") if words == f"β {label}: off the plot"}
    assert 0 < x < 480 and 0 < y < 360
    edge = """place => { const [left, top] = rate.toPixels(place);
      const at = [Math.min(Math.max(left, 64), 454), Math.min(Math.max(top, 52), 308)].map(Math.round);
      return [...rate.canvas.getContext("2d").getImageData(...at, 1, 1).data]; }"""
    red, green, blue, opacity = page.evaluate(edge, {"kl": kl, "reconstruction": reconstruction})
    assert opacity == 255 and abs(red - RED[0]) < 40 and abs(green - RED[1]) < 40 and abs(blue - RED[2]) < 40


def test_a_click_takes_the_nearest_run_and_the_arrows_go_along_the_kl(shown):
    page = shown("own")
    box = page.locator("canvas").bounding_box()

    def click(place: tuple[float, float], right: float) -> None:
        x, y = page.evaluate("([kl, reconstruction]) => rate.toPixels({ kl, reconstruction })", place)
        page.mouse.click(box["x"] + x + right, box["y"] + y)

    click((12, 120), -14)
    click((12, 120), -40)  # nothing is near
    click((3, 150), 2)
    page.locator("canvas").press("ArrowRight")
    page.locator("canvas").press("ArrowLeft")
    assert page.evaluate("taken") == ["low", "high", "one", "high"]
