"""Train side by side: the same settings, once as an AE and once as a VAE, before the eyes of the class."""

import streamlit as st

from pages.shared import controls, steer, steps, take_home
from pages.shared.glossary import say
from pages.shared.steps import Answer, Step
from pages.train import train_answers, watch

SENTENCE = (
    "The same digits in the same order, the same first weights, the same reconstruction loss: **whatever differs below "
    "comes from the bottleneck and the KL term.**"
)
DEFAULT = {"kl_weight": "1.0", "latent_dim": "2"}
STEPS = [
    Step(
        "Which of the two will reconstruct better? Predict, press `Train both`, and compare the rows of *x̂*.",
        predict=(train_answers.AE, train_answers.VAE, train_answers.TIE),
        answer=train_answers.who_reconstructs_better,
        view=DEFAULT,
    ),
    Step(
        "Where will the codes go while both train? Predict, then press `Play` and watch the two planes.",
        predict=(train_answers.BOTH, train_answers.ONLY_VAE, train_answers.NONE),
        answer=train_answers.whose_codes_stay_near_0,
        view=DEFAULT,
    ),
    Step(
        "Switch on `Where both terms pull`, for a pair that was trained here: a green arrow for the loss, a red one "
        "for the KL, for each class. When does the red one begin to hold against the green? Class by class they need "
        "not cancel, for one encoder answers for all digits; the curves below show the means over all.",
        answer=Answer(
            "",
            "The red ones begin at almost nothing, for the KL ramp makes the KL count little at first, and grow with "
            "it. In the end both nearly cancel on log σ. On μ the KL pulls steadily to 0, and the loss to and fro, "
            "for the decoder still changes.",
        ),
        view=DEFAULT,
    ),
    Step(
        "The `KL weight` is 0 now: train. What is left of the difference? And with a weight of 10: what happens to "
        "*x̂*?",
        answer=Answer(
            "",
            "With 0 only the noise is left, and the VAE makes *σ* small to be rid of it. With 10 every nat of KL is "
            "dear: *z* may say little, and *x̂* is more blurred.",
        ),
        view={"kl_weight": "0.0", "latent_dim": "2"},
    ),
    Step(
        "Ten dimensions instead of two: what becomes of the −ELBO? Predict, then train such a pair.",
        predict=(train_answers.FALLS, train_answers.RISES, train_answers.TIE),
        answer=train_answers.ten_dimensions,
        view={"kl_weight": "1.0", "latent_dim": "10"},
    ),
]
FORMULA = r"""\underbrace{\mathbb E_{q(\Z\mid\X)}\big[-\log p(\X\mid \Z)\big]}_{
    \text{AE (whose } q \text{ is one point) and VAE: reconstruction}}
    \;+\; \underbrace{\beta\;\KL\big(\mathcal N(\MU,\SIGMA^2)
    \,\|\,\mathcal N(0, I)\big)}_{\text{VAE only: }\beta = \text{KL weight}}"""


def show() -> None:
    """The page."""
    say(SENTENCE)
    with steps.card(STEPS) as card:
        row = st.container(horizontal=True, vertical_alignment="bottom")
        vae = controls.run_settings(row)
        card.about(vae)
        ae = vae.autoencoder

        steer.buttons(row, ae, vae)
        watch.training(ae, vae)
    controls.foot(FORMULA, __file__, take_home.links(card.shown))


if __name__ == "__main__":
    show()
