"""A class of a hundred: all join, vote, see what is revealed, are called, and lose nothing when the server is killed.

`python -m tests.load --class` runs it on one server, or with --servers 2 on two of them on one store.
"""

import asyncio
import contextlib
import json
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil

from tests.browser.server import Server
from tests.student import Seen, Student, http_sessions

JOINING, VOTING, QUIET = 20.0, 10.0, 10.0  # seconds; a tenth of them in a quick run
LESSONS = ("home.1", "resampling.1", "latent_space.2")  # questions of the core
CALLED_TO = ("train", "latent_space", "kl_weight", "walk", "resampling")  # by the teacher, one after the other
TRAINING = 5.0  # seconds in which all press the button
TOGETHER = "epochs=1&seed=77"  # what the class trains, as parameters of an address
OPTIONS = 3
PATIENCE = 60.0  # seconds for whatever is waited for


@dataclass
class Heard:
    """What a browser's stream has said, and when: the latest state, with the moments of what is measured."""

    state: dict = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, fits) -> float:
        """The moment at which the state fits."""
        async with asyncio.timeout(PATIENCE), self.changed:
            while not (self.state and fits(self.state)):
                await self.changed.wait()
        return time.monotonic()


class Browser:
    """Somebody in a class, by the routes that a browser uses; it comes back by itself when the stream is lost.

    A student has a page too, by a websocket of its own (`showing`).
    """

    def __init__(self, server: Server):
        self.server, self.heard, self.member, self.turn = server, Heard(), "", 0
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.listening: asyncio.Task | None = None
        self.opened: contextlib.AsyncExitStack | None = None

    async def ask(self, path: str, body: dict) -> dict:
        """A request that is made again until the server has heard it."""
        for pause in (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, None):
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                answer = await self.http.post(
                    f"{self.server.url}/class{path}", json=body, headers={"Origin": self.server.url}
                )
                if answer.status < 500:
                    assert answer.status == 200, await answer.text()
                    return await answer.json()
            if pause is None:
                raise AssertionError(f"{path} could not be said")
            await asyncio.sleep(pause)
        return {}

    async def join(self, code: str) -> None:
        self.code = code
        self.member = (await self.ask(f"/{code}/join", {}))["member"]
        self.listen()

    def listen(self) -> None:
        self.listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                timeout = aiohttp.ClientTimeout(total=None, sock_read=40)
                url = f"{self.server.url}/class/{self.code}/stream?member={self.member}"
                async with self.http.get(url, timeout=timeout) as answer:
                    async for line in answer.content:
                        if line.startswith(b"data: "):
                            async with self.heard.changed:
                                self.heard.state = json.loads(line[6:])
                                self.heard.changed.notify_all()
            await asyncio.sleep(random.uniform(0.5, 1.5))

    async def vote(self, question: str, choice: int) -> None:
        self.turn += 1
        wish = {"member": self.member, "question": question, "round": 1, "turn": self.turn, "choice": choice}
        await self.ask(f"/{self.code}/vote", wish)

    async def showing(self, http: aiohttp.ClientSession, seed: int) -> None:
        """Opens the first page, and fetches what it needs."""
        self.page = Student(self.server.url, Seen(), seed, http)
        self.opened = contextlib.AsyncExitStack()
        await self.opened.enter_async_context(self.page.connected())
        await self.page.open("")

    async def follows(self, call: int, page: str) -> float:
        """The moment at which the page to which the teacher has called is whole on the screen."""
        await self.heard.until(lambda state: state["called"] >= call)
        await self.page.open(page)
        return time.monotonic()

    async def trains(self, within: float) -> None:
        """Presses the button of the class's pair on the page of trainings, and tells the class of it."""
        await asyncio.sleep(random.uniform(0, within))
        await self.page.press("Train both", "train", TOGETHER)
        await self.ask(f"/{self.code}/runs", {"member": self.member, "runs": self.page.asked})

    async def close(self) -> None:
        if self.listening:
            self.listening.cancel()
        if self.opened:
            await self.opened.aclose()
        await self.http.close()


async def lesson(servers: list[Server], members: int, pace: float) -> dict:
    """A lesson of a class; what is measured of it, seconds. pace: how much of the usual time all take."""
    teacher = Browser(servers[0])
    teacher.code = (await teacher.ask("", {}))["code"]
    teacher.listen()
    students = [Browser(servers[n % len(servers)]) for n in range(members)]
    seen, revealed, called = [], [], []
    try:
        began = time.monotonic()
        await asyncio.gather(*(_later(pace * JOINING, student.join(teacher.code)) for student in students))
        await teacher.heard.until(lambda state: state["members"] == members)
        joined = time.monotonic() - began
        for number, question in enumerate(LESSONS):
            chosen = [random.randrange(OPTIONS) for _ in students]
            votes = [_votes(one, question, choice, pace * VOTING) for one, choice in zip(students, chosen)]
            voting = asyncio.gather(*votes)
            if number == 1:  # in the middle of a vote
                await asyncio.sleep(pace * VOTING / 2)
                servers[-1].kill()
                await asyncio.to_thread(servers[-1].start)
            last = max(await voting)
            counts = [chosen.count(choice) for choice in range(OPTIONS)]  # of which none is lost
            at = await teacher.heard.until(lambda s, q=question, c=counts: _bars(s, q) == c)
            seen.append(at - last)
            began = time.monotonic()
            await teacher.ask(f"/{teacher.code}/act", {"do": "reveal", "question": question})
            ends = [student.heard.until(lambda s, q=question: s["questions"][q]["bars"][0]) for student in students]
            revealed += [end - began for end in await asyncio.gather(*ends)]
        async with http_sessions(members) as http:
            await asyncio.gather(*(one.showing(http, seed) for seed, one in enumerate(students)))
            for call, page in enumerate(CALLED_TO, 1):
                began = time.monotonic()
                following = [asyncio.create_task(student.follows(call, page)) for student in students]
                await teacher.ask(f"/{teacher.code}/act", {"do": "here", "view": page})
                called += [await one - began for one in following]
            await asyncio.gather(*(student.page.open("train", TOGETHER) for student in students))
            await asyncio.gather(*(student.trains(pace * TRAINING) for student in students))
            began = time.monotonic()
            ends = [student.heard.until(lambda s: s["runs"] == s["ended"] == 2) for student in [teacher, *students]]
            trained = max(await asyncio.gather(*ends)) - began
            await asyncio.gather(*(one.opened.aclose() for one in students))
        return {
            "members": members,
            "servers": len(servers),
            "joined_s": joined,
            "last_vote_seen_s": seen,
            "revealed_95_percent_s": _most(revealed),
            "on_screens_95_percent_s": _most(called),
            "on_screens_last_s": max(called),
            "trained_together_s": trained,
            "page_errors": [error for one in students for error in one.page.seen.errors],
            "quiet_cpu": await _quiet(servers, pace * QUIET),
        }
    finally:
        await asyncio.gather(*(one.close() for one in [teacher, *students]))


def _bars(state: dict, question: str) -> list[int]:
    return state["questions"].get(question, {"bars": [[]]})["bars"][0][:OPTIONS]


async def _later(within: float, what) -> None:
    await asyncio.sleep(random.uniform(0, within))
    await what


async def _votes(student: Browser, question: str, choice: int, within: float) -> float:
    """A student who changes his mind once; the moment at which the vote that counts was said."""
    await asyncio.sleep(random.uniform(0, within / 2))
    await student.vote(question, (choice + 1) % OPTIONS)
    await asyncio.sleep(random.uniform(0, within / 2))
    await student.vote(question, choice)
    return time.monotonic()


async def _quiet(servers: list[Server], seconds: float) -> list[float]:
    """The share of a core that each server uses while nobody does anything."""

    def spent() -> list[float]:
        return [sum(psutil.Process(server.process.pid).cpu_times()[:2]) for server in servers]

    await asyncio.sleep(seconds / 2)
    before = spent()
    await asyncio.sleep(seconds)
    return [(after - one) / seconds for one, after in zip(before, spent())]


def _most(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def measure(folder: Path, servers: int, members: int, pace: float) -> dict:
    """The figures of a class on so many servers of one store."""
    started = [Server(folder) for _ in range(servers)]
    try:
        return asyncio.run(lesson(started, members, pace))
    finally:
        for server in started:
            server.close()
