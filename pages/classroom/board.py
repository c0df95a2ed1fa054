"""The page of a class: for its teacher the code, who is where, and the lesson plan with its votes; what it has trained.

All of it is drawn in the browser (assets/browser/classroom/board.js), which alone knows of which class it is.
"""

import functools
import importlib

from pages.lessons import LESSONS, Lesson
from pages.shared import address
from pages.shared.component import component, read, styles
from pages.shared.steps import plain

_board = component("classroom", "board", css=styles("classroom", "board") + read("classroom/class_row.css"))


def show() -> None:
    """The page."""
    _board(key="board", data={"given": address.given("join"), "plan": _plan()}, height="content")


@functools.cache
def _plan() -> list[dict]:
    """The lessons with their steps, in words, and what is predicted at each."""
    return [{"name": lesson.name, "title": lesson.title, "steps": _steps(lesson)} for lesson in LESSONS]


def _steps(lesson: Lesson) -> list[dict]:
    steps = importlib.import_module(f"pages.{lesson.name}.{lesson.name}").STEPS
    return [{"words": plain(step.words), "options": list(step.predict)} for step in steps]


if __name__ == "__main__":
    show()
