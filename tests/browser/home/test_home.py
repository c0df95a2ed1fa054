"""The two networks, seen and steered by a student."""

import re

import numpy as np
import torch
from playwright.sync_api import Page, expect

from tests.browser.navigation import go
from vae import data
from vae.config import RunConfig
from vae.runs.store import RunStore

AGAIN = "Pass it through again"


def opened(visit, address: str = "/", **options) -> Page:
    """The page with a digit in both networks."""
    page = visit(address, **options)
    expect(page.locator("svg .vae_z").first).to_have_text(re.compile(r"\d"))
    return page


def words(page: Page) -> dict[str, str]:
    """The numbers in the picture, which lies in a component of its own."""
    return {name: page.locator(f"svg .{name}").first.text_content() for name in ("ae_z", "mu", "sigma", "vae_z")}


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


def scribble(page: Page) -> None:
    """Draws a stroke on the picker's sheet."""
    sheet = page.locator(".paper").first
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 120, steps=4)
    page.mouse.up()


@torch.no_grad()
def test_the_numbers_are_the_trained_networks_and_passing_again_changes_the_vaes_z_alone(visit):
    page = opened(visit, "/?x=11")
    x, store, config = data.load("mnist", "test").images[11:12], RunStore(), RunConfig()
    ae, vae = (store.model(c.run_id) for c in (config.autoencoder, config))
    mu, log_sigma = vae.encode(x)
    shown = {name: numbers(text) for name, text in words(page).items()}
    for name, expected in {"ae_z": ae.encode(x), "mu": mu, "sigma": log_sigma.exp()}.items():
        np.testing.assert_allclose(shown[name], expected[0], atol=0.011)
    kl = numbers(page.locator("svg .kl").text_content())
    q, prior = torch.distributions.Normal(mu, log_sigma.exp()), torch.distributions.Normal(0.0, 1.0)
    np.testing.assert_allclose(kl, torch.distributions.kl_divergence(q, prior).sum(), atol=0.06)

    seen = [words(page)]
    button = page.get_by_role("button", name=AGAIN)
    for passes in (2, 3):
        button.click()
        expect(page.get_by_text(f"{passes} passes of the same digit")).to_be_visible()
        seen.append(words(page))
    for key in ("Shift+Tab", "Tab", "Enter"):  # by the keyboard
        page.keyboard.press(key)
    expect(page.get_by_text("4 passes of the same digit")).to_be_visible()
    seen.append(words(page))
    assert len({w["vae_z"] for w in seen}) == 4
    assert len({(w["ae_z"], w["mu"], w["sigma"]) for w in seen}) == 1

    about = page.locator(".stMarkdown details").first
    expect(page.locator(".stMarkdown .katex-display")).to_be_visible()
    nat = about.get_by_role("listitem").filter(has_text="nat: ")
    expect(nat).to_be_hidden()
    about.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(nat).to_contain_text("The unit of information")
    page.get_by_text("The source of this page").click()  # the page runs again
    expect(page.get_by_test_id("stCode")).to_be_visible()
    expect(nat).to_be_visible()


def test_another_digit_is_another_link_and_a_drawing_follows_to_the_other_pages(visit):
    page = opened(visit)
    before = words(page)["ae_z"]
    page.get_by_role("button", name="3", exact=True).click()
    expect(page.locator("svg .ae_z").first).not_to_have_text(before)
    expect(page).to_have_url(re.compile(r"x=\d+"))
    page.get_by_role("button", name=AGAIN).click()
    expect(page).to_have_url(re.compile("passes=2"))
    other = opened(visit, page.url)
    assert words(other) == words(page)

    before = words(page)["ae_z"]
    scribble(page)
    expect(page.locator("svg .ae_z").first).not_to_have_text(before)
    drawn = words(page)["ae_z"]
    go(page, "Latent space")
    expect(page.locator(".reading")).to_contain_text(f"AE: z = {drawn}")
    expect(page.get_by_text("Your own digit", exact=True)).to_be_visible()
