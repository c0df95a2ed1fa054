"""A trained model as bytes for the browser (assets/browser/shared/model.js reads them)."""

import json

import numpy as np
from torch import nn

from vae.activations import ACTIVATIONS, activation_of
from vae.config import RunConfig

LARGEST = np.iinfo(np.int16).max


def pack_model(model: nn.Module, config: RunConfig, exact: bool = False) -> bytes:
    """The header's length (uint32), the header (JSON, padded to a multiple of 4), and the numbers of every layer.

    The header names the parts (trunk, bottleneck, decoder, h of a VAE) and each of their layers' inputs, outputs and
    activation, and what h gives (sigma). A layer: its biases (float32), a scale a row (float32), its weights (int16,
    times the row's scale), a row an output as torch stores them; padded to a multiple of 4. exact: weights as float32
    and no scales. int16 with a scale a row takes the room of float16 and is six times closer to float32.
    """
    parts = {"trunk": model.trunk, "bottleneck": model.f if config.model == "ae" else model.g, "decoder": model.decoder}
    if config.model == "vae":
        parts["h"] = nn.Sequential(model.h)
    layers = {name: _layers(part) for name, part in parts.items()}
    header = {
        "model": config.model,
        "latentDim": config.latent_dim,
        "likelihood": config.likelihood,
        "sigma": config.sigma,
        "exact": exact,
        "parts": {
            name: [
                {"inputs": layer.in_features, "outputs": layer.out_features, "activation": activation}
                for layer, activation in pairs
            ]
            for name, pairs in layers.items()
        },
    }
    text = _padded(json.dumps(header).encode(), b" ")
    numbers = [_numbers(layer, exact) for pairs in layers.values() for layer, _ in pairs]
    return len(text).to_bytes(4, "little") + text + b"".join(numbers)


def _layers(part: nn.Sequential) -> list[tuple[nn.Linear, str]]:
    """A part's linear layers, each with the wire name of the activation that follows it."""
    modules = list(part)
    pairs = [(layer, activation_of(after)) for layer, after in zip(modules, [*modules[1:], None])]
    none = ACTIVATIONS["identity"]
    return [(layer, (after or none).wire) for layer, after in pairs if isinstance(layer, nn.Linear)]


def _numbers(layer: nn.Linear, exact: bool) -> bytes:
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy().astype("<f4").tobytes()
    if exact:
        return bias + weight.astype("<f4").tobytes()
    scale = np.maximum(np.abs(weight).max(1, keepdims=True), 1e-30) / LARGEST  # (outputs, 1)
    whole = np.round(weight / scale).astype("<i2").tobytes()
    return bias + scale.astype("<f4").tobytes() + _padded(whole, b"\0")


def _padded(content: bytes, filling: bytes) -> bytes:
    return content + filling * (-len(content) % 4)
