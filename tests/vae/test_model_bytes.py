"""The bytes of a packed model: what they hold is the model, as near as they promise."""

import json

import numpy as np
import pytest
import torch

from tests.weights import weights_of
from vae.config import RunConfig
from vae.model_bytes import pack_model
from vae.models import build_model


def unpacked(content: bytes) -> tuple[dict, list[tuple[torch.Tensor, torch.Tensor]]]:
    """The header, and weight and bias of every layer, read as the format's description says."""
    length = int.from_bytes(content[:4], "little")
    header, offset, layers = json.loads(content[4 : 4 + length]), 4 + length, []

    def take(kind: str, count: int) -> np.ndarray:
        nonlocal offset
        numbers = np.frombuffer(content, kind, count, offset)
        offset += -(-numbers.nbytes // 4) * 4
        return numbers

    for layer in [layer for part in header["parts"].values() for layer in part]:
        shape = (layer["outputs"], layer["inputs"])
        bias = take("<f4", shape[0])
        if header["exact"]:
            weight = take("<f4", shape[0] * shape[1]).reshape(shape)
        else:
            scale = take("<f4", shape[0])[:, None]
            weight = take("<i2", shape[0] * shape[1]).reshape(shape) * scale
        layers.append((torch.tensor(weight), torch.tensor(bias)))
    assert offset == len(content)
    return header, layers


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("model", ["ae", "vae"])
def test_every_number_of_the_model_is_in_its_bytes(model, exact):
    config = RunConfig(model=model, latent_dim=3, hidden_dims=(15, 7), activation="tanh", bottleneck="relu")
    network = build_model(config, torch.rand(784))
    header, layers = unpacked(pack_model(weights_of(network), config, exact))
    bottleneck, h = (network.f, []) if model == "ae" else (network.g, [network.h])
    parts = [network.trunk, bottleneck, network.decoder]
    own = [layer for part in parts for layer in part if isinstance(layer, torch.nn.Linear)] + h
    assert len(own) == len(layers)
    for layer, (weight, bias) in zip(own, layers):
        assert torch.equal(bias, layer.bias.detach())
        largest = layer.weight.detach().abs().amax(1, keepdim=True)
        allowed = 0 * largest if exact else largest / 32_767 * 0.505  # half a unit, and the rounding of the scale
        assert ((weight - layer.weight.detach()).abs() <= allowed).all()
    activations = {name: [layer["activation"] for layer in part] for name, part in header["parts"].items()}
    expected = {"trunk": ["tanh", "tanh"], "bottleneck": ["relu"], "decoder": ["tanh", "tanh", "identity"]}
    assert activations == expected | ({"h": ["identity"]} if model == "vae" else {})


def test_a_layer_of_zeros_stays_one():
    config = RunConfig(hidden_dims=(4,))
    network = build_model(config)
    torch.nn.init.zeros_(network.trunk[0].weight)
    with np.errstate(all="raise"):  # nothing is divided by 0
        _, layers = unpacked(pack_model(weights_of(network), config))
    assert (layers[0][0] == 0).all()


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("kind", [("ae", "log"), ("vae", "log"), ("vae", "softplus"), ("vae", "raw")])
def test_the_header_says_what_the_model_is_and_how_wide_its_layers_are(likelihood, kind):
    model, sigma = kind
    config = RunConfig(model=model, sigma=sigma, likelihood=likelihood, latent_dim=5, hidden_dims=(15, 7))
    for exact in (False, True):
        content = pack_model(weights_of(build_model(config)), config, exact)
        header, _ = unpacked(content)
        widths = {
            name: [(layer["inputs"], layer["outputs"]) for layer in part] for name, part in header.pop("parts").items()
        }
        own = {"model": model, "latentDim": 5, "likelihood": likelihood, "sigma": sigma, "exact": exact}
        assert header == own
        expected = {"trunk": [(784, 15), (15, 7)], "bottleneck": [(7, 5)], "decoder": [(5, 7), (7, 15), (15, 784)]}
        assert widths == expected | ({"h": [(7, 5)]} if model == "vae" else {})
        assert int.from_bytes(content[:4], "little") % 4 == 0 and len(content) % 4 == 0  # typed arrays need it
