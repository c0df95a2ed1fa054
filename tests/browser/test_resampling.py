"""Eps drawn again: the same digit, another z each time, and an AE that does not care."""

import re

from playwright.sync_api import Page, expect

from tests.browser.server import wait_for

SHOT = "canvas => canvas.toDataURL()"


def opened(visit, address: str = "", **options) -> Page:
    page = visit(f"/resampling{address}", **options)
    expect(page.locator(".reading")).to_contain_text("ε =")
    expect(page.locator(".histogram")).to_have_attribute("aria-label", re.compile("VAE: .* ± "))
    return page


def shots(page: Page, *names: str) -> list[str]:
    return [page.locator(f"canvas.{name}").evaluate(SHOT) for name in names]


def z(page: Page) -> str:
    return re.search(r"= (\(.*?\)), reconstruction", page.locator(".reading").text_content())[1]


def test_each_draw_gives_the_vae_another_z_and_the_ae_none(visit):
    page = opened(visit)
    ae, seen = shots(page, "ae.digit"), {z(page)}
    for seed in (1, 2, 3):
        page.get_by_role("button", name="Draw again").click()
        expect(page.get_by_label("Seed")).to_have_value(str(seed))
        seen.add(z(page))
    assert len(seen) == 4
    assert shots(page, "ae.digit") == ae
    expect(page).to_have_url(re.compile("eps_seed=3"))


def test_the_same_seed_shows_the_same_draws_in_another_browser(visit):
    page = opened(visit, "?eps_seed=11&eps_scale=2&x=5")
    other = opened(visit, page.url.split("/resampling")[1])
    names = ("vae.digit", "many", "deviation", "histogram")
    assert shots(page, *names) == shots(other, *names)
    assert z(page) == z(other)


def test_without_eps_all_draws_are_one_and_with_more_of_it_they_differ_more(visit):
    page = opened(visit)

    def spread(scale: str) -> float:
        label = page.locator(".histogram")
        label.evaluate("canvas => canvas.setAttribute('aria-label', '')")
        page.get_by_label("ε times").fill(scale)
        expect(label).to_have_attribute("aria-label", re.compile("VAE: .* ± "))  # all draws are decoded
        return float(re.search(r"± ([\d.]+)", label.get_attribute("aria-label"))[1])

    assert spread("0") == 0
    assert 0 < spread("1") < spread("3")


def test_eps_by_hand_moves_z_and_is_in_the_link(visit):
    page = opened(visit)
    page.locator(".pad canvas").focus()
    before = z(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".reading")).not_to_contain_text(f"= {before}, reconstruction")
    expect(page).to_have_url(re.compile(r"eps=-?[\d.]+%2C-?[\d.]+"))
    other = opened(visit, page.url.split("/resampling")[1])
    assert other.locator(".reading").text_content() == page.locator(".reading").text_content()


def test_play_draws_until_it_is_halted(visit):
    page = opened(visit)
    page.get_by_role("button", name="Play").click()
    wait_for(lambda: int(page.get_by_label("Seed").input_value()) >= 3)
    page.get_by_role("button", name="Halt").click()
    still = page.get_by_label("Seed").input_value()
    page.wait_for_timeout(1200)
    expect(page.get_by_label("Seed")).to_have_value(still)
