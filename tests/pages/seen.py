"""What a visitor's browser gets of a page, as numbers and pictures again; and formulas that tests count with."""

import base64
import io
import json
import re

import numpy as np
import torch
from PIL import Image
from torch import Tensor

ZOOM, GAP = 1, 1  # of the film strips: pixels of a pixel, and between two digits


def sent(app, component: str) -> dict:
    """What the page sends to the one component of that name."""
    [content] = all_sent(app, component)
    return content


def all_sent(app, component: str) -> list[dict]:
    """What the page sends to each component of that name."""
    return [sent_by(c.proto) for c in app.get("bidi_component") if c.proto.component_name == component]


def sent_by(component) -> dict:
    """What a component's message has for its script (LOADER in pages/shared/component.py unpacks it)."""
    return json.loads(component.bytes)


def model_parcel(store, run_id: str) -> str:
    """What a browser is told to fetch for a trained model of a store."""
    return f"model/{run_id}/{store.metrics(run_id)['model_sha256']}"


def numbers_of(sent: str | bytes, kind: str = "<f4") -> np.ndarray:
    """An array that a component gets as text or as a parcel."""
    return np.frombuffer(base64.b64decode(sent) if isinstance(sent, str) else sent, kind)


def words(app) -> str:
    """All that the page says in sentences."""
    kinds = ("markdown", "info", "success", "warning")
    return " ".join(unlinked(element.value) for kind in kinds for element in app.get(kind))


def unlinked(text: str) -> str:
    """A text without the links of the lab's words."""
    return re.sub(r"\[([^]]*)\]\(#word-[^)]*\)", r"\1", text)


def curves(app, place: int = 0) -> list[dict]:
    """The curves of one of the page's plots, with x and y as arrays."""
    traces = json.loads(app.get("plotly_chart")[place].proto.spec)["data"]
    return [{**trace, **{axis: _array(trace[axis]) for axis in "xy"}} for trace in traces]


def _array(values) -> np.ndarray:
    if isinstance(values, dict):  # as plotly writes NumPy's arrays
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
    return np.array(values, float)


def strips(app) -> dict[str, np.ndarray]:
    """The rows of digits on the page by their names, each (n, 784) in [0, 1], to 1/255."""
    found = re.findall(
        r'<img src="data:image/png;base64,(.*?)" alt="(.*?)">', " ".join(h.proto.body for h in app.get("html"))
    )
    return {name: _digits(base64.b64decode(png)) for png, name in found}


def _digits(png: bytes) -> np.ndarray:
    picture = np.array(Image.open(io.BytesIO(png)))[..., 0]
    cell = 28 * ZOOM + GAP
    rows = [picture[::ZOOM, left : left + 28 * ZOOM : ZOOM] for left in range(0, picture.shape[1], cell)]
    return np.stack(rows).reshape(len(rows), 784) / 255


def kl_of(mu: Tensor, sigma: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) of each number, nats."""
    prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return torch.distributions.kl_divergence(torch.distributions.Normal(mu, sigma), prior)


def losses_of(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x|z) of grey pixels under the Bernoulli form, summed over the pixels (the last dimension): nats."""
    return torch.nn.functional.softplus(logits).sum(-1) - (x * logits).sum(-1)
