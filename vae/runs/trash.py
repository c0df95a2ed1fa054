"""Runs that somebody has deleted: out of the way at once, and gone for good a minute later."""

import contextlib
import time

from vae.runs.layers import DELETED, NO_RUNS, DamagedRun
from vae.runs.quarantine import Quarantine

UNDO = 60.0  # seconds
KEPT = "kept"  # a file in a run's folder


class NotDeleted(RuntimeError):
    """A run that cannot be deleted; the message says why, and the way out."""


class Trash(Quarantine):
    """What is done with runs that nobody wants any more."""

    def delete(self, run_id: str) -> None:
        """Puts a run away, from where `undelete` brings it back for a minute.

        Raises KeyError where there is none, and NotDeleted for one that comes with the project or is not at rest.
        """
        self.empty_trash()
        if run_id in NO_RUNS or run_id not in self.upper.folders():
            if self.comes_with_the_project(run_id):
                raise NotDeleted(f"{run_id} comes with the project, and stays.")
            raise KeyError(run_id)
        with contextlib.suppress(DamagedRun):  # that one may go
            if self.status(run_id).is_active:
                raise NotDeleted(f"{run_id} is being trained, or waits for that: stop it first.")
        self.upper.move(run_id, f"{DELETED}/{run_id}.{time.time_ns()}")

    def undelete(self, run_id: str) -> bool:
        """Brings a run back; False where it is gone for good, or somebody has asked for it anew."""
        places = [name for name in self._deleted() if name.partition(".")[0] == run_id]
        if not places or self.upper.exists(run_id):
            return False
        self.upper.move(f"{DELETED}/{max(places)}", run_id)  # the time is the end of its name
        return True

    def keep(self, run_id: str, does: bool) -> None:
        """Says that a run is not to make way for others (limit.py), or that it may."""
        if does:
            self.upper.write(f"{run_id}/{KEPT}", b"")
        else:
            self.upper.delete(f"{run_id}/{KEPT}")

    def is_kept(self, run_id: str) -> bool:
        """Whether somebody has said so."""
        return self.upper.exists(f"{run_id}/{KEPT}")

    def deleted(self) -> set[str]:
        """The runs that can be brought back."""
        return {name.partition(".")[0] for name, age in self._deleted().items() if age < UNDO}

    def empty_trash(self) -> None:
        """Removes for good what was deleted more than a minute ago."""
        for name, age in self._deleted().items():
            if age >= UNDO:
                self.upper.delete(f"{DELETED}/{name}")

    def _deleted(self) -> dict[str, float]:
        """What was put away, and how many seconds ago."""
        times = ((name, name.rpartition(".")[2]) for name in self.upper.folders(DELETED))
        return {name: time.time() - int(at) / 1e9 for name, at in times if at.isdecimal()}
