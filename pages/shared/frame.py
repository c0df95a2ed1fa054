"""What stands around every lesson: the navigation, the title, and the words when the lab cannot start."""

import base64
import contextlib
import copy
import functools
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.lessons import LESSONS, Lesson
from pages.shared import PageEnds, readings
from pages.shared.component import IS_FIRST, IS_NEW, PAGE
from pages.shared.visitors import TooManyPages, keep_pace

PATIENCE = 1.0  # seconds for which a page waits until another one is worked out
PAGES, ASSETS = Path(__file__).parents[1], Path(__file__).parents[2] / "assets"
# Pages that no navigation shows: a link leads to them.
HIDDEN = {
    "handout": ("Handout", "A handout to print"),
    "board": ("The class", "The class"),
    "runs": ("Runs", "Which runs there are"),
    "pictures": ("Own pictures", "Own pictures"),
}
HEADINGS = {lesson.name: lesson.heading for lesson in LESSONS} | {name: head for name, (_, head) in HIDDEN.items()}


def show() -> None:
    """A visitor's page from top to bottom, when it is its turn."""
    with _turn():
        try:
            _show()
        except PageEnds:
            pass  # which has said why
        except RuntimeError as error:
            if not says_store_error(error):
                raise


def fragment(part: Callable, run_every: float | None = None) -> Callable:
    """`st.fragment`: when the part runs again alone, it waits for its turn as a page does."""

    @functools.wraps(part)
    def in_turn(*args, **kwargs):
        is_alone = bool(get_script_run_ctx().fragment_ids_this_run)  # else it has the turn of its page
        with _turn() if is_alone else contextlib.nullcontext(), contextlib.suppress(PageEnds):
            return part(*args, **kwargs)

    return st.fragment(in_turn, run_every=run_every)


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """Waits until no other page is being worked out: a hundred threads at a time hinder each other (the GIL).

    A page that takes long holds up the others for PATIENCE at most. Who asks without a pause slows himself before.
    """
    try:
        keep_pace()
    except TooManyPages as error:
        st.warning(str(error), icon=":material/hourglass_top:")
        st.stop()
    is_mine = _turns.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if is_mine:
            _turns.release()


_turns = threading.Lock()


def _show() -> None:
    """The title is there before torch is: only then the lesson is imported."""
    st.set_page_config(page_title="AE→VAE lab", page_icon=_icon(), layout="wide")
    page = navigation()
    st.html(_style(page.title))
    st.session_state[IS_FIRST] = PAGE not in st.session_state and not st.query_params
    st.session_state[IS_NEW] = st.session_state.get(PAGE) != page.url_path
    st.session_state[PAGE] = page.url_path
    st.title(HEADINGS.get(page.url_path, LESSONS[0].heading))
    if page.url_path == "" and not _was_tried():
        readings.or_words(readings.first_page)  # its picture needs no more, and torch takes seconds
    else:
        with contextlib.nullcontext() if _is_started() else st.spinner("Starting the lab …"):
            from pages.shared import lab

            lab.runs()
    readings.say_what_is_missing()
    page.run()


def says_store_error(error: Exception) -> bool:
    """Whether an error is one of the store or of images, which is then said in its own words, with the way out."""
    if not isinstance(error, (readings.StoreError, readings.DatasetError)):
        return False
    words = str(error)
    st.error(words[:1].upper() + words[1:], icon=":material/hard_drive:")
    return True


def _is_started() -> bool:
    """Whether torch and the images are there, and nobody need be told to wait."""
    return _was_tried() and sys.modules["pages.shared.lab"].is_started()


def _was_tried() -> bool:
    """Whether the lab has started, or cannot: it has torch."""
    was_tried = getattr(sys.modules.get("pages.shared.lab"), "was_tried", None)
    return was_tried is not None and was_tried.is_set()


@functools.cache
def _icon() -> str:
    """The page's icon itself, not the place of a file of Streamlit's: another server on the store has none there."""
    return f"data:image/png;base64,{base64.b64encode((ASSETS / 'icon.png').read_bytes()).decode()}"


@functools.cache
def _style(title: str) -> str:
    """The page's style sheet; a phone's bar says the page's title, for its navigation is folded away."""
    sheet = (ASSETS / "style.css").read_text(encoding="utf-8")
    return f"<style>{sheet} :root {{ --page: {json.dumps(title, ensure_ascii=False)}; }}</style>"


def navigation() -> st.Page:
    """The page that is asked for; the links to all are drawn."""
    return st.navigation([copy.copy(page) for page in pages()], position="top")  # which writes to the one it finds


@functools.cache
def pages() -> list[st.Page]:
    """Streamlit's page of each lesson, and those that no navigation shows.

    Made once, for ten of them take as long as a tenth of what is shown.
    """
    hidden = [
        st.Page(PAGES / "classroom" / f"{name}.py", title=title, url_path=name, visibility="hidden")
        for name, (title, _) in HIDDEN.items()
    ]
    return [*(_page(lesson) for lesson in LESSONS), *hidden]


def _page(lesson: Lesson) -> st.Page:
    icon, is_first = f":material/{lesson.icon}:", lesson is LESSONS[0]
    return st.Page(lesson.file, title=lesson.title, icon=icon, default=is_first)
