"""Anybody's digit is put where MNIST's are."""

import numpy as np
import torch

from pages.shared.component import base64_of
from vae import data

CENTRED = """async ([text, side]) => {
  const { centreDigit } = await import("./shared/centre.js");
  const { floatsOf } = await import("./shared/bytes.js");
  const grey = floatsOf(text), area = side * side;
  return Array.from({ length: grey.length / area }, (_, i) =>
    Array.from(centreDigit({ width: side, height: side, grey: grey.subarray(i * area, (i + 1) * area) })));
}"""


def correlations(modules, pictures: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Of each image with its picture once that is centred."""
    centred = np.array(modules.evaluate(CENTRED, [base64_of(pictures), pictures.shape[-1]]))
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(centred, images)])


def test_mnists_own_digits_stay_as_they_are(modules):
    images = data.load("mnist", "test").images[:100].numpy()
    same = correlations(modules, images.reshape(-1, 28, 28), images)
    assert np.median(same) > 0.999 and same.min() > 0.99


def test_a_digit_moved_and_enlarged_comes_back(modules):
    images = data.load("mnist", "test").images[:60]
    large = torch.nn.functional.interpolate(images.reshape(-1, 1, 28, 28), scale_factor=4, mode="bilinear")[:, 0]
    moved = torch.nn.functional.pad(large, (70, 0, 11, 59)).clamp(0, 1).numpy()  # into a corner of a larger sheet
    assert np.median(correlations(modules, moved, images.numpy())) > 0.9


def test_an_empty_sheet_is_no_digit(modules):
    sheet = "{ width: 3, height: 3, grey: new Float32Array(9) }"
    empty = f"async () => (await import('./shared/centre.js')).centreDigit({sheet})"
    assert modules.evaluate(empty) is None
