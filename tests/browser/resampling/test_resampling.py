"""Eps drawn again, as a student plays with it (test_draws.py counts)."""

import re
from urllib.parse import quote

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


# In one go: draws of the scale before may still be on their way, and would fill in their own spread meanwhile.
SCALE = """(root, scale) => {
  const input = root.querySelector(".scale");
  input.value = scale;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  root.querySelector(".histogram").setAttribute("aria-label", "");
}"""


def spread(page: Page, scale: str) -> float:
    """Of the losses, with that much of eps."""
    page.locator(".resampling").evaluate(SCALE, scale)
    label = page.locator(".histogram")
    expect(label).to_have_attribute("aria-label", re.compile("VAE: .* ± "))  # all draws are decoded
    return float(re.search(r"± ([\d.]+)", label.get_attribute("aria-label"))[1])


def test_each_draw_is_another_z_for_the_vae_alone_and_a_link_shows_the_same_draws(visit):
    page = opened(visit, "?x=5")
    ae, seen = shots(page, "ae.digit"), {z(page)}
    for seed in (1, 2, 3):
        page.get_by_role("button", name="Sample again").click()
        expect(page.get_by_label("Seed")).to_have_value(str(seed))
        seen.add(z(page))
    assert len(seen) == 4
    assert shots(page, "ae.digit") == ae

    page.get_by_role("button", name="Play").click()
    wait_for(lambda: int(page.get_by_label("Seed").input_value()) >= 5)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()

    assert spread(page, "0") == 0
    assert 0 < spread(page, "1") < spread(page, "3")
    spread(page, "2")
    page.get_by_label("Seed").fill("11")
    page.get_by_label("Seed").press("Enter")
    page.locator(".pad canvas").focus()
    before = z(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".reading")).not_to_contain_text(f"= {before}, reconstruction")
    eps = page.locator(".resampling").evaluate("root => root.view.address.state.eps")
    expect(page).to_have_url(re.compile(rf"eps={re.escape(quote(eps))}(&|$)"))
    expect(page).to_have_url(re.compile(r"eps_seed=11&.*eps_scale=2|eps_scale=2&.*eps_seed=11"))

    other = opened(visit, page.url.split("/resampling")[1])
    names = ("vae.digit", "many", "deviation")
    wait_for(lambda: shots(page, *names) == shots(other, *names))  # once all draws of both are decoded
    assert other.locator(".reading").text_content() == page.locator(".reading").text_content()
    labels = [one.locator(".histogram").get_attribute("aria-label") for one in (page, other)]
    assert labels[0] == labels[1]
