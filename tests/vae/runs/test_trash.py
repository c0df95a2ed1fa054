"""Deleted runs: out of the way at once, back within a minute, and gone for good after it."""

import pytest

from tests.vae.runs.test_s3 import address, s3  # noqa: F401  (fixtures)
from tests.vae.runs.test_store import train_in
from vae.config import RunConfig
from vae.runs import trash
from vae.runs.store import RunStore
from vae.runs.trash import NotDeleted


@pytest.fixture(params=["local", "s3"])
def held(request, tmp_path) -> RunStore:
    """A store: a folder, or on a real S3 server."""
    url = str(tmp_path / "store") if request.param == "local" else f"{request.getfixturevalue('s3')}/{tmp_path.name}"
    return RunStore(url)


def test_a_deleted_run_is_nowhere_and_comes_back_whole_within_a_minute(held, small, monkeypatch):
    train_in(held, small)
    before, bytes_before = held.metrics(small.run_id), held.size(small.run_id)
    assert bytes_before > 10_000
    held.delete(small.run_id)
    assert held.status(small.run_id).state == "absent" and small.run_id not in held.states()
    assert small.run_id not in held.run_ids() and held.deleted() == {small.run_id}
    assert held.undelete(small.run_id) and held.deleted() == set()
    held.verify(small.run_id)
    assert held.metrics(small.run_id) == before and held.size(small.run_id) == bytes_before

    held.delete(small.run_id)
    monkeypatch.setattr(trash, "UNDO", 0.0)
    held.empty_trash()
    assert not held.undelete(small.run_id) and held.upper.folders("deleted") == []


def test_a_run_that_was_asked_for_anew_is_not_written_over(held, small):
    train_in(held, small)
    held.delete(small.run_id)
    held.create(small)
    assert not held.undelete(small.run_id) and held.status(small.run_id).state == "queued"


def test_what_is_at_work_or_comes_with_the_project_stays_and_what_is_none_is_refused(held, small):
    held.create(small)
    with pytest.raises(NotDeleted, match="stop it first"):
        held.delete(small.run_id)
    held.set_control(small.run_id, "pause")
    with pytest.raises(NotDeleted, match="stop it first"):
        held.delete(small.run_id)  # its worker has not heard it yet
    held.confirm_pause(small.run_id)
    held.delete(small.run_id)
    with pytest.raises(NotDeleted, match="comes with the project"):
        held.delete(RunConfig().run_id)
    for none in (small.run_id, "classes", "deleted", "..", "", "../x"):
        with pytest.raises(KeyError):
            held.delete(none)
    assert held.status(RunConfig().run_id).state == "complete"
