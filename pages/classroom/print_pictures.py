"""Pictures of a trained pair for a printed handout: black on white, of what each lesson is about."""

import base64
from collections.abc import Callable

import numpy as np
import streamlit as st
import torch

from pages.shared import digits
from pages.shared.once import once
from pages.shared.pair import halves
from pages.shared.trained import Trained, top_two_dimensions
from vae import data
from vae.config import RunConfig
from vae.measures import latent
from vae.measures.chunks import decode_all
from vae.models import reconstruct, reparameterize
from vae.randomness import seeded

DRAWS = 10
CODES = 200  # that a plane shows: more are a black clump
SIDE = 300  # of a plane, in its own units


def show(lesson: str, vae: RunConfig) -> None:
    """The pictures of a lesson."""
    ae, vae = halves(vae)
    for picture in PICTURES[lesson]:
        st.html(picture(ae, vae))


@once(20)
def _draws(ae: Trained, vae: Trained) -> str:
    """One digit of each class, and what each network makes of it in three passes."""
    ten = data.one_per_class(vae.test_set.labels)
    x = vae.test_set.images[ten]
    rows = {"x": x, "x̂ of the AE, every time": reconstruct(ae.model, x)}
    for draw in range(1, 4):
        eps = torch.randn(len(x), vae.config.latent_dim, generator=seeded(draw, "handout eps"))
        rows[f"x̂ of the VAE, pass {draw}"] = reconstruct(vae.model, x, eps)
    return _strips(rows)


@once(20)
def _samples(ae: Trained, vae: Trained) -> str:
    """What both decoders make of the same draws from N(0, I)."""
    z = latent.prior_samples(DRAWS, vae.config.latent_dim, 0)
    return _strips({f"{name}: z from N(0, I), decoded": decode_all(run.model, z) for name, run in _named(ae, vae)})


@once(20)
def _planes(ae: Trained, vae: Trained) -> str:
    """Where both encoders put test digits, each drawn as its label."""
    dimensions = top_two_dimensions(vae)
    planes = "".join(_plane(name, run, dimensions) for name, run in _named(ae, vae))
    return f'<div class="printed-planes">{planes}</div>'


def _plane(name: str, run: Trained, dimensions: tuple[int, ...]) -> str:
    points, limit = run.points(dimensions)[:CODES], run.reach(dimensions)
    if len(dimensions) == 1:
        points = np.concatenate([points, np.zeros_like(points)], 1)
    places = SIDE / 2 * (1 + points * (1, -1) / limit)
    labels = run.test_set.labels[:CODES].tolist()
    marks = "".join(f'<text x="{x:.0f}" y="{y:.0f}">{label}</text>' for (x, y), label in zip(places, labels))
    circles = "".join(
        f'<circle cx="{SIDE / 2}" cy="{SIDE / 2}" r="{SIDE / 2 * sigmas / limit:.1f}"/>' for sigmas in (1, 2, 3)
    )
    symbol = "z" if run.config.model == "ae" else "μ"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" font-size="8" font-family="sans-serif" '
        f'text-anchor="middle"><rect width="100%" height="100%" fill="#fff"/><g fill="none" stroke="#888" '
        f'stroke-dasharray="2 3">{circles}</g>{marks}</svg>'
    )
    words = f"{name}: {symbol} of {CODES} test digits on axes of ±{limit:g}; circles: N(0, I) at 1, 2 and 3 σ"
    picture = base64.b64encode(svg.encode()).decode()  # as an image: Streamlit takes SVG itself out of HTML
    return f'<figure><img src="data:image/svg+xml;base64,{picture}" alt=""><figcaption>{words}</figcaption></figure>'


@once(20)
def _walks(ae: Trained, vae: Trained) -> str:
    """What each decoder makes of a straight way from a 1 to a 0."""
    first, second = (vae.test_set.labels.tolist().index(label) for label in (1, 0))
    share = torch.linspace(0, 1, DRAWS)[:, None]
    rows = {}
    for name, run in _named(ae, vae):
        z = run.codes[0]
        rows[f"{name}: from a 1 to a 0"] = decode_all(run.model, (1 - share) * z[first] + share * z[second])
    return _strips(rows)


@once(20)
def _noise(ae: Trained, vae: Trained) -> str:
    """What the AE makes of its own codes with the noise of N(0, I): the change of structure alone."""
    ten = data.one_per_class(ae.test_set.labels)
    z = ae.codes[0][ten]
    eps = torch.randn(z.shape, generator=seeded(1, "handout eps"))
    noisy = reparameterize(z, torch.zeros_like(z), eps)
    rows = {"x": ae.test_set.images[ten], "x̂ of the AE": decode_all(ae.model, z)}
    return _strips({**rows, "x̂ of z + ε": decode_all(ae.model, noisy)})


def _kl_of_each_dimension(_: Trained, vae: Trained) -> str:
    """The KL of each dimension as bars, in nats."""
    terms = vae.test["kl_per_dimension"]
    bars = "".join(
        f'<div><span>z{number}</span><i style="width: {70 * kl / max(*terms, 1):.1f}%"></i> {kl:.2f}</div>'
        for number, kl in enumerate(terms, 1)
    )
    return f'<div class="printed-bars"><p>KL of each dimension of the VAE, nats, means over test digits</p>{bars}</div>'


def _named(ae: Trained, vae: Trained) -> list[tuple[str, Trained]]:
    return [("AE", ae), ("VAE", vae)]


def _strips(rows: dict[str, torch.Tensor]) -> str:
    return digits.film_strips({name: images.numpy() for name, images in rows.items()}, widest=620)


PICTURES: dict[str, tuple[Callable[[Trained, Trained], str], ...]] = {
    "home": (_draws,),
    "resampling": (_draws,),
    "latent_space": (_planes, _samples),
    "train": (_draws, _samples),
    "kl_weight": (_kl_of_each_dimension, _samples),
    "walk": (_walks,),
    "conversion": (_noise,),
    "log_sigma": (_kl_of_each_dimension,),
    "true_posterior": (_planes,),
    "collapse": (_kl_of_each_dimension,),
}
