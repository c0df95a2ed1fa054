"""What holds of every page, whatever is wrong around it."""

import pytest

from tests.lessons import LESSONS, ROOT

every_page = pytest.mark.parametrize("page", [lesson.name for lesson in LESSONS])


@every_page
def test_a_page_of_a_new_server_shows_the_pretrained_runs_and_its_own_source(shown, page):
    app = shown(page)
    assert not app.exception and not app.error and not app.warning and not app.info
    assert len(app.title) == 1
    assert app.code[-1].value.strip() == (ROOT / "pages" / f"{page}.py").read_text(encoding="utf-8").strip()
    assert app.get("bidi_component")


@every_page
def test_a_store_that_cannot_be_used_is_said_in_words(visit, monkeypatch, tmp_path, page):
    (tmp_path / "a file").touch()
    monkeypatch.setenv("VAE_STORE", str(tmp_path / "a file" / "runs"))
    app = visit(page, **{"predict_race": "h = σ, raw"} if page == "log_sigma" else {})  # which needs no run before that
    assert not app.exception
    assert app.error[0].value.startswith("The lab cannot start: the store ")
    assert "VAE_STORE" in app.error[0].value


def test_a_device_that_is_not_there_is_said_in_words(visit, monkeypatch):
    monkeypatch.setenv("VAE_DEVICE", "nonsense")
    app = visit("home")
    assert not app.exception
    assert "device = 'nonsense' is not allowed" in app.error[0].value
    assert "cpu" in app.error[0].value
