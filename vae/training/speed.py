"""What makes a training fast: one thread, bfloat16 where the processor has it; and how long it will take."""

import functools
import time
from itertools import pairwise

import torch

from vae import datasets
from vae.config import RunConfig

STEP_OVERHEAD = 5.0e-3  # seconds of a step that are not matrix products, the looks at it included (measured)


def use_one_thread() -> None:
    """Has torch compute with one thread in this process, for whoever trains: a run a core is the fastest.

    Two threads on two busy cores are many times slower than one.
    """
    torch.set_num_threads(1)


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
    encoder = (datasets.PIXELS, *config.hidden_dims, 2 * config.latent_dim)
    decoder = (config.latent_dim, *reversed(config.hidden_dims), datasets.PIXELS)
    weights = sum(inputs * outputs for widths in (encoder, decoder) for inputs, outputs in pairwise(widths))
    # Forward, gradient of the weights, gradient of the inputs: each a multiplication and an addition.
    step = 6 * weights * config.batch_size / _flops() + STEP_OVERHEAD
    return config.total_steps * step


@functools.lru_cache(maxsize=1)
def _flops() -> float:
    """Floating-point operations a second of one core, from a product of the size of a training step's."""
    kind = torch.bfloat16 if has_fast_bfloat16("cpu") else torch.float32
    batch, weights = torch.ones(128, datasets.PIXELS, dtype=kind), torch.ones(datasets.PIXELS, 256, dtype=kind)
    threads, seconds = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for _ in range(50):
            began = time.perf_counter()
            batch @ weights
            seconds.append(time.perf_counter() - began)
    finally:
        torch.set_num_threads(threads)
    return 2 * 128 * datasets.PIXELS * 256 / min(seconds)  # the least disturbed
