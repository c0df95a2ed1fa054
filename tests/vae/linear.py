"""A model whose exact posterior is known: linear, with the Gaussian likelihood."""

import torch
from torch import nn

from vae.posterior import Cells


class Linear(nn.Module):
    """A decoder whose pixel means are Wz + b: with the Gaussian likelihood, p(z|x) is a Gaussian that is known."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = 0.15 * torch.randn(784, 2, generator=generator)
        self.bias = 0.5 + 0.05 * torch.randn(784, generator=generator)

    @property
    def precision(self) -> torch.Tensor:
        """The inverse of the posterior's covariance: I + W^T W, (2, 2)."""
        return torch.eye(2) + self.weight.T @ self.weight

    def cells(self, side: int = 200, reach: float = 5.0) -> Cells:
        """Its means on a grid, also where they leave (0, 1)."""
        steps = (torch.arange(side) + 0.5) / side * 2 * reach - reach
        z = torch.cartesian_prod(steps, steps)
        means = z @ self.weight.T + self.bias
        return Cells(z, means, 0.5 * means.square().sum(1), (2 * reach / side) ** 2)
