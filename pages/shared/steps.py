"""A lesson's steps: what a class does on a page, one at a time, as data, and the card that shows them.

The card lives in the browser (assets/browser/shared/steps.js): a step is turned without the server.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import streamlit as st

from pages.lessons import LESSONS, Lesson
from pages.shared import PageEnds, address
from pages.shared.component import PAGE, component, read, styles
from pages.shared.glossary import html_of, marked
from pages.shared.readings import DamagedRun
from pages.shared.visitors import ASKED
from vae.config import RunConfig

_card = component("shared", "steps", css=styles("shared", "steps") + read("classroom/class_row.css"))
RUNS = ("run", "ae")  # parameters that name one
LAST_ASKED = 40  # runs that a browser may tell its class of at a time: a sweep
NO_VIEW: Mapping[str, str] = MappingProxyType({})


class Answer(NamedTuple):
    """What comes after a prediction: the option that was measured, empty where the picture says it, and why."""

    measured: str
    words: str


class Step(NamedTuple):
    """One thing to do.

    words: Markdown, in which `code` is the name of a control or a picture, as it stands on the page; predict: the
    options of a prediction, none for a task; answer: what follows it, or how to measure it of what the page shows
    (None: it cannot be measured yet); view: parameters of the address that the step needs at its start, or which of
    them where a run is on show (None: it is not known which); then: those that it needs once it is answered.
    """

    words: str
    predict: tuple[str, ...] = ()
    answer: Answer | Callable[[RunConfig], Answer | None] | None = None
    view: Mapping[str, str] | Callable[[RunConfig | None], Mapping[str, str]] = NO_VIEW
    then: Mapping[str, str] = NO_VIEW


class Card:
    """The card with a lesson's steps, as a page goes on: it stands above, and what it says is of what comes below."""

    def __init__(self):
        self.shown: RunConfig | None = None

    def about(self, shown: RunConfig) -> None:
        """What the page shows, of which answers are measured: a trained run, or settings."""
        self.shown = shown


@contextlib.contextmanager
def card(steps: Sequence[Step]) -> Iterator[Card]:
    """The place of the card, in which it is drawn last, for what answers are measured of may take a second.

    It is there as well where the page ends early, in words.
    """
    place, one = _place(steps), Card()
    with contextlib.suppress(PageEnds):
        yield one
    with place:
        _show(steps, one.shown)


def _place(steps: Sequence[Step]):
    """Where the card stands; what a page is opened with is completed by the view of the step that its address names."""
    page = lesson_here().name
    if not st.session_state.get(f"steps of {page}"):
        st.session_state[f"steps of {page}"] = True
        asked = address.given("lesson").get("lesson")
        view = view_of(steps[min(int(asked), len(steps)) - 1], None) if asked else NO_VIEW
        for name in view.keys() - st.query_params.keys():
            st.query_params[name] = view[name]
    return st.container()


def _show(steps: Sequence[Step], shown: RunConfig | None) -> None:
    """The card with the page's number, its steps, and the ways to the lessons before and after it."""
    here = next(number for number, lesson in enumerate(LESSONS) if lesson is lesson_here())
    data = {
        "given": address.given("lesson", "present", "join"),
        "number": here + 1,
        "count": len(LESSONS),
        "name": LESSONS[here].name,
        "before": _way(here - 1),
        "after": _way(here + 1),
        "asked": st.session_state.get(ASKED, [])[-LAST_ASKED:],  # runs: a class sees what it has trained
        "runs": {name: st.query_params[name] for name in RUNS if name in st.query_params},
        "steps": [_step(step, shown) for step in steps],
        # What of an address pictures in the browser have; for anything else the page runs once more.
        "own": [name for name in address.PARAMETERS if address.is_the_browsers(name)],
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


def _step(step: Step, shown: RunConfig | None) -> dict:
    answer = answer_of(step, shown)
    return {
        "asked": plain(step.words),  # by which the browser knows what was predicted
        "words": _linked(step.words),
        "options": list(step.predict),
        "measured": answer.measured if answer else "",
        "answer": _linked(answer.words) if answer else "",
        "view": dict(view_of(step, shown)),
        "then": dict(step.then),
    }


def view_of(step: Step, shown: RunConfig | None) -> Mapping[str, str]:
    """What a step needs at its start where this run is on show."""
    return step.view(shown) if callable(step.view) else step.view


def plain(words: str) -> str:
    """A step's words without Markdown."""
    return re.sub("[*`]", "", words)


def _linked(words: str) -> str:
    """As HTML, in which the words of the lab and the names of what is on the page are links."""
    html = html_of(marked(words))
    return html.replace("<code>", '<a class="named" href="#">').replace("</code>", "</a>")


def answer_of(step: Step, shown: RunConfig | None) -> Answer | None:
    """What is known of a step for what the page shows; None where there is nothing to say."""
    answer = step.answer
    if callable(answer) and shown:
        with contextlib.suppress(DamagedRun):  # which is said where that run is shown
            answer = answer(shown)
    if callable(answer) or (step.predict and answer is None):
        return Answer("", "That is not measured yet: train first, then come back to this step.")
    return answer
