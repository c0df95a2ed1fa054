"""The handout: the steps of the chosen lessons, with room for answers or with what was measured."""

import functools
import importlib

import pytest

from pages.classroom import print_pictures
from pages.lessons import LESSONS
from tests.pages.seen import strips, words
from vae.config import RunConfig


def html_of(app) -> str:
    return " ".join(element.value for element in app.get("html"))


def test_it_begins_with_the_core_and_no_answer_on_it(visit_handout):
    app = visit_handout()
    headers = [header.value for header in app.header]
    assert headers == [f"Lesson {n}: {lesson.heading}" for n, lesson in enumerate(LESSONS, 1) if lesson.is_core]
    said = words(app)
    for lesson in LESSONS[:5]:
        page = importlib.import_module(f"pages.{lesson.name}.{lesson.name}")
        for step in page.STEPS:
            assert step.words in said
            assert all(f"☐ {option}" in html_of(app) for option in step.predict)
    assert "☑" not in said + html_of(app) and "<hr>" in html_of(app)
    assert "size: A4" in html_of(app)


def test_with_answers_what_was_measured_is_ticked(visit_handout):
    app = visit_handout(lessons="Latent walk", answers="true", paper="Letter")
    assert [header.value for header in app.header] == ["Lesson 6: Latent walk"]
    said = words(app)
    assert said.count("☑") == 1 and "of this VAE's 10 dimensions" in said  # the step's own view, not the run on show
    assert "size: Letter" in html_of(app) and "<hr>" not in html_of(app)


def test_every_lesson_can_be_printed_with_pictures_of_the_run_on_show(visit_handout):
    app = visit_handout(run=RunConfig(latent_dim=10).run_id)
    app.pills(key="lessons").set_value([lesson.title for lesson in LESSONS]).run()
    assert not app.exception and not app.error
    assert len(app.header) == len(LESSONS) == len(print_pictures.PICTURES)
    assert html_of(app).count("data:image/svg") == 2 * 2  # planes of two lessons
    assert "<span>z10</span>" in html_of(app)
    assert any(name.startswith("x̂ of the VAE, pass 3") for name in strips(app))


def test_a_damaged_run_is_said_and_the_other_lessons_are_there(visit_handout, damage):
    damage(RunConfig().autoencoder.run_id, "model.safetensors")
    app = visit_handout()
    assert not app.exception and "is damaged" in app.error[0].value
    assert len(app.header) == 5


def test_without_a_lesson_it_says_what_to_do_and_garbage_is_said(visit_handout):
    app = visit_handout(paper="A5", lessons="Cooking")
    said = [warning.value for warning in app.warning]
    assert said[0].startswith("lessons = `Cooking` in the address is not allowed: one of One digit twice;")
    assert said[1].startswith("paper = `A5` in the address is not allowed: one of A4; Letter")
    assert len(app.header) == 5
    app.pills(key="lessons").set_value([]).run()
    assert "choose one at least" in app.info[0].value


@pytest.fixture
def visit_handout(visit):
    """Opens the handout with parameters of its address."""
    return functools.partial(visit, "classroom/handout")
