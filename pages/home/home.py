"""The lesson in one picture: two networks, one digit, and what differs when it passes through again."""

import streamlit as st

from pages.home import networks
from pages.shared import controls

st.markdown(
    "An **autoencoder** squeezes a picture *x* into a few numbers *z* and paints it again. It becomes a "
    "**variational** autoencoder by **two changes**: *z* is drawn from a small cloud instead of being one point, "
    "and every cloud pays for being far from N(0, I)."
)
networks.show()

controls.foot(
    """
1. **Predict:** will the AE's *z* change when the same digit passes through again? And the VAE's? Press the button.
2. Only *ε* is new each time; *μ* and *σ* stay. Find the digit whose VAE answers differ most, and look at its *σ*.
   Draw one of your own.
3. **Why would anyone want that noise?** Go on to *Latent space* and compare what the two decoders make of codes that
   belong to no picture.
""",
    r"""\begin{aligned}
    \text{AE:}\quad & \Z = f(\Y) \\
    & \mathcal L = -\log p(\X\mid\Z) \\[1ex]
    \text{VAE:}\quad & \Z = \MU + \SIGMA\,\EPS,\;\; \MU = g(\Y),\; \log\SIGMA = h(\Y) \\
    & \mathcal L = \mathbb E_{q(\Z\mid\X)}\big[-\log p(\X\mid\Z)\big] +
    \KL\big(\mathcal N(\MU,\SIGMA^2)\,\|\,\mathcal N(0,I)\big)
    \end{aligned}""",
    __file__,
    is_open=True,
)
