"""The page of the exact posterior: what it sends for the digit of its address, and for the first 1,000 test images."""

import base64
import json
import re

import numpy as np
import pytest
import torch

from pages.ui import posteriors
from tests.browser.server import wait_for
from vae import data
from vae.config import RunConfig
from vae.gap import measure_gap
from vae.latent import encode_all
from vae.posterior import decode_grid
from vae.worker import advance

OWN = "own-" + "A" * 522 + "Q"  # one grey pixel
BLANK = "own-" + "A" * 523


def sent(app, component: str = "posterior") -> dict:
    """What the page sends to a component."""
    [content] = [json.loads(c.proto.json) for c in app.get("bidi_component") if c.proto.component_name == component]
    return content


def measured(lab, config: RunConfig, images: torch.Tensor):
    """What vae.gap says of images under a run that comes with the project."""
    model = lab.model(config.run_id)
    grid = decode_grid(model, "bernoulli", encode_all(model, data.load("mnist", "test").images)[0])
    return measure_gap(model, grid, images, "bernoulli", config.kl_weight)


def test_the_bounds_are_those_of_the_digit_in_the_address(visit, lab):
    answer = sent(visit("true_posterior", x=6))["answer"]
    found, _, [posterior] = measured(lab, RunConfig(), data.load("mnist", "test").images[6:7])
    assert answer["digit"] == "6"
    assert answer["evidence"] == pytest.approx(found.log_evidence.item(), abs=1e-3)
    assert answer["encoder"] == pytest.approx(found.encoder.item(), abs=1e-3)
    assert answer["mode"] == pytest.approx(posterior.mode.tolist())


def test_the_fits_lie_between_the_encoders_bound_and_the_evidence(visit, lab):
    visit("true_posterior", x=6)
    key = (RunConfig().run_id, lab.metrics(RunConfig().run_id)["model_sha256"], "6")
    answer, fits = posteriors._answer(*key), posteriors._fits(*key)
    assert answer["encoder"] <= fits["diagonalBound"] <= fits["fullBound"] <= answer["evidence"] + 0.02


def test_the_way_of_q_is_up_its_own_bound_also_for_a_digit_that_the_encoder_puts_far_away(visit, lab):
    app = visit("true_posterior", x=597)
    key = (RunConfig().run_id, lab.metrics(RunConfig().run_id)["model_sha256"], "597")
    answer, fits = sent(app)["answer"], posteriors._fits(*key)
    path = np.frombuffer(base64.b64decode(fits["path"]), "<f4").reshape(-1, 5)
    assert path[0] == pytest.approx([*answer["mu"], *answer["sigma"], answer["encoder"]], abs=0.02)
    assert path[-1, 4] == pytest.approx(fits["diagonalBound"], abs=0.5)
    assert fits["diagonalBound"] - answer["encoder"] > 100


def test_a_drawing_in_the_address_is_the_digit(visit):
    levels = posteriors.pixels("own-" + "_" * 522 + "8", data.load("mnist", "test").images)
    assert torch.equal(levels[:783], torch.ones(783))
    app = visit("true_posterior", x=OWN)
    assert not app.exception
    assert sent(app)["answer"]["digit"] == OWN and sent(app)["answer"]["sigma"]


def test_of_a_blank_sheet_nothing_is_known_but_the_prior(visit):
    app = visit("true_posterior", x=BLANK)
    assert not app.exception
    assert sent(app)["answer"] == {"digit": BLANK}


def test_a_run_without_an_exact_posterior_says_so(visit):
    app = visit("true_posterior", run=RunConfig(latent_dim=10).run_id)
    assert not app.exception
    assert "two dimensions" in app.info[0].value
    assert not app.subheader


@pytest.mark.parametrize("kl_weight, posterior", [(1.0, "exact"), (4.0, "tempered")])
def test_histograms_gallery_and_words_are_of_the_numbers_that_come_with_the_project(visit, lab, kl_weight, posterior):
    config = RunConfig(kl_weight=kl_weight)
    app = visit("true_posterior", run=config.run_id, x=6)
    assert sent(app)["weight"] == kl_weight
    assert sent(app)["answer"]["encoder"] <= sent(app)["answer"]["evidence"]
    content = sent(app, "gaps")
    assert content["done"] == 1_000 and content["tempered"] == (kl_weight != 1)
    found, _, _ = measured(lab, config, data.load("mnist", "test").images[:4])
    expected = {"all": found.log_evidence - found.encoder, **found.parts}
    assert [row["part"] for row in content["rows"]] == list(expected)
    for row in content["rows"]:
        values = np.frombuffer(base64.b64decode(row["values"]), "<f4")
        assert values[:4] == pytest.approx(expected[row["part"]].numpy(), abs=0.02)
        assert (row["mean"], row["median"]) == pytest.approx((values.mean(), np.median(values)))
        most = row.get("most", [])
        assert [digit["nats"] for digit in most] == pytest.approx(np.sort(values)[::-1][: len(most)])
        assert all(values[digit["index"]] == pytest.approx(digit["nats"]) for digit in most)
    rows = {row["part"]: row for row in content["rows"]}
    assert len(rows["amortisation"]["most"]) == 10
    [words] = [text.value for text in app.markdown if text.value.startswith("q loses")]
    nats = "nats" if kl_weight == 1 else "tempered nats"
    assert f"**{rows['all']['mean']:.2f} {nats}** on average against the {posterior} posterior" in words
    assert f"{rows['all']['median']:.2f} in the median" in words
    assert any("tempered" in caption.value for caption in app.caption) == (kl_weight != 1)
    share = 100 * rows["amortisation"]["mean"] / rows["all"]["mean"]
    assert float(re.search(r"(\d+)\s% of it is amortisation", words)[1]) == pytest.approx(share, abs=0.6)


def test_a_run_of_ones_own_is_measured_stopped_and_gone_on_with(visit, lab, small):
    for config in (small.autoencoder, small):
        lab.create(config)
        list(advance(config, lab))
    model = small.run_id, lab.metrics(small.run_id)["model_sha256"]

    def press(label: str):
        [button] = [button for button in app.button if button.label == label]
        return button.click().run()

    app = visit("true_posterior", run=small.run_id)
    app = press("Measure 1,000 test digits")
    wait_for(lambda: lab.gap(*model))
    app = press("Stop")
    app.run()
    assert not app.exception
    done = sent(app, "gaps")["done"]
    assert 0 < done < 1_000
    assert any(f"{done:,} of 1,000 are measured" in caption.value for caption in app.caption)
    app = press("Go on")
    assert lab.gap_control(*model)["want"] == "measure"
    press("Stop")
