"""`python -m tests.load`: a class on one server. Real websocket sessions that change pages, and what that costs.

Every student opens the lab, changes pages every 1 to 3 seconds, and fetches each module and parcel once, as a browser
does that keeps them; one in ten stays on a page that shows a training. First with 5 students, then with all, in one
run, on a server with a store of its own; the load takes its share of the same cores.
"""

import argparse
import asyncio
import json
import random
import re
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psutil
import requests
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.server import Server
from vae.config import RunConfig

FEW = 5
WATCHING = 10  # one student in so many
PATIENCE = 60.0  # seconds until a page that does not come counts as an error
KEPT = 10_000  # bytes: a longer message is kept by the browser, and only named by the server the next time
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

    def __init__(self, url: str, seen: Seen, seed: int, fetching: ThreadPoolExecutor):
        self.url, self.seen, self.random, self.fetching = url, seen, random.Random(seed), fetching
        self.http = requests.Session()
        self.websocket_bytes = self.routes_bytes = 0
        self.fetched: set[str] = set()  # addresses that the browser keeps
        self.messages: set[str] = set()  # hashes of messages that the browser keeps
        self.pages: dict[str, str] = {}  # name in the address -> what the server calls the page
        self.visited: set[str] = set()
        self.news: dict[str, dict] = {}  # part of the page -> the runs that it shows, and where they are there

    async def attend(self, until: float, watched: str = "") -> None:
        """Opens the lab and changes pages until the clock says so, or stays at an address and watches."""
        stream = f"{self.url.replace('http', 'ws', 1)}/_stcore/stream"
        try:
            async with websockets.connect(stream, subprotocols=["streamlit"], max_size=None) as self.socket:
                await self.open("train" if watched else "", watched)
                await (self.watch(until) if watched else self.wander(until))
        except (OSError, TimeoutError, RuntimeError, websockets.WebSocketException) as error:
            self.seen.errors.append(f"{type(error).__name__}: {error}")

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
        loop, wait = asyncio.get_running_loop(), 1.0
        while time.monotonic() < until:
            await asyncio.sleep(wait)
            for part, shown in list(self.news.items()):
                answer = await loop.run_in_executor(self.fetching, self.ask, shown["names"])
                wait = answer["wait"]
                if answer["now"] != shown["seen"]:
                    await self.run(self.request("train", part))

    async def open(self, page: str, query: str = "") -> None:
        """Asks for a page as a click on its name does, and fetches what its components name."""
        self.news.clear()
        self.visited.add(page)
        needed = await self.run(self.request(page, query=query))
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self.fetching, self.fetch, address) for address in needed))

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
        await self.socket.send(asked.SerializeToString())
        needed: set[str] = set()
        while True:
            content = await asyncio.wait_for(self.socket.recv(), PATIENCE)
            self.websocket_bytes += len(content)
            message = ForwardMsg.FromString(content)
            needed |= self.take(message, len(content))
            if message.WhichOneof("type") == "script_finished":
                return needed

    def take(self, message: ForwardMsg, size: int) -> set[str]:
        """What a browser does with a message; returns the addresses that it makes the browser fetch."""
        if message.hash and size > KEPT:
            self.messages.add(message.hash)
        kind = message.WhichOneof("type")
        if kind == "navigation":
            pages = message.navigation.app_pages
            self.pages = {"" if page.is_default else page.url_pathname: page.page_script_hash for page in pages}
        element = message.delta.new_element
        if element.WhichOneof("type") == "exception":
            raise RuntimeError(f"a page shows {element.exception.type}: {element.exception.message}")
        if element.WhichOneof("type") != "bidi_component":
            return set()
        component = element.bidi_component
        sent = json.loads(component.mixed.json or component.json or "{}")
        # Everything that a component may ask for: those who look at all of a page fetch all of it.
        parcels = {
            *sent.get("parcels", {}).values(),
            *sent.get("images", []),
            *(r["parcel"] for r in sent.get("rungs", [])),
        }
        if component.component_name == "news":
            self.news[message.delta.fragment_id] = sent
        [version] = VERSION.findall(component.js_content)
        modules = {f"{version}{name}" for name in MODULE.findall(component.js_content)}
        return modules | {f"/parcels/{name}" for name in parcels}

    def ask(self, names: list[str]) -> dict:
        """What the server says of runs."""
        query = {"watcher": str(id(self)), "name": names}
        return self.http.get(f"{self.url}/news", params=query, timeout=PATIENCE).json()

    def fetch(self, address: str) -> None:
        """Fetches an address once."""
        if address in self.fetched:
            return
        self.fetched.add(address)
        with self.http.get(self.url + address, stream=True, timeout=PATIENCE) as response:
            content = response.raw.read(decode_content=False)  # as it came over the wire
        self.routes_bytes += len(content)
        if response.status_code != 200:
            self.seen.errors.append(f"{response.status_code} {address}")


async def lesson(server: Server, sessions: int, seconds: float) -> Seen:
    """So many students on a server for a while."""
    seen, until = Seen(), time.monotonic() + seconds
    changed = {k: v for k, v in WATCHED.to_dict().items() if v != RunConfig().to_dict()[k]}
    watched = urlencode({k: ",".join(map(str, v)) if isinstance(v, list) else v for k, v in changed.items()})
    with ThreadPoolExecutor(16) as fetching:
        students = [Student(server.url, seen, seed, fetching) for seed in range(sessions)]
        await asyncio.gather(
            *(student.attend(until, watched if n % WATCHING == 1 else "") for n, student in enumerate(students))
        )
    return seen


def measure(server: Server, sessions: int, seconds: float) -> dict:
    """What a lesson with so many students costs: seconds, CPU milliseconds of the server, bytes, megabytes."""
    process = psutil.Process(server.process.pid)
    memory, cpu = process.memory_info().rss, sum(process.cpu_times()[:2])
    seen = asyncio.run(lesson(server, sessions, seconds))
    spent = sum(process.cpu_times()[:2]) - cpu
    ordered = sorted(seen.switches)
    return {
        "sessions": sessions,
        "switches": len(ordered),
        "switches_a_second": len(ordered) / seconds,
        "cpu_ms_a_switch": 1e3 * spent / max(len(ordered), 1),
        "median_s": statistics.median(ordered) if ordered else None,
        "most_of_95_percent_s": ordered[int(0.95 * len(ordered))] if ordered else None,
        "websocket_mb": max(seen.websocket, default=0) / 1e6,
        "routes_mb": max(seen.routes, default=0) / 1e6,
        "memory_mb": [memory / 1e6, process.memory_info().rss / 1e6],
        "errors": seen.errors,
    }


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit status: 1 when a student met an error."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=120.0, help="with all of them; a third of it with 5")
    parser.add_argument("--quick", action="store_true", help="10 students for 20 seconds")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    given = parser.parse_args(arguments)
    sessions, seconds = (10, 20.0) if given.quick else (given.sessions, given.seconds)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            for config in (WATCHED.autoencoder, WATCHED):
                server.store.create(config)
            measure(server, 1, 10.0 if given.quick else 30.0)  # all that is made once is made
            report = {"few": measure(server, FEW, seconds / 3), "all": measure(server, sessions, seconds)}
        finally:
            server.close()
    report["ratio"] = report["all"]["cpu_ms_a_switch"] / report["few"]["cpu_ms_a_switch"]
    print(json.dumps(report, indent=2))
    if given.json:
        Path(given.json).write_text(json.dumps(report, indent=2), encoding="utf-8")
    return 1 if report["few"]["errors"] or report["all"]["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
