"""What was measured of what a class predicts on this page."""

from pages.conversion import converted
from pages.shared import lab as ui
from pages.shared.steps import Answer
from pages.shared.trained import Trained
from vae.config import RunConfig


def noise_and_kl(ae: RunConfig) -> Answer | None:
    """What the two changes do to an AE that was not trained again."""
    run = ui.trained(ae.run_id)
    return run and Answer("", _noise_and_kl(run))


def in_more_dimensions(_: RunConfig) -> Answer | None:
    """The same of the AEs of two and of ten dimensions, whichever is on show."""
    runs = {dim: ui.trained(RunConfig(model="ae", latent_dim=dim).run_id) for dim in (2, 10)}
    if None in runs.values():
        return None
    return Answer("", "  \n".join(f"**{dim}-D**: {_noise_and_kl(run)}" for dim, run in runs.items()))


def _noise_and_kl(run: Trained) -> str:
    test = converted.test(run)
    far, width = converted.kl_parts(run)
    return (
        f"The noise takes the reconstruction loss of the test digits from {test['at_mu']:.1f} to "
        f"{test['reconstruction']:.1f} nats, for the decoder never saw a *z* beside a code. The KL term is "
        f"{far + width:.2f} nats: {far:.2f} for codes that are not at 0, {width:.2f} for a σ that is not 1."
    )
