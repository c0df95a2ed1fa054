"""Posterior collapse, dimension by dimension; and sweeps of KL weights that a visitor trains."""

import streamlit as st

from pages.collapse import collapse_answers, dimensions, sweeping
from pages.shared import controls, ladders, steps
from pages.shared.glossary import say
from pages.shared.steps import Answer, Step

SENTENCE = (
    "A dimension of z that says nothing of x need not cost any KL. **The KL term switches dimensions off; when all are "
    "off, the posterior has collapsed:** q(z|x) is N(0, I), whatever x is."
)
STEPS = [
    Step(
        "This VAE has ten numbers for a code. The curves show a training with β = 1. How many of the ten will still be "
        "active with β = 4? Predict, then choose β = 4 above the curves, and count the red ones.",
        predict=(collapse_answers.ALL, collapse_answers.SOME, collapse_answers.FEW),
        answer=collapse_answers.active_with_a_larger_weight,
        view={"models": "10-D"},
    ),
    Step(
        "When does a dimension give up: does a grey curve fall after it has been up, or does it never rise? Choose "
        "other β above the curves: what changes?",
        answer=Answer(
            "",
            "It falls: while the KL counts little (the ramp) each dimension may say something, and as the weight "
            "rises some give up. The larger β, the more of them.",
        ),
    ),
    Step(
        "In the trainings above the KL term comes in slowly: its weight rises from 0 over the first 30 %, a warm-up. "
        "Which ends with the lower −ELBO, a training with it or without? Then compare how many dimensions are left.",
        predict=(collapse_answers.WARM_UP, collapse_answers.ALIKE, collapse_answers.NO_WARM_UP),
        answer=collapse_answers.warm_up,
        view={"warm_up": "false"},
        then={"warm_up": "true"},
    ),
    Step(
        "Train `A sweep of your own`: some β, another seed, more epochs. Its runs become points of the "
        "rate–distortion plane of *KL weight β*; two β of another number of dimensions make a ladder of their own. "
        "Which points lie below the dashed line there?",
        answer=Answer(
            "",
            "Those that were trained for longer and explain pictures better with as many nats of KL. The line is no "
            "bound: it only says what β = 1 reached with that seed and those epochs.",
        ),
    ),
]
FORMULA = r"""\KL\big(q(\Z\mid\X)\,\|\,\mathcal N(0,I)\big) = \sum_{d=1}^{D} \tfrac12\big({\MU}_d^2 + {\SIGMA}_d^2 - 1 -
    \log{\SIGMA}_d^2\big),\qquad d\text{ is inactive where } \operatorname{Var}_{\X}({\MU}_d) < 0.01"""


def show() -> None:
    """The page."""
    say(SENTENCE)
    with steps.card(STEPS) as card:
        controls_row = st.container(horizontal=True, vertical_alignment="bottom")
        with controls_row:
            architecture = ladders.choose_architecture(first=1)
            card.about(architecture)
        dimensions.over_a_training(ladders.trained_runs(architecture), controls_row)

        warm_up = st.expander(
            "Does a warm-up of the KL term save dimensions?",
            icon=":material/trending_up:",
            key="warm_up",
            on_change="rerun",
            bind="query-params",
        )
        if warm_up.open:  # nobody waits for what is not looked at
            with warm_up:
                dimensions.with_and_without_warm_up()

        st.subheader("A sweep of your own")
        sweeping.of_ones_own()
    controls.foot(FORMULA, __file__, ladders.heading(card.shown))


if __name__ == "__main__":
    show()
