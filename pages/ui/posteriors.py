"""The exact posterior of one digit beside the encoder's q: assets/browser/posterior.*, fed."""

import base64

import streamlit as st
import torch
from torch import Tensor

from pages.ui import address, browser, explore
from pages.ui import runs as ui
from vae import data, figures
from vae.config import RunConfig
from vae.models import encode_parameters
from vae.posterior import Cells, decode_grid, encoder_bound, exact_posterior, fit_gaussians, zoom

KEY = "posterior"
FIRST = "218"  # as in picker.js

_posterior = browser.component("posterior")


@ui.says_damage
def of_a_digit(vae: RunConfig) -> None:
    """The posterior's picture with q over it, the bounds as bars, and what the decoder makes of any point."""
    if vae.latent_dim != 2 or vae.kl_weight == 0:
        st.info("The exact posterior needs a code of two dimensions and a KL weight above 0: choose such a run.")
        return
    given = address.given("x")
    pair = explore.halves(vae)
    run = pair[1]
    asked = st.session_state.get(KEY)
    name = (asked and asked.digit) or given.get("x", FIRST)
    wants_fits = bool(asked and asked.fitted == name)
    sha256 = run.metrics["model_sha256"]
    sent = explore.model_parcels(pair)
    answer = _answer(vae.run_id, sha256, name)
    _posterior(
        key=KEY,
        data={
            "colors": list(figures.DIGIT_COLORS),
            "weight": vae.kl_weight,
            "reach": _grid(vae.run_id, sha256).z.abs().max().item(),
            "answer": answer | (_fits(vae.run_id, sha256, name) if wants_fits else {}),
            "given": given,
            **sent,
        },
        on_digit_change=lambda: None,
        on_fitted_change=lambda: None,
        on_missing_change=browser.send_again(KEY),
        height="content",
    )


def pixels(name: str, images: Tensor) -> Tensor:
    """The digit that an address names: a test digit's number, or `own-` and 784 pixels in 16 levels (picker.js)."""
    if not name.startswith("own-"):
        return images[int(name)]
    packed = base64.urlsafe_b64decode(name.removeprefix("own-") + "=")
    levels = [level for byte in packed for level in (byte >> 4, byte & 15)]
    return torch.tensor(levels[: data.PIXELS]) / 15


@st.cache_resource(max_entries=2, show_spinner="Decoding the plane …")
def _grid(run_id: str, sha256: str) -> Cells:
    run = ui.trained(run_id)
    return decode_grid(run.model, run.config.likelihood, ui.codes(run_id, sha256)[0])


@torch.no_grad()
def _exact(run_id: str, sha256: str, name: str):
    run = ui.trained(run_id)
    x = pixels(name, data.load(run.config.dataset, "test").images)
    kind, weight = run.config.likelihood, run.config.kl_weight
    posterior = zoom(run.model, exact_posterior(_grid(run_id, sha256), x, kind, weight), x, kind, weight)
    mu, log_sigma = (part[0] for part in encode_parameters(run.model, x[None]))
    return run, x, posterior, mu, log_sigma


@st.cache_data(max_entries=300, show_spinner=False)
def _answer(run_id: str, sha256: str, name: str) -> dict:
    """The cells that matter with their density, the mode, q, log p(x) and the encoder's bound."""
    run, x, posterior, mu, log_sigma = _exact(run_id, sha256, name)
    bound = encoder_bound(run.model, x, mu, log_sigma, run.config.likelihood, run.config.kl_weight)
    density = posterior.density()
    return {
        "digit": name,
        "z": browser.base64_of(posterior.cells.z.T.contiguous().numpy()),
        "density": browser.base64_of((density / density.max()).numpy()),
        "width": posterior.cells.area**0.5,
        "mode": posterior.mode.tolist(),
        "mu": mu.tolist(),
        "sigma": log_sigma.exp().tolist(),
        "evidence": posterior.log_evidence,
        "encoder": bound,
    }


@st.cache_data(max_entries=300, show_spinner="Looking for the best Gaussians …")
def _fits(run_id: str, sha256: str, name: str) -> dict:
    """The best diagonal and full Gaussians, their bounds, and the way from the encoder's q to the diagonal one."""
    _, _, posterior, mu, log_sigma = _exact(run_id, sha256, name)
    fits = fit_gaussians(posterior, mu, log_sigma)
    encoder = _answer(run_id, sha256, name)["encoder"]
    diagonal = max(fits.diagonal_bound, encoder)  # the encoder's q is one of them
    return {
        "diagonal": {"mean": fits.diagonal.mean.tolist(), "covariance": fits.diagonal.covariance().tolist()},
        "full": {"mean": fits.full.mean.tolist(), "covariance": fits.full.covariance().tolist()},
        "diagonalBound": diagonal,
        "fullBound": max(fits.full_bound, diagonal),
        "path": browser.base64_of(fits.path.numpy()),
    }
