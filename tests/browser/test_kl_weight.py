"""The ladder of KL weights under the hand of a student."""

import re

import numpy as np
import torch
from playwright.sync_api import Page, expect

from tests.browser.server import wait_for
from vae import data
from vae.config import RunConfig
from vae.losses import reconstruction_loss
from vae.models import pixel_means, reparameterize
from vae.store import RunStore
from vae.sweep import LADDER, RAMPLESS, ladder

PIXELS = """canvas => Array.from(
  canvas.getContext("2d").getImageData(0, 0, canvas.width, 28).data.filter((_, i) => i % 4 === 0))"""
SHOT = "canvas => canvas.toDataURL()"
PLACE = """(root, id) => {
  const { rate, data } = root.view, box = rate.canvas.getBoundingClientRect();
  const [left, top] = rate.toPixels(data.points.find((point) => point.id === id));
  return [box.left + left, box.top + top];
}"""


def opened(visit, address: str = "", **options) -> Page:
    """The page with all models of the ladder there."""
    page = visit(f"/kl_weight{address}", **options)
    expect(page.locator(".ladder .reading")).to_contain_text("−ELBO")
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    return page


def pixels(page: Page, canvas: str) -> np.ndarray:
    return np.array(page.locator(canvas).evaluate(PIXELS))


def test_the_slider_answers_at_once_and_the_server_hears_nothing(visit):
    page, sent = visit("/"), []
    page.on("websocket", lambda socket: socket.on("framesent", lambda payload: sent.append(payload)))
    page.goto(page.url + "kl_weight")
    expect(page.locator(".ladder .reading")).to_contain_text("−ELBO")
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    before, seen = len(sent), []
    assert before > 0  # it is listened to
    slider = page.get_by_role("slider", name="KL weight")
    for place, weight in enumerate(LADDER[2]):
        slider.fill(str(place))
        assert page.locator(".beta").text_content() == f"β = {weight:g}"
        seen.append(page.locator("canvas.mean").evaluate(SHOT))
    assert len(set(seen)) == len(LADDER[2])
    expect(page).to_have_url(re.compile(f"chosen={ladder(2)[-1].run_id}"))
    assert len(sent) == before


@torch.no_grad()
def test_every_row_is_what_its_network_answers(visit):
    page = opened(visit, "?x=4")
    x, store = data.load("mnist", "test").images[4:5], RunStore()
    wait_for(lambda: page.locator(".ladder").evaluate("root => root.view.due.size === 0"))
    for place, config in enumerate(ladder(2)):
        model = store.model(config.run_id)
        mu, _ = model.encode(x)
        expected = (pixel_means(model.decode(mu))[0] * 255).reshape(28, 28)
        row = page.locator(".line .digits").nth(place + 1)  # the AE's is the first
        shown = np.array(row.evaluate(PIXELS)).reshape(28, -1)[:, :28]
        assert np.abs(shown - expected.numpy()).max() <= 2


@torch.no_grad()
def test_a_dimension_that_is_switched_off_costs_what_it_costs_on_the_test_set(visit):
    page = opened(visit)
    before = pixels(page, "canvas.mean")
    button = page.get_by_role("button", name=re.compile("^z₁"))
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert (pixels(page, "canvas.mean") != before).any()
    said = page.locator(".measured")
    expect(said).to_have_text(re.compile(r"on [2-9],\d{3} of 10,000 test digits"))
    mean, error, count = re.search(r"\+(\d+\.\d+) ± (\d+\.\d+) nats, on ([\d,]+)", said.text_content()).groups()
    count = int(count.replace(",", ""))
    model, x = RunStore().model(RunConfig().run_id), data.load("mnist", "test").images[:count]
    z = reparameterize(*model.encode(x), torch.randn(count, 2, generator=torch.Generator().manual_seed(0)))
    off = z * torch.tensor([0.0, 1.0])
    differences = [reconstruction_loss(model.decode(some), x, "bernoulli") for some in (off, z)]
    expected = (differences[0] - differences[1]).mean().item()
    assert abs(float(mean) - expected) < 4 * float(error)
    button.click()
    expect(said).to_have_text("A dimension that is off is 0, its prior mean, whatever x is.")
    assert (pixels(page, "canvas.mean") == before).all()


def test_a_click_on_another_run_makes_it_a_rung(visit):
    page = opened(visit, "?models=10-D")
    page.locator(".rate canvas").scroll_into_view_if_needed()
    page.mouse.click(*page.locator(".ladder").evaluate(PLACE, ladder(10)[-1].run_id))
    expect(page.locator(".beta")).to_have_text("β = 10")
    page.mouse.click(*page.locator(".ladder").evaluate(PLACE, RAMPLESS.run_id))
    expect(page.locator(".beta")).to_have_text("β = 1, kl_ramp 0.0")
    expect(page).to_have_url(re.compile(f"chosen={RAMPLESS.run_id}"))
    active = RunStore().metrics(RAMPLESS.run_id)["test"]["active_units"]
    expect(page.locator(".ladder .reading")).to_contain_text(f"{active} of 10 dimensions active")
    expect(page.locator(".line")).to_have_count(2 + len(LADDER[10]) + 1)  # head and AE too


def test_a_drawing_goes_through_every_rung(visit):
    page = opened(visit)
    rows = page.locator(".line .digits")
    before = [rows.nth(place).evaluate(SHOT) for place in range(10)]
    sheet = page.locator(".paper").bounding_box()
    page.mouse.move(sheet["x"] + 40, sheet["y"] + 40)
    page.mouse.down()
    page.mouse.move(sheet["x"] + 120, sheet["y"] + 120, steps=5)
    page.mouse.up()
    expect(page.locator(".picker .name")).to_have_text("Your own digit")

    def changed() -> bool:
        """Whether all have answered, but the last one, which answers everything alike."""
        return all(rows.nth(place).evaluate(SHOT) != before[place] for place in range(9))

    wait_for(changed)
