"""Old links of this page to what is on the page of the collapse now."""

import streamlit as st

from pages.lessons import LESSONS

MOVED = ("kl_weights", "seeds", "warm_up", "latent_dim", "epochs")


def say_where() -> None:
    """Says where it is, and leads there with the same address; who follows the link comes back here by Back."""
    if any(name in st.query_params for name in MOVED):
        lesson = next(lesson for lesson in LESSONS if lesson.name == "collapse")
        st.info("Sweeps and collapse, which this link names, have a page of their own now.", icon=":material/link:")
        asked = {name: text for name, text in st.query_params.items() if name in (*MOVED, "models")}
        st.page_link(
            lesson.file, label=f"Open it on {lesson.title}", icon=":material/arrow_forward:", query_params=asked
        )
