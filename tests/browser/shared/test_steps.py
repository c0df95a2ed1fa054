"""The card of steps in a real browser: predicted, turned by click and by clicker, remembered, shared by its address."""

import re

from playwright.sync_api import Locator, Page, expect

from pages.lessons import LESSONS, Lesson
from tests.browser.navigation import go
from tests.browser.phone import PHONE
from tests.browser.server import wait_for


def test_a_class_goes_through_the_first_lesson_and_on_to_the_next(visit):
    page = visit("")
    card = page.locator(".steps")
    expect(card.locator(".which")).to_have_text("Step 1 of 4")
    expect(card.locator(".number")).to_have_text(f"Lesson 1 of {len(LESSONS)}")
    expect(card.locator(".answer")).to_be_empty()
    card.get_by_role("button", name="Both", exact=True).click()
    expect(card.locator(".answer")).to_be_empty()  # first one looks
    card.get_by_role("button", name="Now look; then compare").click()
    expect(card.locator(".answer")).to_contain_text("A surprise")
    expect(card.get_by_role("button", name="Only the VAE's")).to_have_class("measured")
    card.get_by_role("button", name="Only the VAE's").click()  # a prediction may be changed
    expect(card.locator(".answer")).to_contain_text("As you predicted")

    # The next step sets its view: the picture follows, and the address.
    page.get_by_role("button", name="Next ›").click()
    expect(card.locator(".which")).to_have_text("Step 2 of 4")
    expect(page.locator(".networks .count")).to_have_text("8 passes of the same digit")
    page.wait_for_url("**passes=8**")
    assert "lesson=2" in page.url

    # A clicker turns steps; who types in a field does not.
    page.keyboard.press("PageDown")
    expect(card.locator(".which")).to_have_text("Step 3 of 4")
    expect(card.locator(".answer")).to_be_empty()  # a task: first one looks
    card.get_by_role("button", name="Show an answer").click()
    expect(card.locator(".answer")).to_contain_text("That is 0 only for μ = 0 and σ = 1")
    page.keyboard.press("PageUp")
    expect(card.locator(".which")).to_have_text("Step 2 of 4")

    # Reloaded, it is at the same step, and knows what was predicted.
    page.wait_for_url("**lesson=2**")
    page.reload()
    expect(card.locator(".which")).to_have_text("Step 2 of 4")
    expect(card.locator(".ticks")).to_contain_text("✓")
    page.get_by_role("button", name="‹ Back").click()
    expect(card.locator(".answer")).to_contain_text("As you predicted")

    # The plan below tells how far one is; the way to the next lesson needs no reload.
    expect(page.locator(".plan li")).to_have_count(len(LESSONS))
    expect(page.locator(".plan li").first).to_contain_text("◐")
    page.evaluate("globalThis.isTheSamePage = true")
    card.locator(".after").click()
    page.wait_for_url(f"**/{LESSONS[1].name}*")
    expect(page.locator("h1")).to_have_text(LESSONS[1].heading)
    expect(card.locator(".which")).to_contain_text("Step 1 of")
    assert page.evaluate("globalThis.isTheSamePage")
    card.locator(".before").click()
    expect(page.locator("h1")).to_have_text(LESSONS[0].heading)
    page.locator(".plan").get_by_role("link", name="Why log σ").click()
    page.wait_for_url("**/log_sigma*")


def test_a_link_opens_a_page_at_a_step_with_its_view_and_a_turned_step_keeps_the_digit(visit):
    page = visit("/resampling?lesson=2")
    card = page.locator(".steps")
    expect(card.locator(".which")).to_have_text("Step 2 of 4")
    expect(page.locator(".resampling output").first).to_have_text("0.00")
    page.locator(".resampling .classes").get_by_role("button", name="3", exact=True).click()
    page.wait_for_url(re.compile(r"x=\d+"))
    digit = re.search(r"x=(\d+)", page.url)[1]
    page.get_by_role("button", name="Next ›").click()
    page.wait_for_url("**eps_scale=3**")
    expect(card.locator(".which")).to_have_text("Step 3 of 4")
    expect(page.locator(".resampling output").first).to_have_text("3.00")
    expect(page.locator(".resampling .name")).to_contain_text(f"Test digit {digit}")
    assert f"x={digit}" in page.url
    page.get_by_role("button", name="‹ Back").click()
    page.get_by_role("button", name="‹ Back").click()
    page.wait_for_url("**eps_scale=1**")
    expect(page.locator(".resampling .name")).to_contain_text(f"Test digit {digit}")

    # The keys of a page turn steps, but not where they mean something else, and not out of the lesson.
    page.locator(".resampling .paper").focus()
    page.keyboard.press("PageDown")
    expect(card.locator(".which")).to_have_text("Step 1 of 4")
    page.locator(".resampling .paper").blur()
    for step in (2, 3, 4, 4):
        page.keyboard.press("PageDown")
        expect(card.locator(".which")).to_have_text(f"Step {step} of 4")


def test_a_step_that_needs_another_run_or_other_settings_shows_them_without_loading_the_page_anew(visit):
    page = visit("/walk")
    chosen, card = page.get_by_test_id("stSelectbox").first.locator("input"), page.locator(".steps")
    expect(chosen).to_have_value(re.compile("^2-D"))
    page.evaluate("globalThis.isTheSamePage = true")
    page.get_by_role("button", name="Next ›").click()
    page.wait_for_url("**run=vae-10d-**")
    expect(card.locator(".which")).to_have_text("Step 2 of 3")
    expect(chosen).to_have_value(re.compile("^10-D"))
    expect(page.locator(".walk h4")).to_have_count(10)
    page.get_by_role("button", name="‹ Back").click()
    expect(chosen).to_have_value(re.compile("^2-D"))
    expect(page.locator(".walk h4")).to_have_count(2)
    assert "settings" not in page.url
    go(page, "Train side by side")
    expect(card.locator(".which")).to_have_text("Step 1 of 5")
    for step, weight, dimensions in ((4, "0", "2"), (5, "1", "10"), (4, "0", "2")):
        while (now := int(card.locator(".which").text_content().split()[1])) != step:
            card.locator(".on" if now < step else ".back").click()
            expect(card.locator(".which")).not_to_contain_text(f"Step {now} ")
        expect(page.get_by_label("KL weight", exact=True)).to_have_value(weight)
        expect(page.get_by_label("Dimensions of z", exact=True)).to_have_value(dimensions)
    assert page.evaluate("globalThis.isTheSamePage")


def test_what_an_answer_shows_is_shown_again_on_return_to_its_step(visit):
    page = visit("/latent_space?lesson=2")
    card, holes = page.locator(".steps"), page.locator(".latent-space").get_by_label("holes")
    expect(holes).not_to_be_checked()
    card.get_by_role("button", name="The AE", exact=True).click()
    expect(holes).not_to_be_checked()  # first one looks
    card.get_by_role("button", name="Now look; then compare").click()
    expect(holes).to_be_checked()
    card.get_by_role("button", name="Next ›").click()
    expect(holes).not_to_be_checked()
    card.get_by_role("button", name="‹ Back").click()
    expect(holes).to_be_checked()

    # What needs the whole plane brings a run of two dimensions, but takes none of one's own away.
    chosen = page.get_by_test_id("stSelectbox").first.locator("input")
    for expected in ("2-D", "10-D"):
        card.get_by_role("button", name="Next ›").click()
        expect(chosen).to_have_value(re.compile(f"^{expected}"))
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    card.get_by_role("button", name="‹ Back").click()
    expect(chosen).to_have_value(re.compile("^2-D"))


def test_for_the_projector_all_is_larger_and_without_fields_from_page_to_page(visit):
    page = visit("/latent_space?lesson=2")
    card, field = page.locator(".steps"), page.get_by_test_id("stSelectbox").first
    expect(field).to_be_visible()
    before = card.locator(".which").bounding_box()
    card.get_by_role("button", name="Present").click()
    expect(field).to_be_hidden()
    page.wait_for_url("**present=1**")
    assert card.locator(".which").bounding_box()["width"] > 1.2 * before["width"]
    page.locator(".latent-space .half.vae canvas").hover()  # which still answers where the pointer is
    expect(page.locator(".latent-space .reading")).to_contain_text("z =")
    card.locator(".after").click()
    page.wait_for_url("**/train*")
    expect(page.get_by_test_id("stNumberInput").first).to_be_hidden()
    card.get_by_role("button", name="Present").click()
    expect(page.get_by_test_id("stNumberInput").first).to_be_visible()
    opened = visit("/latent_space?present=1")
    expect(opened.locator(".steps .which")).to_have_text("Step 1 of 6")
    expect(opened.get_by_test_id("stSelectbox").first).to_be_hidden()


def test_back_to_the_start_resets_a_page(visit):
    page = visit("/resampling?eps_scale=2&lesson=3")
    expect(page.locator(".resampling output").first).to_have_text("2.00")
    page.get_by_role("button", name="Back to the start of this page").click()
    expect(page.locator(".steps .which")).to_have_text("Step 1 of 4")
    expect(page.locator(".resampling output").first).to_have_text("1.00")


def wait_for_lesson(page: Page, lesson: Lesson) -> None:
    """Until a lesson is whole."""
    expect(page.locator("h1")).to_have_text(lesson.heading)
    expect(page.locator(".steps .number")).to_have_text(f"Lesson {LESSONS.index(lesson) + 1} of {len(LESSONS)}")
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")


def test_back_is_one_press_a_page_in_a_tour_of_all_of_them(visit):
    page = visit("")
    wait_for_lesson(page, LESSONS[0])
    models = page.get_by_test_id("stSelectbox").first
    for lesson in LESSONS[1:]:
        go(page, lesson.title)
        wait_for_lesson(page, lesson)
        if lesson.name == "kl_weight":  # what a widget writes into the address is no page of its own
            models.locator("input").click()
            page.get_by_role("option", name="10-D").click()
            page.wait_for_url("**models=10-D*")
    for lesson in reversed(LESSONS[:-1]):
        page.go_back()
        wait_for_lesson(page, lesson)
        if lesson.name == "kl_weight":
            expect(models.locator("input")).to_have_value("10-D")
            assert "models=10-D" in page.url


def test_the_first_tab_leads_past_the_navigation_on_every_page_and_leaves_the_address(visit):
    page = visit("")
    for lesson in LESSONS[:2]:
        go(page, lesson.title)
        wait_for_lesson(page, lesson)
        page.locator("body").evaluate("body => { body.tabIndex = -1; body.focus(); body.removeAttribute('tabindex'); }")
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the lesson")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator(".steps .card")).to_be_focused()
        assert "#" not in page.url


def test_on_a_phone_the_navigation_closes_once_a_page_was_chosen(visit):
    page = visit("", **PHONE)
    wait_for_lesson(page, LESSONS[0])
    for lesson in LESSONS[1:3]:
        page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_test_id("stSidebarNavLink").get_by_text(lesson.title, exact=True).click()
        wait_for_lesson(page, lesson)
        expect(page.get_by_test_id("stExpandSidebarButton")).to_be_visible()
        page.locator(".steps .on").click()  # nothing lies over it
        expect(page.locator(".steps .which")).to_contain_text("Step 2 of")


def is_shown_by(name: Locator) -> bool:
    """Whether a press on a name brings its place into view; it may still move while what is above it is drawn."""
    name.click()
    name.page.wait_for_timeout(100)
    return not {"is-below", "is-above"} & set(name.get_attribute("class").split())


NOT_YET = {"Where both terms pull"}  # it comes with a pair that was trained here


def test_what_a_step_names_is_on_its_page_and_a_press_on_the_name_brings_it_into_view(visit, server):
    page = visit("", viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    card, named = page.locator(".steps .card"), page.locator(".steps :is(.words, .answer) .named")
    met = set()
    for number, lesson in enumerate(LESSONS, 1):
        expect(card.locator(".number")).to_have_text(f"Lesson {number} of {len(LESSONS)}")
        expect(page.locator("h1")).to_have_text(lesson.heading)
        is_last = False
        while not is_last:
            for press in card.get_by_role("button", name=re.compile("Just show me|Show an answer")).all():
                press.click()
                expect(card.locator(".answer")).not_to_be_empty()  # it names things too
            for name in named.all():
                if (text := name.text_content()) in NOT_YET:
                    continue
                met.add(text)
                expect(name).to_contain_class("is-there")
                wait_for(lambda name=name: is_shown_by(name))
            is_last = card.locator(".on").text_content() == "Next lesson ›" or card.locator(".on").is_disabled()
            which = card.locator(".which").text_content()
            if not is_last or number < len(LESSONS):
                card.locator(".on").click()
            if not is_last:
                expect(card.locator(".which")).not_to_have_text(which)
    assert len(met) > 15

    # From further down the page there is a way back to the step.
    page.goto(f"{server.url}/kl_weight?lesson=2")
    expect(page.locator(".to-card")).to_be_hidden()
    page.get_by_role("link", name="MMD²", exact=True).first.click()
    page.get_by_role("button", name="↑ Step 2").click()
    expect(card.locator(".which")).to_be_in_viewport()
    expect(page.locator(".to-card")).to_be_hidden()
