"""Sweeps, and what the ladder that comes with the project must show whoever trains it."""

import dataclasses
import itertools

import pytest

from vae import data
from vae.config import ConfigError, RunConfig
from vae.measures.chunks import encode_all
from vae.runs.store import PRETRAINED, RunStore
from vae.runs.sweep import LADDER, RAMPLESS, ladder, sweep

BASE = RunConfig(latent_dim=3, epochs=1)
SPREAD = 1.5  # nats between the reconstruction losses of two seeds: below a weight of 0.3 nothing more is gained
both_ladders = pytest.mark.parametrize("latent_dim", LADDER)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory) -> RunStore:
    """The runs that come with the project alone."""
    return RunStore(str(tmp_path_factory.mktemp("empty")))


def rungs(store: RunStore, latent_dim: int) -> list[dict]:
    """The test figures along the ladder."""
    return [store.metrics(config.run_id)["test"] for config in ladder(latent_dim)]


def test_a_sweep_is_every_weight_of_every_seed_and_one_ae_a_seed():
    configs = sweep(BASE, (10.0, 0.0), (0, 5))
    assert [(c.model, c.kl_weight, c.seed) for c in configs] == [
        ("ae", 0.0, 0), ("vae", 0.0, 0), ("vae", 10.0, 0), ("ae", 0.0, 5), ("vae", 0.0, 5), ("vae", 10.0, 5),
    ]  # fmt: skip
    assert {(c.latent_dim, c.epochs) for c in configs} == {(3, 1)}
    assert len({c.run_id for c in configs}) == 6


BAD = {
    "kl_weights": [(), (1.0, 1.0), tuple(float(n) for n in range(13))],
    "seeds": [(), (0, 0), (0, 1, 2, 3)],
    "kl_weight": [(-1.0,), ("much",), (float("nan"),)],
    "seed": [(-1,), ("x",)],
}


@pytest.mark.parametrize("name, values", [(name, values) for name, many in BAD.items() for values in many])
def test_what_is_no_sweep_is_refused_by_name(name, values):
    given = {"kl_weights": (1.0,), "seeds": (0,)} | {f"{name.removesuffix('s')}s": values}
    with pytest.raises(ConfigError) as error:
        sweep(BASE, **given)
    assert error.value.name == name


def test_the_largest_sweep_has_12_weights_and_3_seeds():
    assert len(sweep(BASE, tuple(float(n) for n in range(12)), (0, 1, 2))) == 39


def test_a_sweep_around_an_ae_is_that_around_its_vae():
    ae = dataclasses.replace(BASE, model="ae", kl_ramp=0.0)
    assert [config.model for config in sweep(ae, (1.0,), (0,))] == ["ae", "vae"]


def test_what_comes_with_the_project_stays_small():
    assert sum(file.stat().st_size for file in PRETRAINED.rglob("*") if file.is_file()) <= 60e6


@both_ladders
def test_along_the_ladder_kl_falls_and_reconstruction_is_lost(pretrained, latent_dim):
    tests = rungs(pretrained, latent_dim)
    kl, loss, active = ([test[name] for test in tests] for name in ("kl", "reconstruction", "active_units"))
    assert kl == sorted(kl, reverse=True)
    assert all(after > before - SPREAD for before, after in itertools.combinations(loss, 2))
    priced = [value for config, value in zip(ladder(latent_dim), loss) if config.kl_weight >= 0.3]
    assert priced == sorted(priced)
    assert active == sorted(active, reverse=True)
    assert active[0] == latent_dim and active[-1] < latent_dim


@both_ladders
def test_without_kl_sigma_is_small(pretrained, latent_dim):
    free, vae = (RunConfig(latent_dim=latent_dim, kl_weight=weight) for weight in (0.0, 1.0))
    images = data.load("mnist", "test").images
    sigma = [encode_all(pretrained.model(c.run_id), images)[1].exp().median() for c in (free, vae)]
    assert sigma[0] < 0.2 * sigma[1]


def test_the_run_without_warm_up_differs_in_nothing_else():
    assert dataclasses.replace(RAMPLESS, kl_ramp=RunConfig().kl_ramp) == RunConfig(latent_dim=10)
