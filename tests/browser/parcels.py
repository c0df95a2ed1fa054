"""What the server sends a component, made here without it, and what it should make of that and shows."""

import functools

import numpy as np
import torch
from playwright.sync_api import Page

from tests.weights import weights_of
from vae import data
from vae.config import RunConfig
from vae.model_bytes import pack_model
from vae.models import pixel_means
from vae.training.loop import train

COLORS = [f"#{level:02x}{255 - level:02x}40" for level in range(0, 250, 25)]  # one a class, all different
FEW = 300  # test digits: enough for the one that every page begins with
PLANE = RunConfig(hidden_dims=(32,), train_size=2_000, epochs=3)  # two dimensions
TEN = RunConfig(latent_dim=10, hidden_dims=(32,), train_size=2_000, epochs=3)
RED = """canvas => {
  const { width, height } = canvas, { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return [width, Array.from(data.filter((_, i) => i % 4 === 0))];
}"""

# The positions of all pixels of a plane that have a colour, and how wide a pixel is.
PAINTED = """([plane, color]) => {
  const { width, height } = plane.canvas, found = [];
  const { data } = plane.canvas.getContext("2d").getImageData(0, 0, width, height);
  for (let i = 0; i < width * height; i++) {
    const isIt = data[4 * i + 3] > 140 && color.every((level, c) => Math.abs(data[4 * i + c] - level) < 20);
    if (isIt) found.push(plane.view.toLatent([(i % width) + 0.5, Math.floor(i / width) + 0.5]));
  }
  return [found, (2 * plane.view.limit) / plane.view.size];
}"""


def digits(count: int = FEW) -> dict[str, bytes]:
    """The first test images and their labels."""
    test = data.load("mnist", "test")
    return {
        "images": (test.images[:count] * 255).round().to(torch.uint8).numpy().tobytes(),
        "labels": test.labels[:count].to(torch.uint8).numpy().tobytes(),
    }


def images(*indices: int) -> torch.Tensor:
    """Test digits (n, 784), as the browser sees them: of 256 levels."""
    return (data.load("mnist", "test").images[list(indices)] * 255).round() / 255


@functools.cache
@torch.enable_grad()  # whoever asks
def network(config: RunConfig) -> torch.nn.Module:
    """A network that has been trained for a moment."""
    *_, last = train(config)
    return last.model


def pair(config: RunConfig) -> dict[str, bytes]:
    """An AE and its VAE."""
    return {"ae": model(config.autoencoder), "vae": model(config)}


def model(config: RunConfig) -> bytes:
    """A network as bytes, to the last bit."""
    return pack_model(weights_of(network(config)), config, exact=True)


@torch.no_grad()
def codes(config: RunConfig, dimensions: tuple[int, ...], count: int = FEW) -> bytes:
    """Rows of mu, then of a VAE's sigma, of the first test digits."""
    encoded = network(config).encode(images(*range(count)))
    parts = [encoded] if config.model == "ae" else [encoded[0], encoded[1].exp()]
    return np.concatenate([part[:, list(dimensions)].T.numpy() for part in parts]).astype("<f4").tobytes()


@torch.no_grad()
def code(config: RunConfig, index: int) -> tuple[np.ndarray, np.ndarray | None]:
    """mu and sigma of a test digit; an AE's sigma is None."""
    encoded = network(config).encode(images(index))
    if config.model == "ae":
        return encoded[0].double().numpy(), None
    return encoded[0][0].double().numpy(), encoded[1][0].exp().double().numpy()


@torch.no_grad()
def decoded(config: RunConfig, *codes) -> np.ndarray:
    """What a decoder makes of codes, side by side as on a film strip: levels (28, 28 n) from 0 to 255."""
    levels = pixel_means(network(config).decode(torch.tensor(np.array(codes), dtype=torch.float32))) * 255
    return levels.reshape(-1, 28, 28).permute(1, 0, 2).reshape(28, -1).numpy()


def levels(page: Page, selector: str) -> np.ndarray:
    """What a canvas shows: its levels of red (height, width) from 0 to 255."""
    width, red = page.locator(selector).first.evaluate(RED)
    return np.array(red).reshape(-1, width)


def normals(page: Page, seed: int, count: int) -> np.ndarray:
    """The browser's eps of a seed (tests/browser/test_random.py looks at them)."""
    draw = "async ([seed, count]) => Array.from((await import('./shared/random.js')).normals(seed, count))"
    return np.array(page.evaluate(draw, [seed, count]))


def painted(page: Page, plane: str, color: tuple[int, int, int]) -> tuple[np.ndarray, float]:
    """Where a plane (an expression in JavaScript) has a colour: positions (n, 2); and the width of a pixel there."""
    handle = page.evaluate_handle(plane)
    positions, pixel = page.evaluate(PAINTED, [handle, list(color)])
    return np.array(positions), pixel


def box(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle of positions (n, 2), and how far they reach from there, across and up."""
    low, high = positions.min(0), positions.max(0)
    return (low + high) / 2, (high - low) / 2
