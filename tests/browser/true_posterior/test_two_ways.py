"""The q of least KL(q || p) and of least KL(p || q): against the best Gaussians there are, and moments by hand."""

import base64

import numpy as np
import pytest
import torch

from pages.shared.component import base64_of
from tests.browser import parcels
from tests.browser.conftest import EMPTY
from tests.browser.parcels import PLANE
from vae.measures.chunks import encode_all
from vae.measures.gap import Gaussian2D, expected_bounds, measure_gap
from vae.measures.posterior import decode_grid

X = 5
DESCEND = """async ([packed, image, weight, start, evidence]) => {
  const { readModel } = await import("./shared/model.js");
  const { bytesOf, floatsOf } = await import("./shared/bytes.js");
  const { descend, lost } = await import("./true_posterior/two_ways.js");
  const model = readModel(bytesOf(packed)), x = floatsOf(image), steps = [];
  for (const q of descend(model, x, weight, start)) {
    steps.push([...q.mu, ...q.logSigma, lost(model, x, weight, q, evidence)]);
  }
  return steps;
}"""
COVERING = """async ([x, y, width, density]) => {
  const { covering } = await import("./true_posterior/two_ways.js");
  const [a, b, c, d] = [x, y, width, density].map((values) => Float32Array.from(values));
  const { mu, logSigma } = covering({ x: a, y: b, width: c, density: d });
  return [[...mu], [...logSigma]];
}"""


@pytest.mark.parametrize("weight", [1.0, 4.0])
def test_from_the_mode_it_comes_near_the_best_gaussian_of_independent_dimensions(modules, weight):
    model, image = parcels.network(PLANE).eval(), parcels.images(X)
    grid = decode_grid(model, "bernoulli", encode_all(model, parcels.images(*range(100)))[0])
    gap, _, [exact] = measure_gap(model, grid, image, "bernoulli", weight)
    packed = base64.b64encode(parcels.model(PLANE)).decode()
    modules.goto(EMPTY)
    start = exact.mode.tolist()
    given = [packed, base64_of(image[0].numpy()), weight, start, exact.log_evidence]
    steps = np.array(modules.evaluate(DESCEND, given))
    assert steps[0, :2] == pytest.approx(start, abs=1e-6) and len(steps) == 81
    assert steps[-1, 4] < steps[0, 4]
    q = Gaussian2D(*torch.tensor(steps[-1:, :4], dtype=torch.float32).split(2, 1), torch.zeros(1))
    bound = expected_bounds(model, image, q, "bernoulli", weight)
    assert bound.item() == pytest.approx(gap.diagonal.item(), abs=0.5)  # by the same sixteen draws at every step
    assert bound.item() < exact.log_evidence + 0.02


def test_what_covers_all_has_the_posteriors_own_mean_and_spread(modules):
    generator = np.random.default_rng(0)
    x, y = generator.normal(0, 1, 50), generator.normal(3, 2, 50)
    width, density = generator.uniform(0.1, 0.4, 50), generator.uniform(0, 1, 50)
    modules.goto(EMPTY)
    mu, log_sigma = modules.evaluate(COVERING, [list(values) for values in (x, y, width, density)])
    mass = density * width**2 / (density * width**2).sum()
    for values, mean, width_of in zip((x, y), mu, log_sigma):
        assert mean == pytest.approx(values @ mass, rel=1e-4, abs=1e-5)
        assert np.exp(2 * width_of) == pytest.approx((values - values @ mass) ** 2 @ mass, rel=1e-4)
