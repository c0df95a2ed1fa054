"""Photographs and drawings of digits, read by a real browser: the digit that was written, or a question, or words."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import Page

from tests.browser.conftest import EMPTY
from tests.browser.shared.photographs import CONDITIONS, Photograph, as_file
from vae import data

PICTURES = sorted(path for path in (Path(__file__).parent / "pictures").iterdir() if "expected" not in path.name)
SAME = 0.85  # correlation of two pictures of one digit
SEED = 3
READ = """async (content) => {
  const { readPicture } = await import("./shared/upload.js"), { centreDigit } = await import("./shared/centre.js");
  try {
    const picture = await readPicture(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], "digit"));
    return { x: Array.from(centreDigit(picture)), doubts: picture.doubts };
  } catch (error) {
    return { words: error.constructor === Error ? error.message : String(error.stack) };
  }
}"""


def seen(page: Page, content: bytes) -> dict:
    """What is read from a file: x and doubts, or words."""
    return page.evaluate(READ, base64.b64encode(content).decode())


def likeness(x: list[float], digit: np.ndarray) -> float:
    """The correlation of two digits."""
    return np.corrcoef(np.ravel(x), digit.ravel())[0, 1]


def likeness_nearby(x: list[float], digit: np.ndarray) -> float:
    """The same for a digit whose pen was finer or broader: of both a little blurred, at the best place a pixel away.

    A little ink more or less puts MNIST's own digits a pixel to one side or the other.
    """

    def blurred(pixels: np.ndarray) -> np.ndarray:
        return sum(np.roll(pixels, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1))

    pixels, digit = blurred(np.reshape(x, (28, 28))), blurred(digit.reshape(28, 28))
    return max(likeness(np.roll(pixels, (i, j), (0, 1)), digit) for i in (-1, 0, 1) for j in (-1, 0, 1))


def test_photographs_of_a_2_4_and_7_in_21_conditions_are_those_digits(modules):
    modules.goto(EMPTY)
    assert len(PICTURES) == 63
    wrong = {}
    for path in PICTURES:
        digit = np.asarray(Image.open(path.with_name(f"{path.name[0]}-expected.png")))
        found = seen(modules, path.read_bytes())
        if found.get("doubts") != [] or likeness(found["x"], digit) < SAME:
            wrong[path.name] = {key: value for key, value in found.items() if key != "x"}
    assert wrong == {}


def test_photographs_of_other_digits_in_other_light_are_those_digits(modules):
    modules.goto(EMPTY)
    images = data.load("mnist", "test").images.numpy()
    taken, wrong = 0, {}
    for number, (name, draw) in enumerate(CONDITIONS.items()):
        for which in range(2):
            index, content = draw(np.random.default_rng([SEED, number, which]))
            found = seen(modules, content)
            taken += found.get("doubts") == []
            if found.get("doubts") == [] and likeness_nearby(found["x"], images[index]) < SAME:
                wrong[name, which] = index
    assert wrong == {}
    assert taken >= 0.9 * 2 * len(CONDITIONS)


def sheet_with(*places: tuple[int, float, float, float]) -> bytes:
    """A photograph of test digits: of each its index, its place and its share of the sheet."""
    random = np.random.default_rng(SEED)
    photo = Photograph(random)
    photo.side, photo.light = 600, np.ones((600, 600))
    strokes = []
    for photo.index, right, down, photo.size in places:
        photo.place = (down, right)
        strokes.append(photo.strokes())
    photo.strokes = lambda: np.max(strokes, axis=0)
    return as_file(photo.levels())


def cut(content: bytes, *box: int) -> bytes:
    return as_file(np.asarray(Image.open(io.BytesIO(content)).convert("L").crop(box)) / 255)


def noise() -> np.ndarray:
    """Light and dark patches of all sizes: a photograph of a bush."""
    grain = Image.fromarray(np.random.default_rng(SEED).integers(0, 256, (300, 300)).astype(np.uint8))
    return np.asarray(grain.filter(ImageFilter.GaussianBlur(4))) / 255 * 3 - 1


UNCERTAIN = {
    "two digits": (sheet_with((3, 0.1, 0.5, 0.3), (4, 0.9, 0.5, 0.3)), "There are 2 digits or drawings"),
    "four digits": (
        sheet_with((3, 0, 0, 0.25), (4, 1, 0, 0.25), (0, 0, 1, 0.25), (1, 1, 1, 0.25)),
        "There are 4 digits or drawings",
    ),
    "two digits that touch": (sheet_with((1, 0.1, 0.5, 0.4), (0, 0.9, 0.5, 0.4)), "wider than a digit"),
    "half a digit": (cut(sheet_with((3, 0.5, 0.5, 0.5)), 0, 0, 300, 600), "touches the edge"),
    "a dot": (as_file(1 - sum(np.hypot(*(np.mgrid[:400, :400] - 200)) < r for r in (60,))), "a blot"),
    "hardly any ink": (as_file(np.where(Photograph(np.random.default_rng(1)).strokes() > 0.5, 0.8, 0.88)), "hardly"),
    "a tiny digit": (sheet_with((3, 0.5, 0.5, 0.04)), "very small"),
    "a bush": (as_file(np.clip(noise(), 0, 1)), ""),
    "paper": (as_file(np.full((300, 300), 0.8)), "of one colour"),
}


def test_what_may_be_something_else_is_asked_or_refused_in_words(modules):
    modules.goto(EMPTY)
    for kind, (content, words) in UNCERTAIN.items():
        found = seen(modules, content)
        assert words in " ".join([found.get("words", ""), *found.get("doubts", [])]), kind
        assert found.get("words", found.get("doubts")), kind  # never taken without a word


WIDTHS = """async ([content, side, size]) => {
  const { strokeWidth, wantedWidth, withWidth } = await import("./shared/strokes.js");
  const mask = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
  const now = strokeWidth({ width: side, height: side, mask });
  const wanted = wantedWidth(size, now) ?? now;
  return [now, wanted, Array.from(withWidth({ width: side, height: side, mask }, now, wanted))];
}"""


@pytest.mark.parametrize("width", [2, 9, 26])
def test_thin_strokes_become_wider_and_thick_ones_narrower_and_none_is_lost(modules, width):
    """A bar with a thin tail, 80 pixels together: four pixels are one in a box of 20."""
    modules.goto(EMPTY)
    mask = np.zeros((100, 100), np.uint8)
    middle = slice(50 - width // 2, 50 - width // 2 + width)
    mask[10:70, middle] = 1
    mask[70:90, 50] = 1  # the tail
    now, wanted, grey = modules.evaluate(WIDTHS, [base64.b64encode(mask.tobytes()).decode(), 100, 80])
    grey = np.reshape(grey, (100, 100))
    assert now == pytest.approx(width, rel=0.3)
    assert {2: 8 < wanted < 11, 9: wanted == now, 26: 12 < wanted < 18}[width]
    assert grey[38:42].sum(1).mean() == pytest.approx(wanted + width - now, abs=3)
    assert (grey[16:86].max(1) > 0.9).all()  # the tail too
