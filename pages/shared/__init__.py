"""What pages share."""

from typing import NoReturn

import streamlit as st


def run_again() -> NoReturn:
    """`st.rerun`, but never in place of what the visitor has asked for meanwhile: it would run the page of now."""
    _ = "run_again" in st.session_state  # where Streamlit ends a run when something else has been asked for
    st.rerun()
