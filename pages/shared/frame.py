"""What stands around every lesson: the navigation, the title, and the words when the lab cannot start."""

from pathlib import Path

import streamlit as st

from pages.lessons import LESSONS, Lesson
from pages.shared.component import PAGE

ASSETS = Path(__file__).parents[2] / "assets"


def show() -> None:
    """A visitor's page from top to bottom. Its title is there before torch is: only then the lesson is imported."""
    st.set_page_config(page_title="AE→VAE lab", page_icon=str(ASSETS / "icon.png"), layout="wide")
    st.html(ASSETS / "style.css")
    page = navigation()
    st.session_state[PAGE] = page.url_path
    lesson = next((lesson for lesson in LESSONS if lesson.name == page.url_path), LESSONS[0])
    st.title(lesson.heading)
    with st.spinner("Starting the lab …"):
        from pages.shared import lab

        lab.runs()
    page.run()


def navigation() -> st.Page:
    """The page that is asked for; the links to all are drawn."""
    return st.navigation([_page(lesson) for lesson in LESSONS], position="top")


def _page(lesson: Lesson) -> st.Page:
    icon, is_first = f":material/{lesson.icon}:", lesson is LESSONS[0]
    return st.Page(lesson.file, title=lesson.title, icon=icon, default=is_first)
