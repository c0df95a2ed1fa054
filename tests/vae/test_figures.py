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


def ends_and_notes(*histories):
    """Where the axes of reconstruction and KL begin and end, and what is said to lie beyond, by axis."""
    layout = figures.loss_curves(*histories, None).layout
    return [layout.yaxis.range, layout.yaxis2.range], {note.yref: note.text for note in layout.annotations}


@pytest.mark.parametrize("place", [0, 5, 10])
@pytest.mark.parametrize("steps", [1, 2])
def test_a_spike_of_a_step_or_two_leaves_the_other_losses_legible_and_is_told(place, steps):
    steady = [line(step, kl=6.0) for step in range(10, 110, 10)]
    spike = [line(100 + step, kl=2e9, total=34_567.0) for step in range(steps)]
    ends, notes = ends_and_notes([], steady[:place] + spike + steady[place:])
    assert ends == [pytest.approx((0.85 * 80, 1.05 * 180)), pytest.approx((0, 1.05 * 30))]
    assert notes == {
        "y domain": "beyond this picture: up to 34,567 nats",
        "y2 domain": "beyond this picture: up to 10<sup>9</sup> nats",
    }


def test_a_long_training_is_shown_from_where_it_fell_and_nothing_of_it_is_said_to_lie_beyond():
    falling = [line(8 * step, total=60 + 155 * 0.8**step, kl=50 * 0.8**step) for step in range(1, 400)]
    ends, notes = ends_and_notes(falling, falling)
    assert ends[0][1] == pytest.approx(1.05 * falling[0]["total"]) and ends[1][1] == pytest.approx(1.05 * 50 * 0.8)
    assert not notes


def test_a_kl_of_nothing_does_not_look_large():
    assert ends_and_notes([], [line(step, kl=0.01) for step in range(10)])[0][1] == (0, 1.05)


def test_the_first_steps_are_in_the_picture_until_there_are_others():
    begun = [line(step, total=543.0, reconstruction=540.0, kl=3.0) for step in range(5)]
    assert ends_and_notes([], begun)[0][0] == pytest.approx((0.85 * 540, 1.05 * 543))
    assert ends_and_notes([], [*begun, line(8, kl=3.0)])[0][0] == pytest.approx((0.85 * 80, 1.05 * 90))


def test_loss_curves_stand_an_empty_history():
    assert len(figures.loss_curves([], [], None).data) == 4


def test_a_trade_off_shows_both_terms_and_their_sum_over_sigma():
    figure = figures.trade_off([(0.01, 130.0, 15.0), (1.0, 200.0, 7.0)], {"AE": 129.0})
    reconstruction, total, level = figure.data
    assert list(reconstruction.x) == [0.01, 1.0]
    assert list(reconstruction.y) == [130, 200] and list(total.y) == [145, 207]
    assert list(level.y) == [129, 129] and "129.0" in level.name
    low, high = figure.layout.yaxis.range
    assert low < 130 and high > 145


def test_objective_curves_are_reconstruction_and_kl_together():
    figure = figures.objective_curves({"one": [line(1, kl=5.0), line(2, kl=6.0)]}, {"one": "red"})
    [curve] = figure.data
    assert curve.name == "one" and list(curve.y) == [85, 86] and list(curve.x) == [0.1, 0.2]


def test_a_race_marks_where_a_run_had_no_number_any_more():
    stats = {"smallest_sigma": 0.5, "gradient_norm": 3.0, "kl": 1.0}
    histories = {
        "raw": [line(0, **stats), line(1, **stats), line(2, **stats)],
        "log": [line(1, **stats), line(4, **stats)],
    }
    figure = figures.race(histories, {"raw": (3, 0.02)}, {"raw": "red", "log": "green"})
    curves = [curve for curve in figure.data if curve.mode == "lines+markers"]
    marks = [curve for curve in figure.data if curve.mode == "markers"]
    assert len(curves) == 8 and [list(mark.x) for mark in marks] == [[3]] * 4
    assert all(0 not in curve.x for curve in curves)  # the axis is logarithmic
    share = next(curve for curve in curves if curve.name == "raw" and curve.yaxis == "y4")
    assert list(share.x) == [1, 2, 3] and list(share.y) == [0, 0, 0.02]
