"""What pages share. Its import also sees to it that a page never runs without app.py around it."""

from typing import NoReturn

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def run_again() -> NoReturn:
    """`st.rerun`, but never in place of what the visitor has asked for meanwhile: it would run the page of now."""
    _ = "run_again" in st.session_state  # where Streamlit ends a run when something else has been asked for
    st.rerun()


# Until st.navigation is first called in a process, Streamlit takes every file in pages/ for a page of its own. Whoever
# opens a link to a page of a server that has just started would get that page alone, and the cluster would not start.
if PagesManager.uses_pages_directory:
    PagesManager.uses_pages_directory = False
    st.rerun()
