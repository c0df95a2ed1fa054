"""From numbers or colours to levels of 28 x 28: size, grey and polarity."""

from collections.abc import Iterable

import numpy as np
from PIL import Image

from vae.own_data.checks import OwnDataError

SIDE = 28
PIXELS = SIDE * SIDE
ALLOWED = "allowed are numbers from 0 to 1, or levels from 0 to 255"


def up_to_one(chunks: Iterable[np.ndarray]) -> bool:
    """Whether no number is above 1, so that 1 is white and not nearly black; it looks no further than it must."""
    return not any((chunk > 1).any() for chunk in chunks)


def to_levels(numbers: np.ndarray, ends_at_one: bool) -> np.ndarray:
    """Numbers from 0 to 1, or from 0 to 255, as levels: uint8 of the same shape."""
    if ends_at_one:
        return np.rint(numbers.astype(np.float32) * 255).astype(np.uint8)
    return np.rint(numbers).astype(np.uint8) if numbers.dtype.kind == "f" else numbers.astype(np.uint8)


def are_levels(numbers: np.ndarray) -> bool:
    """Whether all numbers, if there are any, are finite and in the range that is allowed."""
    return not numbers.size or bool(numbers.min() >= 0 and numbers.max() <= 255)  # NaN is neither


def check_levels(numbers: np.ndarray, place: str, before: int) -> None:
    """Refuses numbers (k, ...) out of range, naming the first one's picture, of which `before` came earlier."""
    if are_levels(numbers):
        return
    rows = numbers.reshape(len(numbers), -1)
    wrong = ~((rows >= 0) & (rows <= 255))
    row = int(wrong.any(1).argmax())
    value = rows[row, wrong[row].argmax()]
    raise OwnDataError(place, f"picture {before + row + 1} holds {value}; {ALLOWED}")


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
    """A picture of the modes L, RGB or RGBA as a grey one, by its luma; what can be seen through lies on white."""
    if image.mode != "RGBA":
        return image.convert("L")
    return Image.composite(image.convert("L"), Image.new("L", image.size, 255), image.getchannel("A"))


def fit(pictures: np.ndarray) -> np.ndarray:
    """Grey pictures (k, h, w) uint8 of one size, whole, in 28 x 28: (k, 784)."""
    if pictures.shape[1:] == (SIDE, SIDE):
        return pictures.reshape(-1, PIXELS)
    pictures = np.ascontiguousarray(pictures)
    return _on_background(np.stack([np.asarray(_scaled(Image.fromarray(picture))) for picture in pictures]))


def fit_image(image: Image.Image) -> np.ndarray:
    """A grey picture (mode L), whole, in 28 x 28: (784,)."""
    return _on_background(np.asarray(_scaled(image))[None])[0]


def _scaled(image: Image.Image) -> Image.Image:
    """The picture with its longer side 28 and its proportions: the mean of areas, or between pixels where it grows."""
    longer = max(image.size)
    size = tuple(max(1, round(side * SIDE / longer)) for side in image.size)
    return image.resize(size, Image.Resampling.BOX if longer > SIDE else Image.Resampling.BILINEAR)


def _on_background(pictures: np.ndarray) -> np.ndarray:
    """Pictures (k, h, w) in the middle of 28 x 28, on the median of their own borders: (k, 784)."""
    count, high, wide = pictures.shape
    backgrounds = np.median(_border(pictures), axis=1).astype(np.uint8)
    whole = np.repeat(backgrounds, PIXELS).reshape(count, SIDE, SIDE)
    top, left = (SIDE - high) // 2, (SIDE - wide) // 2
    whole[:, top : top + high, left : left + wide] = pictures
    return whole.reshape(count, PIXELS)


def _border(pictures: np.ndarray) -> np.ndarray:
    """The outermost pixels of pictures (k, h, w), corners twice: (k, 2 h + 2 w)."""
    return np.concatenate([pictures[:, 0], pictures[:, -1], pictures[:, :, 0], pictures[:, :, -1]], axis=1)


def border_level(levels: np.ndarray) -> float:
    """How light the border of pictures (n, 784) is on average, from 0 to 255."""
    return float(_border(levels.reshape(-1, SIDE, SIDE)).mean())


def transpose(levels: np.ndarray) -> None:
    """Swaps rows and columns of pictures (n, 784), in their place."""
    for first in range(0, len(levels), 10_000):
        some = levels[first : first + 10_000].reshape(-1, SIDE, SIDE)
        levels[first : first + 10_000] = some.transpose(0, 2, 1).reshape(-1, PIXELS)


def invert(levels: np.ndarray) -> None:
    """Turns light into dark and dark into light, in place."""
    np.subtract(255, levels, out=levels)


COLOURS = "Colours were made grey by how light they look (luma)."
SEEN_THROUGH = "What can be seen through was laid on white."


def words_of_size(sizes: set[tuple[int, int]]) -> str:
    """What was done to pictures of some heights and widths; "" where nothing was."""
    if not sizes - {(SIDE, SIDE)}:
        return ""
    (high, wide), (highest, widest) = (tuple(map(end, zip(*sizes))) for end in (min, max))
    was = f"{high} × {wide}" if len(sizes) == 1 else f"{high} × {wide} to {highest} × {widest}"
    padded = " The rest of the square has the colour of the border." if any(a != b for a, b in sizes) else ""
    return f"Pictures of {was} pixels were scaled to fit {SIDE} × {SIDE}, whole and in proportion.{padded}"
