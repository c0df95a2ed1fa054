"""Many images or codes through a network, a chunk at a time: what fits into a processor's cache is fastest."""

import torch
from torch import Tensor, nn

from vae.models import encode_parameters, pixel_means
from vae.objective import reconstruction_loss

CHUNK = 1_000


@torch.no_grad()
def encode_all(model: nn.Module, images: Tensor) -> tuple[Tensor, Tensor | None]:
    """All codes of images (n, 784): (z, None) of an AE, (mu, log_sigma) of a VAE, each (n, latent_dim)."""
    mu, log_sigma = zip(*(encode_parameters(model, x) for x in images.split(CHUNK)))
    return torch.cat(mu), None if log_sigma[0] is None else torch.cat(log_sigma)


@torch.no_grad()
def decode_all(model: nn.Module, z: Tensor) -> Tensor:
    """Codes (n, latent_dim) -> x_hat (n, 784)."""
    return torch.cat([pixel_means(model.decode(part)) for part in z.split(CHUNK)])


@torch.no_grad()
def decoded_losses(model: nn.Module, z: Tensor, images: Tensor, likelihood: str) -> Tensor:
    """The reconstruction losses of images (n, 784) decoded from codes z (n, latent_dim): (n,) nats."""
    chunks = zip(z.split(CHUNK), images.split(CHUNK))
    return torch.cat([reconstruction_loss(model.decode(some), x, likelihood) for some, x in chunks])
