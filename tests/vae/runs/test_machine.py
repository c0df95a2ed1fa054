"""How many workers a machine has: by what a process may use of it, in groups such as Linux has, and as it is told."""

import os
import platform
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from vae.config import ConfigError
from vae.runs import machine
from vae.runs.queue import Runs
from vae.runs.store import RunStore
from vae.texts import quoted

GIB = 1 << 30


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Has the machine say that this process is in control groups with these files."""

    def groups(own: str, files: dict[str, str]) -> None:
        (tmp_path / "cgroup").write_text(own)
        for name, text in files.items():
            file = tmp_path / "mounted" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        monkeypatch.setattr(machine, "OWN_GROUPS", tmp_path / "cgroup")
        monkeypatch.setattr(machine, "GROUPS", tmp_path / "mounted")
        machine.cores.cache_clear()

    monkeypatch.delenv("VAE_WORKERS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(32)), raising=False)
    groups("", {})
    yield groups
    machine.cores.cache_clear()


VERSION_1 = "5:memory:/lab\n4:cpu,cpuacct:/lab\n1:name=systemd:/lab\n0::/\n"
V1 = {"cpu,cpuacct/lab/cpu.cfs_quota_us": "250000\n", "cpu,cpuacct/lab/cpu.cfs_period_us": "100000\n"}


@pytest.mark.parametrize(
    "own, files, cores",
    [
        ("", {}, 32),
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),  # a container of its own
        ("0::/\n", {"cpu.max": "max 100000\n"}, 32),
        ("0::/host/docker-1\n", {"cpu.max": "400000 100000\n"}, 4),  # a container that is told the host's path
        ("0::/lab/server\n", {"lab/cpu.max": "300000 100000\n", "lab/server/cpu.max": "800000 100000\n"}, 3),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),  # half a core
        ("0::/\n", {"cpu.max": "190000 100000\n"}, 1),  # the pages need the rest
        (VERSION_1, V1, 2),
        (VERSION_1, {name: "-1\n" for name in V1}, 32),
        (VERSION_1, {name.replace("/lab", ""): text for name, text in V1.items()}, 2),
        (VERSION_1, {"unified/cpu.max": "700000 100000\n"}, 7),  # both versions at a time
        ("0::/\n", {"cpu.max": "nonsense\n"}, 32),
    ],
)
def test_a_quota_of_cores_is_kept(groups, own, files, cores):
    groups(own, files)
    assert machine.cores() == cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinities")
def test_a_process_that_may_use_one_core_has_one_worker():
    program = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); from vae.runs import machine; "
        "print(machine.cores(), machine.workers())"
    )
    theirs = {name: value for name, value in os.environ.items() if name != "VAE_WORKERS"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[3], env=theirs, capture_output=True, check=True
    )
    assert done.stdout.split() == [b"1", b"1"]


@pytest.mark.parametrize(
    "own, files, free",
    [
        ("0::/\n", {"memory.max": f"{2 * GIB}\n", "memory.current": f"{GIB}\n"}, GIB),
        ("0::/\n", {"memory.max": "max\n", "memory.current": f"{GIB}\n"}, 64 * GIB),
        (
            VERSION_1,
            {
                "memory/lab/memory.limit_in_bytes": f"{3 * GIB}\n",
                "memory/lab/memory.usage_in_bytes": f"{2 * GIB}\n",
                "memory/lab/memory.stat": f"inactive_file 0\ntotal_inactive_file {GIB // 2}\n",
            },
            3 * GIB // 2,
        ),
        ("0::/\n", {"memory.max": f"{GIB}\n", "memory.current": f"{GIB + 1}\n"}, 0),
    ],
)
def test_a_limit_of_memory_is_kept_and_decides_when_workers_start(groups, monkeypatch, own, files, free):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=64 * GIB))
    groups(own, files)
    assert machine.available_memory() == free
    assert machine.start_after() == (machine.FIRST_LOOK if free >= 2 * GIB else None)
    assert machine.workers() == max(1, min(32, free // machine.WORKER))


def test_a_graphics_card_is_shared_by_few(groups):
    assert machine.workers("cuda") == machine.ON_A_CARD < 32
    groups("0::/\n", {"cpu.max": "200000 100000\n"})
    assert machine.workers("cuda") == 2


def test_the_environment_names_another_number(groups, monkeypatch):
    for named in ("0", "1", "40", "256"):
        monkeypatch.setenv("VAE_WORKERS", named)
        assert machine.workers() == machine.workers("cuda") == int(named)
    for named in ("257", "-1", "1.5", "two", "²", "9" * 5_000, " "):
        monkeypatch.setenv("VAE_WORKERS", named)
        with pytest.raises(ConfigError) as refused:
            machine.workers()
        assert str(refused.value) == (
            f"VAE_WORKERS = {quoted(named)} is not allowed: a whole number from 0 (training is off here) to 256"
        )


def test_the_environment_says_how_far_trainings_stand_back(monkeypatch, tmp_path):
    monkeypatch.delenv("VAE_NICE")
    assert machine.niceness() == 19
    for named in ("0", "7", "19"):
        monkeypatch.setenv("VAE_NICE", named)
        assert machine.niceness() == int(named)
    for named in ("20", "-1", "1.5", "nice", "²", "9" * 5_000, " "):
        monkeypatch.setenv("VAE_NICE", named)
        with pytest.raises(ConfigError) as refused:  # at the start, and not in a worker
            Runs(RunStore(str(tmp_path)))
        assert (
            str(refused.value)
            == f"VAE_NICE = {quoted(named)} is not allowed: a whole number from 0 (as the pages) to 19"
        )


def test_what_many_threads_have_freed_is_given_back():
    def fill() -> None:
        kept = [bytearray(60_000) for _ in range(500)]  # 30 MB in pieces, from this thread's own pool
        pins.append(kept[-1])  # which keeps the pool's end from being given back
        held.wait()

    pins, held = [], threading.Barrier(4)
    threads = [threading.Thread(target=fill) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    before = psutil.Process().memory_info().rss
    assert machine.give_memory_back() == (platform.libc_ver()[0] == "glibc")
    if platform.libc_ver()[0] == "glibc":
        assert before - psutil.Process().memory_info().rss > 40e6
