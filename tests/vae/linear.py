"""A model whose exact posterior is known: linear, with the Gaussian likelihood."""

import torch
from torch import nn

from vae.measures.posterior import Cells
from vae.models import VariationalAutoencoder


class Linear(nn.Module):
    """A decoder whose pixel means are Wz + b: with the Gaussian likelihood, p(z|x) is a Gaussian that is known."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = 0.15 * torch.randn(784, 2, generator=generator)
        self.bias = 0.5 + 0.05 * torch.randn(784, generator=generator)

    def cells(self, side: int = 200, reach: float = 5.0) -> Cells:
        """Its means on a grid, also where they leave (0, 1)."""
        steps = (torch.arange(side) + 0.5) / side * 2 * reach - reach
        z = torch.cartesian_prod(steps, steps)
        means = z @ self.weight.T + self.bias
        return Cells(z, means, 0.5 * means.square().sum(1), (2 * reach / side) ** 2)


class LinearVAE(VariationalAutoencoder):
    """A whole VAE with pixel means Wz + b, W of +-0.06 and b = 1/2, whose q is the same Gaussian for every image.

    With the Gaussian likelihood to the power of 1 / temperature, what there is to know of it has a closed form. z may
    go 8 along both axes together before a mean leaves (0, 1), which is far beyond its posteriors.
    """

    def __init__(self, mu: tuple[float, float] = (0.3, -0.4), sigma: tuple[float, float] = (0.4, 0.8)):
        nn.Module.__init__(self)
        generator = torch.Generator().manual_seed(0)
        first, same = torch.rand(784, generator=generator) < 0.5, torch.rand(784, generator=generator) < 0.92
        self.weight = 0.06 * torch.where(torch.stack([first, first == same], 1), 1.0, -1.0)  # both columns correlate
        self.mu, self.log_sigma = torch.tensor(mu), torch.tensor(sigma).log()

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.mu.expand(len(x), -1), self.log_sigma.expand(len(x), -1)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.logit(z @ self.weight.T + 0.5, eps=1e-6)

    def images(self, count: int) -> torch.Tensor:
        """Images (count, 784) that it could have drawn, but for a little noise."""
        generator = torch.Generator().manual_seed(1)
        z, noise = torch.randn(count, 2, generator=generator), torch.randn(count, 784, generator=generator)
        return z @ self.weight.T + 0.5 + 0.02 * noise

    def posterior(self, x: torch.Tensor, temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
        """The means (n, 2) and the one covariance (2, 2) of the Gaussians like p(x|z)^(1/temperature) p(z)."""
        covariance = torch.linalg.inv(torch.eye(2) + self.weight.T @ self.weight / temperature)
        return (x - 0.5) @ self.weight @ covariance / temperature, covariance

    def elbo(self, x: torch.Tensor, mean: torch.Tensor, covariance: torch.Tensor, temperature: float) -> torch.Tensor:
        """E_q[log p(x|z)] / temperature - KL(q || N(0, I)) of q = N(mean (n, 2), covariance (2, 2)): (n,) nats."""
        spread = (self.weight @ covariance @ self.weight.T).trace()
        squares = (x - 0.5 - mean @ self.weight.T).square().sum(1) + spread
        kl = 0.5 * (mean.square().sum(1) + covariance.trace() - torch.logdet(covariance) - 2)
        return -0.5 * squares / temperature - kl
