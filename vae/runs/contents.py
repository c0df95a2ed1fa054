"""What the small files of a run may say. Each function raises ValueError, in words, for a content that says otherwise.

Pages ask for all runs again and again: what a file says is worked out once for each content. Nobody may write to it.
"""

import functools
import itertools
import json
import math
import re

from vae.config import RECIPE, RunConfig
from vae.runs.layers import sha256_of
from vae.runs.states import ENDED

CONFIG, CONTROL, METRICS, HISTORY, GAP = 100_000, 10_000, 1_000_000, 64_000_000, 4_000_000  # the most bytes of each
MOST = 2**53  # of an integer: what a float and a picture still have exactly
SHA256 = re.compile("[0-9a-f]{64}")
WISHES = ("run", "pause", "stop")


@functools.lru_cache(maxsize=10_000)
def config_in(content: bytes) -> RunConfig | None:
    """What a config.json says; None of another recipe."""
    values = json_in(content)
    if not isinstance(values, dict):
        raise ValueError("it is no object")
    if not _is_count(recipe := values.pop("recipe", None)):
        raise ValueError("it names no recipe")
    try:
        return RunConfig.from_dict(values) if recipe == RECIPE else None
    except TypeError as error:
        raise ValueError(str(error)) from None


@functools.lru_cache(maxsize=10_000)
def metrics_in(content: bytes) -> dict:
    """What a metrics.json says."""
    metrics = json_in(content)
    if not isinstance(metrics, dict) or metrics.pop("sha256", None) != sha256_of(json.dumps(metrics).encode()):
        raise ValueError("its checksum is wrong")
    test = metrics.get("test")
    is_whole = (
        metrics.get("status") in ENDED
        and _is_count(metrics.get("steps"))
        and _is_seconds(metrics.get("seconds"))
        and isinstance(metrics.get("history_sha256"), str)
        and isinstance(metrics.get("model_sha256"), str | None)
        and isinstance(metrics.get("message", ""), str)
        and isinstance(metrics.get("failure"), dict | None)
        and (test is None or (isinstance(test, dict) and _is_test(test)))
    )
    if not is_whole:
        raise ValueError("a field is missing or of a wrong type")
    return metrics


@functools.lru_cache(maxsize=4)  # each holds its content; pages keep what they show (pages/shared/lab.py)
def history_in(content: bytes, config: RunConfig) -> tuple[dict, ...]:
    """The lines of a history.jsonl of a run."""
    lines = tuple(_line_in(line, config) for line in content.splitlines())
    if any(later["step"] <= line["step"] for line, later in itertools.pairwise(lines)):
        raise ValueError("its steps are not in their order")
    if lines and lines[-1]["step"] > config.total_steps:
        raise ValueError("it has a step beyond the run's end")
    return lines


@functools.lru_cache(maxsize=20_000)
def _line_in(content: bytes, config: RunConfig) -> dict:
    """A line of it, once for all versions of a history that grows while its run is trained."""
    line = json_in(content)
    if not _is_line(line, config):
        raise ValueError("a line has no step, or a field of a wrong type")
    return line


def bounds_in(content: bytes) -> dict:
    """What a file of gaps says: bounds, lists of numbers of one length by name, and sha256."""
    said = json_in(content)
    bounds = said.get("bounds") if isinstance(said, dict) else None
    if not isinstance(bounds, dict) or not all(
        isinstance(values, list) and all(map(_is_number, values)) for values in bounds.values()
    ):
        raise ValueError("it has no lists of numbers")
    if len({len(values) for values in bounds.values()}) > 1:
        raise ValueError("its lists are of different lengths")
    return said


def json_in(content: bytes):
    """What a JSON says."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None


def wish_in(said: dict) -> str:
    """What a control.json wants; whoever cannot be understood wants nothing."""
    return want if isinstance(want := said.get("want"), str) and want in WISHES else "run"


def _is_test(test: dict) -> bool:
    """Whether these are figures of a model on the test images (measures.evaluation.Metrics): an AE's have no KL."""
    total, kl, by_dimension = (test.get(name) for name in ("negative_elbo", "kl", "kl_per_dimension"))
    is_ae = total is kl is by_dimension is None
    numbers = [total, kl, *by_dimension] if isinstance(by_dimension, list) else [None]
    return (
        _is_number(test.get("reconstruction"))
        and _is_count(test.get("active_units"))
        and _is_count(test.get("draws", 1))  # older runs do not say it: it was one
        and _is_number(test.get("standard_error", 0.0))
        and all(
            test.get(name) is None or _is_number(test[name]) for name in ("information", "information_error", "bare")
        )
        and (is_ae or all(map(_is_number, numbers)))
    )


def _is_line(line, config: RunConfig) -> bool:
    """Whether this is a line of a run's history: a point of the loss curves (training.loop.Losses)."""
    if not isinstance(line, dict):
        return False
    by_dimension = line.get("kl_per_dimension", [0.0] * config.latent_dim)  # older runs did not write it down
    of_vae = [line.get("kl"), *(by_dimension if isinstance(by_dimension, list) else [None])]
    return (
        _is_count(line.get("step"))
        and all(_is_seconds(line.get(name)) for name in ("seconds", "epoch"))
        and all(_is_finite(line.get(name)) for name in ("total", "reconstruction", "kl_weight"))
        and (config.model == "ae" or (all(map(_is_finite, of_vae)) and len(of_vae) == 1 + config.latent_dim))
        # Of a step that went wrong it may be no number, or none that ends.
        and all(line.get(name) is None or _is_number(line[name]) for name in ("smallest_sigma", "gradient_norm"))
        and ("pictures" not in line or (isinstance(line["pictures"], str) and bool(SHA256.fullmatch(line["pictures"]))))
    )


def _is_number(value) -> bool:
    """Whether it is a number that can be a float, NaN and infinity too; a JSON has integers of any length."""
    return isinstance(value, float) or (type(value) is int and abs(value) < MOST)


def _is_finite(value) -> bool:
    return _is_number(value) and math.isfinite(value)


def _is_count(value) -> bool:
    return type(value) is int and 0 <= value < MOST


def _is_seconds(value) -> bool:
    return _is_finite(value) and value >= 0
