"""`python -m vae bench`: our training against the plain recipe that everyone copies, side by side in one run.

Everything is timed with one thread, over several seeds. size: how much is measured; plain: the recipe everyone copies;
race: both to the same -ELBO; step: what is around a step; sweep: many runs on all cores; report: all of it, in words.
"""

from vae.bench.report import bench, bench_sweep
from vae.bench.size import MissedGoal

__all__ = ["MissedGoal", "bench", "bench_sweep"]
