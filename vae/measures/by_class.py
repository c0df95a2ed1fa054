"""What a model makes of each class of images, also of classes that it was never trained on."""

import math
from collections import Counter
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vae.measures.chunks import decoded_losses, encode_all
from vae.measures.evaluation import evaluation_eps
from vae.models import reparameterize
from vae.objective import kl_divergence


class ClassLoss(NamedTuple):
    """Of the images of a class: the mean of their losses, and its standard error over images, nats an image.

    Of a single image there is none: NaN.
    """

    label: int
    mean: float
    error: float


@torch.no_grad()
def losses_by_class(model: nn.Module, images: Tensor, labels: Tensor, likelihood: str) -> list[ClassLoss]:
    """The −ELBO of a VAE, by one fixed draw of eps, or the reconstruction loss of an AE, of each class in its order.

    images (n, 784), labels (n,).
    """
    mu, log_sigma = encode_all(model, images)
    if log_sigma is None:
        losses = decoded_losses(model, mu, images, likelihood)
    else:
        z = reparameterize(mu, log_sigma, evaluation_eps(*mu.shape))
        losses = decoded_losses(model, z, images, likelihood) + kl_divergence(mu, log_sigma).sum(1)
    own = {label: losses[labels == label].double() for label in labels.unique().tolist()}
    return [ClassLoss(label, some.mean().item(), _error(some)) for label, some in own.items()]


def _error(losses: Tensor) -> float:
    return losses.std().item() / len(losses) ** 0.5 if len(losses) > 1 else math.nan


@torch.no_grad()
def looks_like(pictures: Tensor, images: Tensor, labels: Tensor) -> dict[int, float]:
    """The share of pictures (m, 784) whose nearest image, in pixels, is of each class; the largest share first."""
    nearest = torch.cat([torch.cdist(some, images).argmin(1) for some in pictures.split(250)])
    counts = Counter(labels[nearest].tolist())
    return {label: count / len(pictures) for label, count in counts.most_common()}
