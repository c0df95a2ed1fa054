"""Runs programs as a container does: a read-only disk, no network, a user who has no name and no home.

And has a thread obey the permissions of files (`obeying`), which root need not.
"""

import contextlib
import ctypes
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

USER = "10001"
WRITABLE = Path("/media")  # is a disk in memory there: nobody needs it, and whoever it is may go there
MAY_READ = "-all,+dac_read_search"  # also where Python lies in another user's home
SCRIPT = """
set -e
{python} -c {loopback}
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs {disk}
for place in {places}; do mkdir -m 1777 {disk}/$place; done
for place in / /dev/shm; do mount -o remount,bind,ro $place; done
cd {folder}
exec setpriv --reuid {user} --regid {user} --clear-groups --no-new-privs \\
    --inh-caps={caps} --ambient-caps={caps} --bounding-set={caps} env -i {environment} sh -c {command}
"""
NEEDED = ("unshare", "setpriv", "mount")
# Linux: SIOCSIFFLAGS with IFF_UP | IFF_RUNNING.
LOOPBACK = """
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh", b"lo", 0x41))
"""


def missing() -> str:
    """Why there are no sandboxes here; empty where there are."""
    if lacking := [name for name in NEEDED if not shutil.which(name)]:
        return f"a sandbox needs {', '.join(lacking)}"
    done = subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"a sandbox needs root: {done.stderr}"


def run(command: str, folder: Path, *writable: str, **environment: str) -> subprocess.CompletedProcess:
    """Runs a shell's command in a folder; only the folders of these names in WRITABLE can be written to.

    Of the environment it has what is given, and a PATH that begins with this Python.
    """
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **environment}
    script = SCRIPT.format(
        python=shlex.quote(sys.executable),
        loopback=shlex.quote(LOOPBACK),
        disk=WRITABLE,
        places=" ".join(writable),
        folder=shlex.quote(str(folder)),
        user=USER,
        caps=MAY_READ,
        environment=" ".join(shlex.quote(f"{name}={value}") for name, value in environment.items()),
        command=shlex.quote(command),
    )
    # A process namespace of its own: what the command leaves running ends with it.
    unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return subprocess.run([*unshare, "sh", "-c", script], capture_output=True, text=True, timeout=600)


class SmallDisk:
    """A disk of few megabytes at a folder, for as long as `with` it; it can be full."""

    def __init__(self, folder: Path, megabytes: int):
        self.folder, self.size = folder, f"size={megabytes}m"

    def __enter__(self) -> "SmallDisk":
        self.folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", self.size, "tmpfs", self.folder], check=True)
        return self

    def __exit__(self, *_) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def fill(self) -> None:
        """Leaves no byte."""
        with contextlib.suppress(OSError), open(self.folder / "filler", "ab", buffering=0) as file:
            while True:
                file.write(bytes(4_096))

    def make_room(self) -> None:
        """Takes away what fills it."""
        (self.folder / "filler").unlink()


CAPABILITIES = 0x20080522  # the version of Linux's capget and capset that this is
DAC_OVERRIDE, DAC_READ_SEARCH = 1 << 1, 1 << 2  # to write, and to read, whatever the permissions say


def obeying(do: Callable):
    """What `do` returns, done in a thread for which the permissions of files count, also where root runs the tests.

    It is still the owner of its files, and so may do what their owner may.
    """
    with ThreadPoolExecutor(1, initializer=_obey) as thread:
        return thread.submit(do).result()


def _obey() -> None:
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    for kind in range(3):  # the effective, the permitted and the inheritable ones
        sets[kind] &= ~(DAC_OVERRIDE | DAC_READ_SEARCH)
    assert libc.capset(header, sets) == 0, os.strerror(ctypes.get_errno())
