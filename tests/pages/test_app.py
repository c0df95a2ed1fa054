"""What holds of every page, whatever is wrong around it."""

import json
import re
from pathlib import Path

import pytest

from pages.lessons import LESSONS
from pages.shared.component import BROWSER

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
        sent, text = json.loads(component.proto.json), text_of(module, needed)
        asked = re.findall(r'"([\w/]+\.js)"', component.proto.js_content)
        assert BROWSER / asked[0] == module and {BROWSER / name for name in asked} == needed  # all at once
        assert sent, component
        fields = {*sent, *sent.get("parcels", {})} - {"page"}  # which the loader reads
        assert {field for field in fields if not is_read(field, text)} == set(), module.name


@every_page
def test_a_store_that_cannot_be_used_is_said_in_words(visit, monkeypatch, tmp_path, lesson):
    (tmp_path / "a file").touch()
    monkeypatch.setenv("VAE_STORE", str(tmp_path / "a file" / "runs"))
    needed = {"predict_race": "h = σ, raw"} if lesson.name == "log_sigma" else {}  # it needs no run before that
    app = visit(lesson.name, **needed)
    assert not app.exception
    assert app.error[0].value.startswith("The lab cannot start: the store ")
    assert "VAE_STORE" in app.error[0].value


def test_a_device_that_is_not_there_is_said_in_words(visit, monkeypatch):
    monkeypatch.setenv("VAE_DEVICE", "nonsense")
    app = visit("home")
    assert not app.exception
    assert "device = 'nonsense' is not allowed" in app.error[0].value
    assert "cpu" in app.error[0].value
