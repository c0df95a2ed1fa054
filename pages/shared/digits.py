"""How pages show digits: film strips with a name at each row, alike everywhere."""

import base64
import html
import io

import numpy as np
from PIL import Image

from pages.shared.figures import mosaic


def _png_uri(picture: np.ndarray) -> str:
    """A grey picture (height, width, 4) uint8 as a data: address."""
    buffer = io.BytesIO()
    Image.fromarray(picture).convert("LA").save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def film_strips(rows: dict[str, np.ndarray], widest: int = 900, stacked: bool = False) -> str:
    """The HTML of rows of digits, for st.html; names stand beside them or (stacked) above.

    rows: name -> images (n, 784) in [0, 1]. widest: in pixels.
    """
    cells = []
    for name, images in rows.items():
        label, picture = html.escape(name), mosaic(images, len(images), gap=1, zoom=1)  # enlarged by style.css
        cells.append(f'<span>{label}</span><img src="{_png_uri(picture)}" alt="{label}">')
    return f'<div class="strips{" stacked" * stacked}" style="--widest: {widest}px">{"".join(cells)}</div>'
