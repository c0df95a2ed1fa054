"""What pages share."""

from typing import NoReturn

import streamlit as st


class PageEnds(Exception):
    """A page has said why it has nothing more to show; what stands around it is still drawn, unlike after `st.stop`."""


def end_page() -> NoReturn:
    """Ends the page, or a part of it that runs again alone."""
    raise PageEnds


def run_again() -> NoReturn:
    """`st.rerun`, but never in place of what the visitor has asked for meanwhile: it would run the page of now."""
    _ = "run_again" in st.session_state  # where Streamlit ends a run when something else has been asked for
    st.rerun()
