"""The activations, as one table. To add one: a line here, and its function in assets/browser/shared/model.js.

It imports no torch, so that the settings can read it.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Activation:
    """One activation.

    module: its class in torch.nn; label: what people read; wire: its name in a packed model (vae/model_bytes.py);
    low, high: the ends of its range; is_rectifier: about half of its inputs give (nearly) nothing, which the initial
    weights of the layer before it make up for; is_hidden, is_bottleneck: where a config may have it.
    """

    module: str
    label: str
    wire: str
    low: float
    high: float
    is_rectifier: bool = False
    is_hidden: bool = False
    is_bottleneck: bool = False

    @property
    def range(self) -> tuple[float, float]:
        """The ends of its range."""
        return self.low, self.high


ACTIVATIONS = {
    "identity": Activation("Identity", "identity", "identity", -math.inf, math.inf, is_bottleneck=True),
    "sigmoid": Activation("Sigmoid", "sigmoid", "sigmoid", 0.0, 1.0, is_bottleneck=True),
    "tanh": Activation("Tanh", "tanh", "tanh", -1.0, 1.0, is_hidden=True, is_bottleneck=True),
    "relu": Activation("ReLU", "ReLU", "relu", 0.0, math.inf, is_rectifier=True, is_hidden=True, is_bottleneck=True),
    "gelu": Activation("GELU", "GELU", "gelu", -0.17, math.inf, is_rectifier=True, is_hidden=True),
}
HIDDEN = tuple(name for name, activation in ACTIVATIONS.items() if activation.is_hidden)
BOTTLENECKS = tuple(name for name, activation in ACTIVATIONS.items() if activation.is_bottleneck)


def activation_of(module: object) -> Activation | None:
    """The activation that a layer of a network is, by its class; None for another layer."""
    return next((found for found in ACTIVATIONS.values() if found.module == type(module).__name__), None)
