"""A student as the load has it: one websocket session that changes pages, and the routes that its pages name."""

import asyncio
import contextlib
import json
import random
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PATIENCE = 60.0  # seconds until a page that does not come counts as an error
KEPT = 10_000  # bytes: a longer message is kept by the browser, and only named by the server the next time
IS_FOLLOWED = ForwardMsg.FINISHED_EARLY_FOR_RERUN  # a run that asked for another one, which comes at once
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
        self.buttons: dict[str, str] = {}  # what is on it -> what the server calls it
        self.asked: list[str] = []  # runs that this student had trained
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

    async def press(self, words: str, page: str, query: str = "") -> None:
        """Presses the button on which these words are, of the page that it is at."""
        asked = self.request(page, query=query)
        pressed = asked.rerun_script.widget_states.widgets.add()
        pressed.id, pressed.trigger_value = self.buttons[words], True
        await self.run(asked)

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
        if element.WhichOneof("type") == "button":
            self.buttons[element.button.label] = element.button.id
        if element.WhichOneof("type") != "bidi_component":
            return set()
        component = element.bidi_component
        sent = json.loads(component.bytes)
        # What is shown at once, and what one look at a page asks for: another digit, another rung of the ladder.
        images, rungs = sent.get("images", []), [rung["parcel"] for rung in sent.get("rungs", [])]
        looked_at = [self.random.choice(those) for those in (images, rungs) if those]
        parcels = {*sent.get("parcels", {}).values(), *images[:1], *looked_at}
        self.asked = sent.get("asked", self.asked)
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
