"""What pages say of a store that cannot be reached, read or written: the reason and the way out, and no traceback."""

import contextlib
import socket

import fsspec
import pytest
from moto.server import ThreadedMotoServer

from pages.lessons import LESSONS
from pages.shared import lab as server
from tests.browser.server import wait_for
from tests.vae.runs.test_store import train_in
from vae.config import RunConfig
from vae.runs.store import RunStore

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
