"""What holds of every page: on a phone, in the dark, and for the first visitor of a new server."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from pages.lessons import LESSONS
from tests.browser.phone import PHONE
from tests.browser.server import Server, wait_for

# A lesson's name -> a control that it cannot do without, and what to ask for in the address so that it is there.
MAIN_CONTROLS = {
    "home": ("Pass it through again", ""),
    "train": ("Train both again (seed 1)", ""),
    "latent_space": ("Sample again", ""),
    "resampling": ("Sample again", ""),
    "walk": ("half-way between them", ""),
    "kl_weight": ("Sketch a digit", ""),
    "collapse": ("Train 1 run", "?kl_weights=0.5"),
    "conversion": ("Sample again", "?predict_structure=Just+show+me"),
    "log_sigma": ("h = 0.04", ""),
    "true_posterior": ("Find the best Gaussians for this x", ""),
}

WIDTHS = """[document.scrollingElement, document.querySelector('[data-testid=stMain]')]
  .map(element => element.scrollWidth - element.clientWidth)"""
LIGHTNESS = """name => {
  const color = getComputedStyle(document.querySelector('[data-testid=stApp]'))[name];
  return color.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part) / 765, 0);
}"""


def settled(page, control: str) -> None:
    """Waits until the page is whole."""
    expect(page.get_by_text("The source of this page")).to_be_visible()
    expect(page.get_by_role("button", name=control)).to_be_visible()
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")


IN_COMPONENTS = """() => [...document.querySelectorAll("[data-testid=stMain] *")]
  .flatMap(host => [...host.shadowRoot?.querySelectorAll("button, input, canvas[tabindex], summary") ?? []])
  .filter(control => control.checkVisibility())"""
COUNT_REACHED = f"""() => {{
  const all = ({IN_COMPONENTS})(), focused = document.activeElement?.shadowRoot?.activeElement;
  if (focused) (globalThis.reached ??= new Set()).add(focused);
  return [globalThis.reached?.size ?? 0, all.length];
}}"""


# What a finger touches and is smaller than 44 pixels, in components and in Streamlit's own part of the page.
SMALL = """() => [...document.querySelectorAll("[data-testid=stMain] *")]
  .flatMap(host => [...host.shadowRoot?.querySelectorAll("button, .button, input:not([type=checkbox], [type=file]), \
    summary") ?? []])
  .concat([...document.querySelectorAll("[data-testid=stMain] :is(button, summary, [role=radio])")])
  .filter(control => control.checkVisibility())
  .map(control => [control.outerHTML.slice(0, 80), control.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < 43.5 || box.height < 43.5)).map(([what]) => what)"""


def test_every_lesson_has_its_main_control():
    assert MAIN_CONTROLS.keys() == {lesson.name for lesson in LESSONS}


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_page_fits_a_phone_is_dark_or_light_as_the_system_and_the_tab_key_reaches_every_control(visit, lesson):
    control, asked = MAIN_CONTROLS[lesson.name]
    page = visit(lesson.address + asked, **PHONE, color_scheme="dark")
    settled(page, control)
    assert page.evaluate(WIDTHS) == [0, 0]
    assert page.evaluate(SMALL) == []
    button = page.get_by_role("button", name=control).bounding_box()
    assert button["x"] >= 0 and button["x"] + button["width"] <= 390
    assert page.evaluate(LIGHTNESS, "backgroundColor") < 0.2
    assert page.evaluate(LIGHTNESS, "color") > 0.8
    check_tab_key(page)
    assert barriers(page) == []
    page.emulate_media(color_scheme="light")
    wait_for(lambda: page.evaluate(LIGHTNESS, "backgroundColor") > 0.8)
    assert page.evaluate(LIGHTNESS, "color") < 0.2
    assert barriers(page) == []


def barriers(page) -> list[tuple[str, str]]:
    """What axe-core finds that keeps somebody from using the page: its rule, and where.

    But for formulas: these have the colours of their symbols, and Chromium lets the keyboard scroll what axe-core
    thinks it does not.
    """
    found = Axe().run(page, {"exclude": [[".katex-display"]]}).response["violations"]
    return [
        (one["id"], str(node["target"]))
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def check_tab_key(page) -> None:
    """The Tab key reaches every control of the page's components, in three rounds: some come while it goes round."""
    _, every = page.evaluate(COUNT_REACHED)
    assert every > 0
    reached = 0
    for _ in range(300):
        if reached == every:
            return
        page.keyboard.press("Tab")
        reached, every = page.evaluate(COUNT_REACHED)
    raise AssertionError(f"of {every} controls the Tab key reaches {reached}")


LOOKING = """
import time
from pathlib import Path
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from pages.shared import run_again

def has_been_clicked():
    requests = get_script_run_ctx().script_requests  # what the visitor wants next; a fragment's own turn is none
    return requests._state.name == "RERUN" and not requests._rerun_data.fragment_id_queue

def looking():
    runs = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    st.write(f"run {runs}")
    def look():
        looks = st.session_state["looks"] = st.session_state.get("looks", 0) + 1
        st.write(f"look {looks}")
        if looks == 3:
            run_again()  # nobody has clicked
        if looks == 6:
            while not has_been_clicked():
                time.sleep(0.02)
            Path(__file__).with_suffix(".clicked").touch()
            run_again()
    st.fragment(look, run_every=0.3)()

def other():
    st.title("Arrived")

st.navigation([st.Page(looking, title="Looking"), st.Page(other, title="Other")]).run()
"""


@pytest.fixture
def looking(tmp_path):
    """A server of a page that now and then runs again by itself."""
    (tmp_path / "looking.py").write_text(LOOKING)
    server = Server(tmp_path, str(tmp_path / "looking.py"))
    yield server
    server.close()


def test_a_click_on_another_page_counts_although_the_page_runs_again_by_itself(looking, visit):
    page = visit(looking.url)
    clicked = looking.folder / "looking.clicked"
    expect(page.get_by_text("run 2")).to_be_visible()
    expect(page.get_by_text("look 6")).to_be_visible()
    assert not clicked.exists()
    page.get_by_role("link", name="Other").click()
    expect(page.get_by_role("heading", name="Arrived")).to_be_visible()
    assert clicked.exists()  # the page ran again only once the click was there
