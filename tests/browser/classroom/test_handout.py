"""The handout as Chromium prints it: on both papers, black on white whatever the theme, a sheet a lesson."""

import io

import pypdf
import pytest
from playwright.sync_api import expect

from pages.lessons import LESSONS

PAPERS = {"A4": (595, 842), "Letter": (612, 792)}  # points


def printed(page) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, print_background=True)))


@pytest.mark.parametrize("paper", PAPERS)
def test_each_lesson_is_printed_on_sheets_of_its_own(visit, paper):
    page = visit(
        f"/handout?paper={paper}&lessons=One+digit+twice&lessons=Latent+walk&answers=true", color_scheme="dark"
    )
    expect(page.get_by_role("heading", name="Lesson 6: Latent walk")).to_be_visible()
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    expect(page.locator(".strips img").last).to_be_visible()  # and so the styles are here
    sheets = printed(page).pages
    width, height = PAPERS[paper]
    for sheet in sheets:
        assert (float(sheet.mediabox.width), float(sheet.mediabox.height)) == pytest.approx((width, height), abs=1.5)
    texts = [sheet.extract_text() for sheet in sheets]
    firsts = [number for number, text in enumerate(texts) if text.strip().startswith("Lesson")]
    assert firsts[0] == 0 and len(firsts) == 2 and len(texts) <= 6
    assert all(text.strip() for text in texts)  # no empty sheet
    whole = " ".join(texts)
    assert "Print, or save" not in whole and "With answers" not in whole  # the page's own controls
    assert LESSONS[5].heading in whole and "ten dimensions" in whole
    page.emulate_media(media="print", color_scheme="dark")
    color = "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]"
    assert page.evaluate(color, ["h2", "color"]) == "rgb(0, 0, 0)"
    assert page.evaluate(color, [".stApp", "backgroundColor"]) == "rgb(255, 255, 255)"


def test_the_plan_leads_to_the_handout(visit):
    page = visit("/")
    page.get_by_role("link", name="print a handout").click()
    expect(page.get_by_role("heading", name="A handout to print")).to_be_visible()
    expect(page.get_by_role("button", name="Print, or save as PDF")).to_be_visible()
