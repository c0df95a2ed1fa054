"""What several tests share: runs small enough to train in a moment, stores of their own, and what is started once."""

import os
from collections.abc import Iterator

import pytest

from tests import sandbox
from vae.config import RunConfig
from vae.runs.store import RunStore
from vae.runs.worker import advance
from vae.training.speed import use_one_thread

# What is expensive to start, by its fixture: a server and a browser, workers, a browser alone. The tests that share it
# stay together, so that one process of the test run starts it; the group that takes longest comes first.
EXPENSIVE = ("server", "runs", "workers", "modules")

os.environ.setdefault("VAE_NICE", "0")  # else workers wait for all the other tests
use_one_thread()  # as whoever trains does: several processes of tests share the cores


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests that share something expensive into one group of pytest-xdist."""

    def shared(item: pytest.Item) -> str:
        return next((name for name in EXPENSIVE if name in getattr(item, "fixturenames", ())), "")

    for item in items:
        if name := shared(item):
            item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=lambda item: (*EXPENSIVE, "").index(shared(item)))


@pytest.fixture
def small() -> RunConfig:
    """A VAE that trains in a fraction of a second: 20 steps."""
    return RunConfig(train_size=1_000, batch_size=100, hidden_dims=(16,), epochs=2)


@pytest.fixture
def store(tmp_path) -> RunStore:
    """An empty store without pretrained runs."""
    return RunStore(str(tmp_path / "runs"), pretrained=tmp_path / "nothing")


@pytest.fixture
def small_disk(tmp_path) -> Iterator[sandbox.SmallDisk]:
    """A real disk of 16 MB, which a test fills."""
    if why := sandbox.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    with sandbox.SmallDisk(tmp_path / "disk", 16) as disk:
        yield disk


@pytest.fixture(scope="session")
def long() -> RunConfig:
    """A run of a few seconds, long enough to be interrupted after its first checkpoint."""
    return RunConfig(train_size=12_000, batch_size=32, hidden_dims=(128, 32), epochs=4)


@pytest.fixture(scope="session")
def undisturbed(long, tmp_path_factory) -> dict:
    """What the store says of the long run when nothing interrupts it."""
    store = RunStore(str(tmp_path_factory.mktemp("undisturbed")))
    store.create(long)
    for _ in advance(long, store):
        pass
    return store.metrics(long.run_id)
