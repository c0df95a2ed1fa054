"""A trained AE becomes a VAE without any training: what its new structure does, and what the new term costs."""

import dataclasses

import numpy as np
import streamlit as st
import torch

from pages.ui import address, controls, digits, prediction, scatter
from pages.ui import runs as ui
from vae import data, figures, latent
from vae.config import RunConfig
from vae.evaluation import CHUNK, Price, evaluate, mean_image_loss, prices_of_sigma
from vae.losses import kl_divergence, reconstruction_loss
from vae.models import VariationalAutoencoder, convert, reconstruct, reparameterize
from vae.randomness import seeded

KEEP, BLUR, BREAK = "They stay as they are", "A little blurred", "They fall apart"
CLOSE, FAR = (
    0.05,
    0.5,
)  # of what codes are worth beside the mean image: who loses less stays, who loses more falls apart
FEW, SOME, MANY = "Less than 3 nats", "3 to 30 nats", "More than 30 nats"
SIGMAS = [10 ** (exponent / 4) for exponent in range(-12, 1)]
PRICED = 2_000  # test images
MOST_DRAWS = 10_000
NETWORKS = r"""\begin{aligned}
    \text{AE:}\quad & \X \to \boxed{\text{trunk}} \to \Y \to \boxed{f} \to \Z \to \boxed{\text{decoder}} \to \XHAT \\
    \text{VAE:}\quad & \X \to \boxed{\text{trunk}} \to \Y \to \boxed{g,\,h} \to \MU,\,\log\SIGMA \to
    \Z = \MU + \SIGMA\,\EPS \to \boxed{\text{decoder}} \to \XHAT
    \end{aligned}"""


def from_nothing(ae: RunConfig) -> RunConfig:
    """The VAE with the same layers and settings that starts from nothing."""
    return dataclasses.replace(ae.converted(), init_from="")


@ui.says_damage
def structure(ae: RunConfig) -> None:
    """The first change alone: reconstructions, codes and −ELBO before anybody has trained."""
    linear = "*f* is linear: its weights are *g*'s." if _is_linear(ae) else "*f* is not linear: the linear *g* is new."
    st.markdown(
        f"Trunk and decoder are **copied**. {linear} The head *h* is **new**, and its σ near 1. Then "
        "*z = μ + σ·ε* is drawn. Nothing is trained."
    )
    controls.formula(NETWORKS)
    predicted = prediction.ask(
        "predict_structure", "what becomes of the reconstructions?", [KEEP, BLUR, BREAK], ae.run_id
    )
    run = _autoencoder(ae)
    if predicted:
        _structure_measured(run, predicted)
    pictures, left, right = st.columns([5, 4, 4], gap="medium")
    with pictures:
        strips = st.container()
        draw = _choose_draw() if predicted else 0
        if predicted:
            _table(run)
    key = _key(run)
    with strips:
        digits.film_strips(_strips(*key, draw) if predicted else _strips_of_the_autoencoder(*key), stacked=True)
    codes, draws = _points(*key, draw)
    limit = figures.axis_limit(codes, draws)
    with left:
        st.markdown("**AE**: z = f(y)")
        scatter.show(ae, codes, None, limit, "z")
    if predicted:
        with right:
            st.markdown("**Converted**: z = μ + σ·ε")
            scatter.show(ae.converted(), draws, None, limit, "z")


def _choose_draw() -> int:
    """The number of the draw of eps that is on show; kept in the URL."""
    bind = controls.binding("eps_draw", lambda asked: address.is_whole(asked, MOST_DRAWS), "a whole number to 10,000")
    number, again = st.columns([2, 3], vertical_alignment="bottom")
    with number:
        draw = st.number_input("Draw of ε", min_value=0, max_value=MOST_DRAWS, step=1, key="eps_draw", bind=bind)
    again.button("Draw again", icon=":material/casino:", on_click=_draw_again)
    return draw


def _structure_measured(run: ui.Trained, predicted: str) -> None:
    """What the change did to the reconstructions, on a scale from the AE to an answer without any code."""
    before, after = run.metrics["test"]["reconstruction"], _test(*_key(run))
    without_code = mean_image_loss(run.config.dataset, run.config.likelihood)
    lost = (after["reconstruction"] - before) / (without_code - before)
    why = (
        "the decoder was only ever given the codes of digits themselves, and nothing beside them."
        if _is_linear(run.config)
        else "the new *g* knows nothing yet of where the decoder expects which digit."
    )
    prediction.compare(
        predicted,
        KEEP if lost < CLOSE else BLUR if lost < FAR else BREAK,
        f"The reconstruction loss of the 10,000 test digits goes from {before:.1f} to "
        f"**{after['reconstruction']:,.1f} nats**, without the noise (ε = 0) to {after['at_mu']:,.1f}; to answer each "
        f"with the mean image costs {without_code:.1f}: {why}",
    )


def _table(run: ui.Trained) -> None:
    """The AE, what it is converted to, and the VAE that it shall become, in nats; the KL once it was predicted."""
    rows = {"AE": run.metrics["test"], "converted, not trained": _test(*_key(run))}
    if plain := _from_nothing_to_the_end(run.config):
        rows["VAE, trained from nothing"] = plain
    names = {"reconstruction": "reconstruction", "negative_elbo": "−ELBO"}
    if prediction.is_answered("predict_objective"):
        names = {"reconstruction": "reconstruction", "kl": "KL", "negative_elbo": "−ELBO"}

    def cells(test: dict) -> str:
        return " | ".join("–" if test[name] is None else f"{test[name]:,.1f}" for name in names)

    head = [f"| test digits, nats | {' | '.join(names.values())} |", f"|---|{'--:|' * len(names)}"]
    st.markdown("\n".join([*head, *(f"| {name} | {cells(test)} |" for name, test in rows.items())]))


@ui.says_damage
def objective(ae: RunConfig) -> None:
    """The second change: the KL term of the codes as they are, and what each sigma would cost."""
    st.markdown(
        "The term **KL(q(z|x) ‖ N(0, I))** is added. Nobody ever asked this AE to put its codes *z = f(y)* near 0, "
        "or to say how sure it is of them."
    )
    question = "how large is the term for the codes as they are?"
    predicted = prediction.ask("predict_objective", question, [FEW, SOME, MANY], ae.run_id)
    if predicted is None:
        return
    run = _autoencoder(ae)
    far, width = _kl_parts(*_key(run))
    kl = far + width
    prediction.compare(
        predicted,
        FEW if kl < 3 else SOME if kl <= 30 else MANY,
        f"It is **{kl:.1f} nats**: {far:.1f} for codes away from 0, and {width:.1f} for σ, which is still close to the "
        "prior's own.",
    )
    prices = _prices(*_key(run))
    best = min(prices, key=lambda price: price.reconstruction + price.kl)
    total = best.reconstruction + best.kl
    levels, beside = {"the AE's reconstruction": _first_test(*_key(run))["reconstruction"]}, ""
    plain = ui.trained(from_nothing(ae).run_id) if _from_nothing_to_the_end(ae) else None
    if plain:
        levels["−ELBO of the VAE from nothing"] = trained = _first_test(*_key(plain))["negative_elbo"]
        word = "more" if total > trained else "less"
        beside = f" That is {abs(total - trained):,.1f} nats {word} than the VAE that was trained from nothing."
    picture, words = st.columns([3, 2], vertical_alignment="center", gap="large")
    picture.plotly_chart(_trade_off(prices, levels), key="trade-off", config={"displayModeBar": False})
    words.markdown(
        "**What if only σ were chosen, one for all, and nothing trained?** A small σ spares the decoder the noise, "
        f"and the KL charges for it: {ae.latent_dim * np.log(10):.1f} nats for a σ ten times smaller. Cheapest is "
        f"**σ ≈ {best.sigma:.2g}**: −ELBO = {best.reconstruction:.1f} + {best.kl:.1f} = **{total:.1f} nats**.{beside} "
        f"(All of the first {PRICED:,} test digits.)"
    )


def _is_linear(ae: RunConfig) -> bool:
    return ae.bottleneck == "identity"


def _from_nothing_to_the_end(ae: RunConfig) -> dict:
    """The figures of the VAE from nothing, where it was trained to its end; else nothing."""
    run_id = from_nothing(ae).run_id
    return ui.test_of(run_id) if ui.status(run_id).state == "complete" else {}


def _autoencoder(ae: RunConfig) -> ui.Trained:
    run = ui.trained(ae.run_id)
    if run is None:
        st.info("This AE is being trained again just now: choose another, or come back in a moment.")
        st.stop()
    return run


def _key(run: ui.Trained) -> tuple[str, str]:
    return run.config.run_id, run.metrics["model_sha256"]


@st.cache_resource(max_entries=8, show_spinner=False)
def _converted(run_id: str, sha256: str) -> VariationalAutoencoder:
    run = ui.trained(run_id)
    return convert(run.model, run.config.converted()).eval().requires_grad_(False)


@st.cache_data(max_entries=40, show_spinner="Measuring the converted AE …")
def _test(run_id: str, sha256: str) -> dict:
    """The figures of an AE that was converted and not trained, and its reconstruction loss without noise."""
    config, model = ui.trained(run_id).config, _converted(run_id, sha256)
    images = data.load(config.dataset, "test").images
    mu, _ = latent.encode_all(model, images)
    losses = [
        reconstruction_loss(model.decode(z), x, config.likelihood) for z, x in zip(mu.split(CHUNK), images.split(CHUNK))
    ]
    return evaluate(model, images, config.likelihood).to_dict() | {"at_mu": torch.cat(losses).mean().item()}


@st.cache_data(max_entries=40, show_spinner=False)
def _first_test(run_id: str, sha256: str) -> dict:
    """The figures of a trained run on the first test images, of which the prices are."""
    run = ui.trained(run_id)
    images = data.load(run.config.dataset, "test").images[:PRICED]
    return evaluate(run.model, images, run.config.likelihood).to_dict()


@st.cache_data(max_entries=40, show_spinner=False)
def _kl_parts(run_id: str, sha256: str) -> tuple[float, float]:
    """The KL term of the AE's own codes with the sigma of the new head, nats: what is due to mu, and to sigma."""
    images = data.load(ui.trained(run_id).config.dataset, "test").images
    z, _ = latent.encode_all(ui.trained(run_id).model, images)
    _, log_sigma = latent.encode_all(_converted(run_id, sha256), images)
    parts = kl_divergence(z, torch.zeros_like(z)), kl_divergence(torch.zeros_like(z), log_sigma)
    return tuple(part.sum(1).mean().item() for part in parts)


@st.cache_data(max_entries=40, show_spinner="Trying one σ after another …")
def _prices(run_id: str, sha256: str) -> list[Price]:
    run = ui.trained(run_id)
    images = data.load(run.config.dataset, "test").images[:PRICED]
    return prices_of_sigma(run.model, images, run.config.likelihood, SIGMAS)


@st.cache_data(max_entries=40, show_spinner=False)
def _strips_of_the_autoencoder(run_id: str, sha256: str) -> dict[str, np.ndarray]:
    x = _ten_digits(run_id)
    return {"x, ten test digits": x.numpy(), "x̂ of the AE": reconstruct(ui.trained(run_id).model, x).numpy()}


@st.cache_resource(max_entries=40, show_spinner=False)
def _trade_off(prices: list[Price], levels: dict[str, float]) -> figures.Figure:
    return figures.trade_off(prices, levels)


@st.cache_data(max_entries=200, show_spinner=False)
def _strips(run_id: str, sha256: str, draw: int) -> dict[str, np.ndarray]:
    x, model, ten = _ten_digits(run_id), _converted(run_id, sha256), data.one_per_class(_test_set(run_id).labels)
    return {
        **_strips_of_the_autoencoder(run_id, sha256),
        "converted, without noise (ε = 0)": reconstruct(model, x).numpy(),
        f"converted, z drawn (draw {draw})": reconstruct(model, x, _eps(model, draw)[ten]).numpy(),
    }


def _ten_digits(run_id: str) -> torch.Tensor:
    return _test_set(run_id).images[data.one_per_class(_test_set(run_id).labels)]


def _test_set(run_id: str) -> data.Images:
    return data.load(ui.trained(run_id).config.dataset, "test")


def _eps(model: VariationalAutoencoder, draw: int) -> torch.Tensor:
    """A draw for each of the first test images, in the strips and in the scatter alike: (2000, latent_dim)."""
    return torch.randn(data.TEST_CODES, model.h.out_features, generator=seeded(draw, "conversion eps"))


@st.cache_data(max_entries=40, show_spinner=False)
def _points(run_id: str, sha256: str, draw: int) -> tuple[np.ndarray, np.ndarray]:
    """The AE's codes and draws of the converted AE's z, for the first test digits, on the same plane."""
    test, model = _test_set(run_id), _converted(run_id, sha256)
    images = test.images[: data.TEST_CODES]
    z, _ = latent.encode_all(ui.trained(run_id).model, images)
    drawn = reparameterize(*latent.encode_all(model, images), _eps(model, draw))
    return tuple(scatter.flatten(codes, test.labels.numpy(), None, z) for codes in (z, drawn))


def _draw_again() -> None:
    st.session_state["eps_draw"] = (st.session_state.get("eps_draw", 0) + 1) % (MOST_DRAWS + 1)
