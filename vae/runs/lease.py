"""One writer a run, whoever asked for it and from wherever: a lease in the run's folder, on any store.

Each lease is a file with the next number, which only one can create. Its writer renews it while it trains; who wants
the run and sees it renewed leaves it alone. A lease of the dead is followed by the next number, and whoever still holds
a smaller one stops before it writes anything (Lease.check). Nothing here compares the clocks of two machines.
"""

import contextlib
import itertools
import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Callable

import psutil

from vae.runs.files import Files, SpoiledFile, StoreError

RENEW = 2.0  # seconds between two signs of life
DEAD = 12.0  # seconds without one, after which a writer is dead
MOST = 10_000  # bytes
RELEASED = {"released": True}


class LostLease(RuntimeError):
    """Another writer has this run by now."""


class Lease:
    """The right to write a run, while `with` it."""

    def __init__(self, files: Files, run_id: str, number: int, holder: dict):
        self.files, self.run_id, self.number, self.holder = files, run_id, number, holder
        self._ended = threading.Event()

    def __enter__(self) -> "Lease":
        self._renewing = threading.Thread(target=self._renew, name=f"lease of {self.run_id}", daemon=True)
        self._renewing.start()
        return self

    def __exit__(self, *_) -> None:
        """Lets the run go; where the store cannot be written just now, others wait until this lease is a dead one's."""
        self._ended.set()
        self._renewing.join()
        _held.discard(self.holder["id"])
        with contextlib.suppress(StoreError, LostLease):
            self.check()
            self._write(RELEASED)

    def check(self) -> None:
        """Raises LostLease where somebody else has the run by now, or its folder is gone."""
        number, content = newest(self.files, self.run_id)
        if number != self.number or (content and content.get("id") != self.holder["id"]):
            raise LostLease(f"another writer has run {self.run_id} by now")

    def _renew(self) -> None:
        for sign in itertools.count(1):
            if self._ended.wait(RENEW):
                return
            try:
                self.check()
                self._write({"sign": sign})
            except LostLease:
                return
            except StoreError:
                continue  # the writer itself meets that too, and says it

    def _write(self, more: dict) -> None:
        self.files.write(_path(self.run_id, self.number), json.dumps(self.holder | more).encode())


class Watch:
    """Looks at a run's lease again and again, to see whether somebody lives who trains it."""

    def __init__(self, files: Files, run_id: str):
        self.files, self.run_id = files, run_id
        self._seen, self._since = (0, {}), 0.0

    @property
    def number(self) -> int:
        """Of the lease that was looked at last; 0 if there was none."""
        return self._seen[0]

    def is_held(self) -> bool:
        """Whether somebody has the run, as far as can be told by now: a writer is dead DEAD seconds after a sign."""
        seen = newest(self.files, self.run_id)
        if seen != self._seen:
            self._seen, self._since = seen, time.monotonic()
        number, content = seen
        return number > 0 and not _is_over(content) and time.monotonic() - self._since < DEAD

    def is_alive(self) -> bool:
        """Whether somebody has the run, waiting for the next sign of life for as long as need be."""
        self.is_held()
        first = self._seen
        while self.is_held():
            if self._seen != first:
                return True
            time.sleep(0.2)
        return False


def take(files: Files, run_id: str, is_wanted: Callable[[], bool] = lambda: True) -> Lease | None:
    """The lease of a run; None where somebody has it, for whose next sign of life this waits if need be.

    is_wanted: whether it still is after that wait, in which the run may have come to its end.
    """
    watch = Watch(files, run_id)
    if watch.is_alive() or not is_wanted():
        return None
    number = watch.number  # of the one that is over: if there is a newer one by now, the next number is not to be had
    holder = {"id": uuid.uuid4().hex, "host": _host(), "pid": os.getpid(), "since": psutil.Process().create_time()}
    _held.add(holder["id"])
    is_mine = False
    try:
        is_mine = files.create(_path(run_id, number + 1), json.dumps(holder).encode())
    finally:
        if not is_mine:
            _held.discard(holder["id"])
    if not is_mine:
        return None  # somebody else was quicker
    with contextlib.suppress(StoreError, SpoiledFile):
        for name in files.files(f"{run_id}/lease"):
            if name.removesuffix(".json").isdecimal() and int(name.removesuffix(".json")) <= number:
                files.delete(f"{run_id}/lease/{name}")
    return Lease(files, run_id, number + 1, holder)


def newest(files: Files, run_id: str) -> tuple[int, dict]:
    """The number of a run's newest lease, and what it says; 0 where there is none, {} where it cannot be read."""
    names = [name.removesuffix(".json") for name in files.files(f"{run_id}/lease")]
    number = max((int(name) for name in names if name.isdecimal()), default=0)
    try:
        content = json.loads(files.read(_path(run_id, number), MOST)) if number else {}
    except StoreError:
        raise
    except (FileNotFoundError, RuntimeError, ValueError):
        return number, {}
    return number, content if isinstance(content, dict) else {}


_held: set[str] = set()  # the leases of this process, by their ids


def _path(run_id: str, number: int) -> str:
    return f"{run_id}/lease/{number}.json"


def _is_over(content: dict) -> bool:
    """Whether the holder has let go, or was a process of this machine that is not there any more."""
    if content.get("released") is True:
        return True
    if content.get("host") != _host():
        return False
    if content.get("pid") == os.getpid():
        return content.get("id") not in _held
    try:
        process = psutil.Process(content["pid"])
        is_another = abs(process.create_time() - content["since"]) > 2.0  # seconds, by which the clock may be set
        return is_another or process.status() == psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, KeyError, TypeError, ValueError):
        return True


def _host() -> str:
    """This machine, or this container on it, until it is started again: whose processes can be looked for."""
    parts = [platform.node()]
    with contextlib.suppress(OSError):
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            parts.append(file.read().strip())
        parts.append(str(os.stat("/proc/self/ns/pid").st_ino))
    return " ".join(parts)
