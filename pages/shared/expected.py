"""How long trainings will take here, in words: by this machine's last runs, and with those who wait before."""

from collections.abc import Sequence

from pages.shared import lab as ui
from pages.shared import visitors
from vae.config import RunConfig
from vae.runs import machine
from vae.training.speed import estimate_seconds


def seconds(configs: Sequence[RunConfig]) -> tuple[float, float]:
    """The least and the most that runs take that are asked for together, seconds from their first step on.

    By their arithmetic, and by how much longer than that the last runs here took; where none has ended yet, from a
    machine that has nothing else to do to one on which all workers and the pages share the cores.
    """
    runs = ui.runs()
    each, workers = [estimate_seconds(config) for config in configs], max(1, runs.workers)
    alone = max(max(each), sum(each) / workers)
    paces = list(runs.paces) or [1.0, max(1.0, (min(workers, len(each)) + 1) / machine.cores())]
    return alone * min(paces), alone * max(paces)


def in_words(configs: Sequence[RunConfig]) -> str:
    """What somebody can expect who asks for these runs now."""
    least, most = seconds(configs)
    wait = ui.runs().line.wait(estimate_seconds(configs[0]), visitors.browser())
    after = f", after about {duration(wait)} for those who asked before" if wait >= 1 else ""
    return f"about {_span(least, most)}{after}"


def _span(least: float, most: float) -> str:
    """Two durations for people, in the unit of the longer one; one where they are alike."""
    low, high = duration(least), duration(most)
    if low == high:
        return high
    if low.split()[1] != high.split()[1]:
        return f"{low} to {high}"
    return f"{low.split()[0]} to {high}"


def duration(seconds: float) -> str:
    """A duration for people: at least a second."""
    if seconds < 90:
        return f"{max(seconds, 1.0):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
