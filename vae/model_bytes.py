"""A trained model as bytes for the browser (assets/browser/shared/model.js reads them)."""

import json

import numpy as np

from vae.activations import ACTIVATIONS
from vae.config import RunConfig

LARGEST = np.iinfo(np.int16).max


def pack_model(weights: dict[str, np.ndarray], config: RunConfig, exact: bool = False) -> bytes:
    """A model's weights and biases, by their names in torch, as bytes.

    The header's length (uint32), the header (JSON, padded to a multiple of 4), and the numbers of every layer.

    The header names the parts (trunk, bottleneck, decoder, h of a VAE) and each of their layers' inputs, outputs and
    activation, and what h gives (sigma). A layer: its biases (float32), a scale a row (float32), its weights (int16,
    times the row's scale), a row an output as torch stores them; padded to a multiple of 4. exact: weights as float32
    and no scales. int16 with a scale a row takes the room of float16 and is six times closer to float32.
    """
    is_ae, none = config.model == "ae", "identity"
    # By their names on the wire: each part's name in torch, and the activations after its hidden and its last layer.
    parts = {
        "trunk": ("trunk", config.activation, config.activation),
        "bottleneck": ("f" if is_ae else "g", none, config.bottleneck),
        "decoder": ("decoder", config.activation, none),
        **({} if is_ae else {"h": ("h", none, none)}),
    }
    layers = {name: _layers(weights, *part) for name, part in parts.items()}
    header = {
        "model": config.model,
        "latentDim": config.latent_dim,
        "likelihood": config.likelihood,
        "sigma": config.sigma,
        "exact": exact,
        "parts": {
            name: [
                {"inputs": weight.shape[1], "outputs": weight.shape[0], "activation": activation}
                for weight, _, activation in part
            ]
            for name, part in layers.items()
        },
    }
    text = _padded(json.dumps(header).encode(), b" ")
    numbers = [_numbers(weight, bias, exact) for part in layers.values() for weight, bias, _ in part]
    return len(text).to_bytes(4, "little") + text + b"".join(numbers)


def _layers(weights: dict[str, np.ndarray], part: str, hidden: str, last: str) -> list[tuple]:
    """A part's layers: each with its weight (outputs, inputs), its bias, and the wire name of what comes after it."""
    names = sorted(
        (name.removesuffix(".weight") for name in weights if name.startswith(f"{part}.") and name.endswith(".weight")),
        key=lambda name: [int(number) for number in name.split(".")[1:]],
    )
    activations = [hidden] * (len(names) - 1) + [last]
    return [
        (weights[f"{name}.weight"], weights[f"{name}.bias"], ACTIVATIONS[activation].wire)
        for name, activation in zip(names, activations)
    ]


def _numbers(weight: np.ndarray, bias: np.ndarray, exact: bool) -> bytes:
    biases = bias.astype("<f4").tobytes()
    if exact:
        return biases + weight.astype("<f4").tobytes()
    scale = np.maximum(np.abs(weight).max(1, keepdims=True), 1e-30) / LARGEST  # (outputs, 1)
    whole = np.round(weight / scale).astype("<i2").tobytes()
    return biases + scale.astype("<f4").tobytes() + _padded(whole, b"\0")


def _padded(content: bytes, filling: bytes) -> bytes:
    return content + filling * (-len(content) % 4)
