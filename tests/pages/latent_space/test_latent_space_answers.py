"""What the steps of Latent space answer: the shares that the browser's planes say too, counted another way."""

import json
import re

import numpy as np
import pytest
import torch

from pages.latent_space import latent_space_answers as answers
from pages.shared import lab as ui
from tests.pages.seen import sent
from vae.config import RunConfig
from vae.models import reconstruct
from vae.runs.sweep import WITHOUT_8

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
    assert answers.where_more_holes_are(RunConfig(latent_dim=10)) == answers.ONLY_IN_TWO


@pytest.mark.parametrize("kl_weight", [0.0, 0.01, 1.0, 10.0, 30.0])
def test_what_is_said_of_holes_holds_for_each_vae(lab, q_of, kl_weight):
    vae = RunConfig(kl_weight=kl_weight)
    said = answers.where_more_holes_are(vae)
    ae, own = (answers.share_in_holes(ui.trained(run.run_id)) for run in (vae.autoencoder, vae))
    assert said.measured == (answers.ALIKE if abs(ae - own) < 0.02 else answers.VAE if own > ae else answers.AE)
    assert f"they take {own:.0%} (VAE) and {ae:.0%} (the AE of this pair)" in said.words
    for name, run in (("AE", vae.autoencoder), ("VAE", vae)):
        assert f"of the {name}'s digits {out_of_reach(q_of, run) or 'none'}" in said.words


def out_of_reach(q_of, run: RunConfig) -> str:
    """The digits of whose codes less than half lie within 3 sigma, the rarest first, one code after another."""
    codes, labels = q_of(run.run_id)[0], ui.trained(run.run_id).test_set.labels
    shares = []
    for digit in range(10):
        own = [code for code, label in zip(codes.tolist(), labels.tolist()) if label == digit]
        shares.append((sum(x * x + y * y < 9 for x, y in own) / len(own), digit))
    return ", ".join(f"{digit} ({share:.0%})" for share, digit in sorted(shares) if share < 0.5)


def test_the_digits_out_of_reach_are_those_whose_codes_lie_outside(lab, q_of):
    expected = out_of_reach(q_of, PAIR[0])
    assert expected and f"of this pair's AE {expected}." in answers.digits_out_of_reach(RunConfig()).words
    assert answers.digits_out_of_reach(RunConfig(latent_dim=10)) == answers.ONLY_IN_TWO


def test_a_step_on_the_whole_plane_brings_a_pair_of_two_dimensions_where_another_is_on_show(shown):
    for run, brings in ((RunConfig(), []), (RunConfig(kl_weight=0.1), []), (RunConfig(latent_dim=10), ["run"])):
        cards = sent(shown("latent_space", run=run.run_id), "steps")["steps"][:3]
        assert [sorted(step["view"].keys() - {"layers"}) for step in cards] == [brings] * 3


def test_a_vae_paints_what_it_knows_for_a_digit_that_it_never_saw(lab):
    answer = answers.what_becomes_of_the_unseen(WITHOUT_8)
    run, images, labels = ui.trained(WITHOUT_8.run_id), *ui.trained(WITHOUT_8.run_id).test_set
    eights = images[labels == 8]
    painted = reconstruct(run.model, eights)
    nearest = torch.cat([torch.cdist(some, images[:2_000]).argmin(1) for some in painted.split(100)])
    shares = {label: (labels[nearest] == label).float().mean().item() for label in range(10)}
    most = sorted(shares, key=shares.get, reverse=True)[0]
    assert answer.measured == answers.ANOTHER and most != 8
    assert answer.words.startswith(f"What it paints looks most like {most} ({shares[most]:.0%}), ")
    assert f"like what was asked of it in {shares[8]:.0%}." in answer.words
    worse, better = map(float, re.findall(r"(\d+\.\d)", answer.words)[-2:])
    assert worse > better + 10
    assert answers.what_becomes_of_the_unseen(RunConfig()).measured == ""
    assert answers.what_becomes_of_the_unseen(RunConfig(classes=(0, 1))) is None


def test_the_page_of_a_pair_of_some_classes_shows_what_it_never_saw(shown):
    app = shown("latent_space", run=WITHOUT_8.run_id)
    assert not app.exception and sent(app, "latent_space")["unseen"] == [8]
    assert [part.value for part in app.subheader][-1] == "What neither of the two has ever seen: 8"
    bars = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert [bar["name"] for bar in bars] == [
        "the AE of this pair", "the VAE of this pair", "a VAE that was trained on all of them",
    ]  # fmt: skip
    assert bars[0]["marker"]["pattern"]["shape"] == ["", "", "", "", "", "", "", "", "/", ""]
    plain = shown("latent_space")
    assert sent(plain, "latent_space")["unseen"] == [] and not plain.get("plotly_chart")
