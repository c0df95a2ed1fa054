"""What of this machine the lab may use: its cores, its memory, and so how many workers train at a time."""

import contextlib
import ctypes
import functools
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path

import psutil

from vae.config import ConfigError

MOST_WORKERS = 256
ON_A_CARD = 4  # workers that share a graphics card, each with its own copy of the images and of CUDA there
NICEST = 19  # of a process
WORKER = 500_000_000  # bytes that a worker has while it trains (measured)
ROOM = 2 << 30  # bytes
POOLS = 2  # of memory, for all threads of a process: Python runs one of them at a time
M_ARENA_MAX = -8  # the number that glibc's mallopt knows it by
FIRST_LOOK = 6.0  # seconds for which the workers, while nobody needs them, let the first visitor's page come first

GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")  # of Linux; tests put others in their place


def workers(device: str = "cpu") -> int:
    """How many workers this machine is to have: what VAE_WORKERS says, else one for each core and piece of memory.

    One at least, and ON_A_CARD at most where they share a graphics card. Raises ConfigError for a VAE_WORKERS that is
    none of 0 to 256; 0 is for a machine that trains nothing.
    """
    if named := os.environ.get("VAE_WORKERS"):
        if not re.fullmatch("[0-9]{1,3}", named) or int(named) > MOST_WORKERS:
            raise ConfigError("VAE_WORKERS", named, f"a whole number from 0 (training is off here) to {MOST_WORKERS}")
        return int(named)
    most = cores() if device == "cpu" else min(cores(), ON_A_CARD)
    return max(1, min(most, available_memory() // WORKER))


def niceness() -> int:
    """How far workers stand back for the pages on a busy machine: what VAE_NICE says, else as far as it goes.

    Somebody waits for each page, and a training takes what pages leave. Raises ConfigError for a VAE_NICE that is none
    of 0 to 19.
    """
    named = os.environ.get("VAE_NICE") or str(NICEST)
    if not re.fullmatch("[0-9]{1,2}", named) or int(named) > NICEST:
        raise ConfigError("VAE_NICE", named, f"a whole number from 0 (as the pages) to {NICEST}")
    return int(named)


def start_after() -> float | None:
    """After how many seconds a server's workers start by themselves; None: only with the first training.

    A machine with room for them has them ready; on another one a page must not go without the memory that they take,
    and who trains first waits some three seconds for them.
    """
    return FIRST_LOOK if available_memory() >= ROOM else None


@functools.cache  # twenty files are read for it, and a quota hardly ever changes
def cores() -> int:
    """How many cores this process may use, at least 1: by its affinity, and by the quotas of its control groups.

    Of a quota of 1.5 cores it is 1, for the pages are worked out within the same quota.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([count, *map(_quota, _groups("cpu"))])))


def available_memory() -> int:
    """How many bytes may still be taken: what is free on the machine, or less where a control group has a limit."""
    return int(max(0, min([psutil.virtual_memory().available, *map(_free_of, _groups("memory"))])))


def _groups(controller: str) -> Iterator[Path]:
    """The folders of the control groups of this process for a controller, version 1 or 2, up to the root.

    In a container the paths are often those of the host, and what is at the root counts.
    """
    try:
        lines = OWN_GROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        mounts = (GROUPS / controllers, GROUPS / controller) if controllers else (GROUPS, GROUPS / "unified")
        for mount in mounts:
            for group in (Path(path), *Path(path).parents):
                yield mount / group.relative_to("/")


def _quota(group: Path) -> float:
    """Of how many cores a group may have the time."""
    halves = _numbers(group / "cpu.cfs_quota_us") + _numbers(group / "cpu.cfs_period_us")  # version 1
    match _numbers(group / "cpu.max") or halves:
        case [quota, period] if quota > 0 and period > 0:
            return quota / period
    return math.inf


def _free_of(group: Path) -> float:
    """How many bytes a group may still take; what it has of files that nobody uses is given up for them."""
    for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        match _numbers(group / limit) + _numbers(group / used):
            case [most, now]:
                return most - now + _unused_files(group)
    return math.inf


def _unused_files(group: Path) -> int:
    try:
        counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return int(counts.get("total_inactive_file", counts.get("inactive_file", 0)))
    except (OSError, ValueError):
        return 0


def _numbers(file: Path) -> list[int]:
    """The numbers in a small file; none where it says "max", or is not there."""
    try:
        return [int(word) for word in file.read_text().split()]
    except (OSError, ValueError):
        return []


def share_pools() -> None:
    """Has threads share POOLS pools of memory, where the C library is glibc; to be called before there are threads.

    glibc gives each thread a pool, up to eight a core, and what one thread has freed is of no use to the others: a
    server that draws pictures of a training for ten minutes would grow by 100 MB, of which it uses a few.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # not glibc, not Linux
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, POOLS)


def give_memory_back() -> bool:
    """Gives what was freed back to the system, in some milliseconds; False where the C library has no way for it."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # not glibc, not Linux
        return False
    trim(0)
    return True
