"""The bottleneck's activation, f of an AE and g of a VAE: whose codes stand on the left, and what it did to them."""

import dataclasses
import math

import streamlit as st
import torch

from pages.shared import lab as ui
from pages.shared.once import once
from pages.shared.plain import plain
from pages.shared.readings import says_damage
from pages.shared.trained import Trained
from vae.activations import ACTIVATIONS, BOTTLENECKS
from vae.config import RunConfig
from vae.measures.latent import aggregate_samples
from vae.runs.states import USABLE

MARGIN = 0.05  # how near the end of its range a number counts as at the edge


@says_damage
def choose_left(vae: RunConfig) -> RunConfig:
    """What stands beside a VAE: its AE, or a model that differs in the activation alone. Kept in the URL as `left`."""
    choices = {activation(config): config for config in beside(vae)}
    own, asked = activation(ui.partner(vae)), st.query_params.get("left")
    key = f"left beside {own}"
    if asked not in (None, *choices):
        st.warning(
            f"left = {plain(asked)} in the address is not here: with the settings of this pair there is "
            f"{', '.join(choices)}. Its AE is shown."
        )
    if st.session_state.get(key) not in (None, *choices):  # of a pair that has more beside it
        del st.session_state[key]
    if asked in choices and st.session_state.get(key) != asked:
        st.session_state[key] = asked  # and not as the default, which is forgotten when one leaves the page
    if len(choices) == 1:
        chosen = own
    else:
        chosen = st.segmented_control(
            "On the left: *z = f(y)* of an AE, or *μ = g(y)* of another VAE",
            list(choices),
            default=None if key in st.session_state else own,
            required=True,
            help="f(y) = act(W y + b), the encoder's last layer: act is the choice.",
            key=key,
            persist_state="session",
            on_change=_by_hand,
            args=(key,),
            wrap=True,
        )
    if chosen != own and chosen != asked:
        st.query_params["left"] = chosen  # not bound: a bound parameter cannot be taken back where a pair has it not
    elif chosen == own and asked is not None:
        del st.query_params["left"]
    return choices[chosen]


def _by_hand(key: str) -> None:
    """Somebody has chosen what stands on the left: the address names that."""
    st.query_params["left"] = st.session_state[key]


def beside(vae: RunConfig) -> list[RunConfig]:
    """What can stand beside a VAE: AEs of every activation, VAEs of every other one, trained with its settings."""
    own = ui.partner(vae)
    aes = [dataclasses.replace(own, bottleneck=kind) for kind in BOTTLENECKS]
    vaes = [dataclasses.replace(vae, bottleneck=kind) for kind in BOTTLENECKS if kind != vae.bottleneck]
    return [c for c in [*aes, *vaes] if c == own or ui.status(c.run_id).state in USABLE]


def activation(config: RunConfig) -> str:
    """A model's activation in a formula: f = sigmoid, g = ReLU."""
    return f"{'f' if config.model == 'ae' else 'g'} = {ACTIVATIONS[config.bottleneck].label}"


def name(config: RunConfig) -> str:
    """A model's name beside another: with its activation, unless that is the identity."""
    model = config.model.upper()
    return model if config.bottleneck == "identity" else f"{model}, {activation(config)}"


def is_bounded(config: RunConfig) -> bool:
    """Whether no code can leave a square; a VAE's do, by their sigma."""
    return config.model == "ae" and math.isfinite(ACTIVATIONS[config.bottleneck].high)


def beyond(config: RunConfig, z: torch.Tensor) -> str:
    """How many draws z (n, latent_dim) are where the encoder can put no digit, in words; empty without such places."""
    if config.bottleneck == "identity":
        return ""
    low, high = ACTIVATIONS[config.bottleneck].range
    outside = int(((z < low) | (z > high)).any(1).sum())
    return (
        f"{outside} of these {len(z)} draws from N(0, I) are where *{activation(config)}* can put no "
        f"*{_symbol(config)}*: "
        + ("no digit can have such a code." if config.model == "ae" else "training came there by *σ·ε* alone.")
    )


def outcome(left: Trained, right: Trained) -> str:
    """What the activation of the model on the left did to the codes of the test digits, as measured."""
    found = _measured(left)
    sentences = [_range_in_words(left.config, found)]
    if left.config.bottleneck == "relu":
        sentences += [_zeros_in_words(left, found)]
    if left.config.model == "vae":
        sentences += [_elbo_in_words(left, right, found)]
    return " ".join(sentences)


def _range_in_words(config: RunConfig, found: dict) -> str:
    """Where codes can be, and how near to its ends they are."""
    said, symbol = f"**{activation(config)}:", _symbol(config)
    low, high = map(_number, ACTIVATIONS[config.bottleneck].range)
    if config.bottleneck == "identity":
        least, most = _number(found["least"]), _number(found["most"])
        return f"{said} nothing bounds *{symbol}*.** It goes from {least} to {most}, N(0, I) from about −3 to 3."
    if config.bottleneck == "relu":
        places = {1: "half of the line", 2: "a quarter of the plane"}
        left = places.get(config.latent_dim, f"1/{2**config.latent_dim:,} of the space")
        return f"{said} no *{symbol}* is below 0, which leaves {left}.**"
    shape = {1: "interval", 2: "square"}.get(config.latent_dim, "cube")
    corner = f", {found['corner']:,} in a corner" if config.latent_dim > 1 else ""
    return (
        f"{said} every *{symbol}* is in the {shape} from {low} to {high}.** Of the {found['count']:,} digits "
        f"{found['edge']:,} are within {MARGIN} of an edge{corner}."
    )


def _zeros_in_words(left: Trained, found: dict) -> str:
    """How often a unit is exactly 0; dead units, and what they still say by their sigma."""
    said = _by_dimension(_symbol(left.config), "is exactly 0", found["zeros"], found["count"])
    dead = [d for d, zeros in enumerate(found["zeros"]) if zeros == found["count"]]
    if not dead:
        return f"{said}; no unit is dead (0 for every digit)."
    kl = left.metrics["test"]["kl_per_dimension"]
    by_sigma = f"; the {sum(kl[d] for d in dead):.1f} nats of KL there are told by *σ* alone" if kl else ""
    are = "is" if len(dead) == 1 else "are"
    return f"{said}: **{len(dead)} of {left.config.latent_dim} units {are} dead**{by_sigma}."


def _elbo_in_words(left: Trained, right: Trained, found: dict) -> str:
    """How a VAE does beside the one on the right, and on which side of 0 its codes are."""
    own, other = (run.metrics["test"]["negative_elbo"] for run in (left, right))
    return (
        f"Of *z = μ + σ·ε*, {_by_dimension('z', 'is below 0', found['below'], found['count'])}; N(0, I) asks for half. "
        f"−ELBO is **{own:.1f}** nats, against {other:.1f} on the right."
    )


def _by_dimension(symbol: str, what: str, counts: list[int], images: int) -> str:
    """For how many digits something is so, by dimension: each of one or two, else the least and the most."""
    if len(counts) > 2:
        return f"Each number of *{symbol}* {what} for {min(counts):,} to {max(counts):,} of the {images:,} digits"
    first, *second = counts
    return f"*{symbol}₁* {what} for {first:,} of the {images:,} digits" + "".join(
        f", *{symbol}₂* for {n:,}" for n in second
    )


def _symbol(config: RunConfig) -> str:
    return "z" if config.model == "ae" else "μ"


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


@once(100)
@torch.no_grad()
def _measured(run: Trained) -> dict:
    """Where the test digits' codes are, in numbers of digits, and a draw of q(z|x) for each of them."""
    mu, log_sigma = run.codes
    low, high = ACTIVATIONS[run.config.bottleneck].range
    at_edge = (mu < low + MARGIN) | (mu > high - MARGIN)
    return {
        "count": len(mu),
        "least": mu.min().item(),
        "most": mu.max().item(),
        "edge": int(at_edge.any(1).sum()),
        "corner": int(at_edge.all(1).sum()),
        "zeros": (mu == 0).sum(0).tolist(),
        "below": (aggregate_samples(mu, log_sigma, 0) < 0).sum(0).tolist(),
    }
