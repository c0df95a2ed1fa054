"""What was measured of what a class predicts on this page."""

import numpy as np
import torch

from pages.shared import lab as ui
from pages.shared.once import once
from pages.shared.pair import limit
from pages.shared.steps import Answer
from pages.shared.trained import Trained
from vae.config import RunConfig

AE, VAE, ALIKE = "The AE", "The VAE", "Both alike"
CELLS, REACH, RARE = 40, 2.0, 0.1  # as assets/browser/latent_space/cells.js draws them
CLEARLY = 1.5  # times as many
CIRCLES = 3.0  # sigmas of N(0, I), beyond which hardly a draw comes
FEW = 0.5  # of a digit's codes
PLANE = (0, 1)


def where_more_holes_are(vae: RunConfig) -> Answer | None:
    """Of the pair on show: the shares of N(0, I) within 2 sigma where hardly a code is."""
    if vae.latent_dim != 2 or None in (pair := _pair(vae)):
        return None
    ae, own = map(share_in_holes, pair)
    option = VAE if own > CLEARLY * ae else AE if ae > CLEARLY * own else ALIKE
    why = (
        "Few holes are not yet a good sign: this AE's codes crowd around 0, so N(0, I) meets some nearly everywhere, "
        "but of few digits, and whole digits lie outside (the next step). The VAE has all of them within."
        if option == VAE
        else "The AE put its codes where it pleased; the VAE's clouds cover most of N(0, I)."
    )
    shares = f"within {REACH:g} σ of N(0, I) they take {own:.0%} (VAE) and {ae:.0%} (AE)"
    return Answer(option, f"`holes` shows them: {shares}. {why}")


def digits_out_of_reach(vae: RunConfig) -> Answer | None:
    """Of the AE on show: the digits of whose codes hardly any lies where N(0, I) draws."""
    ae = ui.trained(vae.autoencoder.run_id)
    if vae.latent_dim != 2 or ae is None:
        return None
    shares = sorted((share, digit) for digit, share in enumerate(shares_within(ae)) if share < FEW)
    rare = [f"{digit} ({share:.0%})" for share, digit in shares]
    if not rare:
        return Answer(
            "", f"Here there is none: half of each digit's codes lie within {CIRCLES:g} σ, where the draws come."
        )
    return Answer(
        "",
        f"Within {CIRCLES:g} σ, where nearly all draws come, lie the fewest codes of {', '.join(rare)}: these "
        "digits come seldom, or never. The AE put its codes where it pleased.",
    )


def _pair(vae: RunConfig) -> list[Trained | None]:
    return [ui.trained(half.run_id) for half in (vae.autoencoder, vae)]


@once(40)
def share_in_holes(run: Trained) -> float:
    """The share of N(0, I) within 2 sigma where q(z) has less than a tenth of its density, as cells.js says it.

    q(z) is the mean of q(z|x) over the test digits; of an AE, its codes, smoothed by half a cell of the whole view.
    """
    least = limit(run, PLANE) / CELLS
    mu, log_sigma = run.codes
    sigma = torch.zeros_like(mu) if log_sigma is None else log_sigma.exp()
    sigma = sigma.clamp_min(least).numpy()
    middles = (np.arange(CELLS) + 0.5) * 2 * REACH / CELLS - REACH
    across, up = (_bells(mu.numpy()[:, axis], sigma[:, axis], middles) for axis in PLANE)
    density = up.T @ across / len(mu)  # (up, across)
    distance = middles[:, None] ** 2 + middles**2
    drawn = np.exp(-0.5 * distance) * (distance <= REACH**2)
    return float(drawn[density < RARE * np.exp(-0.5 * distance)].sum() / drawn.sum())


def _bells(mu: np.ndarray, sigma: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """(n, cells): a Gaussian of each code at the middle of each cell, without its constant factor."""
    return np.exp(-0.5 * ((middles - mu[:, None]) / sigma[:, None]) ** 2) / sigma[:, None]


@once(40)
def shares_within(run: Trained) -> tuple[float, ...]:
    """For each digit, the share of its codes within 3 sigma of N(0, I)."""
    is_within = run.codes[0].norm(dim=1) < CIRCLES
    labels = run.test_set.labels
    return tuple(is_within[labels == digit].float().mean().item() for digit in labels.unique().tolist())
