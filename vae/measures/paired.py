"""Two trainings compared seed by seed: whether their difference is more than luck."""

import math
import statistics
from typing import NamedTuple

# Student's t, of which 97.5 % lie below, for 1, 2, ... degrees of freedom; beyond them 2.
QUANTILES = (
    *(12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060),
    *(2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448, 2.1314),
)


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
