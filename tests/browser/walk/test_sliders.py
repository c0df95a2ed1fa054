"""The walk in numbers: where each button leads, and that strips and answers are what the decoders make of z."""

import re

import numpy as np
import pytest

from pages.shared import component
from tests.browser import parcels
from tests.browser.parcels import TEN, code, decoded, levels

KL = [0.5, 2.5, 0.1, 1.5, 0.2, 2.0, 0.3, 3.0, 0.4, 1.0]
ORDER = [7, 1, 5, 3, 9, 0, 8, 6, 4, 2]
RANGES = [[-1.0 - d, 2.0 + d] for d in range(10)]
HALVES = {"ae": TEN.autoencoder, "vae": TEN}


SPHERE = """async ([a, b]) => {
  const { spherical } = await import("./walk/walk.js");
  return Array.from({ length: 11 }, (_, index) => spherical(a, b, index / 10));
}"""
# z, what both decoders show, the sliders dimension by dimension, and what is read out.
STATE = """() => {
  const root = document.querySelector(".walk"), both = (value) => ({ ae: value("ae"), vae: value("vae") });
  const red = (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, 28, 28);
    return Array.from(data.filter((_, i) => i % 4 === 0));
  };
  const slider = (half, d) => root.querySelector(`[aria-label="${half.toUpperCase()}: dimension ${d + 1}"]`).value;
  return [
    both((half) => Array.from(root.view.z[half])),
    both((half) => red(root.querySelector(`.now canvas.${half}`))),
    both((half) => Array.from({ length: 10 }, (_, d) => Number(slider(half, d)))),
    root.querySelector(".reading").textContent,
  ];
}"""


@pytest.fixture
def walk(mounted):
    """From the test digits 2 to 8, with ten dimensions."""

    def walk(**given):
        data = {
            "latentDim": 10,
            "ranges": {"ae": RANGES, "vae": [[-3.0, 3.0]] * 10},
            "kl": KL,
            "hard": "hard",
            "given": {"x": "2", "x2": "8", **given},
        }
        return mounted("walk", data, {**parcels.digits(), **parcels.pair(TEN)})

    return walk


def z(page) -> dict[str, np.ndarray]:
    return {half: np.array(z) for half, z in page.evaluate(STATE)[0].items()}


def check(page, expected: dict[str, np.ndarray]) -> None:
    """z is as expected, and so are what the decoders make of it, the sliders and what is read out."""
    now, pixels, sliders, words = page.evaluate(STATE)
    for half, config in HALVES.items():
        z = np.array(now[half])
        np.testing.assert_allclose(z, expected[half], atol=6e-4)  # rounded for the address
        np.testing.assert_allclose(np.reshape(pixels[half], (28, 28)), decoded(config, z), atol=1)
        low, high = np.array(RANGES if half == "ae" else [[-3, 3]] * 10).T
        np.testing.assert_allclose(sliders[half], np.clip(z, low, high), atol=1e-5)
        said = words.replace("−", "-").split("; ")[half == "vae"]
        np.testing.assert_allclose([float(n) for n in re.findall(r"-?\d\.\d+", said)], z[:6], atol=0.0051)


def codes(index: int) -> dict[str, np.ndarray]:
    return {half: code(config, index)[0] for half, config in HALVES.items()}


def test_each_button_leads_where_it_says(walk):
    page, first, second = walk(), codes(2), codes(8)
    check(page, first)
    middle = {half: (first[half] + second[half]) / 2 for half in HALVES}
    places = {
        "the second digit": second,
        "the origin": dict.fromkeys(HALVES, np.zeros(10)),
        "half-way": middle,
        "the first digit": first,
    }
    for name, expected in places.items():
        page.get_by_role("button", name=name).click()
        check(page, expected)
    page.get_by_label("the way from the first digit to the second").fill("0.25")
    check(page, {half: 0.75 * first[half] + 0.25 * second[half] for half in HALVES})
    page.locator(".choice.second").get_by_role("button", name="5", exact=True).click()
    check(page, {half: 0.75 * first[half] + 0.25 * second[half] for half in HALVES})  # only where the way ends is new
    page.get_by_role("button", name="the second digit").click()
    check(page, codes(15))  # after 8 the first that is a five
    page.locator(".choice.first").get_by_role("button", name="5", exact=True).click()
    check(page, codes(8))


def test_a_link_leads_to_its_z_and_a_slider_moves_both_models_by_the_same_share(walk):
    given = {half: np.arange(10) / (4 if half == "ae" else -5) for half in HALVES}
    page = walk(**{f"z_{half}": ",".join(map(str, values)) for half, values in given.items()})
    check(page, given)
    page.get_by_label("VAE: dimension 8").fill("1.5")  # three quarters of -3 to 3
    expected = {half: values.copy() for half, values in given.items()}
    expected["vae"][7], expected["ae"][7] = 1.5, RANGES[7][0] + 0.75 * (RANGES[7][1] - RANGES[7][0])
    check(page, expected)
    page.wait_for_function("new URLSearchParams(location.search).get('z_vae')?.split(',')[7] === '1.5'")
    query = page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
    for half in HALVES:
        np.testing.assert_allclose([float(n) for n in query[f"z_{half}"].split(",")], expected[half], atol=6e-4)


def test_dimensions_come_by_their_kl_and_their_strips_are_the_decoders(walk):
    page = walk()
    page.locator(".others summary").click()
    page.wait_for_function("document.querySelector('.walk').view.rows.every(({ sides }) => sides.vae.variance >= 0)")
    page.wait_for_function("document.querySelector('.walk').view.due.size === 0")
    names = page.locator(".dimension h4").all_text_contents()
    assert [int("".join(str("₀₁₂₃₄₅₆₇₈₉".index(c)) for c in name[1:])) - 1 for name in names] == ORDER
    now = z(page)
    for place, d in ((0, 7), (9, 2)):
        for half, config in HALVES.items():
            low, high = RANGES[d] if half == "ae" else (-3, 3)
            along = np.tile(now[half], (11, 1))
            along[:, d] = np.linspace(low, high, 11)
            expected = decoded(config, *along)
            strip = f".dimension >> nth={place} >> .{half} canvas"
            np.testing.assert_allclose(levels(page, strip), expected, atol=1)
            words = page.locator(f".dimension >> nth={place} >> .{half} span").text_content().replace("−", "-")
            moved = 100 * np.sqrt((expected.reshape(28, 11, 28) / 255).var(1).mean())
            assert float(re.search(r"moves pixels by ([\d.]+) %", words)[1]) == pytest.approx(moved, abs=0.06)
            assert ("KL" in words) == (half == "vae") and (half == "ae" or f"KL {KL[d]:.2f} nats" in words)
            assert f"({low:.2f} … {high:.2f}" in words


def test_the_ways_strips_and_the_gifs_frames_go_from_one_digit_to_the_other(walk):
    page, ends = walk(), (codes(2), codes(8))
    page.get_by_role("button", name="Save this way as GIF").click()
    page.get_by_label("on a sphere").check()
    for half, config in HALVES.items():
        a, b = (end[half] for end in ends)
        sphere = page.evaluate(SPHERE, [a.tolist(), b.tolist()])  # tests/browser/test_walk.py looks at it
        np.testing.assert_allclose(levels(page, f".way-strip canvas.{half}"), decoded(config, *sphere), atol=1)
    page.get_by_label("on a sphere").uncheck()
    [[name, way]] = page.evaluate("said")
    assert name == "gif" and len(way) == 22
    for half, config in HALVES.items():
        a, b = (end[half] for end in ends)
        straight = [(1 - t) * a + t * b for t in np.linspace(0, 1, 11)]
        np.testing.assert_allclose(levels(page, f".way-strip canvas.{half}"), decoded(config, *straight), atol=1)
        frames = np.array([frame[half] for frame in way])
        np.testing.assert_allclose(frames, [(1 - t) * a + t * b for t in np.linspace(0, 1, 22)], atol=1e-5)


def test_play_goes_along_one_dimension_within_its_range_and_halt_ends_it(walk):
    page = walk()
    before = z(page)
    button = page.locator(".dimension button").first
    button.click()
    assert button.text_content() == "Pause"
    page.wait_for_function("document.querySelector('.walk').view.z.vae[7] < -2.9")  # it begins at one end, -3
    page.wait_for_function("document.querySelector('.walk').view.z.vae[7] > -2")
    button.click()
    assert button.text_content() == "Play"
    assert page.evaluate("document.querySelector('.walk').view.playing") is None
    halted = z(page)
    shares = [(halted["vae"][7] + 3) / 6, (halted["ae"][7] - RANGES[7][0]) / (RANGES[7][1] - RANGES[7][0])]
    assert 0 < shares[0] <= 1 and shares[0] == pytest.approx(shares[1], abs=1e-3)
    for half in HALVES:
        others = np.delete(np.arange(10), 7)
        np.testing.assert_allclose(halted[half][others], before[half][others], atol=1e-6)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    np.testing.assert_array_equal(z(page)["vae"], halted["vae"])  # two frames later nothing has moved


def test_a_browser_that_cannot_record_is_offered_no_video(walk, modules):
    page = walk()
    assert page.locator(".video").is_visible()
    page.evaluate("""() => {
      MediaRecorder.isTypeSupported = () => false;
      document.body.innerHTML = "";
    }""")
    html = component.read("walk/walk.html")
    data = {"latentDim": 10, "ranges": {"ae": RANGES, "vae": RANGES}, "kl": KL, "hard": "hard", "given": {}}
    names = {name: name for name in ("ae", "vae", "labels")}
    page.evaluate(
        "([html, data]) => { document.body.innerHTML = html; return give(data); }",
        [html, {**data, "parcels": names, "images": ["images"]}],
    )
    assert page.locator(".walk .gif").is_visible() and page.locator(".video").is_hidden()
