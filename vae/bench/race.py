"""Our training and the plain recipe, to the same -ELBO on images that neither was trained with."""

import sys
import time
from dataclasses import replace
from statistics import mean, stdev

from vae.bench.plain import SOURCES, Result, plain_run
from vae.bench.size import Size, judges
from vae.config import RunConfig
from vae.measures.evaluation import evaluate
from vae.training.loop import train

OURS = RunConfig(latent_dim=20, hidden_dims=(288, 224), batch_size=256, learning_rate=1.05e-2, kl_ramp=0.4)
QUALITY = {  # name, config -> the test -ELBO to reach, nats
    "20-D, 3 epochs": (RunConfig(latent_dim=20, epochs=3), 106.5),
    "2-D, 3 epochs": (RunConfig(epochs=3), 145.0),
    "2-D, 6 epochs": (RunConfig(epochs=6), 141.0),
}


def race(size: Size) -> dict:
    """Times the plain recipe from both sources, and our shortest run that is as good on the validation images.

    Our epochs are chosen by the means over all seeds on the validation images alone; no choice looks at a test image.
    """
    plain = {}
    for source in SOURCES:
        runs = [plain_run(source, size, seed) for seed in range(size.seeds)]
        plain[source] = _figures(runs)
        _say(f"plain recipe, {source}, {size.plain_epochs} epochs", plain[source])
    target = min(mean(figures["validation"]) for figures in plain.values())
    config, ours, reached = _shortest(target, size)
    ratios = {source: mean(figures["seconds"]) / mean(ours["seconds"]) for source, figures in plain.items()}
    return {
        "plain_epochs": size.plain_epochs,
        "plain": plain,
        "target": target,
        "config": config.to_dict(),
        "ours": ours,
        "reached": reached,
        "ratios": ratios,
    }


def _shortest(target: float, size: Size) -> tuple[RunConfig, dict, bool]:
    """Our shortest run, of 2, 3, ... epochs, that reaches the target; else the longest that was tried, and False."""
    for epochs in range(2, size.most_epochs + 1):
        config = replace(OURS, epochs=epochs, train_size=size.images)
        ours = seeds_of(config, size)
        _say(f"ours, {epochs} epochs", ours)
        if mean(ours["validation"]) <= target:
            return config, ours, True
    return config, ours, False


def quality(size: Size) -> dict[str, dict]:
    """What our runs of all training images are worth on the test images, beside the goals."""
    measured = {}
    for name, (config, goal) in QUALITY.items():
        measured[name] = {**seeds_of(size.of(config), size), "goal": goal}
        _say(f"ours, {name}", measured[name])
    return measured


def seeds_of(config: RunConfig, size: Size) -> dict[str, list[float]]:
    """The figures of a run with each seed."""
    return _figures([our_run(replace(config, seed=seed), size) for seed in range(size.seeds)])


def our_run(config: RunConfig, size: Size) -> Result:
    """One training, with everything that is around its steps; a validation for one of the race's images."""
    began = time.perf_counter()
    for snapshot in train(config):
        last = snapshot
    seconds = time.perf_counter() - began
    test, validation = (evaluate(last.model, x, config.likelihood).negative_elbo for x in judges(size))
    return Result(seconds, test, validation if config.train_size <= size.images else None)


def _figures(results: list[Result]) -> dict[str, list[float]]:
    """The results' figures by name, a number a seed."""
    named = {name: [vars(result)[name] for result in results] for name in ("seconds", "test", "validation")}
    return {name: values for name, values in named.items() if None not in values}


def in_words(values: list[float], digits: int) -> str:
    """Mean and standard deviation over the seeds."""
    return f"{mean(values):.{digits}f} ± {stdev(values):.{digits}f}"


def _say(what: str, figures: dict) -> None:
    on = f", validation -ELBO {in_words(figures['validation'], 2)}" if "validation" in figures else ""
    print(f"{what}: {in_words(figures['seconds'], 1)} s{on}", file=sys.stderr, flush=True)
