"""The exact posterior of a digit, as a student asks for it."""

import re

from playwright.sync_api import expect


def nats(page) -> list[float]:
    """The numbers of the table: log p(x) and the bounds below it."""
    cells = page.locator(".bounds td:nth-child(2)").all_text_contents()
    return [float(re.search(r"-?[\d.]+", text.replace("−", "-"))[0]) for text in cells]


def test_the_best_gaussians_lose_less_than_the_encoders_and_another_digit_begins_anew(visit):
    page = visit("/true_posterior?x=6")
    reading = page.locator(".posterior .reading")
    expect(reading).to_contain_text("q loses")
    assert len(nats(page)) == 2
    page.get_by_role("button", name="Find the best Gaussians").click()
    expect(page.locator(".bounds tr")).to_have_count(4)
    bounds = nats(page)
    assert bounds == sorted(bounds, reverse=True)
    expect(page.locator(".parts")).to_contain_text("amortisation")
    page.get_by_role("button", name="Improve q").click()
    expect(reading).to_contain_text("Gradient step 100")
    page.get_by_role("button", name="3", exact=True).click()
    expect(reading).to_contain_text("q loses")
    expect(page.locator(".bounds tr")).to_have_count(2)
    assert nats(page)[0] != bounds[0]
