"""Components that run in the browser (assets/browser): how their files are put together."""

import base64
import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st
import torch

from pages.ui.runs import Trained
from vae import data
from vae.packing import pack_model

IMPORT = re.compile(r'^import \{(.+)\} from "\./(.+)";$', re.MULTILINE)
BROWSER = Path(__file__).parents[2] / "assets" / "browser"


def read(name: str) -> str:
    """A file of assets/browser."""
    return (BROWSER / name).read_text(encoding="utf-8")


def script(name: str) -> str:
    """A component's JavaScript with the modules it imports, as the one module that Streamlit takes.

    The files stay ordinary modules, which a browser or a test can import one by one: each becomes a function that
    returns what it exports, and an import takes from what that function returned.
    """
    *imported, main = _with_imports(name)
    return "\n".join([*(_as_function(part) for part in imported), _imports_taken(read(main))])


def _with_imports(name: str) -> list[str]:
    """A module's name after those of all modules that it imports, each once."""
    order: list[str] = []
    for _, imported in IMPORT.findall(read(name)):
        order += [part for part in _with_imports(imported) if part not in order]
    return [*order, name]


def _as_function(name: str) -> str:
    source = read(name)
    exported = ", ".join(re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", source, re.MULTILINE))
    body = re.sub(r"^export ", "", _imports_taken(source), flags=re.MULTILINE)
    return f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"


def _imports_taken(source: str) -> str:
    return IMPORT.sub(lambda match: f"const {{{match[1]}}} = {_variable(match[2])};", source)


def _variable(name: str) -> str:
    return f"from_{name.removesuffix('.js')}"


def styles(name: str) -> str:
    """The style sheets of a component and of the modules that it imports, after what all have in common."""
    own = [part.replace(".js", ".css") for part in _with_imports(f"{name}.js")]
    return "\n".join(read(part) for part in ["lab.css", *own] if (BROWSER / part).exists())


def component(name: str, html: str | None = None, css: str | None = None):
    """The component of NAME.html, NAME.css and NAME.js, registered once; html and css may be given instead."""
    html = read(f"{name}.html") if html is None else html
    css = styles(name) if css is None else css
    return st.components.v2.component(name, html=html, css=css, js=script(f"{name}.js"))


def base64_of(numbers: np.ndarray, kind: str = "<f4") -> str:
    """An array's numbers, little-endian, as a component's data can hold them (bytes.js reads them)."""
    return base64.b64encode(numbers.astype(kind).tobytes()).decode()


_parcel = component("parcel", html="<i></i>", css="")


def deliver(parcels: dict[str, tuple[str, Callable[[], bytes]]]) -> dict[str, str]:
    """Brings bytes to the browser, where the page's components share them (shelf.js); says by which names.

    parcels: what a component calls them -> (a name that stands for these very bytes for ever, what makes them). The
    browser keeps them, so each is sent once a session, and again when a component misses it (mount.js).
    """
    sent = st.session_state.setdefault("parcels sent", set())
    with st.container(key="parcels"):  # takes no room (style.css)
        for name, make in parcels.values():
            if name not in sent:
                again = _lost().count(name)  # in the key, so that the same parcel counts as another one
                _parcel(key=f"parcel {name} {again}", data=_content(name, make))
                sent.add(name)
    return {key: name for key, (name, _) in parcels.items()}


def send_again(key: str) -> Callable[[], None]:
    """What the trigger `missing` of the component of that key calls: the parcels that it names go out once more.

    A rerun drops messages that have not left the server yet.
    """

    def forget() -> None:
        missing = st.session_state[key].missing
        _lost().extend(missing)
        st.session_state["parcels sent"] -= set(missing)

    return forget


def _lost() -> list[str]:
    """The names of this session's lost parcels, each as often as it was lost."""
    return st.session_state.setdefault("parcels lost", [])


@st.cache_resource(max_entries=60, show_spinner="Packing the models …")
def _content(name: str, _make: Callable[[], bytes]) -> bytes:
    return name.encode() + b"\n" + gzip.compress(_make(), 6)


def digits_parcels(dataset: str) -> dict[str, tuple[str, Callable[[], bytes]]]:
    """The test images (784 bytes each) and their labels (a byte each)."""
    test = data.load(dataset, "test")
    return {
        "images": (f"images {dataset}", lambda: (test.images * 255).round().to(torch.uint8).numpy().tobytes()),
        "labels": (f"labels {dataset}", lambda: test.labels.to(torch.uint8).numpy().tobytes()),
    }


def model_parcel(run: Trained) -> tuple[str, Callable[[], bytes]]:
    """A trained model, for model.js."""
    return f"model {run.metrics['model_sha256']}", lambda: pack_model(run.model, run.config)
