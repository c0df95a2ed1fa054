"""What "variational" means: the exact posterior of a digit, and what q(z|x) loses against it."""

from pages.shared import choose as choice
from pages.shared import controls, steps, take_home
from pages.shared.glossary import say
from pages.shared.steps import Answer, Step
from pages.true_posterior import gaps, posteriors
from vae.config import RunConfig

SENTENCE = (
    "Which codes could have made this digit? The exact answer, **p(z|x)**, is violet. **Variational** means to "
    "*search* for a stand-in: in a **family** (Gaussians with independent dimensions, **q(z|x)**, orange), the one "
    "with the least **divergence** KL(q ‖ p(z|x))."
)
STEPS = [
    Step(
        "Is the orange ellipse where the violet cloud is? Look at a few digits, then at `A hard one`.",
        answer=Answer(
            "",
            "Nearly, for most. For hard ones the encoder misses it, or the cloud is bent or has two parts, which no "
            "ellipse along the axes can follow.",
        ),
        view={"run": RunConfig().run_id},
    ),
    Step(
        "Press `Find the best Gaussians`. Which of the three costs most: the encoder's own error, independence, or the "
        "Gaussian shape?",
        answer=Answer(
            "",
            "For most digits the encoder's own error: among the Gaussians that it may choose from there is a much "
            "better one. The table shows what each step of freedom wins.",
        ),
        view={"run": RunConfig().run_id},
    ),
    Step(
        "The posterior of digit 386 has two peaks. What does the q of least *KL(q ‖ p)* cover, and what the q of least "
        "*KL(p ‖ q)*? Predict; then show `The whole plane`, point somewhere, and press the two buttons.",
        predict=(
            "Both cover both peaks",
            "The first covers one, the second both",
            "The first covers both, the second one",
        ),
        answer=Answer(
            "",
            "The first stays within one peak, the second covers both: KL(q ‖ p) is large where q is and p is not, so q "
            "stays within one. KL(p ‖ q) is large where p is and q is not, so q covers both, and what is between them.",
        ),
        view={"run": RunConfig().run_id, "x": "386"},
    ),
    Step(
        "Improve q, step by step: nothing but this digit's μ and σ changes. Why did the encoder not answer so at once?",
        answer=Answer(
            "",
            "One encoder answers for all digits (amortisation): what helps this one would harm others.",
        ),
    ),
    Step(
        "`Sketch a digit` of your own: an empty sheet is no picture, and nothing is known but the prior. From the "
        "first stroke on, its black pixels are observed too. What does each stroke leave of the plane?",
        answer=Answer(
            "",
            "Only the codes whose pictures have ink where you drew, and none where you did not. The cloud shrinks.",
        ),
    ),
    Step(
        "Sketch something that is no digit. Where does the exact posterior put it, and where the encoder?",
        answer=Answer(
            "",
            "The posterior must lie somewhere: where the decoder's pictures are least unlike yours. The encoder has "
            "never seen such a picture, and may answer somewhere else.",
        ),
    ),
    Step(
        "Of what q loses over 1,000 digits, which part is the largest? Guess, then look below, and click on the worst "
        "digits.",
        answer=Answer(
            "",
            "The encoder's own error, amortisation: the shares stand below.",
        ),
    ),
]
FORMULA = r"""\log p(\X) - \underbrace{\Big(\mathbb E_q \log p(\X\mid\Z) -
    \KL\big(q(\Z\mid \X)\,\|\,p(\Z)\big)\Big)}_{\text{ELBO}} = \KL\big(q(\Z\mid\X)\,\|\,p(\Z\mid\X)\big) \;\ge\; 0"""


def show() -> None:
    """The page."""
    say(SENTENCE)
    with steps.card(STEPS) as card:
        vae = choice.choose_pair()
        card.about(vae)
        if posteriors.has_one(vae):
            posteriors.of_a_digit(vae)
            gaps.over_the_test_images(vae)
        else:
            posteriors.bound_of_a_digit(vae)
    controls.foot(FORMULA, __file__, take_home.links(card.shown))


if __name__ == "__main__":
    show()
