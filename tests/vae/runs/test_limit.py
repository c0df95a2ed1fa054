"""A store with an end: the oldest runs make way, and which ones do not."""

from dataclasses import replace

import pytest

from tests.vae.runs.test_s3 import address, s3  # noqa: F401  (fixtures)
from tests.vae.runs.test_store import train_in
from vae.config import ConfigError, RunConfig
from vae.runs import limit
from vae.runs.store import RunStore
from vae.runs.worker import advance


@pytest.fixture(params=["local", "s3"])
def held(request, tmp_path) -> RunStore:
    """A store: a folder, or on a real S3 server."""
    url = str(tmp_path / "store") if request.param == "local" else f"{request.getfixturevalue('s3')}/{tmp_path.name}"
    return RunStore(url)


def test_the_oldest_make_way_but_for_those_that_are_kept_or_at_work(held, small):
    configs = [replace(small, seed=seed) for seed in range(4)]
    held.create(replace(small, seed=9))  # waits, and is the oldest of all
    for config in configs:
        train_in(held, config)
    held.keep(configs[0].run_id, True)
    size = held.size(configs[3].run_id)
    whole = sum(held.size(run_id) for run_id in [*held.upper.folders()])
    assert limit.keep_within(held, whole) == [] == limit.dropped(held) == limit.keep_within(held, None)
    assert limit.keep_within(held, whole - size // 2) == [configs[1].run_id]
    assert limit.keep_within(held, 0, configs[3].run_id) == [configs[2].run_id]
    assert limit.dropped(held) == [configs[2].run_id, configs[1].run_id]
    states = {run_id: state for run_id, (_, state) in held.states().items() if not held.comes_with_the_project(run_id)}
    assert states == {
        configs[0].run_id: "complete",
        configs[3].run_id: "complete",
        replace(small, seed=9).run_id: "queued",
    }
    held.keep(configs[0].run_id, False)
    assert limit.keep_within(held, 0) == [configs[0].run_id, configs[3].run_id]
    assert held.status(RunConfig().run_id).state == "complete"  # what comes with the project takes none of it


def test_a_training_makes_room_at_its_end(store, small, monkeypatch):
    train_in(store, small)
    monkeypatch.setenv("VAE_STORE_LIMIT", "50 MB")
    monkeypatch.setitem(limit.UNITS, "MB", 1)  # so that a small run is too much
    later = replace(small, seed=1)
    store.create(later)
    for _ in advance(later, store):
        pass
    assert store.status(later.run_id).state == "complete" and store.status(small.run_id).state == "absent"
    assert limit.dropped(store) == [small.run_id]


@pytest.mark.parametrize(
    "text, size", [("2 GB", 2 * 10**9), ("500MB", 5 * 10**8), (" 1.5 tb ", 1.5 * 10**12), ("", None)]
)
def test_a_limit_is_a_size_in_words(monkeypatch, text, size):
    monkeypatch.setenv("VAE_STORE_LIMIT", text)
    assert limit.limit() == size


@pytest.mark.parametrize("text", ["2", "GB", "-1 GB", "49 MB", "1e9 GB", "2 GB or so", "nan GB"])
def test_what_is_no_size_is_refused_by_name(monkeypatch, text):
    monkeypatch.setenv("VAE_STORE_LIMIT", text)
    with pytest.raises(ConfigError, match=r"VAE_STORE_LIMIT = .* a size such as 2 GB"):
        limit.limit()
