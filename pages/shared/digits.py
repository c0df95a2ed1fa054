"""How pages show digits: film strips with a name at each row, alike everywhere."""

import base64
import html
import io

import numpy as np
import streamlit as st
from PIL import Image

from pages.shared.figures import mosaic


def png_uri(picture: np.ndarray) -> str:
    """A picture (height, width, 3 or 4) uint8 as a data: address."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def film_strips(rows: dict[str, np.ndarray], widest: int = 900, stacked: bool = False) -> None:
    """Rows of digits: name -> images (n, 784) in [0, 1], names beside them or (stacked) above; `widest` in pixels."""
    st.html(_markup(rows, widest, stacked))


@st.cache_data(max_entries=500, show_spinner=False)
def _markup(rows: dict[str, np.ndarray], widest: int, stacked: bool) -> str:
    cells = []
    for name, images in rows.items():
        label = html.escape(name)
        cells.append(f'<span>{label}</span><img src="{png_uri(mosaic(images, len(images)))}" alt="{label}">')
    return f'<div class="strips{" stacked" * stacked}" style="--widest: {widest}px">{"".join(cells)}</div>'
