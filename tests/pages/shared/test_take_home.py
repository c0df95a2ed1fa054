"""What a page offers to take home is what the run is, and nothing that is no run's file."""

import asyncio
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.requests import Request
from starlette.responses import Response

from pages.shared import readings, take_home
from pages.shared.visitors import Paces
from tests.pages.seen import words
from vae.config import RunConfig
from vae.take_home.folder import FILES, contents

PAIR = RunConfig().autoencoder, RunConfig()


@pytest.fixture(autouse=True)
def pace(lab, monkeypatch) -> None:
    monkeypatch.setattr(take_home, "_asking", Paces(1_000, 1_000))


def get(run_id: str, name: str) -> Response:
    """What the server answers to who asks for a run's file."""
    asked = {"type": "http", "headers": [], "client": ("127.0.0.1", 1), "path_params": {"run_id": run_id, "name": name}}
    with ThreadPoolExecutor(1) as pool:  # a browser test leaves a loop running in this thread
        return pool.submit(lambda: asyncio.run(take_home.file(Request(asked)))).result()


@pytest.mark.parametrize("lesson", ["latent_space", "resampling", "walk", "train", "true_posterior"])
def test_a_page_offers_the_files_of_both_models(shown, lesson):
    said = words(shown(lesson))
    for config in PAIR:
        assert all(f"(./take_home/{config.run_id}/{name})" in said for name in FILES)


def test_a_page_of_a_run_that_has_not_ended_offers_none(visit):
    assert "take_home" not in words(visit("train", epochs=7))


def test_its_files_are_those_of_the_command():
    run_id = RunConfig().run_id
    expected = contents(run_id, readings.store())
    for name in FILES:
        answer = get(run_id, name)
        assert answer.body == expected[name]
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    with zipfile.ZipFile(io.BytesIO(get(run_id, "all.zip").body)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            f"{run_id}/{name}": content for name, content in expected.items()
        }


@pytest.mark.parametrize(
    "run_id, name",
    [
        ("vae-2d-000000000000", "model.py"),
        (RunConfig().run_id, "lease"),
        ("posteriors", "model.py"),
        ("../x", "model.py"),
    ],
)
def test_what_is_no_file_of_a_run_is_refused_in_words(run_id, name):
    answer = get(run_id, name)
    assert answer.status_code == 404 and answer.body.endswith(b".")


def test_who_asks_without_a_pause_is_slowed(monkeypatch):
    monkeypatch.setattr(take_home, "_asking", Paces(2, 0.01))
    assert [get(RunConfig().run_id, "config.json").status_code for _ in range(4)] == [200, 200, 429, 429]
