"""Colours and what can be seen through, as grey."""

import numpy as np
from PIL import Image

COLOURS = "Colours were made grey by how light they look (luma)."
SEEN_THROUGH = "What can be seen through was laid on white."


def grey(levels: np.ndarray) -> np.ndarray:
    """Levels (k, h, w) or (k, h, w, 1, 3 or 4) uint8 as grey ones: (k, h, w)."""
    if levels.ndim == 3:
        return levels
    if levels.shape[3] == 1:
        return levels[..., 0]
    count, high, wide, channels = levels.shape
    tall = Image.fromarray(np.ascontiguousarray(levels).reshape(count * high, wide, channels))
    return np.asarray(grey_image(tall)).reshape(count, high, wide)


def grey_image(image: Image.Image) -> Image.Image:
    """A picture of the mode L, RGB or RGBA as a grey one, by its luma; what can be seen through lies on white."""
    if image.mode != "RGBA":
        return image.convert("L")
    return Image.composite(image.convert("L"), Image.new("L", image.size, 255), image.getchannel("A"))
