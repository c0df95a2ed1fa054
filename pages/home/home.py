"""The lesson in one picture: two networks, one digit, and what differs when it passes through again."""

from pages.home import networks, plan
from pages.shared import controls, steps, take_home
from pages.shared.glossary import say
from pages.shared.steps import Answer, Step
from vae.config import RunConfig

SENTENCE = (
    "An **autoencoder** squeezes a picture *x* into a few numbers *z* and paints it again. It becomes a "
    "**variational** autoencoder by **two changes**: *z* is drawn from a small cloud instead of being one point, "
    "and every cloud pays for being far from N(0, I)."
)
STEPS = [
    Step(
        "Whose *z* changes when the same digit passes through a second time? Predict, then press `Pass it through "
        "again`.",
        predict=("Only the VAE's", "Both", "Neither"),
        answer=Answer(
            "Only the VAE's",
            "The AE's *z* is *f(y)*, and nothing else goes into it. The VAE's is *μ + σ·ε*: *μ* and *σ* stay, and *ε* "
            "is new at every pass.",
        ),
    ),
    Step(
        "This is test digit 218, and the VAE is not sure of it. Press `Pass it through again` a few times: what do its "
        "pictures *x̂* have in common? Then choose another digit: whose answers differ less, and what is its *σ*?",
        answer=Answer(
            "",
            "They share the outline and differ inside: near this code the decoder's picture changes fast, so even a "
            "small *σ* is seen. Where it changes slowly, *σ* may be wide, and the draws still look alike.",
        ),
        view={"x": "218", "passes": "8"},
    ),
    Step(
        "Click on `KL(q(z|x) ‖ N(0, I))`, below *change 2*: what does the VAE pay for this digit's cloud, number "
        "by number? The AE has no such box. That is the second change, the one of the *objective*.",
        answer=Answer(
            "",
            "For each number of *z*: ½(μ² + σ² − 2 log σ − 1). That is 0 only for μ = 0 and σ = 1; who is far from 0, "
            "or very sure, pays for it.",
        ),
    ),
    Step(
        "**Why would anyone want that noise?** `Sketch a digit` of your own, pass it through, and think of an answer. "
        "The next lessons show it.",
        answer=Answer(
            "",
            "So that codes beside each other give pictures that are alike, and the clouds leave few gaps: then a *z* "
            "that is drawn from N(0, I) gives a picture too. The AE was never asked for that.",
        ),
    ),
]
FORMULA = r"""\begin{aligned}
    \text{AE:}\quad & \Z = f(\Y) \\
    & \mathcal L = -\log p(\X\mid\Z) \\[1ex]
    \text{VAE:}\quad & \Z = \MU + \SIGMA\,\EPS,\;\; \MU = g(\Y),\; \log\SIGMA = h(\Y) \\
    & \mathcal L = \mathbb E_{q(\Z\mid\X)}\big[-\log p(\X\mid\Z)\big] +
    \KL\big(\mathcal N(\MU,\SIGMA^2)\,\|\,\mathcal N(0,I)\big)
    \end{aligned}"""


def show() -> None:
    """The page."""
    say(SENTENCE)
    with steps.card(STEPS):
        networks.show()
        plan.show()
    controls.foot(FORMULA, __file__, take_home.heading("AE and VAE", RunConfig()))


if __name__ == "__main__":
    show()
