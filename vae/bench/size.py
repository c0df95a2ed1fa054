"""How much is measured: what the figures in words rest on, or little of it to see that everything works."""

from dataclasses import dataclass, replace

from torch import Tensor

from vae import data
from vae.config import RunConfig

VALIDATION = 5_000


class MissedGoal(RuntimeError):
    """What was measured is not what the project promises; the message says by how much."""


@dataclass(frozen=True)
class Size:
    """How much a bench measures.

    images: the first training images, with which the race is run. most_epochs: of ours, that are tried. judged: the
    validation images, and the test images, that judge a training, at most. rounds: of the comparison of steps.
    """

    images: int = 55_000
    plain_epochs: int = 10
    most_epochs: int = 8
    seeds: int = 5
    judged: int = 10_000
    rounds: int = 3

    def of(self, config: RunConfig) -> RunConfig:
        """A config in this size: as it is, or with as few images as a quick race has."""
        return config if self == FULL else replace(config, train_size=self.images)


def judges(size: Size) -> tuple[Tensor, Tensor]:
    """The test images and the validation images, each (n, 784): the last 5,000 training images, which no race uses."""
    validation, test = data.load("mnist", "train").images[-VALIDATION:], data.load("mnist", "test").images
    return test[: size.judged], validation[: size.judged]


FULL = Size()
QUICK = Size(images=1_000, plain_epochs=1, most_epochs=3, seeds=2, judged=500, rounds=1)
QUICK_WORDS = "quick: a little of each part, of which the figures mean nothing; no goal is asked for"
