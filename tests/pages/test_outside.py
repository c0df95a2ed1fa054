"""Whatever text comes from outside, by whatever way: on every page it is shown as code, and takes no effect."""

import ast
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.lessons import LESSONS
from pages.shared import controls
from pages.shared import lab as server
from pages.shared.address import PARAMETERS
from tests.outside import EVIL, WORST, effects
from vae.config import RunConfig
from vae.runs.states import RunStatus

SMALL = RunConfig(train_size=1_000, batch_size=100, hidden_dims=(16,), epochs=2)
ADDRESS = {"train_size": 1_000, "batch_size": 100, "hidden_dims": "16", "epochs": 2}
PREDICTIONS = ["predict_structure", "predict_objective", "predict_training", "predict_race"]


def texts_of(app: AppTest) -> list[str]:
    """All that a page shows as Markdown: sentences, and the labels and the help of its widgets."""
    found = []
    for element in app:
        proto = getattr(element, "proto", None)
        names = {field.name for field in proto.DESCRIPTOR.fields} if proto is not None else set()
        found += [getattr(proto, name) for name in ("body", "text", "label", "help") if name in names]
    return [text for text in found if isinstance(text, str)]


def assert_harmless(app: AppTest, times: int = 1) -> None:
    """No text of a stranger takes effect, and so many sentences at least show one."""
    texts = texts_of(app)
    assert not app.exception and len(texts) > 5
    assert [text for text in texts if effects(text)] == []
    assert sum("x' '' ''' # evil" in text for text in texts) >= times, texts


def test_no_page_says_an_error_as_it_is():
    said = []
    for file in (Path(__file__).parents[2] / "pages").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        errors = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)} | {"error"}
        values = [node.value for node in ast.walk(tree) if isinstance(node, ast.FormattedValue)]
        said += [f"{file.name}: {ast.unparse(v)}" for v in values if isinstance(v, ast.Name) and v.id in errors]
        said += [f"{file.name}: {ast.unparse(v)}" for v in values if ast.unparse(v).endswith((".message", ".error"))]
    assert said == []


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_garbage_in_every_parameter_of_an_address_takes_no_effect(visit, lesson):
    everything = [*PARAMETERS, *controls.FIELDS, *PREDICTIONS]
    for first in (WORST, f"vae-\u2028\u2028{WORST}"):
        app = visit(lesson.name, **dict.fromkeys(everything, first))
        texts = texts_of(app)
        assert not app.exception and [text for text in texts if effects(text)] == []
    assert_harmless(visit(lesson.name, **dict.fromkeys(everything, WORST)), times=1)


@pytest.mark.parametrize("field", ["kl_weights", "seeds"])
def test_what_is_typed_into_a_field_takes_no_effect(visit, field):
    app = visit("collapse")
    app.text_input(key=field).set_value(WORST).run()
    assert len(app.error) == 1
    assert_harmless(app, times=0)
    app = visit("train")
    app.text_input(key="hidden_dims").set_value(WORST).run()
    assert_harmless(app)


def test_messages_in_the_files_of_runs_take_no_effect(visit, lab, read_anew):
    for half in (SMALL, SMALL.autoencoder):
        lab.create(half)
        lab.finish(half, "failed", [], None, message=WORST, test=None)
        lab.upper.write(f"{half.run_id}/config.json", b"{")
        lab.set_aside(half.run_id, WORST)
        lab.create(half)
        lab.finish(half, "failed", [], None, message=WORST, test=None)
    app = visit("train", **ADDRESS)
    assert len(app.error) == 2 and len(app.warning) == 2
    assert_harmless(app, times=4)
    raw = RunConfig(sigma="raw", epochs=1)
    for kind in ("raw", "softplus", "log"):
        run = RunConfig(sigma=kind, epochs=1)
        lab.create(run)
        failure = {"step": WORST, "image": 1, "pixels": WORST} if kind == "raw" else {"step": 1, "label": WORST}
        lab.finish(run, "diverged", [], None, message=WORST, test=None, failure=failure)
    read_anew()
    assert lab.metrics(raw.run_id)["failure"]["step"] == WORST
    assert_harmless(visit("log_sigma", epochs=1, predict_race="Just show me"), times=3)
    retrained = RunConfig(model="ae").converted()
    lab.create(RunConfig(epochs=1))
    lab.finish(RunConfig(epochs=1), "failed", [], None, message=WORST, test=None)
    read_anew()
    assert retrained.init_from
    assert_harmless(visit("conversion", epochs=1, predict_training="Just show me"))


def test_folders_of_any_name_in_the_store_take_no_effect(visit, lab):
    for name in (f"vae-\r\r# {EVIL}", "ae-2d-\u2028[x](x)", "vae-2d-0123456789ab"):
        lab.upper.write(f"{name}/config.json", WORST.encode("utf-8", "replace"))
    for lesson in LESSONS:
        app = visit(lesson.name)
        assert not app.exception and [text for text in texts_of(app) if effects(text)] == []


def test_why_there_are_no_workers_takes_no_effect(visit, lab, monkeypatch):
    app = visit("train", epochs=7)
    server.start().error = WORST
    monkeypatch.setattr(server, "status", lambda run_id: RunStatus("queued", 0, 10))
    app.run()
    assert_harmless(app, times=2)


def test_what_is_said_of_the_measuring_takes_no_effect(visit, lab):
    app = visit("true_posterior")
    run_id = RunConfig(kl_weight=1.0, epochs=6).run_id
    lab.set_gap_control(run_id, lab.metrics(run_id)["model_sha256"], "stop", WORST)
    app.session_state["complaint"] = WORST
    assert_harmless(app.run())


@pytest.mark.parametrize(
    "name, value", [("VAE_STORE", f"none://{WORST}"), ("VAE_DEVICE", WORST)], ids=["store", "device"]
)
def test_why_the_lab_cannot_start_takes_no_effect(visit, monkeypatch, name, value):
    monkeypatch.setenv(name, value.replace("\0", "").replace("\ud800", ""))
    app = visit("train")
    said = [*app.error, *app.info]
    assert said and not app.exception and not any(effects(one.value) for one in said)
