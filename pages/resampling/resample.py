"""One digit drawn again and again from q(z|x): the component of assets/browser/resampling/resampling.*, fed."""

from pages.shared import address, class_names, pin, scatter
from pages.shared.component import component
from pages.shared.pair import halves, on_a_plane
from pages.shared.readings import says_damage
from pages.shared.trained import Trained
from vae.config import RunConfig

OWN = ("x", "eps_seed", "eps_scale", "eps")  # what the picture keeps in the address

_resampling = component("resampling", "resampling", css=pin.css("resampling", "resampling"))


@says_damage
def draws(vae: RunConfig) -> None:
    """The digit, its cloud and its reconstructions, beside the AE's one answer."""
    pair = halves(vae)
    dimensions = scatter.choose_two(pair[1].test["kl_per_dimension"])
    _resampling(
        key="eps resampling",
        data={
            **_data(pair, dimensions),
            "given": address.given(*OWN),
            **pin.beside(vae, OWN, scatter.in_address(dimensions, vae.latent_dim), _of_pin),
        },
        height="content",
    )


def _of_pin(pinned: pin.Pin) -> dict:
    pair = halves(pinned.vae)
    return _data(pair, scatter.of_view(pinned.view, pair[1].test["kl_per_dimension"]))


def _data(pair: list[Trained], dimensions: tuple[int, ...]) -> dict:
    """What the picture is drawn of."""
    return {
        "dims": list(dimensions),
        "latentDim": pair[1].config.latent_dim,
        "colors": class_names.colors(pair[1].config.dataset),
        **on_a_plane(pair, dimensions),
    }
