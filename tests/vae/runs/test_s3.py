"""A store on a real S3 server: trained, paused, gone on with, killed and read, from several processes."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import fsspec
import pytest
from moto.server import ThreadedMotoServer

from tests.browser.server import wait_for
from tests.vae.runs.test_lease import flags_of
from tests.vae.runs.test_store import train_in
from vae.__main__ import PRETRAINED_RUNS
from vae.runs import lease, worker
from vae.runs.files import Files, StoreFault
from vae.runs.store import RunStore, StoreError
from vae.runs.worker import advance


@pytest.fixture(scope="module")
def address():
    """Of a server of this machine that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    server._server.app = _one_at_a_time(server._server.app)
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _one_at_a_time(answer: Callable) -> Callable:
    """As S3 itself, of many who create a file at once one succeeds: this server looks first, and writes later."""
    lock = threading.Lock()

    def answer_alone(*request):
        with lock:
            return list(answer(*request))

    return answer_alone


@pytest.fixture
def s3(address, monkeypatch):
    """A store's URL, in an environment with which this process, and others, find the server."""
    given = {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    for name, value in {**given, "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    yield "s3://lab/runs"
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def command(name: str, url: str, *flags: str) -> subprocess.Popen:
    """`python -m vae` in a process of its own."""
    arguments = [sys.executable, "-m", "vae", name, "--store", url, *flags]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_run_is_trained_paused_gone_on_with_killed_and_read_from_several_processes(s3, small, tmp_path):
    config = replace(small, batch_size=500, epochs=20)
    sha256 = train_in(RunStore(str(tmp_path)), config)["model_sha256"]
    store = RunStore(s3)
    first = command("train", s3, *flags_of(config))
    wait_for(lambda: store.status(config.run_id).step > 0)
    store.set_control(config.run_id, "pause")
    said, errors = first.communicate()
    assert (first.returncode, json.loads(said)["status"]) == (1, "paused"), errors
    paused = store.checkpoint(config.run_id)
    second = command("train", s3, *flags_of(config))
    wait_for(lambda: store.status(config.run_id).step > int(paused["step"]))
    second.send_signal(signal.SIGKILL)
    second.communicate()
    assert train_in(store, config)["model_sha256"] == sha256
    store.verify(config.run_id)
    assert store.upper.folders("damaged") == []
    listed = command("runs", s3, "--json")
    said, errors = listed.communicate()
    [row] = [row for row in json.loads(said) if row["run_id"] == config.run_id]
    assert row["model_sha256"] == sha256 and row["path"] == f"{s3}/{config.run_id}", errors


def test_of_two_writers_there_the_late_one_harms_nothing(s3, small, monkeypatch):
    monkeypatch.setattr(lease, "DEAD", 0.0)
    monkeypatch.setattr(worker, "CHECKPOINT_SECONDS", 0.0)
    config = replace(small, batch_size=500, seed=1)
    store, other = RunStore(s3), RunStore(s3)
    store.create(config)
    late = advance(config, store)
    next(late)
    metrics = train_in(other, config)
    assert list(late) == [] and store.metrics(config.run_id) == metrics
    store.verify(config.run_id)


def test_a_new_file_is_made_once(s3):
    files = Files(f"{s3}-files")
    assert [files.create("a/file", content) for content in (b"1", b"2")] == [True, False]
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            assert sum(pool.map(lambda n: files.create(f"many/{number}", b"%d" % n), range(8))) == 1  # noqa: B023
    assert files.read("a/file") == b"1" and files.folders("") == ["a", "many"] and files.files("a") == ["file"]


@pytest.mark.parametrize("what", ["nobody hears", "no credentials"])
def test_a_server_that_does_not_answer_is_one_sentence(s3, what, monkeypatch, tmp_path):
    store = RunStore(s3)
    if what == "nobody hears":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    else:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("HOME", str(tmp_path))
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    with pytest.raises(StoreError, match="the store s3://lab/runs cannot be used: "):
        RunStore(s3)
    looked_at = RunStore(s3, to_write=False)
    assert looked_at.read_only and len(looked_at.run_ids()) == len(PRETRAINED_RUNS)
    failed = command("train", s3, "--epochs", "1", "--train-size", "1000")
    _, errors = failed.communicate()
    assert failed.returncode == 2 and "Traceback" not in errors and errors.count("\n") == 1, errors
    store.upper.fs = fsspec.url_to_fs(s3, use_listings_cache=False)[0]
    for act in (store.run_ids, lambda: store.set_control("vae-2d-0", "run"), lambda: store.status("vae-2d-0")):
        with pytest.raises(StoreFault, match="s3://lab/runs"):
            act()
