"""A sweep of several runs, on one worker and on one a core."""

import tempfile
import time
from dataclasses import replace

from vae.bench.size import MissedGoal
from vae.config import RunConfig
from vae.runs import machine
from vae.runs.queue import Runs
from vae.runs.store import RunStore

SWEEP = [RunConfig(kl_weight=weight) for weight in (0.0, 0.1, 0.3, 1.0, 4.0, 10.0)]
QUICK_SWEEP = [replace(config, train_size=1_000, epochs=1) for config in SWEEP[:2]]


def compare_cores(configs: list[RunConfig]) -> dict:
    """The seconds of the runs on one worker and on one a core, and their ratio."""
    cores = machine.cores()
    one, every = sweep_seconds(configs, 1), sweep_seconds(configs, cores)
    return {"runs": len(configs), "one_core": one, "cores": cores, "all_cores": every, "ratio": every / one}


def sweep_seconds(configs: list[RunConfig], workers: int) -> float:
    """From the asking to the end of the last run, with workers that are there."""
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(RunStore(folder, pretrained=f"{folder}/nothing"), workers=workers)
        try:
            if not runs.wait_until_started():
                raise MissedGoal(f"there are no workers: {runs.error}")
            began = time.perf_counter()
            runs.submit(configs, most=len(configs))
            for _ in runs.follow(configs):
                pass
            return time.perf_counter() - began
        finally:
            runs.close()
