"""The picture of the two networks with one digit on its way through both: assets/browser/home/networks.*, fed."""

from string import Template

import streamlit as st

from pages.shared import address
from pages.shared.colors import COLORS, GREY
from pages.shared.component import component, read
from pages.shared.parcels import models
from pages.shared.readings import named_run, says_damage
from vae.config import RunConfig


def _picture() -> str:
    colors = {f"{name}_color": color for name, color in COLORS.items()}
    svg = Template(read("home/networks.svg")).substitute(grey=GREY, **colors)
    return Template(read("home/networks.html")).substitute(picture=svg)


_networks = component("home", "networks", html=_picture())


@says_damage
def show() -> None:
    """The two networks of the default runs, a digit to choose, and its latest passes as strips."""
    vae = RunConfig()
    given = address.given("x", "passes")
    pair = [named_run(config.run_id) for config in (vae.autoencoder, vae)]
    if None in pair:
        st.info(
            "The runs that this page shows are not there: *Train both* with the settings as they are makes them again."
        )
        st.page_link("pages/train/train.py", label="Train side by side", icon=":material/play_circle:")
        return
    _networks(
        key="networks",
        data={"given": given, **models(pair)},
        height="content",
    )
