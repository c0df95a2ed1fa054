"""How much room a store's runs may take: of those that nobody keeps the oldest make way."""

import os
import re
import time
from typing import NamedTuple

from vae.config import ConfigError
from vae.runs.layers import DROPPED, NO_RUNS, DamagedRun
from vae.runs.trash import Trash

UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?) ?(MB|GB|TB)", re.ASCII | re.IGNORECASE)
LEAST = 50  # MB, which is some twenty runs
TOLD = 20  # of the runs that made way


class Room(NamedTuple):
    """What a run takes: bytes, and when its last file was written, seconds since 1970."""

    size: int
    written: float


def limit() -> int | None:
    """The bytes that VAE_STORE_LIMIT allows; None without one. Raises ConfigError for one that is no size."""
    named = os.environ.get("VAE_STORE_LIMIT", "").strip()
    if not named:
        return None
    found = SIZE.fullmatch(named)
    size = int(float(found[1]) * UNITS[found[2].upper()]) if found else 0
    if size < LEAST * UNITS["MB"]:
        raise ConfigError("VAE_STORE_LIMIT", named, f"a size such as 2 GB or 500 MB, {LEAST} MB at least")
    return size


def keep_within(store: Trash, most: int | None, spared: str = "") -> list[str]:
    """Drops the oldest runs of a store until the others have `most` bytes; returns the names of the dropped.

    Never one that is at work, or that somebody keeps, or the spared one. What made way is told by `dropped`.
    """
    if most is None:
        return []
    rooms = _rooms(store)
    total, gone = sum(room.size for room in rooms.values()), []
    for run_id in sorted(rooms, key=lambda run_id: rooms[run_id].written):
        if total <= most:
            break
        if run_id != spared and not _is_needed(store, run_id):
            store.upper.write(f"{DROPPED}/{time.time_ns()}.{run_id}", b"")
            store.upper.delete(run_id)
            total -= rooms[run_id].size
            gone.append(run_id)
    if gone:
        for name in sorted(store.upper.files(DROPPED))[:-TOLD]:
            store.upper.delete(f"{DROPPED}/{name}")
    return gone


def dropped(store: Trash) -> list[str]:
    """The runs that made way lately, the last one first."""
    return [name.partition(".")[2] for name in sorted(store.upper.files(DROPPED), reverse=True)]


def _is_needed(store: Trash, run_id: str) -> bool:
    try:
        return store.is_kept(run_id) or store.status(run_id).is_active
    except DamagedRun:
        return False


def _rooms(store: Trash) -> dict[str, Room]:
    """What each run of the upper layer takes, by one listing of all files."""
    rooms: dict[str, Room] = {}
    for path, size, written in store.upper.every_file():
        run_id = path.partition("/")[0]
        if "/" in path and run_id not in NO_RUNS:
            before = rooms.get(run_id, Room(0, 0.0))
            rooms[run_id] = Room(before.size + size, max(before.written, written))
    return rooms
