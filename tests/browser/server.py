"""The app as a student meets it: a real `streamlit run` in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from vae.runs.store import RunStore

ROOT = Path(__file__).parents[2]
# Seconds until a wait is given up. Nothing here is timed: on a busy machine workers, which are nice, hardly get on.
OF_OTHERS = ("VAE_", "DASK_", "STREAMLIT_")  # settings that a server here does not take from whoever tests
PATIENCE = float(os.environ.get("TEST_PATIENCE", 600))


def wait_for(condition):
    """The condition's first true value."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not so within {PATIENCE:.0f} s")


class Server:
    """A server with a port, a store and a cache of its own; it can be killed and started again on them.

    The lab is started from another folder than its own; another script in the lab's, of which it has the settings.
    """

    def __init__(self, folder: Path, script: str = "app.py", options: tuple[str, ...] = ()):
        self.folder, self.store = folder, RunStore(str(folder / "runs"))
        self.script, self.options = script, options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base = f"{options[1]}/" if "--server.baseUrlPath" in options else ""
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Starts the process and waits until it answers."""
        mine = {"VAE_STORE": self.store.url, "XDG_CACHE_HOME": str(self.folder / "cache"), "HOME": str(self.folder)}
        theirs = {k: v for k, v in os.environ.items() if not k.startswith(OF_OTHERS) or k == "VAE_NICE"}
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / self.script), "--server.headless", "true"]
        address = ["--server.address", "127.0.0.1", "--server.port", str(self.port)]
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                command + address + list(self.options),
                cwd=self.folder if self.script == "app.py" else ROOT,
                env=theirs | mine,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers)

    def family(self) -> list[psutil.Process]:
        """The server's process and all that it has started."""
        server = psutil.Process(self.process.pid)
        return [server, *server.children(recursive=True)]

    def kill(self) -> None:
        """Kills the server's process alone, without a warning."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Ends the server and whatever is left of its processes."""
        for wish in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, wish)
                self.process.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the server has ended: {(self.folder / 'server.log').read_text()}")
        try:
            return urllib.request.urlopen(f"{self.url}/{self.base}_stcore/health", timeout=5).status == 200
        except (urllib.error.URLError, OSError):
            return False
