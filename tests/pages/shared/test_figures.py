"""Figures say what their arrays say."""

from itertools import pairwise

import numpy as np
import pytest
from plotly import graph_objects

from pages.shared import figures


def test_a_mosaic_has_each_image_in_its_cell_and_nothing_between():
    images = np.random.default_rng(0).random((5, 784))
    images[0, :2] = -0.2, 1.3  # beyond black and white
    picture = figures.mosaic(images, columns=3, gap=2, zoom=2)
    assert picture.shape == (2 * 58 - 2, 3 * 58 - 2, 4)
    for index, image in enumerate(images):
        top, left = index // 3 * 58, index % 3 * 58
        cell = picture[top : top + 56, left : left + 56]
        grey = (image.reshape(28, 28).clip(0, 1) * 255).astype(np.uint8)
        expected = np.kron(grey, np.ones((2, 2), np.uint8))  # each pixel as a square of four
        for channel in range(3):
            np.testing.assert_array_equal(cell[..., channel], expected)
        assert (cell[..., 3] == 255).all()
    assert (picture[58:, 2 * 58 :, 3] == 0).all()  # the sixth cell stays transparent
    assert (picture[56:58, :, 3] == 0).all()


def line(step, **losses):
    return {"step": step, "epoch": step / 10, "total": 90.0, "reconstruction": 80.0, "kl": None, **losses}


AE = [line(0, total=95.0), line(10, reconstruction=70.0), line(20, reconstruction=60.0)]
VAE = [line(5, kl=1.0, total=81.0), line(15, kl=6.0, reconstruction=75.0), line(25, kl=7.0, total=77.0)]


def notes(figure) -> list[str]:
    """What a figure has written in it, but for the names at its curves' ends."""
    return [note.text for note in figure.layout.annotations if note.name != "end"]


def look(curve) -> tuple:
    """What tells a curve from others: its panel, colour and dashes."""
    return curve.yaxis, curve.line.color, curve.line.dash


def test_a_line_through_the_panels_is_drawn_without_making_the_curves_again():
    figure = figures.loss_curves(AE, VAE, floor=60.0)
    for epoch in (1.5, 0.5):
        moved = figure.at(epoch, panels=2).to_dict()
        assert moved["data"] is figure.to_dict()["data"]
        assert [shape["x0"] for shape in moved["layout"]["shapes"]] == [0, epoch, epoch]
    assert len(figure.to_dict()["layout"]["shapes"]) == 1  # nobody else has the lines


def test_loss_curves_show_both_histories_each_by_its_own_numbers():
    figure = figures.loss_curves(AE, VAE, floor=None)
    curves = {curve.name: (curve.x, curve.y, look(curve)) for curve in figure.data}
    green, red, grey = "#40a02b", "#e03131", "#8a94a6"
    assert curves == {
        "AE reconstruction": ((0, 1, 2), (80, 70, 60), ("y", green, "dot")),
        "VAE reconstruction": ((0.5, 1.5, 2.5), (80, 75, 80), ("y", green, "solid")),
        "VAE reconstruction + KL weight × KL": ((0.5, 1.5, 2.5), (81, 90, 77), ("y", grey, "dash")),
        "VAE KL": ((0.5, 1.5, 2.5), (1, 6, 7), ("y2", red, "solid")),
    }
    assert all(f"<extra>{curve.name}</extra>" in curve.hovertemplate for curve in figure.data)
    layout = figure.layout
    assert (layout.yaxis.title.text, layout.yaxis2.title.text) == ("nats an image", "KL")
    assert layout.xaxis2.title.text == "epoch" and layout.xaxis.matches == "x2"
    assert not layout.shapes and not notes(figure)
    ends = {note.text: (note.x, note.y) for note in layout.annotations}
    assert ends == {"AE": (2, 60), "VAE": (2.5, 80), "VAE + KL": (2.5, 77)}
    unit = 270 / (layout.yaxis.range[1] - layout.yaxis.range[0])
    heights = sorted(note.y * unit + note.yshift for note in layout.annotations)
    assert min(after - before for before, after in pairwise(heights)) >= figures.LABEL - 1e-6  # none on another


def test_a_curve_of_a_long_training_has_so_many_points_and_both_ends():
    many = [line(step, reconstruction=step + 10.0) for step in range(2_001)]
    for history in (many, many[:1_000], many[: figures.POINTS]):
        curve = figures.loss_curves(history, VAE, floor=None).data[0]
        assert len(history) / 5 < len(curve.x) <= figures.POINTS
        assert (curve.x[0], curve.x[-1]) == (history[0]["epoch"], history[-1]["epoch"])
        assert all(y == 10 * x + 10 for x, y in zip(curve.x, curve.y))
    assert len(curve.x) == figures.POINTS  # a shorter one is whole


@pytest.mark.parametrize("at_step, epoch", [(10, 1.0), (14, 1.0), (15, 1.5), (99, 2.5)])
def test_loss_curves_have_a_line_at_the_floor_and_one_at_the_last_point_up_to_the_step_on_show(at_step, epoch):
    curves = figures.loss_curves(AE, VAE, floor=45.5)
    figure = graph_objects.Figure(curves.at(figures.epoch_of(at_step, AE, VAE), panels=2).to_dict())
    lines = [(shape.x0, shape.x1, shape.y0, shape.y1, shape.xref, shape.yref) for shape in figure.layout.shapes]
    assert lines == [
        (0, 1, 45.5, 45.5, "x domain", "y"),
        (epoch, epoch, 0, 1, "x", "y domain"),
        (epoch, epoch, 0, 1, "x2", "y2 domain"),
    ]
    assert notes(figure) == ["entropy of the test pixels: 45.5 nats"]
    assert figure.layout.yaxis.range[0] == pytest.approx(0.85 * 45.5)  # the floor is in the picture


def ends_and_notes(*histories):
    """Where the axes of reconstruction and KL begin and end, and what is said to lie beyond, by axis."""
    layout = figures.loss_curves(*histories, None).layout
    return [layout.yaxis.range, layout.yaxis2.range], {
        note.yref: note.text for note in layout.annotations if note.name != "end"
    }


@pytest.mark.parametrize("place", [0, 5, 10])
@pytest.mark.parametrize("steps", [1, 2])
def test_a_spike_of_a_step_or_two_leaves_the_other_losses_legible_and_is_told(place, steps):
    steady = [line(step, kl=6.0) for step in range(10, 110, 10)]
    spike = [line(100 + step, kl=2e9, total=34_567.0) for step in range(steps)]
    ends, notes = ends_and_notes([], steady[:place] + spike + steady[place:])
    assert ends == [pytest.approx((0.85 * 80, 1.05 * 180)), pytest.approx((0, 1.05 * 30))]
    assert notes == {
        "y domain": "off the plot: up to 34,567 nats",
        "y2 domain": "off the plot: up to 10<sup>9</sup> nats",
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
    figure = figures.loss_curves([], [], None)
    shapes = figure.at(figures.epoch_of(0, [], []), panels=2).to_dict()["layout"]["shapes"]
    assert len(figure.data) == 4 and {shape["x0"] for shape in shapes} == {0}
    assert figure.layout.yaxis.range == (0, 1.05 * 250)


def test_a_trade_off_shows_both_terms_their_sum_and_the_levels_over_a_logarithmic_sigma():
    figure = figures.trade_off([(0.01, 130.0, 15.0), (0.1, 132.0, 9.0), (1.0, 200.0, 7.0)], {"AE": 129.0, "VAE": 139.5})
    reconstruction, total, *levels = figure.data
    assert list(reconstruction.x) == list(total.x) == [0.01, 0.1, 1.0]
    assert list(reconstruction.y) == [130, 132, 200] and list(total.y) == [145, 141, 207]
    assert (reconstruction.line.color, total.line.color) == ("#40a02b", "#e03131")
    assert (reconstruction.fill, total.fill) == (None, "tonexty")  # the band between them is the KL
    assert [(level.name, *level.x, *level.y, level.line.dash) for level in levels] == [
        ("AE: 129.0", 0.01, 1.0, 129, 129, "dot"),
        ("VAE: 139.5", 0.01, 1.0, 139.5, 139.5, "dash"),
    ]
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.yaxis.range == pytest.approx((130 - 0.1 * 11, 141 + 2 * 11))  # from below 130 to beyond 141


def test_objective_curves_are_the_sum_of_both_terms_of_each_run_in_its_colour():
    one = [line(0, kl=900.0), line(1, kl=5.0), line(2, kl=6.0)]
    two = [line(0, kl=1.0), line(3, kl=0.0, reconstruction=70.0), line(4, kl=40.0)]
    figure = figures.objective_curves({"one": one, "two": two}, {"two": "blue", "one": "red"})
    curves = [(curve.name, list(curve.x), list(curve.y), curve.line.color) for curve in figure.data]
    assert curves == [("one", [0, 0.1, 0.2], [980, 85, 86], "red"), ("two", [0, 0.3, 0.4], [81, 70, 120], "blue")]
    # The start of a training is not what the picture is for, nor what is far above the best.
    assert figure.layout.yaxis.range == pytest.approx((0.98 * 70, 1.4 * 70))
    calm = figures.objective_curves({"one": one}, {"one": "red"}).layout
    assert calm.yaxis.range == pytest.approx((0.98 * 85, 86))
    assert figures.objective_curves({"one": one[:1]}, {"one": "red"}).layout.yaxis.range is None
    assert figures.objective_curves({"one": []}, {"one": "red"}).layout.yaxis.range is None


def test_each_dimensions_kl_has_its_own_curve_grey_where_it_is_not_active_in_the_end():
    one = [line(0, kl_per_dimension=[0.5, 3.0, 0.1]), line(10, kl_per_dimension=[0.0, 4.0, 0.2])]
    two = [line(5, kl_per_dimension=[7.0, 8.0, 9.0])]
    figure = figures.kl_per_dimension_curves({"with": one, "without": two}, {"with": {1}, "without": {0, 2}})
    curves = [(c.name, c.xaxis, list(c.x), list(c.y), c.line.color) for c in figure.data]
    red, grey = "#e03131", "#8a94a6"
    assert curves == [
        ("dimension 1", "x", [0, 1], [0.5, 0.0], grey),
        ("dimension 2", "x", [0, 1], [3.0, 4.0], red),
        ("dimension 3", "x", [0, 1], [0.1, 0.2], grey),
        ("dimension 1", "x2", [0.5], [7.0], red),
        ("dimension 2", "x2", [0.5], [8.0], grey),
        ("dimension 3", "x2", [0.5], [9.0], red),
    ]
    assert all(curve.hovertemplate.startswith(f"{curve.name}, epoch") for curve in figure.data)
    assert notes(figure) == ["with", "without"]
    ends = [(note.text, note.xref, note.y) for note in figure.layout.annotations if note.name == "end"]
    assert ends == [("z<sub>2</sub>", "x", 4), ("z<sub>1</sub>", "x2", 7), ("z<sub>3</sub>", "x2", 9)]
    assert [curve.line.dash for curve in figure.data] == ["dot", "solid", "dot", "solid", "dot", "solid"]
    assert figure.layout.yaxis2.matches == "y" and figure.layout.yaxis.range[0] == 0  # one scale for both


STATS = [
    {"smallest_sigma": 0.5, "gradient_norm": 3.0, "kl": 1.0},
    {"smallest_sigma": 0.4, "gradient_norm": 20.0, "kl": 2.0},
    {"smallest_sigma": 1e-9, "gradient_norm": 5.0, "kl": 8.0},
]


def test_a_race_has_a_panel_for_each_figure_and_marks_where_a_run_had_no_number_any_more():
    histories = {
        "raw": [line(step, **own) for step, own in enumerate(STATS)],
        "log": [line(1, **STATS[0]), line(4, **STATS[1])],
    }
    figure = figures.race(histories, {"raw": (3, 0.02)}, {"raw": "red", "log": "green"})
    curves = {(c.name, c.yaxis): c for c in figure.data if c.mode == "lines+markers"}
    steps_and_values = {place: (list(curve.x), list(curve.y)) for place, curve in curves.items()}
    assert steps_and_values == {  # nothing at step 0: the axis is logarithmic
        ("raw", "y"): ([1, 2], [0.4, 1e-9]),
        ("raw", "y2"): ([1, 2], [2, 8]),
        ("raw", "y3"): ([1, 2], [20, 5]),
        ("raw", "y4"): ([1, 2, 3], [0, 0, 0.02]),
        ("log", "y"): ([1, 4], [0.5, 0.4]),
        ("log", "y2"): ([1, 4], [1, 2]),
        ("log", "y3"): ([1, 4], [3, 20]),
        ("log", "y4"): ([1, 4], [0, 0]),
    }
    assert all(curve.line.color == {"raw": "red", "log": "green"}[name] for (name, _), curve in curves.items())
    marks = {
        mark.yaxis: (list(mark.x), list(mark.y), mark.marker.color) for mark in figure.data if mark.mode == "markers"
    }
    assert marks == {
        "y": ([3], [1e-9], "red"),
        "y2": ([3], [8], "red"),
        "y3": ([3], [5], "red"),
        "y4": ([3], [0.02], "red"),
    }
    layout = figure.layout
    titles = [note.text for note in layout.annotations]
    assert titles == ["smallest σ", "KL, nats", "gradient norm", "share without a σ"]
    assert [layout[f"yaxis{panel}"].type for panel in ("", 2, 3, 4)] == ["log", "log", "log", "linear"]
    assert [layout[f"xaxis{panel}"].type for panel in ("", 2, 3, 4)] == ["log"] * 4
    # At most six ticks: smallest sigma goes through nearly nine powers of ten, the others through less than two.
    assert [layout[f"yaxis{panel}"].dtick for panel in ("", 2, 3)] == [2, 1, 1]
    assert sum(curve.showlegend is not False for curve in curves.values()) == 2  # a run is named once,
    assert layout.showlegend  # and it is, also where it runs alone


def test_a_race_says_nothing_of_a_share_that_is_not_known():
    figure = figures.race({"raw": [line(1, **STATS[0])]}, {"raw": (3, None)}, {"raw": "red"})
    places = [(curve.mode, list(curve.x), list(curve.y)) for curve in figure.data if curve.yaxis == "y4"]
    assert places == [("lines+markers", [1], [0]), ("markers", [3], [0])]
    assert figures.race({"raw": []}, {"raw": (1, 0.5)}, {"raw": "red"}).data  # ended before its first point
