"""A lesson's steps: what a class does on a page, one at a time, as data, and the card that shows them.

The card lives in the browser (assets/browser/shared/steps.js): a step is turned without the server.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import streamlit as st

from pages.lessons import LESSONS, Lesson
from pages.shared import address
from pages.shared.component import PAGE, component
from pages.shared.glossary import html_of, marked, meanings
from pages.shared.readings import DamagedRun

_card = component("shared", "steps")
NOTHING: Mapping[str, str] = MappingProxyType({})


class Answer(NamedTuple):
    """What comes after a prediction: the option that was measured, empty where the picture says it, and why."""

    measured: str
    words: str


class Step(NamedTuple):
    """One thing to do.

    words: Markdown; predict: the options of a prediction, none for a task; answer: what follows it, or how to measure
    it of what the page shows (None: it cannot be measured yet); view, then: parameters of the address that the step
    needs at its start, and once something was predicted.
    """

    words: str
    predict: tuple[str, ...] = ()
    answer: Answer | Callable[..., Answer | None] | None = None
    view: Mapping[str, str] = NOTHING
    then: Mapping[str, str] = NOTHING


def place(steps: Sequence[Step]):
    """Where the card stands; what a page is opened with is completed by the view of the step that its address names."""
    page = lesson_here().name
    if not st.session_state.get(f"steps of {page}"):
        st.session_state[f"steps of {page}"] = True
        asked = address.given("lesson").get("lesson")
        view = steps[min(int(asked), len(steps)) - 1].view if asked else NOTHING
        for name in view.keys() - st.query_params.keys():
            st.query_params[name] = view[name]
    return st.container()


def show(steps: Sequence[Step], *shown) -> None:
    """The card with the page's number, its steps, and the ways to the lessons before and after it.

    A page shows it last, in its `place`: what answers are measured of may take a second. shown: what the page shows, of
    which they are measured.
    """
    here = next(number for number, lesson in enumerate(LESSONS) if lesson is lesson_here())
    data = {
        "given": address.given("lesson", "present"),
        "number": here + 1,
        "count": len(LESSONS),
        "name": LESSONS[here].name,
        "before": _way(here - 1),
        "after": _way(here + 1),
        "steps": [_step(step, shown) for step in steps],
        "words": meanings(),
    }
    _card(key="steps", data=data, height="content")


def lesson_here() -> Lesson:
    """The lesson of the page on show."""
    name = st.session_state.get(PAGE, "")
    return next((lesson for lesson in LESSONS if lesson.name == name), LESSONS[0])


def _way(number: int) -> dict[str, str] | None:
    if not 0 <= number < len(LESSONS):
        return None
    lesson = LESSONS[number]
    return {"name": lesson.name, "title": lesson.title, "href": href(lesson)}


def href(lesson: Lesson) -> str:
    """A lesson's address, relative to any page's: all lie in one folder."""
    return f"./{lesson.address[1:]}"


def _step(step: Step, shown: tuple) -> dict:
    answer = answer_of(step, shown)
    return {
        "words": html_of(marked(step.words)),
        "options": list(step.predict),
        "measured": answer.measured if answer else "",
        "answer": html_of(marked(answer.words)) if answer else "",
        "view": dict(step.view),
        "then": dict(step.then),
        # Which of them pictures in the browser have; for the others the page is loaded anew.
        "own": [name for name in {**step.view, **step.then} if address.is_the_browsers(name)],
    }


def answer_of(step: Step, shown: tuple) -> Answer | None:
    """What is known of a step for what the page shows; None for a task, of which there is nothing to measure."""
    answer = step.answer
    if callable(answer):
        with contextlib.suppress(DamagedRun):  # which is said where that run is shown
            answer = answer(*shown)
    if callable(answer) or (step.predict and answer is None):
        return Answer("", "That is not measured yet: train first, then come back to this step.")
    return answer
