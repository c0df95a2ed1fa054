"""Components that run in the browser (assets/browser): how their files are put together."""

import base64
import re
from pathlib import Path

import numpy as np
import streamlit as st

BROWSER = Path(__file__).parents[2] / "assets" / "browser"


def read(name: str) -> str:
    """A file of assets/browser."""
    return (BROWSER / name).read_text(encoding="utf-8")


def script(name: str) -> str:
    """A component's JavaScript with the modules it imports, as the one module that Streamlit takes.

    The files stay ordinary modules, which a browser or a test can import one by one.
    """
    return "\n".join(_own_lines(part) for part in _with_imports(name))


def _with_imports(name: str) -> list[str]:
    """A module's name after those of all modules that it imports, each once."""
    order: list[str] = []
    for imported in re.findall(r'^import .* from "\./(.+)";$', read(name), re.MULTILINE):
        order += [part for part in _with_imports(imported) if part not in order]
    return [*order, name]


def _own_lines(name: str) -> str:
    without_imports = re.sub(r'^import .* from "\./.+";\n', "", read(name), flags=re.MULTILINE)
    return re.sub(r"^export (?!default)", "", without_imports, flags=re.MULTILINE)


def component(name: str, html: str | None = None):
    """The component of NAME.html (or the given html), NAME.css and NAME.js, registered once."""
    html = read(f"{name}.html") if html is None else html
    return st.components.v2.component(name, html=html, css=read(f"{name}.css"), js=script(f"{name}.js"))


def base64_of(numbers: np.ndarray, kind: str = "<f4") -> str:
    """An array's numbers, little-endian, as a component's data can hold them (bytes.js reads them)."""
    return base64.b64encode(numbers.astype(kind).tobytes()).decode()
