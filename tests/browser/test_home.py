"""The two networks, seen and steered by a student."""

import re

from playwright.sync_api import expect

AGAIN = "Pass it through again"


def words(page) -> dict[str, str]:
    """The numbers in the picture, which lies in a component of its own."""
    return {name: page.locator(f"svg .{name}").first.text_content() for name in ("ae_z", "mu", "sigma", "vae_z")}


def test_passing_again_changes_the_vaes_z_and_never_the_aes(visit):
    page = visit("/")
    expect(page.locator("svg .vae_z").first).to_have_text(re.compile(r"\d"))
    seen = [words(page)]
    for passes in (2, 3, 4):
        page.get_by_role("button", name=AGAIN).click()
        expect(page.get_by_text(f"{passes} passes of the same digit")).to_be_visible()
        expect(page.locator("svg .vae_z").first).not_to_have_text(seen[-1]["vae_z"])
        seen.append(words(page))
    assert len({w["vae_z"] for w in seen}) == 4
    assert len({(w["ae_z"], w["mu"], w["sigma"]) for w in seen}) == 1


def test_another_digit_is_another_link(visit):
    page = visit("/")
    expect(page.locator("svg .ae_z").first).to_have_text(re.compile(r"\d"))
    before = words(page)["ae_z"]
    page.get_by_role("radio", name="7").click()
    expect(page).to_have_url(re.compile("digit=7"))
    expect(page.locator("svg .ae_z").first).not_to_have_text(before)
    other = visit(page.url)
    expect(other.locator("svg .ae_z").first).to_have_text(words(page)["ae_z"])


def test_the_keyboard_alone_passes_the_digit_again(visit):
    page = visit("/")
    button = page.get_by_role("button", name=AGAIN)
    expect(page.get_by_text("One pass of the same digit")).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 passes of the same digit")).to_be_visible()
