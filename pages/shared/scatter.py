"""The plane of a latent space that is looked at, alike on every page with scatters."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
import torch

from pages.shared import address, class_names
from pages.shared.component import base64_of, component
from vae import data
from vae.config import RunConfig
from vae.measures import latent

_component = component("shared", "scatter")


def choose_dimensions(latent_dim: int) -> tuple[int, int] | None:
    """For more than two dimensions: which two to look at, or None for the principal plane. Kept in the URL."""
    if latent_dim <= 2:
        return None
    plane, first, second = st.columns(3)
    with plane:
        kind = st.selectbox("Plane", ["principal axes (PCA)", "two dimensions of z"], key="plane", bind="query-params")
    if kind.startswith("principal"):
        return None
    names = range(1, latent_dim + 1)
    with first:
        i = st.selectbox("Across", names, index=0, key="across", bind="query-params")
    with second:
        j = st.selectbox("Up", names, index=1, key="up", bind="query-params")
    return i - 1, j - 1


def choose_two(kl_per_dimension: list[float]) -> tuple[int, ...]:
    """The dimensions of a VAE's plane: all of one or two, else two chosen ones, at first those with the largest KL."""
    latent_dim = len(kl_per_dimension)
    largest = _largest(kl_per_dimension)
    if latent_dim <= 2:
        return largest
    first, second, _ = st.columns([1, 1, 4])
    names = range(1, latent_dim + 1)
    binds = [
        address.binding(name, map(str, names), f"a whole number from 1 to {latent_dim}") for name in ("across", "up")
    ]
    with first:
        i = st.selectbox(
            "Across", names, index=largest[0], key="across", bind=binds[0], help="At first, one of the largest KL."
        )
    with second:
        j = st.selectbox("Up", names, index=largest[1], key="up", bind=binds[1])
    return i - 1, j - 1


def _largest(kl_per_dimension: list[float]) -> tuple[int, ...]:
    """The two dimensions with the largest KL, in their order; of one dimension that one."""
    return tuple(sorted(sorted(range(len(kl_per_dimension)), key=lambda d: -kl_per_dimension[d])[:2]))


def in_address(dimensions: tuple[int, ...], latent_dim: int) -> dict[str, str | None]:
    """The parameters of an address that name the dimensions of a plane; None where there are no others."""
    names = [str(d + 1) if latent_dim > 2 else None for d in dimensions]
    return dict(zip(("across", "up"), [*names, None]))


def of_view(view: Mapping[str, str], kl_per_dimension: list[float]) -> tuple[int, ...]:
    """The dimensions of a VAE's plane that such parameters name, or else those of `choose_two` at first."""
    largest = _largest(kl_per_dimension)
    if len(kl_per_dimension) <= 2:
        return largest
    return tuple(int(view.get(name, d + 1)) - 1 for name, d in zip(("across", "up"), largest))


def flatten(
    codes: torch.Tensor, labels: np.ndarray, dimensions: tuple[int, int] | None, plane_of: torch.Tensor | None = None
) -> np.ndarray:
    """Codes (n, latent_dim) as points (n, 2) of the chosen plane; a 1-D code is spread over one row a class.

    plane_of: the codes whose principal plane it is, where these are not their own.
    """
    if codes.shape[1] == 1:
        rows = torch.from_numpy(labels[: len(codes)]) / (max(labels.max(), 1) / 2) - 1.0
        return torch.stack([codes[:, 0], rows], 1).numpy()
    return latent.project(codes, latent.choose_plane(codes if plane_of is None else plane_of, dimensions)).numpy()


def axis_names(config: RunConfig, dimensions: tuple[int, int] | None, symbol: str = "") -> tuple[str, str]:
    """What the axes of a model's scatter show: the symbol, else an AE's z or a VAE's μ."""
    symbol = symbol or ("z" if config.model == "ae" else "μ")
    if config.latent_dim == 1:
        return symbol, "one row a class"
    if dimensions is None and config.latent_dim > 2:
        return f"{symbol}: 1st principal axis", "2nd principal axis"
    i, j = dimensions or (0, 1)
    return f"{symbol}{_subscript(i + 1)}", f"{symbol}{_subscript(j + 1)}"


def show(
    config: RunConfig,
    points: np.ndarray,
    dimensions: tuple[int, int] | None,
    limit: float,
    symbol: str = "",
    arrows: Sequence[dict] = (),
) -> None:
    """Points (n, 2) of the first n test digits on axes of +-limit, as a picture that may come anew every second.

    arrows: {"at": a code, "reconstruction" and "kl": how far each pulls, in halves of the picture} each.
    """
    labels = data.load(config.dataset, "test").labels[: len(points)]
    across, up = axis_names(config, dimensions, symbol)
    _component(
        key=f"scatter {config.model}",
        data={
            "x": base64_of(points[:, 0]),
            "y": base64_of(points[:, 1]),
            "labels": base64_of(labels.numpy(), "u1"),
            "colors": class_names.colors(config.dataset),
            **class_names.in_browser(config.dataset),
            "limit": limit,
            "arrows": list(arrows),
            "axes": f"across: {across}, up: {up}; dotted: 1, 2 and 3 σ of N(0, I)",
            "description": f"{config.model.upper()}: where {len(points):,} test digits are, on axes of ±{limit:g}",
        },
        height="content",
    )


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def axis_limit(*codes: np.ndarray) -> float:
    """A round half-width of square axes that holds N(0, I) to 3 sigma, and 99 % of each of the given codes (n, 2)."""
    reach = max([3.0, *(np.quantile(np.abs(some), 0.99) for some in codes)])
    rounds = np.array([3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100])
    scale = 10.0 ** max(0, np.ceil(np.log10(reach / 100)))
    return float(rounds[np.searchsorted(rounds * scale, reach).clip(max=len(rounds) - 1)] * scale)
