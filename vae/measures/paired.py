"""Two trainings compared seed by seed: whether their difference is more than luck."""

import math
import statistics
from typing import NamedTuple

# Student's t, of which 97.5 % lie below, for 1, 2, ... degrees of freedom; beyond them 2.
QUANTILES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)


class Difference(NamedTuple):
    """The mean over seeds of one figure less another, and half of the interval that holds it with 95 %; nats."""

    mean: float
    margin: float
    seeds: int

    @property
    def is_tie(self) -> bool:
        """Whether it may as well be 0."""
        return not abs(self.mean) > self.margin


def paired(a: dict[int, float], b: dict[int, float]) -> Difference | None:
    """a - b of the seeds that both have (Student's paired t interval); None without such a seed.

    One seed alone says nothing of luck: its margin is infinite.
    """
    differences = [a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())]
    if not differences:
        return None
    mean, count = statistics.fmean(differences), len(differences)
    if count == 1:
        return Difference(mean, math.inf, 1)
    quantile = QUANTILES[count - 2] if count - 2 < len(QUANTILES) else 2.0
    return Difference(mean, quantile * statistics.stdev(differences) / math.sqrt(count), count)
