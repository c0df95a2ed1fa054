"""Classes that a pair was never trained on: what each model makes of them, and how much worse it is at them."""

import dataclasses

import streamlit as st
import torch

from pages.shared import class_names, digits, figures
from pages.shared import lab as ui
from pages.shared.glossary import say
from pages.shared.once import once
from pages.shared.pair import halves
from pages.shared.readings import says_damage
from pages.shared.trained import Trained
from vae.config import RunConfig
from vae.measures.by_class import ClassLoss, looks_like, losses_by_class
from vae.models import reconstruct
from vae.sizes import size_of

SHOWN = 12  # of its images
COMPARED = 2_000  # of the first test images, among which the nearest is looked for


def classes_of(vae: RunConfig) -> list[int]:
    """The classes that a run was not trained on; none for most."""
    return [label for label in range(size_of(vae.dataset).classes) if vae.classes and label not in vae.classes]


@says_damage
def show(vae: RunConfig) -> None:
    """Nothing for a pair that was trained on all classes."""
    if not (unseen := classes_of(vae)):
        return
    pair = halves(vae, vae.autoencoder)
    said = class_names.said(vae.dataset)
    left_out = ", ".join(said[label] for label in unseen)
    st.subheader(f"What neither of the two has ever seen: {left_out}")
    st.html(_strips(*pair, tuple(unseen)))
    for run in pair:
        say(f"**{run.config.model.upper()}**: what it paints for them looks most like {in_words(run, tuple(unseen))}.")
    everything = ui.trained(dataclasses.replace(vae, classes=()).run_id)
    bars = {f"the {run.config.model.upper()} of this pair": by_class(run) for run in pair}
    if everything:
        bars["a VAE that was trained on all of them"] = by_class(everything)
    names = class_names.names(vae.dataset)
    st.plotly_chart(figures.by_class(bars, unseen, names), key="by class", config={"displayModeBar": False})
    st.caption("−ELBO of a VAE and reconstruction loss of an AE, nats a test digit; hatched: never seen by this pair.")


@once(40)
def by_class(run: Trained) -> list[ClassLoss]:
    """What a run is worth on each class of the test digits."""
    return losses_by_class(run.model, *run.test_set, run.config.likelihood)


@once(40)
def looked_like(run: Trained, unseen: tuple[int, ...]) -> dict[int, float]:
    """Of what a run paints for all test digits of some classes: the share that looks most like each class."""
    images, labels = run.test_set
    x = images[torch.isin(labels, torch.tensor(unseen))]
    return looks_like(reconstruct(run.model, x), images[:COMPARED], labels[:COMPARED])


def in_words(run: Trained, unseen: tuple[int, ...]) -> str:
    """The classes that its answers to some others look most like, and in how many of them."""
    called = class_names.said(run.config.dataset)
    shares = ", ".join(f"{called[label]} ({share:.0%})" for label, share in list(looked_like(run, unseen).items())[:4])
    return f"{shares}, by the nearest of {min(COMPARED, len(run.test_set.labels)):,} test digits"


@once(100)
def _strips(ae: Trained, vae: Trained, unseen: tuple[int, ...]) -> str:
    images, labels = vae.test_set
    x = images[torch.isin(labels, torch.tensor(unseen))][:SHOWN]
    rows = {"x, never seen": x, "x̂ of the AE": reconstruct(ae.model, x), "x̂ of the VAE": reconstruct(vae.model, x)}
    return digits.film_strips({name: part.numpy() for name, part in rows.items()}, stacked=True)
