"""The figures of five seeds that come with the project."""

import json

import pytest

from vae.config import RunConfig
from vae.runs import seeds
from vae.runs.store import RunStore


@pytest.fixture
def read_anew():
    seeds.recorded.cache_clear()
    yield
    seeds.recorded.cache_clear()


def test_every_run_that_is_compared_is_there_unless_it_fails():
    """All come to their end but those with a raw sigma, which is what their page shows."""
    for seed in seeds.SEEDS:
        for config in seeds.compared(seed):
            test = seeds.recorded().get(config.run_id)
            assert (test is None) == (config.sigma == "raw"), config
            if test:
                assert test["reconstruction"] > 45 and (test["kl"] is None) == (config.model == "ae")


def test_the_first_seeds_figures_are_those_of_the_run_that_comes_with_the_project(tmp_path):
    store = RunStore(str(tmp_path))
    same = [config for config in seeds.compared(0) if config.run_id in seeds.recorded()]
    assert len(same) > 10
    for config in same:
        test = store.metrics(config.run_id)["test"]
        assert seeds.recorded()[config.run_id] == {name: test[name] for name in seeds.KEPT}


def test_one_seed_differs_from_the_next_and_converted_ones_start_from_the_same_ae():
    first, second = seeds.compared(0), seeds.compared(1)
    assert len({config.run_id for config in [*first, *second]}) == 2 * len(first)
    assert {config.init_from for config in second} == {"", RunConfig(model="ae").run_id}


def test_a_changed_file_is_noticed(tmp_path, monkeypatch, read_anew):
    file = tmp_path / "seeds.json"
    file.write_text(seeds.FILE.read_text().replace("1", "2", 1))
    monkeypatch.setattr(seeds, "FILE", file)
    with pytest.raises(ValueError, match="damaged: its checksum is wrong"):
        seeds.recorded()


def test_what_a_store_has_is_written_down(tmp_path, monkeypatch, read_anew, store):
    """Of runs that came to their end; a stopped one has figures too, and they are not its end's."""
    ended, stopped = seeds.compared(3)[:2]
    for config, status, nats in ((ended, "complete", 131.5), (stopped, "stopped", 150.0)):
        store.create(config)
        store.finish(
            config,
            status,
            [],
            None,
            test={"reconstruction": nats, "kl": None, "negative_elbo": None, "active_units": 2},
        )
    monkeypatch.setattr(seeds, "FILE", tmp_path / "seeds.json")
    seeds.record(store)
    kept = json.loads(seeds.FILE.read_text())["runs"]
    assert kept == {ended.run_id: {"reconstruction": 131.5, "kl": None, "negative_elbo": None}}
    assert seeds.recorded().keys() == {ended.run_id}
