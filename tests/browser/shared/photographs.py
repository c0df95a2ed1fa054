"""Photographs of written digits as they are made: test digits on paper, in poor light, by other pens."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from vae import data

Draw = Callable[[np.random.Generator], tuple[int, bytes]]


class Photograph:
    """One digit on one sheet: where and how large it is, its pen, and the light, all by chance."""

    def __init__(self, random: np.random.Generator):
        self.random = random
        self.side = int(random.integers(400, 1300))
        self.index = int(random.integers(10_000))
        self.size = float(random.uniform(0.3, 0.6))  # of the sheet
        self.paper, self.ink = float(random.uniform(0.7, 0.95)), float(random.uniform(0.1, 0.3))
        self.light = np.ones((self.side, self.side))
        self.grain = float(random.uniform(0.002, 0.012))
        self.weight = 0.35  # where a stroke's edge lies in the test digit's grey: faint ones stay whole
        self.place = None

    @property
    def plane(self) -> tuple[np.ndarray, np.ndarray]:
        """Both coordinates of each pixel, from -1 to 1."""
        line = np.linspace(-1, 1, self.side)
        return line[None, :], line[:, None]

    def strokes(self) -> np.ndarray:
        """How much of the ink lies on each pixel."""
        levels = (data.load("mnist", "test").images[self.index].reshape(28, 28) * 255).byte().numpy()
        high = round(self.side * self.size * 28 / 20)
        large = np.asarray(Image.fromarray(levels).resize((high, high), Image.Resampling.BICUBIC)) / 255
        digit = np.clip((large - self.weight) * high / 56 + 0.5, 0, 1)
        room = self.side - high
        share = self.random.uniform(0.25, 0.75, 2) if self.place is None else np.array(self.place)
        top, left = (share * room).astype(int)
        sheet = np.zeros((self.side, self.side))
        rows, columns = np.nonzero(digit)
        inside = (rows + top >= 0) & (rows + top < self.side) & (columns + left >= 0) & (columns + left < self.side)
        sheet[rows[inside] + top, columns[inside] + left] = digit[rows[inside], columns[inside]]
        return sheet

    def levels(self, on_paper: np.ndarray | float = 1.0) -> np.ndarray:
        """The photograph's grey; on_paper: what is printed or lies on it, as a share of its light."""
        strokes = self.strokes()
        sheet = self.paper * on_paper * (1 - strokes) + self.ink * np.minimum(on_paper, 1) * strokes
        seen = sheet * self.light + self.random.normal(0, self.grain, sheet.shape)
        return np.clip(seen, 0, 1)

    def printed(self, paint: Callable[[ImageDraw.ImageDraw], None], ink: float) -> np.ndarray:
        """What a drawing of lines or spots leaves of the paper's light."""
        image = Image.new("L", (self.side, self.side))
        paint(ImageDraw.Draw(image))
        soft = image.filter(ImageFilter.GaussianBlur(0.7))
        return 1 - (1 - ink / self.paper) * np.asarray(soft) / 255


def as_file(levels: np.ndarray, kind: str = "JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray((levels * 255).round().astype(np.uint8)).convert("RGB")
    picture.save(buffer, kind, **({"quality": 85} if kind in ("JPEG", "WEBP") else {}) | options)
    return buffer.getvalue()


def plain(random: np.random.Generator) -> tuple[int, bytes]:
    photo = Photograph(random)
    return photo.index, as_file(photo.levels(), quality=int(random.integers(50, 96)))


def shadow_across(random: np.random.Generator) -> tuple[int, bytes]:
    photo = Photograph(random)
    x, y = photo.plane
    angle = random.uniform(0, 2 * np.pi)
    photo.light = 1 - random.uniform(0.2, 0.55) * np.clip((x * np.cos(angle) + y * np.sin(angle)) / 2.4 + 0.5, 0, 1)
    return photo.index, as_file(photo.levels())


def shadow_edge(random: np.random.Generator) -> tuple[int, bytes]:
    photo = Photograph(random)
    x, y = photo.plane
    angle, place, soft = random.uniform(0, 2 * np.pi), random.uniform(-0.4, 0.4), random.uniform(0.002, 0.05)
    behind = np.clip((x * np.cos(angle) + y * np.sin(angle) - place) / soft + 0.5, 0, 1)
    photo.light = 1 - random.uniform(0.2, 0.45) * behind
    return photo.index, as_file(photo.levels())


def vignette(random: np.random.Generator) -> tuple[int, bytes]:
    photo = Photograph(random)
    x, y = photo.plane
    photo.light = 1 - random.uniform(0.2, 0.5) * (x**2 + y**2) / 2
    return photo.index, as_file(photo.levels())


def frame(random: np.random.Generator) -> tuple[int, bytes]:
    photo = Photograph(random)
    width = int(photo.side * random.uniform(0.01, 0.06))
    levels = photo.levels()
    for rows in (slice(None, width), slice(-width, None)):
        levels[rows] = levels[:, rows] = random.uniform(0.03, 0.3)
    return photo.index, as_file(levels)


def drawn_box(random: np.random.Generator) -> tuple[int, bytes]:
    """A box of a form around the digit, a little askew."""
    photo = Photograph(random)
    a, b, tilt = 0.08 * photo.side, 0.92 * photo.side, random.uniform(-0.02, 0.02) * photo.side
    corners = [(a - tilt, a + tilt), (b - tilt, a - tilt), (b + tilt, b - tilt), (a + tilt, b + tilt)]
    box = photo.printed(
        lambda brush: brush.line([*corners, corners[0]], fill=255, width=max(2, photo.side // 150)), photo.ink
    )
    photo.place = (0.5, 0.5)
    return photo.index, as_file(photo.levels(box))


def table_edge(random: np.random.Generator) -> tuple[int, bytes]:
    photo = Photograph(random)
    photo.size *= 0.8
    x, y = photo.plane
    angle = random.integers(4) * np.pi / 2 + random.uniform(-0.08, 0.08)
    beyond = x * np.cos(angle) + y * np.sin(angle) > random.uniform(0.66, 0.85)
    levels = photo.levels()
    grain = random.normal(random.uniform(0.1, 0.35), 0.02, levels.shape)
    return photo.index, as_file(np.where(beyond, np.clip(grain, 0, 1), levels))


def specks(random: np.random.Generator) -> tuple[int, bytes]:
    photo = Photograph(random)

    def dust(brush: ImageDraw.ImageDraw) -> None:
        for _ in range(random.integers(3, 12)):
            (x, y), r = random.uniform(0, photo.side, 2), random.uniform(0.001, 0.008) * photo.side
            brush.ellipse([x - r, y - r, x + r, y + r], fill=255)

    return photo.index, as_file(photo.levels(photo.printed(dust, photo.ink)))


def _lines(random: np.random.Generator, squared: bool) -> tuple[int, bytes]:
    photo = Photograph(random)
    gap, width = photo.side * random.uniform(0.05, 0.1), max(1, round(photo.side * random.uniform(0.001, 0.004)))
    tilt, long = np.tan(random.uniform(-0.04, 0.04)) * photo.side, photo.side

    def rule(brush: ImageDraw.ImageDraw) -> None:
        for at in np.arange(-long * 0.1 + random.uniform(0, gap), long * 1.1, gap):
            brush.line([0, at - tilt / 2, long, at + tilt / 2], fill=255, width=width)
            if squared:
                brush.line([at + tilt / 2, 0, at - tilt / 2, long], fill=255, width=width)

    on_paper = photo.printed(rule, random.uniform(photo.ink, 0.85 * photo.paper))  # as dark as the pen, or light blue
    return photo.index, as_file(photo.levels(on_paper))


def ruled(random: np.random.Generator) -> tuple[int, bytes]:
    return _lines(random, squared=False)


def squared(random: np.random.Generator) -> tuple[int, bytes]:
    return _lines(random, squared=True)


def thin_pen(random: np.random.Generator) -> tuple[int, bytes]:
    """The inside of a digit's strokes alone."""
    photo = Photograph(random)
    photo.weight = 0.6
    return photo.index, as_file(photo.levels())


def pencil(random: np.random.Generator) -> tuple[int, bytes]:
    photo = Photograph(random)
    photo.ink = photo.paper * random.uniform(0.55, 0.75)
    return photo.index, as_file(photo.levels())


def small_and_off(random: np.random.Generator) -> tuple[int, bytes]:
    photo = Photograph(random)
    photo.size, photo.place = random.uniform(0.12, 0.2), tuple(random.uniform(0.05, 0.95, 2))
    return photo.index, as_file(photo.levels())


def blackboard(random: np.random.Generator) -> tuple[int, bytes]:
    """Chalk, in uneven light."""
    photo = Photograph(random)
    photo.paper, photo.ink = random.uniform(0.1, 0.3), random.uniform(0.7, 0.95)
    x, y = photo.plane
    photo.light = 1 - random.uniform(0, 0.3) * (x * random.choice([-1, 1]) + 1) / 2 + 0 * y
    return photo.index, as_file(photo.levels())


def on_nothing(random: np.random.Generator) -> tuple[int, bytes]:
    """Ink of any grey on a transparent picture, as drawing programs save it."""
    photo = Photograph(random)
    ink = random.choice([0, 255, int(random.integers(256))])
    picture = Image.new("LA", (photo.side, photo.side), int(ink))
    picture.putalpha(Image.fromarray((photo.strokes() * 255).astype(np.uint8)))
    buffer = io.BytesIO()
    picture.save(buffer, random.choice(["PNG", "WEBP"]), **{"lossless": True})
    return photo.index, buffer.getvalue()


def mnists_own(random: np.random.Generator) -> tuple[int, bytes]:
    """The test digit's own 28 x 28 pixels, or some larger, light on dark."""
    index, side = int(random.integers(10_000)), int(random.choice([28, 56, 280, 500]))
    levels = data.load("mnist", "test").images[index].reshape(28, 28).numpy()
    picture = Image.fromarray((levels * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BILINEAR)
    return index, as_file(np.asarray(picture) / 255, "PNG")


CONDITIONS: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        *(plain, shadow_across, shadow_edge, vignette, frame, drawn_box, table_edge, specks, ruled, squared),
        *(thin_pen, pencil, small_and_off, blackboard, on_nothing, mnists_own),
    )
}
