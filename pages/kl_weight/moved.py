"""Old links: what a page no longer shows is on another page now."""

import streamlit as st

from pages.lessons import LESSONS


def have_old_links_go_on(name: str, *parameters: str) -> None:
    """Opens another lesson in place of this one, with the same address, where it names what moved there."""
    if any(parameter in st.query_params for parameter in parameters):
        lesson = next(lesson for lesson in LESSONS if lesson.name == name)
        st.switch_page(lesson.file, query_params=dict(st.query_params))
