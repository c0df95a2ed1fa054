"""`python -m tests.load`: a class on one server. Real websocket sessions that change pages, and what that costs.

Every student opens the lab, changes pages every 1 to 3 seconds, looks at a digit or a rung of the ladder on each, and
fetches each module and parcel once, as a browser does that keeps them. First a new browser opens each page, and one
student goes through all pages again and again; then come 5, and then all, of whom one in ten stays on a page that
shows a training: in one run, on a server with a store of its own. The load takes its share of the same cores.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests import load_class
from tests.browser.server import Server
from vae.config import RunConfig

FEW = 5
WATCHING = 10  # one student in so many
IDLE = 3.0  # seconds in which nobody does anything
LOOK = 30.0  # seconds between two looks at the memory
PATIENCE = 60.0  # seconds until a page that does not come counts as an error
KEPT = 10_000  # bytes: a longer message is kept by the browser, and only named by the server the next time
IS_FOLLOWED = ForwardMsg.FINISHED_EARLY_FOR_RERUN  # a run that asked for another one, which comes at once
WATCHED = RunConfig(hidden_dims=(64, 32), epochs=200, latent_dim=3)  # minutes
VERSION = re.compile(r"/browser/[0-9a-f]+/")
MODULE = re.compile(r'"([\w/]+\.js)"')


@dataclass
class Seen:
    """What a class saw: seconds from each click to the whole page; bytes of each student who saw all pages."""

    switches: list[float] = field(default_factory=list)
    websocket: list[int] = field(default_factory=list)
    routes: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Student:
    """One session: a websocket as a browser has it, and the routes that its pages name."""

    def __init__(self, url: str, seen: Seen, seed: int, http: aiohttp.ClientSession):
        self.url, self.seen, self.random, self.http = url, seen, random.Random(seed), http
        self.websocket_bytes = self.routes_bytes = 0
        self.fetched: set[str] = set()  # addresses that the browser keeps
        self.messages: set[str] = set()  # hashes of messages that the browser keeps
        self.pages: dict[str, str] = {}  # name in the address -> what the server calls the page
        self.visited: set[str] = set()
        self.news: dict[str, dict] = {}  # part of the page -> the runs that it shows, and where they are there
        self.doing = ""  # what it waits for, for the words of an error

    async def attend(self, until: float, watched: str = "") -> None:
        """Opens the lab and changes pages until the clock says so, or stays at an address and watches."""
        began = time.monotonic()
        try:
            async with self.connected():
                await self.open("train" if watched else "", watched)
                await (self.watch(until) if watched else self.wander(until))
        except (OSError, TimeoutError, RuntimeError, websockets.WebSocketException, aiohttp.ClientError) as error:
            who = "who watches" if watched else "who wanders"
            when = f"after {time.monotonic() - began:.0f} s, {self.doing}"
            self.seen.errors.append(f"{who}, {when}: {type(error).__name__}: {error}")

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """The session's websocket."""
        stream = f"{self.url.replace('http', 'ws', 1)}/_stcore/stream"
        async with websockets.connect(stream, subprotocols=["streamlit"], max_size=None) as self.socket:
            yield

    async def wander(self, until: float) -> None:
        """Clicks on another page every 1 to 3 seconds, at first on those that have not been seen."""
        while time.monotonic() < until:
            await asyncio.sleep(self.random.uniform(1.0, 3.0))
            page = self.random.choice(sorted(set(self.pages) - self.visited) or sorted(self.pages))
            began, is_last = time.monotonic(), len(self.visited | {page}) == len(self.pages) > len(self.visited)
            await self.open(page)
            self.seen.switches.append(time.monotonic() - began)
            if is_last:
                self.seen.websocket.append(self.websocket_bytes)
                self.seen.routes.append(self.routes_bytes)

    async def watch(self, until: float) -> None:
        """Asks for news of the runs on show as a browser does, and has the part that shows them run again for news."""
        wait = 1.0
        while time.monotonic() < until:
            await asyncio.sleep(wait)
            for part, shown in list(self.news.items()):
                answer = await self.ask(shown["names"])
                wait = answer["wait"]
                if answer["now"] != shown["seen"]:
                    await self.run(self.request("train", part))

    async def open(self, page: str, query: str = "") -> None:
        """Asks for a page as a click on its name does, and fetches what its components name."""
        self.news.clear()
        self.visited.add(page)
        needed = await self.run(self.request(page, query=query))
        await asyncio.gather(*map(self.fetch, needed - self.fetched))

    def request(self, page: str, part: str = "", query: str = "") -> BackMsg:
        """What a browser sends for a page, or for a part of it that runs again."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.fragment_id, asked.is_auto_rerun = query, part, bool(part)
        asked.page_script_hash, asked.page_name = self.pages.get(page, ""), "" if self.pages else page
        asked.cached_message_hashes.extend(self.messages)
        asked.context_info.url = f"{self.url}/{page}"
        return message

    async def run(self, asked: BackMsg) -> set[str]:
        """Sends a request and takes messages until its run is done; returns the addresses that components name."""
        page, part = asked.rerun_script.page_script_hash, asked.rerun_script.fragment_id
        self.doing = next((name or "home" for name, known in self.pages.items() if known == page), "a page")
        self.doing += f"'s part {part} of {list(self.news)}" if part else ""
        await self.socket.send(asked.SerializeToString())
        needed: set[str] = set()
        while True:
            content = await asyncio.wait_for(self.socket.recv(), PATIENCE)
            self.websocket_bytes += len(content)
            message = ForwardMsg.FromString(content)
            needed |= self.take(message, len(content))
            if message.WhichOneof("type") == "script_finished" and message.script_finished != IS_FOLLOWED:
                return needed

    def take(self, message: ForwardMsg, size: int) -> set[str]:
        """What a browser does with a message; returns the addresses that it makes the browser fetch."""
        if message.hash and size > KEPT:
            self.messages.add(message.hash)
        kind = message.WhichOneof("type")
        if kind == "navigation":
            pages = [page for page in message.navigation.app_pages if not page.is_hidden]  # what a student can choose
            self.pages = {"" if page.is_default else page.url_pathname: page.page_script_hash for page in pages}
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self.news.clear()  # the whole page comes anew: no server answers for parts that are there no more
        element = message.delta.new_element
        if element.WhichOneof("type") == "exception":
            raise RuntimeError(f"a page shows {element.exception.type}: {element.exception.message}")
        if element.WhichOneof("type") != "bidi_component":
            return set()
        component = element.bidi_component
        sent = json.loads(component.bytes)
        # What is shown at once, and what one look at a page asks for: another digit, another rung of the ladder.
        images, rungs = sent.get("images", []), [rung["parcel"] for rung in sent.get("rungs", [])]
        looked_at = [self.random.choice(those) for those in (images, rungs) if those]
        parcels = {*sent.get("parcels", {}).values(), *images[:1], *looked_at}
        if component.component_name == "news":
            self.news[message.delta.fragment_id] = sent
        [version] = VERSION.findall(component.js_content)
        modules = {f"{version}{name}" for name in MODULE.findall(component.js_content)}
        return modules | {f"/parcels/{name}" for name in parcels}

    async def ask(self, names: list[str]) -> dict:
        """What the server says of runs."""
        self.doing = "news"
        query = [("watcher", str(id(self))), *(("name", name) for name in names)]
        async with self.http.get(f"{self.url}/news", params=query) as response:
            return await response.json()

    async def fetch(self, address: str) -> None:
        """Fetches an address, which is kept."""
        self.fetched.add(address)
        self.doing = address
        async with self.http.get(self.url + address) as response:
            self.routes_bytes += len(await response.read())  # as it came over the wire: compressed
        if response.status != 200:
            self.seen.errors.append(f"{response.status} {address}")


@contextlib.asynccontextmanager
async def http_sessions(students: int) -> AsyncIterator[aiohttp.ClientSession]:
    """Connections for so many browsers, six each."""
    patience, at_a_time = aiohttp.ClientTimeout(PATIENCE), aiohttp.TCPConnector(limit=6 * students, keepalive_timeout=3)
    async with aiohttp.ClientSession(timeout=patience, connector=at_a_time, auto_decompress=False) as http:
        yield http


def run(session: Coroutine):
    """What a session comes to; in a thread of its own, for Playwright has a loop in the tests' own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, session).result()


async def first_kilobytes(server: Server) -> dict[str, dict[str, int]]:
    """Kilobytes by websocket and by route that a new browser is sent for each page, the one that it opens first."""
    async with http_sessions(1) as http:
        tour = Student(server.url, Seen(), 0, http)
        async with tour.connected():
            await tour.open("")
        sent = {}
        for page in tour.pages:
            student = Student(server.url, Seen(), 0, http)
            async with student.connected():
                await student.open(page)
            sent[page or "home"] = {
                "websocket_kb": round(student.websocket_bytes / 1e3),
                "routes_kb": round(student.routes_bytes / 1e3),
            }
    return sent


async def alone(server: Server, rounds: int) -> dict[str, float]:
    """CPU milliseconds of the server for each page, where one student goes from page to page.

    What the server uses when nobody does anything is not counted.
    """
    async with http_sessions(1) as http:
        student = Student(server.url, Seen(), 0, http)
        async with student.connected():
            await student.open("")
            for page in [*student.pages, *student.pages]:  # all that is made once is made
                await student.open(page)
            idle = min([await idle_cpu(server) for _ in range(4)])  # workers may still be starting, which is no rest
            spent = dict.fromkeys(student.pages, 0.0)
            for page in [*student.pages] * rounds:
                before, began = server_cpu(server), time.monotonic()
                await student.open(page)
                await asyncio.sleep(0.1)  # until nothing is left to do for this page
                spent[page] += server_cpu(server) - before - idle * (time.monotonic() - began)
    return {page or "home": 1e3 * seconds / rounds for page, seconds in spent.items()}


async def idle_cpu(server: Server) -> float:
    """What a server uses while nobody does anything, CPU seconds a second."""
    before = server_cpu(server)
    await asyncio.sleep(IDLE)
    return (server_cpu(server) - before) / IDLE


async def lesson(server: Server, sessions: int, seconds: float, watching: int = 0) -> tuple[Seen, list[float]]:
    """So many students on a server for a while, and its megabytes of memory, at first and after each half minute.

    watching: how many of the students stay on a page that shows a training.
    """
    seen, until = Seen(), time.monotonic() + seconds
    changed = {k: v for k, v in WATCHED.to_dict().items() if v != RunConfig().to_dict()[k]}
    watched = urlencode({k: ",".join(map(str, v)) if isinstance(v, list) else v for k, v in changed.items()})
    async with http_sessions(sessions) as http:
        students = [Student(server.url, seen, seed, http) for seed in range(sessions)]
        attending = (s.attend(until, watched if n < watching else "") for n, s in enumerate(students))
        *_, memory = await asyncio.gather(*attending, memory_of(server, seconds))
    return seen, memory


async def memory_of(server: Server, seconds: float) -> list[float]:
    """The megabytes that a server takes, at first, after each half minute, and at the end."""
    process, sizes, left = psutil.Process(server.process.pid), [], seconds
    while left > 0:
        sizes.append(process.memory_info().rss / 1e6)
        await asyncio.sleep(min(left, LOOK))
        left -= LOOK
    return [*sizes, process.memory_info().rss / 1e6]


def server_cpu(server: Server) -> float:
    """Seconds of CPU that the server's process has used, without its workers."""
    return sum(psutil.Process(server.process.pid).cpu_times()[:2])


def measure(server: Server, sessions: int, seconds: float, watching: int = 0) -> dict:
    """What a lesson with so many students costs: seconds, CPU milliseconds of the server, bytes, megabytes."""
    before = server_cpu(server)
    seen, memory = asyncio.run(lesson(server, sessions, seconds, watching))
    spent, ordered = server_cpu(server) - before, sorted(seen.switches)
    return {
        "sessions": sessions,
        "watching": watching,
        "switches": len(ordered),
        "switches_a_second": len(ordered) / seconds,
        "cpu_ms_a_switch": 1e3 * spent / max(len(ordered), 1),
        "median_s": statistics.median(ordered) if ordered else None,
        "most_of_95_percent_s": ordered[int(0.95 * len(ordered))] if ordered else None,
        "websocket_mb": max(seen.websocket, default=0) / 1e6,
        "routes_mb": max(seen.routes, default=0) / 1e6,
        "memory_mb": memory,
        "errors": seen.errors,
    }


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit status: 1 when a student met an error."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=120.0, help="with all of them; a third of it with 5")
    parser.add_argument("--quick", action="store_true", help="10 students for 20 seconds")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--class", action="store_true", dest="in_class", help="a class that votes: tests/load_class.py")
    parser.add_argument("--servers", type=int, default=1, help="on one store, with --class")
    given = parser.parse_args(arguments)
    sessions, seconds = (10, 20.0) if given.quick else (given.sessions, given.seconds)
    if given.in_class:
        with tempfile.TemporaryDirectory() as folder:
            report = load_class.measure(Path(folder), given.servers, sessions, 0.1 if given.quick else 1.0)
        print(json.dumps(report, indent=2))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            report = {"pages_kb": asyncio.run(first_kilobytes(server))}
            pages = asyncio.run(alone(server, 2 if given.quick else 30))
            report |= {"pages_cpu_ms": pages, "median_page_cpu_ms": statistics.median(pages.values())}
            report["few"] = measure(server, FEW, seconds / 3)
            for config in (WATCHED.autoencoder, WATCHED):
                server.store.create(config)
            report["all"] = measure(server, sessions, seconds, sessions // WATCHING)
        finally:
            server.close()
    report["ratio"] = report["all"]["cpu_ms_a_switch"] / report["few"]["cpu_ms_a_switch"]
    print(json.dumps(report, indent=2))
    if given.json:
        Path(given.json).write_text(json.dumps(report, indent=2), encoding="utf-8")
    return 1 if report["few"]["errors"] or report["all"]["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
