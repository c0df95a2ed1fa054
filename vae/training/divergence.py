"""When a training has lost its numbers: at which step, why, and by which image."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vae.config import RunConfig
from vae.models import VariationalAutoencoder
from vae.objective import kl_divergence


@dataclass(frozen=True)
class Culprit:
    """Where sigma's part of the KL term is no number: the first such image of the batch, and dimension (from 0).

    image: its number among the training images; head: h(y) there; share: of all h(y) of the batch that are so.
    """

    image: int
    dimension: int
    head: float
    share: float


class Diverged(RuntimeError):
    """The loss or the weights are no longer finite; the message says at which step and the likely cause."""

    def __init__(self, step: int, cause: str, culprit: Culprit | None = None):
        super().__init__(f"diverged at step {step}: {cause}")
        self.step, self.culprit = step, culprit


@torch.no_grad()
def find_culprit(model: nn.Module, x: Tensor, numbers: Tensor) -> Culprit | None:
    """Who of a batch has a head's output that no usable sigma can be made of; None where nobody has.

    x (batch, 784), numbers (batch,): the places of these images among the training images.
    """
    if not isinstance(model, VariationalAutoencoder):
        return None
    mu, log_sigma = model.encode(x)
    head = model.h(model.trunk(x))
    without_mu = kl_divergence(torch.zeros_like(mu), log_sigma)
    is_bad = head.isfinite() & ~without_mu.isfinite()  # (batch, latent_dim)
    if not is_bad.any():
        return None
    place, dimension = is_bad.nonzero()[0].tolist()
    share = is_bad.float().mean().item()
    return Culprit(numbers[place].item(), dimension, head[place, dimension].item(), share)


def cause(config: RunConfig, values: dict | None, culprit: Culprit | None = None) -> str:
    """The likely reason in words, from the terms that are no longer finite."""
    remedy = f"a learning rate below {config.learning_rate:g} is the usual way out"
    if values is None:
        return f"the weights or the codes are no longer finite; {remedy}"
    if culprit:
        where = f"{culprit.head:.3g} for training image {culprit.image:,} in dimension {culprit.dimension + 1}"
        return {
            "raw": f"sigma = h(y) is {where}, and log sigma is no number; h(y) = log sigma is the way out",
            "softplus": f"the KL term is no longer finite: h(y) is {where}, of which softplus is 0; {remedy}",
            "log": f"the KL term is no longer finite: log sigma = h(y) is {where}, too much for exp; {remedy}",
        }[config.sigma]
    if values["kl_per_dimension"] is not None and not math.isfinite(sum(values["kl_per_dimension"])):
        return f"the KL term is no longer finite: sigma or mu has grown past all bounds; {remedy}"
    return f"the reconstruction loss is no longer finite: the logits have grown past all bounds; {remedy}"
