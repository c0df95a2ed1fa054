"""Colours that eyes tell apart."""

import numpy as np
import pytest

from pages.shared.colors import CLASS_COLORS, DIGIT_COLORS

# What eyes with all cones, without those for green and without those for red see of linear RGB (Machado et al. 2009).
EYES = {
    "all cones": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = XYZ.sum(1)


def linear(colors) -> np.ndarray:
    """Colours "#rrggbb" as linear RGB (sRGB, IEC 61966-2-1)."""
    levels = np.array([[int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in colors]) / 255
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    """Linear RGB as CIE L*a*b*."""
    share = light.clip(0, 1) @ XYZ.T / WHITE
    root = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.stack([116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], 1)


@pytest.mark.parametrize("eyes", EYES)
def test_any_two_classes_have_colours_that_colour_blind_eyes_too_tell_apart(eyes):
    seen = lab(linear(CLASS_COLORS) @ EYES[eyes].T)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(12, 1)]
    assert len(apart) == 66 and apart.min() >= 17 and CLASS_COLORS[:10] == DIGIT_COLORS


def test_these_eyes_are_as_they_are_known():
    red, green = lab(linear(["#c05020", "#808000"])), lab(linear(["#c05020", "#808000"]) @ EYES["deuteranopia"].T)
    assert np.linalg.norm(red[0] - red[1]) > 50 > 25 > np.linalg.norm(green[0] - green[1])  # red-green blindness
    assert lab(linear(["#ffffff"]))[0] == pytest.approx([100, 0, 0], abs=0.01)
    for matrix in EYES.values():  # what is grey stays grey
        assert matrix.sum(1) == pytest.approx([1, 1, 1], abs=1e-5)
