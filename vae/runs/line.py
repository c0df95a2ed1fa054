"""The line for the workers: whose run comes next, how much may wait, and what everybody can expect.

Who asked for little comes before who asked for much, and visitors take turns: a run's place is the time at which it
would end if all visitors were served at once, each at the same speed (self-clocked fair queueing, Golestani 1994). Long
runs are trained a slice at a time, so that a short one never waits for the end of a long one.
"""

import math
import threading
from collections import defaultdict
from dataclasses import dataclass, replace

SLICE = 20.0  # seconds for which a run has a worker before others may come
COUNTED = 600.0  # seconds of a run that count as waiting at most: it takes turns with all others
HOUR = 3_600.0  # seconds of work that may wait for each worker
OF_ONE_ADDRESS = 0.5  # of that, what may have been asked for from one place in the network


class LineIsFull(RuntimeError):
    """No more work may wait; the message says how long it will take until it may."""


@dataclass(frozen=True)
class Waiting:
    """A run in the line: its place (seconds on the line's own clock), seconds that it still trains, and who asked."""

    place: float
    seconds: float
    browser: str
    address: str


class Line:
    """Who waits for the workers of a server, or is at them."""

    def __init__(self, workers: int):
        self.workers = max(1, workers)
        self.now = 0.0  # the place of the run that had a worker last
        self._last: dict[str, float] = defaultdict(float)  # browser -> the place of its last run
        self._runs: dict[str, Waiting] = {}
        self._lock = threading.Lock()

    def ask(self, runs: dict[str, float], browser: str = "", address: str = "") -> list[str]:
        """Puts runs of so many seconds each in the line, where they are not there yet; returns those that came.

        Raises LineIsFull, and puts none there, where that is too much for the whole server or from one address. To look
        and to enter is one step: of many who ask at a time none comes between.
        """
        with self._lock:  # one that was to be stopped waits for its end alone: what is left of it comes anew
            new = {run_id: left for run_id, left in runs.items() if not self._seconds_in_line(run_id)}
            if new:
                self._check(math.fsum(min(left, COUNTED) for left in new.values()), address)
            for run_id, left in new.items():
                self._put(run_id, left, browser, address)
        return list(new)

    def _seconds_in_line(self, run_id: str) -> float:
        return self._runs[run_id].seconds if run_id in self._runs else 0.0

    def _check(self, new: float, address: str) -> None:
        most = HOUR * self.workers
        of_all, of_one = self._counted(), self._counted(address)
        if of_all and of_all + new > most:
            raise LineIsFull(
                f"{len(self._runs)} runs wait or train on this server, which is as much as it takes on. There will be "
                f"room for yours in about {_in_words(min(of_all, of_all + new - most) / self.workers)}."
            )
        if address and of_one and of_one + new > OF_ONE_ADDRESS * most:
            wait = _in_words(min(of_one, of_one + new - OF_ONE_ADDRESS * most) / self.workers)
            raise LineIsFull(
                "What was asked for from where you are is a half of all that this server takes on. There will be room "
                f"for more in about {wait}; stop a run, and there is room at once."
            )

    def enter(self, run_id: str, seconds: float, browser: str = "", address: str = "") -> float:
        """Puts a run of so many seconds in the line, where it is not there yet; returns its place there.

        Whoever has a smaller place comes first. It is not asked whether there is room: for what was let in before, as
        by a server that was started again. A visitor's wish goes through `ask`.
        """
        with self._lock:
            if run_id not in self._runs:
                self._put(run_id, seconds, browser, address)
            return self._runs[run_id].place

    def again(self, run_id: str, seconds: float) -> None:
        """Puts a run that has had its turn in the line once more, with the seconds that are left of it."""
        with self._lock:
            if one := self._runs.get(run_id):
                self.now = max(self.now, one.place)
                self._put(run_id, seconds, one.browser, one.address)

    def shorten(self, run_id: str) -> None:
        """A run is to be stopped: nothing of it waits any more but its end."""
        with self._lock:
            if one := self._runs.get(run_id):
                self._runs[run_id] = replace(one, seconds=0.0)

    def run_ids(self) -> list[str]:
        """The runs that are in the line."""
        with self._lock:
            return list(self._runs)

    def leave(self, run_id: str) -> None:
        """A run has ended, or is paused."""
        with self._lock:
            if gone := self._runs.pop(run_id, None):
                self.now = max(self.now, gone.place)
            if not self._runs:
                self._last.clear()

    def before(self, run_id: str) -> tuple[int, float]:
        """How many runs come before this one, those that are trained just now among them, and seconds until its turn.

        A run that is longer than the time until then counts with as much of it as will be trained by then.
        """
        with self._lock:
            mine = self._runs.get(run_id)
            if mine is None:
                return 0, 0.0
            ahead = [one for other, one in self._runs.items() if other != run_id and one.place <= mine.place]
        return len(ahead), self._until_one_is_free(ahead)

    def wait(self, seconds: float, browser: str = "") -> float:
        """Seconds until a run of so many would have its turn if it were asked for now."""
        with self._lock:
            place = self._place(seconds, browser)
            ahead = [one for one in self._runs.values() if one.place <= place]
        return self._until_one_is_free(ahead)

    def _until_one_is_free(self, ahead: list[Waiting]) -> float:
        free_at = [0.0] * self.workers
        for one in sorted(ahead, key=lambda waiting: waiting.place):
            free_at[free_at.index(min(free_at))] += min(one.seconds, SLICE)
        return min(free_at)

    def _place(self, seconds: float, browser: str) -> float:
        return max(self.now, self._last.get(browser, 0.0)) + min(seconds, SLICE)

    def _put(self, run_id: str, seconds: float, browser: str, address: str) -> None:
        place = self._last[browser] = self._place(seconds, browser)
        self._runs[run_id] = Waiting(place, seconds, browser, address)

    def _counted(self, address: str | None = None) -> float:
        return math.fsum(
            min(one.seconds, COUNTED) for one in self._runs.values() if address is None or one.address == address
        )


def _in_words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
