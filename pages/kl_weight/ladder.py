"""Trained runs of one architecture, one KL weight after another: assets/browser/kl_weight/ladder.*, fed."""

import dataclasses
import functools
import math

import streamlit as st
import torch

from pages.shared import address, class_names, ladders, linked, parcels, scatter, seeds
from pages.shared import lab as ui
from pages.shared.component import component
from pages.shared.glossary import say
from pages.shared.once import once
from pages.shared.pair import halves
from pages.shared.plain import plain
from pages.shared.readings import says_damage
from pages.shared.trained import Trained, top_two_dimensions
from vae import data
from vae.config import RunConfig
from vae.measures import latent
from vae.measures.two_sample import squared_mmd

KEY = "kl weight"
MUTE = 0.1  # nats of KL: codes with less say as good as nothing of x
COMPARED = 1_000  # codes, with as many draws from N(0, I)
CLOSE = 0.1  # from this weight on codes stay near N(0, I): the frame holds these runs, and others may leave it

_ladder = component("kl_weight", "ladder")


@says_damage
def show(architecture: RunConfig) -> None:
    """Every rung on one digit, the rate-distortion plane, the dimensions and the codes."""
    given = address.given("x", "chosen")
    runs = ladders.runs_of(architecture)
    rungs = ladders.rungs(architecture, runs, given.get("chosen"))
    by_id = {config.run_id: config for config in rungs}
    is_awaited = False
    if given.get("chosen") in by_id:
        linked.carry(by_id[given["chosen"]])
    elif chosen := given.pop("chosen", None):
        is_awaited = _is_awaited(chosen)
    if not rungs:
        st.info("No trained runs of this ladder are here: train some on the page *Collapse*.")
        return
    ae, _ = halves(rungs[0])
    vaes = [halves(config)[1] for config in rungs]
    limit = _limit(vaes)
    reference = next((config for config in rungs if config.kl_weight == 1), None)
    rows = [{**_row(vae, rungs), "where": _where(vae, limit)} for vae in vaes]
    points = [_point(config, rungs) for config in runs]
    _ladder(
        key=KEY,
        data={
            "latentDim": architecture.latent_dim,
            "colors": class_names.colors(architecture.dataset),
            "limit": limit,
            "codes": _shown_codes(ae),
            "rungs": rows,
            "points": points,
            "otherSeeds": _other_seeds(rungs, runs),
            "ae": _figures(ae),
            "given": given,
            "isAwaited": is_awaited,
            "klWords": _kl_words(len(ae.test_set.labels)),
            **_named(ae, vaes, points),
        },
        sends={"chosen": _open_chosen_run},
        height="content",
    )
    spread = seeds.spread(seeds.figure(functools.partial(seeds.with_seed, reference))) if reference else None
    say(_outcome([row for row in rows if not row["isOwn"]] or rows, spread))  # which differ in the weight alone


def _other_seeds(rungs: list[RunConfig], runs: list[RunConfig]) -> list[dict]:
    """Where the rungs' trainings lie with other seeds, those that are no points of their own."""
    found = {
        seeds.with_seed(rung, seed).run_id: {"kl": test["kl"], "reconstruction": test["reconstruction"]}
        for rung in rungs
        for seed, test in seeds.tests(functools.partial(seeds.with_seed, rung)).items()
    }
    own = {config.run_id for config in runs}
    return [point for run_id, point in found.items() if run_id not in own]


def _limit(vaes: list[Trained]) -> float:
    """How far the axes of all rungs' codes go: those of the small weights, which nothing holds together, may leave."""
    return max(measured(vae)["reach"] for vae in vaes if vae.config.kl_weight >= CLOSE or vae is vaes[-1])


def _named(ae: Trained, vaes: list[Trained], points: list[dict]) -> dict:
    """The rung that the others are compared with, what is fetched at once, and what all of that is."""
    reference = next((vae for vae in vaes if vae.config.kl_weight == 1), None)
    codes = {f"codes {vae.run_id}": parcels.of_codes(vae, top_two_dimensions(vae), _shown_codes(ae)) for vae in vaes}
    named = parcels.named(parcels.labels(ae) | {"ae": parcels.of_model(ae)} | codes)
    return {
        **parcels.digits(reference or vaes[0]),
        **named,
        "reference": reference and reference.run_id,
        "subject": f"{named['subject']} {points}",
    }


def _shown_codes(run: Trained) -> int:
    """Of how many test digits the codes are drawn."""
    return min(data.TEST_CODES, len(run.test_set.labels))


def _is_awaited(chosen: str) -> bool:
    """Whether a chosen run that is no rung is to become one; any other is forgotten, and only said if it is not here.

    One that is here is of another architecture.
    """
    asked = linked.asked_for("chosen")
    if asked and asked.init_from:
        st.info(f"chosen = {plain(chosen)} in the address is a converted AE, which is on no ladder.")
    elif chosen not in [config.run_id for config in ladders.from_scratch()] and linked.offer("chosen", "vae"):
        return True
    for name in ("chosen", "settings"):
        st.query_params.pop(name, None)
    return False


def _label(config: RunConfig, rungs: list[RunConfig]) -> str:
    """A rung's weight, and in what it differs from the first rung beside the weight."""
    others = [other for other in rungs if other.kl_weight == config.kl_weight and other != config]
    names = [field.name for field in dataclasses.fields(config) if field.name != "kl_weight"]
    own = [name for name in names if any(getattr(config, name) != getattr(o, name) for o in [rungs[0], *others])]
    return ", ".join([f"{config.kl_weight:.10g}", *(f"{name} {getattr(config, name)}" for name in own)])


def _open_chosen_run(run_id: str) -> None:
    """Somebody clicked on a run that is no rung: it becomes one."""
    st.query_params["chosen"] = run_id


def _row(vae: Trained, rungs: list[RunConfig]) -> dict:
    """What the component says of a rung."""
    test = vae.metrics["test"]
    return {
        **_point(vae.config, rungs),
        **_figures(vae),
        "negativeElbo": test["negative_elbo"],
        "information": test.get("information"),  # older runs: nobody measured it
        "klPerDimension": test["kl_per_dimension"],
        "dims": top_two_dimensions(vae),
        "parcel": parcels.of_model(vae),
        "settings": linked.settings_of(vae.config),
    }


def _point(config: RunConfig, rungs: list[RunConfig]) -> dict:
    """A run on the rate-distortion plane."""
    test = ui.test_of(config.run_id)
    figures = {"kl": test["kl"], "reconstruction": test["reconstruction"]}
    name = {"id": config.run_id, "weight": config.kl_weight, "label": _label(config, rungs)}
    is_own = not ui.runs().store.comes_with_the_project(config.run_id)
    return {**name, "isRung": config in rungs, "isOwn": is_own, **figures}


def _figures(run: Trained) -> dict:
    """What the component says of a rung and of the AE alike."""
    test = run.metrics["test"]
    value, low, high = measured(run)["distance"]
    mmd = {"value": value, "low": low, "high": high}
    return {"reconstruction": test["reconstruction"], "active": test["active_units"], "mmd": mmd}


@once(200, "Comparing the codes with N(0, I) …")
@torch.no_grad()
def measured(run: Trained) -> dict:
    """How far codes of the aggregate posterior are from as many of N(0, I); a VAE's reach and sigma on its plane."""
    dims = top_two_dimensions(run) if run.config.model == "vae" else ()
    mu, log_sigma = (part if part is None else part[: data.TEST_CODES] for part in run.codes)
    z = latent.aggregate_samples(mu, log_sigma, 0)[:COMPARED]
    return {
        "distance": squared_mmd(z, latent.prior_samples(*z.shape, 0)),
        "reach": scatter.axis_limit(mu[:, list(dims)].numpy()) if dims else None,
        "sigma": log_sigma[:, list(dims)].exp().median().item() if dims else None,
        "largest": mu[:, list(dims)].abs().amax(1).numpy() if dims else None,
    }


def _where(vae: Trained, limit: float) -> str:
    """What the frame of a rung's codes does not say by itself."""
    found = measured(vae)
    plane = f"z{' and z'.join(str(d + 1) for d in top_two_dimensions(vae))}, " if vae.config.latent_dim > 2 else ""
    outside = (found["largest"] > limit).mean()
    beyond = f", {outside:.0%} outside" if outside > 0.01 else ""
    return f"{plane}median σ {found['sigma']:.2g}{beyond}"


def _kl_words(images: int) -> str:
    """What the estimate of the KL's two parts cannot know."""
    return (
        f"From the codes of all test digits: their I(x; z) cannot be more than log {images:,} = {math.log(images):.1f} "
        "nats. Where it comes near, their clouds hardly meet: then it is at least what stands here, the rest at most."
    )


def _outcome(rows: list[dict], spread: float | None) -> str:
    """What the runs on show say; spread: by which −ELBO differs from seed to seed at weight 1, nats, if known."""
    first, last = rows[0], rows[-1]
    best = min(rows, key=lambda row: row["negativeElbo"])
    alike = _alike(rows, best, spread or 0.0)
    lowest = f"−ELBO is lowest at β = {best['weight']:g}"
    if len(alike) > 1:
        weights = f"β = {alike[0]['weight']:g} to {alike[-1]['weight']:g}"
        lowest = f"−ELBO is lowest at {weights}, a tie within the ±{spread:.1f} nats by which seeds differ"
    closest = min(rows, key=lambda row: row["mmd"]["value"])
    return (
        f"**Measured:** from β = {first['weight']:g} to β = {last['weight']:g} the reconstruction loss goes from "
        f"{first['reconstruction']:.1f} to {last['reconstruction']:.1f} nats, the KL from {first['kl']:.1f} to "
        f"{last['kl']:.1f}, the active dimensions from {first['active']} to {last['active']}. {lowest}; "
        f"the codes are closest to N(0, I) at β = {closest['weight']:g} (MMD² {_signed(closest['mmd']['value'])}; up "
        f"to {_signed(closest['mmd']['high'])} is chance){_because(closest)}."
    )


def _alike(rows: list[dict], best: dict, spread: float) -> list[dict]:
    """The best row, and those beside it, without a gap, that are as good within the spread."""
    place = rows.index(best)
    first = last = place
    while first > 0 and rows[first - 1]["negativeElbo"] < best["negativeElbo"] + spread:
        first -= 1
    while last + 1 < len(rows) and rows[last + 1]["negativeElbo"] < best["negativeElbo"] + spread:
        last += 1
    return rows[first : last + 1]


def _signed(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")


def _because(closest: dict) -> str:
    """Why codes are so close to the prior, where they say as good as nothing: no praise for such a run."""
    if closest["kl"] >= MUTE:
        return ""
    return f", because there they say as good as nothing of x: their KL is {closest['kl']:.3f} nats"
