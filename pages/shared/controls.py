"""Widgets that more than one page has. Their values live in the URL, so that a link reproduces what is seen."""

import dataclasses
import functools
import re
from pathlib import Path
from typing import Literal

import streamlit as st

from pages.shared import address, class_names, end_page, run_again
from pages.shared.colors import COLORS
from pages.shared.component import IS_NEW
from pages.shared.glossary import all_words
from pages.shared.plain import message, plain
from pages.shared.readings import store
from vae import datasets
from vae.config import ConfigError, RunConfig, allowed_values, bounds
from vae.sizes import BUILT_IN, is_own, size_of
from vae.typed import read_widths

SYMBOLS = {
    "X": ("x", "x"),
    "Y": ("y", "y"),
    "Z": ("z", "z"),
    "MU": ("mu", r"\mu"),
    "SIGMA": ("sigma", r"\sigma"),
    "EPS": ("eps", r"\varepsilon"),
    "XHAT": ("x_hat", r"\hat x"),
    "KL": ("kl", r"\mathrm{KL}"),
}
FIELDS = {field.name: field for field in dataclasses.fields(RunConfig)}
IMAGES = "images of the settings"  # in the session's state: the dataset that is chosen, if it is not the default
OWN_PICTURES = "pages/classroom/pictures.py"
FIELD = 112  # pixels of a setting beside the buttons
FEW = {"latent_dim": "Dimensions of z", "epochs": "Epochs", "kl_weight": "KL weight", "seed": "Seed"}
MORE = {
    "dataset": "Images",
    "train_size": "Training images",
    "classes": "Classes trained on",
    "hidden_dims": "Hidden layers",
    "activation": "Activation",
    "bottleneck": "Activation of f and g",
    "likelihood": "Likelihood p(x|z)",
    "kl_ramp": "KL ramp",
    "batch_size": "Batch size",
    "learning_rate": "Learning rate",
}


def run_settings(row) -> RunConfig:
    """The settings of a pair in a row, as its VAE's config; a bad one is said in words and ends the page."""
    with row:
        values = {name: setting(name, label, width=FIELD) for name, label in FEW.items()}
        with st.popover("More", icon=":material/tune:"):
            for first in range(0, len(MORE), 3):
                values |= settings(dict(list(MORE.items())[first : first + 3]))
            _about_images(values["dataset"])
    try:
        values["hidden_dims"] = read_widths("hidden_dims", values["hidden_dims"])
        values["classes"] = _labels(values["dataset"], values["classes"])
        config = RunConfig(**values)
    except ConfigError as error:
        label = {**FEW, **MORE}[error.name]
        st.error(
            f"**{label}**: {error.name} = {plain(error.value)} is not allowed: {error.allowed}",
            icon=":material/error:",
        )
        end_page()
    need_images(config.dataset)
    return config


def formula(latex: str) -> None:
    """A formula in which the symbols of SYMBOLS have the colours that they have in pictures and plots."""
    st.latex(_colored(latex))


@functools.cache
def _colored(latex: str) -> str:
    def colored(match: re.Match) -> str:
        name, symbol = SYMBOLS[match[1]]
        return rf"\textcolor{{{COLORS[name]}}}{{{symbol}}}"

    return re.sub(rf"\\({'|'.join(SYMBOLS)})\b", colored, latex)


def foot(latex: str, page: str, home: str = "") -> None:
    """What stands below every lesson: the formula, what the words mean, runs to take home, and the page's own source.

    home: what is on show, bold, and the ways to its files (take_home.py); the browser adds the page's pictures
    (assets/browser/shared/pictures.js). All but the source is one element, for each costs the server.
    """
    st.markdown(_below(latex, home), unsafe_allow_html=True)
    _source(page)


@functools.lru_cache(maxsize=100)
def _below(latex: str, home: str) -> str:
    words = _fold(":material/menu_book: The words: nats, reconstruction loss, KL, ELBO", all_words())
    what = "pictures, weights, plain torch, figures" if "](" in home else "pictures and their numbers"
    shown = _fold(f":material/download: Take home what is on show: {what}", home, "take-home")
    return "\n\n".join([f"$$\n{_colored(latex)}\n$$", words, shown])


def _fold(title: str, text: str, name: str = "") -> str:
    """Markdown that opens and closes by a click on its title (assets/style.css); name: by which scripts find it."""
    return f'<details class="{name}">\n<summary>\n\n{title}\n\n</summary>\n\n{text.strip()}\n\n</details>'


def _source(page: str) -> None:
    """The page's own source in an expander.

    Sent when somebody opens it: what colours it is 1.5 MB of Streamlit's, for which the picture would have to wait.
    """
    expander = st.expander(
        "The source of this page", icon=":material/code:", key="source", on_change="rerun", bind="query-params"
    )
    if expander.open:
        expander.code(_text(page), language="python")


@functools.cache
def _text(page: str) -> str:
    return Path(page).read_text(encoding="utf-8")


def settings(labels: dict[str, str]) -> dict:
    """The widgets for these fields of RunConfig beside each other, by their labels; what each is set to."""
    with st.container(horizontal=True):
        return {name: setting(name, label) for name, label in labels.items()}


def setting(name: str, label: str, width: int | Literal["stretch"] = "stretch"):
    """The widget for one field of RunConfig, bound to the URL parameter of the same name; width: pixels."""
    field = FIELDS[name]
    common = {"label": label, "key": name, "help": _sentence(field.metadata["help"]), "width": width}
    if isinstance(field.default, tuple):  # what is wrong with it is said below, with the text still there
        text = ",".join(map(str, field.default))
        return st.text_input(value=text, placeholder="all", bind="query-params", **common)
    dataset = _dataset()
    rule = functools.partial(_is_allowed, field, dataset)
    may_be_of_others = name == "train_size" and name in st.session_state  # images; then it is set right below
    allowed = allowed_values(field, dataset)
    common["bind"] = "query-params" if may_be_of_others else address.binding(name, (), allowed, rule)
    if name == "dataset":
        return _choose_images(dataset, {**common, "bind": None})
    if "choices" in field.metadata:
        choices = field.metadata["choices"]
        return st.selectbox(options=choices, index=choices.index(field.default), **common)
    low, high = bounds(field, dataset)
    default = min(field.default, high) if name == "train_size" else field.default
    if may_be_of_others and not low <= st.session_state[name] <= high:
        st.session_state[name] = default
    if name == "seed":  # its default is its least value; said outright, it would forbid “Train both again” to set it
        return st.number_input(min_value=low, max_value=high, step=1, **common)
    if isinstance(field.default, int):
        return st.number_input(min_value=low, max_value=high, value=default, step=1, **common)
    step = {"learning_rate": 0.001, "kl_weight": 0.5}.get(name, 0.1)
    return st.number_input(min_value=low, max_value=high, value=field.default, step=step, format="%g", **common)


def _dataset() -> str:
    """Which images the address names; MNIST where there are none such.

    Who comes from another page brings them along, as the other settings.
    """
    if st.session_state.get(IS_NEW) and IMAGES in st.session_state and "dataset" not in st.query_params:
        st.query_params["dataset"] = st.session_state[IMAGES]
    asked = st.query_params.get("dataset", "")
    return asked if asked in BUILT_IN or class_names.about(asked) else RunConfig.dataset


def _choose_images(dataset: str, common: dict) -> str:
    """The datasets by their titles; bound to the address by hand, where it is the name that stands."""
    options = [*BUILT_IN, *(about.dataset for about in class_names.own())]
    if dataset not in options:  # which another server has just taken
        options.append(dataset)
    st.session_state["dataset"] = dataset
    if dataset != RunConfig.dataset:
        st.session_state[IMAGES] = dataset
    else:
        st.session_state.pop(IMAGES, None)
    return st.selectbox(options=options, format_func=class_names.title, on_change=_other_images, **common)


def _other_images() -> None:
    """Somebody has chosen other images: the address names them, and of them all are taken at first."""
    if (dataset := st.session_state["dataset"]) != RunConfig.dataset:
        st.query_params["dataset"] = dataset
    else:
        st.query_params.pop("dataset", None)
    st.session_state["train_size"] = min(RunConfig.train_size, size_of(st.session_state["dataset"]).train)
    st.session_state["classes"] = ""


def _is_allowed(field: dataclasses.Field, dataset: str, text: str) -> bool:
    try:
        RunConfig(**{"dataset": dataset, field.name: type(field.default)(text)})
    except ValueError:
        return False
    return field.name != "dataset" or text in BUILT_IN or class_names.about(text) is not None


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _labels(dataset: str, text: str) -> tuple[int, ...] | str:
    """Classes as somebody has typed them: by their names, or else by their labels."""
    names = {name.casefold(): label for label, name in enumerate(class_names.names(dataset))}
    typed = [part.strip().casefold() for part in re.split("[,;]", text) if part.strip()]
    if typed and set(typed) <= set(names):
        return tuple(names[name] for name in typed)
    return read_widths("classes", text)


def _about_images(dataset: str) -> None:
    """The way to own pictures, and the names by which classes of those that are chosen can be typed."""
    st.page_link(OWN_PICTURES, label="Train on pictures of your own", icon=":material/add_photo_alternate:")
    if is_own(dataset) and (names := class_names.names(dataset)):
        named = ", ".join(map(plain, names))
        st.caption(f"Classes of {plain(class_names.title(dataset))}, as they can be typed: {named}")


def need_images(dataset: str) -> None:
    """For images that are not on this machine: a button that fetches them, and words where that fails; ends the page.

    Own pictures are brought from the store.
    """
    try:
        store().bring(dataset)
    except datasets.DatasetError as error:
        st.error(message(error), icon=":material/error:")
        end_page()
    if datasets.is_available(dataset):
        return
    st.info(f"{dataset} is not on this machine yet. MNIST always is.", icon=":material/download:")
    if st.button(f"Download {dataset} (about 30 MB)"):
        try:
            with st.spinner(f"Downloading {dataset} …"):
                datasets.download(dataset)
        except datasets.DatasetError as error:
            st.error(f"{message(error)} Choose mnist under *More* to go on.", icon=":material/cloud_off:")
            st.page_link(OWN_PICTURES, label="Add files of your own", icon=":material/add_photo_alternate:")
            end_page()
        run_again()
    end_page()
