"""`python -m tests.load`: a class on one server. Real websocket sessions that change pages, and what that costs.

Every student opens the lab, changes pages every 1 to 3 seconds, looks at a digit or a rung of the ladder on each, and
fetches each module and parcel once, as a browser does that keeps them. First a new browser opens each page, and one
student goes through all pages again and again; then come 5, and then all, of whom one in ten stays on a page that
shows a training: in one run, on a server with a store of its own. The load takes its share of the same cores.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import psutil

from tests import load_class
from tests.browser.server import Server
from tests.student import Seen, Student, http_sessions
from vae.config import RunConfig

FEW = 5
WATCHING = 10  # one student in so many
IDLE = 3.0  # seconds in which nobody does anything
LOOK = 30.0  # seconds between two looks at the memory
WATCHED = RunConfig(hidden_dims=(64, 32), epochs=200, latent_dim=3)  # minutes


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
