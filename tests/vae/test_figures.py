"""Figures say what their arrays say."""

import numpy as np
import pytest

from vae import figures


def test_a_mosaic_has_each_image_in_its_cell_and_nothing_between():
    images = np.random.default_rng(0).random((5, 784))
    picture = figures.mosaic(images, columns=3, gap=2, zoom=2)
    assert picture.shape == (2 * 58 - 2, 3 * 58 - 2, 4)
    for index, image in enumerate(images):
        top, left = index // 3 * 58, index % 3 * 58
        cell = picture[top : top + 56, left : left + 56]
        np.testing.assert_array_equal(cell[::2, ::2, 0], (image.reshape(28, 28) * 255).astype(np.uint8))
        assert (cell[..., 3] == 255).all()
    assert (picture[58:, 2 * 58 :, 3] == 0).all()  # the sixth cell stays transparent
    assert (picture[56:58, :, 3] == 0).all()


@pytest.mark.parametrize("reach", [0.01, 2.9, 3.1, 7.5, 33, 140, 5_000, 65_504])
def test_axes_hold_the_prior_and_nearly_all_codes_without_waste(reach):
    codes = np.random.default_rng(1).uniform(-reach, reach, (4000, 2))
    limit = figures.axis_limit(codes)
    inside = (np.abs(codes) <= limit).mean()
    assert limit >= 3 and inside >= 0.985
    assert limit <= max(3, 2 * reach)


def line(step, **losses):
    return {"step": step, "epoch": step / 10, "total": 90.0, "reconstruction": 80.0, "kl": None, **losses}


def test_loss_curves_show_both_histories_the_floor_and_the_step_on_show():
    ae, vae = [line(0), line(10, reconstruction=70.0)], [line(0, kl=1.0), line(10, kl=6.0)]
    figure = figures.loss_curves(ae, vae, floor=45.5, at_step=10)
    curves = {curve.name: curve for curve in figure.data}
    assert curves["AE reconstruction"].y == (80, 70)
    assert curves["VAE KL"].y == (1, 6)
    assert {shape.y0 for shape in figure.layout.shapes} >= {45.5}
    assert {shape.x0 for shape in figure.layout.shapes} >= {1.0}
    assert "45.5 nats" in figure.layout.annotations[0].text


def test_loss_curves_stand_an_empty_history():
    assert len(figures.loss_curves([], [], None).data) == 4
