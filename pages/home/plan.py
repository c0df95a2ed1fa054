"""The lesson plan on the first page: assets/browser/home/plan.*, fed."""

from pages.lessons import LESSONS
from pages.shared.component import component
from pages.shared.steps import href

_plan = component("home", "plan")


def show() -> None:
    """All lessons, the core first, with minutes and what one learns."""
    lessons = [
        {
            "number": number,
            "name": lesson.name,
            "href": href(lesson),
            "title": lesson.title,
            "minutes": lesson.minutes,
            "learns": lesson.learns,
            "isCore": lesson.is_core,
        }
        for number, lesson in enumerate(LESSONS, 1)
    ]
    _plan(key="plan", data={"lessons": lessons, "handout": "./handout", "runs": "./runs"}, height="content")
