"""Visitors as a server meets them: whose address it is behind a proxy, and one who floods beside one who does not."""

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator

import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.shared.visitors import A_SECOND, AT_ONCE
from tests.browser.nginx import Nginx, NoNginx
from tests.browser.server import PATIENCE, ROOT, Server, wait_for
from tests.load import run
from tests.student import Seen, Student, http_sessions

FLOODERS = 16  # sessions of one browser
WITHOUT_PAUSE = 0.005  # seconds between two wishes of a session, which waits for no answer
SHARE = (
    2 / 3
)  # of the time that a flooding session waits for a page: one beside it that took its turn would wait as long
SAYS = """
import streamlit as st

if __name__ == "__main__":
    from pages.shared import visitors

    st.text(f"address: {visitors.address()!r}")
elif __name__ != "__mp_main__":
    app = st.App(__file__)
"""


@pytest.fixture(params=["streamlit", "uvicorn"])
def port(request, tmp_path) -> Iterator[int]:
    """A server that tells each visitor his address, started in one of the README's two ways."""
    script = tmp_path / "says.py"
    script.write_text(SAYS)
    if request.param == "streamlit":
        server = Server(tmp_path, str(script))
        yield server.port
        server.close()
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mine = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "uvicorn", "says:app", "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(command, cwd=tmp_path, env=os.environ | mine)

    def answers() -> bool:
        assert process.poll() is None
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(answers)
    yield port
    process.terminate()
    process.wait()


async def _told(url: str, place: str, said: str | None) -> str:
    """What a page tells a visitor who comes from a place of this machine, and sends an X-Forwarded-For of his own."""
    stream = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    headers = {"X-Forwarded-For": said} if said else {}
    asked = BackMsg()
    asked.rerun_script.query_string = ""
    async with websockets.connect(
        stream, subprotocols=["streamlit"], additional_headers=headers, local_addr=(place, 0), max_size=None
    ) as visit:
        await visit.send(asked.SerializeToString())
        while True:
            message = ForwardMsg.FromString(await asyncio.wait_for(visit.recv(), PATIENCE))
            if message.delta.new_element.text.body.startswith("address: "):
                return message.delta.new_element.text.body.removeprefix("address: ").strip("'")


@pytest.mark.skipif(sys.platform != "linux", reason="only there all of 127.0.0.0/8 is this machine")
def test_behind_a_proxy_each_visitor_has_his_own_address_and_none_that_he_invents(port, tmp_path):
    try:
        proxy = Nginx(port, tmp_path)
    except NoNginx as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))

    def told(place: str, said: str | None = None, url: str = proxy.url) -> str:
        return run(_told(url, place, said))

    try:
        assert told("127.0.0.2") == "127.0.0.2" and told("127.0.0.3") == "127.0.0.3"
        assert told("127.0.0.2", "10.6.6.6") == told("127.0.0.2", "10.6.6.6, 10.7.7.7") == "127.0.0.2"
        direct = f"http://127.0.0.1:{port}"
        assert told("127.0.0.2", "10.6.6.6", direct) == "127.0.0.2"  # who is no proxy is not believed
        assert told("127.0.0.1", None, direct) == ""
    finally:
        proxy.close()


def _cookie(server: Server) -> str:
    """What the server gives a new browser, and gets back at each visit."""
    with urllib.request.urlopen(f"{server.url}/_stcore/health") as answer:
        return next(value.split(";")[0] for value in answer.headers.get_all("Set-Cookie") if "_xsrf" in value)


class Browser(Student):
    """A session that has a cookie."""

    cookie = ""

    @contextlib.asynccontextmanager
    async def connected(self):
        stream, headers = f"{self.url.replace('http', 'ws', 1)}/_stcore/stream", {"Cookie": self.cookie}
        async with websockets.connect(
            stream, subprotocols=["streamlit"], max_size=None, additional_headers=headers
        ) as self.socket:
            yield


class Flood:
    """One browser that asks for pages, or for parts of pages, without a pause and in many sessions; in a thread."""

    def __init__(self, server: Server, kind: str):
        self.server, self.kind, self.cookie = server, kind, _cookie(server)
        self.asked = self.had = 0  # pages and parts of pages that it wished for, and that were worked out
        self._began = time.monotonic()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._is_over.set()
        self._thread.join()
        self.seconds = time.monotonic() - self._began

    async def _run(self) -> None:
        async with http_sessions(FLOODERS) as http:
            await asyncio.gather(*(self._flood(number, http) for number in range(FLOODERS)))

    async def _flood(self, number: int, http) -> None:
        while not self._is_over.is_set():
            session = Browser(self.server.url, Seen(), number, http)
            session.cookie = self.cookie
            with contextlib.suppress(OSError, websockets.WebSocketException):
                async with session.connected():
                    await self._ask(session)

    async def _ask(self, session: Browser) -> None:
        """A page, then again and again: itself, for a while, or for ever that part of it that runs again alone."""
        await session.open("train", "epochs=7")
        self.had += 1
        if not (part := next(iter(session.news), "")):
            return  # it was refused
        reading, until = asyncio.ensure_future(self._read(session)), time.monotonic() + 3.0
        while not self._is_over.is_set() and (self.kind == "parts" or time.monotonic() < until):
            wish = session.request("train", part if self.kind == "parts" else "", query="epochs=7")
            await session.socket.send(wish.SerializeToString())
            self.asked += 1
            await asyncio.sleep(WITHOUT_PAUSE)
        reading.cancel()

    async def _read(self, session: Browser) -> None:
        async for content in session.socket:
            message = ForwardMsg.FromString(content)
            self.had += message.WhichOneof("type") == "script_finished"
            with contextlib.suppress(RuntimeError):
                session.take(message, len(content))


async def _visit(server: Server) -> list[float]:
    """Seconds until each of some pages is there for a visitor who goes from page to page."""
    async with http_sessions(1) as http:
        student, seconds = Browser(server.url, Seen(), 0, http), []
        student.cookie = _cookie(server)
        async with student.connected():
            await student.open("")
            for page in [*student.pages] * 2:
                began = time.monotonic()
                await student.run(student.request(page))
                seconds.append(time.monotonic() - began)
                await asyncio.sleep(0.3)
        return seconds


@pytest.mark.parametrize("kind", ["pages", "parts"])
def test_who_floods_does_not_make_others_wait(own_server, kind):
    """Whole pages in ever new sessions, or the part of one that runs again alone; it slows itself, and nobody else."""
    run(_visit(own_server))  # all that is made once is made
    flood = Flood(own_server, kind)
    try:
        wait_for(lambda: flood.asked > 1_000)
        had, began = flood.had, time.monotonic()
        visitor = statistics.mean(run(_visit(own_server)))
        flooder = FLOODERS * (time.monotonic() - began) / max(1, flood.had - had)
    finally:
        flood.close()
    assert flood.had <= AT_ONCE + A_SECOND * flood.seconds + FLOODERS  # of thousands that it asked for
    assert visitor < SHARE * flooder
