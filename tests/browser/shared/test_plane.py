"""A piece of the latent plane: what is where on it, and which way it goes under hand and keys."""

import numpy as np
import pytest

from pages.shared.component import read
from tests.browser.conftest import EMPTY
from tests.browser.phone import touch

# A plane of 300 x 300 pixels that shows -3 to 3: 50 pixels a unit, the origin at (150, 150).
PLANE = """async ({ css, layers, codes, labels, colors, most }) => {
  const { Plane } = await import("./shared/plane.js");
  const { steer } = await import("./shared/gestures.js");
  const module = { ...(await import("./shared/layers/ellipses.js")) };
  for (const name of ["axes", "dots", "numerals", "prior_circles"]) {
    Object.assign(module, await import(`./shared/layers/${name}.js`));
  }
  document.head.innerHTML = `<style>${css}</style>`;
  document.body.innerHTML = '<canvas tabindex="0"></canvas>';
  document.querySelector("canvas").style = "width: 300px; height: 300px; display: block; touch-action: none";
  const made = { ...module, some: module.ellipses(most ?? 100) };
  const plane = new Plane(document.querySelector("canvas"), (layers ?? []).map((name) => made[name]));
  const filled = CanvasRenderingContext2D.prototype.fillText;
  globalThis.written = [];
  plane.still.getContext("2d").fillText = function (...words) { written.push(words); filled.apply(this, words); };
  plane.take(codes ?? { x: [], y: [] }, labels ?? [], colors ?? [], 3);
  Object.assign(globalThis, { plane, moves: [], position: [0.5, -0.25] });
  steer(plane, () => position, (where) => moves.push(where));
}"""
# The colour (red, green, blue, opacity) at each of some places, in pixels.
COLORS = """places => places.map(([left, top]) =>
  Array.from(document.querySelector("canvas").getContext("2d").getImageData(left, top, 1, 1).data))"""
GREY = (138, 148, 166)


def place(a: float, b: float) -> tuple[float, float]:
    """Where a position of the plane is before anybody has moved it, in pixels."""
    return 150 + 50 * a, 150 - 50 * b


def colors(page, *positions: tuple[float, float]) -> np.ndarray:
    return np.array(page.evaluate(COLORS, [[round(p) for p in place(*position)] for position in positions]))


def around(radius: float, count: int = 400) -> list[tuple[float, float]]:
    """Positions on a circle about the origin."""
    return [(radius * np.cos(turn), radius * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, count)]


def origin(page) -> list[float]:
    """Where the origin is now, in pixels from the plane's corner."""
    return page.evaluate("plane.view.toPixels([0, 0])")


@pytest.fixture
def plane(modules):
    """Makes a plane on the empty page."""

    def plane(**given):
        modules.goto(EMPTY)
        modules.evaluate(PLANE, {"css": read("shared/lab.css"), **given})
        return modules

    return plane


def test_up_is_up_and_what_is_moved_or_enlarged_stays_under_the_hand(plane):
    page = plane()
    assert page.evaluate("plane.view.toPixels([1, 2])") == [*place(1, 2)] == [200, 50]
    assert page.evaluate("plane.view.toLatent([200, 50])") == pytest.approx([1, 2])
    page.evaluate("plane.look(plane.view.moved(10, 20))")
    assert page.evaluate("plane.view.toPixels([1, 2])") == pytest.approx([210, 70])
    page.evaluate("plane.look(plane.view.zoomed(0.5, [1, 2]))")
    assert page.evaluate("plane.view.limit") == 1.5
    assert page.evaluate("plane.view.toPixels([1, 2])") == pytest.approx([210, 70])
    assert page.evaluate("plane.view.toPixels([1.5, 2.5])") == pytest.approx([260, 20])  # 100 pixels a unit now
    page.evaluate("plane.look(plane.view.zoomed(1e-9, [1, 2]))")
    assert page.evaluate("plane.view.limit") == pytest.approx(3 / 200)
    page.evaluate("plane.look(plane.view.zoomed(1e9, [1, 2]))")
    assert page.evaluate("plane.view.limit") == 12
    page.evaluate("plane.look(plane.view.whole())")
    assert page.evaluate("plane.view.toPixels([1, 2])") == [200, 50]


def test_a_drag_moves_z_and_with_shift_the_view(plane):
    page = plane()
    box = page.locator("canvas").bounding_box()

    def go(left: float, top: float, **how) -> None:
        page.mouse.move(box["x"] + left, box["y"] + top, **how)

    go(100, 100)
    page.mouse.down()
    go(200, 50)
    page.mouse.up()
    assert page.evaluate("moves.at(-1)") == pytest.approx([1, 2])
    assert origin(page) == [150, 150]
    go(100, 100)
    page.keyboard.down("Shift")
    count = page.evaluate("moves.length")
    page.mouse.down()
    go(130, 160, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    assert origin(page) == pytest.approx([180, 210])  # as far as the hand went
    assert page.evaluate("moves.length") == count


def test_two_fingers_enlarge_about_their_middle_and_move_the_view_as_far_as_they_go(plane):
    page = plane()
    box = page.locator("canvas").bounding_box()

    def go(*steps: tuple[tuple[float, float], tuple[float, float]]) -> None:
        touch(page, *([(box["x"] + x, box["y"] + y) for x, y in fingers] for fingers in steps))

    go(*(((180 - 10 * t, 100), (220 + 10 * t, 100)) for t in range(5)))  # from 40 to 120 pixels apart
    assert page.evaluate("plane.view.limit") == pytest.approx(1)
    assert page.evaluate("plane.view.toPixels([1, 1])") == pytest.approx([200, 100])
    page.evaluate("plane.look(plane.view.whole())")
    for right, down in ((50, 0), (0, 50), (-30, 40)):
        page.evaluate("plane.look(plane.view.whole())")
        steps = np.linspace(0, 1, 6)
        go(*(((110 + right * t, 150 + down * t), (190 + right * t, 150 + down * t)) for t in steps))
        assert page.evaluate("plane.view.limit") == pytest.approx(3, rel=0.01)
        assert origin(page) == pytest.approx([150 + right, 150 + down], abs=2)


def test_three_fingers_move_neither_z_nor_the_view(plane):
    page = plane()
    box, session = page.locator("canvas").bounding_box(), page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": box["x"] + x, "y": box["y"] + y, "id": finger} for finger, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (100, 100))
    fingers("touchStart", (100, 100), (200, 100))
    fingers("touchStart", (100, 100), (200, 100), (150, 250))
    moves, view = page.evaluate("moves.length"), page.evaluate("plane.view")
    assert moves == 1  # where the first one came down
    for step in range(1, 4):
        fingers("touchMove", (100 + 10 * step, 100), (200, 100 + 10 * step), (150, 250 - 10 * step))
    assert page.evaluate("moves.length") == moves and page.evaluate("plane.view") == view
    fingers("touchEnd")
    fingers("touchStart", (200, 50))
    assert page.evaluate("moves.at(-1)") == pytest.approx([1, 2])  # one finger moves z again
    fingers("touchEnd")
    session.detach()


def test_the_wheel_enlarges_about_the_pointer_once_the_plane_is_meant(plane):
    page = plane()
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 50)
    page.evaluate("addEventListener('wheel', () => (globalThis.hasTurned = true), { once: true })")
    page.mouse.wheel(0, -250)
    page.wait_for_function("globalThis.hasTurned")
    page.locator("canvas").focus()
    assert page.evaluate("plane.view.limit") == 3  # the page would have scrolled
    page.mouse.wheel(0, -250)
    page.wait_for_function("plane.view.limit < 3")
    assert page.evaluate("plane.view.limit") == pytest.approx(3 * np.exp(-0.5))
    assert page.evaluate("plane.view.toLatent([200, 50])") == pytest.approx([1, 2])


def test_keys_move_z_a_fiftieth_of_the_view_and_zoom_about_it(plane):
    page = plane()
    page.locator("canvas").focus()
    steps = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, 1), "ArrowDown": (0, -1)}
    for key, (right, up) in steps.items():
        for pressed, far in ((key, 0.06), (f"Shift+{key}", 0.3)):
            page.keyboard.press(pressed)
            assert page.evaluate("moves.at(-1)") == pytest.approx([0.5 + far * right, -0.25 + far * up]), pressed
    page.keyboard.press("+")
    assert page.evaluate("plane.view.limit") == pytest.approx(2.4)
    assert page.evaluate("plane.view.toPixels(position)") == pytest.approx([*place(0.5, -0.25)])
    for _ in range(2):
        page.keyboard.press("-")
    assert page.evaluate("plane.view.limit") == pytest.approx(3.75)
    page.keyboard.press("0")
    assert page.evaluate("[plane.view.limit, ...plane.view.centre]") == [3, 0, 0]


def test_a_code_is_under_the_pointer_within_nine_pixels(plane):
    page = plane(codes={"x": [1, 1.1, -2], "y": [2, 2, -1]})
    near = "positions => positions.map((position) => plane.nearest(position))"
    assert page.evaluate(near, [[1.02, 2], [1.09, 2], [-2, -0.83], [-2, -0.81], [2, 1]]) == [0, 1, 2, -1, -1]


def test_dots_lie_at_their_codes_in_the_colour_of_their_class(plane):
    page = plane(
        layers=["dots"],
        codes={"x": [1, -2, 0.5], "y": [2, -1, -2.5]},
        labels=[2, 0, 1],
        colors=["#ff0000", "#00ff00", "#0000ff"],
    )
    seen = colors(page, (1, 2), (-2, -1), (0.5, -2.5), (2, 1))
    np.testing.assert_allclose(seen[:3, :3], [[0, 0, 255], [255, 0, 0], [0, 255, 0]], atol=3)
    np.testing.assert_allclose(seen[:, 3], [153, 153, 153, 0], atol=3)  # 0.6 of 255


def test_ellipses_reach_one_and_two_sigma_across_and_up(plane):
    given = {"x": [1, -1], "y": [1, -1.5], "wide": [0.6, 0.2], "high": [0.3, 0.4]}
    page = plane(layers=["some"], codes=given, labels=[0, 1], colors=["#ff0000", "#0000ff"])
    for x, y, wide, high in zip(*given.values()):
        edges = [(x + t * wide, y) for t in (1, -1, 2, -2)] + [(x, y + t * high) for t in (1, -1, 2, -2)]
        assert (colors(page, *edges)[:, 3] > 60).all()
        between = [(x + 1.5 * wide, y), (x, y - 1.5 * high), (x, y), (x + 2.5 * wide, y)]
        assert (colors(page, *between)[:, 3] == 0).all()
    few = {name: [value] * 9 for name, value in (("x", 0), ("wide", 0.5), ("high", 0.5))}
    few["y"] = [n / 2 - 2 for n in range(9)]
    page = plane(layers=["some"], codes=few, labels=[0] * 9, colors=["#ff0000"], most=3)
    drawn = colors(page, *((0.5, n / 2 - 2) for n in range(9)))[:, 3] > 60
    assert drawn.tolist() == [True, False, False] * 3  # every third, so that there are three


def test_the_priors_circles_are_dotted_at_one_two_and_three_sigma(plane):
    page = plane(layers=["priorCircles"])
    for radius in (1, 2, 2.98):
        assert 0.1 < (colors(page, *around(radius))[:, 3] > 60).mean() < 0.9
    for radius in (0.5, 1.5, 2.5):
        assert not colors(page, *around(radius))[:, 3].any()


def test_axes_cross_at_the_origin_and_each_number_stands_at_its_place(plane):
    page = plane(layers=["axes"])
    seen = colors(page, (0, 2.5), (0, -2.5), (2.5, 0), (-2.5, 0), (1, 2.4))
    assert (seen[:4, 3] > 60).all() and seen[4, 3] == 0
    np.testing.assert_allclose(seen[:4, :3], [GREY] * 4, atol=3)

    def numbers() -> tuple[list[float], list[float]]:
        """The numbers below and at the left; each must stand beside its own place."""
        redrawn = "(written.length = 0, plane.draw(), [written, plane.view.toPixels([0, 0]), plane.view.unit])"
        written, corner, unit = page.evaluate(redrawn)
        below = [(float(text), left) for text, left, top in written if top == 296]
        beside = [(float(text), top) for text, left, top in written if left == 3]
        assert len(below) + len(beside) == len(written)
        for value, left in below:
            assert left - 2 == pytest.approx(corner[0] + unit * value)
        for value, top in beside:
            assert top + 3 == pytest.approx(corner[1] - unit * value)
        return [value for value, _ in below], [value for value, _ in beside]

    assert numbers() == ([-2, 0, 2], [-2, 0, 2])
    page.evaluate("plane.look(plane.view.moved(-100, 50))")
    assert numbers() == ([0, 2, 4], [0, 2])
    page.evaluate("plane.look(plane.view.whole()), plane.look(plane.view.zoomed(0.1, [0, 0]))")
    assert numbers() == ([-0.2, 0, 0.2], [-0.2, 0, 0.2])


def test_a_numeral_stands_at_the_median_of_its_class(plane):
    x, y, labels = [1, 2, -2, -1, 0, 1.5], [2, 1, -2, -1, 0.5, -2], [7, 7, 3, 3, 3, 7]
    page = plane(layers=["numerals"], codes={"x": x, "y": y}, labels=labels, colors=["#123456"] * 10)
    written = {text: (left, top) for text, left, top in page.evaluate("written")}
    assert written == {"7": pytest.approx(place(1.5, 1)), "3": pytest.approx(place(-1, -1))}


def test_numerals_make_room_for_each_other_and_stay_near(plane):
    generator = np.random.default_rng(4)
    x, y = generator.normal(0, 0.08, (2, 10)).round(3).tolist()
    page = plane(layers=["numerals"], codes={"x": x, "y": y}, labels=list(range(10)), colors=["#123456"] * 10)
    at = {int(text): np.array([left, top]) for text, left, top in page.evaluate("written")}
    assert 3 <= len(at) < 10  # there is no room for all of them near their codes
    for one in at:
        assert np.linalg.norm(at[one] - place(x[one], y[one])) <= 22
        for other in at.keys() & set(range(one)):
            right, down = np.abs(at[one] - at[other])
            assert right >= 16 or down >= 20, (one, other)


def test_ring_and_cross_are_about_their_position(plane):
    page = plane()
    marks = """async () => {
      const { ring, cross } = await import("./shared/layers/marks.js");
      plane.moving = (context) => { ring(context, plane, [1, 2]); cross(context, plane, [-1, -2]); };
      plane.show();
    }"""
    page.evaluate(marks)
    ten = 10 / 50  # pixels
    seen = colors(page, (1 + ten, 2), (1, 2 - ten), (-1 + 0.8 * ten, -2), (-1, -2 - 0.8 * ten), (1, 2))
    np.testing.assert_allclose(seen[:2, :3], [(230, 73, 128)] * 2, atol=30)
    np.testing.assert_allclose(seen[2:4, :3], [(255, 255, 255)] * 2, atol=30)
    assert seen[4, 3] == 0  # one sees through a ring


READ = """async ([numbers, dims]) => {
  const { readCodes } = await import("./shared/codes.js");
  const codes = readCodes(new Uint8Array(Float32Array.from(numbers).buffer), Uint8Array.from([0, 9, 3]), dims, 2);
  return Object.values(codes).map((row) => row && Array.from(row));
}"""


def test_codes_come_as_rows_of_mu_and_then_of_sigma(modules):
    assert modules.evaluate(READ, [[1, 2, 3, 4, 5, 6, 7, 8], [4, 2]]) == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert modules.evaluate(READ, [[1, 2, 3, 4], [0, 1]]) == [[1, 2], [3, 4], None, None]  # of an AE
    assert modules.evaluate(READ, [[1, 2, 5, 6], [0]]) == [
        [1, 2],
        [-1, 1],
        [5, 6],
        [0, 0],
    ]  # one dimension: a row a digit
