"""An AE is converted by a class: predictions first, answers after, and a link that shows them again."""

import re

from playwright.sync_api import expect


def test_predictions_open_their_answers_and_a_link_shows_them_again(visit):
    page = visit("/conversion")
    strips = page.locator(".strips img")
    expect(strips).to_have_count(2)
    page.get_by_role("radio", name="They fall apart").click()
    expect(page.get_by_text("As you predicted.")).to_be_visible()
    expect(strips).to_have_count(4)
    drawn = page.get_by_alt_text(re.compile("z drawn"))
    first = drawn.get_attribute("src")
    assert strips.nth(1).get_attribute("src") == strips.nth(2).get_attribute("src")  # g is f: without noise, the AE
    page.get_by_role("button", name="Sample again").click()
    expect(page.get_by_alt_text("converted, z drawn (draw 1)")).to_be_visible()
    assert drawn.get_attribute("src") != first
    page.get_by_role("radio", name="More than 30 nats").click()
    expect(page.get_by_text("A surprise: “3 to 30 nats”.")).to_be_visible()
    page.get_by_role("radio", name="The encoder only").click()
    expect(page.get_by_text("−ELBO of the test digits:")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    expect(page).to_have_url(re.compile("eps_draw=1.*predict_training|predict_training.*eps_draw=1"))
    second = drawn.get_attribute("src")
    page.reload()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    assert drawn.get_attribute("src") == second
    expect(page.get_by_text("A surprise")).to_have_count(2)
