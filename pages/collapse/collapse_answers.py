"""What was measured of what a class predicts on this page."""

import dataclasses
import functools

from pages.collapse.dimensions import WARMED
from pages.shared import lab as ui
from pages.shared import seeds
from pages.shared.steps import Answer
from vae.config import RunConfig
from vae.measures.paired import paired
from vae.runs.sweep import RAMPLESS

ALL, SOME, FEW = "All ten", "Five to nine", "Fewer than five"
WARM_UP, ALIKE, NO_WARM_UP = "The one with a warm-up", "Both alike", "The one without"
HALF = 0.5  # of all dimensions


def active_with_a_larger_weight(_: RunConfig) -> Answer | None:
    """How many dimensions are active in the end with weight 4, in ten dimensions whatever is on show."""
    config = dataclasses.replace(WARMED, kl_weight=4.0)
    test = ui.test_of(config.run_id)
    if not test:
        return None
    active, count = test["active_units"], config.latent_dim
    option = ALL if active == count else SOME if active >= HALF * count else FEW
    return Answer(option, f"{active} of {count} dimensions are active after {config.epochs} epochs with β = 4.")


def warm_up(_: RunConfig) -> Answer | None:
    """Whether a warm-up leads to a lower -ELBO, by the seeds of both."""
    warmed, without = (seeds.figure(functools.partial(seeds.with_seed, config)) for config in (WARMED, RAMPLESS))
    difference = paired(warmed, without)
    if difference is None or difference.seeds < seeds.ENOUGH:
        return None
    option = ALIKE if difference.is_tie else WARM_UP if difference.mean < 0 else NO_WARM_UP
    return Answer(option, f"−ELBO with a warm-up, against without: {seeds.better(warmed, without)}.")
