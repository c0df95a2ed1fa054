"""How a server starts: what it leaves as it was, whatever becomes of the lab."""

import gc
import threading

import pytest

from pages.shared import frame, lab, server
from vae.runs.store import StoreError


@pytest.fixture
def quick(monkeypatch):
    """A start in which nobody has asked for a page, and nothing waits."""
    monkeypatch.setattr(server, "_asked", threading.Event())
    for wait in ("AT_ONCE", "TITLE", "FIRST_PAGE"):
        monkeypatch.setattr(server, wait, 0.0)
    monkeypatch.setattr(server.bundles, "compress", lambda: None)
    yield
    gc.enable()


@pytest.mark.parametrize("error", [None, StoreError("no store")], ids=["starts", "cannot start"])
def test_garbage_is_looked_for_again_once_all_is_imported(monkeypatch, quick, error):
    seen = []

    def start() -> None:
        seen.append(gc.isenabled())
        if error:
            raise error

    monkeypatch.setattr(lab, "start", start)
    gc.disable()
    server._start()
    assert seen == [True] and gc.isenabled()


def test_imports_wait_for_the_title_of_who_asks_and_no_longer(monkeypatch, quick):
    waited = []
    monkeypatch.setattr(lab, "start", lambda: None)
    monkeypatch.setattr(frame.title_is_there, "wait", waited.append)
    server._start()
    assert waited == []  # nobody has asked
    server._asked.set()
    monkeypatch.setattr(server, "TITLE", 3.0)
    server._start()
    assert waited == [3.0]
