"""The importance-weighted bound: torch's numbers from the same draws, and the exact log p(x) at its end."""

import math
import re

import pytest
import torch
from torch.distributions import Normal

from tests.browser import parcels
from tests.browser.parcels import PLANE, TEN, code, normals
from vae.measures.chunks import encode_all
from vae.measures.posterior import decode_grid, exact_posteriors
from vae.objective import reconstruction_loss

X, DRAWS, SEED = 5, 8192, 2_000_000
BOUNDS = "document.querySelector('.bound').view.bound.bounds"


def shown(mounted, config, weight: float):
    data = {"weight": weight, "hard": "hard", "given": {"x": str(X)}}
    page = mounted("bound", data, {**parcels.digits(), "vae": parcels.model(config)})
    page.wait_for_function("document.querySelector('.bound').view.bound.isDone")
    return page


@torch.no_grad()
def log_weights(page, config, weight: float) -> torch.Tensor:
    """log p(x|z) / weight + log p(z) - log q(z|x) of the browser's draws, in double precision."""
    eps = torch.tensor(normals(page, SEED, DRAWS * config.latent_dim).reshape(DRAWS, -1))
    mu, sigma = map(torch.tensor, code(config, X))
    z = mu + sigma * eps
    x = parcels.images(X).expand(DRAWS, -1)
    losses = reconstruction_loss(parcels.network(config).decode(z.float()), x, config.likelihood).double()
    return -losses / weight + (Normal(0.0, 1.0).log_prob(z) - Normal(mu, sigma).log_prob(z)).sum(1)


@pytest.mark.parametrize("weight", [1.0, 4.0])
def test_the_bounds_are_those_of_torch_and_rise_to_the_exact_evidence(mounted, weight):
    page = shown(mounted, PLANE, weight)
    weights, bounds = log_weights(page, PLANE, weight), page.evaluate(BOUNDS)
    assert [bound["count"] for bound in bounds] == [2**power for power in range(11)]
    for bound in bounds:
        groups = weights.reshape(-1, bound["count"]).logsumexp(1) - math.log(bound["count"])
        assert bound["mean"] == pytest.approx(groups.mean().item(), abs=0.02)
        assert bound["error"] == pytest.approx((groups.std() / math.sqrt(len(groups))).item(), rel=0.02, abs=1e-3)
    model = parcels.network(PLANE).eval()
    grid = decode_grid(model, "bernoulli", encode_all(model, parcels.images(*range(100)))[0])
    [exact] = exact_posteriors(model, grid, parcels.images(X), "bernoulli", weight)
    means = [bound["mean"] for bound in bounds]
    assert means == pytest.approx(sorted(means), abs=0.05)
    lost, left = exact.log_evidence - means[0], exact.log_evidence - means[-1]
    assert lost > 1 and left > -4 * bounds[-1]["error"]  # a bound, but for what the draws leave open
    assert left < 0.7 * lost
    if weight > 1:  # a wider posterior, which q covers
        assert left == pytest.approx(0, abs=max(0.5, 4 * bounds[-1]["error"]))


def test_in_ten_dimensions_there_is_the_bound_alone(mounted):
    page = shown(mounted, TEN, 1.0)
    words = page.locator(".told").text_content()
    nats = r"−\d+\.\d\d ± \d\.\d\d"
    assert re.fullmatch(rf"One draw: L₁ = {nats} nats, the ELBO by draws\. 1,024 draws: {nats}, of 8 values\.", words)
    assert page.locator(".importance canvas").get_attribute("aria-label") == words
