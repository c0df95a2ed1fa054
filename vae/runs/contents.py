"""What the small files of a run may say. Each function raises ValueError, in words, for a content that says otherwise.

Pages ask for all runs again and again: what a file says is worked out once for each content. Nobody may write to it.
"""

import functools
import itertools
import json
import math

from vae.config import RECIPE, RunConfig
from vae.runs.layers import sha256_of
from vae.runs.states import ENDED

CONFIG, CONTROL, METRICS, HISTORY, GAP = 100_000, 10_000, 1_000_000, 64_000_000, 4_000_000  # the most bytes of each
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
        and (test is None or (isinstance(test, dict) and _is_number(test.get("reconstruction"))))
    )
    if not is_whole:
        raise ValueError("a field is missing or of a wrong type")
    return metrics


@functools.lru_cache(maxsize=20)
def history_in(content: bytes) -> tuple[dict, ...]:
    """The lines of a history.jsonl."""
    lines = tuple(map(json_in, content.splitlines()))
    if not all(map(_is_line, lines)):
        raise ValueError("a line has no step, or a field of a wrong type")
    if any(later["step"] <= line["step"] for line, later in itertools.pairwise(lines)):
        raise ValueError("its steps are not in their order")
    return lines


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


def _is_line(line) -> bool:
    """Whether this is a line of a history: a point of the loss curves."""
    return (
        isinstance(line, dict)
        and _is_count(line.get("step"))
        and _is_seconds(line.get("seconds"))
        and all(_is_number(line.get(name)) for name in ("epoch", "total", "reconstruction", "kl_weight"))
        and isinstance(line.get("pictures", ""), str)
        and all(_is_value(value) for name, value in line.items() if name != "pictures")
    )


def _is_value(value) -> bool:
    return value is None or _is_number(value) or (isinstance(value, list) and all(map(_is_number, value)))


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_seconds(value) -> bool:
    return _is_number(value) and math.isfinite(value) and value >= 0
