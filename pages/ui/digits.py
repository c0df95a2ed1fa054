"""How pages show digits: film strips with a name at each row, alike everywhere."""

import base64
import html
import io

import numpy as np
import streamlit as st
import torch
from PIL import Image

from vae.figures import mosaic


def png_uri(picture: np.ndarray) -> str:
    """A picture (height, width, 3 or 4) uint8 as a data: address."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def numbers(codes: torch.Tensor) -> str:
    """The first code of (n, latent_dim) for people, its first four numbers."""
    shown = ", ".join(f"{value:.2f}".replace("-", "−") for value in codes[0, :4].tolist())
    return f"({shown}{', …' if codes.shape[1] > 4 else ''})"


def film_strips(
    rows: dict[str, np.ndarray],
    columns: int | None = None,
    widest: int = 900,
    stacked: bool = False,
    captions: list[list[str]] | None = None,
) -> None:
    """Rows of digits: name -> images (n, 784) in [0, 1], names beside them or (stacked) above; `widest` in pixels.

    columns: room in a row, where it is more than the images; captions: for each row, a text under each image or none.
    """
    st.html(_markup(rows, columns, widest, stacked, captions or [[]] * len(rows)))


@st.cache_data(max_entries=500, show_spinner=False)
def _markup(rows: dict[str, np.ndarray], columns: int | None, widest: int, stacked: bool, captions: list) -> str:
    cells = []
    for (name, images), texts in zip(rows.items(), captions):
        room, label = columns or len(images), html.escape(name)
        picture = f'<img src="{png_uri(mosaic(images, room))}" alt="{label}">'
        under = "".join(f"<i>{html.escape(text)}</i>" for text in texts)
        cells.append(f'<span>{label}</span><div style="--room: {room}">{picture}<p>{under}</p></div>')
    return f'<div class="strips{" stacked" * stacked}" style="--widest: {widest}px">{"".join(cells)}</div>'
