"""The exact posterior and q over it: what is drawn where, and what the table says, against sums and curves by hand."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from pages.shared.component import base64_of
from tests.browser import parcels
from tests.browser.parcels import PLANE, code, decoded, levels, painted

Q, DIAGONAL, FULL = (240, 140, 0), (18, 165, 148), (47, 128, 237)
ENCODER = {"mu": [0.3, -2.4], "sigma": [0.8, 0.3]}
# Two cells: the mode's, and one of a quarter of its density.
ANSWER = {
    "digit": "224",
    "z": base64_of(np.array([-2.5, -1.5, 2.0, 3.0])),
    "density": base64_of(np.array([1.0, 0.25])),
    "width": base64_of(np.array([0.4, 0.4])),
    "mode": [-2.5, 2.0],
    "evidence": -100.0,
    "encoder": -107.5,
    **ENCODER,
}
PATH = [[0.3, -2.4, 0.8, 0.3, -107.5], [0.5, -2.2, 0.7, 0.4, -104.0], [1.5, -1.0, 0.5, 0.6, -102.25]]
FITS = {
    "full": {"mean": [1.5, 1.0], "covariance": [[0.9, -0.5], [-0.5, 0.4]]},
    "diagonal": {"mean": [-2.0, -1.5], "covariance": [[0.16, 0.0], [0.0, 0.49]]},
    "fullBound": -101.25,
    "diagonalBound": -102.0,
    "path": base64_of(np.array(PATH)),
}
OPACITIES = """places => {
  const { plane } = document.querySelector(".posterior").view, context = plane.still.getContext("2d");
  const pixel = (place) => plane.view.toPixels(place).map(Math.round);
  return places.map((place) => Array.from(context.getImageData(...pixel(place), 1, 1).data));
}"""
VIEW = "document.querySelector('.posterior').view"


@pytest.fixture(scope="module")
def sent() -> dict[str, bytes]:
    return {**parcels.digits(), "vae": parcels.model(PLANE)}


@pytest.fixture
def posterior(mounted, sent):
    """Shows an answer of the server on the whole plane, from -5 to 5."""

    def posterior(answer: dict, weight: float = 1.0):
        given = {"colors": parcels.COLORS, "weight": weight, "reach": 5.0, "hard": "hard", "answer": answer}
        page = mounted("posterior", given, sent)
        whole(page)
        return page

    return posterior


def whole(page) -> None:
    page.get_by_role("button", name="The whole plane").click()
    page.wait_for_function(f"{VIEW}.plane.frame === null")


def check_ellipse(page, color: tuple[int, int, int], mean, covariance) -> None:
    """What has that colour ends where the ellipse at 2 sigma has its four outermost points, and is about its mean.

    The outermost point to the right is at mean + 2 (a, b) / sqrt(a) for the covariance ((a, b), (b, c)).
    """
    positions, pixel = painted(page, f"{VIEW}.plane", color)
    mean, covariance = np.array(mean), np.array(covariance)
    for axis in (0, 1):
        reach = 2 * covariance[axis] / np.sqrt(covariance[axis, axis])
        for sign in (1, -1):
            outwards = sign * positions[:, axis]
            edge = positions[outwards > outwards.max() - 2 * pixel]
            np.testing.assert_allclose(edge.mean(0), mean + sign * reach, atol=4 * pixel)


def figures(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


def rows(page) -> list[tuple[str, float, list[float], float]]:
    """The table: a name, a bound, what it loses, and the length of its bar in percent."""
    found = []
    for row in page.locator(".bounds tbody tr").all():
        name, bound, lost = row.locator("td").all_text_contents()
        found.append(
            (name, *figures(bound), figures(lost), row.locator(".bar").evaluate("bar => parseFloat(bar.style.width)"))
        )
    return found


def test_q_is_drawn_where_the_encoder_puts_it_and_the_posterior_where_its_cells_are(posterior):
    page = posterior(ANSWER)
    check_ellipse(page, Q, ENCODER["mu"], np.diag(np.square(ENCODER["sigma"])))
    cells = page.evaluate(OPACITIES, [[-2.5, 2.0], [-1.5, 3.0], [-2.0, 2.6], [2.0, -2.5], [-2.5, 3.0]])
    np.testing.assert_allclose(np.array(cells)[:2, :3], [(155, 93, 229)] * 2, atol=3)
    assert [opacity for *_, opacity in cells] == [255, pytest.approx(128, abs=2), 0, 0, 0]  # the root of the density
    np.testing.assert_allclose(levels(page, "canvas.mode"), decoded(PLANE, ANSWER["mode"]), atol=1.5)
    page.get_by_role("button", name="Zoom to the posterior").click()
    centre, limit = page.evaluate(
        "(({ centre, limit }) => [centre, limit])(document.querySelector('.posterior').view.plane.view)"
    )
    # From the cells at -2.5 and 3 to q's mean + 2 sigma at 1.9, and from its mean - 2 sigma at -3 up to 3.
    assert centre == pytest.approx([(-2.5 + 1.9) / 2, 0.0], abs=1e-5) and limit == pytest.approx(0.55 * 6.0)


def test_until_the_server_answers_q_is_what_the_encoder_says(posterior):
    page = posterior({**ANSWER, "digit": "4"})
    mu, sigma = code(PLANE, 224)
    check_ellipse(page, Q, mu, np.diag(sigma**2))
    np.testing.assert_allclose(levels(page, "canvas.mu"), decoded(PLANE, mu), atol=1.5)
    page.wait_for_function("said.length > 0")
    assert page.evaluate("said") == [["digit", "224"]]
    expect(page.locator(".bounds")).to_be_hidden()
    page.evaluate("answer => give({ ...document.querySelector('.posterior').data, answer })", ANSWER)
    assert rows(page)[1][0] == "ELBO of the encoder's q"
    expect(page.locator(".bounds")).to_be_visible()


def test_the_parts_are_the_steps_from_each_bound_to_the_next(posterior):
    page = posterior(ANSWER)
    assert [(bound, lost) for _, bound, lost, _ in rows(page)] == [(-100, []), (-107.5, [-7.5])]
    assert "q loses 7.50 nats" in page.locator(".reading").text_content()
    assert page.locator(".parts").text_content() == ""
    page.get_by_role("button", name="Find the best Gaussians").click()
    assert page.evaluate("said") == [["fitted", "224"]]
    page.evaluate("answer => give({ ...document.querySelector('.posterior').data, answer })", {**ANSWER, **FITS})
    parts = [
        (line.split(" by ")[1].split(":")[0], figures(line))
        for line in page.locator(".parts > div").all_text_contents()
    ]
    assert parts == [("amortisation", [5.5]), ("independence", [0.75]), ("Gaussian shape", [1.25])]
    found = rows(page)
    assert [(bound, lost) for _, bound, lost, _ in found] == [
        (-100, []),
        (-101.25, [-1.25]),
        (-102, [-2]),
        (-107.5, [-7.5]),
    ]
    assert ["independent" in name for name, *_ in found] == [False, False, True, False]
    assert [bar for *_, bar in found] == pytest.approx([70 * lost / 7.5 for lost in (0, 1.25, 2, 7.5)], abs=0.06)


def test_the_best_gaussians_are_ellipses_of_their_covariance(posterior):
    page = posterior({**ANSWER, **FITS})
    check_ellipse(page, FULL, **FITS["full"])
    check_ellipse(page, DIAGONAL, **FITS["diagonal"])


def test_q_goes_up_its_path_to_the_end_and_its_row_with_it(posterior):
    page = posterior({**ANSWER, **FITS})
    page.get_by_role("button", name="Improve q").click()
    page.wait_for_function("document.querySelector('.reading').textContent.startsWith('Gradient step 2')")
    assert figures(page.locator(".reading").text_content()) == [-102.25, -102]
    assert rows(page)[3][:3] == ("q on its way up, for this x alone", -102.25, [-2.25])
    a, b, c, d, _ = PATH[-1]
    assert page.evaluate(f"{VIEW}.q") == {
        "mean": pytest.approx([a, b]),
        "sigma": pytest.approx([c, d]),
    }


def test_under_the_pointer_and_by_keys_the_decoder_answers(posterior):
    page = posterior(ANSWER)
    box = page.locator(".half canvas").bounding_box()
    size = box["width"]
    page.mouse.move(box["x"] + 0.75 * size, box["y"] + 0.4 * size)  # of -5 to 5
    position = page.evaluate(f"{VIEW}.position")
    assert position == pytest.approx([2.5, 1.0], abs=20 / size)  # two pixels
    np.testing.assert_allclose(levels(page, "canvas.here"), decoded(PLANE, position), atol=1.5)
    page.locator(".half canvas").press("ArrowDown")
    below = [position[0], position[1] - 0.1]
    np.testing.assert_allclose(levels(page, "canvas.here"), decoded(PLANE, below), atol=1.5)
    page.get_by_role("button", name="5", exact=True).click()
    assert page.evaluate(f"{VIEW}.position") is None


def test_another_weight_says_tempered(posterior):
    page = posterior({**ANSWER, **FITS}, weight=4.0)
    for place in (".reading", ".parts", ".exact"):
        assert "tempered" in page.locator(place).text_content()
    assert all(re.search("tempered|β", name) for name, *_ in rows(page))


def test_both_distances_are_tried_from_the_pointers_place_and_forgotten_with_the_digit(posterior):
    page = posterior(ANSWER)
    page.get_by_role("button", name="Least KL(p ‖ q)").click()
    words = page.locator(".ways").text_content()
    # Of two cells with masses 4 : 1, at (-2.5, 2) and (-1.5, 3).
    assert "Least KL(p ‖ q): μ = (−2.30, 2.20)" in words and "covers every peak" in words
    check_ellipse(page, (230, 73, 128), [-2.3, 2.2], [[0.16, 0.0], [0.0, 0.16]])
    page.get_by_role("button", name="least KL(q ‖ p)").click()
    page.wait_for_function(f"{VIEW}.ends.inward !== undefined")
    assert "settles on a peak" in page.locator(".ways").text_content()
    page.evaluate(f"{VIEW}.picker.choose(3)")
    page.wait_for_function("document.querySelector('.ways').textContent === ''")
    assert page.evaluate(f"Object.keys({VIEW}.ends)") == []
