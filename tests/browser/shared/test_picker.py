"""How a digit is chosen, drawn or read from a file, with the picker alone on an empty page."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

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
  await picker.open(new TestDigits(["images"], Uint8Array.from(labels)), [7, 3, 11], "42");
}"""


@pytest.fixture
def picker(modules, served) -> Page:
    """A picker that shows test digit 42, a four."""
    served.update(parcels.digits())
    modules.goto(EMPTY)
    modules.evaluate(OPENED, [list(served["labels"]), read("shared/picker.css")])
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
    picker.get_by_role("button", name="Draw your own").click()
    assert picker.evaluate("empties") == 1 and not levels(picker, ".paper").any()
    box, seen = picker.locator(".paper").bounding_box(), []

    def place(right: float, down: float) -> tuple[float, float]:
        return box["x"] + right * box["width"], box["y"] + down * box["height"]

    picker.mouse.move(*place(0.3, 0.2))
    picker.mouse.down()
    for down in (0.4, 0.6, 0.8):
        picker.mouse.move(*place(0.3, down))
        seen.append(last(picker)[1])
    picker.mouse.up()
    picker.mouse.move(*place(0.9, 0.9))
    assert len(set(seen)) == 3 and last(picker)[1] == seen[-1]
    rows, columns = np.nonzero(levels(picker, ".paper") > 128)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(0.3 * 280, abs=2)
    assert (columns.max() - columns.min(), rows.min(), rows.max()) == pytest.approx((22, 56 - 11, 224 + 11), abs=3)
    drawn = last(picker)[0].reshape(28, 28)
    rows, columns = np.nonzero(drawn)
    assert (len(set(rows)), rows.max() - rows.min()) == (20, 19)  # as MNIST's are
    middle = (drawn.sum(1) * np.arange(28)).sum() / drawn.sum(), (drawn.sum(0) * np.arange(28)).sum() / drawn.sum()
    assert middle == pytest.approx((14, 14), abs=1)


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


GOOD_FILES = {
    "small PNG": written(seven()),
    "large dark-on-light JPEG": written(seven(1200, invert=True).convert("RGB"), "JPEG"),
    "palette PNG": written(seven(300).convert("P")),
    "16-bit PNG": written(Image.fromarray(np.array(seven(64), np.uint16) * 257)),
    "PNG with an opaque alpha": written(seven(90).convert("LA")),
    "black ink on nothing": written(with_alpha(0)),
    "grey ink on nothing": written(with_alpha(100)),
    "CMYK JPEG": written(seven(200, invert=True).convert("CMYK"), "JPEG"),
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


def animated() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("L", (20, 20), level) for level in (0, 100, 255)]
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def promising(width: int, height: int) -> bytes:
    """A small file that promises another size than it has."""
    content = bytearray(written(seven()))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return bytes(content)


BAD_FILES = {
    "text": (b"seven", "not a PNG or JPEG"),
    "empty": (b"", "not a PNG or JPEG"),
    "GIF": (written(seven(), "GIF"), "not a PNG or JPEG"),
    "too large": (written(seven()) + bytes(5 * 2**20), "at most 5 MB"),
    "bomb": (promising(50_000, 50_000), "at most 40 million"),
    "just too many pixels": (promising(8_000, 5_001), "8,000 × 5,001 pixels; at most 40 million"),
    "no size": (promising(0, 28), "has no size"),
    "animated": (animated(), "animated"),
    "cut off PNG": (written(seven(200))[:-300], "cut off"),
    "cut off JPEG": (written(seven(200), "JPEG")[:-300], "cut off"),
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


SHADES = """async (levels) => {
  const { readPicture } = await import("./shared/upload.js");
  const canvas = Object.assign(document.createElement("canvas"), { width: levels.length, height: 3 });
  const brush = canvas.getContext("2d");
  levels.forEach(([red, green, blue], x) => {
    brush.fillStyle = `rgb(${red}, ${green}, ${blue})`;
    brush.fillRect(x, 1, 1, 1);
  });
  const blob = await new Promise((done) => canvas.toBlob(done));
  const { grey, width } = await readPicture(blob);
  return Array.from(grey.slice(width, 2 * width));
}"""


def test_the_grey_of_a_picture_is_its_luma_and_a_fifth_of_the_ink_is_paper(modules):
    paper, shades = [255, 255, 255], [[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [230, 230, 230]]
    modules.goto(EMPTY)
    seen = modules.evaluate(SHADES, [paper, *shades, paper])  # what was not painted is transparent
    away = 1 - np.array([paper, *shades, paper]) @ [0.299, 0.587, 0.114] / 255
    np.testing.assert_allclose(seen, np.clip((away - 0.2) / 0.8, 0, 1), atol=0.01)
