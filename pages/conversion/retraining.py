"""A converted AE is trained again, all or a part of it, beside a VAE from scratch with the same budget."""

import dataclasses
import functools

import streamlit as st

from pages.conversion.changes import from_scratch
from pages.shared import controls, figures, prediction, seeds, several
from pages.shared import lab as ui
from pages.shared.controls import FIELDS
from pages.shared.glossary import say
from pages.shared.once import once
from pages.shared.plain import message
from pages.shared.prediction import within
from vae.config import RunConfig
from vae.measures.paired import paired
from vae.runs.store import RunStatus

SCRATCH, LONGER = "A VAE from scratch", "From scratch, with the AE's epochs too"
PARTS = {"Everything is trained": "all", "The encoder only": "encoder", "The two heads only": "heads"}
# Of the curves; the run that is longer than the others has its end in the words alone.
COLORS = dict(zip([SCRATCH, *PARTS], ["#2f80ed", "#12a594", "#f08c00", "#d6336c"]))


def compare(ae: RunConfig) -> None:
    """The question who will be best, and the runs that answer it, live where they are not there yet."""
    say(
        "Both its structure and its objective have changed, so it must be **trained again**: everything, or only the "
        "encoder (the decoder stays the AE's), or only the heads *g* and *h* (the trunk stays too). Beside it is a VAE "
        "from scratch, with the same epochs, batches and learning rates, and one that has the AE's epochs as well."
    )
    with st.container(width=400):
        count, number = controls.settings({"epochs": "Epochs", "seed": "Seed"}).values()

    question = "which of the first four ends with the lowest −ELBO?"
    predicted = prediction.ask("predict_training", question, [SCRATCH, *PARTS], f"{ae.run_id} {count}")
    if predicted is None:
        return

    def of_seed(seed: int) -> list[RunConfig]:
        return list(_runs(ae, count, seed).values())

    several.train(of_seed(number), lambda configs, now: _shown(ae, configs, now, predicted), of_seed)


def _runs(ae: RunConfig, epochs: int, seed: int) -> dict[str, RunConfig]:
    """The runs that are compared, by name; the longer one only where so many epochs are allowed."""
    budget = {"epochs": epochs, "seed": seed}
    runs = {SCRATCH: dataclasses.replace(from_scratch(ae), **budget)}
    for name, trainable in PARTS.items():
        runs[name] = dataclasses.replace(ae.converted(trainable), **budget)
    if epochs + ae.epochs <= FIELDS["epochs"].metadata["high"]:
        runs[LONGER] = dataclasses.replace(runs[SCRATCH], epochs=epochs + ae.epochs)
    return runs


def _run(ae: RunConfig, epochs: int, name: str, seed: int) -> RunConfig:
    return _runs(ae, epochs, seed)[name]


def _shown(ae: RunConfig, configs: list[RunConfig], now: list[RunStatus], predicted: str) -> None:
    """Progress, curves, and, once all have ended, who was best."""
    names = [SCRATCH, *PARTS, LONGER][: len(configs)]
    histories = {name: ui.history(c.run_id, state) for name, c, state in zip(names, configs, now)}
    histories = {name: history for name, history in histories.items() if history}
    done, total = sum(state.step for state in now), sum(config.total_steps for config in configs)
    if any(state.is_active for state in now):
        st.progress(min(done / total, 1.0), f"{sum(not s.is_active for s in now)} of {len(now)} runs have ended")
    for name, state in zip(names, now):
        if state.state in ("failed", "diverged"):
            st.error(f"**{name}** · {message(state.message)}", icon=":material/error:")
        elif state.state == "stopped":
            st.caption(f"**{name}** · stopped at step {state.step:,} of {state.total_steps:,}")
    if not histories:
        st.info("Nothing is trained with these settings yet: press the button.", icon=":material/arrow_upward:")
        return
    tests = {name: ui.test_of(c.run_id) for name, c, s in zip(names, configs, now) if s.state == "complete"}
    if len(tests) == len(names):
        losses = {name: test["negative_elbo"] for name, test in tests.items()}
        over = {name: seeds.figure(functools.partial(_run, ae, configs[0].epochs, name)) for name in names}
        best = min([SCRATCH, *PARTS], key=losses.get)
        if predicted in over and (beside := paired(over[predicted], over[best])) and beside.seeds > 1 and beside.is_tie:
            best = predicted  # ahead by luck alone is not ahead
        prediction.compare(predicted, best, outcome(losses, histories, ae.epochs, over))
        seeds.dots(over, "−ELBO of the test digits, nats; all conversions of this AE")
    drawn = tuple((n, c.run_id, state) for n, c, state in zip(names, configs, now) if n in COLORS and n in histories)
    st.plotly_chart(_curves(drawn), key="objectives", config={"displayModeBar": False})


@once(100)
def _curves(drawn: tuple[tuple[str, str, RunStatus], ...]) -> figures.Figure:
    return figures.objective_curves({name: ui.history(*run) for name, *run in drawn}, COLORS)


def outcome(
    losses: dict[str, float], histories: dict[str, list[dict]], ae_epochs: int, over: dict[str, dict[int, float]]
) -> str:
    """What the AE was worth, in words: by the runs' test −ELBO, their curves, and what the AE itself has cost.

    losses: of the runs on show; over: of the same runs, by seed.
    """
    everything, encoder, heads = PARTS
    best_first = sorted([SCRATCH, *PARTS], key=losses.get)
    ranking = ", ".join(f"*{within(name)}* **{losses[name]:.1f}**" for name in best_first)
    sentences = [
        f"−ELBO of the test digits: {ranking} nats.",
        f"To go on from the AE, against starting from scratch: {seeds.better(over[everything], over[SCRATCH])}"
        f"{_head_start(histories[everything], histories[SCRATCH])}. To leave its decoder as it was, against training "
        f"it too: {seeds.better(over[encoder], over[everything])}; to leave its trunk as well: "
        f"{seeds.better(over[heads], over[encoder])} again.",
    ]
    if LONGER in losses:
        sentences.append(
            f"But the AE had cost {_epochs(ae_epochs)} before: a VAE from scratch with these too reaches "
            f"**{losses[LONGER]:.1f}**. The detour against that: {seeds.better(over[everything], over[LONGER])}."
        )
    return "  \n".join(sentences)


def _head_start(converted: list[dict], nothing: list[dict]) -> str:
    """From when on the curve of the one stays below where the other's ends, in words."""
    above = [place for place, line in enumerate(converted) if _negative_elbo(line) > _negative_elbo(nothing[-1])]
    if not above or above[-1] == len(converted) - 1:
        return ""
    reached = converted[above[-1] + 1]["epoch"]
    epochs = _epochs(round(nothing[-1]["epoch"]))
    return f"; with the seed on show its curve stays below the other's end after {reached:.1f} of {epochs}"


def _negative_elbo(line: dict) -> float:
    return line["reconstruction"] + line["kl"]


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"
