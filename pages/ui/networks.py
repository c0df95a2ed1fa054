"""The picture of the two networks with one digit on its way through both: assets/browser/networks.*, fed."""

from string import Template

import streamlit as st

from pages.ui import address, browser, explore
from pages.ui import runs as ui
from vae.config import RunConfig
from vae.figures import COLORS, GREY


def _picture() -> str:
    colors = {f"{name}_color": color for name, color in COLORS.items()}
    svg = Template(browser.read("networks.svg")).substitute(grey=GREY, **colors)
    return Template(browser.read("networks.html")).substitute(picture=svg)


_networks = browser.component("networks", html=_picture())


@ui.says_damage
def show() -> None:
    """The two networks of the default runs, a digit to choose, and its latest passes as strips."""
    vae = RunConfig()
    given = address.given("x", "passes")
    pair = [ui.trained(config.run_id) for config in (vae.autoencoder, vae)]
    if None in pair:
        st.info(
            "The runs that this page shows are not there: *Train both* with the settings as they are makes them again."
        )
        st.page_link("pages/train.py", label="Train side by side", icon=":material/play_circle:")
        return
    _networks(
        key="networks",
        data={"given": given, **explore.model_parcels(pair)},
        on_missing_change=browser.send_again("networks"),
        height="content",
    )
