"""What pages say of a store that cannot be reached, read or written: the reason and the way out, and no traceback."""

import contextlib
import shutil
import socket
from pathlib import Path

import fsspec
import pytest
from distributed import LocalCluster
from moto.server import ThreadedMotoServer

from pages.conversion import retraining
from pages.lessons import LESSONS
from pages.shared import lab as server
from pages.shared import news
from pages.shared.linked import settings_of
from tests import sandbox
from tests.browser.server import wait_for
from tests.vae.runs.test_store import train_in
from vae.config import RunConfig
from vae.runs.store import PRETRAINED, RunStore
from vae.runs.sweep import sweep

SMALL = RunConfig(train_size=1_000, batch_size=100, hidden_dims=(16,), epochs=2)
SETTINGS = {"train_size": 1_000, "batch_size": 100, "hidden_dims": "16", "epochs": 2}


def progress(app) -> list[str]:
    return [element.proto.text for element in app.get("progress")]


def words(app) -> str:
    """All that a page says beside its text."""
    return " ".join([element.value for kind in (app.error, app.warning, app.info) for element in kind])


@pytest.fixture
def endpoint(monkeypatch):
    """An S3 server of this machine that can be away for a while: what is in it stays."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    for name, value in {**given, "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)

    @contextlib.contextmanager
    def there():
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
        moto.start()
        try:
            yield
        finally:
            moto.stop()
            fsspec.get_filesystem_class("s3").clear_instance_cache()

    return there


def test_a_store_that_was_away_when_the_server_started_comes_back_by_itself(visit, lab, endpoint, monkeypatch):
    monkeypatch.setenv("VAE_STORE", "s3://lab/away")
    monkeypatch.setattr(server, "AGAIN", 0.2)
    with endpoint():
        for half in (SMALL.autoencoder, SMALL):
            train_in(RunStore(), half)
    for page in ("train", "walk"):
        app = visit(page, **(SETTINGS if page == "train" else {"run": SMALL.run_id}))
        assert not app.exception and not app.error
        assert "Only what comes with the project is here: " in app.warning[0].value
        assert "the store s3://lab/away cannot be used: " in app.warning[0].value
        assert "It is tried again every" in app.warning[0].value
    with endpoint():
        wait_for(lambda: not server.start().store.read_only)
        app = visit("train", **SETTINGS)
        assert not app.exception and not app.error and not app.warning
        assert all("trained in" in text for text in progress(app))
        server.start().close()


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
@pytest.mark.parametrize("url", ["memory://runs", "file://runs"])
def test_a_store_that_workers_cannot_share_is_said_on_every_page(visit, monkeypatch, tmp_path, lesson, url):
    monkeypatch.setenv("VAE_STORE", url)
    monkeypatch.chdir(tmp_path)
    app = visit(lesson.name)
    assert not app.exception
    assert url in app.error[0].value and "VAE_STORE or --store" in app.error[0].value


@pytest.fixture
def full(lab, small_disk, monkeypatch):
    """A server's store on a disk that a test fills."""
    monkeypatch.setenv("VAE_STORE", str(small_disk.folder / "runs"))
    monkeypatch.setattr("vae.runs.queue.AGAIN", 1.0)
    server.start().wait_until_started()
    yield small_disk
    server.start().close()


NO_ROOM = "cannot be written: no space left on device. Make room there"
# Of each page that shows progress: an address, and the runs that it has there.
WATCHED = {
    "train": (SETTINGS, [SMALL.autoencoder, SMALL]),
    "collapse": ({"kl_weights": "0.5"}, sweep(RunConfig(), (0.5,), (0,))[1:]),
    "conversion": (
        {"seed": 5, "predict_training": "A VAE from scratch"},
        retraining._runs(RunConfig(model="ae"), 3, 5).values(),
    ),
    "log_sigma": ({"seed": 9, "predict_race": "h = σ, raw"}, [RunConfig(sigma="raw", seed=9)]),
    "walk": ({"run": SMALL.run_id, "settings": settings_of(SMALL)}, [SMALL.autoencoder, SMALL]),
}


@pytest.mark.parametrize("page", WATCHED)
def test_a_run_whose_first_write_finds_no_room_says_so_on_every_page_that_shows_its_progress(
    visit, full, read_anew, page
):
    parameters, configs = WATCHED[page]
    store = server.start().store
    for config in configs:
        RunStore(store.url).create(config)
    full.fill()
    app = visit(page, **parameters)  # which gives them to a worker
    assert {store.status(config.run_id).state for config in configs} == {"queued"}

    def said() -> bool:
        app.run()
        assert not app.exception
        return NO_ROOM in words(app) + " ".join(progress(app))

    wait_for(said)
    assert not list(full.folder.rglob("*.unfinished"))
    full.make_room()
    for config in configs:
        server.start().stop(config.run_id)


def test_a_measuring_that_finds_no_room_says_so_and_goes_on_when_there_is_some(visit, full, read_anew):
    for half in (SMALL.autoencoder, SMALL):
        train_in(server.start().store, half)
    app = visit("true_posterior", run=SMALL.run_id)
    store, model = server.start().store, (SMALL.run_id, server.start().store.metrics(SMALL.run_id)["model_sha256"])
    store.set_gap_control(*model, "measure")
    full.fill()

    def said(what: str) -> bool:
        app.run()
        assert not app.exception
        return any(what in text for text in progress(app))

    wait_for(lambda: said(NO_ROOM))
    full.make_room()
    wait_for(lambda: said("digits are measured"))
    server.start().stop_gaps(*model)


def test_where_there_is_no_room_a_press_on_a_button_says_so_and_with_room_it_trains(visit, full, read_anew):
    full.fill()
    app = visit("train", **SETTINGS)
    app.button[0].click().run()
    assert not app.exception and NO_ROOM in app.error[0].value and "VAE_STORE" in app.error[0].value
    full.make_room()
    app.button[0].click().run()
    assert not app.exception and not app.error
    wait_for(lambda: server.start().store.status(SMALL.run_id).state == "complete")


@pytest.mark.parametrize("config", [SMALL, RunConfig()], ids=["own", "pretrained"])
def test_a_damaged_run_is_set_aside_and_said_where_there_is_no_room(visit, full, read_anew, config):
    store, settings = server.start().store, SETTINGS if config == SMALL else {}
    for half in (config.autoencoder, config):
        if config == SMALL:
            train_in(store, half)
    if config != SMALL:
        shutil.copytree(PRETRAINED / config.run_id, full.folder / "runs" / config.run_id)
    [history] = (full.folder / "runs" / config.run_id).glob("history*")
    history.write_bytes(history.read_bytes()[:-9])
    full.fill()
    app = visit("train", **settings)
    assert not app.exception
    assert "its checksum is wrong. Its files were set aside in" in app.error[0].value
    [report] = store.damage_reports(config.run_id)
    assert "the reason could not be written" in report
    read_anew()
    app = visit("train", **settings)
    assert not app.exception and "An earlier copy was set aside" in app.warning[0].value
    [button] = [button for button in app.button if button.label.startswith("Train both")]
    button.click().run()
    assert not app.exception and NO_ROOM in app.error[0].value
    full.make_room()
    [button] = [button for button in app.button if button.label.startswith("Train both")]
    button.click().run()
    assert not app.exception and not app.error
    for run_id in store.upper.folders():
        server.start().stop(run_id)


@pytest.mark.parametrize("name", ["history", "metrics", "config"])
def test_a_run_with_a_file_that_may_not_be_read_is_said_to_be_damaged_and_set_aside(visit, lab, read_anew, name):
    server.start().wait_until_started()
    for half in (SMALL.autoencoder, SMALL):
        train_in(lab, half)
    [file] = (Path(lab.url) / SMALL.run_id).glob(f"{name}*")
    file.chmod(0)
    visit("train")  # all that a page imports is there
    read_anew()
    app = sandbox.obeying(lambda: visit("train", **SETTINGS))
    assert not app.exception
    assert f"run {SMALL.run_id} is damaged: {name}" in app.error[0].value
    assert "permission denied. Its files were set aside in" in app.error[0].value
    assert lab.status(SMALL.run_id).state == "absent"


@pytest.mark.parametrize("page", ["train", "collapse"])
def test_a_store_in_which_nothing_may_be_written_any_more_is_said_at_a_press_of_a_button(visit, lab, page):
    app = visit(page, **WATCHED[page][0])
    [button] = [button for button in app.button if button.label.startswith("Train")]
    Path(lab.url).chmod(0o500)
    app = sandbox.obeying(lambda: button.click().run())
    Path(lab.url).chmod(0o700)
    assert not app.exception and "cannot be written: permission denied. See to it" in app.error[0].value


def test_a_cluster_without_a_worker_is_said_where_runs_wait(visit, lab, read_anew, monkeypatch):
    with LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster:
        address = cluster.scheduler_address
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        assert server.start().wait_until_started()
        for page in ("train", "collapse", "walk"):
            parameters, configs = WATCHED[page]
            for config in configs:
                lab.create(config)
            read_anew()
            app = visit(page, **parameters)
            assert not app.exception
            said = words(app) + " ".join(progress(app))
            assert f"the cluster {address} has no worker: " in said and f"python -m vae worker {address}" in said
        assert news.of((SMALL.run_id,)).endswith(" missing")
        server.start().close()
