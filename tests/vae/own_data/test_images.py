"""Pictures of every mode become grey levels, and what was done is said."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.vae.own_data.makers import picture_file
from vae.own_data import OwnDataError
from vae.own_data.images import COLOURS, FIRST_FRAME, SEEN_THROUGH, SIXTEEN_BITS, TURNED, read_image

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (28, 28), np.uint8)
COLOUR = RANDOM.integers(0, 256, (28, 28, 3), np.uint8)
LUMA = (COLOUR @ np.array([0.299, 0.587, 0.114])).reshape(-1)


def seen(image: Image.Image, kind: str = "PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return read_image(file.getvalue(), "a")


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF"])
def test_grey_pictures_stay_as_they_are(kind):
    found = read_image(picture_file(GREY, kind), "a")
    assert np.array_equal(found.levels, GREY.reshape(-1)) and found.size == (28, 28) and not found.done - {COLOURS}
    webp = read_image(picture_file(GREY, "WEBP", lossless=True), "a")
    assert np.abs(webp.levels.astype(int) - GREY.reshape(-1)).max() <= 1


def test_black_and_white_is_0_and_255():
    assert np.array_equal(seen(Image.fromarray(GREY > 99)).levels, (GREY > 99).reshape(-1) * 255)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_colours_become_their_luma(kind):
    found = read_image(picture_file(COLOUR, kind), "a")
    assert np.abs(found.levels - LUMA).max() <= 1 and found.done == {COLOURS}


def test_palettes_and_inks_become_their_luma():
    few = Image.fromarray(COLOUR).quantize(16)
    wanted = (np.asarray(few.convert("RGB")) @ np.array([0.299, 0.587, 0.114])).reshape(-1)
    for kind in ("PNG", "GIF", "BMP"):
        assert np.abs(seen(few, kind).levels - wanted).max() <= 1
    inks = Image.fromarray(COLOUR).convert("CMYK")
    assert np.abs(seen(inks, "TIFF").levels - LUMA).max() <= 1


@pytest.mark.parametrize("grey", [True, False])
def test_what_can_be_seen_through_lies_on_white(grey):
    alpha = RANDOM.integers(0, 256, (28, 28), np.uint8)
    under = LUMA.reshape(28, 28) if not grey else GREY
    image = Image.fromarray(GREY if grey else COLOUR)
    image.putalpha(Image.fromarray(alpha))
    wanted = under * (alpha / 255) + 255 * (1 - alpha / 255)
    found = seen(image)
    assert np.abs(found.levels - wanted.reshape(-1)).max() <= 1.5
    assert found.done == ({SEEN_THROUGH} if grey else {SEEN_THROUGH, COLOURS})
    image.putalpha(255)
    assert SEEN_THROUGH not in seen(image).done


def test_a_colour_that_is_said_to_be_clear_is_white():
    image = Image.fromarray(np.where(GREY > 99, 7, 0).astype(np.uint8))
    found = seen(image, transparency=7)
    assert np.array_equal(found.levels, np.where(GREY > 99, 255, 0).reshape(-1)) and SEEN_THROUGH in found.done


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_of_sixteen_bits_the_upper_eight_are_taken(kind):
    deep = RANDOM.integers(0, 65_536, (28, 28), np.uint16)
    found = read_image(picture_file(deep, kind), "a")
    assert np.array_equal(found.levels, (deep >> 8).reshape(-1)) and found.done == {SIXTEEN_BITS}


def test_numbers_that_are_no_levels_are_refused():
    for numbers, words in [
        (GREY.astype(np.float32), "its levels are numbers with a point"),
        (GREY.astype(np.int32) + 70_000, r"its levels go from 700\d\d to 70\d\d\d; allowed are 0 to 65535"),
    ]:
        with pytest.raises(OwnDataError, match=f"^a: {words}"):
            read_image(picture_file(numbers, "TIFF"), "a")


@pytest.mark.parametrize("orientation, quarters", [(1, 0), (3, 2), (6, -1), (8, 1)])
def test_pictures_are_turned_as_the_camera_says(orientation, quarters):
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = seen(Image.fromarray(GREY), exif=exif)
    assert np.array_equal(found.levels, np.rot90(GREY, quarters).reshape(-1))
    assert (TURNED in found.done) == (orientation != 1)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_of_moving_pictures_the_first_frame_is_taken(kind):
    frames = [Image.new("L", (28, 28), level) for level in (200, 0, 90)]
    found = seen(
        frames[0], kind, save_all=True, append_images=frames[1:], **({"lossless": True} if kind == "WEBP" else {})
    )
    assert set(found.levels) == {200} and FIRST_FRAME in found.done


def test_a_large_photograph_is_scaled_to_the_mean_of_its_areas():
    high, wide = 3_000, 2_000
    photo = np.linspace(0, 255, high * wide).reshape(high, wide).astype(np.uint8)
    found = read_image(picture_file(photo, "JPEG", quality=95), "a")
    square = found.levels.reshape(28, 28).astype(int)
    assert found.size == (high, wide)
    assert np.abs(square[:, 14] - (np.arange(28) + 0.5) * 255 / 28).max() <= 3  # from dark to light
    assert (square[:, :4] == square[0, 0]).all() and (square[:, 24:] == square[0, 0]).all()  # of 19 columns, padded


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff\xe0", b"%!PS-Adobe", b"P5 28 28 255 " + bytes(784)])
def test_what_is_none_of_the_formats_is_refused(data):
    with pytest.raises(OwnDataError, match=r"^a: it cannot be read as a picture"):
        read_image(data, "a")
