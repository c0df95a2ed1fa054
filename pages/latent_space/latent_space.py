"""Latent space: where both models put all test digits, and what their decoders make of any other code."""

import streamlit as st

from pages.latent_space import planes
from pages.shared import bottleneck, controls
from pages.shared import choose as choice

st.markdown(
    "Every point is one of the 10,000 test digits, put where the encoder puts it (a VAE: at its *μ*). "
    "**Move over a plane:** both decoders answer at once. "
    "The AE put its codes where it pleased. The VAE pays for every cloud that is far from N(0, I), so together its "
    "clouds cover most of it: that is why one can *draw* from it."
)
vae = choice.choose_pair()
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    left = bottleneck.choose_left(vae)
    same_axes = st.toggle("The same axes for both", key="shared_axes", bind="query-params")
planes.codes(left, vae, same_axes)
planes.samples(left, vae)

controls.foot(
    """
1. Go from one colour to the next: where does one digit turn into the other? What is between them?
2. **Predict:** in which of the two are there places that one draws from and where no digit is at home? Switch on
   *holes*, then *what the decoder draws there*. (The AE's: within 2 σ of the Gaussian that is fitted to its codes.)
3. **Predict:** which digits will never come out of the AE when *z* is drawn from N(0, I)? Look at what lies inside the
   dotted circles of its scatter, then draw a few times.
4. The AE has no prior of its own; a Gaussian fitted to its codes is the simplest stand-in for one. Is it enough?
   Choose the 10-D runs, whose codes cannot be seen at a glance, and compare the three rows again. Where are the AE's
   codes there, beside N(0, I)?
5. **Predict:** which part of the plane do the codes have when *f* is a sigmoid, tanh or ReLU? Choose each, and *The
   same axes for both*. What can a VAE do whose *μ* is never negative? Choose *g = ReLU*, and switch on *q(z|x)*.
""",
    r"""\text{fresh samples:}\quad \Z\sim\mathcal N(0, I)
    \quad\text{or, for the AE,}\quad \Z\sim\mathcal N\big(\bar{\Z},
    \mathrm{Cov}(\Z)\big),\qquad
    \XHAT  = \mathrm{decoder}(\Z)""",
    __file__,
)
