"""What pages share. Its import also sees to it that a page never runs without app.py around it."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

# Until st.navigation is first called in a process, Streamlit takes every file in pages/ for a page of its own. Whoever
# opens a link to a page of a server that has just started would get that page alone, and the cluster would not start.
if PagesManager.uses_pages_directory:
    PagesManager.uses_pages_directory = False
    st.rerun()
