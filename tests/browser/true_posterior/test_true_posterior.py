"""The exact posterior of a digit, as a student asks for it."""

import re

from playwright.sync_api import expect

BLANK = "own-" + "A" * 523


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
    expect(page.locator(".bounds tbody tr")).to_have_count(4)
    bounds = nats(page)
    assert bounds == sorted(bounds, reverse=True)
    expect(page.locator(".parts")).to_contain_text("amortisation")
    page.get_by_role("button", name="Improve q").click()
    expect(reading).to_contain_text("Gradient step 100")
    expect(page.locator(".bounds tbody")).to_contain_text("q on its way up")
    assert nats(page)[3] > bounds[3] and abs(nats(page)[3] - bounds[2]) < 0.1  # its row has moved with q
    page.get_by_role("button", name="3", exact=True).click()
    expect(reading).to_contain_text("q loses")
    expect(page.locator(".bounds tbody tr")).to_have_count(2)
    assert nats(page)[0] != bounds[0]


def test_a_click_in_the_gallery_shows_the_digit_and_an_empty_sheet_the_prior(visit):
    page = visit("/true_posterior")
    reading, bounds = page.locator(".posterior .reading"), page.locator(".bounds")
    expect(reading).to_contain_text("q loses")
    expect(page.get_by_role("img", name="amortisation: median")).to_be_visible()
    worst = page.get_by_role("button", name=re.compile(r"^Test digit \d+: .* nats of amortisation")).first
    index, lost = re.search(r"Test digit (\d+): ([\d.]+)", worst.get_attribute("aria-label")).groups()
    worst.click()
    expect(page.locator(".picker .name")).to_contain_text(f"Test digit {index},")
    expect(page).to_have_url(re.compile(rf"[?&]x={index}(&|$)"))
    expect(reading).to_contain_text("q loses")
    assert nats(page)[0] - nats(page)[1] >= float(lost) - 0.6  # its amortisation, rounded, is a part of what it loses

    page.reload()
    expect(page.locator(".picker .name")).to_contain_text(f"Test digit {index},")

    page.get_by_role("button", name="Sketch a digit").click()
    expect(reading).to_contain_text("all that is known of z is the prior")
    expect(page).to_have_url(re.compile(BLANK))
    expect(bounds).to_be_hidden()
    expect(page.locator(".posterior .encoder")).to_be_hidden()
    middle, corner = page.locator(".posterior .half canvas").evaluate(
        """canvas => [0.5, 0.02].map((place) => {
            const [x, y] = [canvas.width * place + 3, canvas.height * place + 3];
            return Array.from(canvas.getContext("2d").getImageData(x, y, 1, 1).data);
        })"""
    )
    assert max(abs(a - b) for a, b in zip(middle, [155, 93, 229])) <= 2
    assert middle[3] > 200 > 30 > corner[3]
    page.reload()
    expect(reading).to_contain_text("all that is known of z is the prior")
    page.get_by_role("button", name="3", exact=True).click()
    expect(reading).to_contain_text("q loses")
    expect(bounds).to_be_visible()
