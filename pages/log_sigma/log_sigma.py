"""Why log sigma: the same VAE with three meanings of what its head h says about the width of q(z|x)."""

import streamlit as st

from pages.log_sigma import sigma_plane, sigma_race
from pages.shared import controls, steps, take_home
from pages.shared.glossary import say
from pages.shared.steps import Answer, Step
from vae.config import RunConfig

SENTENCE = (
    "The head *h* has to say how wide the cloud of a digit is. A network's output can be **any** number, and a width "
    "cannot. Should *h(y)* be **σ itself**, should it be **squeezed through a softplus**, or should it be **log σ**? "
    "Nothing else differs here: the same first weights, the same σ = 1 at the start, the same batches, the same *ε*."
)
STEPS = [
    Step(
        "Stand just right of raw's wall, at *h* = 0.04, and read its gradient. Where does a step of gradient "
        "descent along it land? And a step the other way, which another digit asks for?",
        answer=Answer(
            "",
            "With a learning rate of 0.006 a gradient of −25 moves *h* by 0.15: to 0.19, where σ is nearly five times "
            "as large. The other way the same step ends at −0.11, behind the wall, where there is no σ.",
        ),
        view={"h": "0.04"},
    ),
    Step(
        "Now `The race`. Predict who will not reach the end, and look at what happens to each.",
        answer=sigma_race.fails(
            f"{sigma_race.WHY['raw']} The other two heads have no such wall.", "the default settings", sigma="raw"
        ),
        view={"learning_rate": "0.006", "kl_ramp": "0.3"},
    ),
    Step(
        "Race with a `Learning rate` of 0.0001. Is that slow enough for a raw σ?",
        answer=sigma_race.fails(
            "A small step goes less far, but there are more of them, and each brings σ nearer to the wall, until the "
            "next one is over it.",
            "that learning rate",
            sigma="raw",
            learning_rate=0.0001,
        ),
        view={"learning_rate": "0.0001", "kl_ramp": "0.3"},
    ),
    Step(
        "In the first third of a training the KL term counts little (the KL ramp). The `KL ramp` is 0 now, so that "
        "the wall stands from the first step. Does it hold?",
        answer=sigma_race.fails(
            "The KL pushes *h* away from 0, but its slope −1/*h* is the steeper the nearer *h* is: one step throws "
            "*h* far off, and one of those that bring it back goes too far.",
            "a KL ramp of 0",
            sigma="raw",
            kl_ramp=0.0,
        ),
        view={"learning_rate": "0.006", "kl_ramp": "0.0"},
    ),
    Step(
        "Race with a `Learning rate` of 0.03. Who fails now? Type the *h* that did it into the field.",
        answer=sigma_race.fails(
            "One step takes *h* so far up that exp(2h) is infinite in 32-bit numbers. No head makes a step small that "
            "is too large.",
            f"a learning rate of {sigma_race.TOO_FAST:g}",
            learning_rate=sigma_race.TOO_FAST,
        ),
        view={"learning_rate": "0.03", "kl_ramp": "0.3"},
    ),
]
FORMULA = r"""\KL = \tfrac12\big(\MU^2 + \SIGMA^2 - 2\log\SIGMA - 1\big),\qquad
    \begin{aligned}
    \text{raw:}\;\; \SIGMA &= h(\Y) & \tfrac{\partial\KL}{\partial h} &= \SIGMA - \tfrac{1}{\SIGMA} \\
    \text{softplus:}\;\; \SIGMA &= \log(1 + e^{h(\Y)}) & \tfrac{\partial\KL}{\partial h} &=
    \big(\SIGMA - \tfrac{1}{\SIGMA}\big)\big(1 - e^{-\SIGMA}\big) \\
    \text{log:}\;\; \log\SIGMA &= h(\Y) & \tfrac{\partial\KL}{\partial h} &= \SIGMA^2 - 1
    \end{aligned}"""


def show() -> None:
    """The page."""
    say(SENTENCE)
    with steps.card(STEPS) as card:
        card.about(RunConfig())
        sigma_plane.show()
        st.subheader("The race")
        is_answered = sigma_race.run()

        if is_answered:
            st.subheader("The limits of log σ itself")
            sigma_race.limits()
            sigma_race.verdict()
    controls.foot(FORMULA, __file__, take_home.heading("VAEs with three heads for σ", sigma_race.asked_for()))


if __name__ == "__main__":
    show()
