"""Components that run in the browser: their files in assets/browser, how a page shows them, and what they are sent."""

import base64
import functools
import gzip
import hashlib
import itertools
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import orjson
import streamlit as st

from pages.shared.address import SENT
from pages.shared.plain import plain

BROWSER = Path(__file__).parents[2] / "assets" / "browser"
IMPORT = re.compile(r'from "(\.[^"]+)";')
PACKED = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
# In the session's state (frame.py): the last part of the address, empty for the first page; whether this is the first
# that a visitor opens, with nothing behind it, of which no picture was shown yet; and whether one has just come to it.
PAGE, IS_FIRST, IS_NEW = "page in the address", "is the first page", "is a new page"
LONGEST = 3_500  # bytes of a header

# Streamlit takes a component's script as a text, which cannot import by a relative path. So the text imports the real
# module, from where app.py serves it; only the browser knows what of its address is a proxy's or the server's prefix.
# Some browsers keep that a module could not be had until the page is loaded again: so that is how one tries again.
LOADER = """
export default async function (component) {
  const data = JSON.parse(new TextDecoder().decode(component.data)), { page } = data, { parentElement } = component;
  const path = location.pathname.replace(/\\/$/, "");
  globalThis.aeVaeLabRoot ??= location.origin + path.slice(0, path.length - (page ? page.length + 1 : 0));
  const modules = MODULES.map((module) => import(`${globalThis.aeVaeLabRoot}/browser/VERSION/${module}`));
  let run;
  try {
    [{ default: run }] = await Promise.all(modules); // its own first, beside it all that it imports
  } catch (error) {
    console.error(error);
    complain(parentElement);
    return;
  }
  parentElement.querySelector(".not-loaded")?.remove();
  return run({ ...component, data });
}

function complain(place) {
  const said = document.createElement("p"), button = document.createElement("button");
  button.addEventListener("click", () => location.reload());
  button.textContent = "Try again";
  said.className = "not-loaded";
  said.setAttribute("role", "alert");
  said.append("This part of the page could not be loaded: the server cannot be reached just now, or this browser is " +
    "too old for it. ", button);
  place.querySelector(".not-loaded")?.remove();
  for (const status of place.querySelectorAll("[role=status]")) status.textContent = ""; // nothing is on its way
  place.prepend(said);
}
"""


Handler = Callable[[object], None] | None


def component(room: str, name: str, html: str | None = None, css: str | None = None) -> Callable:
    """The component of ROOM/NAME.html, NAME.css and NAME.js, registered once; html and css may be given instead.

    What it returns shows it: `sends` has the names of what it sends, each with what is to be done with a new value
    before the page runs again. Whoever has a browser can send anything: what SENT does not allow is said, and is None.
    """
    files = needed(f"{room}/{name}.js")
    script = LOADER.replace("VERSION", version()).replace("MODULES", json.dumps(files))
    shown = st.components.v2.component(
        name,
        html=read(f"{room}/{name}.html") if html is None else html,
        css=styles(room, name) if css is None else css,
        js=script,
    )

    def show(key: str, data: dict, sends: Mapping[str, Handler] = MappingProxyType({}), **options) -> dict:
        handlers = {f"on_{name}_change": functools.partial(_take, key, name, do) for name, do in sends.items()}
        # As bytes: in a dict Streamlit looks for data frames, which takes as long as all else of a component.
        page = st.session_state.get(PAGE, "")
        packed = orjson.dumps({**data, "page": page}, option=PACKED)
        if "parcels" in data and st.session_state.pop(IS_FIRST, False):
            _fetched[page] = _links(files, data)
        sent = shown(key=key, data=packed, **handlers, **options)
        return {name: _allowed(name, sent.get(name)) for name in sends}

    return show


_fetched: dict[str, str] = {}


def fetched(page: str) -> str:
    """What a browser fetches that opens a page by its plain address, as an HTTP header Link: it need not wait for it.

    It is what the last visitor's did for the page's first picture: else it would know of modules only once the page is
    there, of models once the modules are, and so on. Empty where nobody has opened the page yet.
    """
    return _fetched.get(page, "")


def _links(files: list[str], data: dict) -> str:
    """Relative to the page's address. No more than fit into what a proxy takes for headers (nginx: 4 kB)."""
    names = [*data["parcels"].values(), *data.get("images", ())[:1]]
    links = [f"<parcels/{name}>;rel=preload;as=fetch;crossorigin;fetchpriority=low" for name in names]
    links += [f"<browser/{version()}/{file}>;rel=modulepreload;fetchpriority=low" for file in files]
    lengths = itertools.accumulate(len(link) + 1 for link in links)
    return ",".join(link for link, length in zip(links, lengths) if length < LONGEST)


def received(key: str, name: str):
    """What the component of that key has sent under a name; None where that is nothing, or not allowed."""
    state = st.session_state.get(key)
    value = state.get(name) if isinstance(state, dict) else None
    return value if SENT[name].allows(value) else None


def _take(key: str, name: str, do: Handler) -> None:
    """Has done what is to be done with what has come."""
    value = received(key, name)
    if do and value is not None:
        do(value)


def _allowed(name: str, value: object):
    """The value, or None for one that is not allowed, which is said."""
    if value is None or SENT[name].allows(value):
        return value
    st.warning(f"{name} = {plain(value)} came from this page's picture and is not allowed: {SENT[name].allowed}.")
    return None


def read(path: str) -> str:
    """A file of assets/browser."""
    return (BROWSER / path).read_text(encoding="utf-8")


def styles(room: str, name: str) -> str:
    """The text of what all components have in common, and the component's own style sheet."""
    sheets = ("shared/lab.css", "shared/picker.css", f"{room}/{name}.css")
    return "\n".join(read(sheet) for sheet in sheets if (BROWSER / sheet).exists())


@functools.lru_cache(maxsize=1)
def modules() -> dict[str, bytes]:
    """Every module of assets/browser by its path, gzipped: what app.py serves below `version`."""
    return {name: gzip.compress(text, 9, mtime=0) for name, text in _texts().items()}


def _texts() -> dict[str, bytes]:
    files = sorted(BROWSER.rglob("*.js"))
    return {path.relative_to(BROWSER).as_posix(): path.read_bytes() for path in files}


def needed(module: str) -> list[str]:
    """A module of assets/browser and all that it imports, itself first: asked for at once, none waits for another."""
    found = [module]
    for name in found:
        for path in IMPORT.findall(read(name)):
            other = os.path.normpath(Path(name).parent / path).replace(os.sep, "/")
            if other not in found:
                found.append(other)
    return found


@functools.lru_cache(maxsize=1)
def version() -> str:
    """The checksum of all modules, in their address: another text has another address, and a browser keeps each.

    Of the texts as they are, for two servers may compress them in two ways (zlib) and must agree.
    """
    return hashlib.sha256(b"".join(name.encode() + text for name, text in _texts().items())).hexdigest()[:16]


def base64_of(numbers: np.ndarray, kind: str = "<f4") -> str:
    """An array's numbers, little-endian, as a component's data can hold them (bytes.js reads them)."""
    return base64.b64encode(numbers.astype(kind).tobytes()).decode()
