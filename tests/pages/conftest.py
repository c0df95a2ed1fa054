"""Pages run as Streamlit runs them, but without a browser, each test over a store of its own."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest
from distributed import LocalCluster
from streamlit.testing.v1 import AppTest

from pages.ui import runs as ui
from vae.runs import LOCAL
from vae.store import PRETRAINED, RunStore, StoreError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="package")
def workers():
    """One real worker process for all pages here."""
    quiet = {"dashboard_address": None, "silence_logs": "ERROR"}
    with dask.config.set(LOCAL), LocalCluster(n_workers=1, threads_per_worker=1, **quiet) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def lab(workers, tmp_path, monkeypatch) -> Iterator[RunStore]:
    """A server that has just started over an empty store."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("VAE_STORE", str(tmp_path / "runs"))
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", workers)
    monkeypatch.delenv("VAE_DEVICE", raising=False)
    for reading in vars(ui).values():
        if callable(reading) and hasattr(reading, "clear") and reading is not ui.codes:  # which holds for every store
            reading.clear()
    yield RunStore()
    with contextlib.suppress(StoreError, ValueError):  # with which a page could not start
        ui._runs().close()


@pytest.fixture
def visit(lab):
    """Opens a page, with the parameters of its address, as a new visitor does."""

    def visit(page: str, **parameters) -> AppTest:
        app = AppTest.from_file(ROOT / "app.py", default_timeout=60)
        for name, value in parameters.items():
            app.query_params[name] = str(value)
        return app.switch_page(f"pages/{page}.py").run()

    return visit


@pytest.fixture
def damage(lab):
    """Puts a damaged copy of a pretrained run into the store: one byte of one of its files is another one."""

    def damage(run_id: str, name: str) -> None:
        folder = Path(lab.url) / run_id
        shutil.copytree(PRETRAINED / run_id, folder)
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return damage
