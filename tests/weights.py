"""A network's numbers as a store has them."""

import numpy as np
from torch import nn


def weights_of(model: nn.Module) -> dict[str, np.ndarray]:
    """A network's weights and biases by their names in it."""
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}
