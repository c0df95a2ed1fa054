"""The paired comparison against SciPy's, and against what it promises: 95 times in 100 it holds the truth."""

import math

import numpy as np
import pytest
from scipy import stats

from vae.measures.paired import paired


@pytest.mark.parametrize("count", [2, 3, 5, 8, 16])
def test_the_interval_is_students(count):
    generator = np.random.default_rng(count)
    a, b = generator.normal(3, 1, count), generator.normal(2, 1, count)
    found = paired(dict(enumerate(a)), dict(enumerate(b)) | {99: 0.0})
    interval = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert found.seeds == count and found.mean == pytest.approx((a - b).mean())
    assert [found.mean - found.margin, found.mean + found.margin] == pytest.approx([*interval], rel=1e-3)


def test_of_many_seeds_it_is_nearly_students():
    values = np.random.default_rng(0).normal(0, 1, 40)
    found = paired(dict(enumerate(values)), dict.fromkeys(range(40), 0.0))
    assert found.margin == pytest.approx(stats.sem(values) * stats.t.ppf(0.975, 39), rel=0.02)


def test_equal_trainings_are_a_tie_nineteen_times_in_twenty():
    generator = np.random.default_rng(1)
    samples = [dict(enumerate(generator.normal(0, 1, 5))) for _ in range(4_000)]
    ties = [paired(a, b).is_tie for a, b in zip(samples[::2], samples[1::2])]
    assert np.mean(ties) == pytest.approx(0.95, abs=0.02)


def test_one_seed_is_a_tie_and_none_is_nothing():
    assert paired({0: 5.0}, {0: 1.0}) == (4.0, math.inf, 1) and paired({0: 5.0}, {0: 1.0}).is_tie
    assert paired({0: 1.0}, {1: 2.0}) is None
    assert not paired({0: 2.0, 1: 2.1}, {0: 1.0, 1: 1.1}).is_tie
