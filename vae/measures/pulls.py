"""Where the two terms of the objective pull at codes: minus their gradients with respect to mu and log sigma."""

import torch
from torch import Tensor, nn

from vae.models import reparameterize
from vae.objective import reconstruction_loss
from vae.randomness import seeded


def reconstruction_pull(model: nn.Module, x: Tensor, mu: Tensor, log_sigma: Tensor | None, likelihood: str) -> Tensor:
    """Of the reconstruction loss of images x (n, 784), nats, at their codes mu, log_sigma (n, latent_dim).

    On mu and, of a VAE, on log sigma: (n, 1 or 2, latent_dim). Over two draws, eps and -eps, whose mean is exactly 0;
    they are the same for every model. The decoder's own gradients are left as they are.
    """
    with torch.enable_grad():
        code = [part.detach().clone().requires_grad_() for part in (mu, log_sigma) if part is not None]
        if log_sigma is None:
            loss = reconstruction_loss(model.decode(code[0]), x, likelihood).sum()
        else:
            eps = torch.randn(mu.shape, generator=seeded(0, "pulls")).to(mu.device)
            decoded = [model.decode(reparameterize(*code, draw)) for draw in (eps, -eps)]
            loss = sum(reconstruction_loss(logits, x, likelihood).sum() for logits in decoded) / 2
        return -torch.stack(torch.autograd.grad(loss, code), 1)


def kl_pull(mu: Tensor, log_sigma: Tensor, weight: float = 1.0) -> Tensor:
    """Of weight * KL(q(z|x) || N(0, I)), on mu and on log sigma: (n, 2, latent_dim), in closed form."""
    return -weight * torch.stack([mu, torch.expm1(2 * log_sigma)], 1)


def strength(pull: Tensor, mu: Tensor) -> Tensor:
    """How a pull (n, 1 or 2, latent_dim) acts at codes mu: (n, 1 or 2) nats.

    Outwards: what it gains where all of the code grows by the same share, mu . pull; and on all log sigma alike.
    """
    return torch.cat([(pull[:, :1] * mu[:, None]).sum(2), pull[:, 1:].sum(2)], 1)
