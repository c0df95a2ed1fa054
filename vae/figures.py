"""Arrays -> plotly figures and mosaics of digits. Knows neither models nor pages."""

import numpy as np
import plotly.graph_objects as go
from plotly.graph_objects import Figure
from plotly.subplots import make_subplots

# One colour a symbol, in pictures, formulas and plots alike; legible on white and on black.
COLORS = {
    "x": "#2f80ed",
    "y": "#8a94a6",
    "z": "#9b5de5",
    "mu": "#12a594",
    "sigma": "#f08c00",
    "eps": "#e64980",
    "x_hat": "#40a02b",
    "kl": "#e03131",
}
# One colour a digit: Okabe and Ito's eight and two more, told apart by most colour-blind eyes.
DIGIT_COLORS = (
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#c9b800",
    "#0072b2",
    "#d55e00",
    "#cc79a7",
    "#7f7f7f",
    "#8c564b",
    "#9467bd",
)
DIGIT_SCALE = [(digit / 9, color) for digit, color in enumerate(DIGIT_COLORS)]
SIDE = 28
GREY = "#8a94a6"


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


def loss_curves(ae: list[dict], vae: list[dict], floor: float | None, at_step: int | None = None) -> Figure:
    """Two histories as curves in nats an image: reconstruction of both and the VAE's objective above, its KL below.

    floor: the entropy of the test pixels, a line; at_step: the step of both that is on show, a vertical line.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06)
    curves = (
        (ae, "reconstruction", "AE reconstruction", COLORS["x_hat"], "dot", 1),
        (vae, "reconstruction", "VAE reconstruction", COLORS["x_hat"], "solid", 1),
        (vae, "total", "VAE reconstruction + KL weight × KL", GREY, "solid", 1),
        (vae, "kl", "VAE KL", COLORS["kl"], "solid", 2),
    )
    for history, name, label, color, dash, row in curves:
        figure.add_scatter(
            x=[line["epoch"] for line in history],
            y=[line[name] for line in history],
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
    epochs = max([line["epoch"] for line in [*ae, *vae] if at_step is None or line["step"] <= at_step], default=0)
    if at_step is not None:
        figure.add_vline(epochs, line={"color": GREY, "width": 1})
    settled = [line["total"] for line in [*ae, *vae] if line["step"] >= 8] or [250.0]
    lowest = min([line["reconstruction"] for line in [*ae, *vae]] + ([] if floor is None else [floor]), default=0.0)
    figure.update_yaxes(title_text="nats an image", row=1, col=1, range=[0.85 * lowest, 1.05 * max(settled)])
    figure.update_yaxes(title_text="KL", row=2, col=1, rangemode="tozero")
    figure.update_xaxes(title_text="epoch", row=2, col=1)
    figure.update_layout(
        height=440,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x",
        uirevision="losses",
    )
    return figure


def axis_limit(*codes: np.ndarray) -> float:
    """A round half-width of square axes that holds N(0, I) to 3 sigma, and 99 % of each of the given codes (n, 2)."""
    reach = max([3.0, *(np.quantile(np.abs(some), 0.99) for some in codes)])
    rounds = np.array([3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100])
    scale = 10.0 ** max(0, np.ceil(np.log10(reach / 100)))
    return float(rounds[np.searchsorted(rounds * scale, reach).clip(max=len(rounds) - 1)] * scale)


def latent_scatter(
    codes: np.ndarray,
    labels: np.ndarray,
    limit: float,
    axis_names: tuple[str, str],
    background: str | None = None,
    chosen: int | None = None,
    height: int = 380,
) -> Figure:
    """Codes (n, 2) as points, one colour a digit, its numeral at the median of its codes; axes square and +-limit.

    Dotted circles: 1, 2 and 3 sigma of N(0, I). background: the address of a picture of the same square;
    chosen: the point with a ring. A point's customdata is its digit.
    """
    traces = []
    # A browser has few WebGL contexts: they are for the many points, not for pictures that come anew every second.
    points = go.Scattergl if len(codes) > 5_000 else go.Scatter
    traces.append(points(
        x=codes[:, 0], y=codes[:, 1], mode="markers", showlegend=False,
        customdata=labels.astype(np.int8),
        marker={
            "color": labels.astype(np.int8), "cmin": 0, "cmax": 9, "colorscale": DIGIT_SCALE, "opacity": 0.6,
            "size": 4 if len(codes) > 5_000 else 5,
        },
        unselected={"marker": {"opacity": 0.6}},
        hovertemplate="a %{customdata} at (%{x:.2f}, %{y:.2f})<extra></extra>",
    ))  # fmt: skip
    numerals = [
        {
            "x": float(x), "y": float(y), "text": f"<b>{digit}</b>", "showarrow": False, "bgcolor": DIGIT_COLORS[digit],
            "font": {"size": 13, "color": "white"}, "borderpad": 1, "opacity": 0.85,
        }
        for digit in np.unique(labels)
        for x, y in [np.median(codes[labels == digit], axis=0)]
    ]  # fmt: skip
    if chosen is not None:
        traces.append(go.Scatter(
            x=codes[[chosen], 0], y=codes[[chosen], 1], mode="markers", hoverinfo="skip", showlegend=False,
            marker={"size": 20, "color": "rgba(0,0,0,0)", "line": {"color": COLORS["eps"], "width": 4}},
        ))  # fmt: skip
    circles = [
        {"type": "circle", "x0": -r, "y0": -r, "x1": r, "y1": r, "line": {"color": GREY, "width": 1.5, "dash": "dot"}}
        for r in (1, 2, 3)
    ]
    pictures = [] if background is None else [{
        "source": background, "xref": "x", "yref": "y", "x": -limit, "y": limit, "sizex": 2 * limit, "sizey": 2 * limit,
        "sizing": "stretch", "layer": "below", "opacity": 0.55,
    }]  # fmt: skip
    axis = {"range": [-limit, limit], "zeroline": True, "constrain": "domain"}
    layout = go.Layout(
        xaxis={"title": {"text": axis_names[0]}, **axis},
        yaxis={"title": {"text": axis_names[1]}, "scaleanchor": "x", **axis},
        shapes=circles,
        images=pictures,
        annotations=numerals,
        height=height,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        uirevision="codes",
        dragmode=False,
    )
    return Figure(traces, layout)
