"""Which runs there are: all of this server's, to sort, to open, to compare, and one's own to delete."""

import dataclasses
import os

import streamlit as st

from pages.classroom.trained import megabytes, pages_of
from pages.lessons import LESSONS
from pages.shared import class_names, controls, in_words, linked, take_home, visitors
from pages.shared import lab as ui
from pages.shared.plain import message
from pages.shared.readings import store
from pages.shared.visitors import ASKED
from vae.config import RunConfig
from vae.runs import limit
from vae.runs.files import SpoiledFile, StoreFault
from vae.runs.trash import UNDO, NotDeleted

PLACES = ("the first", "the second")
FIGURES = {
    "−ELBO": "negative_elbo",
    "reconstruction": "reconstruction",
    "KL": "kl",
    "active dimensions": "active_units",
}
WORDS = (
    "All runs of this server, in nats an image of the test digits; a click on a column's head sorts by it. Mark a run "
    "on its left to open it, two to compare them."
)


def show() -> None:
    """The page."""
    runs = _runs()
    st.markdown(WORDS)
    chosen = st.dataframe(
        _table(runs),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"runs {st.session_state.get('deletions', 0)}",  # after one other rows are marked: none
        column_config={name: st.column_config.NumberColumn(format="%.1f") for name in list(FIGURES)[:3]}
        | {"size, MB": st.column_config.NumberColumn(format="%.1f")},
    )
    marked = [list(runs)[row] for row in chosen.selection.rows if row < len(runs)]
    _undo()
    _say_limit()
    for run_id in marked[:1] if len(marked) == 1 else ():
        _one(runs[run_id][0])
    if len(marked) == 2:
        _two(*(runs[run_id][0] for run_id in marked))
    if len(marked) > 2:
        st.info("Mark two runs to compare them; only two stand beside each other.", icon=":material/info:")


def _runs() -> dict[str, tuple[RunConfig, str]]:
    """The config and the state of each run, by its name: what comes with the project last."""
    states = store().states()
    return dict(sorted(states.items(), key=lambda item: (store().comes_with_the_project(item[0]), item[0])))


def _table(runs: dict[str, tuple[RunConfig, str]]) -> list[dict]:
    rows = []
    for run_id, (config, state) in runs.items():
        test = ui.test_of(run_id)
        figures = {label: test.get(name) for label, name in FIGURES.items()}
        origin = "comes with the project" if store().comes_with_the_project(run_id) else "trained here"
        rows.append(
            {"model": config.model.upper(), "settings": in_words.describe(config)}
            | figures
            | {"state": state, "size, MB": megabytes(run_id, state), "origin": origin, "name": run_id}
        )
    return rows


def _say_limit() -> None:
    """Where the store has an end: that runs make way, and which have."""
    if limit.limit() is None:
        return
    gone = limit.dropped(store())[:5]
    lately = f" Lately: {', '.join(gone)}." if gone else ""
    st.caption(
        f"The runs of this store may take {os.environ['VAE_STORE_LIMIT']} (VAE_STORE_LIMIT). Beyond that the oldest of "
        f"them make way, but for those that are kept.{lately}"
    )


def _one(config: RunConfig) -> None:
    """A run: the pages that show it, its files, and the way to delete it."""
    run_id = config.run_id
    st.subheader(_name(config))
    ways = pages_of(config) if ui.status(run_id).has_model else []
    with st.container(horizontal=True):
        for lesson in LESSONS:
            if lesson.name in ways:
                st.page_link(lesson.file, label=f"Open it on {lesson.title}", query_params=linked.address_of(config))
    if home := take_home.links(config):
        st.markdown(home)
    if _may_delete(run_id) and limit.limit() is not None:
        st.toggle(
            "Keep it, whatever room it takes",
            value=store().is_kept(run_id),
            key=f"keep {run_id}",
            on_change=_keep,
            args=(run_id,),
        )
    if _may_delete(run_id):
        st.button("Delete this run", icon=":material/delete:", on_click=_delete, args=(run_id,))
    if words := st.session_state.pop("not deleted", ""):
        st.error(message(words), icon=":material/error:")


def _may_delete(run_id: str) -> bool:
    """Whether a run is a visitor's own: asked for in this visit, or of whoever sits at the server itself."""
    if store().comes_with_the_project(run_id):
        return False
    return run_id in st.session_state.get(ASKED, []) or visitors.is_at_the_server()


def _keep(run_id: str) -> None:
    store().keep(run_id, st.session_state[f"keep {run_id}"])


def _delete(run_id: str) -> None:
    try:
        store().delete(run_id)
    except KeyError:  # somebody else was faster
        pass
    except (NotDeleted, StoreFault, SpoiledFile) as error:
        st.session_state["not deleted"] = str(error)
        return
    ui.forget(run_id)
    st.session_state["deletions"] = st.session_state.get("deletions", 0) + 1
    st.session_state["deleted"] = [*st.session_state.get("deleted", []), run_id]


def _undo() -> None:
    """What was deleted here a moment ago, and the way to have it back."""
    there = store().deleted()
    deleted = [run_id for run_id in st.session_state.get("deleted", []) if run_id in there]
    st.session_state["deleted"] = deleted
    for run_id in deleted:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(
                f"The run {run_id} is deleted. For {UNDO:.0f} seconds it can be had back.", icon=":material/delete:"
            )
            st.button("Undo", key=f"undo {run_id}", on_click=_bring_back, args=(run_id,))


def _bring_back(run_id: str) -> None:
    store().undelete(run_id)
    ui.forget(run_id)


def _two(one: RunConfig, other: RunConfig) -> None:
    """In what two runs differ: their settings, and what came of it."""
    fields = [field.name for field in dataclasses.fields(RunConfig) if field.name != "model"]
    settings = {name: [_setting(config, name) for config in (one, other)] for name in ("model", *fields)}
    labels = controls.FEW | controls.MORE
    rows = [
        {"what": labels.get(name, name), **_beside(values)}
        for name, values in settings.items()
        if values[0] != values[1]
    ]
    tests = [ui.test_of(config.run_id) for config in (one, other)]
    for label, name in FIGURES.items():
        values = [test.get(name) for test in tests]
        if values != [None, None]:
            difference = "" if None in values else _difference(*values)
            rows.append({"what": label, **_beside(list(map(_shown, values))), "difference": difference})
    st.subheader("What differs")
    st.markdown("  \n".join(f"{place}: {_name(config)}" for place, config in zip(PLACES, (one, other))))
    st.dataframe(rows, hide_index=True, width="content")


def _setting(config: RunConfig, name: str) -> str:
    """A setting in words."""
    value = getattr(config, name)
    if name == "dataset":
        return class_names.title(value)
    if name == "classes":
        names = class_names.names(config.dataset)
        return ", ".join(names[label] for label in value) or "all"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _beside(values: list[str]) -> dict[str, str]:
    return dict(zip(PLACES, values))


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)


def _difference(one: float, other: float) -> str:
    return f"{other - one:+.1f}" if isinstance(one, float) else f"{other - one:+d}"


def _name(config: RunConfig) -> str:
    return f"{config.model.upper()} · {in_words.describe(config)}"


if __name__ == "__main__":
    show()
