"""What several seeds say, in words and as dots; a visitor's own runs are among them."""

import dataclasses
import re

import numpy as np
import pytest
from scipy import stats

from pages.shared import lab, seeds
from tests.pages.seen import unlinked
from vae.config import RunConfig
from vae.runs.seeds import recorded

AE, VAE = RunConfig(model="ae"), RunConfig()


def of(config: RunConfig, *chosen: int) -> list[float]:
    return [recorded()[dataclasses.replace(config, seed=seed).run_id]["reconstruction"] for seed in chosen]


def test_a_difference_is_better_or_worse_only_beyond_its_spread():
    one = {seed: 130.0 + 0.1 * seed for seed in range(5)}
    another = {seed: 132.0 + 0.1 * (4 - seed) for seed in range(5)}
    wild = {0: 120.0, 1: 145.0, 2: 128.0, 3: 139.0, 4: 133.0}
    assert re.fullmatch(r"\*\*2\.0 ± 0\.4 nats better\*\* \(5 seeds\)", seeds.better(one, another))
    assert re.fullmatch(r"\*\*2\.0 ± 0\.4 nats worse\*\* \(5 seeds\)", seeds.better(another, one))
    assert re.fullmatch(r"\*\*a tie\*\* \(2\.8 ± \d+\.\d nats better, 5 seeds\)", seeds.better(one, wild))
    assert seeds.better({0: 1.0}, {0: 2.0, 1: 5.0}) == "**1.0 nats better** (one seed alone, which may be luck)"
    assert seeds.better({}, one) == "**not compared yet**"


def test_the_spread_is_that_of_a_difference_and_of_few_seeds_none():
    assert seeds.spread({0: 1.0, 1: 2.0, 2: 4.0}) == pytest.approx(2 * np.sqrt(2) * np.std([1, 2, 4], ddof=1))
    assert seeds.spread({0: 1.0, 1: 2.0}) is None


def test_the_train_page_compares_the_seeds_of_the_project_and_those_that_visitors_trained(visit):
    app = visit("train")
    [words] = [words for text in app.markdown if "With other seeds" in (words := unlinked(text.value))]
    ae, vae = of(AE, *range(5)), of(VAE, *range(5))
    found = stats.ttest_rel(vae, ae).confidence_interval(0.95)
    mean, margin = (found.high + found.low) / 2, (found.high - found.low) / 2
    assert f"{abs(mean):.1f} ± {margin:.1f} nats" in words and ("a tie" in words) == (abs(mean) <= margin)
    store = lab.start().store
    for half in (AE, VAE):
        store.create(run := dataclasses.replace(half, seed=7))
        kl = {} if half.model == "ae" else {"kl": 6.0, "negative_elbo": 130.0, "kl_per_dimension": [3.0, 3.0]}
        store.finish(run, "complete", [], None, test={"reconstruction": 124.0, "active_units": 2, **kl})
    for reading in (seeds._here, seeds._test):
        reading.cache_clear()
    app = visit("train")
    [words] = [words for text in app.markdown if "With other seeds" in (words := unlinked(text.value))]
    assert "6 seeds" in words
    [dots] = [html.value for html in app.get("html") if 'class="seeds"' in html.value]
    assert dots.count("<i ") == 12 and "seed 7: 124.00" in dots
    assert "(0, 1, 2, 3, 4, 7)" in dots


def test_a_pair_with_one_seed_is_compared_with_nothing(visit):
    app = visit("train", latent_dim=3)
    assert not any("With other seeds" in unlinked(text.value) for text in app.markdown)
