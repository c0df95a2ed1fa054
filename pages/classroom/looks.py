"""What is known of the classes to which somebody listens at this server.

What is done here is heard at once, what is done at another server on the store with the next look (names.py); nothing
is looked up while nobody listens.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from starlette.concurrency import run_in_threadpool

from pages.classroom.classes import Class, Classes
from pages.classroom.names import LOOK
from pages.shared import readings
from vae.runs.files import StoreError

TOGETHER = 0.25  # seconds: what many do within them is heard at once


def held() -> Classes:
    """The classes of the server's store."""
    return _of_store(readings.store().upper)


_known: dict[int, Classes] = {}


def _of_store(files) -> Classes:
    if id(files) not in _known:
        _known.clear()
        _known[id(files)] = Classes(files)
    return _known[id(files)]


def look_up(code: str) -> Class | None:
    """A class as it is, and how many of its runs have ended."""
    now = held().now(code)
    return now and held().with_runs(now)


class Look:
    """What is known of a class, looked up again while anybody listens."""

    def __init__(self, code: str):
        self.code, self.listeners = code, 0
        self.seen: Class | None = None
        self._changed = asyncio.Condition()
        self._soon = asyncio.Event()
        self._task: asyncio.Task | None = None

    async def changes(self, seconds: float) -> None:
        """Waits until `seen` is another one, for so long at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait()

    def soon(self) -> None:
        """Has the next look come at once."""
        self._soon.set()

    async def begin(self) -> None:
        """Looks once, and from then on again and again."""
        self.seen = await run_in_threadpool(look_up, self.code)
        self._task = asyncio.create_task(self._look_on())

    def end(self) -> None:
        """Nobody listens any more."""
        if self._task:
            self._task.cancel()

    async def _look_on(self) -> None:
        clock = asyncio.get_running_loop().time
        others = clock() + LOOK  # when it is looked what was done at other servers
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(others):
                    await self._soon.wait()
                    await asyncio.sleep(TOGETHER)
            self._soon.clear()
            if clock() >= others:
                others = clock() + LOOK
            with contextlib.suppress(StoreError):  # which comes back, or says so elsewhere
                found = await run_in_threadpool(held().now, self.code)
                if found and self.seen:
                    found = replace(found, ended=self.seen.ended, settled=self.seen.settled)
                await self._see(found)
                if found and found.runs:  # which takes longer
                    await self._see(await run_in_threadpool(held().with_runs, found))

    async def _see(self, found: Class | None) -> None:
        if found != self.seen:
            self.seen = found
            async with self._changed:
                self._changed.notify_all()


class Looks:
    """The classes to which somebody listens at this server."""

    def __init__(self):
        self._looks: dict[str, Look] = {}

    def now(self, code: str) -> None:
        """Something has been done in a class: whoever listens hears of it at once."""
        if code in self._looks:
            self._looks[code].soon()

    def seen(self, code: str) -> Class | None:
        """A class as those who listen to it at this server know it; None where nobody does."""
        return self._looks[code].seen if code in self._looks else None

    @contextlib.asynccontextmanager
    async def listening(self, code: str) -> AsyncIterator[Look]:
        """Somebody listens to a class."""
        look = self._looks.setdefault(code, Look(code))
        look.listeners += 1
        try:
            if look.listeners == 1:
                await look.begin()
            elif look.seen is None:
                look.seen = await run_in_threadpool(look_up, code)
            yield look
        finally:
            look.listeners -= 1
            if not look.listeners:
                look.end()
                self._looks.pop(code, None)


looks = Looks()
