"""Resampling eps: one picture, one mu and sigma, and another z each time it is drawn."""

import streamlit as st

from pages.resampling import resample
from pages.shared import choose as choice
from pages.shared import controls

st.markdown(
    "One digit *x* goes into both encoders. The AE answers with **one** *z*. The VAE answers with a small cloud, "
    "*z = μ + σ·ε*, and **each ε is another *z***. Draw again, play, or set *ε* by hand."
)
resample.draws(choice.choose_pair())

controls.foot(
    """
1. **Predict:** does every *ε* give a better or a worse reconstruction than *μ* itself? Look at the bars, then set
   *ε* to 0 by hand.
2. Set *ε times* to 0: what has the VAE become? To 3: what do the 64 pictures have in common?
3. Where do the 64 answers differ? Compare the picture of the standard deviation with the strokes of *x*.
4. **Predict:** does a hard digit have a larger *σ* than an easy one? Choose *A hard one* and look.
""",
    r"""\Z = \MU + \SIGMA\,\EPS,\quad \EPS\sim\mathcal N(0, I)
    \qquad\Longleftrightarrow\qquad \Z\sim q(\Z\mid\X) = \mathcal N(\MU,\SIGMA^2)""",
    __file__,
)
