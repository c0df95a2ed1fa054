"""One picture of a file of its own (png, jpg, and others), as grey levels of 28 x 28."""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vae.own_data.checks import MOST_PIXELS, OwnDataError
from vae.own_data.greys import COLOURS, SEEN_THROUGH, grey_image
from vae.own_data.sizes import SIDE, fit_image

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
TURNED = "Pictures were turned as their cameras say (EXIF)."
SIXTEEN_BITS = "Of 65,536 levels (16 bits) 256 were made."
FIRST_FRAME = "Of moving pictures the first frame was taken."
_ENOUGH = (8 * SIDE, 8 * SIDE)  # a jpg is unpacked no larger than it must
_ORIENTATION = 0x0112  # of EXIF


class Seen(NamedTuple):
    """A picture: levels (784,) uint8, its height and width, and sentences of what was done to it."""

    levels: np.ndarray
    size: tuple[int, int]
    done: set[str]


def read_image(data: bytes, place: str) -> Seen:
    """A picture from the bytes of its file; raises OwnDataError where they are none, or one that is too large."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return _seen(image, place)
    except OwnDataError:
        raise
    except UnidentifiedImageError as error:
        raise OwnDataError(place, f"it cannot be read as a picture; allowed are {', '.join(FORMATS)}") from error
    except Exception as error:  # there is no end to what Pillow raises for damaged files
        raise OwnDataError(place, f"it cannot be read as a picture ({error})") from error


def _seen(image: Image.Image, place: str) -> Seen:
    wide, high = image.size
    if wide * high > MOST_PIXELS:
        raise OwnDataError(place, f"{wide:,} × {high:,} pixels, but at most {MOST_PIXELS:,} in all are allowed")
    done = {FIRST_FRAME} if image.format in ("GIF", "WEBP") and image.is_animated else set()
    image.draft(None, _ENOUGH)
    if image.getexif().get(_ORIENTATION, 1) != 1:
        ImageOps.exif_transpose(image, in_place=True)
        done.add(TURNED)
    image, more = _grey(image, place)
    return Seen(fit_image(image), (high, wide), done | more)


def _grey(image: Image.Image, place: str) -> tuple[Image.Image, set[str]]:
    """A picture of any mode as one of the mode L, and what was done to it."""
    if image.mode == "F":
        raise OwnDataError(place, "its levels are numbers with a point; allowed are whole ones, of 8 or 16 bits")
    if image.mode.startswith("I"):
        return _of_sixteen_bits(image, place), {SIXTEEN_BITS}
    done = set() if image.mode in ("1", "L", "LA", "La") else {COLOURS}
    wanted = "RGBA" if image.has_transparency_data else "L" if image.mode in ("1", "L") else "RGB"
    if image.mode != wanted:  # else it would be copied
        image = image.convert(wanted)
    if wanted == "RGBA" and image.getextrema()[3][0] < 255:
        done.add(SEEN_THROUGH)
    return grey_image(image), done


def _of_sixteen_bits(image: Image.Image, place: str) -> Image.Image:
    numbers = np.asarray(image)
    if numbers.min() < 0 or numbers.max() > 65_535:
        raise OwnDataError(place, f"its levels go from {numbers.min()} to {numbers.max()}; allowed are 0 to 65535")
    return Image.fromarray((numbers >> 8).astype(np.uint8))
