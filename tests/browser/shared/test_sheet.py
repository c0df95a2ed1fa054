"""A sheet is drawn on by one hand, pen or keyboard, and what is drawn becomes a digit of MNIST's size and pen."""

import numpy as np
import pytest
from playwright.sync_api import Page

from pages.shared.component import read
from tests.browser.conftest import EMPTY
from tests.browser.parcels import levels

OPENED = """async (css) => {
  const { Sheet } = await import("./shared/sheet.js");
  document.head.innerHTML = `<style>${css}</style>`;
  document.body.innerHTML = '<button>before</button><div class="picker"><canvas class="paper"></canvas></div>';
  Object.assign(globalThis, { drawn: [], told: "" });
  const keep = (x) => drawn.push(x && Array.from(x));
  globalThis.sheet = new Sheet(document.querySelector("canvas"), keep, (words) => (told = words));
  sheet.clear();
}"""


@pytest.fixture
def sheet(modules) -> Page:
    """An empty sheet, alone on a page."""
    modules.goto(EMPTY)
    modules.evaluate(OPENED, read("shared/lab.css") + read("shared/picker.css"))
    return modules


def digit(page: Page) -> np.ndarray | None:
    """What is drawn, as the networks see it."""
    pixels = page.evaluate("drawn.at(-1)")
    return None if pixels is None else np.reshape(pixels, (28, 28))


def strokes(page: Page) -> list[np.ndarray]:
    """The places of each stroke, as shares of the sheet."""
    return [np.array(stroke) / 280 for stroke in page.evaluate("sheet.strokes")]


class Hand:
    """What touches the sheet, at shares of its sides."""

    def __init__(self, page: Page):
        self.box = page.locator(".paper").bounding_box()
        self.session = page.context.new_cdp_session(page)

    def at(self, right: float, down: float) -> dict:
        return {"x": self.box["x"] + right * self.box["width"], "y": self.box["y"] + down * self.box["height"]}

    def fingers(self, kind: str, **places: tuple[float, float]) -> None:
        """kind: touchStart, touchMove or touchEnd; places: where each finger is."""
        points = [{**self.at(*place), "id": ord(name)} for name, place in places.items()]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def pen(self, kind: str, right: float, down: float) -> None:
        """kind: mousePressed, mouseMoved or mouseReleased."""
        event = {"type": kind, **self.at(right, down), "button": "left", "buttons": 1, "clickCount": 1}
        self.session.send("Input.dispatchMouseEvent", {**event, "pointerType": "pen"})


def test_a_palm_or_a_second_finger_draws_nothing(sheet):
    hand = Hand(sheet)
    hand.fingers("touchStart", a=(0.3, 0.2))
    hand.fingers("touchMove", a=(0.3, 0.4))
    hand.fingers("touchStart", a=(0.3, 0.4), b=(0.9, 0.9))  # the palm
    hand.fingers("touchMove", a=(0.3, 0.6), b=(0.8, 0.9))
    hand.fingers("touchMove", a=(0.3, 0.8), b=(0.7, 0.9))
    hand.fingers("touchMove", a=(0.4, 0.8))  # the palm leaves
    hand.fingers("touchEnd")
    [stroke] = strokes(sheet)
    np.testing.assert_allclose(stroke[[0, -1]], [(0.3, 0.2), (0.4, 0.8)], atol=0.01)
    assert stroke[:, 0].max() < 0.41
    paper = levels(sheet, ".paper")
    assert paper[:, 140:].max() == 0  # the right half is empty


def test_beside_a_pen_a_hand_draws_nothing_whichever_came_first(sheet):
    hand = Hand(sheet)
    hand.fingers("touchStart", a=(0.9, 0.9))  # the hand comes first
    hand.pen("mousePressed", 0.2, 0.2)
    hand.fingers("touchMove", a=(0.8, 0.9))
    hand.pen("mouseMoved", 0.2, 0.7)
    hand.pen("mouseReleased", 0.2, 0.7)
    hand.fingers("touchEnd")
    hand.fingers("touchStart", a=(0.7, 0.9))  # and lies there again between two strokes
    hand.fingers("touchEnd")
    [stroke] = strokes(sheet)
    np.testing.assert_allclose(stroke[[0, -1]], [(0.2, 0.2), (0.2, 0.7)], atol=0.01)
    sheet.evaluate("sheet.clear()")
    hand.fingers("touchStart", a=(0.7, 0.9))  # without a pen, fingers draw
    hand.fingers("touchEnd")
    assert len(strokes(sheet)) == 1


SEVEN = [(0.2, 0.2), (0.8, 0.2), (0.5, 0.8)]


def draw(page: Page, size: float) -> np.ndarray:
    """A seven of a share of the sheet, in its middle."""
    hand = Hand(page)
    page.evaluate("sheet.clear()")
    [first, *others] = [hand.at(*(0.5 + (place - 0.5) * size for place in point)) for point in SEVEN]
    page.mouse.move(first["x"], first["y"])
    page.mouse.down()
    for place in others:
        page.mouse.move(place["x"], place["y"], steps=5)
    page.mouse.up()
    return digit(page)


def test_a_small_digit_is_enlarged_without_its_pen(sheet):
    large, small, tiny = (draw(sheet, size) for size in (1.2, 0.4, 0.15))
    assert np.corrcoef(large.ravel(), small.ravel())[0, 1] > 0.97
    assert np.corrcoef(large.ravel(), tiny.ravel())[0, 1] > 0.85  # drawn by the pixel of a screen
    way = (20 - 2.2) * (1 + np.hypot(0.3, 0.6) / 0.6)  # of the pen, in a box of 20
    for x in (large, small, tiny):
        rows, columns = np.nonzero(x > 0.1)
        assert max(np.ptp(rows), np.ptp(columns)) == 19  # as MNIST's are
        assert x.sum() == pytest.approx(2.2 * way, rel=0.1)
    sheet.evaluate("sheet.clear()")
    middle = Hand(sheet).at(0.5, 0.5)
    sheet.mouse.click(middle["x"], middle["y"])
    assert digit(sheet).sum() == pytest.approx(np.pi * 1.1**2, rel=0.1)  # a dot stays one


def test_keys_draw_undo_and_say_what_they_do(sheet):
    sheet.locator("button").focus()
    sheet.keyboard.press("Tab")
    assert sheet.evaluate("told").startswith("Arrow keys move the pen, Space puts it down or lifts it")
    ring = levels(sheet, ".paper")
    assert ring.any()  # the pen is seen
    sheet.keyboard.press("ArrowDown")
    assert (levels(sheet, ".paper") != ring).any() and strokes(sheet) == []
    sheet.keyboard.press("Space")
    assert sheet.evaluate("told").startswith("The pen is down.")
    for key in ("Shift+ArrowDown", "ArrowDown", "ArrowRight", "PageUp"):
        sheet.keyboard.press(key)
    sheet.keyboard.press("Enter")
    assert sheet.evaluate("told").startswith("The pen is up.")
    sheet.keyboard.press("ArrowLeft")  # draws nothing
    [stroke] = strokes(sheet)
    moved = np.diff(stroke, axis=0) * 28
    np.testing.assert_allclose(moved, [(0, 3), (0, 1), (1, 0), (1, -1)], atol=1e-9)
    assert digit(sheet).sum() > 20
    sheet.keyboard.press("Space")
    for _ in range(40):
        sheet.keyboard.press("ArrowLeft")
    assert strokes(sheet)[1][:, 0].min() > 0  # it stays on the sheet
    sheet.keyboard.press("Backspace")
    assert len(strokes(sheet)) == 1
    sheet.keyboard.press("Backspace")
    assert digit(sheet) is None
    sheet.locator("button").focus()
    assert sheet.evaluate("told") == "" and not levels(sheet, ".paper").any()
