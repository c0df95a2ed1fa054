"""One digit drawn again and again from q(z|x): the component of assets/browser/resampling/resampling.*, fed."""

from pages.shared import address, class_names, scatter
from pages.shared.component import component
from pages.shared.pair import halves, on_a_plane
from pages.shared.readings import says_damage
from vae.config import RunConfig

_resampling = component("resampling", "resampling")


@says_damage
def draws(vae: RunConfig) -> None:
    """The digit, its cloud and its reconstructions, beside the AE's one answer."""
    pair = halves(vae)
    dimensions = scatter.choose_two(pair[1].metrics["test"]["kl_per_dimension"])
    given = address.given("x", "eps_seed", "eps_scale", "eps")
    sent = on_a_plane(pair, dimensions)
    _resampling(
        key="eps resampling",
        data={
            "dims": list(dimensions),
            "latentDim": vae.latent_dim,
            "colors": class_names.colors(vae.dataset),
            "given": given,
            **sent,
        },
        height="content",
    )
