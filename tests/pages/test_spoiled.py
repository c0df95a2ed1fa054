"""Files of every kind, spoiled in every way: that run is said to be damaged, and all others are there."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import plotly
import pytest

from pages.lessons import LESSONS
from pages.shared import figures
from pages.shared.colors import GREY
from tests.vae.runs.test_store import line_of
from vae.__main__ import PRETRAINED_RUNS, main
from vae.config import RECIPE, RunConfig
from vae.runs.contents import history_in
from vae.runs.layers import sha256_of
from vae.runs.store import PRETRAINED, DamagedRun, RunStore

UNDER_WAY = ("history.jsonl", "control.json", "paused.json", "lease/1.json")  # files of a run that has not ended
NAMES = ("config.json", "metrics.json", "model.safetensors", *UNDER_WAY)
VAE, AE = RunConfig(kl_weight=4.0), RunConfig(model="ae", bottleneck="tanh")  # of few pictures
LINE = line_of(1)


def _folder(path: Path) -> None:
    path.mkdir(parents=True)


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _nowhere(path: Path) -> None:
    path.symlink_to("/nothing/there")


SHAPES = {
    "nothing in it": b"",
    "half": b'{"step": 1, "',
    "null": b"null",
    "a list": b"[]",
    "an empty object": b"{}",
    "a number": b"7",
    "no text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "30 MB": b"[" + b"1," * 15_000_000 + b"1]",
    "fields of wrong types": json.dumps(
        {
            "recipe": RECIPE,
            "want": [1],
            "request": {},
            "status": 7,
            "steps": "x",
            "seconds": None,
            "step": "one",
            "id": [],
        }
    ).encode(),
    "steps that go back": (json.dumps(LINE) + "\n" + json.dumps(LINE)).encode(),
    "a folder": _folder,
    "a loop of links": _loop,
    "a link to nowhere": _nowhere,
}


# Of each field of a history's line, values that no training writes.
NO_NUMBERS = ("one", None, [1.0], {}, True, 10**400, 10**30)
NOT_FINITE = (*NO_NUMBERS, float("nan"), float("inf"))
FIELDS = {
    "step": (*NOT_FINITE, 1.5, -1, VAE.total_steps + 1, 10**300),
    "seconds": (*NOT_FINITE, -1.0),
    "epoch": (*NOT_FINITE, -1.0),
    "total": NOT_FINITE,
    "reconstruction": NOT_FINITE,
    "kl_weight": NOT_FINITE,
    "kl": NOT_FINITE,
    "kl_per_dimension": (1.0, None, [], [1.0], [1.0] * 3, [1.0, None], [1.0, "one"], [1.0, float("nan")], {}),
    "smallest_sigma": ("one", [1.0], {}, True, 10**400),
    "gradient_norm": ("one", [1.0], {}, True, 10**400),
    "pictures": (None, [1], 7, "", "../config", "0" * 63, "0" * 64 + "\x00", "\x00" * 64, "A" * 64),
}
LINES = [
    *(LINE | {name: value} for name, values in FIELDS.items() for value in values),
    *({name: LINE[name] for name in LINE if name != missing} for missing in LINE),
]

DRAWN = [(name, value) for name in ("kl", "step", "total", "smallest_sigma") for value in (*FIELDS[name][:3], 10**300)]


def signed(metrics: dict) -> bytes:
    """A metrics.json whose own checksum is right, whatever it says."""
    return json.dumps(metrics | {"sha256": sha256_of(json.dumps(metrics).encode())}).encode()


METRICS = {
    "a status that is none": {"status": "well"},
    "no fields": {"status": "complete"},
    "figures that are text": {"status": "complete", "steps": 1, "seconds": 1.0, "test": {"reconstruction": "x"}},
}
CASES = [
    *((name, what, shape) for name in NAMES for what, shape in SHAPES.items()),
    *(("metrics.json", what, signed(metrics)) for what, metrics in METRICS.items()),
    *(("history.jsonl", f"{name} {value}"[:40], json.dumps(LINE | {name: value}).encode()) for name, value in DRAWN),
    ("history.jsonl", "no kl", json.dumps({name: LINE[name] for name in LINE if name != "kl"}).encode()),
]


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory) -> tuple[RunStore, dict[str, tuple[str, str]]]:
    """A store with a pair for each case, and one that is whole; the VAE's run_id -> what of it was spoiled, and how."""
    place = tmp_path_factory.mktemp("spoiled")
    store, cases = RunStore(str(place / "runs")), {}
    for few in (VAE, AE):
        shutil.copytree(PRETRAINED / few.run_id, place / few.model)
    for seed, (name, what, shape) in enumerate([("", "", b""), *CASES], start=1_000):
        config = replace(VAE, seed=seed)
        cases[config.run_id] = name, what
        for half in (config, config.autoencoder):
            folder = Path(store.url) / half.run_id
            shutil.copytree(place / half.model, folder, copy_function=os.link)
            (folder / "config.json").unlink()
            (folder / "config.json").write_text(json.dumps({"recipe": RECIPE, **half.to_dict()}))
        folder = Path(store.url) / config.run_id
        if name in UNDER_WAY:
            (folder / "metrics.json").unlink()
        if name:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).unlink(missing_ok=True)
            (folder / name).write_bytes(shape) if isinstance(shape, bytes) else shape(folder / name)
    return store, cases


def test_whatever_is_asked_of_a_spoiled_run_it_is_damaged_by_name_or_as_good_as_before(spoiled):
    store, cases = spoiled
    asked = (store.status, store.config, store.metrics, store.history, store.verify, store.model, store.control)
    for run_id, (name, what) in cases.items():
        for ask in (*asked, store.checkpoint, store.damage_reports):
            try:
                ask(run_id)
                assert not (name == "config.json" and ask == store.config), (name, what)
                assert not (name == "model.safetensors" and ask == store.verify), (name, what)
            except DamagedRun as damaged:
                assert damaged.run_id == run_id and name.split(".")[0] in str(damaged), (name, what, ask)
            except KeyError:
                assert ask in (store.model, store.config, store.verify, store.status), (name, what, ask)
    assert len(store.run_ids()) == len(PRETRAINED_RUNS) + 2 * len(cases)


def test_a_run_of_more_steps_than_it_has_is_damaged(tmp_path):
    store = RunStore(str(tmp_path), pretrained=tmp_path / "nothing")
    store.create(VAE)
    metrics = {"status": "complete", "steps": VAE.total_steps + 1, "seconds": 1.0}
    ended = signed(metrics | {"history_sha256": "", "model_sha256": None})
    store.upper.write(f"{VAE.run_id}/metrics.json", ended)
    with pytest.raises(DamagedRun, match=r"metrics\.json: its steps are beyond the run's end"):
        store.status(VAE.run_id)


@pytest.mark.parametrize("model", [VAE, AE], ids=["vae", "ae"])
def test_a_history_with_any_field_of_a_wrong_type_or_range_is_damaged(tmp_path, model):
    store = RunStore(str(tmp_path), pretrained=tmp_path / "nothing")
    store.create(model)
    of_model = LINE if model == VAE else LINE | {"kl": None, "kl_per_dimension": None, "smallest_sigma": None}
    store.write_history(model.run_id, [of_model | {"gradient_norm": float("inf"), "pictures": "0" * 64}])
    assert store.status(model.run_id).step == 1
    for line in LINES:
        spoiled_fields = {name for name in {*LINE, *line} if line.get(name, "") != LINE.get(name, "")}
        if model == AE and spoiled_fields <= {"kl", "kl_per_dimension"}:
            continue  # which an AE has not, and nobody reads
        if line == {name: value for name, value in LINE.items() if name != "kl_per_dimension"}:
            continue  # as older runs wrote it
        store.write_history(model.run_id, [line])
        for ask in (store.status, store.history, store.verify):
            with pytest.raises(DamagedRun, match=r"history\.jsonl"):
                ask(model.run_id)
                raise AssertionError(line)


def test_every_picture_of_a_training_is_drawn_of_whatever_line_its_history_may_have(tmp_path):
    """What passes as a history can be drawn: each field at its ends, and all that may be missing."""
    ends = {
        "kl": (0.0, -1e-9, 1e30), "total": (-5.0, 1e30), "reconstruction": (-5.0, 0.0, 1e30), "seconds": (0, 1e12),
        "epoch": (0, 1e9), "smallest_sigma": (None, 0.0, -1.0, float("nan")), "kl_weight": (0, 1e30),
        "gradient_norm": (None, float("nan"), float("inf"), 0), "kl_per_dimension": ([0, 0], [-1e-9, 1e30]),
    }  # fmt: skip
    for name, values in ends.items():
        for value in values:
            content = json.dumps(LINE | {name: value}).encode()
            history = [*history_in(content, VAE)]
            drawn = (
                figures.loss_curves(history, history, 90.0).at(1, 2),
                figures.objective_curves({"run": history}, {"run": GREY}),
                figures.kl_per_dimension_curves({"run": history}, {"run": {0}}),
                figures.race({"run": history}, {"run": (2, 0.5)}, {"run": GREY}),
            )
            assert all(json.loads(plotly.io.to_json(figure, validate=False)) for figure in drawn)


def test_the_command_lists_all_runs_beside_the_spoiled_ones(spoiled, capsys):
    store, cases = spoiled
    assert main(["runs", "--store", store.url, "--json"]) == 0
    said = capsys.readouterr()
    rows = {row["run_id"]: row for row in json.loads(said.out)}
    whole = next(run_id for run_id, (name, _) in cases.items() if not name)
    assert rows[whole]["status"] == "complete" and "Traceback" not in said.err
    assert rows.keys() >= {path.name for path in PRETRAINED.glob("*e-*")}
    for run_id, (name, what) in cases.items():
        if name == "metrics.json" and what == "nothing in it":  # as at the moment at which a run ends
            assert rows[run_id]["status"] == "running"
        elif name in ("metrics.json", "config.json") and run_id in rows and what != "a link to nowhere":
            assert rows[run_id]["status"] == "damaged" and name in rows[run_id]["message"], (name, what)


@pytest.mark.parametrize("part", range(4))
def test_every_page_goes_on_beside_spoiled_runs_and_at_them(spoiled, visit, lab, monkeypatch, part):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")  # those that are under way are not trained on
    store, cases = spoiled
    shutil.copytree(store.url, lab.url, symlinks=True, dirs_exist_ok=True, copy_function=os.link)
    lessons = [one.name for one in LESSONS if one.name not in ("conversion", "log_sigma")]  # with runs of their own
    for number, (run_id, (name, what)) in list(enumerate(cases.items()))[part::4]:
        # Of a history the curves are drawn there.
        page = "train" if name == "history.jsonl" else lessons[number // 4 % len(lessons)]
        app = visit(page, **({"seed": 1_000 + number, "kl_weight": 4} if page == "train" else {"run": run_id}))
        assert not app.exception, (page, name, what, app.exception)
