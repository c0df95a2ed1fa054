"""The ladder of KL weights, number by number and picture by picture, against the networks in torch."""

import dataclasses
import re

import numpy as np
import pytest
import torch

from tests.browser import parcels
from tests.browser.parcels import FEW, TEN, box, code, decoded, levels, normals, painted
from vae.config import RunConfig

WEIGHTS = (0.1, 1.0, 8.0)
DIMS = [7, 2]
X = 4


def config(weight: float) -> RunConfig:
    return dataclasses.replace(TEN, kl_weight=weight)


def point(place: int) -> dict:
    """A run on the rate-distortion plane."""
    names = {"id": f"run {place}", "weight": WEIGHTS[place], "label": f"{WEIGHTS[place]:g}", "isRung": True}
    return {**names, "kl": 30.0 - 10 * place, "reconstruction": 100.0 + 7 * place}


def rung(place: int) -> dict:
    kl = [round(0.1 * (dimension + 1) + place, 2) for dimension in range(10)]
    own = {
        "parcel": f"model run {place}",
        "where": "here",
        "negativeElbo": 130.0 - 3 * place,
        "information": [8.0, 7.0, None][place],  # nobody measured the last one's
        "active": 10 - place,
        "klPerDimension": kl,
        "dims": DIMS,
        "settings": f"kl_weight {WEIGHTS[place]:g}",
    }
    return {**point(place), **own, "mmd": {"value": 0.05 - 0.02 * place, "low": -0.001, "high": 0.02}}


ALL_DRAWN = """() => {
  const { rungs, due } = document.querySelector(".ladder").view;
  return rungs.every(({ model }) => model) && due.size === 0;
}"""


@pytest.fixture
def ladder(mounted):
    """Three rungs, the run with the KL weight 1 chosen."""
    models = {f"model run {place}": parcels.model(config(weight)) for place, weight in enumerate(WEIGHTS)}
    codes = {f"codes run {place}": parcels.codes(config(weight), DIMS) for place, weight in enumerate(WEIGHTS)}
    data = {
        "latentDim": 10,
        "colors": parcels.COLORS,
        "limit": 4.0,
        "codes": FEW,
        "rungs": [rung(place) for place in range(3)],
        "points": [*(point(place) for place in range(3)), {**point(1), "id": "own", "isRung": False, "kl": 25.0}],
        "otherSeeds": [{"kl": 21.0, "reconstruction": 106.0}],
        "klWords": "What is not known.",
        "reference": "run 1",
        "ae": {"reconstruction": 95.5, "active": 10, "mmd": {"value": 0.5, "low": -0.001, "high": 0.02}},
        "hard": "hard",
        "given": {"x": str(X)},
    }
    sent = {**parcels.digits(), "ae": parcels.model(TEN.autoencoder), **codes}
    data["parcels"] = {name: name for name in sent if name != "images"}  # models are asked for when they are wanted
    page = mounted("ladder", data, {**sent, **models})
    page.wait_for_function(ALL_DRAWN)
    return page


def test_the_address_names_a_rung_with_its_settings_unless_another_run_is_awaited(ladder):
    slider = ladder.get_by_role("slider", name="KL weight")
    slider.fill("2")
    ladder.wait_for_url(re.compile(r"chosen=run\+2&settings=kl_weight\+8$"))
    slider.fill("1")  # which is everywhere
    ladder.wait_for_url(re.compile(r"^((?!chosen|settings).)*$"))
    opened = """async (isAwaited) => {
      const { data } = document.querySelector(".ladder");
      aeVaeLabMemory.clear(); // as in a new tab
      await give({ ...data, isAwaited, subject: String(isAwaited) });
      return "chosen" in document.querySelector(".ladder").view.address.state; // what is not stays as it was
    }"""
    assert [ladder.evaluate(opened, is_awaited) for is_awaited in (False, True)] == [True, False]


def draws(page, mu: np.ndarray, sigma: np.ndarray) -> list[np.ndarray]:
    """The eight codes of a digit that the page draws for every weight."""
    return [mu + sigma * normals(page, seed, 10) for seed in range(1, 9)]


def test_every_row_shows_what_its_network_answers(ladder):
    samples = [normals(ladder, 1000 + n, 10) for n in range(8)]
    for row, weight in enumerate((None, *WEIGHTS)):
        own = TEN.autoencoder if weight is None else config(weight)
        mu, sigma = code(own, X)
        zs = [mu] * 9 if sigma is None else [mu, *draws(ladder, mu, sigma)]
        line = f".line:nth-child({row + 2})"
        np.testing.assert_allclose(levels(ladder, f"{line} .digits"), decoded(own, *zs), atol=1)
        np.testing.assert_allclose(levels(ladder, f"{line} .samples"), decoded(own, *samples), atol=1)


def test_the_numbers_of_a_row_stand_under_their_names(ladder):
    head = ladder.locator(".line.head span").all_text_contents()[3:]
    cells = [line.locator("span").all_text_contents() for line in ladder.locator(".line:not(.head)").all()]
    assert head == ["reconstruction", "KL", "−ELBO", "active", "MMD²"]
    assert cells == [
        ["95.5", "–", "–", "10", "0.5000"],
        ["100.0", "30.08.0 + 22.0", "130.0", "10", "0.0500"],
        ["107.0", "20.07.0 + 13.0", "127.0", "9", "0.0300"],
        ["114.0", "10.0", "124.0", "8", "0.0100 (chance)"],
    ]


def test_a_bar_a_rung_says_what_its_kl_is_made_of_and_a_click_on_it_chooses_the_rung(ladder):
    bars = ladder.locator(".bars button")
    assert bars.all_inner_texts() == ["30.0\n0.1", "20.0\n1", "10.0\n8"]
    heights = "all => all.map((one) => [...one.querySelectorAll('.bar span')].map((part) => part.style.height))"
    assert bars.evaluate_all(heights) == [["26.7%", "73.3%"], ["23.3%", "43.3%"], ["33.3%", "0%"]]
    assert ladder.locator(".kl-parts .hint").text_content() == "What is not known."
    bars.nth(2).click()
    assert ladder.locator(".beta").text_content() == "β = 8"
    assert [("is-chosen" in (bar.get_attribute("class") or "")) for bar in bars.all()] == [False, False, True]


def test_the_slider_shows_the_run_it_stands_on(ladder):
    for place in (0, 2):
        ladder.get_by_role("slider", name="KL weight").fill(str(place))
        own = config(WEIGHTS[place])
        mu, sigma = code(own, X)
        np.testing.assert_allclose(levels(ladder, ".answer canvas.mean"), decoded(own, mu), atol=1)
        np.testing.assert_allclose(levels(ladder, ".draws canvas"), decoded(own, *draws(ladder, mu, sigma)), atol=1)
        np.testing.assert_allclose(
            levels(ladder, ".answer canvas.ae"), decoded(TEN.autoencoder, code(TEN.autoencoder, X)[0]), atol=1
        )
        words = ladder.locator(".reading").text_content()
        expected = rung(place)
        assert f"reconstruction {expected['reconstruction']:.1f} + KL {expected['kl']:.1f} = −ELBO" in words
        parts = {0: "of the KL, 8.0 nats tell of x, and 22.0 are how far", 2: "its parts were not measured"}[place]
        assert f"{expected['negativeElbo']:.1f} nats; " in words and parts in words
        assert f"; {expected['active']} of 10 dimensions active" in words
        said = [float(number) for number in re.search(r"σ = ([\d., ]+), …", words)[1].split(", ")]
        np.testing.assert_allclose(said, sigma[:4], rtol=0.06)  # two digits
        ladder.wait_for_function(f"location.search.includes('chosen=run+{place}')")
    ladder.get_by_role("button", name="β 1", exact=True).click()
    ladder.wait_for_function("!location.search.includes('chosen')")


def test_a_dimension_switched_off_is_zero_and_costs_what_torch_says_give_or_take_its_standard_error(ladder):
    buttons = ladder.locator(".dimensions button")
    assert buttons.all_text_contents()[:2] == ["z₁: 1.10 nats", "z₂: 1.20 nats"]
    for dimension in (2, 7):
        buttons.nth(dimension).click()
    ladder.wait_for_function("document.querySelector('.measured').getAttribute('aria-busy') === 'false'")
    words = ladder.locator(".measured").text_content()
    assert words.startswith("Without z₃, z₈: ") and words.endswith(f"on {FEW} of {FEW} test digits")
    mean, error = (
        float(number.replace("−", "-")) for number in re.search(r"loss (.[\d.]+) ± ([\d.]+)", words).groups()
    )
    x = parcels.images(*range(FEW))
    with torch.no_grad():
        model = parcels.network(TEN)
        mu, log_sigma = model.encode(x)
        z = mu + log_sigma.exp() * torch.tensor(np.array([normals(ladder, n, 10) for n in range(FEW)])).float()
        off = z.clone()
        off[:, [2, 7]] = 0
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        lost = [loss(model.decode(some), x, reduction="none").sum(1).numpy() for some in (off, z)]
    differences = lost[0] - lost[1]
    assert mean == pytest.approx(differences.mean(), abs=0.006)
    assert error == pytest.approx(differences.std() / np.sqrt(FEW), abs=0.006)
    own, _ = code(TEN, X)
    own[[2, 7]] = 0
    np.testing.assert_allclose(levels(ladder, ".answer canvas.mean"), decoded(TEN, own), atol=1)
    for dimension in (2, 7):
        buttons.nth(dimension).click()
    assert ladder.locator(".measured").text_content() == "A dimension that is off is 0, its prior mean, whatever x is."
    np.testing.assert_allclose(levels(ladder, ".answer canvas.mean"), decoded(TEN, code(TEN, X)[0]), atol=1)


def test_a_digits_q_lies_in_each_frame_on_the_frames_two_dimensions(ladder):
    for place, weight in enumerate(WEIGHTS):
        plane = f"document.querySelector('.ladder').view.rungs[{place}].plane"
        positions, pixel = painted(ladder, plane, (240, 140, 0))
        middle, reach = box(positions)
        mu, sigma = code(config(weight), X)
        np.testing.assert_allclose(middle, mu[DIMS], atol=2 * pixel)
        np.testing.assert_allclose(reach, 2 * sigma[DIMS], atol=3 * pixel)


def test_a_point_that_is_no_rung_is_asked_of_the_server(ladder):
    def click(kl: float, reconstruction: float) -> None:
        place = "point => document.querySelector('.ladder').view.rate.toPixels(point)"
        left, top = ladder.evaluate(place, {"kl": kl, "reconstruction": reconstruction})
        ladder.locator(".rate canvas").click(position={"x": left, "y": top})

    click(25, 107)
    assert ladder.evaluate("said") == [["chosen", "own"]]
    click(30, 100)
    assert ladder.locator(".beta").text_content() == "β = 0.1"
    assert ladder.evaluate("said.length") == 1
