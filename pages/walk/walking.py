"""A walk through the latent space: the component of assets/browser/walk/walk.*, fed, and its ways as GIFs."""

import base64
import io

import numpy as np
import streamlit as st
import torch
from PIL import Image

from pages.shared import address, figures, in_words, pin
from pages.shared.component import component, received
from pages.shared.once import once
from pages.shared.pair import halves
from pages.shared.parcels import HALVES, models
from pages.shared.plain import message
from pages.shared.readings import says_damage
from pages.shared.trained import Trained
from vae.config import RunConfig
from vae.measures.chunks import decode_all

SIGMAS = 3.0  # how far a VAE's sliders go, in units of the prior's sigma
FRAME = 80  # milliseconds of a GIF's frame
ZOOM = 6
KEY = "latent walk"
OWN = ("x", "x2", "z_ae", "z_vae", "sphere")  # what the picture keeps in the address

_walk = component("walk", "walk", css=pin.css("walk", "walk"))


@says_damage
def along_dimensions(vae: RunConfig) -> None:
    """A slider a dimension for both models, the way between two digits, and that way as a GIF."""
    pair = halves(vae)
    _walk(
        key=KEY,
        data={
            **_data(pair),
            "gif": _gif(*pair),
            "given": address.given(*OWN),
            **pin.beside(vae, OWN, {}, lambda pinned: _data(halves(pinned.vae))),
        },
        sends={"gif": None},
        height="content",
    )
    st.caption(
        "A VAE's sliders go from −3 to 3 σ of its prior. An AE has no prior, so each of its sliders goes where 98 % of "
        f"that number's codes are; all of them at once hold {_share_held(pair[0]):.0%} of its "
        f"{len(pair[0].test_set.labels):,} codes."
    )


def _data(pair: list[Trained]) -> dict:
    """What the picture is drawn of."""
    ae, vae = pair
    return {
        "latentDim": vae.config.latent_dim,
        "ranges": {"ae": _percentiles(ae), "vae": [[-SIGMAS, SIGMAS]] * vae.config.latent_dim},
        "kl": vae.test["kl_per_dimension"],
        **models(pair),
    }


def _gif(ae: Trained, vae: Trained) -> str | None:
    """The way that the browser asks for as a GIF, with what is shown: a file of Streamlit's would be on one server."""
    way = received(KEY, "gif")
    if way is None:
        return None
    try:
        return base64.b64encode(way_as_gif(ae, vae, way)).decode()
    except ValueError as error:
        st.warning(f"No GIF can be made of this: {message(error)}")
        return None


@once(60)
def _percentiles(run: Trained) -> list[list[float]]:
    """For each dimension, where 1 % and 99 % of the test codes lie below."""
    return torch.quantile(run.codes[0], torch.tensor([0.01, 0.99]), dim=0).T.tolist()


@once(60)
def _share_held(run: Trained) -> float:
    """The share of the test codes of which every number is within its slider."""
    low, high = torch.tensor(_percentiles(run)).T
    codes = run.codes[0]
    return ((codes >= low) & (codes <= high)).all(1).double().mean().item()


def way_as_gif(ae: Trained, vae: Trained, way: list[dict[str, list[float]]]) -> bytes:
    """Codes of both models, frame by frame, as an endless GIF there and back: AE left, VAE right, as its comment says.

    way: as SENT in address.py allows it. Raises ValueError for codes of other dimensions than the models'.
    """
    latent_dim = vae.config.latent_dim
    if any(len(frame[half]) != latent_dim for frame in way for half in HALVES):
        raise ValueError(f"its codes have not {latent_dim} numbers")
    images = [
        decode_all(half.model, torch.tensor([frame[half.config.model] for frame in way], dtype=torch.float32)).numpy()
        for half in (ae, vae)
    ]
    frames = [figures.mosaic(np.stack(pair), 2, gap=2, zoom=ZOOM)[..., 0] for pair in zip(*images)]
    first, *others = [Image.fromarray(frame) for frame in [*frames, *frames[-2:0:-1]]]
    buffer = io.BytesIO()
    settings = f"AE left, VAE right: {in_words.describe(vae.config)}".encode()
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=FRAME, loop=0, comment=settings)
    return buffer.getvalue()
