"""train(config) yields snapshots, and that is all it does: it writes no file, prints nothing and calls nobody back."""

import functools
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from vae import data
from vae.config import ConfigError, RunConfig
from vae.divergence import Diverged, cause, find_culprit
from vae.evaluation import CHUNK
from vae.losses import is_finite, loss_terms, negative_elbo
from vae.models import Autoencoder, build_model, convert, encode_parameters, freeze, pixel_means, reconstruct
from vae.randomness import seeded
from vae.schedules import kl_weight_at, learning_rate_at, snapshot_steps

BETAS = (0.8, 0.95)  # short memories: a run is a few thousand steps
SAMPLES = 20
STEP_OVERHEAD = 5.0e-3  # seconds of a step that are not matrix products, the looks at it included (measured)

torch.set_num_threads(1)  # two threads on two busy cores are many times slower than one


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
    reconstructions (10, 784) of one test digit a class, samples (20, 784) decoded from N(0, I).
    model and checkpoint() belong to the running training: use them before the next snapshot is asked for.
    """

    losses: Losses
    pictures: dict[str, Tensor] | None
    model: nn.Module
    optimizer: torch.optim.Optimizer

    def checkpoint(self) -> dict[str, Tensor]:
        """All that `train` needs to go on from this step, as tensors by name."""
        state = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            state |= {f"optimizer.{index}.{name}": tensor for name, tensor in moments.items()}
        state["step"] = torch.tensor(self.losses.step)
        state["seconds"] = torch.tensor(self.losses.seconds, dtype=torch.float64)
        return state


def train(
    config: RunConfig,
    checkpoint: dict[str, Tensor] | None = None,
    device: str = "cpu",
    autoencoder: Autoencoder | None = None,
) -> Iterator[Snapshot]:
    """Trains the config's model from its first step, or from a checkpoint, and yields Snapshots on the way.

    autoencoder: the trained one that config.init_from names; not needed with a checkpoint. Losses come at steps 0, 1,
    2, 4, 8, ... and every tenth of an epoch; pictures at log-spaced steps and every epoch. Raises Diverged; ConfigError
    for an AE that is missing or has other layers; DatasetError when the images cannot be had.
    """
    images = data.load(config.dataset, "train").images[: config.train_size].to(device)
    pictured = _Pictured(config, device)
    model = build_model(config, images.mean(0).cpu())
    if config.init_from and checkpoint is None:
        model = _converted(config, autoencoder)
    if config.model == "vae":
        freeze(model, config.trainable)
    model = model.to(device)
    optimizer = build_optimizer(model, config.learning_rate)
    start, earlier_seconds = 0, 0.0
    if checkpoint is not None:
        start, earlier_seconds = _restore(checkpoint, model, optimizer)
    began = time.perf_counter()

    def snapshot(step: int, means: dict) -> Snapshot:
        pictures = pictured(model) if step in picture_steps else {}
        must_be_numbers = dict(pictures)
        # A raw sigma may turn negative for a test digit first: the training goes on without knowing.
        if config.sigma == "raw":
            must_be_numbers.pop("log_sigma", None)
        if not is_finite(*model.parameters(), *must_be_numbers.values()):
            raise Diverged(step, cause(config, None))
        losses = Losses(
            step=step,
            epoch=step / config.steps_per_epoch,
            kl_weight=kl_weight_at(config, step),
            seconds=earlier_seconds + time.perf_counter() - began,
            kl=None if means["kl_per_dimension"] is None else sum(means["kl_per_dimension"]),
            **means,
        )
        return Snapshot(losses, pictures or None, model, optimizer)

    picture_steps = snapshot_steps(config, pictures=True)
    loss_steps = snapshot_steps(config)
    if checkpoint is None:
        with torch.no_grad():
            first = _batch_terms(config, model, images, 0)
        yield snapshot(0, _over([_numbers(first)]))
    window = []
    for step in range(start, config.total_steps):  # `step` updates are behind us
        set_learning_rate(optimizer, learning_rate_at(config, step))
        window.append(train_step(config, model, optimizer, images, step))
        if step + 1 in loss_steps:
            yield snapshot(step + 1, _over(window))
            window = []


def _converted(config: RunConfig, autoencoder: Autoencoder | None) -> nn.Module:
    if autoencoder is None:
        raise ConfigError("init_from", config.init_from, "an AE whose weights are at hand")
    return convert(autoencoder, config)


def build_optimizer(model: nn.Module, learning_rate: float) -> torch.optim.Adam:
    """Adam, with one group of parameters for each scale of their rate, which is learning_rate x scale.

    Adam moves each weight by about its rate, whatever the gradient, so the outputs of a layer move the more the more
    inputs it has: scale = sqrt(256 / inputs), and 1 for biases. (Yang et al. 2022 divide by inputs; for networks as
    small as these the root reached a lower -ELBO.)
    """
    groups: dict[float, list[nn.Parameter]] = defaultdict(list)
    for parameter in filter(lambda parameter: parameter.requires_grad, model.parameters()):
        groups[math.sqrt(256 / parameter.shape[1]) if parameter.ndim == 2 else 1.0].append(parameter)
    # The fused update is the fastest on every device; capturable and foreach would only add copies.
    return torch.optim.Adam(
        [{"params": some, "scale": scale, "lr": learning_rate * scale} for scale, some in groups.items()],
        betas=BETAS,
        fused=True,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Sets the rate of every group of `build_optimizer`'s."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def train_step(config: RunConfig, model: nn.Module, optimizer, images: Tensor, step: int) -> dict:
    """One update on the batch of this step; returns the batch's losses before it, as numbers. Raises Diverged."""
    terms = _batch_terms(config, model, images, step)
    optimizer.zero_grad()
    terms["total"].backward()
    values = _numbers(terms)
    if not math.isfinite(values["total"]):
        with _precision(images):
            culprit = find_culprit(model, _batch(config, images, step), _batch_indices(config, step))
        raise Diverged(step + 1, cause(config, values, culprit), culprit)
    gradients = [parameter.grad for group in optimizer.param_groups for parameter in group["params"]]
    values["gradient_norm"] = nn.utils.get_total_norm(gradients).item()
    optimizer.step()
    return values


@functools.lru_cache(maxsize=4)
def has_fast_bfloat16(device: str) -> bool:
    """Whether the device multiplies bfloat16 in hardware: a step then takes two thirds of the time.

    Weights, losses and the optimizer stay float32, and so does everything that is reported.
    """
    if device == "cpu":
        return torch.cpu._is_avx512_bf16_supported()
    return device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def estimate_seconds(config: RunConfig) -> float:
    """How long a run will train on one core of this machine, in seconds, from its arithmetic and this core's speed."""
    encoder = (data.PIXELS, *config.hidden_dims, 2 * config.latent_dim)
    decoder = (config.latent_dim, *reversed(config.hidden_dims), data.PIXELS)
    weights = sum(inputs * outputs for widths in (encoder, decoder) for inputs, outputs in pairwise(widths))
    # Forward, gradient of the weights, gradient of the inputs: each a multiplication and an addition.
    step = 6 * weights * config.batch_size / _flops() + STEP_OVERHEAD
    return config.total_steps * step


@functools.lru_cache(maxsize=1)
def _flops() -> float:
    """Floating-point operations a second of this core, from a product of the size of a training step's."""
    kind = torch.bfloat16 if has_fast_bfloat16("cpu") else torch.float32
    batch, weights = torch.ones(128, data.PIXELS, dtype=kind), torch.ones(data.PIXELS, 256, dtype=kind)
    seconds = []
    for _ in range(50):
        began = time.perf_counter()
        batch @ weights
        seconds.append(time.perf_counter() - began)
    return 2 * 128 * data.PIXELS * 256 / min(seconds)  # the least disturbed


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
    return images.index_select(0, _batch_indices(config, step).to(images.device))


def _batch_indices(config: RunConfig, step: int) -> Tensor:
    epoch, batch = divmod(step, config.steps_per_epoch)
    return _epoch_order(config.seed, config.train_size, epoch)[batch * config.batch_size :][: config.batch_size]


@functools.lru_cache(maxsize=1)
def _epoch_order(seed: int, size: int, epoch: int) -> Tensor:
    """The shuffle of one epoch."""
    return torch.randperm(size, generator=seeded(seed, "batches", epoch))


def _numbers(terms: dict[str, Tensor | None]) -> dict:
    return {name: None if term is None else term.tolist() for name, term in terms.items()}


def _over(window: list[dict]) -> dict:
    """Losses, each a number or a list of numbers, over a window of steps: their means, but for the two extremes."""
    over = {"smallest_sigma": torch.amin, "gradient_norm": torch.amax}

    def value(name: str):
        every = torch.tensor([losses[name] for losses in window], dtype=torch.float64)
        return over.get(name, torch.mean)(every, 0).tolist()

    return {name: None if first is None else value(name) for name, first in window[0].items()}


class _Pictured:
    """The same test images for every snapshot of a run, and what a model makes of them."""

    def __init__(self, config: RunConfig, device: str):
        test = data.load(config.dataset, "test")
        self.followed = test.images[: data.TEST_CODES].to(device)
        self.digits = test.images[data.one_per_class(test.labels)].to(device)
        self.z = torch.randn(SAMPLES, config.latent_dim, generator=seeded(0, "samples")).to(device)

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, Tensor]:
        mu, log_sigma = zip(*(encode_parameters(model, x) for x in self.followed.split(CHUNK)))
        pictures = {
            "mu": torch.cat(mu),
            "reconstructions": reconstruct(model, self.digits),
            "samples": pixel_means(model.decode(self.z)),
        }
        if log_sigma[0] is not None:
            pictures["log_sigma"] = torch.cat(log_sigma)
        return pictures


def model_state(checkpoint: dict[str, Tensor]) -> dict[str, Tensor]:
    """The model's own tensors of a checkpoint, by the model's names."""
    return {name.removeprefix("model."): tensor for name, tensor in checkpoint.items() if name.startswith("model.")}


def _restore(checkpoint: dict[str, Tensor], model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, float]:
    """Puts a checkpoint's tensors back; returns its step and seconds."""
    model.load_state_dict(model_state(checkpoint))
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in checkpoint.items():
        if name.startswith("optimizer."):
            _, index, moment = name.split(".")
            moments.setdefault(int(index), {})[moment] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return int(checkpoint["step"]), float(checkpoint["seconds"])
