"""Trained runs of one architecture, one KL weight after another: assets/browser/ladder.*, fed."""

import numpy as np
import streamlit as st
import torch

from pages.ui import address, browser, controls, explore
from pages.ui import runs as ui
from vae import data, figures, latent
from vae.config import RunConfig
from vae.models import reparameterize
from vae.randomness import seeded
from vae.sweep import LADDER, MOST_WEIGHTS, ladder
from vae.two_sample import TwoSample, squared_mmd

ARCHITECTURE = ("dataset", "latent_dim", "hidden_dims", "activation", "bottleneck", "likelihood")
KEY = "kl weight"

_ladder = browser.component("ladder")


def choose_architecture() -> RunConfig:
    """The architecture whose runs are looked at, as the default run's config with it; kept in the URL as `models`."""
    families = {_name(config): config for config in _architectures()}
    bind = controls.binding("models", lambda asked: asked in families, f"one of {'; '.join(families)}")
    return families[st.selectbox("Models", list(families), key="models", bind=bind)]


def _architectures() -> list[RunConfig]:
    """The ladders', and each of which one trained two pairs."""
    shapes = [_shape(config) for config in ui.finished_pairs()]
    own = sorted({shape for shape in shapes if shapes.count(shape) > 1}, key=_name)
    ladders = [RunConfig(latent_dim=latent_dim) for latent_dim in LADDER]
    return [*ladders, *(shape for shape in own if shape not in ladders)]


def _shape(config: RunConfig) -> RunConfig:
    return RunConfig(**{name: getattr(config, name) for name in ARCHITECTURE})


def _name(shape: RunConfig) -> str:
    own = [str(getattr(shape, name)) for name in ARCHITECTURE if getattr(shape, name) != getattr(RunConfig(), name)]
    return " ".join([f"{shape.latent_dim}-D", *own[shape.latent_dim != RunConfig().latent_dim :]])


def trained_runs(architecture: RunConfig) -> list[RunConfig]:
    """The rungs: the trained VAEs of an architecture that the slider goes along, the smallest weight first."""
    return _rungs(architecture, _runs_of(architecture), None)


def _runs_of(architecture: RunConfig) -> list[RunConfig]:
    return [config for config in ui.finished_pairs() if _shape(config) == architecture]


@ui.says_damage
def show(architecture: RunConfig) -> None:
    """Every rung on one digit, the rate-distortion plane, the dimensions and the codes."""
    given = address.given("x", "chosen")
    runs = _runs_of(architecture)
    rungs = _rungs(architecture, runs, given.get("chosen"))
    if not rungs:
        st.info("No trained runs of this ladder are here: train some below.", icon=":material/arrow_downward:")
        return
    trained = [explore.halves(config) for config in rungs]
    ae = trained[0][0]
    reference = next((half.config.run_id for _, half in trained if half.config.kl_weight == 1), rungs[0].run_id)
    sent = explore.model_parcels(
        [ae, next(half for _, half in trained if half.config.run_id == reference)],
        {f"model {half.config.run_id}": browser.model_parcel(half) for _, half in trained}
        | {
            f"codes {half.config.run_id}": explore.codes_parcel(half, _two(half), data.TEST_CODES)
            for _, half in trained
        },
    )
    rows = [_row(half) for _, half in trained]
    _ladder(
        key=KEY,
        data={
            "latentDim": architecture.latent_dim,
            "colors": list(figures.DIGIT_COLORS),
            "limit": figures.axis_limit(*(_codes(half) for _, half in trained)),
            "codes": data.TEST_CODES,
            "words": _where_codes_go(trained),
            "rungs": rows,
            "points": [_point(config, config in rungs) for config in {*runs, *rungs}],
            "reference": reference,
            "ae": {**_numbers(ae), "reconstruction": ae.metrics["test"]["reconstruction"]},
            "given": given,
            **sent,
            "subject": f"{sent['subject']} {given.get('chosen')} {len(runs)}",
        },
        on_chosen_change=_take,
        on_missing_change=browser.send_again,
        height="content",
    )
    st.markdown(_outcome(rows))


def _rungs(architecture: RunConfig, runs: list[RunConfig], chosen: str | None) -> list[RunConfig]:
    """The ladder that comes with the project, else the first run of each weight; and the one that was chosen."""
    if any(architecture == RunConfig(latent_dim=latent_dim) for latent_dim in LADDER):
        rungs = [config for config in ladder(architecture.latent_dim) if config in runs]
    else:
        latest_first = sorted(runs, key=lambda config: (config.seed, config.epochs), reverse=True)
        rungs = list({config.kl_weight: config for config in latest_first}.values())[-MOST_WEIGHTS:]
    rungs += [config for config in runs if config.run_id == chosen and config not in rungs]
    return sorted(rungs, key=lambda config: config.kl_weight)


def _take() -> None:
    """Somebody clicked on a run that is no rung: it becomes one."""
    st.query_params["chosen"] = st.session_state[KEY].chosen


def _two(half: ui.Trained) -> tuple[int, ...]:
    """The one or two dimensions with the largest KL."""
    kl = half.metrics["test"]["kl_per_dimension"]
    return tuple(sorted(sorted(range(len(kl)), key=lambda d: -kl[d])[:2]))


def _row(half: ui.Trained) -> dict:
    test = half.metrics["test"]
    return {
        **_point(half.config, True),
        **_numbers(half),
        "negativeElbo": test["negative_elbo"],
        "klPerDimension": test["kl_per_dimension"],
        "dims": _two(half),
    }


def _point(config: RunConfig, is_rung: bool) -> dict:
    test = ui.runs().store.metrics(config.run_id)["test"]
    return {
        "id": config.run_id,
        "weight": config.kl_weight,
        "kl": test["kl"],
        "reconstruction": test["reconstruction"],
        "isRung": is_rung,
    }


def _numbers(half: ui.Trained) -> dict:
    value, _, high = _distance_from_prior(half.config.run_id, half.metrics["model_sha256"])
    return {"active": half.metrics["test"]["active_units"], "mmd": {"value": value, "high": high}}


@st.cache_data(max_entries=200, show_spinner="Comparing the codes with N(0, I) …")
@torch.no_grad()
def _distance_from_prior(run_id: str, sha256: str) -> TwoSample:
    """How far codes drawn from the aggregate posterior are from as many drawn from N(0, I)."""
    run = ui.trained(run_id)
    mu, log_sigma = latent.encode_all(run.model, data.load(run.config.dataset, "test").images[: data.TEST_CODES])
    eps = torch.randn(mu.shape, generator=seeded(0, "aggregate posterior"))
    z = mu if log_sigma is None else reparameterize(mu, log_sigma, eps)
    return squared_mmd(z, latent.prior_samples(len(z), run.config.latent_dim, 0))


def _codes(half: ui.Trained) -> np.ndarray:
    mu, _ = ui.codes(half.config.run_id, half.metrics["model_sha256"])
    return mu[: data.TEST_CODES, list(_two(half))].numpy()


def _where_codes_go(trained: list[list[ui.Trained]]) -> str:
    sigmas = ", ".join(f"{half.config.kl_weight:g}: {_median_sigma(half):.2g}" for _, half in trained)
    return (
        f"{data.TEST_CODES:,} test digits at their μ, some of their q(z|x) at 1 and 2 σ to scale, N(0, I) dotted; "
        f"of more than two dimensions the two with the largest KL. Median σ of them by β: {sigmas}."
    )


def _median_sigma(half: ui.Trained) -> float:
    _, log_sigma = ui.codes(half.config.run_id, half.metrics["model_sha256"])
    return log_sigma[:, list(_two(half))].exp().median().item()


def _outcome(rows: list[dict]) -> str:
    """What the runs on show say, in one sentence."""
    first, last = rows[0], rows[-1]
    best = min(rows, key=lambda row: row["negativeElbo"])
    closest = min(rows, key=lambda row: row["mmd"]["value"])
    return (
        f"**Measured:** from β = {first['weight']:g} to β = {last['weight']:g} the reconstruction loss goes from "
        f"{first['reconstruction']:.1f} to {last['reconstruction']:.1f} nats, the KL from {first['kl']:.1f} to "
        f"{last['kl']:.1f}, the active dimensions from {first['active']} to {last['active']}. −ELBO is lowest at "
        f"β = {best['weight']:g}; the codes are closest to N(0, I) at β = {closest['weight']:g} "
        f"(MMD² {closest['mmd']['value']:.4f}; up to {closest['mmd']['high']:.4f} is chance)."
    )
