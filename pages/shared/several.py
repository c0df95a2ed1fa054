"""Several runs that are asked for together: their buttons, and what is seen of them as they train."""

from collections.abc import Callable, Sequence

import streamlit as st

from pages.shared import expected, news, run_again
from pages.shared import lab as ui
from pages.shared.frame import fragment
from pages.shared.readings import says_damage
from pages.shared.steer import MAIN, ask_for, complaining, complaint, says_off, trouble
from vae.config import RunConfig
from vae.runs.queue import MOST_SWEPT
from vae.runs.states import ACTIVE, STARTABLE, RunStatus

Shown = Callable[[Sequence[RunConfig], list[RunStatus]], None]


@says_damage
def train(
    configs: Sequence[RunConfig],
    shown: Shown,
    of_seed: Callable[[int], Sequence[RunConfig]] | None = None,
    label: str = "",
    name: str = "",
) -> None:
    """Buttons to train and stop the runs, and `shown(configs, statuses)`, drawn anew while more is to come.

    of_seed: the same runs with another seed, which are offered once these have ended. label: on the button, instead of
    how many runs it trains; name: of these buttons, where a page has others.
    """
    states = [ui.status(config.run_id).state for config in configs]
    missing = [config for config, state in zip(configs, states) if state in STARTABLE]
    active = [config for config, state in zip(configs, states) if state in ACTIVE]
    may_train = says_off()
    row = st.container(horizontal=True, vertical_alignment="center")
    said, wanted = ("Training …", []) if active else ("All have ended", [])
    if missing:
        said, wanted = label or f"Train {'1 run' if len(missing) == 1 else f'{len(missing)} runs'}", missing
    elif of_seed and not active:
        wanted = _next_untrained(configs[0].seed, of_seed)
        said = f"Train again (seed {wanted[0].seed})"
    row.button(
        said, icon=":material/play_arrow:", type="primary", disabled=not (wanted and may_train),
        on_click=_train_with_seed if of_seed else _train, args=wanted, width=MAIN, key=f"start {name}",
    )  # fmt: skip
    if active:
        row.button("Stop all", icon=":material/stop:", on_click=_stop, args=active, key=f"stop {name}")
    elif wanted:
        row.caption(f"takes {expected.in_words(wanted)}")
    complaint()
    is_more_to_come = bool(active or missing)
    watch = fragment(_watch) if is_more_to_come else _watch
    watch(configs, states, shown, is_more_to_come)


@says_damage
def _watch(configs: Sequence[RunConfig], before: list[str], shown: Shown, is_more_to_come: bool) -> None:
    if is_more_to_come:
        news.watch(*(config.run_id for config in configs))
    now = [ui.status(config.run_id) for config in configs]
    if [status.state for status in now] != before:
        for config in configs:
            ui.forget(config.run_id)
        run_again()  # other buttons, and new results in the rest of the page
    trouble(configs, now)
    shown(configs, now)


def _next_untrained(seed: int, of_seed: Callable[[int], Sequence[RunConfig]]) -> Sequence[RunConfig]:
    """The runs of the next seed of which not all have been trained."""
    while True:
        seed = (seed + 1) % 2**31
        configs = of_seed(seed)
        if any(ui.status(config.run_id).state in STARTABLE for config in configs):
            return configs


def _train_with_seed(*configs: RunConfig) -> None:
    st.session_state["seed"] = configs[0].seed  # of the page's widget, which shall say what is trained
    _train(*configs)


@complaining
def _train(*configs: RunConfig) -> None:
    ask_for(configs, MOST_SWEPT)


@complaining
def _stop(*configs: RunConfig) -> None:
    for config in reversed(configs):  # those that still wait first: or else they would begin in the place of others
        ui.runs().stop(config.run_id)
