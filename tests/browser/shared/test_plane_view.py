"""The view of a plane: pure numbers, against the same in numpy."""

import numpy as np
import pytest

from tests.browser.conftest import EMPTY

VIEWS = """async ([given, body, ...values]) => {
  const { PlaneView } = await import("./shared/plane_view.js");
  return new Function("view", "values", `return ${body}`)(new PlaneView(given), values);
}"""
GIVEN = {"size": 420, "home": 4, "limit": 2.5, "centre": [0.7, -1.2]}
SCALE = 420 / 2 / 2.5  # pixels a unit
CENTRE = np.array(GIVEN["centre"])
POSITIONS = np.random.default_rng(0).normal(0, 3, (50, 2))
UP = np.array([1, -1])  # latent coordinates grow upwards, pixels downwards


@pytest.fixture
def view(modules):
    """What an expression says of the given view."""
    modules.goto(EMPTY)
    return lambda body, *values: modules.evaluate(VIEWS, [GIVEN, body, *values])


def pixels(positions: np.ndarray, scale: float = SCALE, centre: np.ndarray = CENTRE) -> np.ndarray:
    return 210 + scale * UP * (positions - centre)


def test_positions_go_to_pixels_and_back(view):
    there = view("values[0].map((position) => view.toPixels(position))", POSITIONS.tolist())
    np.testing.assert_allclose(there, pixels(POSITIONS), atol=1e-9)
    back = view("values[0].map((place) => view.toLatent(place))", there)
    np.testing.assert_allclose(back, POSITIONS, atol=1e-12)
    assert view("view.unit") == pytest.approx(SCALE)


@pytest.mark.parametrize("factor, limit", [(0.5, 1.25), (1.3, 3.25), (1e-9, 4 / 200), (1e9, 16)])
def test_what_is_zoomed_about_stays_and_all_else_goes_away_from_it_or_comes(view, factor, limit):
    fixed = np.array([1.5, 0.5])
    body = "((zoomed) => [zoomed.limit, values[2].map((p) => zoomed.toPixels(p))])(view.zoomed(values[0], values[1]))"
    found, there = view(body, factor, fixed.tolist(), POSITIONS.tolist())
    assert found == pytest.approx(limit)
    np.testing.assert_allclose(there, pixels(fixed) + 2.5 / limit * (pixels(POSITIONS) - pixels(fixed)), rtol=1e-9)


def test_what_is_moved_goes_as_far_as_the_hand(view):
    there = view("values[0].map((position) => view.moved(30, -12).toPixels(position))", POSITIONS.tolist())
    np.testing.assert_allclose(there, pixels(POSITIONS) + np.array([30, -12]), atol=1e-9)


def test_the_whole_view_is_what_it_was_at_first(view):
    assert view("(({ limit, centre, size }) => [limit, centre, size])(view.moved(5, 5).whole())") == [4, [0, 0], 420]


def test_what_is_in_view_has_its_pixels_on_the_canvas(view):
    held = view("values[0].map((position) => view.holds(position))", POSITIONS.tolist())
    places = pixels(POSITIONS)
    assert held == ((places > 0) & (places < 420)).all(1).tolist()
    assert 5 < sum(held) < 45


def test_a_view_never_changes(view):
    body = "(view.zoomed(0.5, [1, 1]), view.moved(9, 9), view.whole(), view.with({ size: 1 }), view)"
    assert view(f"(({{ size, home, limit, centre }}) => ({{ size, home, limit, centre }}))({body})") == GIVEN
    assert view("[Object.isFrozen(view), Object.isFrozen(view.centre)]") == [True, True]
