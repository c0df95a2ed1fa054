"""What was measured of what a class predicts on this page."""

import functools

from pages.kl_weight.ladder import measured
from pages.shared import lab as ui
from pages.shared import ladders, seeds
from pages.shared.once import once
from pages.shared.steps import Answer
from pages.shared.trained import Trained
from vae.config import RunConfig
from vae.measures.paired import paired

BELOW, ONE, ABOVE, ALIKE = "A β below 1", "β = 1", "A β above 1", "Below 1 and 1 alike"
NARROW, AS_PRIOR, WIDE = "Much narrower than N(0, I)", "As wide as N(0, I)", "Wider"
MUCH = 2.0  # times as narrow, or as wide


def least_distortion(architecture: RunConfig) -> Answer | None:
    """Where the reconstruction loss of the test digits is least: at the ends of a ladder or at 1, by seeds."""
    return least_distortion_of(ladders.trained_runs(architecture))


def least_distortion_of(rungs: list[RunConfig]) -> Answer | None:
    """The same of given rungs; None where they do not say it."""
    weights = {config.kl_weight: config for config in rungs}
    if 1.0 not in weights or not min(weights) < 1 < max(weights):
        return None
    low, one, high = (_losses(weights[weight]) for weight in (min(weights), 1.0, max(weights)))
    below, above = paired(low, one), paired(one, high)
    if below is None or above is None or min(below.seeds, above.seeds) < seeds.ENOUGH:
        return None
    said = (
        f"Reconstruction loss with β = {min(weights):.10g}, against β = 1: {seeds.better(low, one)}; with β = 1, "
        f"against β = {max(weights):.10g}: {seeds.better(one, high)}."
    )
    if not above.is_tie and above.mean > 0:
        return Answer(ABOVE, said)
    return Answer(ALIKE if below.is_tie else BELOW if below.mean < 0 else ONE, said)


def _losses(config: RunConfig) -> dict[int, float]:
    return seeds.figure(functools.partial(seeds.with_seed, config), "reconstruction")


def closest_to_the_prior(architecture: RunConfig) -> Answer | None:
    """The rungs whose codes are nearest to N(0, I), and whose reconstruction is best."""
    return closest_to_the_prior_of(ladders.trained_runs(architecture))


def closest_to_the_prior_of(rungs: list[RunConfig]) -> Answer | None:
    """The same of given rungs; None where they do not say it."""
    runs = [run for config in rungs if (run := ui.trained(config.run_id))]
    if len(runs) < 2:
        return None
    nearest = min(runs, key=lambda run: measured(run)["distance"].squared_mmd).config.kl_weight
    sharpest = min(runs, key=lambda run: run.metrics["test"]["reconstruction"]).config.kl_weight
    same = "Yes, here it is" if nearest == sharpest else "No. The reconstruction loss is least"
    return Answer(
        "",
        f"{same} at β = {sharpest:g}, the *MMD²* at β = {nearest:g}. Fresh samples want codes that fill N(0, I). But a "
        "small *MMD²* is not all: where *z* says next to nothing of *x*, all samples look alike. Good ones are in "
        "between.",
    )


def width_without_kl(architecture: RunConfig) -> Answer | None:
    """How wide the clouds are where the KL counts nothing."""
    return width_without_kl_of(ladders.trained_runs(architecture))


def width_without_kl_of(rungs: list[RunConfig]) -> Answer | None:
    """The same of given rungs; None where they do not say it."""
    config = next((config for config in rungs if config.kl_weight == 0), None)
    run = config and ui.trained(config.run_id)
    if run is None:
        return None
    width = _median_sigma(run)
    option = NARROW if width < 1 / MUCH else WIDE if width > MUCH else AS_PRIOR
    return Answer(option, f"The median σ of the test digits is {width:.2g}; that of N(0, I) is 1.")


@once(40)
def _median_sigma(run: Trained) -> float:
    return float(run.codes[1].exp().median())
