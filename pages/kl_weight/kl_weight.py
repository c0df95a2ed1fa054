"""The KL weight: what beta does to reconstructions, codes and information, with trained models only."""

import streamlit as st

from pages.kl_weight import kl_weight_answers, ladder, moved
from pages.shared import controls, ladders, steps
from pages.shared.steps import Step

STEPS = [
    Step(
        "Which weight gives the sharpest *x̂*, the least reconstruction loss? Predict, then move the slider.",
        predict=(kl_weight_answers.BELOW, kl_weight_answers.ALIKE, kl_weight_answers.ONE, kl_weight_answers.ABOVE),
        answer=kl_weight_answers.least_distortion,
    ),
    Step(
        "And which gives the best fresh samples? Compare the rows of samples along the slider, and the *MMD²*. Is it "
        "the same weight?"
    ),
    Step(
        "Go to β = 0. How wide are the clouds there? Nobody punished certainty. What do the eight draws look like?",
        predict=(kl_weight_answers.NARROW, kl_weight_answers.AS_PRIOR, kl_weight_answers.WIDE),
        answer=kl_weight_answers.width_without_kl,
    ),
    Step(
        "Go up until the eight draws are the same whichever digit you choose: *q(z|x)* is N(0, I) for every *x*, the "
        "posterior has collapsed. Where does that happen? (At β = 0 they look alike too. What is different there?)",
    ),
    Step(
        "Ten dimensions now: switch off the dimension with the smallest KL, then the one with the largest.",
        view={"models": "10-D"},
    ),
    Step(
        "With the same seed and as many epochs no point lies below the dashed line, and yet it is no bound. Train a "
        "sweep with more epochs on the page *Collapse*, then come back: which points lie under it?",
        view={"models": "2-D"},
    ),
]

moved.say_where()
st.markdown(
    "Reconstruct well, or keep the codes near N(0, I)? **β says what a nat of KL costs.** Every picture comes from a "
    "network that was trained with that β."
)
place = steps.place(STEPS)
architecture = ladders.choose_architecture(first=0)
ladder.show(architecture)

with place:
    steps.show(STEPS, ladders.trained_runs(architecture))
controls.foot(
    r"""\mathcal L_\beta = \underbrace{\mathbb E_{q(\Z\mid\X)}\big[-\log p(\X\mid\Z)\big]}_{\text{distortion}} + \beta\,
    \underbrace{\KL\big(\mathcal N(\MU,\SIGMA^2)\,\|\,\mathcal N(0,I)\big)}_{\text{rate}},\qquad
    \mathrm{MMD}^2 = \mathbb E\,k(\Z,\Z') + \mathbb E\,k(\EPS,\EPS') - 2\,\mathbb E\,k(\Z,\EPS),\;\;
    k(a,b)=e^{-|a-b|^2/2D}""",
    __file__,
)
