"""What q loses over many digits: bars counted by hand, lines at mean and median, and the digits with most of it."""

import numpy as np
import pytest

from pages.shared.component import base64_of
from tests.browser import parcels

FLOOR = 34 + 78  # pixels from above; the highest bar is 78 high


def row(part: str, values: list[float], **more) -> dict:
    return {"part": part, "values": base64_of(np.array(values)), "mean": 20.0, "median": 0.5, **more}


@pytest.fixture
def gaps(mounted):
    rng = np.random.default_rng(0)
    values = [*10 ** rng.uniform(-2.5, 1.9, 400), 0.0, -0.01, 1e-6, 5e3]
    most = [{"index": 12, "nats": 90.4}, {"index": 3, "nats": 0.0123}]
    rows = [row("all", values), row("shape", [1.0] * 4, most=most)]
    data = {"done": 404, "tempered": False, "decades": [-3, 2], "rows": rows}
    return mounted("gaps", data, parcels.digits()), values


def test_a_bar_is_as_high_as_it_has_digits_and_stands_at_their_nats(gaps):
    page, values = gaps
    heights = [float(bar.get_attribute("height")) for bar in page.locator("svg").first.locator("rect").all()]
    places = [float(bar.get_attribute("x")[:-1]) for bar in page.locator("svg").first.locator("rect").all()]
    edges = np.logspace(-3, 2, 41)
    expected, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)  # what lies outside is in the last bars
    np.testing.assert_allclose(heights, 78 * expected / expected.max(), atol=1e-6)
    np.testing.assert_allclose(places, 2.5 * np.arange(40))
    assert [
        float(bar.get_attribute("y")) + height
        for bar, height in zip(page.locator("svg").first.locator("rect").all(), heights)
    ] == pytest.approx([FLOOR] * 40)


def test_mean_and_median_stand_at_their_place_and_say_which_they_are(gaps):
    page, _ = gaps
    svg = page.locator("svg").first
    for kind, value in (("median", 0.5), ("mean", 20.0)):
        place = float(svg.locator(f"line.{kind}").get_attribute("x1")[:-1])
        assert place == pytest.approx(100 * (np.log10(value) + 3) / 5)
    assert svg.get_attribute("aria-label") == "all of it: median 0.50 nats, mean 20.0 nats"
    ticks = {text.text_content(): float(text.get_attribute("x")[:-1]) for text in svg.locator("text[y='128']").all()}
    assert ticks == {"≤ 0.001": 0, "0.01": 20, "0.1": 40, "1": 60, "10": 80, "100": 100}
    single = page.locator("svg").nth(1).locator("rect")
    assert [float(bar.get_attribute("height")) for bar in single.all()] == [
        78.0 if place == 24 else 0 for place in range(40)
    ]


def test_the_gallery_shows_the_digits_and_a_click_has_them_shown(gaps):
    page, _ = gaps
    hear = "({ whenShown }) => whenShown(document.body, (index) => said.push(index))"
    page.evaluate(f"import('./true_posterior/shown.js').then({hear})")
    for button, (index, nats) in zip(page.get_by_role("button").all(), ((12, "90.4"), (3, "0.012"))):
        assert button.get_attribute("aria-label") == f"Test digit {index}: {nats} nats of Gaussian shape"
        button.click()
    assert page.evaluate("said") == [12, 3]
    shown = [parcels.levels(page, f".most button:nth-child({place}) canvas") for place in (1, 2)]
    np.testing.assert_allclose(shown, parcels.images(12, 3).reshape(2, 28, 28) * 255, atol=0.51)


def test_more_digits_are_drawn_anew(gaps):
    page, _ = gaps
    before = page.locator(".gaps").inner_html()
    page.evaluate("data => give(data)", {"done": 404, "tempered": False, "decades": [-3, 2], "rows": []})
    assert page.locator(".gaps").inner_html() == before  # nothing is new
    page.evaluate(
        "data => give(data)", {"done": 405, "tempered": True, "decades": [-3, 2], "rows": [row("amortisation", [2.0])]}
    )
    assert page.locator("svg").count() == 1
    assert page.locator("h4").text_content() == "amortisation, tempered: the encoder's q is not the best for its x"
