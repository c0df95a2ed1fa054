"""What holds of every page, whatever is wrong around it."""

import re
from pathlib import Path

import pytest

from pages.lessons import LESSONS
from pages.shared import lab, readings
from pages.shared.component import BROWSER
from tests.pages.conftest import forget_readings
from tests.pages.seen import sent_by
from vae.config import RunConfig
from vae.runs.files import StoreFault
from vae.runs.queue import OFF
from vae.runs.reader import Reader

every_page = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


@every_page
def test_a_page_of_a_new_server_shows_the_pretrained_runs(shown, lesson):
    app = shown(lesson.name)
    assert not app.exception and not app.error and not app.warning and not app.info
    assert len(app.title) == 1 and not app.code
    assert app.get("bidi_component")


@every_page
def test_a_page_shows_its_own_source_to_who_opens_it(shown, lesson):
    [code] = shown(lesson.name, source="true").code
    assert code.value.strip() == lesson.file.read_text(encoding="utf-8").strip()


def text_of(module: Path, seen: set[Path]) -> str:
    """A module of assets/browser and all that it imports."""
    seen.add(module)
    text = module.read_text(encoding="utf-8")
    needed = [(module.parent / path).resolve() for path in re.findall(r'from "(\.[^"]+)"', text)]
    return text + "".join(text_of(path, seen) for path in needed if path not in seen)


def is_read(key: str, text: str) -> bool:
    """Whether a script names a field, or makes its name of a first part and a variable one."""
    first = re.match(r"[a-z]+[_ ]", key)
    return bool(re.search(rf"\b{re.escape(key)}\b", text)) or bool(first and f"`{first[0]}${{" in text)


@every_page
def test_what_a_component_needs_is_asked_for_and_what_it_is_sent_is_read(shown, lesson):
    components = shown(lesson.name).get("bidi_component")
    assert components
    for component in components:
        [module] = BROWSER.rglob(f"{component.proto.component_name}.js")
        needed: set[Path] = set()
        sent, text = sent_by(component.proto), text_of(module, needed)
        asked = re.findall(r'"([\w/]+\.js)"', component.proto.js_content)
        assert BROWSER / asked[0] == module and {BROWSER / name for name in asked} == needed  # all at once
        assert sent, component
        fields = {*sent, *sent.get("parcels", {})} - {"page"}  # which the loader reads
        assert {field for field in fields if not is_read(field, text)} == set(), module.name


@every_page
def test_a_store_that_cannot_be_written_leaves_what_comes_with_the_project_and_says_why_training_is_off(
    visit, monkeypatch, tmp_path, lesson
):
    (tmp_path / "a file").touch()
    monkeypatch.setenv("VAE_STORE", str(tmp_path / "a file" / "runs"))
    needed = {"predict_race": "h = σ, raw"} if lesson.name == "log_sigma" else {}  # it needs no run before that
    app = visit(lesson.name, **needed)
    assert not app.exception and not app.error
    assert app.get("bidi_component")
    off = [info.value for info in app.info if "cannot be used" in info.value]
    assert len(off) >= (lesson.name in ("train", "collapse"))
    if lesson.name == "train":
        assert "VAE_STORE" in off[0] and all(button.disabled for button in app.button if "Train" in button.label)


def test_a_store_that_fails_while_pages_are_shown_is_said_in_words(visit, lab, monkeypatch):
    def refused(*_):
        raise StoreFault(f"the store {lab.url} cannot be read: the network is down", "the network is down")

    app = visit("train")
    monkeypatch.setattr(Reader, "status", refused)
    forget_readings()
    app.run()
    assert not app.exception and "cannot be read: the network is down" in app.error[0].value
    monkeypatch.undo()


def test_a_device_that_is_not_there_is_said_in_words(visit, monkeypatch):
    monkeypatch.setenv("VAE_DEVICE", "nonsense")
    app = visit("home")
    assert not app.exception
    assert "VAE_DEVICE = 'nonsense' is not allowed" in app.error[0].value
    assert "cpu" in app.error[0].value


@pytest.mark.parametrize("named", ["two", "257", "-1"])
def test_a_number_of_workers_that_is_none_is_said_with_the_range(visit, monkeypatch, named):
    monkeypatch.setenv("VAE_WORKERS", named)
    app = visit("home")
    assert not app.exception
    assert f"VAE_WORKERS = '{named}' is not allowed: a whole number from 0" in app.error[0].value
    assert app.error[0].value.endswith("to 256")


# Of each page that trains or measures, with an address where there is something to train or to measure.
TRAIN = {
    "train": {},
    "collapse": {"kl_weights": "0.5"},
    "conversion": {"predict_training": "A VAE from scratch"},
    "log_sigma": {"predict_race": "h = σ, raw"},
    "true_posterior": {"run": RunConfig(model="ae").converted().run_id},
}


@pytest.mark.parametrize("lesson", TRAIN)
def test_where_training_is_off_a_page_says_why_and_shows_what_is_trained(visit, monkeypatch, lesson):
    def starters(app) -> list:
        return [button for button in app.button if button.label.startswith(("Train", "Measure", "Go on"))]

    monkeypatch.setenv("VAE_WORKERS", "0")
    app = visit(lesson, **TRAIN[lesson])  # in a cluster, which DASK_SCHEDULER_ADDRESS names
    assert starters(app) and not any(button.disabled for button in starters(app))
    assert OFF not in [element.value for element in app.info]
    lab.start().close()
    lab._started.cache_clear()
    readings._opened.cache_clear()
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS")
    app = visit(lesson, **TRAIN[lesson])
    assert not app.exception and not app.error
    assert starters(app) and all(button.disabled for button in starters(app))
    assert [element.value for element in app.info if element.value == OFF] == [OFF]
