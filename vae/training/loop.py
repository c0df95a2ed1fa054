"""train(config) yields snapshots, and that is all it does: it writes no file, prints nothing and calls nobody back."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from vae import data
from vae.adam import Adam
from vae.config import ConfigError, RunConfig
from vae.models import Autoencoder, build_model, convert, freeze
from vae.objective import is_finite
from vae.training import checkpoint as checkpoints
from vae.training.divergence import Diverged, cause
from vae.training.pictures import Pictured
from vae.training.schedules import kl_weight_at, learning_rate_at, snapshot_steps
from vae.training.speed import use_one_thread
from vae.training.step import batch_losses, build_optimizer, set_learning_rate, train_step


@dataclass(frozen=True)
class Losses:
    """A point of the loss curves: means over the batches since the last one, in nats an image; an AE's KL is None.

    At step 0: the first batch before any update. seconds: training time so far, pauses left out. smallest_sigma (of a
    VAE) and gradient_norm are not means but the smallest and the largest.
    """

    step: int
    epoch: float
    total: float
    reconstruction: float
    kl: float | None
    kl_per_dimension: list[float] | None
    kl_weight: float
    seconds: float
    smallest_sigma: float | None = None
    gradient_norm: float | None = None

    def to_dict(self) -> dict:
        """The point as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class Snapshot:
    """A run at one step: its losses, now and then its pictures, and the state from which it can go on.

    pictures, by name: mu and log_sigma (2000, latent_dim) of the first test images (an AE has mu = z alone),
    reconstructions (10, 784) of one test digit a class, samples (20, 784) decoded from N(0, I), pull (500, 1 or 2,
    latent_dim) of the reconstruction loss at the first codes (measures/pulls.py).
    model and checkpoint() belong to the running training: use them before the next snapshot is asked for.
    """

    losses: Losses
    pictures: dict[str, Tensor] | None
    model: nn.Module
    optimizer: Adam

    def checkpoint(self) -> dict[str, Tensor]:
        """All that `train` needs to go on from this step, as tensors by name."""
        return checkpoints.state_of(self.model, self.optimizer, self.losses.step, self.losses.seconds)


def train(
    config: RunConfig,
    checkpoint: dict[str, Tensor] | None = None,
    device: str = "cpu",
    autoencoder: Autoencoder | None = None,
) -> Iterator[Snapshot]:
    """Trains the config's model from its first step, or from a checkpoint, and yields Snapshots on the way.

    autoencoder: the trained one that config.init_from names; not needed with a checkpoint. Losses come at steps 0, 1,
    2, 4, 8, ... and every tenth of an epoch; pictures at log-spaced steps and every epoch. Raises Diverged; ConfigError
    for an AE that is missing or has other layers; DatasetError when the images cannot be had. From the first step on
    torch has one thread in this process.
    """
    use_one_thread()
    images = _training_images(config, device)
    pictured = Pictured(config, device)
    model = build_model(config, data.mean_image(config.dataset, config.train_size, config.classes))
    if config.init_from and checkpoint is None:
        model = _converted(config, autoencoder)
    if config.model == "vae":
        freeze(model, config.trainable)
    model = model.to(device)
    optimizer = build_optimizer(model, config.learning_rate)
    start, earlier_seconds = 0, 0.0
    if checkpoint is not None:
        start, earlier_seconds = checkpoints.restore(checkpoint, model, optimizer)
    began = time.perf_counter()

    def snapshot(step: int, window: list[dict]) -> Snapshot:
        pictures = pictured(model) if step in picture_steps else {}
        _check_numbers(config, step, model, pictures)
        losses = _losses(config, step, window, earlier_seconds + time.perf_counter() - began)
        return Snapshot(losses, pictures or None, model, optimizer)

    picture_steps = snapshot_steps(config, pictures=True)
    loss_steps = snapshot_steps(config)
    if checkpoint is None:
        yield snapshot(0, [batch_losses(config, model, images, 0)])
    window = []
    for step in range(start, config.total_steps):  # `step` updates are behind us
        set_learning_rate(optimizer, learning_rate_at(config, step))
        window.append(train_step(config, model, optimizer, images, step))
        if step + 1 in loss_steps:
            yield snapshot(step + 1, window)
            window = []


def _training_images(config: RunConfig, device: str) -> Tensor:
    """The images as grey levels, of which a step makes numbers; as numbers for a device that divides otherwise."""
    levels = data.training(config.dataset, config.train_size, config.classes).levels
    return levels if device == "cpu" else data.pixels(levels).to(device)


def _converted(config: RunConfig, autoencoder: Autoencoder | None) -> nn.Module:
    if autoencoder is None:
        raise ConfigError("init_from", config.init_from, "an AE whose weights are at hand")
    return convert(autoencoder, config)


def _check_numbers(config: RunConfig, step: int, model: nn.Module, pictures: dict[str, Tensor]) -> None:
    """Raises Diverged for weights or pictures that are not finite."""
    must_be_numbers = dict(pictures)
    # A raw sigma may turn negative for a test digit first: the training goes on without knowing.
    if config.sigma == "raw":
        must_be_numbers.pop("log_sigma", None)
    if not is_finite(*model.parameters(), *must_be_numbers.values()):
        raise Diverged(step, cause(config, None))


def _losses(config: RunConfig, step: int, window: list[dict], seconds: float) -> Losses:
    """The point of the loss curves at a step, from the batches' losses since the last one."""
    means = _over(window)
    return Losses(
        step=step,
        epoch=step / config.steps_per_epoch,
        kl_weight=kl_weight_at(config, step),
        seconds=seconds,
        kl=None if means["kl_per_dimension"] is None else sum(means["kl_per_dimension"]),
        **means,
    )


def _over(window: list[dict]) -> dict:
    """Losses, each a number or a list of numbers, over a window of steps: their means, but for the two extremes."""
    over = {"smallest_sigma": torch.amin, "gradient_norm": torch.amax}

    def value(name: str):
        every = torch.tensor([losses[name] for losses in window], dtype=torch.float64)
        return over.get(name, torch.mean)(every, 0).tolist()

    return {name: None if first is None else value(name) for name, first in window[0].items()}
