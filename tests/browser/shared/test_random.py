"""The browser's eps are draws from N(0, 1), the same for the same seed everywhere."""

import numpy as np
from scipy import stats

NORMALS = "async ([seed, count]) => Array.from((await import('./shared/random.js')).normals(seed, count))"


def test_the_numbers_are_standard_normal_and_those_of_other_seeds_independent(modules):
    rows = [np.array(modules.evaluate(NORMALS, [seed, 20_000])) for seed in (0, 1, 2, 999_999)]
    for row in rows:
        assert stats.kstest(row, "norm").pvalue > 1e-3
        assert abs(np.corrcoef(row[:-1], row[1:])[0, 1]) < 0.03
    assert (np.abs(np.corrcoef(rows) - np.eye(4)) < 0.03).all()


def test_the_first_numbers_of_many_seeds_are_standard_normal_too(modules):
    first = np.array([modules.evaluate(NORMALS, [seed, 2]) for seed in range(500)])
    assert stats.kstest(first[:, 0], "norm").pvalue > 1e-3
    assert stats.kstest(first[:, 1], "norm").pvalue > 1e-3


def test_the_same_seed_gives_the_same_numbers_however_many(modules):
    assert modules.evaluate(NORMALS, [7, 5]) == modules.evaluate(NORMALS, [7, 50])[:5]
