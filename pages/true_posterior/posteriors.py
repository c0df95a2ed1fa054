"""The exact posterior of one digit beside the encoder's q: assets/browser/true_posterior/posterior.*, fed."""

import threading

import streamlit as st
import torch
from torch import Tensor

from pages.shared import address, class_names, parcels
from pages.shared.component import base64_of, component, received
from pages.shared.once import once
from pages.shared.pair import halves
from pages.shared.parcels import digits, labels, named
from pages.shared.readings import says_damage
from pages.shared.trained import Trained
from vae.config import RunConfig
from vae.measures.gap import Gaussian2D, encoders_gaussians, expected_bounds, improve, measure_gap
from vae.measures.posterior import Cells, decode_grid, exact_posteriors

KEY = "posterior"
FIRST = "224"  # as in address.js

_posterior = component("true_posterior", "posterior")
_bound = component("true_posterior", "bound")


def has_one(vae: RunConfig) -> bool:
    """Whether a run has an exact posterior that can be shown; says why not."""
    if vae.latent_dim == 2 and vae.kl_weight > 0:
        return True
    below = " Below is all there is of this one: a bound." if vae.kl_weight > 0 else ""
    st.info(f"The exact posterior needs a code of two dimensions and a KL weight above 0: choose such a run.{below}")
    return False


@says_damage
def bound_of_a_digit(vae: RunConfig) -> None:
    """The bound that more and more draws from q bring near log p(x): in more dimensions all there is."""
    if vae.kl_weight == 0:
        return
    _, run = halves(vae)
    _bound(
        key="bound",
        data={
            "weight": vae.kl_weight,
            "given": address.given("x"),
            **digits(run),
            **named(labels(run) | {"vae": parcels.of_model(run)}),
        },
        height="content",
    )


@says_damage
def of_a_digit(vae: RunConfig) -> None:
    """The posterior's picture with q over it, the bounds as bars, and what the decoder makes of any point."""
    if vae.kl_weight != 1:
        st.caption(
            f"This run was trained with β = {vae.kl_weight:g}. What its objective asks for is the **tempered** "
            "posterior, proportional to p(x|z)^(1/β) p(z): what is exact here is that one, and all nats are of it."
        )
    given = address.given("x")
    _, run = halves(vae)
    name = received(KEY, "digit") or given.get("x", FIRST)
    wants_fits = received(KEY, "fitted") == name
    _posterior(
        key=KEY,
        data={
            "colors": class_names.colors(vae.dataset),
            "weight": vae.kl_weight,
            "reach": _reach(run),
            "answer": _answer(run, name) | (_fits(run, name) if wants_fits else {}),
            "given": given,
            **digits(run),
            **named(labels(run) | {"vae": parcels.of_model(run)}),
        },
        sends={"digit": None, "fitted": None},
        height="content",
    )


def pixels(name: str, images: Tensor) -> Tensor:
    """The digit that an address names: a test digit's number, or `own-` and 784 pixels in 16 levels (picker.js)."""
    if not name.startswith("own-"):
        return images[min(int(name), len(images) - 1)]  # of another set, which may have more
    return torch.from_numpy(address.levels_of(name)) / 255


@once(200)
def _reach(run: Trained) -> float:
    """How far from 0 the grid's cells are: kept beyond the grid, which a digit whose answer is kept does not need."""
    return _grid(run).z.abs().max().item()


@once(2, "Decoding the plane …")
def _grid(run: Trained) -> Cells:
    """The plane's cells: 125 MB, and a second's work, so one at a time."""
    with _decoding:
        return decode_grid(run.model, run.config.likelihood, run.codes[0])


_decoding = threading.Lock()


@once(300)
@torch.no_grad()
def _answer(run: Trained, name: str) -> dict:
    """The cells that matter with their density, the mode, q, log p(x) and the encoder's bound; nothing of a blank."""
    x = _digit(run, name)
    if not x.any():
        return {"digit": name}
    given = x, run.config.likelihood, run.config.kl_weight
    [posterior] = exact_posteriors(run.model, _grid(run), *given)
    q, density = encoders_gaussians(run.model, x), posterior.density()
    return {
        "digit": name,
        "z": base64_of(posterior.z.T.contiguous().numpy()),
        "density": base64_of((density / density.max()).numpy()),
        "width": base64_of(posterior.area.sqrt().numpy()),
        "mode": posterior.mode.tolist(),
        "mu": q.mean[0].tolist(),
        "sigma": q.log_scale[0].exp().tolist(),
        "evidence": posterior.log_evidence,
        "encoder": expected_bounds(run.model, x, q, *given[1:]).item(),
    }


@once(300, "Looking for the best Gaussians …")
def _fits(run: Trained, name: str) -> dict:
    """The best diagonal and full Gaussians, their bounds, and the encoder's q on its way up its own bound."""
    x = _digit(run, name)
    kind, weight = run.config.likelihood, run.config.kl_weight
    gap, fits, _ = measure_gap(run.model, _grid(run), x, kind, weight)
    q = encoders_gaussians(run.model, x)
    path = improve(run.model, x[0], q.mean[0], q.log_scale[0], kind, weight)
    return {
        "diagonal": _ellipse(fits.diagonal),
        "full": _ellipse(fits.full),
        "diagonalBound": gap.diagonal.item(),
        "fullBound": gap.full.item(),
        "path": base64_of(path.numpy()),
    }


def _digit(run: Trained, name: str) -> Tensor:
    """The digit of that name as a batch of one (1, 784)."""
    return pixels(name, run.test_set.images)[None]


def _ellipse(gaussian: Gaussian2D) -> dict:
    return {"mean": gaussian.mean[0].tolist(), "covariance": gaussian.covariance()[0].tolist()}
