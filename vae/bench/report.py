"""Measures everything, prints it, writes it down, and says which goals were missed."""

import contextlib
import json
import platform
from statistics import mean

import torch

from vae import data, datasets
from vae.bench.race import in_words, quality, race
from vae.bench.size import FULL, QUICK, QUICK_WORDS, MissedGoal, Size
from vae.bench.step import step_overhead
from vae.bench.sweep import QUICK_SWEEP, SWEEP, compare_cores
from vae.runs import machine
from vae.training.speed import use_one_thread

FASTER = 15  # times, to the plain recipe's -ELBO, where it reads its images as everyone does
STEP_RATIO = 1.3  # of a step with everything around it to a bare one, at most
SWEEP_RATIO = 0.6  # of the time of its runs one after another, at most, on two cores


def bench(file: str | None, quick: bool = False) -> None:
    """Runs everything, prints a table, and writes the figures as JSON to `file` where one is given.

    Raises MissedGoal when a goal was not reached, and OSError, before the work, when `file` cannot be written.
    """
    with open(file, "w", encoding="utf-8") if file else contextlib.nullcontext() as target:
        _announce(quick)
        report = {"quick": quick, **measure(QUICK if quick else FULL)}
        if target:
            json.dump(report, target, indent=2)
    print_table(report)
    if not quick and (missed := missed_goals(report)):
        raise MissedGoal("; ".join(missed))


def bench_sweep(file: str | None, quick: bool = False) -> None:
    """Times a sweep of six runs on one worker and on one a core, and prints and writes both as `bench` does.

    Raises MissedGoal when all cores take more than 0.6 of one core's time.
    """
    with open(file, "w", encoding="utf-8") if file else contextlib.nullcontext() as target:
        _announce(quick)
        report = {"quick": quick, **compare_cores(QUICK_SWEEP if quick else SWEEP)}
        if target:
            json.dump(report, target, indent=2)
    print(f"{report['runs']} runs, one after another on one core: {report['one_core']:.1f} s")
    print(f"{report['runs']} runs on {report['cores']} cores: {report['all_cores']:.1f} s")
    print(f"ratio: {report['ratio']:.2f}")
    if not quick and report["ratio"] > SWEEP_RATIO:
        raise MissedGoal(f"a sweep takes {report['ratio']:.2f} of its runs one after another, not {SWEEP_RATIO}")


def measure(size: Size) -> dict:
    """The race, the quality and the steps, with one thread."""
    use_one_thread()
    data.load("mnist", "train"), data.load("mnist", "test")
    return {
        "machine": {"cores": machine.cores(), "processor": platform.processor(), "torch": torch.__version__},
        "race": race(size),
        "quality": quality(size),
        "step": step_overhead(size),
    }


def missed_goals(report: dict) -> list[str]:
    """What of the project's goals a report does not show, in words."""
    missed, ran = [], report["race"]
    if not ran["reached"]:
        missed.append(f"no run of at most {ran['config']['epochs']} epochs reached {ran['target']:.1f} nats")
    if ran["ratios"]["DataLoader"] < FASTER:
        missed.append(f"{ran['ratios']['DataLoader']:.1f} times faster than the plain recipe, not {FASTER}")
    if report["step"]["ratio"] > STEP_RATIO:
        missed.append(
            f"a step with everything around it takes {report['step']['ratio']:.2f} bare ones, not {STEP_RATIO}"
        )
    for name, figures in report["quality"].items():
        if mean(figures["test"]) > figures["goal"]:
            missed.append(f"{name}: {mean(figures['test']):.2f} nats, not {figures['goal']}")
    return missed


def print_table(report: dict) -> None:
    """Seconds and -ELBO on the test images, each with its standard deviation over the seeds; both ratios."""
    ran, config, step = report["race"], report["race"]["config"], report["step"]
    widths = "-".join(map(str, [datasets.PIXELS, *config["hidden_dims"], config["latent_dim"]]))
    said = "" if ran["reached"] else "NOT as good on the validation images"
    plain, seeds = f"{ran['plain_epochs']} epochs, 784-400-20", len(ran["ours"]["seconds"])
    goal = "" if report["quick"] else "goal {}"
    rows = [
        *((f"plain, {source}, {plain}", own, "") for source, own in ran["plain"].items()),
        (f"ours, {config['epochs']} epochs, {widths}", ran["ours"], said),
        *((f"ours, {name}", own, goal.format(own["goal"])) for name, own in report["quality"].items()),
    ]
    print(f"{f'{seeds} seeds, one thread':42} {'seconds':>12} {'test -ELBO':>16}")
    for name, figures, remark in rows:
        seconds, test = in_words(figures["seconds"], 1), in_words(figures["test"], 2)
        print(f"{name:42} {seconds:>12} {test:>16}  {remark}".rstrip())
    print(
        f"a step of the default run: {step['full_ms']:.2f} ms with everything around it, "
        f"{step['bare_ms']:.2f} ms bare, ratio {step['ratio']:.2f}"
    )
    for source, ratio in ran["ratios"].items():
        print(f"ratio to the plain recipe from its {source}: {ratio:.1f}")


def _announce(quick: bool) -> None:
    if quick:
        print(QUICK_WORDS, flush=True)
