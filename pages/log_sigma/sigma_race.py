"""Three VAEs that differ in what their head for sigma gives, as they train: who fails, where, and how often."""

import dataclasses
from collections.abc import Callable

import numpy as np
import streamlit as st

from pages.shared import controls, digits, figures, prediction, seeds, several
from pages.shared import lab as ui
from pages.shared.colors import HEAD_COLORS
from pages.shared.glossary import say
from pages.shared.once import once
from pages.shared.plain import message
from pages.shared.readings import says_damage
from pages.shared.steps import Answer
from vae.config import RunConfig
from vae.objective import largest_log_sigma
from vae.runs.states import SETTLED, RunStatus
from vae.training.schedules import kl_weight_at

HEADS = {"h = σ, raw": "raw", "softplus(h) = σ": "softplus", "h = log σ": "log"}
COLORS = {name: HEAD_COLORS[kind] for name, kind in HEADS.items()}
NOBODY, SEVERAL = "All of them finish", "More than one fails"
SETTINGS = {
    "latent_dim": "Dimensions of z",
    "learning_rate": "Learning rate",
    "kl_ramp": "KL ramp",
    "epochs": "Epochs",
    "seed": "Seed",
}
SEEDS = range(5)  # of which it is said how often a raw sigma fails
TOO_FAST = 0.03  # a learning rate with which log sigma fails too
WHY = {
    "raw": "Noise costs reconstruction and pulls σ down; the KL term is to stop it before 0, and one step jumps over.",
    "softplus": "Of so small an h softplus is 0 in 32-bit numbers, and 0 has no logarithm.",
    "log": "Of so large an h exp(2h) is infinite in 32-bit numbers.",
}


def run() -> bool:
    """The settings, the question who fails, and the race, live where it was not run yet; whether it was answered."""
    asked, raced = st.columns([1, 2], gap="large")
    with asked:
        settings = controls.settings(SETTINGS)
        about = " ".join(str(value) for name, value in settings.items() if name != "seed")
        predicted = prediction.ask("predict_race", "who will not reach the end?", [*HEADS, NOBODY, SEVERAL], about)
    if predicted is None:
        raced.caption("Predict first. Then the race is here.")
        return False

    def of_seed(seed: int) -> list[RunConfig]:
        return [RunConfig(**settings | {"seed": seed}, sigma=kind) for kind in HEADS.values()]

    with raced:
        several.train(of_seed(settings["seed"]), lambda configs, now: _shown(configs, now, predicted), of_seed)
    return True


def asked_for() -> RunConfig:
    """What the race is set to; the defaults where its fields are not there."""
    return RunConfig(**{name: st.session_state[name] for name in SETTINGS if name in st.session_state})


def _shown(configs: list[RunConfig], now: list[RunStatus], predicted: str) -> None:
    """Each run's progress or end, the four panels, and the digit that ended a run."""
    if all(state.state == "absent" for state in now):
        st.info("Nothing is trained with these settings yet: press the button.", icon=":material/arrow_upward:")
        return
    if all(state.state in SETTLED for state in now):
        failed = [name for name, state in zip(HEADS, now) if state.state == "diverged"]
        measured = failed[0] if len(failed) == 1 else SEVERAL if failed else NOBODY
        prediction.compare(predicted, measured, outcome(configs, now))
    row = st.container(horizontal=True)
    for name, config, state in zip(HEADS, configs, now):
        row.progress(state.step / config.total_steps, f"**{name}** · {_where(config, state)}")
    failures = {name: failure for name, config in zip(HEADS, configs) if (failure := ui.failure_of(config.run_id))}
    drawn = tuple((name, config.run_id, state) for name, config, state in zip(HEADS, configs, now))
    marks = tuple((name, failure["step"], failure.get("share")) for name, failure in failures.items())
    st.plotly_chart(_panels(drawn, marks), key="race", config={"displayModeBar": False})
    st.caption("✖: the step at which a run's loss was no number any more, at the height of its last numbers before.")
    for name, config in zip(HEADS, configs):
        if "image" in failures.get(name, {}):
            _show_culprit(name, config, failures[name])


@once(100)
def _panels(
    drawn: tuple[tuple[str, str, RunStatus], ...], marks: tuple[tuple[str, int, float | None], ...]
) -> figures.Figure:
    ends = {name: end for name, *end in marks}
    return figures.race({name: ui.history(*run) for name, *run in drawn}, ends, COLORS)


def _where(config: RunConfig, state: RunStatus) -> str:
    """How far a run is, or what came of it."""
    if failure := ui.failure_of(config.run_id):
        return f"failed at step {failure['step']} of {config.total_steps:,}"
    if state.state == "absent":
        return "not trained yet"
    test = ui.test_of(config.run_id)
    if not test:
        return message(state.message) if state.message else f"{state.state}, step {state.step:,}"
    stopped = f"stopped at step {state.step:,}, " if state.state == "stopped" else ""
    learned = "" if test["active_units"] else ", nothing learned: no dimension is active"
    return f"{stopped}−ELBO {test['negative_elbo']:.1f} nats{learned}"


def _show_culprit(name: str, config: RunConfig, failure: dict) -> None:
    """The training image that ended a run, and what the head said of it."""
    pixels = np.frombuffer(bytes.fromhex(failure["pixels"]), np.uint8) / 255
    weight = kl_weight_at(config, failure["step"] - 1)
    picture, words = st.columns([1, 6], vertical_alignment="center")
    with picture:
        st.html(digits.film_strips({"the digit that did it": pixels[None]}, 120, stacked=True))
    words.markdown(
        f"**{name}**: at step {failure['step']} the head said **h = {_signed(failure['head'])}** in dimension "
        f"{failure['dimension'] + 1} of training image {failure['image']:,}, labelled {failure['label']}. So it was "
        f"with {failure['share']:.1%} of this batch's numbers; one without a usable σ leaves the whole batch without a "
        f"loss, and the training without a gradient. {WHY[config.sigma]} (The KL term counted {weight:.2g} then.)"
    )


def _signed(number: float) -> str:
    return f"{number:.3g}".replace("-", "−")


def outcome(configs: list[RunConfig], now: list[RunStatus]) -> str:
    """What became of each run, and in how many of five seeds a raw sigma fails, in words."""
    each = [f"*{name}*: {_where(config, state)}" for name, config, state in zip(HEADS, configs, now)]
    return f"{'; '.join(each)}.  \n{record(configs[0], 'these settings')}"


def fails(why: str, settings: str, **values) -> Callable[[RunConfig], Answer]:
    """An answer: how often a head fails with settings, named in words, whatever the page shows; and why it does.

    values: of RunConfig, by name. Where nothing was trained so there is the reason alone.
    """
    return lambda _: Answer("", f"{record(RunConfig(**values), settings)} {why}".strip())


def record(config: RunConfig, settings: str) -> str:
    """In how many of the first five seeds, and the config's own, a head fails, and at which steps; empty for none."""
    seeds = sorted({*SEEDS, config.seed})
    runs = {seed: dataclasses.replace(config, seed=seed) for seed in seeds}
    ended = {seed: run for seed, run in runs.items() if ui.status(run.run_id).state in SETTLED}
    steps = sorted(failure["step"] for run in ended.values() if (failure := ui.failure_of(run.run_id)))
    span = f", at step {steps[0]}" if len(set(steps)) == 1 else f", at steps {steps[0]} to {steps[-1]}" if steps else ""
    seeds = f"{len(ended)} seeds" if len(ended) != 1 else "1 seed"
    name = next(name for name, kind in HEADS.items() if kind == config.sigma)
    return f"With {settings} *{name}* failed in **{len(steps)} of {seeds}** trained here{span}." if ended else ""


@says_damage
def limits() -> None:
    """Where log sigma itself fails, by arithmetic and in a training with a learning rate that is too large."""
    say(
        "To the left nothing happens: σ may be as small as it likes, and the gradient stays at −1. To the right "
        f"σ² = exp(2 log σ) grows without measure, and beyond **log σ = {largest_log_sigma():.2f}** 32-bit numbers end "
        "and the KL is infinite. A learning rate that is too large can get there:"
    )
    configs = {name: RunConfig(sigma=kind, learning_rate=TOO_FAST) for name, kind in reversed(HEADS.items())}
    for name, config in configs.items():
        state = ui.status(config.run_id)
        if state.has_model:
            head = (ui.failure_of(config.run_id) or {}).get("head")
            at = "" if head is None else f", where the head said h = {_signed(head)}"
            say(f"- **{name}**, with a learning rate of {TOO_FAST:g}: {_where(config, state)}{at}")


@says_damage
def verdict() -> None:
    """Why log sigma, although softplus finishes too: what was measured with the default settings, and arithmetic."""
    softplus, log = (
        seeds.figure(lambda seed, kind=kind: RunConfig(sigma=kind, seed=seed)) for kind in ("softplus", "log")
    )
    say(
        "**So log σ, or softplus?** With learning rates that are not too large both train. With the default settings, "
        f"softplus against log σ: {seeds.better(softplus, log)}. What speaks for log σ is its simplicity: the KL "
        "contains log σ, which the head then gives as it is, every *h* means a σ, and the gradient is σ² − 1. What "
        "speaks for softplus: where *h* is large it grows no faster than *h*, nor does its gradient; exp explodes."
    )
    seeds.dots({"softplus(h) = σ": softplus, "h = log σ": log}, "−ELBO of the test digits, nats")
