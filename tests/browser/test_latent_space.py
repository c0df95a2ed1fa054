"""The latent space under the pointer, as a student moves in it."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.server import wait_for
from vae import data

PIXELS = (
    """canvas => Array.from(canvas.getContext("2d").getImageData(0, 0, 28, 28).data.filter((_, i) => i % 4 === 0))"""
)
# Where the code of a test digit lies on the VAE's plane, as CSS pixels of the page.
PLACE = """(root, index) => {
  const plane = root.view.planes.vae, box = plane.canvas.getBoundingClientRect();
  const [left, top] = plane.toPixels([plane.codes.x[index], plane.codes.y[index]]);
  return [box.left + left, box.top + top];
}"""


def opened(visit, address: str = "", **options) -> Page:
    """The page with both models there."""
    page = visit(f"/latent_space{address}", **options)
    expect(page.locator(".reading")).to_contain_text("=")
    return page


def decoded(page: Page, half: str) -> list[int]:
    return page.locator(f"canvas.digit.{half}").evaluate(PIXELS)


def answers(page: Page) -> tuple[list[int], list[int]]:
    return decoded(page, "ae"), decoded(page, "vae")


def image(index: int) -> list[int]:
    return (data.load("mnist", "test").images[index] * 255).round().int().tolist()


def test_both_decoders_answer_while_the_pointer_moves_and_the_server_hears_nothing(visit, browser):
    sent = []
    page = visit("/")
    page.on("websocket", lambda socket: socket.on("framesent", lambda payload: sent.append(payload)))
    page.goto(page.url + "latent_space")
    expect(page.locator(".reading")).to_contain_text("=")
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    box = page.locator(".half.vae canvas").bounding_box()
    before, seen = len(sent), []
    assert before > 0  # it is listened to
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(box["x"] + 20 + 20 * step, box["y"] + 20 + 15 * step)
        seen.append(answers(page))
    page.mouse.up()
    assert len({str(ae) for ae, _ in seen}) == len({str(vae) for _, vae in seen}) == 10
    expect(page).to_have_url(re.compile("z="))  # written by the page itself
    assert len(sent) == before


def test_at_a_point_its_original_shows_and_what_the_decoder_makes_of_its_code(visit):
    page = opened(visit)
    root = page.locator(".latent-space")
    for index in (7, 1234):
        page.mouse.move(*root.evaluate(PLACE, index))
        expect(page.locator(".reading")).to_contain_text("lies here")
        shown = int(re.search(r"test digit ([\d,]+)", page.locator(".reading").text_content())[1].replace(",", ""))
        assert decoded(page, "x") == image(shown)
        x, x_hat = np.array(image(shown)), np.array(decoded(page, "vae"))
        assert np.corrcoef(x, x_hat)[0, 1] > 0.4


def test_a_finger_on_a_phone_gets_both_answers(visit):
    page = opened(visit, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    plane = page.locator(".half.vae canvas")
    plane.scroll_into_view_if_needed()
    box, before = plane.bounding_box(), answers(page)
    page.touchscreen.tap(box["x"] + 0.7 * box["width"], box["y"] + 0.3 * box["height"])
    expect(page.locator(".reading")).to_contain_text("z = (")
    assert all(now != then for now, then in zip(answers(page), before))


def test_the_arrow_keys_move_z_and_are_read_out(visit):
    page = opened(visit)
    reading = page.locator(".reading")
    page.locator(".half.vae canvas").focus()
    page.keyboard.press("ArrowLeft")  # from where the chosen digit is
    expect(reading).to_contain_text("z = (")
    page = opened(visit, "?z=0.5,-0.5")
    reading = page.locator(".reading")
    expect(reading).to_contain_text("z = (0.50, −0.50)")
    assert reading.get_attribute("aria-live") == "polite"
    page.locator(".half.ae canvas").focus()
    before = answers(page)
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowUp"):
        page.keyboard.press(key)
    expect(reading).not_to_contain_text("0.50, −0.50")
    right, up = map(
        float, re.search(r"\((.*), (.*)\)", reading.text_content().replace("−", "-").split(":")[0]).groups()
    )
    assert right > 0.5 and up > -0.5
    assert answers(page) != before


def test_a_link_shows_the_same_z_digit_and_layers(visit):
    page = opened(visit, "?x=42")
    page.get_by_label("holes").check()
    page.get_by_label("codes of the test digits").uncheck()
    page.locator(".half.vae canvas").hover(position={"x": 100, "y": 140})
    expect(page).to_have_url(re.compile("z=.*layers=prior|layers=prior.*z="))
    other = opened(visit, page.url.split("/latent_space")[1])
    expect(other.locator(".reading")).to_have_text(page.locator(".reading").text_content())
    assert answers(other) == answers(page)
    expect(other.get_by_label("holes")).to_be_checked()
    expect(other.get_by_label("codes of the test digits")).not_to_be_checked()
    expect(other.locator(".picker .name", has_text="Test digit 42, labelled 4")).to_be_visible()


def test_each_layer_changes_both_planes_but_the_ellipses_which_an_ae_has_not(visit):
    page = opened(visit)
    shot = "canvas => canvas.toDataURL()"
    halves = [page.locator(f".half.{half} canvas") for half in ("ae", "vae")]
    before = [half.evaluate(shot) for half in halves]
    for layer in ("q(z|x) at 1 and 2", "where codes are likely", "what the decoder draws there", "holes"):
        page.get_by_label(layer).check()
        after = [half.evaluate(shot) for half in halves]
        assert [a != b for a, b in zip(after, before)] == [not layer.startswith("q(z|x)"), True], layer
        page.get_by_label(layer).uncheck()
        assert [half.evaluate(shot) for half in halves] == before


def test_zooming_keeps_what_is_under_the_pointer_and_0_shows_all_again(visit):
    page = opened(visit)
    plane = page.locator(".half.vae canvas")
    limit = "root => root.view.planes.vae.limit"
    home = page.locator(".latent-space").evaluate(limit)
    plane.click(position={"x": 120, "y": 150})
    position = "root => root.view.position"
    before = page.locator(".latent-space").evaluate(position)
    page.mouse.wheel(0, -300)
    wait_for(lambda: page.locator(".latent-space").evaluate(limit) < home)
    plane.hover(position={"x": 120, "y": 151})
    plane.hover(position={"x": 120, "y": 150})
    assert page.locator(".latent-space").evaluate(position) == pytest.approx(before, abs=2 * home / 300)  # a pixel
    page.keyboard.press("0")
    assert page.locator(".latent-space").evaluate(limit) == home


def test_ones_own_drawing_is_encoded_while_one_draws_and_travels_in_the_link(visit):
    page = opened(visit)
    page.locator("canvas.paper").scroll_into_view_if_needed()
    paper = page.locator("canvas.paper").bounding_box()
    page.mouse.move(paper["x"] + 84, paper["y"] + 30)
    page.mouse.down()
    seen = []
    for step in range(6):
        page.mouse.move(paper["x"] + 84, paper["y"] + 40 + 15 * step)
        seen.append(page.locator(".reading").text_content())
    page.mouse.up()
    assert len(set(seen)) >= 4
    expect(page.locator(".picker .name", has_text="Your own digit")).to_be_visible()
    expect(page).to_have_url(re.compile("x=own-"))
    other = opened(visit, page.url.split("/latent_space")[1])
    expect(other.locator(".picker .name", has_text="Your own digit")).to_be_visible()
    difference = np.abs(np.array(decoded(other, "x")) - np.array(decoded(page, "x")))
    assert difference.max() <= 9  # of 255: the link has 16 levels


def test_a_digit_is_chosen_by_class_number_chance_or_difficulty(visit):
    page = opened(visit)
    page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator(".picker .name", has_text="labelled 3")).to_be_visible()
    page.get_by_label("Test digit", exact=True).fill("9999")
    page.keyboard.press("Enter")
    expect(page.locator(".picker .name", has_text="Test digit 9,999, labelled 6")).to_be_visible()
    assert decoded(page, "x") == image(9999)
    page.get_by_label("Test digit", exact=True).fill("10000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="a whole number from 0 to 9,999")).to_be_visible()
    expect(page.locator(".picker .name", has_text="Test digit 9,999, labelled 6")).to_be_visible()
    for name in ("A hard one", "Random"):
        before = decoded(page, "x")
        page.get_by_role("button", name=name).click()
        assert decoded(page, "x") != before


def picture(kind: str = "PNG", invert: bool = False, size=(28, 28), mode: str = "L") -> bytes:
    """A test digit as a file."""
    grey = Image.fromarray(np.array(image(0), np.uint8).reshape(28, 28)).resize(size)
    if invert:
        grey = Image.fromarray(255 - np.array(grey))
    buffer = io.BytesIO()
    converted = Image.fromarray(np.array(grey, np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    converted.save(buffer, kind)
    return buffer.getvalue()


GOOD_FILES = {
    "small PNG": picture(),
    "large dark-on-light JPEG": picture("JPEG", invert=True, size=(1200, 1200), mode="RGB"),
    "palette PNG": picture(mode="P", size=(300, 300)),
    "16-bit PNG": picture(mode="I;16", size=(64, 64)),
    "PNG with alpha": picture(mode="LA", size=(90, 90)),
    "CMYK JPEG": picture("JPEG", invert=True, size=(200, 200), mode="CMYK"),
}


def upload(page: Page, content: bytes) -> None:
    page.locator("input[type=file]").set_input_files({"name": "digit", "mimeType": "image/png", "buffer": content})


def test_a_picture_of_a_seven_is_seen_as_mnists_seven(visit):
    page = opened(visit)
    for kind, content in GOOD_FILES.items():
        page.get_by_role("button", name="0", exact=True).click()
        upload(page, content)
        expect(page.locator(".picker .name", has_text="Your own digit"), kind).to_be_visible()
        assert np.corrcoef(decoded(page, "x"), image(0))[0, 1] > 0.8, kind


def animated() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("L", (20, 20), level) for level in (0, 100, 255)]
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def bomb() -> bytes:
    """A small file that promises 2.5 thousand million pixels."""
    content = bytearray(picture())
    content[16:24] = (50_000).to_bytes(4, "big") * 2
    return bytes(content)


BAD_FILES = {
    "text": (b"seven", "not a PNG or JPEG"),
    "empty": (b"", "not a PNG or JPEG"),
    "GIF": (picture("GIF"), "not a PNG or JPEG"),
    "too large": (picture() + bytes(5 * 2**20), "at most 5 MB"),
    "bomb": (bomb(), "at most 40 million"),
    "animated": (animated(), "animated"),
    "cut off PNG": (picture(size=(200, 200))[:-300], "cut off"),
    "cut off JPEG": (picture("JPEG", size=(200, 200))[:-300], "cut off"),
    "damaged": (picture("PNG")[:50] + b"xxxxxxxx" + picture("PNG")[58:], "damaged"),
    "of one colour": (picture(size=(1, 1)), "of one colour"),
}


def test_a_file_that_cannot_be_used_is_said_and_nothing_is_lost(visit):
    page = opened(visit, "?x=42")
    for kind, (content, words) in BAD_FILES.items():
        upload(page, content)
        expect(page.get_by_role("alert").filter(has_text=words), kind).to_be_visible()
        assert decoded(page, "x") == image(42), kind


def test_what_was_pointed_at_is_still_there_after_a_look_at_another_page(visit):
    page = opened(visit, "?x=42")
    page.locator(".half.vae canvas").hover(position={"x": 100, "y": 140})
    expect(page).to_have_url(re.compile("z="))
    reading = page.locator(".reading").text_content()
    page.get_by_role("link", name="From AE to VAE").click()
    expect(page.get_by_role("heading", name="From autoencoder")).to_be_visible()
    page.get_by_role("link", name="Latent space").click()
    expect(page.locator(".reading")).to_have_text(reading)


def strips(page: Page) -> list[str]:
    """The film strips of the fresh samples."""
    found = page.locator(".strips").last.locator("img")
    expect(found).to_have_count(3)
    return [strip.get_attribute("src") for strip in found.all()]


def test_each_draw_has_samples_of_its_own_which_its_link_shows_again(visit):
    page = visit("/latent_space")
    first = strips(page)
    page.get_by_role("button", name="Draw again").click()
    expect(page.get_by_role("spinbutton", name="Draw")).to_have_value("1")
    expect(page.locator(".strips").last.locator("img").first).not_to_have_attribute("src", first[0])
    second = strips(page)
    assert not set(first) & set(second)
    assert strips(visit(page.url)) == second


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


def touch(page: Page, *steps: list[tuple[float, float]]) -> None:
    """Fingers on the glass: for each step where each is; they come down at the first and leave after the last."""
    session = page.context.new_cdp_session(page)
    for number, fingers in enumerate(steps):
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(fingers)]
        kind = "touchStart" if number == 0 else "touchMove"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def middle(locator) -> tuple[float, float]:
    """The middle of an element that has been brought into view."""
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_finger_draws_a_digit(visit):
    page = opened(visit, **PHONE)
    x, y = middle(page.locator(".paper"))
    before = answers(page)
    touch(page, *([(x + 20 - t, y - 50 + 10 * t)] for t in range(10)))
    expect(page.locator(".picker .name")).to_have_text("Your own digit")
    expect(page).to_have_url(re.compile("x=own-"))
    assert sum(decoded(page, "x")) > 5_000
    assert all(now != then for now, then in zip(answers(page), before))


def test_a_finger_moves_z_and_two_fingers_zoom(visit):
    page = opened(visit, **PHONE)
    x, y = middle(page.locator(".half.vae canvas"))
    scrolled = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    touch(page, *([(x, y + 5 * t)] for t in range(8)))
    expect(page).to_have_url(re.compile("z="))
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == scrolled
    limit = "root => root.view.planes.vae.limit"
    before = page.locator(".latent-space").evaluate(limit)
    touch(page, *([(x - 10 - 6 * t, y), (x + 10 + 6 * t, y)] for t in range(8)))
    assert page.locator(".latent-space").evaluate(limit) < before / 2


LOSES_THE_FIRST_MODEL = """() => {
  const lost = new Set(), isLost = (name) => name.startsWith("model") && lost.size === 0;
  class Unpacked extends Set { add(name) { return isLost(name) ? this : super.add(name); } }
  class Parcels extends Map {
    set(name, content) {
      if (!isLost(name)) return super.set(name, content);
      lost.add(name);
      return this;
    }
  }
  globalThis.aeVaeLabShelf = { parcels: new Parcels(), unpacked: new Unpacked(), waiting: new Set() };
  globalThis.lost = lost;
}"""


def test_a_parcel_lost_on_the_way_is_sent_again(visit):
    page = visit("/")
    page.add_init_script(f"({LOSES_THE_FIRST_MODEL})()")
    page.goto(page.url + "latent_space")
    expect(page.locator(".reading")).to_contain_text("=")
    assert page.evaluate("globalThis.lost.size") == 1


def test_what_the_browser_has_is_not_sent_again(visit):
    page, received = visit("/"), []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda payload: received.append(len(payload))))
    page.goto(page.url + "latent_space")
    expect(page.locator(".reading")).to_contain_text("=")
    at_first = sum(received)
    page.get_by_role("button", name="Draw again").click()
    expect(page).to_have_url(re.compile("draw=1"))
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    assert at_first > 1_000_000 and sum(received) - at_first < 100_000
