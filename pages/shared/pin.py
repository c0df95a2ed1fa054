"""A picture that stays beside the next one: what `pin` in the address names, and what the browser needs to draw it.

A pin is names and values by turns: the run, then what else makes the picture, by its names in the address, as "run
vae-2d-214c9166d047 x 5 eps_scale 2". assets/browser/shared/pin.js writes it; what is the default is left out.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import streamlit as st

from pages.shared import bottleneck, choose, lab
from pages.shared.address import PARAMETERS, Parameter, whole
from pages.shared.component import IS_NEW, PAGE, read, styles
from pages.shared.plain import plain
from vae.config import ConfigError, RunConfig

LONGEST = 3_000  # letters: two drawings and two codes of 32 numbers are 1,700


class Pin(NamedTuple):
    """A picture that is pinned: a pair by its VAE, what stands on its left, and the rest by names of the address."""

    text: str
    vae: RunConfig
    left: RunConfig
    view: dict[str, str]


def css(room: str, name: str) -> str:
    """The style sheets of a component of which a picture can be pinned."""
    return read("shared/pin.css") + styles(room, name)


def beside(
    vae: RunConfig, own: Collection[str], others: Mapping[str, str | None], data_of: Callable[[Pin], dict]
) -> dict:
    """What a component is sent so that its picture can be pinned, and of the one that is, if any.

    own: the parameters of the address that the picture itself keeps; others: those that the page keeps, as they are
    now, None for the default (`left`: the name of its run); data_of: what the component is sent of a pinned picture.
    """
    now = {"run": vae.run_id} | {name: value for name, value in others.items() if value is not None}
    sent = {"toPin": {"title": choose.name_of(vae), "own": list(own), "others": now}}
    if pin := _pinned([*others, *own]):
        data = data_of(pin)
        given = {name: pin.view[name] for name in own if name in pin.view}
        sent["pinned"] = {
            "title": choose.name_of(pin.vae),
            "view": _address_of(pin, [*others, *own]),
            "data": {**data, "given": given, "isPinned": True, "subject": f"{data['subject']} {pin.text}"},
        }
    return sent


def _address_of(pin: Pin, names: Collection[str]) -> dict[str, str | None]:
    """The parameters of an address by which the page itself shows what is pinned; None for those it has not."""
    view = {name: pin.view.get(name) for name in names}
    if "left" in view:
        view["left"] = bottleneck.activation(pin.left)
    return {**view, "run": pin.vae.run_id, "settings": None}


def _pinned(names: Collection[str]) -> Pin | None:
    """What the address pins; None for nothing, and for what is not allowed or not here, which is said."""
    place = f"pinned on {st.session_state.get(PAGE)}"
    if st.session_state.get(IS_NEW) and st.session_state.get(place) and "pin" not in st.query_params:
        st.query_params["pin"] = st.session_state[place]  # as one left the page
    text = st.session_state[place] = st.query_params.get("pin")
    if text is None:
        return None
    try:
        return parse(text, names)
    except ConfigError as error:
        wrong = f"{error.name} = {plain(error.value)} is not allowed: {error.allowed}"
        st.warning(f"Nothing is pinned, for in the pin of this address {wrong}.")
        del st.query_params["pin"], st.session_state[place]
        return None


def parse(text: str, names: Collection[str]) -> Pin:
    """A pin of a page with these parameters beside the run; raises ConfigError."""
    words = text[:LONGEST].split(" ")
    view = dict(zip(words[::2], words[1::2]))
    if 2 * len(view) != len(words) or len(text) > LONGEST or not {"run"} <= set(view) <= {"run", *names}:
        allowed = f"names and values by turns, each name once, the run among them: run, {', '.join(names)}"
        raise ConfigError("pin", text, allowed)
    run_id = view.pop("run")
    vae = next((pair for pair in lab.finished_pairs() if pair.run_id == run_id), None)
    if vae is None:
        raise ConfigError("run", run_id, "the VAE of a pair that is on this server, trained to its end")
    lefts = {config.run_id: config for config in bottleneck.beside(vae)}
    for name, value in view.items():
        parameter = _parameter(name, vae, lefts)
        if not parameter.rule(value):
            raise ConfigError(name, value, parameter.allowed)
    return Pin(text, vae, lefts[view.pop("left", lab.partner(vae).run_id)], view)


def _parameter(name: str, vae: RunConfig, lefts: Collection[str]) -> Parameter:
    """What is allowed under a name beside a pair; for widgets' own parameters the table has no rule."""
    of_widgets = {
        "left": ("a run that was trained with the settings of this pair", lefts.__contains__),
        "shared_axes": ("true", "true".__eq__),
        **dict.fromkeys(
            ("across", "up"), (f"a whole number from 1 to {vae.latent_dim}", whole(vae.latent_dim, first=1))
        ),
    }
    return Parameter("", "", *of_widgets[name]) if name in of_widgets else PARAMETERS[name]
