"""From AE to VAE in three steps: a trained AE is converted, one change at a time, and trained again."""

import streamlit as st

from pages.conversion import changes as conversion
from pages.conversion import conversion_answers, retraining
from pages.shared import choose as choice
from pages.shared import controls, steps, take_home
from pages.shared.glossary import say
from pages.shared.steps import Answer, Step
from vae.config import RunConfig

SENTENCE = (
    "Take an autoencoder that **is trained already** and make the two changes to it, one after the other: its "
    "*structure* (a draw instead of a point), then its *objective* (+ KL). Then train again, for both have changed. "
    "**What of the AE was worth keeping?**"
)
STEPS = [
    Step(
        "Predict what the noise alone does to the reconstructions (part 1), and what the KL alone costs (part 2).",
        answer=conversion_answers.noise_and_kl,
        view={"ae": RunConfig(model="ae").run_id},
    ),
    Step(
        "Now the 10-D AE: will the same noise hurt it more or less, and is the KL term larger or smaller?",
        answer=conversion_answers.in_more_dimensions,
        view={"ae": RunConfig(model="ae", latent_dim=10).run_id},
    ),
    Step(
        "Predict which way of training again comes out best (part 3). Then train again with another seed: is the order "
        "the same? Which differences are larger than luck?",
        view={"ae": RunConfig(model="ae").run_id},
    ),
    Step(
        "Choose an AE whose *f* is a sigmoid, a tanh or a ReLU: its *f* cannot become a linear *g*, so *g* begins "
        "anew. What is left of the reconstructions, and how long does it take until that does not matter any more?",
        answer=Answer(
            "",
            "At first each digit is painted as some other one, or as none: the decoder is given codes that mean "
            "nothing to it. The curves show how soon the new *g* has learned what the decoder expects.",
        ),
    ),
    Step(
        "The converted VAEs are in the list of runs of *Latent space* too. How does the plane of one whose decoder was "
        "kept look, beside the AE's?",
        answer=Answer(
            "",
            "Much like the AE's: a decoder that is left as it is wants each digit where it was. Only the clouds and "
            "their distance from 0 could change.",
        ),
    ),
]
FORMULA = r"""\begin{aligned}
    \text{1. structure:}\quad & \Z = f(\Y) \;\longrightarrow\; \MU = g(\Y),\;\; \log\SIGMA = h(\Y),\;\;
    \Z = \MU + \SIGMA\,\EPS \\
    \text{2. objective:}\quad & -\log p(\X\mid\Z) \;\longrightarrow\;
    \mathbb E_{q(\Z\mid\X)}\big[-\log p(\X\mid\Z)\big] +
    \underbrace{\tfrac12\textstyle\sum_d {\MU}_d^2}_{\text{far from 0}} +
    \underbrace{\tfrac12\textstyle\sum_d\big({\SIGMA}_d^2 - 2\log{\SIGMA}_d - 1\big)}_{\text{too certain, or too vague}}
    \end{aligned}"""


def show() -> None:
    """The page."""
    say(SENTENCE)
    with steps.card(STEPS) as card:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("1 · Structure: f becomes g and h, and z is drawn", width="content")
            ae = choice.choose_autoencoder()
        card.about(ae)
        conversion.structure(ae)

        st.subheader("2 · Objective: + KL")
        conversion.objective(ae)

        st.subheader("3 · Train again")
        retraining.compare(ae)
    controls.foot(FORMULA, __file__, take_home.links(card.shown))


if __name__ == "__main__":
    show()
