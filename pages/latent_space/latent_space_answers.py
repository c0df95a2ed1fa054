"""What was measured of what a class predicts on this page."""

from dataclasses import replace

import numpy as np
import torch

from pages.latent_space import unseen
from pages.shared import class_names
from pages.shared import lab as ui
from pages.shared.once import once
from pages.shared.pair import limit
from pages.shared.steps import Answer
from pages.shared.trained import Trained
from vae.config import RunConfig

AE, VAE, ALIKE = "The AE", "The VAE", "Both alike"
AN_8, ANOTHER, NONE = "An 8 all the same", "Another digit that looks like it", "Grey, and no digit"
CELLS, REACH, RARE = 40, 2.0, 0.1  # as assets/browser/latent_space/cells.js draws them
CLEARLY, FLOOR = 1.5, 0.02  # times as many, and by so much: a share is as exact as its cells
CIRCLES = 3.0  # sigmas of N(0, I), beyond which hardly a draw comes
FEW = 0.5  # of a digit's codes
MOST = 0.5  # of what is painted
PLANE = (0, 1)
ONLY_IN_TWO = Answer("", "Only of a pair in two dimensions: there a plane shows all of *z*. Choose a 2-D run.")
LESS_THAN_HALF = f"Less than half of a digit's codes lie within {CIRCLES:g} σ, where nearly all draws come"


def where_more_holes_are(vae: RunConfig) -> Answer | None:
    """Of a pair: the shares of N(0, I) within 2 sigma where hardly a code is, and the digits that are out of reach."""
    if vae.latent_dim != 2:
        return ONLY_IN_TWO
    pair = {"AE": ui.trained(vae.autoencoder.run_id), "VAE": ui.trained(vae.run_id)}
    if None in pair.values():
        return None
    ae, own = (share_in_holes(run) for run in pair.values())
    option = VAE if _is_clearly_more(own, ae) else AE if _is_clearly_more(ae, own) else ALIKE
    reach = "; ".join(f"of the {name}'s digits {_out_of_reach(run) or 'none'}" for name, run in pair.items())
    return Answer(
        option,
        f"`holes` shows them: within {REACH:g} σ of N(0, I) they take {own:.0%} (VAE) and {ae:.0%} (the AE of this "
        f"pair). Few holes alone are not yet a good sign: codes that crowd around 0 leave few, and yet may be of few "
        f"digits. {LESS_THAN_HALF}: {reach}.",
    )


def digits_out_of_reach(vae: RunConfig) -> Answer | None:
    """Of a pair's AE: the digits of whose codes hardly any lies where N(0, I) draws."""
    if vae.latent_dim != 2:
        return ONLY_IN_TWO
    ae = ui.trained(vae.autoencoder.run_id)
    if ae is None:
        return None
    if rare := _out_of_reach(ae):
        return Answer("", f"{LESS_THAN_HALF}: of this pair's AE {rare}. These digits come seldom, or never.")
    return Answer("", f"Here there is none: at least half of each digit's codes lie within {CIRCLES:g} σ.")


def what_becomes_of_the_unseen(vae: RunConfig) -> Answer | None:
    """Of a VAE that was trained on some classes: what its answers to the others look most like, and what they cost."""
    if not (unknown := tuple(unseen.classes_of(vae))):
        return Answer("", "Only of a pair that was trained on some of the classes.")
    everything = replace(vae, classes=())
    run, other = ui.trained(vae.run_id), ui.trained(everything.run_id)
    if run is None or other is None:
        return None
    shares = unseen.looked_like(run, unknown)
    own = sum(shares.get(label, 0.0) for label in unknown)
    costs = [_mean_loss(one, unknown) for one in (run, other)]
    return Answer(
        AN_8 if own > MOST else ANOTHER,
        f"What it paints looks most like {unseen.in_words(run, unknown)}; like what was asked of it in {own:.0%}. The "
        f"networks have codes only for what they saw. Such a digit costs this VAE {costs[0]:.1f} nats (−ELBO), and one "
        f"that was trained on all of them {costs[1]:.1f}.",
    )


def _mean_loss(run: Trained, classes: tuple[int, ...]) -> float:
    """Of a digit of some classes, nats; each class counts as much."""
    return float(np.mean([loss.mean for loss in unseen.by_class(run) if loss.label in classes]))


def _is_clearly_more(share: float, other: float) -> bool:
    return share > CLEARLY * other and share - other > FLOOR


def _out_of_reach(run: Trained) -> str:
    """The digits of whose codes less than half lie within 3 sigma, the rarest first, each with that share."""
    shares = sorted((share, name) for name, share in shares_within(run).items() if share < FEW)
    return ", ".join(f"{name} ({share:.0%})" for share, name in shares)


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
def shares_within(run: Trained) -> dict[str, float]:
    """For each class by its name, the share of its codes within 3 sigma of N(0, I)."""
    is_within = run.codes[0].norm(dim=1) < CIRCLES
    labels = run.test_set.labels
    names = class_names.said(run.config.dataset) or ("all of them",)
    return {names[label]: is_within[labels == label].float().mean().item() for label in labels.unique().tolist()}
