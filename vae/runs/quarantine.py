"""Damaged runs, out of the way but not lost: each with the reason, in a folder of its own."""

import contextlib
import threading
import time

from vae.runs.files import SpoiledFile, StoreFault
from vae.runs.layers import DAMAGED, WISH
from vae.runs.writer import Writer

REASON = "reason.txt"
MOMENT = 1.0  # seconds

_aside: dict[tuple[str, str], tuple[float, str]] = {}  # (store, run) -> when and where it was set aside
_aside_lock = threading.Lock()


class Quarantine(Writer):
    """What is done with damaged runs."""

    def set_aside(self, run_id: str, reason: str) -> str:
        """Moves a damaged run out of the way, the reason beside it, and returns where it now is.

        Who comes upon it while another moves it sees half of it: within a moment, that is the same damage.
        """
        with _aside_lock:
            at, place = _aside.get((self.url, run_id), (0.0, ""))
            if time.monotonic() - at < MOMENT:
                return self.upper.address(place)
            place = f"{DAMAGED}/{run_id}-{time.time_ns()}"
            # One step, which can be broken off anywhere: a run with a reason in it, or moved in part, is still damaged.
            with contextlib.suppress(StoreFault, SpoiledFile):  # a place without a reason is still a place
                self.upper.write(f"{run_id if self.upper.exists(run_id) else place}/{REASON}", reason.encode())
            if self.upper.exists(run_id):
                self.upper.move(run_id, place)
            if self.lower.exists(run_id):
                self.set_control(run_id, "run")  # a pretrained run stays where it is, covered by the one to come
            _aside[self.url, run_id] = time.monotonic(), place
            return self.upper.address(place)

    def damage_reports(self, run_id: str) -> list[str]:
        """Why and where earlier copies of a run were set aside."""
        places = [f"{DAMAGED}/{name}" for name in self.upper.folders(DAMAGED) if name.startswith(f"{run_id}-")]
        return [self._reason(place) for place in places]

    def _reason(self, place: str) -> str:
        try:
            return self.upper.read(f"{place}/{REASON}", WISH).decode(errors="replace")
        except (FileNotFoundError, SpoiledFile):
            return f"{place}: the reason could not be written"
