"""A trained AE becomes a VAE without any training: what its new structure does, and what the new term costs."""

import dataclasses
import math

import numpy as np
import streamlit as st

from pages.conversion import converted
from pages.shared import address, controls, end_page, prediction, scatter
from pages.shared import lab as ui
from pages.shared.glossary import say
from pages.shared.readings import says_damage
from pages.shared.trained import Trained
from vae.config import RunConfig
from vae.measures.evaluation import mean_image_loss

KEEP, BLUR, BREAK = "They stay as they are", "A little blurred", "They fall apart"
CLOSE, FAR = 0.05, 0.5  # of what codes are worth, beside the mean image: who loses less stays, who more falls apart
FEW, SOME, MANY = "Less than 3 nats", "3 to 30 nats", "More than 30 nats"
NETWORKS = r"""\begin{aligned}
    \text{AE:}\quad & \X \to \boxed{\text{trunk}} \to \Y \to \boxed{f} \to \Z \to \boxed{\text{decoder}} \to \XHAT \\
    \text{VAE:}\quad & \X \to \boxed{\text{trunk}} \to \Y \to \boxed{g,\,h} \to \MU,\,\log\SIGMA \to
    \Z = \MU + \SIGMA\,\EPS \to \boxed{\text{decoder}} \to \XHAT
    \end{aligned}"""


def from_scratch(ae: RunConfig) -> RunConfig:
    """The VAE with the same layers and settings that starts from scratch."""
    return dataclasses.replace(ae.converted(), init_from="")


@says_damage
def structure(ae: RunConfig) -> None:
    """The first change alone: reconstructions, codes and −ELBO before anybody has trained."""
    run = _autoencoder(ae)
    pictures, left, right = st.columns([5, 4, 4], gap="medium")
    with pictures:
        predicted = prediction.ask(
            "predict_structure", "what becomes of the reconstructions?", [KEEP, BLUR, BREAK], ae.run_id
        )
        draw = _choose_draw() if predicted else 0
        st.html(converted.strips(run, draw if predicted else None))
    codes, draws = converted.points(run, draw)
    limit = scatter.axis_limit(codes, draws)
    with left:
        st.markdown("**AE**: z = f(y)")
        scatter.show(ae, codes, None, limit, "z")
    with right:
        st.markdown("**Converted**: z = μ + σ·ε")
        if predicted:
            scatter.show(ae.converted(), draws, None, limit, "z")
        else:
            st.caption("Predict first. Then this is where it puts the same digits.")
    if predicted:
        _structure_measured(run, predicted)
        _table(run)
    linear = "*f* is linear: its weights are *g*'s." if _is_linear(ae) else "*f* is not linear: the linear *g* is new."
    say(
        f"Trunk and decoder are **copied**. {linear} The head *h* is **new**, and its σ near 1. Then "
        "*z = μ + σ·ε* is drawn. Nothing is trained."
    )
    controls.formula(NETWORKS)


def _choose_draw() -> int:
    """The number of the draw of eps that is on show; kept in the URL."""
    bind = address.binding("eps_draw")
    row = st.container(horizontal=True)
    draw = row.number_input(
        "Draw of ε", min_value=0, max_value=address.MOST_DRAWS, step=1, key="eps_draw", bind=bind, width=130,
        label_visibility="collapsed",
    )  # fmt: skip
    row.button("Sample again", icon=":material/casino:", on_click=_draw_again)
    return draw


def _structure_measured(run: Trained, predicted: str) -> None:
    """What the change did to the reconstructions, on a scale from the AE to an answer without any code."""
    before, after = run.metrics["test"]["reconstruction"], converted.test(run)
    without_code = mean_image_loss(run.config.dataset, run.config.likelihood)
    worth = without_code - before  # not above 0 for an AE that has learned nothing
    lost = (after["reconstruction"] - before) / worth if worth > 0 else math.inf
    why = (
        "the decoder was only ever given the codes of digits themselves, and nothing beside them."
        if _is_linear(run.config)
        else "the new *g* knows nothing yet of where the decoder expects which digit."
    )
    if worth <= 0:
        why = "the codes of this AE were worth nothing before."
    measured = KEEP if lost < CLOSE else BLUR if lost < FAR else BREAK
    prediction.compare(
        predicted,
        measured,
        f"The reconstruction loss of the {len(run.test_set.labels):,} test digits goes from {before:.1f} to "
        f"**{ui.nats(after, 'reconstruction')} nats**, without the noise (ε = 0) to {after['at_mu']:,.1f}; to answer "
        f"each with the mean image costs {without_code:.1f}{'.' if measured == KEEP else f': {why}'}",
    )


def _table(run: Trained) -> None:
    """The AE, what it is converted to, and the VAE that it shall become, in nats; the KL once it was predicted."""
    rows = {"AE": run.metrics["test"], "converted, not trained": converted.test(run)}
    if plain := _from_scratch_to_the_end(run.config):
        rows["VAE, trained from scratch"] = plain
    names = {"reconstruction": "reconstruction", "negative_elbo": "−ELBO"}
    if prediction.is_answered("predict_objective", [FEW, SOME, MANY]):
        names = {"reconstruction": "reconstruction", "kl": "KL", "negative_elbo": "−ELBO"}

    def cells(test: dict) -> str:
        return " | ".join("–" if test[name] is None else ui.nats(test, name) for name in names)

    head = [f"| test digits, nats | {' | '.join(names.values())} |", f"|---|{'--:|' * len(names)}"]
    st.markdown("\n".join([*head, *(f"| {name} | {cells(test)} |" for name, test in rows.items())]))


@says_damage
def objective(ae: RunConfig) -> None:
    """The second change: the KL term of the codes as they are, and what each sigma would cost."""
    say(
        "The term **KL(q(z|x) ‖ N(0, I))** is added. Nobody ever asked this AE to put its codes *z = f(y)* near 0, "
        "or to say how sure it is of them."
    )
    question = "how large is the term for the codes as they are?"
    predicted = prediction.ask("predict_objective", question, [FEW, SOME, MANY], ae.run_id)
    if predicted is None:
        return
    run = _autoencoder(ae)
    far, width = converted.kl_parts(run)
    kl = far + width
    prediction.compare(
        predicted,
        FEW if kl < 3 else SOME if kl <= 30 else MANY,
        f"It is **{kl:.1f} nats**: {far:.1f} for codes away from 0, and {width:.1f} for σ, which is still close to the "
        "prior's own.",
    )
    prices = converted.prices(run)
    best = min(prices, key=lambda price: price.reconstruction + price.kl)
    total = best.reconstruction + best.kl
    levels, beside = {"the AE's reconstruction": converted.first_test(run)["reconstruction"]}, ""
    plain = ui.trained(from_scratch(ae).run_id) if _from_scratch_to_the_end(ae) else None
    if plain:
        levels["−ELBO of the VAE from scratch"] = trained = converted.first_test(plain)["negative_elbo"]
        word = "more" if total > trained else "less"
        beside = f" That is {abs(total - trained):,.1f} nats {word} than the VAE that was trained from scratch."
    picture, words = st.columns([3, 2], vertical_alignment="center", gap="large")
    picture.plotly_chart(
        converted.trade_off(run, tuple(levels.items())), key="trade-off", config={"displayModeBar": False}
    )
    words.markdown(
        "**What if only σ were chosen, one for all, and nothing trained?** A small σ spares the decoder the noise, "
        f"and the KL charges for it: {ae.latent_dim * np.log(10):.1f} nats for a σ ten times smaller. Cheapest is "
        f"**σ ≈ {best.sigma:.2g}**: −ELBO = {best.reconstruction:.1f} + {best.kl:.1f} = **{total:.1f} nats**.{beside} "
        f"(All of the first {min(converted.PRICED, len(run.test_set.labels)):,} test digits.)"
    )


def _is_linear(ae: RunConfig) -> bool:
    return ae.bottleneck == "identity"


def _from_scratch_to_the_end(ae: RunConfig) -> dict:
    """The figures of the VAE from scratch, where it was trained to its end; else nothing."""
    run_id = from_scratch(ae).run_id
    return ui.test_of(run_id) if ui.status(run_id).state == "complete" else {}


def _autoencoder(ae: RunConfig) -> Trained:
    run = ui.trained(ae.run_id)
    if run is None:
        st.info("This AE is being trained again just now: choose another, or come back in a moment.")
        end_page()
    return run


def _draw_again() -> None:
    st.session_state["eps_draw"] = (st.session_state.get("eps_draw", 0) + 1) % (address.MOST_DRAWS + 1)
