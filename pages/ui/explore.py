"""The latent space of a trained pair: the scatters to click in, the digit clicked, and fresh samples."""

import functools

import numpy as np
import streamlit as st

from pages.ui import controls, digits, scatter
from pages.ui import runs as ui
from vae import data, figures, latent
from vae.config import RunConfig
from vae.losses import reconstruction_loss
from vae.models import encode_parameters, reconstruct

SAMPLES = 16
GRID = 20


@ui.says_damage
def codes(vae: RunConfig) -> None:
    """Both scatters side by side, and below them the digit that was clicked."""
    test = data.load(vae.dataset, "test")
    dimensions = scatter.choose_dimensions(vae.latent_dim)
    same, plane, legend = st.columns([2, 3, 4])
    legend.caption("Dotted circles: 1, 2 and 3 σ of N(0, I)")
    same_axes = same.toggle("The same axes for both", key="shared_axes", bind="query-params")
    grid = plane.toggle("Show what the decoder makes of the plane", key="grid", bind="query-params")
    chosen = _chosen_index(len(test.labels))
    halves = _halves(vae)
    flat = [_flat(half, dimensions) for half in halves]
    limits = [figures.axis_limit(points) for points in flat]
    if same_axes:
        limits = [max(limits)] * 2
    for column, half, limit in zip(st.columns(2, gap="medium"), halves, limits):
        with column:
            st.markdown(f"**{half.config.model.upper()}** · {ui.test_in_words(half.config.run_id)}")
            chart = f"codes {half.config.run_id} {dimensions} {limit} {grid}"
            st.plotly_chart(
                _figure(half.config.run_id, half.metrics["model_sha256"], dimensions, limit, grid, chosen),
                key=chart,
                on_select=functools.partial(_choose, chart),
                selection_mode="points",
                config={"displayModeBar": False, "scrollZoom": False},
            )
    _chosen_digit(halves, test, chosen)


@ui.says_damage
def samples(vae: RunConfig) -> None:
    """Codes that belong to no digit, decoded: from N(0, I) by both, and from a Gaussian fitted to the AE's codes."""
    st.subheader("Fresh samples")
    number, again = st.columns([1, 3], vertical_alignment="bottom")
    controls.note_garbage("draw", lambda asked: asked.isdecimal() and int(asked) <= 10_000, "a whole number to 10,000")
    with number:
        draw = st.number_input("Draw", min_value=0, max_value=10_000, step=1, key="draw", bind="query-params")
    again.button("Draw again", icon=":material/casino:", on_click=_draw_again)
    ae, own = (half.metrics["model_sha256"] for half in _halves(vae))
    digits.film_strips(_samples(vae.run_id, own, vae.autoencoder.run_id, ae, draw), widest=1200)


@st.cache_data(max_entries=200, show_spinner=False)
def _samples(vae_id: str, vae_sha256: str, ae_id: str, ae_sha256: str, draw: int) -> dict[str, np.ndarray]:
    vae, ae = ui.trained(vae_id), ui.trained(ae_id)
    prior = latent.prior_samples(SAMPLES, vae.config.latent_dim, draw)
    z, _ = ui.codes(ae_id, ae_sha256)
    fitted = latent.gaussian_samples(latent.fit_gaussian(z), SAMPLES, draw)
    return {
        "VAE: z from N(0, I), its prior": latent.decode_all(vae.model, prior).numpy(),
        "AE: z from N(0, I)": latent.decode_all(ae.model, prior).numpy(),
        "AE: z from a Gaussian fitted to its codes": latent.decode_all(ae.model, fitted).numpy(),
    }


def _draw_again() -> None:
    st.session_state["draw"] = st.session_state.get("draw", 0) + 1


def _chosen_index(count: int) -> int:
    """The test digit in the URL; a bad one is said and the first taken."""
    asked = st.query_params.get("index", "0")
    if asked.isdecimal() and len(asked) < 6 and int(asked) < count:
        return int(asked)
    st.warning(
        f"index = {controls.quoted(asked)} in the address is not allowed: a whole number from 0 to {count - 1:,}."
    )
    st.query_params["index"] = "0"
    return 0


def _choose(chart: str) -> None:
    """Takes over the point that was clicked in a chart."""
    points = st.session_state[chart]["selection"]["points"]
    if points:
        st.query_params["index"] = str(points[0]["point_index"])


def _halves(vae: RunConfig) -> list[ui.Trained]:
    """Both trained halves of a pair; ends the page in words when one is being trained again just now."""
    halves = [ui.trained(half.run_id) for half in (vae.autoencoder, vae)]
    if None in halves:
        st.info("This pair is being trained again just now: choose another, or come back in a moment.")
        st.stop()
    return halves


def _flat(half: ui.Trained, dimensions) -> np.ndarray:
    return _flattened(half.config.run_id, half.metrics["model_sha256"], dimensions)


@st.cache_resource(max_entries=20, show_spinner=False)
def _flattened(run_id: str, sha256: str, dimensions) -> np.ndarray:
    run = ui.trained(run_id)
    labels = data.load(run.config.dataset, "test").labels.numpy()
    return scatter.flatten(ui.codes(run_id, sha256)[0], labels, dimensions)


@st.cache_resource(max_entries=40, show_spinner=False)
def _figure(run_id: str, sha256: str, dimensions, limit: float, grid: bool, chosen: int) -> figures.Figure:
    run = ui.trained(run_id)
    labels = data.load(run.config.dataset, "test").labels.numpy()
    return figures.latent_scatter(
        _flattened(run_id, sha256, dimensions),
        labels,
        limit,
        scatter.axis_names(run.config, dimensions),
        background=_decoded_plane(run_id, sha256, dimensions, limit) if grid and run.config.latent_dim > 1 else None,
        chosen=chosen,
        height=520,
    )


@st.cache_resource(max_entries=20, show_spinner="Decoding the plane …")
def _decoded_plane(run_id: str, sha256: str, dimensions, limit: float) -> str:
    z, _ = ui.codes(run_id, sha256)
    plane = latent.plane_grid(latent.choose_plane(z, dimensions), limit, GRID)
    return digits.png_uri(
        figures.mosaic(latent.decode_all(ui.trained(run_id).model, plane).numpy(), GRID, gap=0, zoom=1)
    )


def _chosen_digit(halves: list[ui.Trained], test: data.Images, chosen: int) -> None:
    """The chosen digit and what both models make of it, with the numbers."""
    st.markdown(f"**Test digit {chosen:,}**, labelled {int(test.labels[chosen])}")
    answers = [_answer(half.config.run_id, half.metrics["model_sha256"], chosen) for half in halves]
    shown = [("x", test.images[chosen : chosen + 1].numpy()), *answers]
    for column, (name, image) in zip(st.columns(3), shown):
        with column:
            digits.film_strips({name: image}, widest=140, stacked=True)


@st.cache_data(max_entries=1000, show_spinner=False)
def _answer(run_id: str, sha256: str, index: int) -> tuple[str, np.ndarray]:
    """What a model makes of a test digit, without noise: where it puts it and what it loses, in words; the picture."""
    run = ui.trained(run_id)
    x = data.load(run.config.dataset, "test").images[index : index + 1]
    mu, log_sigma = encode_parameters(run.model, x)
    loss = reconstruction_loss(run.model.decode(mu), x, run.config.likelihood).item()
    where = (
        f"z = {digits.numbers(mu)}"
        if log_sigma is None
        else f"μ = {digits.numbers(mu)}, σ = {digits.numbers(log_sigma.exp())}"
    )
    return f"x̂ of the {run.config.model.upper()} · {where} · {loss:.1f} nats", reconstruct(run.model, x).numpy()
