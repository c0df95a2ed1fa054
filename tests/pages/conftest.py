"""Pages run as Streamlit runs them, but without a browser, each test over a store of its own."""

import contextlib
import functools
import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest
import torch
from cachetools import TTLCache
from distributed import LocalCluster
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from torch import Tensor

from pages.shared import choose, class_names, parcels, readings, seeds, visitors
from pages.shared import lab as server
from pages.train import watch
from tests.browser.server import PATIENCE
from vae import data
from vae.runs.cluster import LOCAL
from vae.runs.store import PRETRAINED, RunStore, StoreError

ROOT = Path(__file__).parents[2]
READINGS = [
    one
    for module in (server, readings, choose, class_names, seeds)
    for one in vars(module).values()
    if isinstance(getattr(one, "cache", None), TTLCache)
]


def forget_readings() -> None:
    """Has everything that pages remember of runs read again, but what a checksum stands for, in every store."""
    for reading in READINGS:
        reading.cache_clear()
    # A damaged copy has the same status, or checksum, as a good one.
    for files in (server.history, server.pictures, watch._strips):
        files.cache_clear()


@pytest.fixture(scope="package", autouse=True)
def packages_scanned_once():
    """Streamlit looks through all installed packages for components whenever a server starts: here, once for all."""
    scan = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(scope="package")
def workers():
    """One real worker process for all pages here."""
    quiet = {"dashboard_address": None, "silence_logs": "ERROR"}
    with dask.config.set(LOCAL), LocalCluster(n_workers=1, threads_per_worker=1, **quiet) as cluster:
        yield cluster.scheduler_address


def _start(patch: pytest.MonkeyPatch, folder: Path, workers: str) -> None:
    """A server starts over an empty store in a folder, in this process."""
    patch.chdir(ROOT)
    patch.setenv("VAE_STORE", str(folder / "runs"))
    patch.setenv("DASK_SCHEDULER_ADDRESS", workers)
    patch.delenv("VAE_DEVICE", raising=False)
    forget_readings()
    readings._opened.cache_clear()
    server.was_tried.set()  # as in a server that has run for a while
    for paces in (visitors._browsers, visitors._addresses):  # every AppTest says that it is the same browser
        paces._paces.clear()


def _end() -> None:
    with contextlib.suppress(StoreError, ValueError):  # with which a page could not start
        server.start().close()
    server._started.cache_clear()
    readings._opened.cache_clear()


def _open(page: str, parameters: dict) -> AppTest:
    app = AppTest.from_file(ROOT / "app.py", default_timeout=PATIENCE)
    for name, value in parameters.items():
        app.query_params[name] = str(value)
    return app.switch_page(f"pages/{page if '/' in page else f'{page}/{page}'}.py").run()


@pytest.fixture
def lab(workers, tmp_path, monkeypatch) -> Iterator[RunStore]:
    """A server that has just started over an empty store."""
    _start(monkeypatch, tmp_path, workers)
    yield RunStore()
    _end()


@pytest.fixture
def visit(lab):
    """Opens a page, with the parameters of its address, as a new visitor does."""
    return lambda page, **parameters: _open(page, parameters)


@pytest.fixture(scope="package")
def stored(tmp_path_factory) -> RunStore:
    """The store that `shown` has: nothing but what comes with the project."""
    return RunStore(str(tmp_path_factory.mktemp("stored") / "runs"))


@pytest.fixture(scope="package")
def shown(workers, stored):
    """A page of a new server as a visitor sees it first: each address once, for all tests that look and touch nothing.

    Not in one test with `lab` or `visit`: there is one server at a time.
    """

    @functools.cache
    def shown(page: str, **parameters) -> AppTest:
        with pytest.MonkeyPatch.context() as patch:
            _start(patch, Path(stored.url).parent, workers)
            try:
                return _open(page, parameters)
            finally:
                _end()

    return shown


@pytest.fixture
def parcel(workers, stored):
    """The content of a parcel that a page of `shown` names, as the server of that page answers."""

    def parcel(name: str) -> bytes:
        with pytest.MonkeyPatch.context() as patch:
            _start(patch, Path(stored.url).parent, workers)
            try:
                return gzip.decompress(parcels.content(name))
            finally:
                _end()

    return parcel


@pytest.fixture(scope="package")
def q_of(stored):
    """mu and sigma of all test images by a pretrained run's weights, (10000, latent_dim); of an AE, its z and 0."""

    @functools.cache
    @torch.no_grad()
    def q_of(run_id: str) -> tuple[Tensor, Tensor]:
        encoded = stored.model(run_id).encode(data.load("mnist", "test").images)
        if run_id.startswith("ae-"):
            return encoded, torch.zeros_like(encoded)
        mu, log_sigma = encoded
        return mu, log_sigma.exp()

    return q_of


@pytest.fixture
def read_anew(lab):
    """Has everything that the pages remember of runs read again, however short a time ago it was read."""

    return forget_readings


@pytest.fixture
def damage(lab):
    """Puts a damaged copy of a pretrained run into the store: one byte of one of its files is another one."""

    def damage(run_id: str, name: str) -> None:
        server._trained.cache_clear()
        readings._verified.cache_clear()
        # A server that starts sets aside what it finds damaged, and no page says so.
        server.start().wait_until_started()
        folder = Path(lab.url) / run_id
        shutil.copytree(PRETRAINED / run_id, folder)
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return damage
