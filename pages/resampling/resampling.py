"""Resampling eps: one picture, one mu and sigma, and another z each time it is drawn."""

from pages.resampling import resample, resampling_answers
from pages.shared import choose as choice
from pages.shared import controls, steps, take_home
from pages.shared.glossary import say
from pages.shared.steps import Answer, Step

SENTENCE = (
    "One digit *x* in both encoders: the AE answers with **one** *z*, the VAE with a small cloud, *z = μ + σ·ε*: "
    "**each ε is another *z***."
)
STEPS = [
    Step(
        "Is the picture of *every* drawn *z* worse than the picture of *μ* itself? Predict, then press `Sample "
        "again`, and watch the `Reconstruction loss` below the planes. With `ε times` at 0 *z* is *μ* itself.",
        predict=(resampling_answers.ALL_WORSE, resampling_answers.SOME_BETTER, resampling_answers.MOST_BETTER),
        answer=resampling_answers.against_mu,
        view={"eps_scale": "1"},
    ),
    Step(
        "`ε times` is 0 now. What has the VAE become?",
        predict=("It works as an AE does", "It is a worse VAE", "It is the same"),
        answer=Answer(
            "It works as an AE does",
            "Without noise *z* is *μ*: one code for one picture, as *z = f(y)* is. (Its weights are still those of a "
            "VAE.)",
        ),
        view={"eps_scale": "0"},
    ),
    Step(
        "`ε times` is 3 now: what do the pictures of `64 draws` still have in common? Compare where they differ, the "
        "picture of the `standard deviation`, with the strokes of *x*.",
        answer=Answer(
            "",
            "What all digits with codes around here share. They differ most along the edges of the strokes, where one "
            "draw has ink and another has none.",
        ),
        view={"eps_scale": "3"},
    ),
    Step(
        "Has a digit that is hard to reconstruct a larger *σ* than others? Predict, then choose `A hard one` and look.",
        predict=(resampling_answers.LARGER, resampling_answers.SMALLER, resampling_answers.ALIKE),
        answer=resampling_answers.width_of_hard_digits,
        view={"eps_scale": "1"},
    ),
]
FORMULA = r"""\Z = \MU + \SIGMA\,\EPS,\quad \EPS\sim\mathcal N(0, I)
    \qquad\Longleftrightarrow\qquad \Z\sim q(\Z\mid\X) = \mathcal N(\MU,\SIGMA^2)"""


def show() -> None:
    """The page."""
    say(SENTENCE)
    with steps.card(STEPS) as card:
        vae = choice.choose_pair()
        card.about(vae)
        resample.draws(vae)
    controls.foot(FORMULA, __file__, take_home.links(card.shown))


if __name__ == "__main__":
    show()
