"""The KL weight: what beta does to reconstructions, codes and information, with trained models only."""

from pages.kl_weight import kl_weight_answers, ladder, moved
from pages.shared import controls, ladders, steps
from pages.shared.glossary import say
from pages.shared.steps import Answer, Step

SENTENCE = (
    "Reconstruct well, or keep the codes near N(0, I)? **β says what a nat of KL costs.** Every picture comes from a "
    "network that was trained with that β."
)
STEPS = [
    Step(
        "Which weight gives the sharpest *x̂*, the least reconstruction loss? Predict, then move `KL weight β`.",
        predict=(kl_weight_answers.BELOW, kl_weight_answers.ALIKE, kl_weight_answers.ONE, kl_weight_answers.ABOVE),
        answer=kl_weight_answers.least_distortion,
    ),
    Step(
        "And which gives the best fresh samples? Compare the rows of samples along the slider, and the `MMD²`. Is it "
        "the same weight?",
        answer=kl_weight_answers.closest_to_the_prior,
    ),
    Step(
        "Go to β = 0. How wide are the clouds there? Nobody punished certainty. What do the `eight draws` look like?",
        predict=(kl_weight_answers.NARROW, kl_weight_answers.AS_PRIOR, kl_weight_answers.WIDE),
        answer=kl_weight_answers.width_without_kl,
    ),
    Step(
        "Go up until the `eight draws` are the same whichever digit you choose: *q(z|x)* is N(0, I) for every *x*, the "
        "posterior has collapsed. Where does that happen? (At β = 0 they look alike too. What is different there?)",
        answer=Answer(
            "",
            "At a large β: the KL is 0, and *z* says nothing of *x*. At β = 0 the eight draws are alike because the "
            "cloud is narrow: they are this digit's, and another digit has others.",
        ),
    ),
    Step(
        "Ten dimensions now, with the `KL of each dimension`: switch off the one with the smallest KL, then the one "
        "with the largest.",
        answer=Answer(
            "",
            "Without the first the pictures stay as they are, for it said next to nothing. Without the other they "
            "change: what it said of *x* is lost.",
        ),
        view={"models": "10-D"},
    ),
]
FORMULA = r"""\begin{gathered}
    \mathcal L_\beta = \underbrace{\mathbb E_{q(\Z\mid\X)}\big[-\log p(\X\mid\Z)\big]}_{\text{distortion}} + \beta\,
    \underbrace{\KL\big(\mathcal N(\MU,\SIGMA^2)\,\|\,\mathcal N(0,I)\big)}_{\text{rate}} \\
    \mathrm{MMD}^2 = \mathbb E\,k(\Z,\Z') + \mathbb E\,k(\EPS,\EPS') - 2\,\mathbb E\,k(\Z,\EPS),\;\;
    k(a,b)=e^{-|a-b|^2/2D}
    \end{gathered}"""


def show() -> None:
    """The page."""
    moved.say_where()
    say(SENTENCE)
    with steps.card(STEPS) as card:
        architecture = ladders.choose_architecture(first=0)
        card.about(architecture)
        ladder.show(architecture)
    controls.foot(FORMULA, __file__, ladders.heading(card.shown))


if __name__ == "__main__":
    show()
