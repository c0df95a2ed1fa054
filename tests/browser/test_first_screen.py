"""The picture first: whole on the first screen, beside what changes it, on a projector and on laptops."""

import re

import pytest
from playwright.sync_api import Page, expect

from pages.lessons import LESSONS

SIZES = [(1280, 720), (1366, 768), (1024, 768)]
# A lesson's main picture, and the controls that change it.
PICTURES = {
    "": (".networks .picture svg", [".networks .again"]),
    "resampling": (".resampling .half.vae canvas", [".resampling .again", ".resampling .scale"]),
    "latent_space": (".latent-space .half.vae canvas", [".latent-space .digit.vae"]),
    "kl_weight": (".ladder .answer", [".ladder .rungs"]),
    "walk": (".walk .digit.vae", [".walk input[type=range]"]),
    "train": (".scatter canvas, .strips", [".stButton button"]),
    "conversion": (".scatter canvas, .strips", [".stButtonGroup"]),
    "log_sigma": (".sigma-plane canvas", [".sigma-plane input"]),
    "collapse": (".stPlotlyChart", ["[role=radiogroup]"]),
    "true_posterior": (".posterior .half canvas", [".posterior .picker .classes"]),
}
FAR = 300  # pixels between a control and what it changes


def box(page: Page, selector: str, most: int | None = None) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of such elements together, of so many at most, pixels of the screen."""
    page.locator(selector).first.wait_for()
    found = [place.bounding_box() for place in page.locator(selector).filter(visible=True).all()[:most]]
    ends = [(one["x"], one["y"], one["x"] + one["width"], one["y"] + one["height"]) for one in found]
    return tuple(side(values) for side, values in zip((min, min, max, max), zip(*ends)))


def distance(one: tuple, other: tuple) -> float:
    """Pixels between two boxes, in the direction in which they are farther apart."""
    across = max(one[0] - other[2], other[0] - one[2], 0)
    down = max(one[1] - other[3], other[1] - one[3], 0)
    return max(across, down)


@pytest.mark.parametrize("lesson", PICTURES)
def test_the_main_picture_is_whole_on_the_first_screen_and_its_controls_are_beside_it(visit, lesson):
    picture, controls = PICTURES[lesson]
    page = visit(f"/{lesson}")
    page.get_by_text("The source of this page").wait_for()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
        )
        expect(page.get_by_test_id("stTopNavLink")).to_have_count(len(LESSONS))
        expect(page.get_by_text(re.compile(r"^\d+ more$"))).to_have_count(0)  # all lessons stand in the bar
        left, top, right, bottom = box(page, picture)
        assert left >= 0 and top >= 0 and right <= width and bottom <= height, (width, height, bottom)
        assert (right - left) * (bottom - top) > 0.03 * width * height  # and it is no stamp
        for control in controls:
            assert distance(box(page, control, 1), (left, top, right, bottom)) <= FAR, control


def test_the_latest_passes_stand_beside_the_networks(visit):
    page = visit("/?passes=8")
    expect(page.locator(".passes li")).to_have_count(8)
    page.set_viewport_size({"width": 1280, "height": 720})
    left, _, right, bottom = box(page, ".networks .passes")
    assert bottom <= 720 and right <= 1280
    assert left > box(page, ".networks .picture svg")[2] - 20
