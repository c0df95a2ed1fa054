"""The valley of the KL term and the race of three heads, as a student meets them."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.log_sigma.test_sigma_plane import PLACE, has_line_at, of_log_sigma, values
from tests.browser.phone import PHONE, touch
from tests.browser.server import wait_for
from vae.config import RunConfig


def settled(page: Page) -> Page:
    """The page with the curves there and in view."""
    expect(page.locator(".sigma-plane .reading")).to_contain_text("At h =")
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    page.locator(".sigma-plane canvas").scroll_into_view_if_needed()
    return page


def test_a_drag_is_not_told_the_server_a_reload_shows_the_same_h_and_another_theme_draws_anew(visit):
    page, sent = visit("/", color_scheme="light"), []
    page.on("websocket", lambda socket: socket.on("framesent", lambda payload: sent.append(payload)))
    page.goto(page.url + "log_sigma")
    root, before = settled(page).locator(".sigma-plane"), len(sent)
    assert before > 0  # it is listened to
    page.mouse.move(*root.evaluate(PLACE, 3.0))
    page.mouse.down()
    for h in (3.0, -4.5):
        page.mouse.move(*root.evaluate(PLACE, h))
        assert values(page, "log σ") == pytest.approx(of_log_sigma(h), rel=0.05)
        assert has_line_at(page, h)
    page.mouse.up()
    page.get_by_label("The head's output h").fill("-3.25")
    expect(page).to_have_url(re.compile(r"h=-3\.25$"))
    assert len(sent) == before
    page.reload()
    expect(settled(page).locator(".sigma-plane .reading")).to_contain_text("At h = −3.25,")
    expect(page.get_by_label("The head's output h")).to_have_value("-3.25")
    assert has_line_at(page, -3.25)

    page.emulate_media(color_scheme="dark")
    expect(page.locator(".sigma-plane canvas")).to_have_css("color", "rgb(236, 234, 244)")
    wait_for(lambda: has_line_at(page, -3.25))  # in the text's new colour


def test_a_finger_moves_the_line_too(visit):
    page = settled(visit("/log_sigma", **PHONE))
    touch(page, *([page.locator(".sigma-plane").evaluate(PLACE, h)] for h in (1.0, 2.0, 3.0)))
    assert has_line_at(page, 3.0)
    assert values(page, "log σ") == pytest.approx(of_log_sigma(3.0), rel=0.05)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_race_is_run_before_the_eyes_of_the_class_and_survives_a_reload(visit, server):
    page = visit("/log_sigma?seed=7&epochs=1")
    page.get_by_role("radio", name="h = log σ", exact=True).click()
    page.get_by_role("button", name="Train 3 runs").click()
    raw, softplus, log = (RunConfig(sigma=kind, seed=7, epochs=1) for kind in ("raw", "softplus", "log"))
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
