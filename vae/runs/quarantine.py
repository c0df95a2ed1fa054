"""Damaged runs, out of the way but not lost: each with the reason, in a folder of its own."""

import contextlib
import threading
import time

from vae.runs.files import SpoiledFile, StoreFault
from vae.runs.layers import DAMAGED, WISH, DamagedRun
from vae.runs.writer import Writer

REASON = "reason.txt"
WISHES = {"control.json", "paused.json"}
FOLDERS = {"checkpoint", "lease", "snapshots"}  # all that there are in a run's folder; in them are files alone

_moving = threading.Lock()  # whoever else comes upon the same damage in this process waits until it is out of the way


class Quarantine(Writer):
    """What is done with damaged runs."""

    def set_aside(self, run_id: str, reason: str) -> str:
        """Moves a damaged run out of the way, the reason beside it, and returns where it now is.

        What lies in its folder now decides, and not what somebody has read there before: another server may have set
        it aside meanwhile, and what is there has begun anew.
        """
        with _moving:
            if not self._is_damaged(run_id):
                return self.upper.address(max(self._places(run_id), default=run_id))  # the time is the end of its name
            place, is_own = f"{DAMAGED}/{run_id}-{time.time_ns()}", self.upper.exists(run_id)
            # One step, which can be broken off anywhere: a run with a reason in it, or moved in part, is still damaged.
            with contextlib.suppress(StoreFault, SpoiledFile):  # a place without a reason is still a place
                self.upper.write(f"{run_id if is_own else place}/{REASON}", reason.encode())
            if is_own:
                self.upper.move(run_id, place)
            if self.lower.exists(run_id):
                # A pretrained run stays where it is, covered by the one to come; one that is whole may also be seen.
                with contextlib.suppress(StoreFault) if is_own else contextlib.nullcontext():
                    self.set_control(run_id, "run")
            return self.upper.address(place)

    def _is_damaged(self, run_id: str) -> bool:
        """Whether anything is wrong with the files of a run, all of which are read."""
        folders = set(self.upper.folders(run_id))
        if self.upper.exists(run_id) and not folders and set(self.upper.files(run_id)) <= WISHES:
            return False  # it has only just been asked for, or covers a pretrained one
        try:
            self.status(run_id)
            self.verify(run_id)
            if checkpoint := self.checkpoint(run_id):
                self.curves(run_id, checkpoint)
        except DamagedRun:
            return True
        except KeyError:  # not there any more, or of another recipe
            return False
        inside = [name for folder in FOLDERS for name in self.upper.misplaced(f"{run_id}/{folder}", set())]
        return bool(inside or self.upper.misplaced(run_id, FOLDERS))

    def _places(self, run_id: str) -> list[str]:
        """Where earlier copies of a run are."""
        return [f"{DAMAGED}/{name}" for name in self.upper.folders(DAMAGED) if name.startswith(f"{run_id}-")]

    def damage_reports(self, run_id: str) -> list[str]:
        """Why and where earlier copies of a run were set aside."""
        return [self._reason(place) for place in self._places(run_id)]

    def _reason(self, place: str) -> str:
        try:
            return self.upper.read(f"{place}/{REASON}", WISH).decode(errors="replace")
        except (FileNotFoundError, SpoiledFile):
            return f"{place}: the reason could not be written"
