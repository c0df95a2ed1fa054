"""The page of the exact posterior: what it sends for the digit of its address."""

import json

import pytest
import torch

from pages.ui import posteriors
from vae import data
from vae.config import RunConfig
from vae.latent import encode_all
from vae.posterior import decode_grid, gap

OWN = "own-" + "A" * 523


def sent(app) -> dict:
    """What the page sends to its component."""
    [content] = [json.loads(c.proto.json) for c in app.get("bidi_component") if c.proto.component_name == "posterior"]
    return content


def test_the_bounds_are_those_of_the_digit_in_the_address(visit, lab):
    answer = sent(visit("true_posterior", x=6))["answer"]
    model, images = lab.model(RunConfig().run_id), data.load("mnist", "test").images
    cells = decode_grid(model, "bernoulli", encode_all(model, images)[0])
    found, _, posterior = gap(model, cells, images[6], "bernoulli")
    assert answer["digit"] == "6"
    assert answer["evidence"] == pytest.approx(found.log_evidence, abs=1e-3)
    assert answer["encoder"] == pytest.approx(found.encoder, abs=1e-3)
    assert answer["mode"] == pytest.approx(posterior.mode.tolist())


def test_the_fits_lie_between_the_encoders_bound_and_the_evidence(visit, lab):
    visit("true_posterior", x=6)
    key = (RunConfig().run_id, lab.metrics(RunConfig().run_id)["model_sha256"], "6")
    answer, fits = posteriors._answer(*key), posteriors._fits(*key)
    assert answer["encoder"] <= fits["diagonalBound"] <= fits["fullBound"] <= answer["evidence"] + 0.02


def test_a_drawing_in_the_address_is_the_digit(visit):
    levels = posteriors.pixels("own-" + "_" * 522 + "8", data.load("mnist", "test").images)
    assert torch.equal(levels[:783], torch.ones(783))
    assert posteriors.pixels(OWN, torch.empty(0)).tolist() == [0.0] * 784
    app = visit("true_posterior", x=OWN)
    assert not app.exception
    assert sent(app)["answer"]["digit"] == OWN


def test_a_run_without_an_exact_posterior_says_so(visit):
    app = visit("true_posterior", run=RunConfig(latent_dim=10).run_id)
    assert not app.exception
    assert "two dimensions" in app.info[0].value


def test_a_beta_models_posterior_is_tempered(visit):
    config = RunConfig(kl_weight=4.0)
    content = sent(visit("true_posterior", run=config.run_id, x=6))
    assert content["weight"] == 4.0
    assert content["answer"]["encoder"] <= content["answer"]["evidence"]
