"""What the steps of Latent space answer: the shares that the browser's planes say too, counted another way."""

import re

import numpy as np

from pages.latent_space import latent_space_answers as answers
from pages.shared import lab as ui
from vae.config import RunConfig

PAIR = RunConfig().autoencoder, RunConfig()


def share_in_holes(mu: np.ndarray, sigma: np.ndarray) -> float:
    """By draws: of points from N(0, I) within 2 sigma, those at which q(z) is less than a tenth of its density."""
    z = np.random.default_rng(0).normal(size=(3_000, 2))
    z = z[(z**2).sum(1) <= answers.REACH**2]
    q = [np.mean(np.exp(-0.5 * (((one - mu) / sigma) ** 2).sum(1)) / sigma.prod(1)) for one in z]
    return float(np.mean(np.array(q) < answers.RARE * np.exp(-0.5 * (z**2).sum(1))))


def test_the_share_of_holes_is_what_draws_from_the_prior_find(lab, q_of):
    said = answers.where_more_holes_are(RunConfig())
    shares = []
    for config in PAIR:
        run = ui.trained(config.run_id)
        least = answers.limit(run, (0, 1)) / answers.CELLS
        mu, sigma = (part.numpy() for part in q_of(config.run_id))
        shares.append(share_in_holes(mu, np.maximum(sigma, least)))
        assert abs(answers.share_in_holes(run) - shares[-1]) < 0.02
    assert said.measured == answers.VAE and shares[1] > 2 * shares[0]
    assert answers.where_more_holes_are(RunConfig(latent_dim=10)) is None


def test_the_digits_out_of_reach_are_those_whose_codes_lie_outside(lab, q_of):
    codes, labels = q_of(PAIR[0].run_id)[0], ui.trained(PAIR[0].run_id).test_set.labels
    expected = []
    for digit in range(10):
        own = [code for code, label in zip(codes.tolist(), labels.tolist()) if label == digit]
        share = sum(x * x + y * y < answers.CIRCLES**2 for x, y in own) / len(own)
        expected += [(share, digit)] * (share < answers.FEW)
    assert expected
    found = re.findall(r"(\d) \((\d+)%\)", answers.digits_out_of_reach(RunConfig()).words)
    assert found == [(str(digit), f"{share:.0%}"[:-1]) for share, digit in sorted(expected)]
    assert answers.digits_out_of_reach(RunConfig(latent_dim=10)) is None
