"""A store without room, that cannot be written, or with something else in a file's place: words, and nothing lost."""

import contextlib
import errno
import os
import resource
import shutil
import signal
import time

import pytest

from tests import sandbox
from tests.vae.runs.test_store import damage, put_complete, train_in
from vae.runs import files as files_module
from vae.runs import writer
from vae.runs.files import Files, SpoiledFile, StoreError, StoreFault
from vae.runs.store import DamagedRun, RunStore
from vae.runs.worker import advance


@pytest.fixture
def full(monkeypatch):
    """A disk that is full, or has another fault, for as long as it says so: what the system answers to any writing."""

    class Disk:
        fault = 0

    opened = open

    def refusing(file, mode="r", *args, **kwargs):
        opened_file = opened(file, mode, *args, **kwargs)
        if Disk.fault and "w" in mode:
            opened_file.write(b"half")
            opened_file.close()
            raise OSError(Disk.fault, os.strerror(Disk.fault))
        return opened_file

    monkeypatch.setattr(files_module, "open", refusing, raising=False)
    return Disk


@pytest.mark.parametrize("fault, words", [(errno.ENOSPC, "no space left"), (errno.EROFS, "read-only file system")])
def test_a_store_that_cannot_be_written_says_so_leaves_nothing_and_with_room_again_a_run_goes_on(
    tmp_path, small, full, fault, words
):
    store = RunStore(str(tmp_path))
    store.create(small)
    training = advance(small, store)
    for _ in range(8):
        next(training)
    full.fault = fault
    with pytest.raises(StoreFault, match=words) as said:
        list(training)
    assert str(tmp_path) in str(said.value) and "VAE_STORE" in str(said.value)
    assert not list(tmp_path.rglob("*.unfinished"))
    full.fault = 0
    assert store.status(small.run_id).is_active
    assert train_in(store, small)["model_sha256"] == put_complete(RunStore(str(tmp_path / "b")), small)["model_sha256"]
    store.verify(small.run_id)


def test_a_real_limit_on_what_may_be_written_is_said_in_words(tmp_path):
    files, before = Files(str(tmp_path)), resource.getrlimit(resource.RLIMIT_FSIZE)
    files.write("file", b"old")
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(StoreFault, match="file too large"):
            files.write("file", b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert files.read("file") == b"old" and files.files("") == ["file"] == os.listdir(tmp_path)


def test_a_damaged_run_is_set_aside_also_where_the_reason_cannot_be_written(tmp_path, small, full):
    store = RunStore(str(tmp_path))
    put_complete(store, small)
    damage(store, f"{small.run_id}/model.safetensors", "flip")
    full.fault = errno.ENOSPC
    store.set_aside(small.run_id, "its model is damaged")
    full.fault = 0
    assert store.status(small.run_id).state == "absent"
    [report] = store.damage_reports(small.run_id)
    assert "the reason could not be written" in report
    assert train_in(store, small)["status"] == "complete"


def test_what_killed_writers_left_is_swept_when_it_is_old(tmp_path, small, monkeypatch):
    store = RunStore(str(tmp_path))
    store.create(small)
    folder = tmp_path / small.run_id / "snapshots"
    folder.mkdir()
    old, new = folder / "4.safetensors.1-1.unfinished", folder / "4.safetensors.1-2.unfinished"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (1e9, 1e9))
    training = advance(small, store)
    next(training)
    assert (old.exists(), new.exists()) == (False, True)
    made = time.time() - writer.WRITTEN  # by a writer that was killed a moment ago, and whose run this one goes on with
    os.utime(new, (made, made))
    just_now = folder / "8.safetensors.1-3.unfinished"
    for _ in training:
        just_now.write_bytes(b"half")
        os.utime(just_now, (soon := time.time() + 60, soon))  # just now, however long the run's end takes
    assert (new.exists(), just_now.exists()) == (False, True) and store.status(small.run_id).state == "complete"


SPOILED = {
    "a folder": lambda path: path.mkdir(parents=True),
    "a loop of links": lambda path: path.symlink_to(path),
    "a dangling link": lambda path: path.symlink_to("/nothing/there"),
}


@pytest.mark.parametrize("what", SPOILED)
@pytest.mark.parametrize(
    "name", ["config.json", "metrics.json", "history.jsonl", "control.json", "paused.json", "lease"]
)
def test_something_else_in_a_files_place_is_one_runs_damage_and_the_run_can_be_trained_again(
    tmp_path, small, what, name, monkeypatch
):
    store = RunStore(str(tmp_path))
    train_in(store, small, until=8) if name in ("control.json", "lease") else put_complete(store, small)
    stem, folder = name.split(".")[0], tmp_path / small.run_id
    path = next((found for found in folder.iterdir() if found.name.startswith(stem)), folder / name)
    if path.exists():
        path.unlink() if path.is_file() else shutil.rmtree(path)
    SPOILED[what](path)
    with contextlib.suppress(KeyError):
        try:
            store.status(small.run_id)
            store.verify(small.run_id)
        except DamagedRun as damaged:
            assert name.split(".")[0] in str(damaged)
            store.set_aside(small.run_id, str(damaged))
    assert train_in(store, small)["status"] == "complete"


def test_a_file_of_too_many_bytes_is_not_read(tmp_path):
    files = Files(str(tmp_path))
    files.write("file", b"x" * 1_000)
    assert len(files.read("file", 1_000)) == 1_000
    with pytest.raises(SpoiledFile, match="more than 999 bytes"):
        files.read("file", 999)


@pytest.mark.parametrize("url", ["file/runs", "nonsense://bucket/runs", "/proc/runs", "s3-like-but-unknown://x/y"])
def test_a_store_that_cannot_be_written_can_be_looked_at(tmp_path, small, monkeypatch, url):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no folder")
    pretrained = RunStore(str(tmp_path / "lower"), pretrained=tmp_path / "nothing")
    put_complete(pretrained, small)
    with pytest.raises(StoreError):
        RunStore(url, pretrained=pretrained.url)
    store = RunStore(url, pretrained=pretrained.url, to_write=False)
    assert "cannot be used" in store.read_only
    assert store.run_ids() == [small.run_id] and store.model(small.run_id)
    with pytest.raises(StoreError):
        store.set_control(small.run_id, "run")


def test_the_runs_of_a_folder_that_cannot_be_written_are_shown(tmp_path, small, monkeypatch):
    put_complete(RunStore(str(tmp_path)), small)
    monkeypatch.setattr(os, "access", lambda *_: False)
    store = RunStore(str(tmp_path), to_write=False)
    assert "not writable" in store.read_only and store.status(small.run_id).state == "complete"


@pytest.mark.parametrize("place", ["", "b/"])
def test_a_new_file_is_made_once(tmp_path, place):
    files = Files(str(tmp_path))
    assert [files.create(f"{place}file", content) for content in (b"1", b"2")] == [True, False]
    assert files.read(f"{place}file") == b"1" and not list(tmp_path.rglob("*.unfinished"))


def test_a_file_system_without_hard_links_makes_a_new_file_once_too(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refused)
    files = Files(str(tmp_path))
    assert [files.create("file", content) for content in (b"1", b"2")] == [True, False]
    assert files.read("file") == b"1" and os.listdir(tmp_path) == ["file"]


ACTS = {
    "replace": lambda files: files.write("file", b"new"),
    "open": lambda files: files.read("file"),
    "rename": lambda files: files.move("folder", "damaged/folder"),
    "remove": lambda files: files.delete("file"),
    "rmdir": lambda files: files.delete("folder"),
}


@pytest.mark.parametrize("act", ACTS)
def test_what_the_system_refuses_for_a_moment_is_tried_again(tmp_path, monkeypatch, act):
    """As Windows does while somebody else has the file open; here it is done as soon as the refusals are over."""
    files, refusals = Files(str(tmp_path)), 3
    for path in ("file", "folder/file"):
        files.write(path, b"old")
    place, name = (files_module, act) if act == "open" else (os, "replace" if act == "rename" else act)
    do = open if act == "open" else getattr(os, name)

    def busy(path, *more, **named):
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise PermissionError(errno.EACCES, "in use")
        return do(path, *more, **named)

    monkeypatch.setattr(place, name, busy, raising=False)
    monkeypatch.setattr(files_module, "TRIES", (0.0,) * 3)
    ACTS[act](files)
    assert refusals == 0
    monkeypatch.undo()
    there = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    left = {"file": b"old", "folder/file": b"old"}
    expected = {
        "replace": left | {"file": b"new"},
        "open": left,
        "rename": {"file": b"old", "damaged/folder/file": b"old"},
        "remove": {"folder/file": b"old"},
        "rmdir": {"file": b"old"},
    }
    assert there == expected[act] and (act != "rmdir" or not (tmp_path / "folder").exists())


def test_a_folder_into_which_somebody_puts_a_file_meanwhile_is_removed_all_the_same(tmp_path, monkeypatch):
    files, late = Files(str(tmp_path)), ["a lease", "another"]
    files.write("run/config.json", b"{}")
    rmdir = os.rmdir

    def filled(path, *more, **named):
        if late and str(path).endswith("run"):
            (tmp_path / "run" / late.pop()).write_bytes(b"")
        return rmdir(path, *more, **named)

    monkeypatch.setattr(os, "rmdir", filled)
    files.delete("run")
    assert not late and not (tmp_path / "run").exists()


def test_what_the_system_refuses_for_good_is_said_in_words(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(errno.EACCES, "in use")

    files = Files(str(tmp_path))
    files.write("folder/file", b"old")
    monkeypatch.setattr(files_module, "TRIES", (0.0,) * 3)
    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(StoreFault, match="in use"):
        files.move("folder", "damaged/folder")
    assert files.read("folder/file") == b"old"


MAY_NOT_BE_READ = ["config.json", "metrics.json", "history", "model", "snapshots"]


@pytest.mark.parametrize("name", MAY_NOT_BE_READ)
def test_a_file_of_a_run_that_may_not_be_read_is_that_runs_damage(tmp_path, small, name):
    store = RunStore(str(tmp_path), pretrained=tmp_path / "nothing")
    put_complete(store, small)
    folder = tmp_path / small.run_id
    place = next(path for path in folder.iterdir() if path.name.startswith(name))
    place.chmod(0)

    def asked() -> str:
        with pytest.raises(DamagedRun) as damaged:
            store.status(small.run_id)
            store.verify(small.run_id)
        store.set_aside(small.run_id, str(damaged.value))
        return str(damaged.value)

    said = sandbox.obeying(asked)
    for path in (place, *tmp_path.glob(f"damaged/*/{place.relative_to(folder)}")):
        path.chmod(0o700) if path.exists() else None
    assert said.startswith(f"run {small.run_id} is damaged: {name}") and said.endswith("permission denied"), said
    assert store.damage_reports(small.run_id) == [said] and store.status(small.run_id).state == "absent"
    assert train_in(store, small)["status"] == "complete"


@pytest.mark.parametrize("mode", [0o500, 0o000])
@pytest.mark.parametrize("place", ["runs", "runs/{run_id}"])
def test_a_folder_in_which_nothing_may_be_written_any_more_is_one_sentence(tmp_path, small, mode, place):
    store = RunStore(str(tmp_path / "runs"), pretrained=tmp_path / "nothing")
    folder = tmp_path / place.format(run_id=small.run_id)
    folder.mkdir(exist_ok=True)
    folder.chmod(mode)

    def asked() -> str:
        assert store.status(small.run_id).state == "absent"
        with pytest.raises(StoreFault) as said:
            store.create(small)
        return str(said.value)

    said = sandbox.obeying(asked)
    folder.chmod(0o700)
    assert said.startswith(f"the store {store.url} cannot be written: permission denied. See to it, and what was begun")
