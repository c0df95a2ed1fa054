"""What is written is read back whole or not at all, on a local folder and on any other fsspec address."""

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import fsspec
import numpy as np
import platformdirs
import pytest
import torch

from vae.__main__ import PRETRAINED_RUNS
from vae.config import RECIPE, RunConfig
from vae.runs import worker
from vae.runs.files import Files
from vae.runs.states import ACTIVE, ENDED, SETTLED, STARTABLE, STATES, UNFINISHED, USABLE, WITH_MODEL, RunStatus
from vae.runs.store import PRETRAINED, DamagedRun, RunStore, StoreError, default_store_url
from vae.runs.worker import advance
from vae.training.schedules import snapshot_steps

reading = Files.read  # as it is when nobody counts
# Runs that come with the project for what they teach when they fail.
FAILED = {c.run_id for c in PRETRAINED_RUNS if c.sigma == "raw" or (c.sigma, c.learning_rate) == ("log", 0.03)}


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path) -> RunStore:
    url = str(tmp_path / "runs") if request.param == "folder" else f"memory://{uuid.uuid4().hex}/runs"
    return RunStore(url, pretrained=tmp_path / "nothing")


def train_in(store: RunStore, config: RunConfig, until: int | None = None) -> dict | None:
    """Asks for the run and trains it, to its end or as if it had been killed after a step; returns its metrics."""
    store.create(config)
    for snapshot in advance(config, store):
        if snapshot.losses.step == until:
            break
    return store.metrics(config.run_id)


def files_of(store: RunStore, folder: str) -> dict[str, bytes]:
    """What lies in a folder of the store: path in the folder -> content."""
    fs, root = store.upper.fs, f"{store.upper.root}/{folder}"
    return {path.split(f"/{folder}/", 1)[1]: fs.cat_file(path) for path in fs.find(root)}


@functools.cache
def complete(config: RunConfig) -> dict[str, bytes]:
    """The files of a run that has come to its end, trained once for all tests."""
    store = RunStore(f"memory://{uuid.uuid4().hex}/complete", pretrained="/nothing")
    train_in(store, config)
    return files_of(store, config.run_id)


def put_complete(store: RunStore, config: RunConfig) -> dict:
    """Puts a complete run into the store; returns its metrics."""
    for path, content in complete(config).items():
        store.upper.write(f"{config.run_id}/{path}", content)
    return store.metrics(config.run_id)


class Killed(BaseException):
    """The end of a process, for which nothing in it is ready."""


def killed(*_, **__):
    raise Killed


def killed_while_writing(store: RunStore):
    """Where a writer is killed before its file is in place: what to patch, and the name there."""
    return (os, "replace") if store.upper.is_local else (store.upper.fs, "pipe_file")


def plain(text: str) -> str:
    """File names without the checksums in them."""
    return re.sub(r"-[0-9a-f]{16}(?=\.)", "", text)


def line_of(step: int, seconds: float = 1.0, **more) -> dict:
    """A line of a history."""
    losses = {"total": 150.0, "reconstruction": 145.0, "kl": 5.0, "kl_per_dimension": [4.0, 1.0], "kl_weight": 1.0}
    return {"step": step, "epoch": 0.5, **losses, "seconds": seconds, **more}


def damage(store: RunStore, path: str, how: str) -> None:
    """Harms a file, which is named by its path without the checksum in it."""
    run_id, name = path.split("/", 1)
    [path] = [f"{run_id}/{found}" for found in files_of(store, run_id) if plain(found) == name]
    content = store.upper.read(path)
    if how == "flip":
        middle = len(content) // 2
        store.upper.write(path, content[:middle] + bytes([content[middle] ^ 0x80]) + content[middle + 1 :])
    elif how == "truncate":
        store.upper.write(path, content[: len(content) // 2])
    else:
        store.upper.delete(path)


def test_a_run_under_way_and_a_complete_run_have_the_files_of_the_layout(store, small, monkeypatch):
    monkeypatch.setattr(worker, "CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr(worker, "CHECKPOINT_SPACING", 0)
    train_in(store, small, until=16)
    pictured = {f"snapshots/{step}.safetensors" for step in snapshot_steps(small, pictures=True) if step <= 16}
    under_way = {*map(plain, files_of(store, small.run_id))}
    [checkpoint] = [name for name in under_way if name.startswith("checkpoint/")]
    wishes = {"config.json", "control.json", "lease/1.json"}
    assert under_way == {*wishes, "history.jsonl", checkpoint, *pictured}

    train_in(store, small)
    pictured = {f"snapshots/{step}.safetensors" for step in snapshot_steps(small, pictures=True)}
    assert {*map(plain, files_of(store, small.run_id))} == {
        *("config.json", "control.json", "lease/2.json", "history.jsonl", "model.safetensors", "metrics.json"),
        *pictured,
    }
    assert "history.jsonl" not in files_of(store, small.run_id)  # of the training; the whole one has a checksum
    store.verify(small.run_id)


def test_what_is_written_is_what_is_read(store, small):
    store.create(small)
    snapshots = []
    for snapshot in advance(small, store):
        snapshots.append((snapshot.losses, snapshot.pictures))
    assert store.config(small.run_id) == small
    history = store.history(small.run_id)
    assert [{k: v for k, v in line.items() if k != "pictures"} for line in history] == [
        losses.to_dict() for losses, _ in snapshots
    ]
    for line, (_, pictures) in zip(history, snapshots):
        assert ("pictures" in line) == (pictures is not None)
        if pictures:
            kept = store.snapshot(small.run_id, line)
            assert kept.keys() == pictures.keys()
            for name in ("reconstructions", "samples"):
                np.testing.assert_allclose(kept[name], pictures[name], atol=0.5 / 255 + 1e-6, rtol=0)
            for name in ("mu", "log_sigma"):
                np.testing.assert_allclose(kept[name], pictures[name], atol=1e-6, rtol=2**-11)
    model = store.model(small.run_id).state_dict()
    assert all(torch.equal(model[name], tensor) for name, tensor in snapshot.model.state_dict().items())


def test_the_status_follows_a_run_through_its_life(store, small):
    run_id = small.run_id
    assert store.status(run_id).state == "absent"
    store.create(small)
    assert (store.status(run_id).state, store.status(run_id).is_active) == ("queued", True)
    train_in(store, small, until=8)
    running = store.status(run_id)
    assert (running.state, running.step, running.total_steps) == ("running", 8, small.total_steps)
    assert running.seconds == store.history(run_id)[-1]["seconds"] > 0
    assert running.seconds_left == pytest.approx(running.seconds * 12 / 8)
    store.set_control(run_id, "pause")
    assert (store.status(run_id).state, store.status(run_id).is_active) == ("pausing", True)
    for _ in advance(small, store):
        pass
    assert (store.status(run_id).state, store.status(run_id).is_active) == ("paused", False)
    store.set_control(run_id, "pause")  # of somebody else, who does not know: a worker will confirm that too
    assert store.status(run_id).state == "pausing"
    store.set_control(run_id, "stop")
    assert (store.status(run_id).state, store.status(run_id).is_active) == ("stopping", True)
    for _ in advance(small, store):
        pass
    stopped = store.status(run_id)
    assert (stopped.state, stopped.step, stopped.total_steps) == ("stopped", 1, small.total_steps)
    assert stopped.seconds == store.history(run_id)[-1]["seconds"] > 0
    store.create(small)
    assert store.status(run_id).state == "running"
    train_in(store, small)
    ended = store.status(run_id)
    assert (ended.state, ended.step, ended.total_steps) == ("complete", small.total_steps, small.total_steps)
    assert store.run_ids() == [run_id]


def test_a_state_says_whether_more_is_to_come_and_whether_there_is_a_model():
    def states(has: str) -> set[str]:
        return {state for state in STATES if getattr(RunStatus(state), has)}

    active, ended = {"queued", "running", "pausing", "stopping"}, {"stopped", "complete", "diverged", "failed"}
    assert STATES.keys() == {"absent", *active, "paused", *ended}
    assert states("is_active") == ACTIVE == active and {*active, "paused"} == UNFINISHED
    assert states("has_model") == WITH_MODEL == {"complete", "stopped", "diverged"}
    assert ended == ENDED and {"complete", "diverged"} == SETTLED and {"complete", "stopped"} == USABLE
    assert {"absent", "paused", "stopped", "failed"} == STARTABLE


def test_the_time_left_is_told_once_a_twentieth_of_the_run_is_done():
    assert [RunStatus("running", step, 100, 2.0).seconds_left for step in (0, 5)] == [None, None]
    assert RunStatus("running", 6, 100, 2.0).seconds_left == pytest.approx(2.0 / 6 * 94)


@pytest.mark.parametrize(
    "name", ["config.json", "metrics.json", "history.jsonl", "model.safetensors", "snapshots/16.safetensors"]
)
def test_a_damaged_file_is_noticed_by_name_and_the_run_is_trained_again_to_the_same_weights(store, small, name):
    run_id, reports = small.run_id, []
    for how in ("flip", "truncate", "delete"):
        sha256 = put_complete(store, small)["model_sha256"]
        damage(store, f"{run_id}/{name}", how)
        left = files_of(store, run_id)
        if (name, how) == ("metrics.json", "delete"):
            assert store.status(run_id).is_active  # without it a run has not ended
            break
        with pytest.raises(DamagedRun) as damaged:
            store.verify(run_id)
        assert name in plain(str(damaged.value))
        reports.append(str(damaged.value))
        place = store.set_aside(run_id, reports[-1])
        folder = max(store.upper.folders("damaged"))  # the time is the end of its name
        assert place == store.upper.address(f"damaged/{folder}")
        assert files_of(store, f"damaged/{folder}") == {**left, "reason.txt": reports[-1].encode()}
        assert sorted(store.damage_reports(run_id)) == sorted(reports)
        assert store.status(run_id).state == "absent" and store.run_ids() == [] and files_of(store, run_id) == {}
    assert train_in(store, small)["model_sha256"] == sha256
    store.verify(run_id)


@pytest.mark.parametrize("how", ["flip", "truncate"])
def test_a_damaged_checkpoint_is_noticed_by_name(store, small, how, monkeypatch):
    monkeypatch.setattr(worker, "CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr(worker, "CHECKPOINT_SPACING", 0)
    train_in(store, small, until=16)
    [name] = store.upper.files(f"{small.run_id}/checkpoint")
    content = store.upper.read(path := f"{small.run_id}/checkpoint/{name}")
    harmed = content[:-1] if how == "truncate" else content[:-1] + bytes([content[-1] ^ 0x80])
    store.upper.write(path, harmed)
    with pytest.raises(DamagedRun, match=f"checkpoint/{name}"):
        store.checkpoint(small.run_id)


def test_who_comes_upon_a_run_just_set_aside_is_told_the_same_place(store, small):
    def spoil() -> None:
        store.create(small)
        store.upper.write(f"{small.run_id}/config.json", b"{")

    spoil()
    place = store.set_aside(small.run_id, "its model is damaged")
    assert store.set_aside(small.run_id, "its config is missing") == place
    assert store.damage_reports(small.run_id) == ["its model is damaged"]
    spoil()
    assert store.set_aside(small.run_id, "damaged again") != place
    assert sorted(store.damage_reports(small.run_id)) == ["damaged again", "its model is damaged"]
    assert store.damage_reports(replace(small, seed=1).run_id) == []


ANOTHER_SERVER = """
import sys
from vae.runs.store import DamagedRun, RunStore
from vae.config import RunConfig
from vae.runs.worker import advance
store, config = RunStore(sys.argv[1], pretrained=sys.argv[2]), RunConfig(**eval(sys.argv[3]))
store.set_aside(config.run_id, "found by another server")
if sys.argv[4] != "set aside":
    store.create(config)
if sys.argv[4] == "trained anew":
    *_, _ = advance(config, store)
"""


@pytest.mark.parametrize("meanwhile", ["set aside", "asked for anew", "trained anew"])
@pytest.mark.parametrize("layer", ["own", "pretrained"])
def test_a_run_that_another_server_set_aside_and_began_anew_stays(tmp_path, small, meanwhile, layer):
    """In a process of its own: what one server remembers, another one does not know."""
    own, below = tmp_path / "runs", tmp_path / "pretrained"
    store = RunStore(str(own), pretrained=below)
    spoiled = store if layer == "own" else RunStore(str(below), pretrained=tmp_path / "nothing")
    put_complete(spoiled, small)
    damage(spoiled, f"{small.run_id}/model.safetensors", "flip")
    with pytest.raises(DamagedRun) as damaged:
        store.verify(small.run_id)
    values = {"train_size": 1_000, "batch_size": 100, "hidden_dims": (16,), "epochs": 2}
    arguments = [str(own), str(below), repr(values), meanwhile]
    subprocess.run([sys.executable, "-c", ANOTHER_SERVER, *arguments], check=True, cwd=Path(__file__).parents[3])
    before = files_of(store, small.run_id)
    place = store.set_aside(small.run_id, str(damaged.value))
    assert files_of(store, small.run_id) == before
    assert store.damage_reports(small.run_id) == ["found by another server"] and place.startswith(f"{own}/damaged/")
    state = {"set aside": "absent", "asked for anew": "queued", "trained anew": "complete"}[meanwhile]
    assert store.status(small.run_id).state == state


def state_at(step: int) -> dict[str, torch.Tensor]:
    """What a checkpoint of a step holds, in small."""
    return {"step": torch.tensor(step), "model.weight": torch.full((3,), float(step))}


@pytest.mark.parametrize("moment, there", [("before the new one is in place", 9), ("before the old one is gone", 10)])
def test_a_writer_killed_within_a_checkpoint_leaves_one_to_go_on_from(store, small, monkeypatch, moment, there):
    store.create(small)
    store.write_checkpoint(small.run_id, state_at(9), [line_of(9)])
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(*(killed_while_writing(store) if there == 9 else (store.upper, "delete")), killed)
        store.write_checkpoint(small.run_id, state_at(10), [line_of(9), line_of(10)])
    assert len(store.upper.files(f"{small.run_id}/checkpoint")) == there - 8  # the newest is so by its number
    kept = store.checkpoint(small.run_id)
    assert all(np.array_equal(kept[name], value) for name, value in state_at(there).items())
    assert store.curves(small.run_id, kept) == [line_of(step) for step in range(9, there + 1)]
    store.write_checkpoint(small.run_id, state_at(11), [line_of(11)])
    [name] = store.upper.files(f"{small.run_id}/checkpoint")
    assert name.startswith("11-")


def test_a_late_writers_checkpoint_leaves_a_newer_one_in_place(store, small):
    store.write_checkpoint(small.run_id, state_at(10), [line_of(10)])
    store.write_checkpoint(small.run_id, state_at(9), [line_of(9)])
    assert int(store.checkpoint(small.run_id)["step"]) == 10


@pytest.mark.parametrize("files", [0, 1, 2])
def test_a_writer_killed_within_a_runs_end_leaves_a_run_that_has_not_ended(store, small, monkeypatch, files):
    store.create(small)
    write, left = store.upper.write, iter(range(files))
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(store.upper, "write", lambda *file: killed() if next(left, None) is None else write(*file))
        patch.setattr(store.upper, "create", killed)
        store.finish(small, "complete", [line_of(20)], {"weight": torch.ones(3)}, test=None)
    assert store.status(small.run_id).is_active
    assert [*map(plain, files_of(store, small.run_id))][2:] == ["history.jsonl", "model.safetensors"][:files]


@pytest.mark.parametrize("moment", ["write", "delete"])
def test_nobody_sees_a_run_that_goes_on_but_is_wanted_to_stop(store, small, monkeypatch, moment):
    store.create(small)
    store.set_control(small.run_id, "stop")
    store.write_history(small.run_id, [line_of(4)])
    store.finish(small, "stopped", [line_of(4)], None, test=None)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(store.upper, moment, killed)
        store.create(small)
    assert store.status(small.run_id).state == "stopped"
    store.create(small)
    assert (store.status(small.run_id).state, store.control(small.run_id)) == ("running", "run")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff"])
def test_a_damaged_wish_is_none_and_the_run_goes_on(store, small, content):
    store.create(small)
    store.set_control(small.run_id, "stop")
    store.upper.write(f"{small.run_id}/control.json", content)
    assert (store.control(small.run_id), store.status(small.run_id).state) == ("run", "queued")


def test_a_run_that_goes_on_while_its_curves_are_read_is_not_taken_for_damaged(store, small, monkeypatch):
    before, after = [line_of(4)], [line_of(5)]
    store.create(small)
    store.finish(small, "stopped", before, None, test=None)
    [ended] = [name for name in store.upper.files(small.run_id) if plain(name) == "history.jsonl"]
    store.upper.move(f"{small.run_id}/{ended}", f"{small.run_id}/history.jsonl")  # as in a run from before
    read = store.upper.read

    def somebody_else_was_quicker(path: str, most: int) -> bytes:
        if path.endswith("history.jsonl") and store.metrics(small.run_id):
            store.create(small)
            store.write_history(small.run_id, after)
        return read(path, most)

    monkeypatch.setattr(store.upper, "read", somebody_else_was_quicker)
    assert store.history(small.run_id) == after


def test_codes_beyond_float16_are_kept_as_its_ends(store, small):
    codes = torch.tensor([[1e9, -1e9], [1.5, -60_000.0]])
    sha256 = store.write_snapshot(small.run_id, 4, {"mu": codes})
    kept = store.snapshot(small.run_id, {"step": 4, "pictures": sha256})["mu"]
    assert np.array_equal(kept, [[65_504.0, -65_504.0], [1.5, -60_000.0]])


def test_many_who_write_the_same_file_at_once_leave_one_of_theirs_whole(store):
    contents = [bytes([letter]) * 10_000 for letter in range(200)]
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda content: store.upper.write("run/file", content), contents))
    assert store.upper.read("run/file") in contents
    assert files_of(store, "run").keys() == {"file"}


def test_the_place_that_is_told_is_where_the_run_lies(store, small):
    store.create(small)
    fs, root = fsspec.url_to_fs(store.path(small.run_id))
    assert fs.cat_file(f"{root}/config.json") == store.upper.read(f"{small.run_id}/config.json")


def test_a_config_of_another_run_is_noticed(store, small):
    store.create(small)
    other = json.dumps({"recipe": RECIPE, **replace(small, seed=1).to_dict()}).encode()
    store.upper.write(f"{small.run_id}/config.json", other)
    with pytest.raises(DamagedRun, match=r"config\.json: it belongs to another run"):
        store.config(small.run_id)


def test_a_run_of_another_recipe_is_neither_shown_nor_taken_for_damaged(store, small):
    store.create(small)
    store.upper.write(f"{small.run_id}/config.json", json.dumps({"recipe": RECIPE + 1, "new field": 1}).encode())
    with pytest.raises(KeyError):
        store.config(small.run_id)
    store.write_history(small.run_id, [line_of(4)])
    assert store.status(small.run_id).state == "absent" and store.history(small.run_id) == []


def test_every_flipped_bit_of_the_metrics_is_noticed(store, small):
    metrics = put_complete(store, small)
    path = f"{small.run_id}/metrics.json"
    content = store.upper.read(path)
    for position in range(len(content)):
        harmed = bytearray(content)
        harmed[position] ^= 1
        store.upper.write(path, bytes(harmed))
        try:
            assert store.metrics(small.run_id) == metrics  # a blank that became another means nothing
        except DamagedRun as damaged:
            assert "metrics.json" in str(damaged)


def test_a_writer_killed_before_its_file_is_in_place_leaves_the_old_file(tmp_path, small, monkeypatch):
    store = RunStore(str(tmp_path))
    store.create(small)
    store.write_history(small.run_id, [line_of(0)])

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        store.write_history(small.run_id, [line_of(0), line_of(1)])
    assert store.history(small.run_id) == [line_of(0)]
    assert sorted(store.upper.files(small.run_id)) == ["config.json", "control.json", "history.jsonl"]


def test_a_run_that_has_not_ended_has_no_model(store, small):
    with pytest.raises(KeyError):
        store.config(small.run_id)
    store.create(small)
    with pytest.raises(KeyError):
        store.model(small.run_id)


def test_pretrained_runs_are_there_at_once_and_whole(tmp_path):
    store = RunStore(str(tmp_path / "runs"))
    pretrained = {config.run_id for config in PRETRAINED_RUNS}
    assert set(store.run_ids()) == pretrained
    for run_id in pretrained:
        state = store.status(run_id).state
        assert state == ("diverged" if run_id in FAILED else "complete")
        assert store.history(run_id) and (state == "diverged" or store.model(run_id))
        store.verify(run_id)
        assert store.path(run_id) == str(PRETRAINED / run_id)


@pytest.mark.parametrize("name, how", [("model.safetensors", "flip"), ("metrics.json", "delete")])
def test_a_damaged_pretrained_run_is_covered_by_a_new_one_and_left_as_it_is(tmp_path, small, name, how):
    lower = RunStore(str(tmp_path / "lower"), pretrained=tmp_path / "nothing")
    sha256 = put_complete(lower, small)["model_sha256"]
    damage(lower, f"{small.run_id}/{name}", how)
    before = {path: path.read_bytes() for path in Path(lower.url).rglob("*") if path.is_file()}

    store = RunStore(str(tmp_path / "upper"), pretrained=lower.url)
    with pytest.raises(DamagedRun, match=name.split(".")[0]) as damaged:
        store.status(small.run_id)  # a run that came with the project has ended: there is none without its figures
        store.verify(small.run_id)
    store.set_aside(small.run_id, str(damaged.value))
    assert store.damage_reports(small.run_id) == [str(damaged.value)]
    assert store.status(small.run_id).state == "absent"
    assert train_in(store, small)["model_sha256"] == sha256
    store.verify(small.run_id)
    assert store.path(small.run_id).startswith(store.url)
    assert {path: path.read_bytes() for path in Path(lower.url).rglob("*") if path.is_file()} == before


def test_a_complete_pretrained_run_is_not_trained_again(tmp_path):
    store = RunStore(str(tmp_path / "runs"))
    assert train_in(store, RunConfig()) == store.metrics(RunConfig().run_id)
    assert list((tmp_path / "runs").iterdir()) == []


def test_an_address_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").write_text("no folder")
    for url in (str(tmp_path / "file" / "runs"), "nonsense://bucket/runs", "/proc/runs"):
        with pytest.raises(StoreError, match=f"the store {url} cannot be used: .*VAE_STORE or --store"):
            RunStore(url)


def test_vae_store_names_the_store(tmp_path, monkeypatch, small):
    monkeypatch.setenv("VAE_STORE", str(tmp_path / "named"))
    RunStore().create(small)
    assert (tmp_path / "named" / small.run_id / "config.json").exists()
    monkeypatch.delenv("VAE_STORE")
    assert default_store_url() == str(platformdirs.user_cache_path("ae-vae-lab") / "runs")


def test_a_store_can_be_moved(tmp_path, small):
    sha256 = put_complete(RunStore(str(tmp_path / "here")), small)["model_sha256"]
    shutil.move(tmp_path / "here", tmp_path / "there")
    store = RunStore(str(tmp_path / "there"))
    store.verify(small.run_id)
    assert store.metrics(small.run_id)["model_sha256"] == sha256


def test_gaps_are_of_one_model_and_of_the_layer_that_knows_more(store, tmp_path):
    few, many = ({name: [1.5] * count for name in ("encoder", "full")} for count in (1, 2))
    store.write_gap("vae-2d-0", "a" * 64, few)
    assert store.gap("vae-2d-0", "a" * 64) == few
    assert store.gap("vae-2d-0", "a" * 63 + "b") == store.gap("vae-2d-1", "a" * 64) == {}
    assert store.run_ids() == []
    below = RunStore(str(tmp_path / "below"), pretrained=tmp_path / "nothing")
    above = RunStore(str(tmp_path / "above"), pretrained=tmp_path / "below")
    for layer, bounds in ((below, many), (above, few)):
        layer.write_gap("vae-2d-0", "a" * 64, bounds)
    assert above.gap("vae-2d-0", "a" * 64) == many
    assert above.run_ids() == []


def test_the_states_of_all_runs_are_those_of_each_and_what_does_not_change_is_read_once(tmp_path, small, monkeypatch):
    """What a page asks for every few seconds, of a store that may be far away."""
    came, ended, begun = (replace(small, seed=seed) for seed in (1, 2, 3))
    put_complete(RunStore(str(tmp_path / "lower"), pretrained=tmp_path / "nothing"), came)
    store = RunStore(str(tmp_path / "upper"), pretrained=tmp_path / "lower")
    put_complete(store, ended)
    store.create(begun)
    store.create(replace(small, seed=4))
    damage(store, f"{replace(small, seed=4).run_id}/config.json", "flip")
    expected = {came.run_id: "complete", ended.run_id: "complete", begun.run_id: "queued"}
    first = store.states()
    assert {run_id: state for run_id, (_, state) in first.items()} == expected
    assert [first[config.run_id][0] for config in (came, ended, begun)] == [came, ended, begun]

    read = []
    monkeypatch.setattr(Files, "read", lambda files, path, *most: read.append(path) or reading(files, path, *most))
    assert store.states() == first
    assert read and not [path for path in read if path.startswith((came.run_id, ended.run_id))]
    damage(store, f"{ended.run_id}/metrics.json", "flip")
    damage(RunStore(store.lower.root), f"{came.run_id}/metrics.json", "flip")
    for run in (ended, came):
        store.set_aside(run.run_id, "a test")
    assert set(store.states()) == {begun.run_id}
    put_complete(store, came)
    store.create(ended)  # anew
    states = store.states()
    assert states[came.run_id] == (came, "complete") and states[ended.run_id] == (ended, "queued")
