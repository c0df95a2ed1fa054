"""What was measured of what a class predicts on this page."""

from pages.shared import lab as ui
from pages.shared.steps import Answer
from vae.config import RunConfig

ALL_ACTIVE, SOME_IDLE = "Every dimension does something", "Some do nothing"


def which_dimensions_work(vae: RunConfig) -> Answer | None:
    """How many dimensions of a VAE are active (measures/evaluation.py)."""
    test = ui.test_of(vae.run_id)
    if not test:
        return None
    active = test["active_units"]
    said = f"{active} of this VAE's {vae.latent_dim} dimensions are active: their μ varies over the digits."
    if active == vae.latent_dim:
        return Answer(ALL_ACTIVE, said)
    least = min(test["kl_per_dimension"])
    return Answer(
        SOME_IDLE, f"{said} The μ of the others hardly does; the least KL of a dimension is {least:.2g} nats."
    )
