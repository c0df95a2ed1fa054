"""What a word means, under the pointer, by the keyboard and at a tap; and a symbol that lights wherever it stands."""

from playwright.sync_api import expect

from tests.browser.phone import PHONE

LIT = """() => [...CSS.highlights.get("symbol") ?? []].map((range) => range.toString())"""
MARKED = """() => [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean)]
  .flatMap((root) => [...root.querySelectorAll("[data-lit]")])
  .map((one) => one.dataset.symbol ?? one.textContent)"""


def test_a_word_says_what_it_means_where_it_stands(visit):
    page = visit("/latent_space?lesson=4")
    expect(page.locator(".steps .which")).to_contain_text("Step 4")
    meaning = page.locator("#word-meaning")
    word = page.get_by_test_id("stMarkdown").get_by_role("link", name="encoder").first
    word.hover()
    expect(meaning).to_contain_text("encoder: The network that turns a picture x into a code")
    at, box = word.bounding_box(), meaning.bounding_box()
    assert box["y"] >= at["y"] + at["height"] and box["y"] - at["y"] < 60
    page.mouse.move(5, 400)
    expect(meaning).to_be_hidden()

    # By the keyboard, in the card of steps too, which is a tree of its own; Escape closes it.
    inner = page.locator(".steps .words").get_by_role("link", name="prior")
    page.get_by_role("button", name="Next ›").focus()
    page.keyboard.press("Tab")
    expect(inner).to_be_focused()
    expect(meaning).to_contain_text("prior: N(0, I), the standard Gaussian")
    assert "N(0, I)" in inner.evaluate("link => link.ariaDescription ?? link.getAttribute('aria-description')")
    page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()
    inner.press("Enter")
    expect(meaning).to_be_visible()
    assert "#" not in page.url

    # At the edge it stays on the screen; for the projector it still stands at its word.
    page.get_by_role("button", name="Present").click()
    inner.hover()
    expect(meaning).to_be_visible()
    at, box = inner.bounding_box(), meaning.bounding_box()
    assert abs(box["y"] - at["y"]) < 120 and box["x"] >= 0 and box["x"] + box["width"] <= 1280


def test_a_tap_on_a_phone_says_it_too(visit):
    page = visit("/latent_space", **PHONE)
    expect(page.locator(".steps .which")).to_contain_text("Step 1")
    meaning = page.locator("#word-meaning")
    page.get_by_test_id("stMarkdown").get_by_role("link", name="encoder").first.tap()
    expect(meaning).to_be_visible()
    box = meaning.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.get_by_role("heading", level=1).tap()
    expect(meaning).to_be_hidden()


def test_a_symbol_lights_in_text_formula_and_picture(visit):
    page = visit("/")
    expect(page.locator(".networks .count")).to_contain_text("pass")
    expect(page.locator(".steps .which")).to_contain_text("Step 1")
    page.locator(".networks [data-node=mu]").hover()
    page.wait_for_function(f"({LIT})().length > 0")
    assert set(page.evaluate(LIT)) == {"μ"}
    marked = page.evaluate(MARKED)
    assert "mu" in marked and "μ" in marked  # the node, and the formula's
    assert not {"z", "x", "sigma"} & set(marked)
    page.get_by_text("The source of this page").scroll_into_view_if_needed()
    box = page.locator(".katex [style*=color]", has_text="σ").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function(f"({MARKED})().includes('sigma')")
    page.mouse.move(5, 400)
    page.wait_for_function(f"({LIT})().length === 0 && ({MARKED})().length === 0")
    # By the keyboard the node that has the focus is meant.
    page.locator(".networks [data-node=mu]").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.wait_for_function(f"({MARKED})().includes('eps')")

    # In a sentence the letter under the pointer is meant, not the whole of what is set in italics.
    page.get_by_role("button", name="Only the VAE's").click()
    page.get_by_role("button", name="Now look; then compare").click()
    written = page.locator(".steps .answer em", has_text="μ + σ·ε").first
    box = written.bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + box["height"] / 2)
    page.wait_for_function(f"({LIT})()[0] === 'μ'")
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    page.wait_for_function(f"({LIT})()[0] === 'ε'")
