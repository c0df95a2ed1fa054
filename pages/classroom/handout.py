"""A handout to print: each chosen lesson's steps with room for answers, pictures of the run on show, formula, words.

What is printed is black on white, whatever the theme (handout.css).
"""

import contextlib
import functools
import html
import importlib
import itertools
from pathlib import Path

import streamlit as st

from pages.classroom import print_pictures
from pages.lessons import LESSONS, Lesson
from pages.shared import PageEnds, address, choose, controls, glossary
from pages.shared.component import component
from pages.shared.readings import says_damage, store
from pages.shared.steps import Step, answer_of, view_of
from vae.config import RunConfig

PAPERS = ("A4", "Letter")
LINES = 3  # to write an answer on

_print = component("classroom", "print")


def show() -> None:
    """The page."""
    with st.container(key="not-printed"):
        st.markdown("Choose the lessons, then print: each begins on a sheet of its own.")
        titles = [lesson.title for lesson in LESSONS]
        core = [lesson.title for lesson in LESSONS if lesson.is_core]
        bind = address.binding("lessons", titles)
        chosen = st.pills("Lessons", titles, selection_mode="multi", default=core, key="lessons", bind=bind)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            vae = choose.choose_pair()
            bind = address.binding("paper", PAPERS)
            paper = st.segmented_control("Paper", PAPERS, default="A4", required=True, key="paper", bind=bind)
            with_answers = st.toggle("With answers, for the teacher", key="answers", bind="query-params")
            _print(key="print", data={}, height="content")
    st.html(f"<style>@page {{ size: {paper}; margin: 14mm 16mm; }} {_style()}</style>")
    lessons = [lesson for lesson in LESSONS if lesson.title in chosen]
    if not lessons:
        st.info("No lesson is chosen: choose one at least.", icon=":material/arrow_upward:")
    for number, lesson in enumerate(lessons):
        # What cannot be shown of one lesson, which says so, does not keep the others from being printed.
        with st.container(key=f"sheet-{number}"), contextlib.suppress(PageEnds):
            _sheet(lesson, vae, with_answers)


@functools.cache
def _style() -> str:
    return Path(__file__).with_suffix(".css").read_text(encoding="utf-8")


@says_damage
def _sheet(lesson: Lesson, vae: RunConfig, with_answers: bool) -> None:
    page = importlib.import_module(f"pages.{lesson.name}.{lesson.name}")
    st.header(f"Lesson {LESSONS.index(lesson) + 1}: {lesson.heading}")
    st.markdown(page.SENTENCE)
    print_pictures.show(lesson.name, vae)
    for number, step in enumerate(page.STEPS, 1):
        with st.container(key=f"asked-{lesson.name}-{number}"):
            st.markdown(f"**{number}.** {step.words}")
            if with_answers:
                st.markdown(_answered(step, vae))
            else:
                st.html(_to_fill_in(step))
    controls.formula(page.FORMULA)
    said = " ".join(itertools.chain([page.SENTENCE], (step.words for step in page.STEPS)))
    st.markdown("  \n".join(f"**{word}**: {glossary.WORDS[word].means}" for word in glossary.words_in(said)))


def _to_fill_in(step: Step) -> str:
    """Boxes to tick for a prediction, and lines to write on."""
    boxes = "".join(f"<span>☐ {html.escape(option, quote=False)}</span>" for option in step.predict)
    return f'<div class="to-fill-in"><p>{boxes}</p>{"<hr>" * LINES}</div>'


def _answered(step: Step, vae: RunConfig) -> str:
    """The options with the measured one ticked, and why; of a task that nobody predicts, where it is seen."""
    view = view_of(step, vae)
    run_id = view.get("run", view.get("ae"))
    shown = store().config(run_id) if run_id else vae
    answer = answer_of(step, shown)
    ticked = [f"{'☑' if answer and option == answer.measured else '☐'} {option}" for option in step.predict]
    return "  \n".join(
        filter(None, [" &emsp; ".join(ticked), answer.words if answer else "*It is measured on the page.*"])
    )


if __name__ == "__main__":
    show()
