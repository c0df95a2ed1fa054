"""The latent space, as a student moves in it (test_planes.py counts)."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.navigation import go
from tests.browser.parcels import levels
from tests.browser.phone import PHONE, touch
from tests.browser.server import wait_for
from vae import data

SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"
LIMIT = "root => root.view.planes.vae.view.limit"


def opened(visit, address: str = "", **options) -> Page:
    """The page with both models there."""
    page = visit(f"/latent_space{address}", **options)
    expect(page.locator(".reading")).to_contain_text("=")
    return page


def answers(page: Page) -> tuple[list, list]:
    """What the AE's decoder and the VAE's show."""
    return tuple(levels(page, f"canvas.digit.{half}").tolist() for half in ("ae", "vae"))


def image(index: int) -> np.ndarray:
    """A test digit, levels from 0 to 255."""
    return (data.load("mnist", "test").images[index] * 255).round().reshape(28, 28).numpy()


def limit(page: Page) -> float:
    return page.locator(".latent-space").evaluate(LIMIT)


def strips(page: Page) -> list[str]:
    """The film strips of the fresh samples."""
    found = page.locator(".strips").last.locator("img")
    expect(found).to_have_count(3)
    return [strip.get_attribute("src") for strip in found.all()]


def test_both_decoders_answer_the_pointer_without_the_server_and_what_the_browser_has_is_not_sent_again(visit):
    page, sent, received = visit("/"), [], []

    def listen(socket) -> None:
        socket.on("framesent", lambda payload: sent.append(payload))
        socket.on("framereceived", lambda payload: received.append(len(payload)))

    page.on("websocket", listen)
    page.goto(page.url + "latent_space")
    expect(page.locator(".reading")).to_contain_text("=")
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    first = strips(page)
    plane = page.locator(".half.vae canvas")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    before, seen = len(sent), ([], [])
    assert before > 0  # it is listened to
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(box["x"] + 20 + 20 * step, box["y"] + 20 + 15 * step)
        wait_for(lambda: all(now not in before for now, before in zip(answers(page), seen)))  # in the next frame
        for own, now in zip(seen, answers(page)):
            own.append(now)
    page.mouse.up()
    expect(page).to_have_url(re.compile("z="))  # written by the page itself
    home = limit(page)
    plane.focus()  # as a press gives it, which a busy browser may not have done yet
    page.mouse.wheel(0, -300)
    wait_for(lambda: limit(page) < home)
    page.keyboard.press("0")
    assert limit(page) == home
    assert len(sent) == before

    at_first = sum(received)
    page.get_by_role("button", name="Sample again").click()
    expect(page.get_by_role("spinbutton", name="Draw")).to_have_value("1")
    expect(page).to_have_url(re.compile("draw=1"))
    expect(page.locator(".strips").last.locator("img").first).not_to_have_attribute("src", first[0])
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    assert 10_000 < at_first < 300_000 and sum(received) - at_first < 100_000
    second = strips(page)
    assert not set(first) & set(second)  # each draw has samples of its own
    assert strips(visit(page.url)) == second


def test_a_link_and_a_look_at_another_page_keep_z_digit_layers_and_ones_own_drawing(visit):
    page = opened(visit, "?x=42")
    page.get_by_label("holes").check()
    page.get_by_label("codes of the test digits").uncheck()
    page.locator(".half.vae canvas").hover(position={"x": 100, "y": 140})
    expect(page).to_have_url(re.compile("z=.*layers=prior|layers=prior.*z="))
    reading = page.locator(".reading").text_content()
    go(page, "One digit twice")
    expect(page.get_by_role("heading", name="From autoencoder")).to_be_visible()
    go(page, "Latent space")
    expect(page.locator(".reading")).to_have_text(reading)
    expect(page).to_have_url(re.compile("z=.*layers=prior|layers=prior.*z="))

    other = opened(visit, page.url.split("/latent_space")[1])
    expect(other.locator(".reading")).to_have_text(reading)
    assert answers(other) == answers(page)
    expect(other.get_by_label("holes")).to_be_checked()
    expect(other.get_by_label("codes of the test digits")).not_to_be_checked()
    expect(other.locator(".picker .name")).to_have_text("Test digit 42, labelled 4")

    buffer = io.BytesIO()
    Image.fromarray(image(0).astype(np.uint8)).save(buffer, "PNG")
    drawn = {"name": "digit", "mimeType": "image/png", "buffer": buffer.getvalue()}
    page.locator("input[type=file]").set_input_files(drawn)
    expect(page.locator(".picker .name")).to_have_text("Your own digit")
    assert np.corrcoef(levels(page, "canvas.digit.x").ravel(), image(0).ravel())[0, 1] > 0.8
    expect(page).to_have_url(re.compile("x=own-"))
    page.reload()
    expect(page.locator(".picker .name")).to_have_text("Your own digit")
    assert np.corrcoef(levels(page, "canvas.digit.x").ravel(), image(0).ravel())[0, 1] > 0.8
    page.get_by_role("spinbutton", name="Test digit").fill("9999")
    page.keyboard.press("Enter")
    expect(page.locator(".picker .name")).to_have_text("Test digit 9,999, labelled 6")
    assert (levels(page, "canvas.digit.x") == image(9999)).all()


def test_another_activation_answers_on_the_left_and_its_link_shows_it_again(visit):
    page = opened(visit)
    page.get_by_role("radio", name="f = ReLU").click()
    expect(page.locator(".half.ae figcaption")).to_contain_text("AE, f = ReLU")
    before = answers(page)
    page.locator(".half.ae canvas").hover(position={"x": 240, "y": 80})  # in the quadrant
    assert all(now != then for now, then in zip(answers(page), before))
    expect(page).to_have_url(re.compile("z="))
    page.reload()
    expect(page.locator(".half.ae figcaption")).to_contain_text("AE, f = ReLU")
    expect(page.get_by_role("radio", name="f = ReLU")).to_be_checked()


def middle(locator) -> tuple[float, float]:
    """The middle of an element that has been brought into view."""
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_fingers_on_a_phone_move_z_zoom_about_the_middle_and_draw(visit):
    page = opened(visit, **PHONE)
    plane = page.locator(".half.vae canvas")
    x, y = middle(plane)
    first = page.evaluate(SCROLLED)
    touch(page, *([(x, y - 15 * t)] for t in range(8)))
    wait_for(lambda: page.evaluate(SCROLLED) > first)  # nobody has tapped the plane yet
    x, y = middle(plane)
    before = answers(page)
    page.touchscreen.tap(x + 40, y - 30)
    expect(page.locator(".reading")).to_contain_text("z = (")
    assert all(now != then for now, then in zip(answers(page), before))

    scrolled = page.evaluate(SCROLLED)
    touch(page, *([(x, y + 5 * t)] for t in range(8)))
    expect(page).to_have_url(re.compile("z="))
    assert page.evaluate(SCROLLED) == scrolled
    home = limit(page)
    touch(page, *([(x - 10 - 6 * t, y), (x + 10 + 6 * t, y)] for t in range(8)))
    assert limit(page) == pytest.approx(home * 20 / 104, rel=0.05)  # the fingers part from 20 to 104 pixels
    centre = page.locator(".latent-space").evaluate("root => root.view.planes.vae.view.centre")
    assert np.abs(centre).max() < 0.05 * limit(page)  # what was between them is there yet

    x, y = middle(page.locator(".paper"))
    before = answers(page)
    touch(page, *([(x + 20 - t, y - 50 + 10 * t)] for t in range(10)))
    expect(page.locator(".picker .name")).to_have_text("Your own digit")
    expect(page).to_have_url(re.compile("x=own-"))
    assert levels(page, "canvas.digit.x").sum() > 5_000
    assert all(now != then for now, then in zip(answers(page), before))


def test_a_model_that_cannot_be_fetched_is_said_and_tried_again(visit):
    page = visit("/", allowed="Failed to load resource")
    page.route("**/parcels/model/**", lambda route: route.abort())
    page.goto(page.url + "latent_space")
    expect(page.get_by_role("alert").first).to_contain_text("The server cannot be reached just now.")
    page.unroute("**/parcels/model/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".reading")).to_contain_text("=")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


SHOWN = """root => {
  const { vae } = root.view.planes;
  const found = new Set();
  for (let n = 0; n < vae.labels.length; n++) {
    const nearest = vae.nearest([vae.codes.x[n], vae.codes.y[n]]);
    if (nearest >= 0) found.add(vae.labels[nearest]);
  }
  return { picture: vae.canvas.toDataURL(), found: [...found].sort() };
}"""


def test_the_legend_shows_one_class_alone_more_of_them_and_all_again_and_a_link_keeps_it(visit):
    page = opened(visit)
    page.wait_for_function("() => document.querySelector('[data-test-script-state=notRunning]')")
    legend, root = page.locator(".latent-space .legend"), page.locator(".latent-space")
    whole = root.evaluate(SHOWN)
    assert whole["found"] == list(range(10))
    legend.get_by_role("button", name="4").click()
    alone = root.evaluate(SHOWN)
    assert alone["found"] == [4] and alone["picture"] != whole["picture"]
    legend.get_by_role("button", name="9").click()
    assert root.evaluate(SHOWN)["found"] == [4, 9]
    page.wait_for_url("**classes=4*9*")
    page.reload()
    expect(legend.locator("[aria-pressed=true]")).to_have_text(["4", "9"])
    expect(page.locator(".reading")).to_contain_text("=")
    assert root.evaluate(SHOWN)["found"] == [4, 9]
    legend.get_by_role("button", name="9").click()
    legend.get_by_role("button", name="4").click()  # none is left: all
    expect(legend.locator("[aria-pressed=true]")).to_have_count(11)
    assert root.evaluate(SHOWN) == whole
    legend.get_by_role("button", name="0").click()
    legend.get_by_role("button", name="All").click()
    assert root.evaluate(SHOWN) == whole
    expect(page).not_to_have_url(re.compile("classes"))
