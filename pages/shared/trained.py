"""A trained run as one object, and what lessons work out from it."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from pages.shared.once import once
from pages.shared.scatter import axis_limit
from vae import data
from vae.config import RunConfig
from vae.measures.chunks import decoded_losses, encode_all

HARD = 50  # test digits


@dataclass(frozen=True)
class Trained:
    """A run that has ended with a model.

    sha256: the checksum of its weights; where it is the same, so is all that is worked out from them. metrics: its
    figures on the test images, as the store has them.
    """

    config: RunConfig
    sha256: str
    model: nn.Module = field(compare=False, repr=False)
    metrics: dict = field(compare=False, repr=False)

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self.config.run_id

    @property
    def test(self) -> dict:
        """Its figures on the test images, nats."""
        return self.metrics["test"]

    @property
    def test_set(self) -> data.Images:
        """The test images of its dataset, MNIST's 10,000, and their labels."""
        return data.load(self.config.dataset, "test")

    @property
    def codes(self) -> tuple[Tensor, Tensor | None]:
        """The codes of all test images, (n, latent_dim) each: (z, None) of an AE, (mu, log_sigma) of a VAE."""
        return _codes(self)

    @property
    def hard_digits(self) -> list[int]:
        """The 50 test digits that it reconstructs worst from their mean codes, the worst first."""
        return _hard_digits(self)

    def points(self, dimensions: tuple[int, ...]) -> np.ndarray:
        """Where the codes (z or mu) are on the dimensions of a plane, (n, len(dimensions))."""
        return self.codes[0][:, list(dimensions)].numpy()

    def reach(self, dimensions: tuple[int, ...]) -> float:
        """How far the axes of such a plane go so that nearly all codes are on it."""
        return _reach(self, dimensions)


@once(60)
def _codes(run: Trained) -> tuple[Tensor, Tensor | None]:
    return encode_all(run.model, run.test_set.images)


@once(60)
def _hard_digits(run: Trained) -> list[int]:
    losses = decoded_losses(run.model, run.codes[0], run.test_set.images, run.config.likelihood)
    return losses.topk(min(HARD, len(losses))).indices.tolist()


@once(200)
def _reach(run: Trained, dimensions: tuple[int, ...]) -> float:
    return axis_limit(run.points(dimensions))


@once(200)
def top_two_dimensions(run: Trained) -> tuple[int, ...]:
    """The one or two dimensions with the largest KL."""
    kl = torch.tensor(run.test["kl_per_dimension"])
    return tuple(sorted(kl.topk(min(2, len(kl))).indices.tolist()))
