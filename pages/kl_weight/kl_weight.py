"""The KL weight: what beta does to reconstructions, codes and information, with trained models only."""

import streamlit as st

from pages.kl_weight import collapse, ladder, sweeping
from pages.shared import controls

st.markdown(
    "Reconstruct well, or keep the codes near N(0, I)? **β says what a nat of KL costs.** At β = 0 the VAE is an AE "
    "with noise that nobody asked for, at β = 1 it is *the* VAE, and beyond, *z* says less and less about *x*. "
    "Every picture comes from a network that was trained with that β: **move the slider.**"
)
architecture = ladder.choose_architecture()
ladder.show(architecture)

st.subheader("Dimension by dimension, while it trains")
collapse.over_a_training(ladder.trained_runs(architecture))

warm_up = st.expander(
    "Does a warm-up of the KL term save dimensions?",
    icon=":material/trending_up:",
    key="warm_up",
    on_change="rerun",
    bind="query-params",
)
if warm_up.open:  # nobody waits for what is not looked at
    with warm_up:
        collapse.with_and_without_warm_up()

st.subheader("A sweep of your own")
sweeping.of_ones_own()

controls.foot(
    """
1. **Predict:** which weight gives the sharpest *x̂*? And which the best fresh samples? Are they the same?
2. Go to β = 0. How large is σ, and what do the eight draws look like? Nobody punished certainty.
3. Go up until the eight draws are the same whichever digit you choose: *q(z|x)* is N(0, I) for every *x*, the posterior
   has collapsed. Where does that happen? (At β = 0 they look alike too. What is different there?)
4. Choose the 10-D runs and switch off the dimension with the smallest KL, then the one with the largest.
5. With the same seed and budget no point lies below the dashed line. **Predict:** is it a bound? Train a sweep with
   another seed, or with more epochs, and see.
""",
    r"""\mathcal L_\beta = \underbrace{\mathbb E_{q(\Z\mid\X)}\big[-\log p(\X\mid\Z)\big]}_{\text{distortion}} + \beta\,
    \underbrace{\KL\big(\mathcal N(\MU,\SIGMA^2)\,\|\,\mathcal N(0,I)\big)}_{\text{rate}},\qquad
    \mathrm{MMD}^2 = \mathbb E\,k(\Z,\Z') + \mathbb E\,k(\EPS,\EPS') - 2\,\mathbb E\,k(\Z,\EPS),\;\;
    k(a,b)=e^{-|a-b|^2/2D}""",
    __file__,
)
