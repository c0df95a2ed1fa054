"""How a digit is chosen, drawn or read from a file, with the picker alone on an empty page."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Error, Page, expect

from pages.shared.component import read
from pages.true_posterior.posteriors import pixels
from tests.browser import parcels
from tests.browser.conftest import EMPTY
from tests.browser.parcels import levels

OPENED = """async ([labels, css]) => {
  const { Picker, EMPTY } = await import("./shared/picker.js");
  const { TestDigits } = await import("./shared/test_digits.js");
  document.head.innerHTML = `<style>${css}</style>`;
  document.body.innerHTML = "<div></div>";
  Object.assign(globalThis, { picked: [], empties: 0, EMPTY });
  const pick = (x, name) => picked.push([Array.from(x), name]);
  globalThis.picker = new Picker(document.querySelector("div"), pick, () => empties++);
  await picker.open(new TestDigits(["images"], Uint8Array.from(labels)), "hard", "42");
}"""


@pytest.fixture
def picker(modules, served) -> Page:
    """A picker that shows test digit 42, a four."""
    served.update(parcels.digits(), hard=np.array([7, 3, 11], "<u2").tobytes())
    modules.goto(EMPTY)
    modules.evaluate(OPENED, [list(served["labels"]), read("shared/lab.css") + read("shared/picker.css")])
    return modules


def image(index: int) -> np.ndarray:
    return parcels.images(index)[0].numpy() * 255


def last(page: Page) -> tuple[np.ndarray, str]:
    """What was picked last: levels from 0 to 255, and its name."""
    x, name = page.evaluate("picked.at(-1)")
    return 255 * np.array(x), name


def check(page: Page, index: int, label: int) -> None:
    """A test digit is picked, shown and named."""
    x, name = last(page)
    assert name == str(index)
    np.testing.assert_allclose(x, image(index), atol=1e-3)
    np.testing.assert_allclose(levels(page, ".seen").ravel(), image(index), atol=0.51)
    assert page.locator(".name").text_content() == f"Test digit {index}, labelled {label}"
    assert page.get_by_role("spinbutton", name="Test digit").input_value() == str(index)


def test_a_digit_is_chosen_by_class_number_chance_or_difficulty(picker):
    labels = list(parcels.digits()["labels"])
    check(picker, 42, 4)
    for label in (4, 4, 0, 9):
        start = int(last(picker)[1])
        picker.get_by_role("button", name=str(label), exact=True).click()
        check(picker, next(n for n in range(start + 1, 300) if labels[n] == label), label)  # the next of its class
    picker.get_by_role("spinbutton", name="Test digit").fill("299")
    picker.keyboard.press("Enter")
    check(picker, 299, labels[299])
    picker.get_by_role("button", name="7", exact=True).click()
    check(picker, 0, 7)  # after the last comes the first
    for index in (7, 3, 11, 7):
        picker.get_by_role("button", name="A hard one").click()
        expect(picker.locator(".name")).to_have_text(f"Test digit {index}, labelled {labels[index]}")
        check(picker, index, labels[index])
    picker.evaluate("Math.random = () => 0.9999")
    picker.get_by_role("button", name="Random").click()
    check(picker, 299, labels[299])
    count = picker.evaluate("picked.length")
    for bad in ("300", "-1", "1.5", ""):
        picker.get_by_role("spinbutton", name="Test digit").fill(bad)
        picker.keyboard.press("Enter")
        expect(picker.get_by_role("alert")).to_have_text(
            f"Test digit {bad or '(nothing)'}: a whole number from 0 to 299 is needed."
        )
    assert picker.evaluate("picked.length") == count


HELD = """() => {
  const { fetch } = globalThis;
  const held = (url) => new Promise((answer) => { globalThis.release = () => answer(fetch(url)); });
  globalThis.fetch = (url) => (String(url).endsWith("/hard") ? held(url) : fetch(url));
}"""


def test_a_drawing_stays_when_hard_digits_come_late(picker):
    picker.evaluate(HELD)
    picker.get_by_role("button", name="A hard one").click()
    expect(picker.locator(".name")).to_have_text("Looking for the hard digits …")
    picker.get_by_role("button", name="A hard one").click()  # which changes nothing
    picker.evaluate("picker.own(new Float32Array(784).fill(1))")
    picker.evaluate("release()")
    picker.evaluate("() => new Promise((done) => setTimeout(done, 50))")
    assert last(picker)[1].startswith("own-") and picker.locator(".name").text_content() == "Your own digit"
    picker.get_by_role("button", name="A hard one").click()  # they are here now
    expect(picker.locator(".name")).to_have_text(re.compile("^Test digit 7, labelled"))


def test_that_hard_digits_cannot_be_had_is_said(picker, served):
    del served["hard"]
    picker.get_by_role("button", name="A hard one").click()
    expect(picker.get_by_role("alert")).to_have_text("There is no hard here.")
    assert picker.locator(".name").text_content() == "Test digit 42, labelled 4" and last(picker)[1] == "42"


WRITTEN = """async (x) => {
  const { decodePixels, encodePixels } = await import("./shared/picker.js"), text = encodePixels(x);
  return [text, Array.from(decodePixels(text))];
}"""


def test_a_drawing_in_a_link_has_sixteen_levels_and_the_server_reads_the_same(picker):
    x = np.random.default_rng(0).random(784)
    text, read = picker.evaluate(WRITTEN, x.tolist())
    np.testing.assert_allclose(read, np.round(x * 15) / 15, atol=1e-6)
    np.testing.assert_allclose(pixels(f"own-{text}", None), read, atol=1e-6)
    assert picker.evaluate("EMPTY") == "own-" + picker.evaluate(WRITTEN, [0.0] * 784)[0]
    picker.evaluate("name => picker.open(picker.digits, picker.hard, name)", f"own-{text}")
    drawn, name = last(picker)
    np.testing.assert_allclose(drawn / 255, read, atol=1e-6)
    assert name == f"own-{text}" and picker.locator(".name").text_content() == "Your own digit"
    np.testing.assert_allclose(levels(picker, ".seen").ravel(), drawn, atol=0.51)


def test_a_stroke_is_seen_while_it_is_drawn_where_the_hand_is(picker):
    picker.get_by_role("button", name="Sketch a digit").click()
    assert picker.evaluate("empties") == 1 and not levels(picker, ".paper").any()
    box, seen = picker.locator(".paper").bounding_box(), []

    def place(right: float, down: float) -> tuple[float, float]:
        return box["x"] + right * box["width"], box["y"] + down * box["height"]

    picker.mouse.move(*place(0.3, 0.2))
    picker.mouse.down()
    for right, down in ((0.3, 0.8), (0.4, 0.8), (0.5, 0.8)):
        picker.mouse.move(*place(right, down))
        seen.append(last(picker)[1])
    picker.mouse.up()
    picker.mouse.move(*place(0.9, 0.9))
    assert len(set(seen)) == 3 and last(picker)[1] == seen[-1]
    rows, columns = np.nonzero(levels(picker, ".paper") > 128)
    ends = columns.min(), columns.max(), rows.min(), rows.max()
    assert ends == pytest.approx((84 - 11, 140 + 11, 56 - 11, 224 + 11), abs=3)
    drawn = last(picker)[0].reshape(28, 28)
    rows, columns = np.nonzero(drawn)
    assert (len(set(rows)), rows.max() - rows.min()) == (20, 19)  # as MNIST's are
    middle = (drawn.sum(1) * np.arange(28)).sum() / drawn.sum(), (drawn.sum(0) * np.arange(28)).sum() / drawn.sum()
    assert middle == pytest.approx((14, 14), abs=1)


def test_strokes_are_taken_back_by_button_and_key_and_cleared(picker):
    undo, box = picker.get_by_role("button", name="Undo"), picker.locator(".paper").bounding_box()
    expect(undo).to_be_hidden()
    seen = []
    for right in (0.3, 0.5, 0.7):
        picker.mouse.move(box["x"] + right * box["width"], box["y"] + 30)
        picker.mouse.down()
        picker.mouse.move(box["x"] + right * box["width"], box["y"] + 130)
        picker.mouse.up()
        seen.append((last(picker)[1], levels(picker, ".paper")))

    def check_shown(name: str, paper: np.ndarray) -> None:
        assert last(picker)[1] == name and (levels(picker, ".paper") == paper).all()

    undo.click()
    check_shown(*seen[1])
    picker.locator(".paper").focus()
    picker.keyboard.press("Control+z")
    check_shown(*seen[0])
    assert picker.evaluate("empties") == 0
    undo.click()  # the last one
    expect(undo).to_be_hidden()
    assert picker.evaluate("empties") == 1 and not levels(picker, ".paper").any() and not levels(picker, ".seen").any()
    picker.mouse.click(box["x"] + 80, box["y"] + 80)
    picker.mouse.click(box["x"] + 30, box["y"] + 40)
    drawn = last(picker)[1], levels(picker, ".paper")
    picker.get_by_role("button", name="Clear").click()
    assert picker.evaluate("empties") == 2 and not levels(picker, ".paper").any()
    undo.click()  # the drawing is there again, with each of its strokes
    check_shown(*drawn)
    undo.click()
    assert last(picker)[1] != drawn[0] and levels(picker, ".paper").any()
    picker.get_by_role("button", name="Clear").click()
    picker.mouse.click(box["x"] + 80, box["y"] + 110)  # another drawing, which is taken back before the first one
    picker.keyboard.press("Control+z")
    assert not levels(picker, ".paper").any()
    picker.keyboard.press("Control+z")
    assert levels(picker, ".paper").any()
    picker.get_by_role("button", name="Clear").click()
    picker.evaluate("picker.choose(42)")
    check(picker, 42, 4)
    expect(undo).to_be_hidden()  # a test digit is no drawing
    expect(picker.get_by_role("button", name="Sketch a digit")).to_be_visible()


def written(picture: Image.Image, kind: str = "PNG") -> bytes:
    """A picture as a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def seven(size: int = 28, invert: bool = False) -> Image.Image:
    """The first test digit, light on dark, or dark on light."""
    levels = image(0).round().astype(np.uint8).reshape(28, 28)
    return Image.fromarray(255 - levels if invert else levels).resize((size, size))


def with_alpha(ink: int) -> Image.Image:
    """A picture whose ink is of one level and whose paper is not there at all."""
    drawn = Image.new("LA", (90, 90), ink)
    drawn.putalpha(seven(90))
    return drawn


def animated(kind: str) -> bytes:
    """A seven, and then other pictures."""
    buffer = io.BytesIO()
    others = [Image.new("L", (60, 60), level) for level in (0, 100, 255)]
    seven(60).save(buffer, kind, save_all=True, append_images=others)
    return buffer.getvalue()


GOOD_FILES = {
    "small PNG": written(seven()),
    "large dark-on-light JPEG": written(seven(1200, invert=True).convert("RGB"), "JPEG"),
    "palette PNG": written(seven(300).convert("P")),
    "16-bit PNG": written(Image.fromarray(np.array(seven(64), np.uint16) * 257)),
    "PNG with an opaque alpha": written(seven(90).convert("LA")),
    "black ink on nothing": written(with_alpha(0)),
    "grey ink on nothing": written(with_alpha(100)),
    "CMYK JPEG": written(seven(200, invert=True).convert("CMYK"), "JPEG"),
    "GIF": written(seven(60), "GIF"),
    "the first picture of an animated GIF": animated("GIF"),
    "the first picture of an animated PNG": animated("PNG"),
    "red on green": written(Image.merge("RGB", [seven(90), seven(90, invert=True), Image.new("L", (90, 90), 60)])),
}


def upload(page: Page, content: bytes) -> None:
    page.locator("input[type=file]").set_input_files({"name": "digit", "mimeType": "image/png", "buffer": content})


def test_a_picture_of_a_seven_is_seen_as_mnists_seven(picker):
    for kind, content in GOOD_FILES.items():
        picker.evaluate("picker.choose(3)")
        upload(picker, content)
        picker.wait_for_function("picker.name.textContent === 'Your own digit' || picker.complaint.textContent")
        assert picker.get_by_role("alert").text_content() == "", kind
        assert np.corrcoef(last(picker)[0], image(0))[0, 1] > 0.8, kind


def promising(width: int, height: int) -> bytes:
    """A small file that promises another size than it has."""
    content = bytearray(written(seven()))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return bytes(content)


def ftyp(brand: str) -> bytes:
    """How a file of the family of HEIC and MP4 begins."""
    return (24).to_bytes(4, "big") + f"ftyp{brand}\0\0\0\0mif1{brand}".encode() + bytes(200)


BAD_FILES = {
    "text": (b"seven", "not a picture of a known format. PNG and JPEG can always be read"),
    "empty": (b"", "This file is empty"),
    "HEIC": (ftyp("heic"), "cannot read HEIC files. Save the picture as JPEG or PNG, or take a screenshot"),
    "video": (ftyp("isom"), "cannot read video (MP4 or MOV) files"),
    "TIFF": (written(seven(), "TIFF"), "cannot read TIFF or raw files"),
    "PDF": (written(seven(), "PDF"), "cannot read PDF files"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cannot read SVG files"),
    "bomb": (promising(50_000, 50_000), "at most 40 million"),
    "just too many pixels": (promising(8_000, 5_001), "8,000 × 5,001 pixels; at most 40 million"),
    "no size": (promising(0, 28), "has no size"),
    **{
        f"cut off {kind}": (written(seven(200), kind)[:-300], "cut off")
        for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP")
    },
    "a JPEG's beginning": (written(seven(200), "JPEG")[:8], "cut off"),
    "damaged": (written(seven())[:50] + b"xxxxxxxx" + written(seven())[58:], "damaged"),
    "of one colour": (written(Image.new("L", (9, 9), 99)), "of one colour"),
}


def test_a_file_that_cannot_be_used_is_said_and_nothing_is_lost(picker):
    for kind, (content, words) in BAD_FILES.items():
        upload(picker, content)
        expect(picker.get_by_role("alert"), kind).to_contain_text(words)
        check(picker, 42, 4)
        picker.evaluate("picker.choose(42)")  # which takes the complaint away
        expect(picker.get_by_role("alert")).to_have_text("")
    assert picker.evaluate("new Set(picked.map(([, name]) => name)).size") == 1
    read = "async (size) => (await import('./shared/upload.js')).readPicture(new File([new Uint8Array(size)], 'digit'))"
    with pytest.raises(Error, match=r"This file has 25\.5 MB; at most 25 MB can be read\."):
        picker.evaluate(read, 25.5 * 2**20)


def doubtful() -> bytes:
    """A seven whose top lies at the picture's edge."""
    picture = seven(280)
    return written(picture.crop((0, 100, 280, 280)))


def test_a_doubtful_picture_is_shown_large_and_taken_only_when_somebody_says_so(picker):
    question = picker.get_by_role("group", name="Is this your digit?")
    expect(question).to_be_hidden()
    upload(picker, doubtful())
    expect(question).to_contain_text("Is this your digit? It touches the edge of the picture.")
    expect(question.get_by_role("button", name="Yes")).to_be_focused()
    assert question.get_by_role("img").bounding_box()["width"] >= 160
    shown = levels(picker, ".asked").ravel()
    assert shown.max() == 255
    check(picker, 42, 4)  # as before
    with picker.expect_file_chooser():
        question.get_by_role("button", name="No, another picture").click()
    expect(question).to_be_hidden()
    check(picker, 42, 4)
    upload(picker, doubtful())
    question.get_by_role("button", name="Yes").click()
    expect(question).to_be_hidden()
    x, name = last(picker)
    assert name.startswith("own-") and picker.locator(".name").text_content() == "Your own digit"
    np.testing.assert_allclose(x, shown, atol=255 / 30 + 0.5)  # in sixteen levels
    upload(picker, doubtful())
    expect(question).to_be_visible()
    picker.evaluate("picker.choose(42)")  # another choice answers the question too
    expect(question).to_be_hidden()
    check(picker, 42, 4)


def test_a_choice_that_is_made_while_a_picture_is_read_stays(picker):
    picker.evaluate("""() => {
      const { arrayBuffer } = File.prototype;
      File.prototype.arrayBuffer = async function () {
        await new Promise((done) => (globalThis.goOn = done));
        return arrayBuffer.call(this);
      };
    }""")
    upload(picker, written(seven(300)))
    picker.wait_for_function("typeof goOn === 'function'")
    picker.evaluate("picker.choose(3)")
    input_is_empty = "document.querySelector('input[type=file]').value === ''"
    assert not picker.evaluate(input_is_empty)
    picker.evaluate("goOn()")
    picker.wait_for_function(input_is_empty)  # it was read to its end
    assert last(picker)[1] == "3"


SHADES = """async ([levels, wide]) => {
  const { inkOf } = await import("./shared/paper.js");
  const image = new ImageData(levels.length * wide, 100);
  for (let i = 0; i < image.width * image.height; i++) {
    const level = levels[Math.floor((i % image.width) / wide)];
    if (level) image.data.set([...level, 255], 4 * i); // else it is transparent
  }
  return Array.from(levels, (_, bar) => inkOf(image).ink[50 * image.width + bar * wide + (wide >> 1)]);
}"""


def test_ink_is_the_luma_that_the_paper_lacks(modules):
    modules.goto(EMPTY)
    shades = [[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [230, 230, 230]]
    luma = np.array(shades) @ [0.299, 0.587, 0.114] / 255
    for paper in (None, [255, 255, 255]):
        bars = [bar for shade in shades for bar in (paper, paper, paper, shade, paper, paper, paper)]
        np.testing.assert_allclose(modules.evaluate(SHADES, [bars, 5])[3::7], 1 - luma, atol=0.01)
    dark = [bar for shade in shades for bar in (shades[0],) * 3 + (shade,) + (shades[0],) * 3]
    np.testing.assert_allclose(modules.evaluate(SHADES, [dark, 5])[3::7], luma, atol=0.01)  # light on dark
