"""Whether there is something new of runs that are watched.

The browser asks a route every second or so, which is cheap. Only when the answer is another one than what is on show,
the part of the page that shows the runs runs again, which costs as much as a page.
"""

import math
import threading
import time
from collections import defaultdict

import streamlit as st

from pages.shared import lab
from pages.shared.component import component
from vae.runs.states import ACTIVE, RunStatus
from vae.runs.store import DamagedRun, StoreError

LIVE = 1.0  # seconds between two looks at a run under way
IDLE = 4.0  # seconds between two looks at runs that may be started or resumed in another browser
EACH = 0.08  # seconds that a look is later for each one who watches, so that the server keeps up with all pages
PICTURES = 100  # of a training, however long it takes: to draw one costs the server as much as a page does
SLOWEST = 10.0  # seconds of training in which there is a picture, however long it takes
MOST = 60  # runs that are watched at a time
MOST_OF_ONE = 500  # pages of one address that are counted
HERE = 30.0  # seconds for which one who has asked counts as one who watches

_news = component("shared", "news", html="<i></i>", css="")


def watch(*names: str) -> None:
    """Has the part of the page that this is called in run again when there is news of what is named.

    To be called before that part reads where the runs are: what comes in between is then drawn twice, and never lost.
    names: run_ids, or "run_id/model_sha256" for the measuring of a run's gaps.
    """
    with st.container(key=f"news {names[0]}"):  # takes no room (style.css)
        _news(key=f"news of {names[0]}", data={"names": names, "seen": of(names)}, sends={"news": None})


def of(names: tuple[str, ...]) -> str:
    """Where all that is named is: the same words as long as there is nothing new."""
    words = list(map(_of, names))
    return " ".join([*words, _workers()] if any(word.startswith("queued-") for word in words) else words)


def _of(name: str) -> str:
    run_id, _, sha256 = name.partition("/")
    try:
        if sha256:
            return lab.measured(run_id, sha256) + _waits(name)
        now = lab.status(run_id)
        return f"{now.state}-{_seen_of(now)}" + (_waits(run_id) if now.is_active else "")
    except (DamagedRun, StoreError, KeyError):
        return "damaged"


def _waits(name: str) -> str:
    """What is added for something that its worker could not write."""
    return "-waits" if lab.start().fault(name) else ""


def _seen_of(now: RunStatus) -> int:
    """How far a run is; of one under way in pictures of a training, which come faster at its beginning.

    Of a long one also how long it trains: nobody shall take it for one that stands still.
    """
    if not now.is_active:
        return now.step
    return int(PICTURES * math.sqrt(now.step / now.total_steps)) + int(now.seconds / SLOWEST)


def _workers() -> str:
    """What a page says of the workers while a run waits for one."""
    runs = lab.start()
    return "starting" if runs.is_starting else "missing" if runs.hindrance() else "there"


def answer(names: tuple[str, ...], watcher: str, address: str = "") -> dict:
    """What the route says: where the runs are, and in how many seconds to ask again."""
    share = _watchers.share(watcher, address, time.monotonic())
    said = of(names)
    return {"now": said, "wait": max(LIVE, EACH * share) if _is_live(said.split()) else IDLE}


def _is_live(words: list[str]) -> bool:
    return any(word.split("-")[0] in ACTIVE for word in words)


class Watchers:
    """Who watches, by address in the network: pages in browsers, by the names that they give themselves."""

    def __init__(self):
        self._seen: dict[str, dict[str, float]] = defaultdict(dict)  # address -> page -> when it last asked
        self._lock = threading.Lock()

    def share(self, watcher: str, address: str, now: float) -> int:
        """One watcher's turn comes among so many; notes that it is here.

        It is among all; but an address takes turns with the other addresses, so that who invents a thousand names
        makes himself wait, and others no longer than one more who watches does.
        """
        with self._lock:
            for there, pages in list(self._seen.items()):
                for one in [one for one, seen in pages.items() if now - seen > HERE]:
                    del pages[one]
                if not pages:
                    del self._seen[there]
            here = self._seen[address]
            if watcher in here or len(here) < MOST_OF_ONE:
                here[watcher] = now
            return min(sum(map(len, self._seen.values())), len(here) * len(self._seen))


_watchers = Watchers()
