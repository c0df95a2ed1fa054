"""The ladder of KL weights under the hand of a student."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from tests.browser.parcels import levels
from tests.browser.server import wait_for
from vae import data
from vae.config import RunConfig
from vae.models import pixel_means
from vae.runs.store import RunStore
from vae.runs.sweep import LADDER, RAMPLESS, ladder

ALL_NORMALS = """async (count) => {
  const { normals } = await import("./shared/random.js");
  return Array.from({ length: count }, (_, n) => Array.from(normals(n, 2)));
}"""
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


@torch.no_grad()
def test_slider_rows_switches_and_drawings_answer_with_the_runs_that_come_with_the_project(visit, modules):
    page, sent = visit("/"), []
    page.on("websocket", lambda socket: socket.on("framesent", lambda payload: sent.append(payload)))
    page.goto(page.url + "kl_weight?x=4")
    expect(page.locator(".ladder .reading")).to_contain_text("−ELBO")
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    page.locator(".ladder .table").scroll_into_view_if_needed()  # the other networks come when one looks at them
    wait_for(lambda: page.locator(".ladder").evaluate(ALL_DRAWN))
    check_rows(page)
    before, seen = len(sent), []
    assert before > 0  # it is listened to
    slider = page.get_by_role("slider", name="KL weight")
    for place, weight in enumerate(LADDER[2]):
        slider.fill(str(place))
        assert page.locator(".beta").text_content() == f"β = {weight:g}"
        seen.append(page.locator("canvas.mean").evaluate(SHOT))
    assert len(set(seen)) == len(LADDER[2])
    expect(page).to_have_url(re.compile(f"chosen={ladder(2)[-1].run_id}"))
    assert len(sent) == before  # the server has heard nothing
    slider.fill(str(LADDER[2].index(1)))
    check_switch(page, modules)
    check_drawing(page)


ALL_DRAWN = "({ view }) => view.rungs.every(({ model }) => model) && view.due.size === 0"


def check_rows(page: Page) -> None:
    """Every row begins with what its network answers to the digit 4."""
    x, store = data.load("mnist", "test").images[4:5], RunStore()
    for place, config in enumerate(ladder(2)):
        model = store.model(config.run_id)
        expected = (pixel_means(model.decode(model.encode(x)[0]))[0] * 255).reshape(28, 28)
        shown = levels(page, f".line:nth-child({place + 3}) .digits")[:, :28]  # head and AE come before
        assert np.abs(shown - expected.numpy()).max() <= 2


def check_switch(page: Page, modules: Page) -> None:
    """A dimension that is off costs what torch says with the browser's own eps, give or take what packing rounds."""
    before = levels(page, "canvas.mean")
    button = page.get_by_role("button", name=re.compile("^z₁"))
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert (levels(page, "canvas.mean") != before).any()
    said = page.locator(".measured")
    expect(said).to_have_text(re.compile(r"on [2-9],\d{3} of 10,000 test digits"))
    mean, error, count = re.search(r"\+(\d+\.\d+) ± (\d+\.\d+) nats, on ([\d,]+)", said.text_content()).groups()
    count = int(count.replace(",", ""))
    model, x = RunStore().model(RunConfig().run_id), data.load("mnist", "test").images[:count]
    mu, log_sigma = model.encode(x)
    z = mu + log_sigma.exp() * torch.tensor(modules.evaluate(ALL_NORMALS, count))
    off = z * torch.tensor([0.0, 1.0])
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    lost = [loss(model.decode(some), x, reduction="none").sum(1) for some in (off, z)]
    differences = (lost[0] - lost[1]).numpy()
    assert float(mean) == pytest.approx(differences.mean(), abs=0.03)
    assert float(error) == pytest.approx(differences.std() / np.sqrt(count), abs=0.01)
    button.click()
    expect(said).to_have_text("A dimension that is off is 0, its prior mean, whatever x is.")
    assert (levels(page, "canvas.mean") == before).all()


def check_drawing(page: Page) -> None:
    """A drawing goes through every rung."""
    rows = page.locator(".line .digits")
    before = [rows.nth(place).evaluate(SHOT) for place in range(10)]
    page.locator(".paper").scroll_into_view_if_needed()
    sheet = page.locator(".paper").bounding_box()
    page.mouse.move(sheet["x"] + 40, sheet["y"] + 40)
    page.mouse.down()
    page.mouse.move(sheet["x"] + 120, sheet["y"] + 120, steps=5)
    page.mouse.up()
    expect(page.locator(".picker .name")).to_have_text("Your own digit")
    # All answer, but the last one, which answers everything alike.
    wait_for(lambda: all(rows.nth(place).evaluate(SHOT) != before[place] for place in range(9)))


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
