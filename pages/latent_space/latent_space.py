"""Latent space: where both models put all test digits, and what their decoders make of any other code."""

from collections.abc import Callable

import streamlit as st

from pages.latent_space import latent_space_answers, planes, unseen
from pages.shared import bottleneck, controls, steps, take_home
from pages.shared import choose as choice
from pages.shared.glossary import say
from pages.shared.steps import Answer, Step
from vae.config import RunConfig
from vae.runs.sweep import WITHOUT_8

SENTENCE = (
    "Every point is a test digit, put where the encoder puts it (a VAE: at its *μ*). **Move over a plane:** both "
    "decoders answer at once."
)


def _on_the_plane(layers: str) -> Callable[[RunConfig | None], dict[str, str]]:
    """The view of a step on what a plane shows as a whole, for which a run of more dimensions gives way."""
    return lambda vae: {"layers": layers} | ({"run": RunConfig().run_id} if vae and vae.latent_dim != 2 else {})


STEPS = [
    Step(
        "Move over both planes, from one colour to the next. Where does one digit turn into another, and what is "
        "between them?",
        answer=Answer(
            "",
            "Digits that look alike are neighbours. Between them the decoders paint mixtures, for what they paint "
            "changes gradually with *z*.",
        ),
        view=_on_the_plane("codes,prior"),
    ),
    Step(
        "New digits come from a *z* that is drawn from N(0, I), the dotted circles. Within them, in which of the two "
        "are there more places where no digit is at home?",
        predict=(latent_space_answers.AE, latent_space_answers.VAE, latent_space_answers.ALIKE),
        answer=latent_space_answers.where_more_holes_are,
        view=_on_the_plane("codes,prior"),
        then={"layers": "codes,prior,holes"},
    ),
    Step(
        "Which digits will seldom or never come out of the AE when *z* is drawn from N(0, I)? Look at what lies inside "
        "the dotted circles of its plane, then press `Sample again` a few times.",
        answer=latent_space_answers.digits_out_of_reach,
        view=_on_the_plane("codes,prior"),
    ),
    Step(
        "Now ten dimensions. The AE has no prior of its own; a Gaussian fitted to its codes is the simplest stand-in. "
        "Compare the three rows of `Fresh samples`: is it enough?",
        answer=Answer(
            "",
            "It is better than N(0, I), for it is where the codes are. It is not enough: between the classes a "
            "Gaussian has much, and the AE's decoder was never trained there.",
        ),
        view={"run": RunConfig(latent_dim=10).run_id},
    ),
    Step(
        "Which part of the plane do the codes have when *f* is a sigmoid? Predict, then choose it `On the left`.",
        predict=("The whole plane", "The square from 0 to 1", "The square from −1 to 1"),
        answer=Answer(
            "The square from 0 to 1",
            "A code is what *f* gives. And what can a VAE do whose *μ* is never negative? Choose `g = ReLU`, and "
            "switch on `q(z|x)`.",
        ),
        view={"run": RunConfig().run_id},
    ),
    Step(
        "These two were trained on all digits but the 8. Predict: what will the VAE paint for one? Then look at `What "
        "neither of the two has ever seen`.",
        predict=(latent_space_answers.AN_8, latent_space_answers.ANOTHER, latent_space_answers.NONE),
        answer=latent_space_answers.what_becomes_of_the_unseen,
        view={"run": WITHOUT_8.run_id},
    ),
]
FORMULA = r"""\text{fresh samples:}\quad \Z\sim\mathcal N(0, I)
    \quad\text{or, for the AE,}\quad \Z\sim\mathcal N\big(\bar{\Z},
    \mathrm{Cov}(\Z)\big),\qquad
    \XHAT  = \mathrm{decoder}(\Z)"""


def show() -> None:
    """The page."""
    say(SENTENCE)
    with steps.card(STEPS) as card:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            vae = choice.choose_pair()
            card.about(vae)
            left = bottleneck.choose_left(vae)
            same_axes = st.toggle("The same axes for both", key="shared_axes", bind="query-params")
        planes.codes(left, vae, same_axes)
        say(
            "The AE put its codes where it pleased. The VAE pays for every cloud that is far from N(0, I), so "
            "together its clouds cover most of it: that is why one can *sample* from it."
        )
        planes.samples(left, vae)
        unseen.show(vae)
    controls.foot(FORMULA, __file__, take_home.links(card.shown))


if __name__ == "__main__":
    show()
