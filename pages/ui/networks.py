"""The picture of the two networks (assets/browser/networks.svg) with one digit on its way through both."""

from string import Template

import numpy as np
import streamlit as st
import torch

from pages.ui import browser, controls, digits
from pages.ui import runs as ui
from vae import data
from vae.config import RunConfig
from vae.figures import COLORS, GREY
from vae.losses import kl_divergence
from vae.models import pixel_means, reparameterize
from vae.randomness import seeded

SHOWN = 8  # passes that stay on the page


def _picture() -> str:
    colors = {f"{name}_color": color for name, color in COLORS.items()}
    svg = Template(browser.read("networks.svg")).substitute(grey=GREY, **colors)
    return f'<div class="networks">{svg}</div>'


_networks = browser.component("networks", html=_picture())


def passes() -> int:
    """How often the digit has passed through, from the URL; a bad number is said and 1 taken."""
    asked = st.query_params.get("passes", "1")
    if asked.isdecimal() and len(asked) < 6 and int(asked) >= 1:
        return int(asked)
    st.warning(f"passes = {controls.quoted(asked)} in the address is not allowed: a whole number from 1 to 99,999.")
    st.query_params["passes"] = "1"
    return 1


def pass_again() -> None:
    """One more pass; what its eps will be depends on its number alone."""
    st.query_params["passes"] = str(min(passes() + 1, 99_999))


@ui.says_damage
def show(digit: int) -> None:
    """The two networks with the latest pass of the first test digit of a class, and the passes before it as strips."""
    vae = RunConfig()
    halves = [ui.trained(config.run_id) for config in (vae.autoencoder, vae)]
    if None in halves:
        st.info(
            "The runs that this page shows are not there: *Train both* with the settings as they are makes them again."
        )
        st.page_link("pages/train.py", label="Train side by side", icon=":material/play_circle:")
        return
    count = passes()
    numbers = list(range(max(1, count - SHOWN + 1), count + 1))
    x, answers = _pass(vae.run_id, digit, tuple(numbers))
    last = answers[-1]
    pictures = {name: digits.png_uri(digits.mosaic(image[None], 1)) for name, image in last["images"].items()}
    _networks(key="networks", data={"pictures": pictures, "words": last["words"]}, height="content")
    st.markdown(f"**{'One pass' if count == 1 else f'{count} passes'} of the same digit**, the latest on the right")
    digits.film_strips(
        {
            "x, what went in": np.stack([x] * len(answers)),
            "x̂ of the AE, and its z": np.stack([a["images"]["ae_x_hat"] for a in answers]),
            "x̂ of the VAE, and its z": np.stack([a["images"]["vae_x_hat"] for a in answers]),
        },
        columns=SHOWN,
        captions=[[], [a["words"]["ae_z"] for a in answers], [a["words"]["vae_z"] for a in answers]],
    )


@st.cache_data(max_entries=500, show_spinner=False)
@torch.no_grad()
def _pass(run_id: str, digit: int, numbers: tuple[int, ...]) -> tuple[np.ndarray, list[dict]]:
    """What both networks answer to the digit at each of the numbered passes."""
    vae = ui.trained(run_id)
    ae = ui.trained(vae.config.autoencoder.run_id)
    test = data.load(vae.config.dataset, "test")
    x = test.images[data.one_per_class(test.labels)[digit]]
    answers = []
    for number in numbers:
        z = ae.model.encode(x[None])
        mu, log_sigma = vae.model.encode(x[None])
        eps = torch.randn(1, vae.config.latent_dim, generator=seeded(0, "passes", number))
        drawn = reparameterize(mu, log_sigma, eps)
        answers.append(
            {
                "words": {
                    "ae_z": digits.numbers(z),
                    "mu": digits.numbers(mu),
                    "sigma": digits.numbers(log_sigma.exp()),
                    "eps": digits.numbers(eps),
                    "vae_z": digits.numbers(drawn),
                    "kl": f"{kl_divergence(mu, log_sigma).sum():.1f}",
                },
                "images": {
                    "x": x.numpy(),
                    "ae_x_hat": pixel_means(ae.model.decode(z))[0].numpy(),
                    "vae_x_hat": pixel_means(vae.model.decode(drawn))[0].numpy(),
                },
            }
        )
    return x.numpy(), answers
