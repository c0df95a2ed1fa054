"""The latent space of a trained pair: both planes under the pointer, and fresh samples."""

import numpy as np
import streamlit as st

from pages.latent_space import unseen
from pages.shared import address, bottleneck, class_names, digits, pin, scatter
from pages.shared import lab as ui
from pages.shared.component import component
from pages.shared.glossary import say
from pages.shared.once import once
from pages.shared.pair import halves, on_a_plane
from pages.shared.parcels import HALVES
from pages.shared.readings import says_damage
from pages.shared.trained import Trained
from vae.config import RunConfig
from vae.measures import latent
from vae.measures.chunks import decode_all

SAMPLES = 16
OWN = ("x", "z", "layers", "classes")  # what the picture keeps in the address

_latent_space = component("latent_space", "latent_space", css=pin.css("latent_space", "latent_space"))


@says_damage
def codes(left: RunConfig, vae: RunConfig, same_axes: bool) -> None:
    """Both planes under the pointer, and the digit whose codes are marked in them."""
    pair = halves(vae, left)
    dimensions = scatter.choose_two(pair[1].test["kl_per_dimension"])
    now = {
        "left": left.run_id if left != ui.partner(vae) else None,
        "shared_axes": "true" if same_axes else None,
        **scatter.in_address(dimensions, vae.latent_dim),
    }
    _latent_space(
        key="latent space",
        data={
            **_data(pair, dimensions, same_axes),
            "given": address.given(*OWN),
            **pin.beside(vae, OWN, now, _of_pin),
        },
        height="content",
    )
    say(bottleneck.outcome(*pair))


def _of_pin(pinned: pin.Pin) -> dict:
    pair = halves(pinned.vae, pinned.left)
    return _data(pair, scatter.of_view(pinned.view, pair[1].test["kl_per_dimension"]), "shared_axes" in pinned.view)


def _data(pair: list[Trained], dimensions: tuple[int, ...], same_axes: bool) -> dict:
    """What the picture is drawn of."""
    sent, vae = on_a_plane(pair, dimensions), pair[1].config
    if same_axes:
        sent["limits"] = dict.fromkeys(sent["limits"], max(sent["limits"].values()))
    return {
        "dims": list(dimensions),
        "latentDim": vae.latent_dim,
        "colors": class_names.colors(vae.dataset),
        "names": {half: bottleneck.name(run.config) for half, run in zip(HALVES, pair)},
        "captions": {half: _caption(run, dimensions, sent["limits"][half]) for half, run in zip(HALVES, pair)},
        "unseen": unseen.classes_of(vae),
        "weights": {half: run.config.kl_weight for half, run in zip(HALVES, pair)},
        **sent,
        "subject": f"{sent['subject']} {sent['limits']}",
    }


def _caption(half: Trained, dimensions: tuple[int, ...], limit: float) -> str:
    """What a half is worth, and what of it the axes leave out."""
    outside = _outside(half, dimensions, limit)
    beyond = f"; {outside:,} of {len(half.test_set.labels):,} codes off the plot" if outside else ""
    return f"{bottleneck.name(half.config)}: {ui.test_in_words(half.config.run_id).replace('**', '')}{beyond}"


@once(200)
def _outside(run: Trained, dimensions: tuple[int, ...], limit: float) -> int:
    """How many codes axes of +-limit leave out."""
    return int((np.abs(run.points(dimensions)) > limit).any(1).sum())


def _bare(vae: RunConfig) -> None:
    """How much of what one draws from N(0, I) falls where no digit is at home; in two dimensions alone."""
    test = ui.test_of(vae.run_id)
    if test.get("bare") is not None and vae.latent_dim == 2:
        apart = max(test["kl"] - test["information"], 0.0)
        st.caption(
            f"The VAE's clouds together, q(z), leave {test['bare']:.0%} of N(0, I) bare: there q(z) is less than a "
            f"tenth of it. KL(q(z) ‖ N(0, I)) is {apart:.1f} nats; nothing in the objective makes it 0."
        )


@says_damage
def samples(left: RunConfig, vae: RunConfig) -> None:
    """Codes that belong to no digit, decoded: from N(0, I) by both, and from a Gaussian fitted to the left's codes."""
    st.subheader("Fresh samples")
    row, bind = st.container(horizontal=True, vertical_alignment="bottom"), address.binding("draw")
    draw = row.number_input("Draw", min_value=0, max_value=address.MOST_DRAWS, step=1, key="draw", bind=bind, width=180)
    row.button("Sample again", icon=":material/casino:", on_click=_draw_again)
    st.html(_samples(*halves(vae, left), draw))
    _bare(vae)
    if words := bottleneck.beyond(left, latent.prior_samples(SAMPLES, left.latent_dim, draw)):
        say(words)


@once(200)
def _samples(left: Trained, right: Trained, draw: int) -> str:
    prior = latent.prior_samples(SAMPLES, right.config.latent_dim, draw)
    z = latent.aggregate_samples(*left.codes, 0)
    fitted = latent.gaussian_samples(latent.fit_gaussian(z), SAMPLES, draw)
    name = bottleneck.name(left.config)
    rows = {
        f"{bottleneck.name(right.config)}: z from N(0, I), its prior": decode_all(right.model, prior).numpy(),
        f"{name}: z from N(0, I)": decode_all(left.model, prior).numpy(),
        f"{name}: z from a Gaussian fitted to its codes": decode_all(left.model, fitted).numpy(),
    }
    return digits.film_strips(rows, widest=1200)


def _draw_again() -> None:
    st.session_state["draw"] = st.session_state.get("draw", 0) + 1
