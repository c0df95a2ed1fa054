"""The same trainings with several seeds: what one seed shows may be luck."""

import contextlib
import dataclasses
import functools
import html
import logging
import math
import statistics
from collections.abc import Callable, Mapping

import streamlit as st

from pages.shared import lab as ui
from pages.shared.once import recent
from vae.config import RunConfig
from vae.measures.paired import Difference, paired
from vae.runs.seeds import SEEDS, recorded
from vae.runs.store import DamagedRun

ENOUGH = 3  # seeds; fewer say next to nothing of luck
LOOK = 5.0  # seconds for which nobody looks again whether a run with another seed has ended


@functools.lru_cache(maxsize=10_000)
def with_seed(config: RunConfig, seed: int) -> RunConfig:
    """The same training with another seed."""
    return dataclasses.replace(config, seed=seed)


def tests(of_seed: Callable[[int], RunConfig]) -> dict[int, dict]:
    """The figures on the test images by seed: of the runs that come with the project, and of any that ended here."""
    found = {seed: _test(of_seed(seed).run_id) for seed in sorted({*SEEDS, *map(_seed_of, _here())} - {None})}
    return {seed: test for seed, test in found.items() if test}


def figure(of_seed: Callable[[int], RunConfig], name: str = "negative_elbo") -> dict[int, float]:
    """One of the figures, nats, by seed."""
    return {seed: test[name] for seed, test in tests(of_seed).items() if test.get(name) is not None}


def given(row: dict[int, float]) -> dict[int, float]:
    """Those of the project's own seeds: what was answered once does not change when a visitor trains one more."""
    return {seed: value for seed, value in row.items() if seed in SEEDS}


@recent(LOOK)
def _here() -> set[str]:
    return set(ui.runs().store.run_ids())


@functools.lru_cache(maxsize=10_000)
def _seed_of(run_id: str) -> int | None:
    """A run's seed, which never changes; None of one that nobody can read, or of another recipe."""
    with contextlib.suppress(KeyError, DamagedRun):
        return ui.runs().store.config(run_id).seed


@recent(LOOK)
def _test(run_id: str) -> dict | None:
    """The figures of a run that came to its end, here or where the project's figures were made."""
    metrics = ui.runs().store.metrics(run_id) if run_id in _here() else None
    if metrics and metrics["status"] == "complete":
        return metrics["test"]
    return _of_the_project().get(run_id)


@functools.lru_cache(maxsize=1)
def _of_the_project() -> Mapping[str, dict]:
    """What comes with the project; nothing where that cannot be read, for a page can do without."""
    try:
        return recorded()
    except (OSError, ValueError) as error:
        logging.getLogger(__name__).warning("no figures of other seeds: %s", error)
        return {}


def spread(row: dict[int, float]) -> float | None:
    """By how much two runs may differ by luck alone (95 %), nats; None of fewer than three seeds, which say little."""
    return 2 * math.sqrt(2) * statistics.stdev(row.values()) if len(row) >= ENOUGH else None


def better(a: dict[int, float], b: dict[int, float]) -> str:
    """How much less the first loses than the second, in words; a tie where that may be luck."""
    difference = paired(b, a)
    if difference is None:
        return "**not compared yet**"
    if math.isinf(difference.margin):
        return f"**{abs(difference.mean):.1f} nats {_word(difference)}** (one seed alone, which may be luck)"
    over = f"{abs(difference.mean):.1f} ± {difference.margin:.1f} nats {_word(difference)}"
    return (
        f"**a tie** ({over}, {difference.seeds} seeds)"
        if difference.is_tie
        else f"**{over}** ({difference.seeds} seeds)"
    )


def _word(difference: Difference) -> str:
    return "better" if difference.mean > 0 else "worse"


def dots(rows: dict[str, dict[int, float]], unit: str) -> None:
    """A row a name: a faint dot for each seed, and a line at their mean; nothing where no row has two seeds."""
    values = [value for row in rows.values() for value in row.values()]
    if max(map(len, rows.values()), default=0) < 2:
        return
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or 1.0
    ends = low - room, high + room
    lines = "".join(_line(name, row, ends) for name, row in rows.items() if row)
    seeds = sorted({seed for row in rows.values() for seed in row})
    caption = f"{unit}; a dot a seed ({', '.join(map(str, seeds))}), a line at their mean"
    st.html(f'<div class="seeds">{lines}<p>{html.escape(caption)}</p></div>')


def _line(name: str, row: dict[int, float], ends: tuple[float, float]) -> str:
    low, high = ends

    def at(value: float) -> str:
        return f"left: {100 * (value - low) / (high - low):.2f}%"

    mean = statistics.fmean(row.values())
    marks = "".join(f'<i style="{at(value)}" title="seed {seed}: {value:.2f}"></i>' for seed, value in row.items())
    return (
        f'<div><span>{html.escape(name)}</span><span class="axis">{marks}<b style="{at(mean)}"></b></span>'
        f"<span>{mean:.1f}</span></div>"
    )
