"""What is around a step of a training, beside the bare step."""

import tempfile
import time

import torch
from torch import Tensor

from vae import data
from vae.bench.size import Size
from vae.config import RunConfig
from vae.models import build_model
from vae.objective import loss_terms, negative_elbo
from vae.runs.store import RunStore
from vae.runs.worker import advance
from vae.training.speed import has_fast_bfloat16
from vae.training.step import build_optimizer


def step_overhead(size: Size) -> dict[str, float]:
    """Milliseconds of a step of the default run, everything around it included, against the bare step; in turn."""
    config = size.of(RunConfig())
    images = data.load("mnist", "train").images
    bare, full = [], []
    for _ in range(size.rounds):
        bare.append(_bare_step_seconds(config, images, steps=config.steps_per_epoch))
        with tempfile.TemporaryDirectory() as folder:
            store = RunStore(folder, pretrained=f"{folder}/nothing")
            store.create(config)
            began = time.perf_counter()
            for _ in advance(config, store):
                pass
            full.append((time.perf_counter() - began) / config.total_steps)
        bare.append(_bare_step_seconds(config, images, steps=config.steps_per_epoch))
    bare_mean, full_mean = sum(bare) / len(bare), sum(full) / len(full)
    return {"bare_ms": bare_mean * 1e3, "full_ms": full_mean * 1e3, "ratio": full_mean / bare_mean}


def _bare_step_seconds(config: RunConfig, images: Tensor, steps: int) -> float:
    """Forward, backward and optimizer on one and the same batch, in the precision of a training: seconds a step."""
    model = build_model(config, images.mean(0))
    optimizer = build_optimizer(model, config.learning_rate)
    x, eps = images[: config.batch_size], torch.randn(config.batch_size, config.latent_dim)
    began = time.perf_counter()
    for _ in range(steps):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_fast_bfloat16("cpu")):
            terms = loss_terms(model, x, eps, config.likelihood)
        loss = negative_elbo(terms).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return (time.perf_counter() - began) / steps
