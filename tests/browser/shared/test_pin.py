"""“Pin this” on each page that has it: the picture stays, still, beside the next one."""

import re
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import Page, expect

from tests.browser.navigation import go
from tests.browser.phone import PHONE
from tests.browser.server import wait_for
from tests.browser.test_app import WIDTHS, barriers
from vae.config import RunConfig

TWO, LIGHT, TEN = RunConfig(), RunConfig(kl_weight=0.1), RunConfig(latent_dim=10)
# A page, the root of its picture, and what is in the address at first.
PAGES = {
    "resampling": (".resampling", "x=7&eps_seed=3&eps_scale=2"),
    "latent_space": (".latent-space", "x=7&z=1%2C-1&layers=codes%2Cprior%2Cdensity"),
    "walk": (".walk", "x=7&x2=8&sphere=1"),
}
every_page = pytest.mark.parametrize("page", PAGES)
# Every canvas that is seen within a part of the page, by its class.
SHOTS = """root => [...root.querySelectorAll("canvas")]
  .filter((canvas) => canvas.getClientRects().length)
  .map((canvas) => [canvas.className, canvas.width, canvas.toDataURL()])"""
HAVE_DIGITS = """roots => roots.every(({ view: { digits } }) =>
  digits.images.filter(Boolean).length === digits.parts.length)"""
IS_AT_REST = "[data-testid='stApp'][data-test-script-state='notRunning']"
BOX = "part => part.getBoundingClientRect().toJSON()"


def whole(page: Page, root: str) -> None:
    """Waits until both pictures, or the only one, are drawn."""
    page.wait_for_selector(IS_AT_REST)
    expect(page.locator(root).locator(".reading").first).to_contain_text("=")  # there is a picture
    if "pin=" in page.url:
        expect(page.locator(".pinned-head .title")).to_contain_text("labelled")
    for picture in page.locator(root).all():
        expect(picture.locator(".reading").first).to_contain_text("=")
        for histogram in picture.locator(".histogram").all():
            expect(histogram).to_have_attribute("aria-label", re.compile("VAE: .* ± "))
        for told in picture.locator(".told").filter(visible=True).all():
            expect(told).to_contain_text("spreads")
        for strip in picture.locator(".side span").filter(visible=True).all():
            expect(strip).to_contain_text("moves pixels")
    if page.locator(".latent-space").count():  # where a pointer comes by all test digits
        wait_for(lambda: page.locator(".latent-space").evaluate_all(HAVE_DIGITS))


def pinned(page: Page) -> list:
    return page.locator(".pinned").evaluate(SHOTS)


def live(page: Page, root: str) -> list:
    return page.locator(f".comparison > {root}").evaluate(SHOTS)


def opened(visit, address: str, root: str, **options) -> Page:
    page = visit(address, **options)
    whole(page, root)
    return page


def still(page: Page, shots: list) -> bool:
    """Whether the pinned picture is, or becomes, the one that it was."""
    wait_for(lambda: pinned(page) == shots)
    return True


@every_page
def test_a_pinned_picture_stays_while_run_and_digit_change_and_a_link_shows_both(visit, page):
    name, (root, asked) = page, PAGES[page]
    page = opened(visit, f"/{name}?run={TWO.run_id}&{asked}", root)
    expect(page.locator(".pinned")).to_have_count(0)
    alone = page.locator(root).evaluate(BOX)
    before = live(page, root)
    page.get_by_role("button", name="Pin this").click()
    title = "Pinned: 2-D · 3 epochs · seed 0 · Test digit 7, labelled 9"
    expect(page.locator(".pinned-head .title")).to_contain_text(title)
    whole(page, root)
    first, second = live(page, root), pinned(page)
    # It is the same picture, drawn by the same code: what both show is the same to the last bit.
    digits = {(kind, shot) for kind, width, shot in before if width in (28, 224, 308)}
    assert digits and digits <= {(kind, shot) for kind, _, shot in first}
    shown = {(kind, shot) for kind, _, shot in second if "digit" in kind or "strip" in kind}
    assert len(shown) >= 3 and shown <= {(kind, shot) for kind, _, shot in first}

    # Another digit, and nothing that is pointed at, change it.
    page.locator(".comparison > * .classes").first.get_by_role("button", name="3", exact=True).click()
    expect(page).to_have_url(re.compile(r"x=18(&|$)"))
    whole(page, root)
    assert still(page, second) and live(page, root) != first
    box = page.locator(".pinned canvas").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Next ›").click()  # a step's view is the live picture's
    expect(page).to_have_url(re.compile("lesson=2"))
    page.get_by_role("button", name="‹ Back").click()
    whole(page, root)
    assert still(page, second)

    # Another run.
    expect(page.locator(".now-head")).to_have_text("Now: 2-D · 3 epochs · seed 0")
    page.get_by_role("combobox").first.click()
    page.get_by_role("option", name="KL weight β 0.1").first.click()
    expect(page.locator(".now-head")).to_contain_text("KL weight β 0.1")
    expect(page).to_have_url(re.compile(f"[?&]run={LIGHT.run_id}"))
    whole(page, root)
    assert still(page, second)
    third = live(page, root)
    assert third != first

    # Reloaded, and in another browser.
    page.reload()
    whole(page, root)
    assert still(page, second)
    wait_for(lambda: live(page, root) == third)
    other = opened(visit, page.url.replace(page.url.split(f"/{name}")[0], ""), root)
    assert still(other, second)
    wait_for(lambda: live(other, root) == third)

    # Left and come back to, by the navigation and by Back.
    pin = re.search("pin=[^&]*", page.url)[0]
    go(page, "Collapse")
    expect(page).not_to_have_url(re.compile("pin="))
    page.go_back()
    expect(page).to_have_url(re.compile(re.escape(pin)))
    whole(page, root)
    assert still(page, second)

    # Back to it, and without it.
    page.get_by_role("button", name="Use the pinned one").click()
    expect(page.locator(".now-head")).to_have_text("Now: 2-D · 3 epochs · seed 0")
    whole(page, root)
    wait_for(lambda: live(page, root) == first)
    assert still(page, second)
    page.get_by_role("button", name="Unpin").click()
    expect(page.locator(".pinned, .pinned-head, .now-head")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("pin="))
    whole(page, root)
    wait_for(lambda: live(page, root) == before)
    assert page.locator(root).evaluate(BOX)["width"] == alone["width"]


@every_page
def test_on_a_projector_both_pictures_are_side_by_side_and_on_a_phone_below_each_other_in_the_dark_too(visit, page):
    name, (root, asked) = page, PAGES[page]
    address = f"/{name}?run={TEN.run_id}&{asked}&pin=" + quote_plus(f"run {TWO.run_id} x 7")
    page = opened(visit, address, root, viewport={"width": 1280, "height": 720})
    main = {"walk": ".now canvas.vae", "resampling": ".half.vae canvas", "latent_space": ".half.vae canvas"}[name]
    own, beside = (page.locator(f"{part} {main}").bounding_box() for part in (f".comparison > {root}", ".pinned"))
    assert own["x"] + own["width"] < beside["x"] and beside["x"] + beside["width"] <= 1280
    assert abs(own["y"] - beside["y"]) < 20 and beside["y"] + beside["height"] <= 720
    assert page.evaluate(WIDTHS) == [0, 0] and barriers(page) == []
    page = opened(visit, address, root, **PHONE, color_scheme="dark")
    own, below = (page.locator(f"{part} {main}").bounding_box() for part in (f".comparison > {root}", ".pinned"))
    assert own["y"] + own["height"] < below["y"] and below["x"] + below["width"] <= 390
    assert page.evaluate(WIDTHS) == [0, 0] and barriers(page) == []


def test_pinned_again_the_next_picture_takes_the_place_of_the_one_before(visit):
    page = opened(visit, "/resampling?x=7", ".resampling")
    page.get_by_role("button", name="Pin this").click()
    expect(page.locator(".pinned-head .title")).to_contain_text("Test digit 7, labelled 9 · ε of seed 0")
    page.get_by_role("button", name="Sample again").click()  # not in the address yet
    page.get_by_role("button", name="Pin this").click()
    expect(page.locator(".pinned-head .title")).to_contain_text("Test digit 7, labelled 9 · ε of seed 1")
    expect(page).to_have_url(re.compile("[?&]eps_seed=1(&|$)"))
    expect(page).to_have_url(re.compile(r"pin=run[^&]*eps_seed\+1(&|$)"))
    expect(page.locator(".pinned .resampling")).to_have_count(1)


def test_everybody_here_brings_a_class_to_what_the_teacher_has_pinned(visit):
    teacher = opened(visit, "/resampling?x=7", ".resampling")
    teacher.locator(".class summary").click()
    teacher.get_by_role("button", name="Start a class").click()
    teacher.get_by_role("dialog").get_by_role("button", name="Close").click()
    chip = teacher.locator(".steps .chip")
    expect(chip).to_contain_text(re.compile(r"Class [A-Z]{5}"))
    code = re.search(r"Class ([A-Z]{5})", chip.text_content())[1]
    here, elsewhere = visit(f"/resampling?join={code}"), visit(f"/walk?join={code}")
    expect(chip).to_contain_text("2 students")
    teacher.get_by_role("button", name="Pin this").click()
    teacher.locator(".comparison > * .classes").first.get_by_role("button", name="3", exact=True).click()
    expect(teacher).to_have_url(re.compile(r"x=18&.*pin=|pin=.*x=18"))
    whole(teacher, ".resampling")
    shots = pinned(teacher)
    teacher.get_by_role("button", name="Everybody here").click()
    for student in (here, elsewhere):
        expect(student.locator(".pinned-head .title")).to_contain_text("Test digit 7, labelled 9")
        whole(student, ".resampling")
        assert still(student, shots)
        expect(student.locator(".comparison > .resampling .picker .name")).to_have_text("Test digit 18, labelled 3")
