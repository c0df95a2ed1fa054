"""What was measured of what a class predicts on this page."""

import torch

from pages.shared import lab as ui
from pages.shared.once import once
from pages.shared.steps import Answer
from pages.shared.trained import HARD, Trained
from vae.config import RunConfig
from vae.measures.chunks import decoded_losses
from vae.models import reparameterize
from vae.randomness import seeded

ALL_WORSE, SOME_BETTER, MOST_BETTER = "Every one is worse", "Some are better", "Most are better"
LARGER, SMALLER, ALIKE = "Larger", "Smaller", "About the same"
DIGITS = 1_000  # test digits, each drawn once
HARDLY_ANY = 0.005
ABOUT = 1.5  # times as large: less is not seen from digit to digit


def against_mu(vae: RunConfig) -> Answer | None:
    """How often a draw is reconstructed better than its digit's mean code."""
    if not (run := ui.trained(vae.run_id)):
        return None
    share = _share_better(run)
    option = ALL_WORSE if share < HARDLY_ANY else SOME_BETTER if share < 0.5 else MOST_BETTER
    return Answer(
        option,
        f"Of {DIGITS:,} test digits, each drawn once, {share:.0%} came out better than from *μ*. The VAE was trained "
        "to do well on average over *ε*; *μ* is not the best code there is, only a good one.",
    )


def width_of_hard_digits(vae: RunConfig) -> Answer | None:
    """The sigma of the digits that this VAE reconstructs worst, beside that of all."""
    if not (run := ui.trained(vae.run_id)):
        return None
    hard, every, (low, high) = _widths(run)
    option = LARGER if hard > ABOUT * every else SMALLER if every > ABOUT * hard else ALIKE
    return Answer(
        option,
        f"The median σ of the {HARD} digits that it reconstructs worst is {hard:.2g}, of all test digits {every:.2g}; "
        f"half of all lie between {low:.2g} and {high:.2g}, so a single digit says little. What is hard to paint need "
        "not be hard to place.",
    )


@once(40)
def _share_better(run: Trained) -> float:
    mu, log_sigma = (part[:DIGITS] for part in run.codes)
    eps = torch.randn(mu.shape, generator=seeded(0, "one draw a digit"))
    images = run.test_set.images[:DIGITS]
    drawn, at_mu = (
        decoded_losses(run.model, z, images, run.config.likelihood) for z in (reparameterize(mu, log_sigma, eps), mu)
    )
    return float((drawn < at_mu).float().mean())


@once(40)
def _widths(run: Trained) -> tuple[float, float, tuple[float, float]]:
    """The median sigma of the hard digits and of all, and between what the middle half of all lies."""
    sigma = run.codes[1].exp()
    low, high = sigma.flatten().quantile(torch.tensor([0.25, 0.75])).tolist()
    return float(sigma[run.hard_digits].median()), float(sigma.median()), (low, high)
