"""Machines where little is allowed: the Dockerfile's steps, without its engine, and a disk that is only read."""

import fnmatch
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from pages.lessons import LESSONS
from tests import sandbox
from tests.browser.server import ROOT
from vae.config import RunConfig

SMALL = "--train-size 1000 --epochs 1 --batch-size 100"


@pytest.fixture(autouse=True)
def _sandboxes():
    if why := sandbox.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


@pytest.fixture
def image(tmp_path) -> Path:
    """A folder with what `COPY . .` puts into the image."""
    rules = (ROOT / ".dockerignore").read_text().split()
    ignored = [f"*/{rule[3:]}" if rule.startswith("**/") else f"/{rule}" for rule in rules]

    def left_out(folder: str, names: list[str]) -> set[str]:
        paths = {name: (Path(folder) / name).relative_to(ROOT).as_posix() for name in names}
        return {name for name, path in paths.items() if any(fnmatch.fnmatch(f"/{path}", rule) for rule in ignored)}

    shutil.copytree(ROOT, tmp_path / "lab", ignore=left_out)
    return tmp_path / "lab"


def steps() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, in their order."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return [tuple(line.split(" ", 1)) for line in lines if line and not line.startswith("#")]


def test_the_image_runs_as_nobody_on_a_read_only_disk_without_a_network(image):
    said = dict(steps())
    assert said["USER"] == f"{sandbox.USER}:{sandbox.USER}" and said["VOLUME"] == "/runs"
    names = {path.name for path in image.iterdir()}
    assert {"app.py", "vae", "pages", "assets", ".streamlit", "requirements.txt"} <= names
    assert names.isdisjoint({".git", ".venv", "tests"})
    environment = dict(pair.split("=/") for pair in said["ENV"].split())
    assert environment == {"HOME": "tmp", "VAE_STORE": "runs"}  # of which a sandbox has its own
    environment = {name: f"{sandbox.WRITABLE}/{place}" for name, place in environment.items()}
    check = said["HEALTHCHECK"].split("CMD ", 1)[1]
    asked = "import urllib.request as u; print(len(u.urlopen('http://127.0.0.1:8501/').read()))"
    done = sandbox.run(
        f"""
        {said["CMD"]} > $TMPDIR/log 2>&1 & server=$!
        until {check} 2> /dev/null; do kill -0 $server || break; sleep 0.2; done
        python -c "{asked}"
        python -m vae train {SMALL} 2> /dev/null
        touch /lab-was-here || echo nothing else can be written
        cat $TMPDIR/log
        """,
        image,
        *("tmp", "runs"),
        TMPDIR=environment["HOME"],
        **environment,
    )
    assert '"status": "complete"' in done.stdout and f'"path": "{sandbox.WRITABLE}/runs/vae-' in done.stdout, (
        done.stderr
    )
    assert int(done.stdout.split()[0]) > 500 and "nothing else can be written" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_image_has_all_that_is_needed_and_pip_is_asked_for_no_more():
    assert [rest for step, rest in steps() if step == "COPY"] == ["requirements.txt .", ". ."]
    [installed] = [rest for step, rest in steps() if step == "RUN" and "pip" in rest]
    assert installed.endswith("-r requirements.txt")
    python = re.fullmatch(r"python:(\d+)\.(\d+)-slim", dict(steps())["FROM"])
    assert python and (int(python[1]), int(python[2])) >= (3, 11)


def test_without_a_home_runs_are_kept_among_the_temporary_files():
    place = f"{sandbox.WRITABLE}/tmp"
    done = sandbox.run(f"python -m vae train {SMALL}", ROOT, "tmp", TMPDIR=place)
    assert done.returncode == 0, done.stderr
    name = RunConfig(train_size=1_000, epochs=1, batch_size=100).run_id
    assert f'"path": "{place}/ae-vae-lab-{sandbox.USER}/runs/{name}"' in done.stdout


# Goes through all pages as a browser does, with all that they fetch, and prints what is said in boxes.
TOUR = """
import asyncio
from tests.student import Seen, Student, http_sessions

class Reader(Student):
    def take(self, message, size):
        if said := message.delta.new_element.alert.body:
            print("said:", said)
        return super().take(message, size)

async def tour():
    async with http_sessions(1) as http:
        student = Reader("http://127.0.0.1:8501", Seen(), 0, http)
        async with student.connected():
            await student.open("")
            for page in list(student.pages):
                await student.open(page)
                print("page:", page, student.seen.errors)

asyncio.run(tour())
"""


def test_where_nothing_can_be_written_every_page_is_there_and_a_command_says_so_in_one_sentence():
    asked = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8501/_stcore/health').read())"
    done = sandbox.run(
        f"""
        python -m vae train {SMALL}
        (python -m uvicorn app:app --ws-per-message-deflate false --port 8501 2>&1 || echo ended) &
        until python -c "{asked}" 2> /dev/null; do kill -0 $! || break; sleep 0.2; done
        python -c {shlex.quote(TOUR)} || echo no tour
        """,
        ROOT,
    )
    assert "b'ok'" in done.stdout and "ended" not in done.stdout and "no tour" not in done.stdout, done.stdout
    pages = ["" if lesson is LESSONS[0] else lesson.name for lesson in LESSONS]
    assert [line for line in done.stdout.splitlines() if line.startswith("page:")] == [
        f"page: {page} []" for page in pages
    ]
    said = [line for line in done.stdout.splitlines() if line.startswith("said:")]
    assert said and all("the store /tmp/ae-vae-lab-10001/runs cannot be used: " in line for line in said)
    [sentence] = done.stderr.strip().splitlines()
    assert sentence.startswith("python -m vae: the store /tmp/ae-vae-lab-10001/runs cannot be used: ")
    assert "Traceback" not in done.stdout
