"""What was measured of what a class predicts on this page."""

from pages.conversion import converted
from pages.shared import lab as ui
from pages.shared.steps import Answer
from vae.config import RunConfig


def noise_and_kl(ae: RunConfig) -> Answer | None:
    """What the two changes do to an AE that was not trained again."""
    run = ui.trained(ae.run_id)
    if run is None:
        return None
    before, after = run.metrics["test"]["reconstruction"], converted.test(run)["reconstruction"]
    far, width = converted.kl_parts(run)
    return Answer(
        "",
        f"The noise takes the reconstruction loss of the test digits from {before:.1f} to {after:.1f} nats, for the "
        f"decoder never saw a *z* beside a code; in more dimensions *z* is thrown further. The KL term is "
        f"{far + width:.1f} nats, nearly all of it for codes that are far from 0.",
    )
