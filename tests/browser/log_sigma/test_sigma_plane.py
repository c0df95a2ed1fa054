"""The valley of the KL term under hand and keys, against the closed form."""

import math
import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import wait_for

PLACE = """(root, h) => {
  const { curves } = root.view, box = curves.canvas.getBoundingClientRect();
  return [box.left + curves.across(h), box.top + 60];
}"""
# Whether a line in the text's colour stands at h: 20 pixels above each other, where no curve is.
IS_LINE_AT = """(root, h) => {
  const { curves } = root.view, ink = [...getComputedStyle(curves.canvas).color.match(/\\d+/g).map(Number), 255];
  const left = Math.floor(curves.across(h) * devicePixelRatio), top = 50 * devicePixelRatio;
  const { data } = curves.canvas.getContext("2d").getImageData(left, top, 1, 20);
  return data.every((value, i) => Math.abs(value - ink[i % 4]) < 90);
}"""


def row(page: Page, head: str) -> list[str]:
    """σ, log σ, KL and gradient of the table, as they are now."""
    place = ["raw", "softplus", "log σ"].index(head)
    return page.locator(".sigma-plane .answers tbody tr").nth(place).locator("td").all_text_contents()


def values(page: Page, head: str) -> list[float]:
    return [float(text.replace("−", "-")) for text in row(page, head)]


def has_line_at(page: Page, h: float) -> bool:
    return page.locator(".sigma-plane").evaluate(IS_LINE_AT, h)


def of_log_sigma(h: float) -> list[float]:
    return [math.exp(h), h, 0.5 * (math.exp(2 * h) - 2 * h - 1), math.exp(2 * h) - 1]


@pytest.fixture
def opened(mounted):
    """The component with what a link brings."""

    def opened(**given) -> Page:
        return mounted("sigma_plane", {"given": given})

    return opened


def test_line_and_numbers_follow_a_drag(opened):
    page = opened()
    root = page.locator(".sigma-plane")
    page.mouse.move(*root.evaluate(PLACE, 3.0))
    assert not has_line_at(page, 3.0)  # a pointer that only passes by moves nothing
    page.mouse.down()
    for h in (3.0, 2.5, -2.0, -4.5):
        page.mouse.move(*root.evaluate(PLACE, h))
        assert values(page, "log σ") == pytest.approx(of_log_sigma(h), rel=0.05)
        assert has_line_at(page, h)
    page.mouse.up()
    page.mouse.move(*root.evaluate(PLACE, 3.0))
    assert not has_line_at(page, 3.0) and has_line_at(page, -4.5)
    assert row(page, "raw")[1:] == ["not a number"] * 3
    expect(page).to_have_url(re.compile(r"h=-4\.5"))


def test_a_second_finger_does_not_move_the_line(opened):
    page = opened()
    root, session = page.locator(".sigma-plane"), page.context.new_cdp_session(page)

    def fingers(kind: str, *hs: float) -> None:
        places = [root.evaluate(PLACE, h) for h in hs]
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", 2.0)
    wait_for(lambda: has_line_at(page, 2.0))  # a browser moves fingers in its next frame
    fingers("touchStart", 2.0, -3.0)
    wait_for(lambda: has_line_at(page, 2.0))
    fingers("touchMove", 2.0, -2.5)
    wait_for(lambda: has_line_at(page, 2.0) and not has_line_at(page, -2.5))
    fingers("touchMove", 2.5, -2.0)
    wait_for(lambda: has_line_at(page, 2.5))
    fingers("touchEnd")
    fingers("touchStart", 3.0)  # the next one holds it again
    wait_for(lambda: has_line_at(page, 3.0))
    fingers("touchEnd")
    session.detach()


# For each h of a row: how high the pixels of a colour lie in the upper half of the canvas, and in the lower.
HEIGHTS = """([root, hs, color]) => {
  const { curves } = root.view, { width, height } = curves.canvas;
  const { data } = curves.canvas.getContext("2d").getImageData(0, 0, width, height);
  const isIt = (x, y) => color.every((level, c) => Math.abs(data[4 * (y * width + x) + c] - level) < 25);
  const mean = (x, from, to) => {
    const found = Array.from({ length: to - from }, (_, y) => from + y).filter((y) => isIt(x, y));
    return found.length ? height - found.reduce((a, b) => a + b) / found.length : null;
  };
  const middle = Math.round((height - 32) / 2); // in the gap between the panels
  return hs.map((h) => Math.round(curves.across(h))).map((x) => [mean(x, 0, middle), mean(x, middle, height)]);
}"""


def test_the_curves_of_log_sigma_are_kl_and_its_gradient(opened):
    page = opened(h="-4.9")
    h = np.linspace(-1.5, 1.1, 40)
    root = page.locator(".sigma-plane").element_handle()
    heights = np.array(page.evaluate(HEIGHTS, [root, h.tolist(), [18, 165, 148]]), np.float64).T
    for height, value in zip(heights, (kl(h), np.exp(2 * h) - 1)):
        seen = ~np.isnan(height)
        assert seen.mean() > 0.5  # the other heads' curves lie over it here and there
        rise, start = np.polyfit(value[seen], height[seen], 1)
        assert rise > 0
        np.testing.assert_allclose(height[seen], start + rise * value[seen], atol=4)  # it is five pixels wide
    shifts, (height, _) = np.linspace(-0.3, 0.3, 61), heights
    seen = ~np.isnan(height)
    errors = [np.polyfit(kl(h + shift)[seen], height[seen], 1, full=True)[1][0] for shift in shifts]
    assert abs(shifts[np.argmin(errors)]) < 0.04  # and its valley is at h = 0


def kl(h: np.ndarray) -> np.ndarray:
    """Of one dimension with mu = 0 and log sigma = h."""
    return 0.5 * (np.exp(2 * h) - 2 * h - 1)


def test_one_step_of_an_arrow_key_jumps_over_the_wall(opened):
    page = opened()
    line = page.get_by_role("slider", name="h, on the curves")
    assert values(page, "raw") == pytest.approx([0.04, math.log(0.04), 2.72, 0.04 - 1 / 0.04], rel=0.01)
    line.press("ArrowLeft")
    assert row(page, "raw") == ["−0.06: no σ", *["not a number"] * 3]
    expect(page.locator(".sigma-plane .reading")).to_contain_text("raw: σ = −0.06 has no logarithm")
    assert values(page, "log σ") == pytest.approx(of_log_sigma(-0.06), rel=0.05)
    for _ in range(2):
        line.press("Shift+ArrowRight")
    expect(line).to_have_attribute("aria-valuenow", "0.94")
    assert has_line_at(page, 0.94)


def test_what_is_typed_beyond_the_curves_is_answered_and_a_bad_value_refused(opened):
    page = opened()
    typed = page.get_by_label("The head's output h")
    typed.fill("60")
    assert row(page, "log σ") == ["1.14·10²⁶", "60", "overflows: infinite", "overflows: infinite"]
    assert values(page, "softplus")[3] == pytest.approx(60, rel=0.01)
    typed.fill("-104")
    assert row(page, "softplus") == ["0", "minus infinite", "infinite", "not a number"]
    assert row(page, "log σ") == ["0", "−104", "104", "−1"]  # 103.5, rounded
    typed.fill("0")
    assert row(page, "raw") == ["0", "minus infinite", "infinite", "minus infinite"]
    for bad in ("200.5", "-1e9", ""):
        typed.fill(bad)
        typed.press("Enter")
        expect(page.locator(".sigma-plane .complaint")).to_have_text(
            "h is a number from −200 to 200; what was typed is none, so h stays 0."
        )
        assert row(page, "raw")[0] == "0"
    typed.fill("1")
    expect(page.locator(".sigma-plane .complaint")).to_have_text("")
    assert row(page, "raw") == ["1", "0", "0", "0"]


def test_the_telling_places_have_the_same_sigma_head_by_head(opened):
    page = opened(h="5")
    gradients = []
    for place, head in enumerate(("raw", "softplus", "log σ")):
        buttons = page.locator(".sigma-plane .places tbody tr").nth(place).get_by_role("button")
        for column, sigma in ((0, 1.0), (1, 0.04)):
            buttons.nth(column).click()
            assert values(page, head)[0] == pytest.approx(sigma, rel=1e-3)
        assert f"gradient {row(page, head)[3]}" in buttons.nth(1).text_content()
        gradients.append(values(page, head)[3])
        buttons.nth(2).click()
        assert row(page, head)[3] in ("not a number", "overflows: infinite")
    assert gradients == pytest.approx([0.04 - 1 / 0.04, -0.979, 0.04**2 - 1], rel=0.01)
