"""Latent walk: what each dimension of z does to the picture, for AE and VAE at once."""

from pages.shared import choose as choice
from pages.shared import controls, steps, take_home
from pages.shared.glossary import say
from pages.shared.steps import Answer, Step
from pages.walk import walk_answers, walking
from vae.config import RunConfig

SENTENCE = (
    "Move **one number of *z*** at a time: both decoders answer while the slider moves. Under each slider are eleven "
    "pictures along its way."
)
STEPS = [
    Step(
        "Which of the two decoders paints a digit at the origin, *z* = 0? Press `the origin` and look.",
        answer=Answer(
            "",
            "The VAE's was trained there: the KL holds its clouds around 0. Nothing holds the AE's codes anywhere, so "
            "what its decoder paints at 0 is a matter of luck.",
        ),
        view={"run": RunConfig().run_id},
    ),
    Step(
        "Now ten dimensions. Does every one of them do something? Predict, then look for a KL of 0 and move its "
        "slider.",
        predict=(walk_answers.ALL_ACTIVE, walk_answers.SOME_IDLE),
        answer=walk_answers.which_dimensions_work,
        view={"run": RunConfig(latent_dim=10).run_id},
    ),
    Step(
        "`From one digit to another`: go from a 1 to a 0, straight and on a sphere. What is seen half-way, and is it "
        "a digit?",
        answer=Answer(
            "",
            "What lies between the two codes: a mixture, or another digit. Straight through the middle *z* becomes "
            "short; on a sphere its length goes evenly from the one's to the other's.",
        ),
    ),
]
FORMULA = r"""{\Z}_t = (1 - t)\,{\Z}_a + t\,{\Z}_b,\qquad {\XHAT}_t = \mathrm{decoder}({\Z}_t)"""


def show() -> None:
    """The page."""
    say(SENTENCE)
    with steps.card(STEPS) as card:
        vae = choice.choose_pair()
        card.about(vae)
        walking.along_dimensions(vae)
    controls.foot(FORMULA, __file__, take_home.links(card.shown))


if __name__ == "__main__":
    show()
