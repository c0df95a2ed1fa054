"""Pictures of any size, whole, in 28 x 28."""

import numpy as np
from PIL import Image

SIDE = 28
PIXELS = SIDE * SIDE


def fit(pictures: np.ndarray) -> np.ndarray:
    """Grey pictures (k, h, w) uint8 of one size in 28 x 28: (k, 784)."""
    if pictures.shape[1:] == (SIDE, SIDE):
        return pictures.reshape(-1, PIXELS)
    pictures = np.ascontiguousarray(pictures)
    return _on_background(np.stack([np.asarray(_scaled(Image.fromarray(picture))) for picture in pictures]))


def fit_image(image: Image.Image) -> np.ndarray:
    """A grey picture (mode L) in 28 x 28: (784,)."""
    return _on_background(np.asarray(_scaled(image))[None])[0]


def _scaled(image: Image.Image) -> Image.Image:
    """The picture with its longer side 28 and its proportions: the mean of areas, or between pixels where it grows."""
    longer = max(image.size)
    size = tuple(max(1, round(side * SIDE / longer)) for side in image.size)
    return image.resize(size, Image.Resampling.BOX if longer > SIDE else Image.Resampling.BILINEAR)


def _on_background(pictures: np.ndarray) -> np.ndarray:
    """Pictures (k, h, w) in the middle of 28 x 28, on the median of their own borders: (k, 784)."""
    count, high, wide = pictures.shape
    backgrounds = np.median(border(pictures), axis=1).astype(np.uint8)
    whole = np.repeat(backgrounds, PIXELS).reshape(count, SIDE, SIDE)
    top, left = (SIDE - high) // 2, (SIDE - wide) // 2
    whole[:, top : top + high, left : left + wide] = pictures
    return whole.reshape(count, PIXELS)


def border(pictures: np.ndarray) -> np.ndarray:
    """The outermost pixels of pictures (k, h, w), corners twice: (k, 2 h + 2 w)."""
    return np.concatenate([pictures[:, 0], pictures[:, -1], pictures[:, :, 0], pictures[:, :, -1]], axis=1)


def words_of_size(sizes: set[tuple[int, int]]) -> str:
    """What was done to pictures of some heights and widths; "" where nothing was."""
    if not sizes - {(SIDE, SIDE)}:
        return ""
    (high, wide), (highest, widest) = (tuple(map(end, zip(*sizes))) for end in (min, max))
    was = f"{high} × {wide}" if len(sizes) == 1 else f"{high} × {wide} to {highest} × {widest}"
    padded = " The rest of the square has the grey of the border." if any(a != b for a, b in sizes) else ""
    return f"Pictures of {was} pixels were scaled to fit {SIDE} × {SIDE}, whole and in proportion.{padded}"
