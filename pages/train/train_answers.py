"""What was measured of what a class predicts on this page."""

import functools

from pages.shared import lab as ui
from pages.shared import seeds
from pages.shared.steps import Answer
from vae.config import RunConfig
from vae.measures.paired import Difference, paired

AE, VAE, TIE = "The AE", "The VAE", "A tie"
BOTH, ONLY_VAE, NONE = "Both near 0", "Only the VAE's near 0", "Neither near 0"
FALLS, RISES = "It falls", "It rises"
NEAR = 3.5  # of two numbers from N(0, I), 99.8 % of pairs are nearer to 0
NEARLY_ALL = 0.95
WHY = {
    AE: "It has the easier task: nobody adds noise to its codes or asks them to stay near 0.",
    VAE: "Its task is the harder one, with noise in its codes: here it did well all the same.",
    TIE: "The seeds differ by as much as the two models do.",
}
WHY_THERE = {
    BOTH: "Only the VAE pays for codes far from 0; the AE's stay there by themselves.",
    ONLY_VAE: "The KL pulls the VAE's codes into the prior's circles; the AE's spread as they like.",
    NONE: "What pulls the VAE's codes to 0 is too weak here.",
}


def who_reconstructs_better(vae: RunConfig) -> Answer | None:
    """Of the settings on the page, or of those that come with the project: the reconstruction loss by seeds."""
    for config in (vae, RunConfig(latent_dim=vae.latent_dim), RunConfig()):
        ae, own = (
            seeds.given(seeds.figure(functools.partial(seeds.with_seed, half), "reconstruction"))
            for half in (config.autoencoder, config)
        )
        if (difference := paired(own, ae)) and difference.seeds >= seeds.ENOUGH:
            option = _which(difference, VAE, AE)
            said = f"Reconstruction loss of the AE, against the VAE: {seeds.better(ae, own)}. {_settings(config, vae)}"
            return Answer(option, f"{said} {WHY[option]}")
    return None


def whose_codes_stay_near_0(vae: RunConfig) -> Answer | None:
    """Of the pair on the page, or of the one that comes with the project: the share of test codes near 0."""
    for config in (vae, RunConfig()):
        pair = [ui.trained(half.run_id) for half in (config.autoencoder, config)]
        if config.latent_dim == 2 and None not in pair:
            ae, own = (float((run.codes[0].norm(dim=1) < NEAR).float().mean()) for run in pair)
            option = {(True, True): BOTH, (False, True): ONLY_VAE}.get((ae > NEARLY_ALL, own > NEARLY_ALL), NONE)
            return Answer(
                option,
                f"Within {NEAR} of 0 lie {own:.0%} of the VAE's codes and {ae:.0%} of the AE's. "
                f"{_settings(config, vae)} {WHY_THERE[option]}",
            )
    return None


def ten_dimensions(_: RunConfig) -> Answer | None:
    """What the −ELBO of a VAE of ten dimensions is beside that of two, by seeds."""
    ten, two = (
        seeds.figure(functools.partial(seeds.with_seed, RunConfig(latent_dim=latent_dim))) for latent_dim in (10, 2)
    )
    difference = paired(ten, two)
    if not difference or difference.seeds < seeds.ENOUGH:
        return None
    return Answer(
        _which(difference, FALLS, RISES),
        f"−ELBO of 10-D, against 2-D: {seeds.better(ten, two)}.",
    )


def _which(difference: Difference, less: str, more: str) -> str:
    return TIE if difference.is_tie else less if difference.mean < 0 else more


def _settings(measured: RunConfig, asked: RunConfig) -> str:
    return "" if measured == asked else f"(Measured with the {measured.latent_dim}-D runs that come with the project.)"
