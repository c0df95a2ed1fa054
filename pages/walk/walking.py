"""A walk through the latent space: the component of assets/browser/walk/walk.*, fed, and its ways as GIFs."""

import io

import numpy as np
import streamlit as st
import torch
from PIL import Image

from pages.shared import address, figures
from pages.shared import lab as ui
from pages.shared.component import component
from pages.shared.once import once
from pages.shared.pair import halves, models
from pages.shared.trained import Trained
from vae.config import RunConfig
from vae.measures import latent

SIGMAS = 3.0  # how far a VAE's sliders go, in units of the prior's sigma
FRAME = 80  # milliseconds of a GIF's frame
ZOOM = 6
LARGEST = 10_000.0  # of a number of a code

_walk = component("walk", "walk")


@ui.says_damage
def along_dimensions(vae: RunConfig) -> None:
    """A slider a dimension for both models, the way between two digits, and that way as a GIF."""
    given = address.given("x", "x2", "z_ae", "z_vae", "sphere")
    pair = halves(vae)
    ae_run, vae_run = pair
    key = "latent walk"
    state = _walk(
        key=key,
        data={
            "latentDim": vae.latent_dim,
            "ranges": {
                "ae": _percentiles(ae_run),
                "vae": [[-SIGMAS, SIGMAS]] * vae.latent_dim,
            },
            "kl": vae_run.metrics["test"]["kl_per_dimension"],
            "given": given,
            **models(pair),
        },
        on_gif_change=lambda: None,
        height="content",
    )
    if state.gif:
        try:
            gif = way_as_gif(ae_run, vae_run, state.gif)
        except ValueError as error:
            st.error(f"No GIF can be made of this: {error}")
            return
        st.download_button("Download the GIF", gif, "latent-walk.gif", "image/gif", icon=":material/download:")


@once(60)
def _percentiles(run: Trained) -> list[list[float]]:
    """For each dimension, where 1 % and 99 % of the test codes lie below."""
    return torch.quantile(run.codes[0], torch.tensor([0.01, 0.99]), dim=0).T.tolist()


def way_as_gif(ae: Trained, vae: Trained, way: list[dict[str, list[float]]]) -> bytes:
    """Codes of both models, frame by frame, as an endless GIF there and back: AE left, VAE right.

    Raises ValueError for what is not 2 to 100 frames of codes within +-10,000.
    """
    latent_dim = vae.config.latent_dim
    is_way = isinstance(way, list) and 2 <= len(way) <= 100 and all(isinstance(frame, dict) for frame in way)
    if not is_way or not all(_is_code(frame.get(half), latent_dim) for frame in way for half in ("ae", "vae")):
        raise ValueError(f"a way is 2 to 100 frames of {latent_dim} numbers from -10,000 to 10,000 for each model")
    images = [
        latent.decode_all(
            half.model, torch.tensor([frame[half.config.model] for frame in way], dtype=torch.float32)
        ).numpy()
        for half in (ae, vae)
    ]
    frames = [figures.mosaic(np.stack(pair), 2, gap=2, zoom=ZOOM)[..., 0] for pair in zip(*images)]
    first, *others = [Image.fromarray(frame) for frame in [*frames, *frames[-2:0:-1]]]
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=FRAME, loop=0)
    return buffer.getvalue()


def _is_code(numbers, latent_dim: int) -> bool:
    return (
        isinstance(numbers, list)
        and len(numbers) == latent_dim
        and all(type(value) in (int, float) and abs(value) <= LARGEST for value in numbers)  # which NaN never is
    )
