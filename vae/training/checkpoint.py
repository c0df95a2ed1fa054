"""The state from which a training goes on, as tensors by name: model, optimizer, step and seconds.

No generator is part of it: each draw is a function of its purpose and step (vae/randomness.py).
"""

import numpy as np
import torch
from torch import Tensor, nn

from vae.adam import Adam


def state_of(model: nn.Module, optimizer: Adam, step: int, seconds: float) -> dict[str, Tensor]:
    """All that a training needs to go on from a step. Model and moments are not copied."""
    state = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, moments in optimizer.state().items():
        state |= {f"optimizer.{index}.{name}": tensor for name, tensor in moments.items()}
    state["step"] = torch.tensor(step)
    state["seconds"] = torch.tensor(seconds, dtype=torch.float64)
    return state


def tensors(kept: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """The arrays that a store has of a checkpoint, as tensors."""
    return {name: torch.from_numpy(array) for name, array in kept.items()}


def model_state(checkpoint: dict[str, Tensor]) -> dict[str, Tensor]:
    """The model's own tensors of a checkpoint, by the model's names."""
    return {name.removeprefix("model."): tensor for name, tensor in checkpoint.items() if name.startswith("model.")}


def restore(checkpoint: dict[str, Tensor], model: nn.Module, optimizer: Adam) -> tuple[int, float]:
    """Puts a checkpoint's tensors back; returns its step and seconds."""
    model.load_state_dict(model_state(checkpoint))
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in checkpoint.items():
        if name.startswith("optimizer."):
            _, index, moment = name.split(".")
            moments.setdefault(int(index), {})[moment] = tensor
    optimizer.restore(moments)
    return int(checkpoint["step"]), float(checkpoint["seconds"])
