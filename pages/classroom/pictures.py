"""Own pictures: a file, or drawings that were collected, become a dataset."""

import streamlit as st

from pages.classroom import own_pictures

WORDS = (
    "Train on pictures of your own, 200 to 200,000 of them; they are made small and grey like MNIST's digits. "
    "They are looked at first; nothing is kept before you press **Take it**. Everybody at this server can use what was "
    "taken."
)


def show() -> None:
    """The page."""
    st.markdown(WORDS)
    from_file, from_sheet = st.tabs(["From a file", "From drawings"])
    with from_file:
        own_pictures.from_file()
    with from_sheet:
        own_pictures.from_drawings()
    st.subheader("Own pictures of this server")
    own_pictures.all_sets()


if __name__ == "__main__":
    show()
