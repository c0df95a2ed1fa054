"""The lesson plan as a class needs it: each lesson's steps in words, and what is predicted at each."""

import functools
import importlib

from pages.lessons import LESSONS, Lesson


@functools.cache
def plan() -> list[dict]:
    """The lessons with their steps. digit: the one that a step is about, where it names one."""
    return [{"name": lesson.name, "title": lesson.title, "steps": _steps(lesson)} for lesson in LESSONS]


def _steps(lesson: Lesson) -> list[dict]:
    from pages.shared.steps import plain, view_of  # what a server that starts does not wait for

    steps = importlib.import_module(f"pages.{lesson.name}.{lesson.name}").STEPS
    return [
        {"words": plain(step.words), "options": list(step.predict), "digit": view_of(step, None).get("x", "")}
        for step in steps
    ]
