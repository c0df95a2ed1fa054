"""How pages show digits: film strips with a name at each row, alike everywhere."""

import base64
import html
import io

import numpy as np
import streamlit as st
from PIL import Image

from vae.figures import mosaic


def png_uri(picture: np.ndarray) -> str:
    """A picture (height, width, 3 or 4) uint8 as a data: address."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


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
    cells = []
    for (name, images), texts in zip(rows.items(), captions or [[]] * len(rows)):
        room = columns or len(images)
        picture = png_uri(mosaic(images, room))
        under = "".join(f"<i>{html.escape(text)}</i>" for text in texts)
        cells.append(
            f'<span>{html.escape(name)}</span><div style="--room: {room}"><img src="{picture}" alt="{html.escape(name)}">'
            f"<p>{under}</p></div>"
        )
    kind = "strips stacked" if stacked else "strips"
    st.html(f'<div class="{kind}" style="--widest: {widest}px">{"".join(cells)}</div>')
