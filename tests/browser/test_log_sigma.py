"""The valley of the KL term under the hand of a student."""

import math
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.phone import PHONE, touch
from vae.config import RunConfig

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


def settled(page: Page) -> Page:
    """The page with the curves there and in view."""
    expect(page.locator(".sigma-plane .reading")).to_contain_text("At h =")
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    page.locator(".sigma-plane canvas").scroll_into_view_if_needed()
    return page


def opened(visit, address: str = "", **options) -> Page:
    return settled(visit(f"/log_sigma{address}", **options))


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


def test_line_and_numbers_follow_a_drag_at_once_and_the_server_hears_nothing(visit):
    page, sent = visit("/"), []
    page.on("websocket", lambda socket: socket.on("framesent", lambda payload: sent.append(payload)))
    page.goto(page.url + "log_sigma")
    root, before = settled(page).locator(".sigma-plane"), len(sent)
    assert before > 0  # it is listened to
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
    assert len(sent) == before


def test_a_finger_moves_the_line_too(visit):
    page = opened(visit, **PHONE)
    touch(page, *([page.locator(".sigma-plane").evaluate(PLACE, h)] for h in (1.0, 2.0, 3.0)))
    assert has_line_at(page, 3.0)
    assert values(page, "log σ") == pytest.approx(of_log_sigma(3.0), rel=0.05)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_one_step_of_an_arrow_key_jumps_over_the_wall(visit):
    page = opened(visit)
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


def test_what_is_typed_beyond_the_curves_is_answered_and_a_bad_value_refused(visit):
    page = opened(visit)
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


def test_the_telling_places_have_the_same_sigma_head_by_head(visit):
    page = opened(visit, "?h=5")
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


def test_a_reload_shows_the_same_h(visit):
    page = opened(visit)
    page.get_by_label("The head's output h").fill("-3.25")
    expect(page).to_have_url(re.compile(r"h=-3\.25$"))
    page.reload()
    expect(page.locator(".sigma-plane .reading")).to_contain_text("At h = −3.25,")
    expect(page.get_by_label("The head's output h")).to_have_value("-3.25")
    assert has_line_at(page, -3.25)


def test_the_curves_are_drawn_anew_in_another_theme(visit):
    page = opened(visit, "?h=3", color_scheme="light")
    assert has_line_at(page, 3.0)
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".sigma-plane canvas")).to_have_css("color", "rgb(236, 234, 244)")
    page.wait_for_timeout(300)
    assert has_line_at(page, 3.0)


def test_a_race_is_run_before_the_eyes_of_the_class_and_survives_a_reload(visit, server):
    page = visit("/log_sigma?seed=7&epochs=2")
    page.get_by_role("radio", name="h = log σ", exact=True).click()
    page.get_by_role("button", name="Train 3 runs").click()
    raw, softplus, log = (RunConfig(sigma=kind, seed=7, epochs=2) for kind in ("raw", "softplus", "log"))
    expect(page.get_by_text("h = σ, raw · failed at step")).to_be_visible()
    page.reload()
    expect(page.get_by_text("A surprise: “h = σ, raw”.")).to_be_visible()
    for config in (softplus, log):
        loss = server.store.metrics(config.run_id)["test"]["negative_elbo"]
        expect(page.get_by_test_id("stAlert").get_by_text(f"−ELBO {loss:.1f} nats")).to_be_visible()
    image = server.store.metrics(raw.run_id)["failure"]["image"]
    expect(page.get_by_text(f"training image {image:,}")).to_be_visible()
    expect(page.get_by_alt_text("the digit that did it")).to_be_visible()
    expect(page.get_by_role("button", name="Train again (seed 8)")).to_be_visible()
