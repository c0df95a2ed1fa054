"""Arrays -> plotly figures and mosaics of digits. Knows neither models nor pages."""

import functools
import html
import itertools
import math
import statistics

import numpy as np
from plotly import graph_objects
from plotly.subplots import make_subplots

from pages.shared.colors import COLORS, GREY

SIDE = 28
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")  # so that no curve is told by its colour alone
LABEL = 14  # pixels of height that a curve's name at its end takes
POINTS = 500  # of a curve at most: a long training has thousands, which nobody can tell apart


class Figure(graph_objects.Figure):
    """A figure that nobody changes any more once it was sent: what is sent is made once for a whole class."""

    @functools.cached_property
    def _sent(self) -> dict:
        return super().to_dict()

    def to_dict(self) -> dict:
        """The figure as JSON-ready values; the same object each time."""
        return self._sent

    def at(self, x: float, panels: int) -> "Figure":
        """The same with a vertical line at x through so many panels, one above the other.

        The rest is not made again, which would cost a server some 65 ms for each picture of a training that is played.
        """
        line = {"type": "line", "line": {"color": GREY, "width": 1}, "x0": x, "x1": x, "y0": 0, "y1": 1}
        lines = [{**line, "xref": f"x{panel}", "yref": f"y{panel} domain"} for panel in ("", *range(2, panels + 1))]
        layout = self._sent["layout"]
        other = Figure()
        other._sent = {**self._sent, "layout": {**layout, "shapes": [*layout.get("shapes", ()), *lines]}}
        return other


def mosaic(images: np.ndarray, columns: int, gap: int = 2, zoom: int = 2) -> np.ndarray:
    """Images (n, 784) in [0, 1] as one picture, row by row, (height, width, 4) uint8; the gaps are transparent."""
    rows = -(-len(images) // columns)
    cell = SIDE * zoom + gap
    picture = np.zeros((rows * cell - gap, columns * cell - gap, 4), np.uint8)
    pixels = (images.reshape(-1, SIDE, SIDE).clip(0, 1) * 255).astype(np.uint8)
    for index, image in enumerate(pixels.repeat(zoom, 1).repeat(zoom, 2)):
        top, left = index // columns * cell, index % columns * cell
        picture[top : top + SIDE * zoom, left : left + SIDE * zoom, :3] = image[..., None]
        picture[top : top + SIDE * zoom, left : left + SIDE * zoom, 3] = 255
    return picture


def loss_curves(ae: list[dict], vae: list[dict], floor: float | None) -> Figure:
    """Two histories as curves in nats an image: reconstruction of both and the VAE's objective above, its KL below.

    floor: the entropy of the test pixels, a line.
    """
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06, figure=Figure()
    )
    curves = (
        (ae, "reconstruction", "AE reconstruction", COLORS["x_hat"], "dot", 1),
        (vae, "reconstruction", "VAE reconstruction", COLORS["x_hat"], "solid", 1),
        (vae, "total", "VAE reconstruction + KL weight × KL", GREY, "dash", 1),
        (vae, "kl", "VAE KL", COLORS["kl"], "solid", 2),
    )
    for history, name, label, color, dash, row in curves:
        drawn = _thinned(history)
        figure.add_scatter(
            x=[line["epoch"] for line in drawn],
            y=[line[name] for line in drawn],
            name=label,
            line={"color": color, "dash": dash, "width": 2},
            mode="lines",
            row=row,
            col=1,
            hovertemplate="epoch %{x:.2f}: %{y:.1f} nats<extra>" + label + "</extra>",
        )
    if floor is not None:
        label = f"entropy of the test pixels: {floor:.1f} nats"
        figure.add_hline(
            floor, line={"color": GREY, "dash": "dash", "width": 1}, row=1, col=1,
            annotation={"text": label, "font": {"size": 12, "color": GREY}, "yanchor": "bottom"},
        )  # fmt: skip
    lowest = min([line["reconstruction"] for line in [*ae, *vae]] + ([] if floor is None else [floor]), default=0.0)
    totals = [[line["total"] for line in history if line["step"] >= 8] for history in (ae, vae)]
    if not any(totals):  # a training has just begun; later its first steps need not be in the picture
        totals = [[line["total"] for line in history] for history in (ae, vae)]
    _fit_axis(figure, 1, "nats an image", 0.85 * lowest, totals, default=250.0)
    _fit_axis(figure, 2, "KL", 0.0, [[line["kl"] for line in vae], [1.0]])
    named = ((ae, "reconstruction", "AE"), (vae, "reconstruction", "VAE"), (vae, "total", "VAE + KL"))
    _name_ends(figure, [(lines[-1]["epoch"], lines[-1][name], label) for lines, name, label in named if lines], 270)
    figure.update_xaxes(title_text="epoch", row=2, col=1)
    figure.update_layout(
        height=440,
        margin={"l": 10, "r": 60, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x",
        uirevision="losses",
    )
    return figure


def _thinned(history: list[dict]) -> list[dict]:
    """Every n-th line of a long history, and its last."""
    every = -(-(len(history) - 1) // (POINTS - 1))
    return history if every <= 1 else [*history[:-1:every], history[-1]]


def epoch_of(step: int, *histories: list[dict]) -> float:
    """The epoch of the last point of some histories up to a step: where the step is on the axis of their curves."""
    return max((line["epoch"] for line in itertools.chain(*histories) if line["step"] <= step), default=0.0)


def _fit_axis(
    figure: Figure, row: int, title: str, low: float, histories: list[list[float]], default: float = 0.0
) -> None:
    """Has a vertical axis end where the curves do, but for spikes, which would flatten the rest; they are told."""
    end = 1.05 * max(map(_lasting_most, filter(None, histories)), default=default)
    figure.update_yaxes(title_text=title, range=[low, end], row=row, col=1)
    most = max(itertools.chain(*histories), default=0.0)
    if most > end:
        told = f"{most:,.0f}" if most < 1e6 else f"10<sup>{math.log10(most):.0f}</sup>"
        figure.add_annotation(
            text=f"off the plot: up to {told} nats", font={"size": 12, "color": GREY}, showarrow=False,
            x=1, xref="x domain", xanchor="right", y=1, yref="y domain", yanchor="top", row=row, col=1,
        )  # fmt: skip


def _name_ends(figure: Figure, ends: list[tuple[float, float, str]], height: float, column: int = 1) -> None:
    """Writes each curve's name (x, y, name) at its end, apart where they would meet; height: of the axis, pixels."""
    low, high = figure.layout.yaxis.range
    unit = height / (high - low)  # pixels
    shown = sorted((end for end in ends if low <= end[1] <= high), key=lambda end: end[1])
    for (x, y, name), place in zip(shown, _apart([y * unit for _, y, _ in shown])):
        figure.add_annotation(
            name="end", text=name, x=x, y=y, xanchor="left", xshift=4, yshift=place - y * unit, showarrow=False,
            font={"size": 12}, row=1, col=column,
        )  # fmt: skip


def _apart(places: list[float]) -> list[float]:
    """Places from below upwards, LABEL pixels apart at least: half-way between moved up and moved down."""
    up = list(itertools.accumulate(places, lambda before, place: max(place, before + LABEL)))
    down = list(itertools.accumulate(reversed(places), lambda after, place: min(place, after - LABEL)))
    return [(high + low) / 2 for high, low in zip(up, reversed(down))]


def _lasting_most(values: list[float]) -> float:
    """The largest value, or, where that is a spike, twice the largest that lasts.

    What lasts is the median of five values in a row; up to 30 nats nothing is taken for a spike.
    """
    windows = [values[start : start + 5] for start in range(max(1, len(values) - 4))]
    return min(max(values), max(30.0, 2 * max(map(statistics.median_low, windows))))


def kl_per_dimension_curves(histories: dict[str, list[dict]], active: dict[str, set[int]]) -> Figure:
    """The KL of each dimension over a training, in nats an image, one panel a run.

    active: for each run the dimensions that are active in the end; the others are grey.
    """
    figure = make_subplots(1, len(histories), shared_yaxes=True, subplot_titles=list(histories), figure=Figure())
    for column, (name, history) in enumerate(histories.items(), 1):
        drawn = _thinned(history)
        for dimension in range(len(drawn[0]["kl_per_dimension"])):
            figure.add_scatter(
                x=[line["epoch"] for line in drawn],
                y=[line["kl_per_dimension"][dimension] for line in drawn],
                line={
                    "color": COLORS["kl"] if dimension in active[name] else GREY,
                    "dash": "solid" if dimension in active[name] else "dot",
                    "width": 1.5,
                },
                mode="lines",
                name=f"dimension {dimension + 1}",
                hovertemplate=f"dimension {dimension + 1}, epoch %{{x:.2f}}: %{{y:.2f}} nats<extra></extra>",
                row=1,
                col=column,
            )
    most = max(
        (value for lines in histories.values() for line in lines for value in line["kl_per_dimension"]), default=0
    )
    figure.update_yaxes(title_text="KL of a dimension, nats", range=[0, 1.05 * max(most, 0.1)], col=1)
    for column, (name, history) in enumerate(histories.items(), 1):
        end = history[-1]
        own = [(end["epoch"], end["kl_per_dimension"][d], f"z<sub>{d + 1}</sub>") for d in sorted(active[name])]
        _name_ends(figure, own, 230, column)
    figure.update_xaxes(title_text="epoch")
    figure.update_layout(
        height=320, showlegend=False, margin={"l": 10, "r": 30, "t": 40, "b": 10}, uirevision="kl per dimension"
    )
    return figure


def trade_off(prices: list[tuple[float, float, float]], levels: dict[str, float]) -> Figure:
    """What one sigma for all codes costs: rows of sigma, reconstruction and KL in nats, and lines at named levels."""
    sigma, reconstruction, kl = np.array(prices).T
    figure = Figure()
    hover = "σ = %{x:.3g}: %{y:.1f} nats<extra></extra>"
    figure.add_scatter(
        x=sigma,
        y=reconstruction,
        name="reconstruction",
        line={"color": COLORS["x_hat"], "width": 3},
        hovertemplate=hover,
    )
    figure.add_scatter(
        x=sigma, y=reconstruction + kl, name="+ KL (the band) = −ELBO", line={"color": COLORS["kl"], "width": 3},
        fill="tonexty", fillcolor="rgba(224, 49, 49, 0.15)", hovertemplate=hover,
    )  # fmt: skip
    for (name, level), dash in zip(levels.items(), ("dot", "dash")):
        line = {"color": GREY, "dash": dash, "width": 2}
        figure.add_scatter(x=sigma[[0, -1]], y=[level] * 2, name=f"{name}: {level:.1f}", mode="lines", line=line)
    lowest, best = min(reconstruction), min(reconstruction + kl)
    figure.update_xaxes(type="log", dtick=1, title_text="σ, the same for every digit and dimension")
    figure.update_yaxes(title_text="nats an image", range=[lowest - 0.1 * (best - lowest), best + 2 * (best - lowest)])
    figure.update_layout(**_flat(380, "trade-off"))
    return figure


def objective_curves(histories: dict[str, list[dict]], colors: dict[str, str]) -> Figure:
    """−ELBO on the training batches of several runs by name, in nats an image, over their epochs."""
    figure = Figure()
    for (name, history), dash in zip(histories.items(), itertools.cycle(DASHES)):
        figure.add_scatter(
            x=[line["epoch"] for line in history],
            y=[line["reconstruction"] + line["kl"] for line in history],
            name=name,
            mode="lines",
            line={"color": colors[name], "dash": dash, "width": 2.5},
            hovertemplate=f"epoch %{{x:.2f}}: %{{y:.1f}} nats<extra>{name}</extra>",
        )
    settled = [line["reconstruction"] + line["kl"] for h in histories.values() for line in h if line["epoch"] > 0.05]
    if settled:
        figure.update_yaxes(range=[0.98 * min(settled), min(max(settled), 1.4 * min(settled))])
    figure.update_yaxes(title_text="−ELBO, training batches, nats")
    figure.update_xaxes(title_text="epochs of this training")
    figure.update_layout(**_flat(380, "objectives"))
    return figure


RACE = {
    "smallest_sigma": ("smallest σ", "log"),
    "kl": ("KL, nats", "log"),
    "gradient_norm": ("gradient norm", "log"),
    "no_number": ("share without a σ", "linear"),
}


def balance(ae: dict[str, np.ndarray], vae: dict[str, np.ndarray]) -> Figure:
    """How strongly both terms pull, step by step: outwards (of both models) above, on log sigma below.

    ae, vae: step (n,), reconstruction and, of a VAE, kl (n, 1 or 2, 2) nats, mean and standard error. What pulls the
    other way is drawn with its sign turned, so that curves meet where the pulls cancel.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, figure=Figure())
    drawn = (
        (ae, "reconstruction", 0, 1, "AE: the loss, outwards", COLORS["x_hat"], "dot"),
        (vae, "reconstruction", 0, 1, "VAE: the loss, outwards", COLORS["x_hat"], "solid"),
        (vae, "kl", 0, -1, "VAE: the KL, inwards", COLORS["kl"], "dash"),
        (vae, "reconstruction", 1, -1, "VAE: the loss makes σ smaller", COLORS["x_hat"], "solid"),
        (vae, "kl", 1, 1, "VAE: the KL makes σ larger", COLORS["kl"], "dash"),
    )
    for curve, name, which, sign, label, color, dash in drawn:
        if name not in curve:
            continue
        mean, error = curve[name][:, which].T
        figure.add_scatter(
            x=curve["step"].tolist(), y=(sign * mean).tolist(), name=label, mode="lines+markers",
            line={"color": color, "dash": dash, "width": 2}, marker={"size": 4}, row=which + 1, col=1,
            error_y={"array": error.tolist(), "thickness": 1, "width": 0},
            hovertemplate="step %{x}: %{y:.2f} nats<extra>" + label + "</extra>",
        )  # fmt: skip
    for row, title in ((1, "on μ, nats"), (2, "on log σ, nats")):
        figure.update_yaxes(title_text=title, row=row, col=1, zeroline=True, zerolinecolor=GREY)
    figure.update_xaxes(type="log", row=1, col=1)
    figure.update_xaxes(type="log", title_text="step", row=2, col=1)
    figure.update_layout(**_flat(400, "balance"))
    return figure


def by_class(bars: dict[str, list[tuple[int, float, float]]], unseen: list[int], names: tuple[str, ...]) -> Figure:
    """Losses by class, nats, of several runs: label, mean and standard error; hatched for unseen classes.

    names: of the classes.
    """
    figure = Figure()
    for (name, losses), color in zip(bars.items(), (COLORS["x"], COLORS["z"], GREY)):
        labels, means, errors = zip(*losses)
        figure.add_bar(
            x=[html.escape(names[label]) for label in labels],  # in which plotly reads HTML
            y=means,
            name=name,
            error_y={"array": [2 * error for error in errors], "thickness": 1},
            marker={"color": color, "pattern": {"shape": ["/" if label in unseen else "" for label in labels]}},
            hovertemplate=f"%{{x}}: %{{y:.1f}} nats<extra>{name}</extra>",
        )
    figure.update_xaxes(title_text="class", type="category")
    figure.update_yaxes(title_text="nats a digit; bars: ± 2 standard errors")
    figure.update_layout(barmode="group", **_flat(320, "by class"))
    return figure


def race(histories: dict[str, list[dict]], ends: dict[str, tuple[int, float | None]], colors: dict[str, str]) -> Figure:
    """Trainings with different heads for sigma, step by step: four panels, a curve a run.

    ends: of the runs that did not come to their end, the step at which the loss was no number, and the share of the
    batch's KL terms that were none, where it is known.
    """
    figure = make_subplots(
        2, 2, subplot_titles=[title for title, _ in RACE.values()], vertical_spacing=0.16, figure=Figure()
    )
    panel_values = {panel: [] for panel in RACE}
    for (name, history), dash in zip(histories.items(), itertools.cycle(DASHES)):
        lines = [{**line, "no_number": 0.0} for line in history if line["step"]]
        for place, panel in enumerate(RACE):
            row, column = place // 2 + 1, place % 2 + 1
            steps, values = [line["step"] for line in lines], [line.get(panel) for line in lines]
            panel_values[panel] += [value for value in values if value and 0 < value < np.inf]
            if panel == "no_number" and name in ends and ends[name][1]:
                steps, values = [*steps, ends[name][0]], [*values, ends[name][1]]
            line = {"color": colors[name], "dash": dash, "width": 2.5}
            hover = f"step %{{x}}: %{{y:.3g}}<extra>{name}</extra>"
            figure.add_scatter(
                x=steps, y=values, name=name, mode="lines+markers", marker={"size": 4}, line=line, legendgroup=name,
                showlegend=not place, hovertemplate=hover, row=row, col=column,
            )  # fmt: skip
            if name in ends and values:
                figure.add_scatter(
                    x=[ends[name][0]], y=values[-1:], mode="markers", showlegend=False, legendgroup=name, row=row,
                    marker={"symbol": "x", "size": 13, "color": colors[name]}, col=column,
                    hovertemplate=f"{name}: its loss is no number at step %{{x}}<extra></extra>",
                )  # fmt: skip
    for place, (panel, (_, scale)) in enumerate(RACE.items()):
        row, column = place // 2 + 1, place % 2 + 1
        figure.update_yaxes(type=scale, row=row, col=column, exponentformat="power")
        if scale == "log":
            figure.update_yaxes(dtick=_decades(panel_values[panel]), row=row, col=column)
    figure.update_yaxes(tickformat=".1%", rangemode="tozero", row=2, col=2)
    figure.update_xaxes(type="log", dtick=1)
    figure.update_xaxes(title_text="step", row=2)
    figure.update_layout(**_flat(520, "race"))
    figure.update_layout(legend={"y": 1.08})
    return figure


def _decades(values: list[float]) -> int:
    """How many powers of ten apart the ticks of a logarithmic axis are: at most six of them."""
    decades = np.log10(max(values) / min(values)) if values else 0
    return max(1, int(np.ceil(decades / 6)))


def _flat(height: int, revision: str) -> dict:
    """The layout of a figure that fills its column; revision: what keeps somebody's zoom when it is drawn anew."""
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    margin = {"l": 10, "r": 10, "t": 30, "b": 10}
    return {"height": height, "margin": margin, "legend": legend, "showlegend": True, "uirevision": revision}
