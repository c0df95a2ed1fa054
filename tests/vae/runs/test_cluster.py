"""A real Dask cluster: a scheduler that knows nothing of the project, and workers started from other folders."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.browser.server import wait_for
from vae.config import RunConfig
from vae.runs import cluster as workers
from vae.runs import queue
from vae.runs.queue import Runs
from vae.runs.store import RunStore, StoreError
from vae.runs.worker import advance

ROOT = Path(__file__).parents[3]
# Who imports this first has no project, also where it is installed.
WITHOUT = """
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name == "vae":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Without())
"""
QUIET = "--no-dashboard", "--preload", "without.py"


class Cluster:
    """The processes of a cluster, each in a folder of its own without the project."""

    def __init__(self, folder: Path):
        self.folder, self.processes = folder, []
        (folder / "without.py").write_text(WITHOUT)
        scheduler = self._start("-m", "distributed.cli.dask_scheduler", "--port", "0", *QUIET)
        self.address = wait_for(lambda: self._said(scheduler, "Scheduler at:"))

    def start_workers(self, count: int) -> psutil.Process:
        """Starts workers as the README says, so many on a machine."""
        theirs = {"PYTHONPATH": str(ROOT), "VAE_WORKERS": str(count)}
        return psutil.Process(self._start("-m", "vae", "worker", self.address, **theirs).pid)

    def start_worker_without_the_project(self) -> None:
        """Starts one as Dask's own documentation says."""
        self._start("-m", "distributed.cli.dask_worker", self.address, "--no-nanny", "--nthreads", "1", *QUIET)

    def close(self) -> None:
        """Ends all that was started."""
        family = [child for process in self.processes for child in psutil.Process(process.pid).children(recursive=True)]
        for process in [*self.processes, *family]:
            process.kill()
        for process in [*self.processes, *family]:
            process.wait()

    def _start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        others = ("VAE_", "DASK_", "PYTHON", "MALLOC_")  # the last is what Dask sets in a process that started workers
        mine = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        with open(self.folder / f"{len(self.processes)}.log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments], cwd=self.folder, env=mine | environment, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def _said(self, process: subprocess.Popen, words: str) -> str | None:
        """What follows some words in a process's log."""
        text = (self.folder / f"{self.processes.index(process)}.log").read_text()
        assert process.poll() is None, text
        lines = [line.split(words)[1].strip() for line in text.splitlines() if words in line]
        return lines[0] if lines else None


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.close()


@pytest.fixture
def distant(cluster, tmp_path, monkeypatch) -> Iterator[Callable[[], Runs]]:
    """A server's Runs for that cluster, once there are workers."""
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.address)
    runs = []

    def distant() -> Runs:
        runs.append(Runs(RunStore(str(tmp_path / "shared" / "runs"))))
        assert runs[0].wait_until_started(), runs[0].error
        return runs[0]

    yield distant
    for one in runs:
        one.close()


def test_workers_started_elsewhere_train_also_when_one_of_them_is_killed(cluster, distant, long, tmp_path):
    config = replace(long, epochs=2)
    machine = cluster.start_workers(2)
    runs = distant()
    threads = wait_for(lambda: len(found := runs._cluster.client.nthreads()) == 2 and found)
    assert {*threads.values()} == {1}
    assert wait_for(lambda: {*runs._cluster.client.run(os.getenv, "MALLOC_TRIM_THRESHOLD_").values()}) == {None}
    runs.submit([config])
    wait_for(lambda: runs.store.status(config.run_id).step > 0)
    addresses = [
        address for address, keys in runs._cluster.client.processing().items() if runs._key(config.run_id) in keys
    ]
    busy = psutil.Process(runs._cluster.client.run(os.getpid, workers=addresses)[addresses[0]])
    assert machine in busy.parents()
    busy.kill()
    *_, [last] = runs.follow([config])
    assert last.state == "complete"
    undisturbed = RunStore(str(tmp_path / "undisturbed"))
    undisturbed.create(config)
    list(advance(config, undisturbed))
    sha256 = [store.metrics(config.run_id)["model_sha256"] for store in (runs.store, undisturbed)]
    assert sha256[0] == sha256[1]


def test_a_worker_without_the_project_is_told_of_in_one_sentence(cluster, distant, small):
    cluster.start_worker_without_the_project()
    runs = distant()
    runs.submit([small])
    status = wait_for(lambda: not (now := runs.store.status(small.run_id)).is_active and now)
    assert status.state == "failed" and status.message == (
        "a worker of the cluster has no module named vae: on its machine, in the project's folder, "
        "`python -m vae worker ADDRESS` starts workers that have what they need"
    )
    model = "vae-2d-000000000000", "0" * 64
    runs.measure_gaps(*model)
    said = wait_for(lambda: runs.store.gap_control(*model)["message"])
    assert said == f"the measuring went wrong: {status.message}"


def test_a_cluster_without_a_worker_says_so_until_it_has_one(cluster, distant, small):
    runs = distant()
    runs.submit([small])
    said = wait_for(runs.hindrance)
    assert said.startswith(f"the cluster {cluster.address} has no worker: ")
    assert f"`python -m vae worker {cluster.address}` starts some" in said
    cluster.start_workers(1)
    wait_for(lambda: not runs.hindrance())
    wait_for(lambda: runs.store.status(small.run_id).state == "complete")


UNSHARED = {
    "memory://runs": "is in this process's memory",
    "runs": "is another folder on each machine of the cluster",
    "file://runs": "is another folder on each machine of the cluster",
    "local:runs/more": "is another folder on each machine of the cluster",
    "simplecache::memory://runs": "cannot be used: what lies behind a chain of addresses",
    "simplecache::file:///tmp/lab/runs": "cannot be used: what lies behind a chain of addresses",
}


@pytest.mark.parametrize("url", UNSHARED)
def test_a_store_that_workers_cannot_share_is_refused_in_words(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
    with pytest.raises(StoreError) as refused:
        Runs(RunStore(url))
    said = str(refused.value)
    assert said.startswith(f"the store {url} {UNSHARED[url]}") and "VAE_STORE or --store" in said
    assert not (tmp_path / "simplecache::memory:").exists()


@pytest.mark.parametrize("url", ["runs", "file://runs", "file:///{folder}/runs", "{folder}/runs"])
def test_a_folder_that_workers_share_is_taken(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "folder" in url:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
        monkeypatch.setattr(workers, "CONNECT_SECONDS", 0.1)
    Runs(RunStore(url.format(folder=tmp_path)), workers=1, start_after=None).close()


def test_no_worker_of_this_machine_and_no_cluster_is_a_training_that_is_off(tmp_path, monkeypatch, small):
    monkeypatch.setenv("VAE_WORKERS", "0")
    runs = Runs(RunStore(str(tmp_path)))
    runs.submit([small])  # by a page of before
    assert not runs.wait_until_started() and not runs.is_starting
    assert runs.off == runs.error == queue.OFF
    assert runs.store.status(small.run_id).state == "queued"
    runs.close()


def test_workers_that_do_not_start_by_themselves_do_for_what_waits_in_the_store(tmp_path, monkeypatch, small):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 0.1)
    store = RunStore(str(tmp_path))
    store.create(RunConfig(seed=1))
    store.set_control(RunConfig(seed=1).run_id, "pause")
    store.confirm_pause(RunConfig(seed=1).run_id)
    idle = Runs(store, start_after=None)
    assert idle.is_starting and not idle.error
    idle.close()
    assert not idle.error  # it has not even tried
    store.create(small)
    needed = Runs(store, start_after=None)
    assert wait_for(lambda: needed.error).startswith("ConnectionError: nobody answers")
    needed.close()
