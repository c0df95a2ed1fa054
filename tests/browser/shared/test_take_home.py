"""Pictures that are taken home: what is in the files, beside what the page shows and what torch says."""

import base64
import csv
import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect

from pages.lessons import LESSONS
from tests.browser.parcels import levels
from vae import data
from vae.config import RunConfig
from vae.measures.chunks import encode_all
from vae.runs.sweep import WITHOUT_8

TEN = RunConfig(latent_dim=10)
MARGIN = 12  # pixels of CSS around a picture
SVG = "{http://www.w3.org/2000/svg}"
SETTINGS = "2-D · 3 epochs · seed 0"
# Of each lesson, some of its pictures, and which of them are SVG.
PICTURES = {
    "home": {"Both networks": True, "The latest passes": False},
    "resampling": {"Plane of ε": False, "Reconstruction loss over 200 draws": False, "Gradients through z": False},
    "latent_space": {"Plane of the AE": False, "VAE decodes z": False},
    "train": {"nats an image, KL against epoch": True},
    "kl_weight": {"Rate and distortion": False, "What the KL is made of": False, "Codes for every weight": False},
    "walk": {"Along each dimension": False, "The VAE's way": False},
    "conversion": {"AE: where 2,000 test digits are, on axes of ±12": False},
    "log_sigma": {"KL and its gradient for three heads": False},
    "true_posterior": {"Exact posterior and q": False, "Lost by amortisation": True},
    "collapse": {"β = 1: KL of a dimension, nats against epoch": True},
}

# The plane of the VAE as a screen with two pixels for one of CSS shows it.
SHARP = """root => {
  const plane = root.view.planes.vae;
  plane.canvas.ratio = 2;
  plane.resize();
  const picture = plane.canvas.toDataURL();
  delete plane.canvas.ratio;
  plane.resize();
  return picture;
}"""


def opened(page: Page) -> Page:
    """The page with its fold open."""
    page.locator("details.take-home > summary").click()
    expect(page.locator(".pictures button").first).to_be_visible()
    return page


def taken(page: Page, kind: str, title: str) -> tuple[str, bytes]:
    """A picture's file: its name and what is in it."""
    with page.expect_download() as download:
        page.get_by_role("button", name=f"{kind}: {title}", exact=True).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), np.float64)


def table(content: bytes) -> tuple[list[str], dict[str, list[str]]]:
    """The lines that say what it is, and the columns by their names."""
    lines = content.decode().splitlines()
    said = [line.removeprefix("# ") for line in lines if line.startswith("#")]
    rows = list(csv.DictReader(lines[len(said) :]))
    return said, {name: [row[name] for row in rows] for name in rows[0]}


def numbers(values: list[str]) -> np.ndarray:
    return np.array(values, np.float64)


def test_a_plane_goes_home_twice_as_large_and_its_codes_are_the_models(visit, server):
    page = visit("/latent_space")
    expect(page.locator(".reading")).to_contain_text("=")
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    assert not [url for url in page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
                if "/take_home/" in url]  # fmt: skip
    opened(page)
    assert [url for url in fetched if url.endswith("picture_list.js")]
    name, content = taken(page, "PNG", "Plane of the VAE")
    run = RunConfig().run_id
    assert name == f"latent-space-{run}-plane-of-the-vae.png"
    picture = pixels(content)
    figure, plane = (page.locator(f".latent-space .half.vae{part}").bounding_box() for part in ("", " canvas"))
    top = 2 * (MARGIN + plane["y"] - figure["y"])
    side = 2 * plane["width"]
    assert picture.shape[1] == np.ceil(2 * (max(figure["width"], 320) + 2 * MARGIN))
    assert picture.shape[0] > 2 * (figure["height"] + 3 * 17)
    drawn = picture[round(top) : round(top + side), 2 * MARGIN : round(2 * MARGIN + side)]
    assert drawn.std() > 20
    sharp = Image.open(io.BytesIO(base64.b64decode(page.locator(".latent-space").evaluate(SHARP).split(",")[1])))
    paper = Image.new("RGBA", sharp.size, "white")
    paper.alpha_composite(sharp)
    expected = np.asarray(paper.convert("RGB"), np.float64)
    part = expected[100:400, 100:400]
    shifted = [
        picture[round(top) + 100 + down :, 2 * MARGIN + 100 + right :] for down in range(5) for right in range(5)
    ]
    least = min(np.abs(one[:300, :300] - part).max() for one in shifted)  # beside its border, somewhere
    assert least <= 1  # drawn anew, and not only enlarged
    caption = picture[round(2 * (MARGIN + figure["height"])) :]
    dark = [(row.min() < 120) for row in caption]
    assert 3 <= np.count_nonzero(np.diff(dark)) // 2 <= 5  # lines: title, settings, and the address on one or more

    said, columns = table(taken(page, "CSV", "Plane of the VAE")[1])
    assert said == ["Plane of the VAE", f"AE · {SETTINGS}; VAE · {SETTINGS}", page.url]
    test = data.load("mnist", "test")
    with torch.no_grad():
        mu, log_sigma = encode_all(server.store.model(run), test.images)
    assert columns["digit"] == [str(index) for index in range(10_000)]
    np.testing.assert_array_equal(numbers(columns["label"]), test.labels)
    np.testing.assert_allclose(numbers(columns["across"]), mu[:, 0], atol=2e-3)
    np.testing.assert_allclose(numbers(columns["up"]), mu[:, 1], atol=2e-3)
    np.testing.assert_allclose(numbers(columns["sigma_up"]), log_sigma[:, 1].exp(), rtol=2e-2)

    _, columns = table(taken(page, "CSV", "VAE decodes z")[1])
    rows = np.stack([numbers(columns[f"pixel {n}"]) for n in range(1, 29)], 1)
    np.testing.assert_array_equal(rows, levels(page, "canvas.digit.vae"))

    page.locator(".legend button", has_text="7").click()  # alone
    _, columns = table(taken(page, "CSV", "Plane of the AE")[1])
    assert set(columns["label"]) == {"7"} and len(columns["label"]) == (test.labels == 7).sum()


def test_a_plot_goes_home_as_svg_and_its_curves_are_the_runs(visit, server):
    page = visit("/collapse")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    opened(page)
    title = "β = 1: KL of a dimension, nats against epoch"
    name, content = taken(page, "SVG", title)
    assert name == "collapse-beta-1-kl-of-a-dimension-nats.svg"
    root = ET.fromstring(content)
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert root.find(f"{SVG}title").text == title and {title, "epoch", page.url} <= set(texts)
    assert f"VAEs with several KL weights β · {SETTINGS.replace('2', '10')}" in texts
    curves = [path for path in root.iter(f"{SVG}path") if "vector-effect" in path.get("style", "")]
    assert len(curves) >= 10 and all(path.get("d") for path in curves)

    said, columns = table(taken(page, "CSV", title)[1])
    assert said[0] == title
    history = {round(line["epoch"], 4): line["kl_per_dimension"] for line in server.store.history(TEN.run_id)}
    rows = list(zip(columns["curve"], numbers(columns["x"]), numbers(columns["y"])))
    assert {name for name, _, _ in rows} == {f"dimension {d}" for d in range(1, 11)} and len(rows) >= 100
    for name, epoch, nats in rows:
        assert nats == pytest.approx(history[round(epoch, 4)][int(name.split()[1]) - 1], abs=1e-4)
    assert set(columns["panel"]) == {"β = 1 | KL of a dimension, nats | epoch"}

    picture = pixels(taken(page, "PNG", title)[1])
    red = (picture[..., 0] > 180) & (picture[..., 1] < 110)
    assert red.any(0).mean() > 0.7 and red.sum() > 2_000  # curves, from the left to the right


def test_bars_and_strips_under_one_heading_go_home_too(visit):
    page = visit(f"/latent_space?run={WITHOUT_8.run_id}")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    opened(page)
    _, columns = table(taken(page, "CSV", "nats a digit; bars: ± 2 standard errors against class")[1])
    assert len(columns["y"]) == 30 and (numbers(columns["error"]) > 0).all()
    _, columns = table(taken(page, "CSV", "Fresh samples")[1])
    assert len(columns["row"]) == 3 * 28 and len(columns) == 2 + 16 * 28


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name or "home")
def test_every_lesson_offers_its_pictures(visit, lesson):
    page = visit(lesson.address)
    opened_again(page, PICTURES[lesson.name])
    for title, is_vector in PICTURES[lesson.name].items():
        kinds = {
            kind: page.get_by_role("button", name=f"{kind}: {title}", exact=True) for kind in ("PNG", "SVG", "CSV")
        }
        assert {kind: button.count() for kind, button in kinds.items()} == {"PNG": 1, "SVG": int(is_vector), "CSV": 1}
        assert pixels(taken(page, "PNG", title)[1]).std() > 10
        said, columns = table(taken(page, "CSV", title)[1])
        assert said[0] == title and said[1] and columns
        if is_vector:
            ET.fromstring(taken(page, "SVG", title)[1])
    expect(page.locator(".pictures p[role=status]")).to_be_empty()


def opened_again(page: Page, titles: dict[str, bool]) -> None:
    """Opens the fold, again and again until all of these pictures are on the page and have numbers."""
    fold = page.locator("details.take-home")
    for title in titles:
        button = page.get_by_role("button", name=f"CSV: {title}", exact=True)
        for _ in range(60):
            if button.count():
                break
            fold.evaluate("fold => (fold.open = false)")
            fold.evaluate("fold => (fold.open = true)")
            page.wait_for_timeout(250)
        expect(button).to_be_visible()


def test_a_picture_that_is_gone_or_empty_is_said_in_words(visit):
    page = opened(visit("/latent_space"))
    expect(page.locator(".reading")).to_contain_text("=")
    page.locator(".latent-space").evaluate("root => { root.querySelector('.half.ae').hidden = true; }")
    page.get_by_role("button", name="PNG: Plane of the AE", exact=True).click()
    said = page.locator(".pictures p[role=status]")
    expect(said).to_contain_text("is not on the page any more")
    page.locator(".latent-space").evaluate(
        "root => { root.view.legend.text; root.view.planes.vae.codes = { x: [], y: [] }; }"
    )
    page.get_by_role("button", name="CSV: Plane of the VAE", exact=True).click()
    expect(said).to_contain_text("There are no numbers yet")
