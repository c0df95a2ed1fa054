"""The plane of a latent space that is looked at."""

import numpy as np
import pytest

from pages.shared.scatter import axis_limit


@pytest.mark.parametrize("reach", [0.01, 2.9, 3.1, 7.5, 33, 140, 5_000, 65_504])
def test_axes_hold_the_prior_and_nearly_all_codes_without_waste(reach):
    codes = np.random.default_rng(1).uniform(-reach, reach, (4000, 2))
    limit = axis_limit(codes)
    inside = (np.abs(codes) <= limit).mean()
    assert limit >= 3 and inside >= 0.985
    assert limit <= max(3, 2 * reach)
    assert axis_limit(-np.abs(codes)) == limit  # also of codes that are all on one side
    assert axis_limit(codes / 10, codes) == limit and axis_limit() == 3
