"""One digit drawn again and again from q(z|x): the component of assets/browser/resampling.*, fed."""

from pages.ui import address, browser, explore, scatter
from pages.ui import runs as ui
from vae import figures
from vae.config import RunConfig

_resampling = browser.component("resampling")


@ui.says_damage
def draws(vae: RunConfig) -> None:
    """The digit, its cloud and its reconstructions, beside the AE's one answer."""
    pair = explore.halves(vae)
    dimensions = scatter.choose_two(pair[1].metrics["test"]["kl_per_dimension"])
    given = address.given("x", "eps_seed", "eps_scale", "eps")
    sent = explore.pair_parcels(pair, dimensions)
    _resampling(
        key="eps resampling",
        data={
            "dims": list(dimensions),
            "latentDim": vae.latent_dim,
            "colors": list(figures.DIGIT_COLORS),
            "given": given,
            **sent,
        },
        on_missing_change=browser.send_again("eps resampling"),
        height="content",
    )
