"""One update: its batch, its losses, and the optimizer."""

import functools
import math
from collections import defaultdict

import torch
from torch import Tensor, nn

from vae import data
from vae.adam import Adam
from vae.config import RunConfig
from vae.objective import loss_terms, negative_elbo
from vae.randomness import seeded
from vae.training.divergence import Diverged, cause, find_culprit
from vae.training.schedules import kl_weight_at
from vae.training.speed import has_fast_bfloat16


def build_optimizer(model: nn.Module, learning_rate: float) -> Adam:
    """Adam, with one group of parameters for each scale of their rate, which is learning_rate x scale.

    Adam moves each weight by about its rate, whatever the gradient, so the outputs of a layer move the more the more
    inputs it has: scale = sqrt(256 / inputs), and 1 for biases. (Yang et al. 2022 divide by inputs; for networks as
    small as these the root reached a lower -ELBO.)
    """
    groups: dict[float, list[nn.Parameter]] = defaultdict(list)
    for parameter in filter(lambda parameter: parameter.requires_grad, model.parameters()):
        groups[math.sqrt(256 / parameter.shape[1]) if parameter.ndim == 2 else 1.0].append(parameter)
    return Adam([{"params": some, "scale": scale, "lr": learning_rate * scale} for scale, some in groups.items()])


def set_learning_rate(optimizer: Adam, rate: float) -> None:
    """Sets the rate of every group of `build_optimizer`'s."""
    for group in optimizer.groups:
        group["lr"] = rate * group["scale"]


def train_step(config: RunConfig, model: nn.Module, optimizer: Adam, images: Tensor, step: int) -> dict:
    """One update on the batch of this step; returns the batch's losses before it, as numbers. Raises Diverged."""
    terms = _batch_terms(config, model, images, step)
    optimizer.zero_grad()
    terms["total"].backward()
    values = _numbers(terms)
    if not math.isfinite(values["total"]):
        with _precision(images):
            culprit = find_culprit(model, _batch(config, images, step), _batch_indices(config, step, len(images)))
        raise Diverged(step + 1, cause(config, values, culprit), culprit)
    values["gradient_norm"] = nn.utils.get_total_norm([weight.grad for weight in optimizer.parameters]).item()
    optimizer.step()
    return values


@torch.no_grad()
def batch_losses(config: RunConfig, model: nn.Module, images: Tensor, step: int) -> dict:
    """The losses of the batch of this step as numbers, without an update."""
    return _numbers(_batch_terms(config, model, images, step))


def _batch_terms(config: RunConfig, model: nn.Module, images: Tensor, step: int) -> dict[str, Tensor | None]:
    """The mean losses of the batch of one step, with the graph for their gradients."""
    x = _batch(config, images, step)
    eps = torch.randn(len(x), config.latent_dim, generator=seeded(config.seed, "eps", step)).to(images.device)
    with _precision(images):
        terms = loss_terms(model, x, eps, config.likelihood)
    return {
        "total": negative_elbo(terms, kl_weight_at(config, step)).mean(),
        "reconstruction": terms.reconstruction.mean(),
        "kl_per_dimension": None if terms.kl_per_dimension is None else terms.kl_per_dimension.mean(0),
        "smallest_sigma": None if terms.log_sigma is None else terms.log_sigma.detach().min().exp(),
    }


def _precision(images: Tensor) -> torch.autocast:
    """In what the layers of a training's step multiply."""
    device = images.device.type
    return torch.autocast(device, dtype=torch.bfloat16, enabled=has_fast_bfloat16(device))


def _batch(config: RunConfig, images: Tensor, step: int) -> Tensor:
    """The images of a step's batch: (batch, 784)."""
    return data.pixels(images.index_select(0, _batch_indices(config, step, len(images)).to(images.device)))


def _batch_indices(config: RunConfig, step: int, count: int) -> Tensor:
    """Of `count` images, of which there are fewer than train_size where not all classes are trained on.

    An epoch then has as many steps as ever, and meets some of the images twice.
    """
    epoch, batch = divmod(step, config.steps_per_epoch)
    order = _epoch_order(config.seed, config.train_size, epoch)[batch * config.batch_size :][: config.batch_size]
    return order if count == config.train_size else order % count


@functools.lru_cache(maxsize=1)
def _epoch_order(seed: int, size: int, epoch: int) -> Tensor:
    """The shuffle of one epoch."""
    return torch.randperm(size, generator=seeded(seed, "batches", epoch))


def _numbers(terms: dict[str, Tensor | None]) -> dict:
    return {name: None if term is None else term.tolist() for name, term in terms.items()}
