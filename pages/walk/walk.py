"""Latent walk: what each dimension of z does to the picture, for AE and VAE at once."""

import streamlit as st

from pages.shared import choose as choice
from pages.shared import controls
from pages.walk import walking

st.markdown(
    "Move **one number of *z*** at a time: both decoders answer while the slider moves. Under each slider are eleven "
    "pictures along its way. A VAE's sliders go from −3 to 3 σ of its prior; an AE has no prior, so each of "
    "its sliders goes where 98 % of that number's codes are."
)
walking.along_dimensions(choice.choose_pair())

controls.foot(
    """
1. Start from the origin. **Predict:** which of the two decoders paints a digit there?
2. Choose the 10-D runs. **Predict:** does every dimension do something? Look for a KL of 0, and move its slider.
3. Go from a 1 to a 0, straight and on a sphere. What is seen half-way, and is it a digit?
""",
    r"""{\Z}_t = (1 - t)\,{\Z}_a + t\,{\Z}_b,\qquad {\XHAT}_t = \mathrm{decoder}({\Z}_t)""",
    __file__,
)
