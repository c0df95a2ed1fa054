"""`python -m tests.mutate`: makes careless changes to the sources, one at a time; prints which of them no test notices.

The tables in tests/mutations say what is changed and which tests should fail then. Each change is made in a copy of the
tree, two copies at once. Name a table (`runs`), one of its changes (`runs.3`) or a file (`vae/data.py`) to try only
these. Exit status: 0 when all were noticed, 1 when one was not or could not be tried.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import psutil

ROOT = Path(__file__).parents[1]
TABLES = ROOT / "tests" / "mutations"
LIMIT = 300.0  # seconds: tests that take longer under a change hang
PASSED, FAILED = 0, 1  # pytest's exit status; any other says that it could not run the tests
PATIENCE = "100"  # seconds: what does not come by then was noticed
NOTICED = "noticed"


class BadTable(ValueError):
    """An entry of a table that cannot be tried; the message names it and says why."""


@dataclass(frozen=True)
class Change:
    """One careless change: `text` of a file becomes `to`.

    noticed_by: the tests that should fail then; equivalent: why none can, for a change that changes nothing.
    """

    name: str
    file: str
    text: str
    to: str
    noticed_by: tuple[str, ...] = ()
    equivalent: str = ""

    def check(self, root: Path) -> None:
        """Raises BadTable unless the change can be made and says who notices it, or why nobody can."""
        found = (root / self.file).read_text(encoding="utf-8").count(self.text) if (root / self.file).exists() else 0
        if found != 1:
            raise BadTable(f"{self.name}: {self.file} has this text {found} times, not once: {self.text!r}")
        if self.text == self.to or bool(self.noticed_by) == bool(self.equivalent):
            raise BadTable(f"{self.name}: it needs another text, and either noticed_by or equivalent")


def read_tables(folder: Path) -> list[Change]:
    """Every change of every table, named by its table and its place there: runs.1, runs.2, ..."""
    changes = []
    for table in sorted(folder.glob("*.toml")):
        for number, entry in enumerate(tomllib.loads(table.read_text(encoding="utf-8"))["change"], 1):
            entry["noticed_by"] = tuple(entry.get("noticed_by", ()))
            changes.append(Change(f"{table.stem}.{number}", **entry))
    return changes


def copy_tree(target: Path, root: Path) -> None:
    """Copies the sources, tests and data."""
    shutil.copytree(root, target, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__"))


@contextlib.contextmanager
def changed(change: Change, root: Path) -> Iterator[None]:
    """The tree with the change made."""
    file = root / change.file
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace(change.text, change.to), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


def run_tests(root: Path, tests: tuple[str, ...], *options: str, limit: float | None = None) -> tuple[int | None, str]:
    """pytest's exit status and what it printed; no status for tests that do not end within the limit, in seconds."""
    plugins = ["-p", "no:cacheprovider", "-p", "xdist.plugin"]
    command = [sys.executable, "-m", "pytest", "-x", "-q", *plugins, *options, *tests]
    # Without files of bytecode: one of the text before, of the same size and second, would be taken for the new one.
    # And without the plugins that are merely installed: they take half of the time in which pytest starts.
    quick = {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = os.environ | quick | {"CI": "true", "TEST_PATIENCE": PATIENCE}
    with tempfile.TemporaryFile() as output:
        tests_run = subprocess.Popen(command, cwd=root, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            status = tests_run.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(tests_run)
        output.seek(0)
        return status, output.read().decode(errors="replace")


def _end(process: subprocess.Popen) -> None:
    """Kills a process that still runs, and all that it has started."""
    if process.poll() is None:
        for one in [*psutil.Process(process.pid).children(recursive=True), process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()


def outcome(change: Change, root: Path) -> str:
    """NOTICED, that no test noticed the change, or why it could not be tried."""
    with changed(change, root):
        status, output = run_tests(root, change.noticed_by, "-n0", limit=LIMIT)
    words = {FAILED: NOTICED, PASSED: "NOT NOTICED", None: f"ITS TESTS DID NOT END within {LIMIT:.0f} s"}
    return words.get(status, f"CANNOT BE TRIED: {output[-2_000:]}")


def try_changes(changes: list[Change], at_once: int, root: Path) -> dict[Change, str]:
    """The outcome of each change, printed as it comes; raises BadTable when the tests fail without any change."""
    outcomes: dict[Change, str] = {}
    if not changes:
        return outcomes
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for number in range(at_once):
            copies.put(Path(folder, str(number)))
            copy_tree(Path(folder, str(number)), root)
        tests = tuple(dict.fromkeys(test for change in changes for test in change.noticed_by))
        status, output = run_tests(Path(folder, "0"), tests, f"-n{at_once if at_once > 1 else 0}")
        if status != PASSED:
            raise BadTable(f"the tests fail without any change:\n{output}")

        def try_one(change: Change) -> None:
            copy, began = copies.get(), time.monotonic()
            try:
                outcomes[change] = outcome(change, copy)
            finally:
                copies.put(copy)
            place = f"{len(outcomes)}/{len(changes)}"
            print(f"{place:>8} {time.monotonic() - began:4.0f} s  {_line(change)}: {outcomes[change]}", flush=True)

        with ThreadPoolExecutor(at_once) as tries:
            list(tries.map(try_one, changes))
    return outcomes


def _line(change: Change) -> str:
    def short(text: str) -> str:
        return " ".join(text.split())[:60]

    return f"{change.name} {change.file}: {short(change.text)} -> {short(change.to)}"


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("which", nargs="*", help="a table, one of its changes, or a file; all without any")
    parser.add_argument("--at-once", type=int, default=2, help="copies that are tried at a time (default 2)")
    parser.add_argument("--list", action="store_true", help="print the changes and try none")
    given = parser.parse_args(arguments)

    def is_meant(change: Change) -> bool:
        return not given.which or bool({change.name, change.name.split(".")[0], change.file} & set(given.which))

    began, changes = time.monotonic(), [change for change in read_tables(TABLES) if is_meant(change)]
    if not changes:
        parser.error(f"there is no table, change or file {' '.join(given.which)}")
    if given.list:
        print("\n".join(map(_line, changes)))
        return 0
    try:
        for change in changes:
            change.check(ROOT)
        outcomes = try_changes([change for change in changes if change.noticed_by], given.at_once, ROOT)
    except BadTable as error:
        print(error, file=sys.stderr)
        return 1
    missed = {change: said for change, said in outcomes.items() if said != NOTICED}
    for change in changes:
        if change.equivalent:
            print(f"equivalent: {_line(change)}: {change.equivalent}")
    print(f"{len(outcomes) - len(missed)} of {len(outcomes)} noticed, {time.monotonic() - began:.0f} s")
    for change, said in missed.items():
        print(f"{_line(change)}: {said}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
