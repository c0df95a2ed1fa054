"""How a server starts: what it leaves as it was, whatever becomes of the lab."""

import gc
import subprocess
import sys
import threading

import pytest

from pages.shared import lab, server
from tests.browser.server import ROOT
from vae.runs.store import StoreError


@pytest.fixture
def quick(monkeypatch):
    """A start in which nobody has asked for a page, and nothing waits."""
    monkeypatch.setattr(server, "_fetched", threading.Event())
    for wait in ("AT_ONCE", "QUIET", "LATEST", "AT_REST"):
        monkeypatch.setattr(server, wait, 0.0)
    monkeypatch.setattr(server.bundles, "compress", lambda: None)
    monkeypatch.setattr(server.machine, "give_memory_back", lambda: False)
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


class Fetched:
    """A browser that fetches something at these moments, in seconds; nothing really waits."""

    def __init__(self, *moments: float):
        self.moments, self.now = [*moments], 0.0

    def wait(self, seconds: float) -> bool:
        until = self.now + seconds
        is_fetched = bool(self.moments) and self.moments[0] <= until
        self.now = max(self.now, self.moments[0]) if is_fetched else until
        return is_fetched

    def clear(self) -> None:
        self.moments = [moment for moment in self.moments if moment > self.now]


@pytest.mark.parametrize(
    "moments, seconds",
    [([], 1.0), ([0.5], 2.5), ([0.5, 2.0, 3.9], 5.9), ([0.5, 3.0], 2.5), ([*range(100)], 20.0), ([2.0], 1.0)],
    ids=["nobody", "one at once", "one who goes on", "one who is slow", "a class without end", "one who comes later"],
)
def test_imports_wait_until_no_browser_fetches_anything_but_not_for_ever(monkeypatch, moments, seconds):
    fetched = Fetched(*moments)
    monkeypatch.setattr(server, "_fetched", fetched)
    monkeypatch.setattr(server.time, "monotonic", lambda: fetched.now)
    server._wait_until_quiet(1.0, 2.0, 20.0)
    assert fetched.now == seconds


def test_the_first_page_needs_no_torch():
    """Its script, what it names, and the parcels that its picture fetches."""
    asks = """
import sys
from pages.home import networks
from pages.shared import frame, parcels, server
from pages.shared.readings import named_run
from vae.config import RunConfig
pair = [named_run(config.run_id) for config in (RunConfig().autoencoder, RunConfig())]
named = parcels.models(pair)
for name in [*named["parcels"].values(), named["images"][0]]:
    parcels.content(name)
print(*sorted(set(sys.modules) & {"torch", "distributed"}))
"""
    process = subprocess.run([sys.executable, "-c", asks], cwd=ROOT, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == ""
