"""Three VAEs that differ in what their head for sigma gives, as they train: who fails, where, and how often."""

import dataclasses

import streamlit as st

from pages.ui import controls, digits, prediction, several
from pages.ui import runs as ui
from vae import data, figures
from vae.config import RunConfig
from vae.losses import largest_log_sigma
from vae.store import RunStatus

HEADS = {"h = σ, raw": "raw", "softplus(h) = σ": "softplus", "h = log σ": "log"}
COLORS = {name: figures.HEAD_COLORS[kind] for name, kind in HEADS.items()}
NOBODY, SEVERAL = "All of them finish", "More than one fails"
SETTINGS = {"latent_dim": "Dimensions of z", "learning_rate": "Learning rate", "epochs": "Epochs", "seed": "Seed"}
SEEDS = range(5)  # of which it is said how often a raw sigma fails
TOO_FAST = 0.03  # a learning rate with which log sigma fails too


def run() -> None:
    """The question who fails, the settings, and the race, live where it was not run yet."""
    predicted = prediction.ask("predict_race", "who will not reach the end?", [*HEADS, NOBODY, SEVERAL])
    if predicted is None:
        return
    settings = {}
    for column, (name, label) in zip(st.columns(4), SETTINGS.items()):
        with column:
            settings[name] = controls.setting(name, label)

    def of_seed(seed: int) -> list[RunConfig]:
        return [RunConfig(**settings | {"seed": seed}, sigma=kind) for kind in HEADS.values()]

    several.train(of_seed(settings["seed"]), lambda configs, now: _shown(configs, now, predicted), of_seed)


def _shown(configs: list[RunConfig], now: list[RunStatus], predicted: str) -> None:
    """Each run's progress or end, the four panels, and the digit that ended a run."""
    if all(state.state == "absent" for state in now):
        st.info("Nothing is trained with these settings yet: press the button.", icon=":material/arrow_upward:")
        return
    if all(state.state in ("complete", "diverged") for state in now):
        failed = [name for name, state in zip(HEADS, now) if state.state == "diverged"]
        measured = failed[0] if len(failed) == 1 else SEVERAL if failed else NOBODY
        prediction.compare(predicted, measured, outcome(configs, now))
    for column, name, config, state in zip(st.columns(3), HEADS, configs, now):
        column.progress(state.step / config.total_steps, f"**{name}** · {_where(config, state)}")
    ends = {name: culprit for name, config in zip(HEADS, configs) if (culprit := ui.culprit_of(config.run_id))}
    marks = {name: (culprit["step"], culprit["share"]) for name, culprit in ends.items()}
    drawn = {name: (config.run_id, state) for name, config, state in zip(HEADS, configs, now)}
    st.plotly_chart(_panels(drawn, marks), key="race", config={"displayModeBar": False})
    for name, culprit in ends.items():
        _show_culprit(name, configs[0], culprit)


@st.cache_resource(max_entries=100, show_spinner=False)
def _panels(drawn: dict[str, tuple[str, RunStatus]], marks: dict[str, tuple[int, float]]) -> figures.Figure:
    return figures.race({name: ui.history(*run) for name, run in drawn.items()}, marks, COLORS)


def _where(config: RunConfig, state: RunStatus) -> str:
    """How far a run is, or what it is worth."""
    if state.state == "diverged":
        culprit = ui.culprit_of(config.run_id)
        return f"failed at step {culprit['step'] if culprit else state.step + 1} of {config.total_steps:,}"
    if test := ui.test_of(config.run_id):
        learned = "" if test["active_units"] else ", nothing learned: no dimension is active"
        return f"−ELBO {test['negative_elbo']:.1f} nats{learned}"
    return "not trained yet" if state.state == "absent" else f"{state.state}, step {state.step:,}"


def _show_culprit(name: str, config: RunConfig, culprit: dict) -> None:
    """The training image that ended a run, and what the head said of it."""
    train = data.load(config.dataset, "train")
    picture, words = st.columns([1, 6], vertical_alignment="center")
    with picture:
        digits.film_strips({"the digit that did it": train.images[culprit["image"]][None].numpy()}, 120, stacked=True)
    words.markdown(
        f"**{name}**: step {culprit['step']} asked for log σ of training image {culprit['image']:,}, a "
        f"{train.labels[culprit['image']]}, and the head said **h = {_signed(culprit['head'])}** in dimension "
        f"{culprit['dimension'] + 1}. {culprit['share']:.1%} of this batch's log σ were no usable number; one is "
        "enough to make the whole loss none, and every weight of the network with the next step."
    )


def _signed(number: float) -> str:
    return f"{number:.3g}".replace("-", "−")


def outcome(configs: list[RunConfig], now: list[RunStatus]) -> str:
    """What became of each run, and in how many of five seeds a raw sigma fails, in words."""
    each = [f"*{name}*: {_where(config, state)}" for name, config, state in zip(HEADS, configs, now)]
    return f"{'; '.join(each)}.  \n{record(configs[0])}"


def record(raw: RunConfig) -> str:
    """In how many of the first five seeds that were trained here a raw sigma fails, and at which steps."""
    runs = [dataclasses.replace(raw, seed=seed) for seed in SEEDS]
    now = {run: state for run in runs if (state := ui.status(run.run_id)).state in ("complete", "diverged")}
    steps = sorted(ui.culprit_of(run.run_id)["step"] for run in now if ui.culprit_of(run.run_id))
    if not steps:
        return f"A raw σ failed in none of the {len(now)} seeds that were trained here."
    span = f"step {steps[0]}" if steps[0] == steps[-1] else f"steps {steps[0]} to {steps[-1]}"
    return f"A raw σ turned negative in **{len(steps)} of {len(now)}** seeds that were trained here, at {span}."


def limits() -> None:
    """Where log sigma itself fails, by arithmetic and in a training with a learning rate that is too large."""
    most = largest_log_sigma()
    st.markdown(
        f"To the left nothing happens: σ may be as small as it likes, and the gradient stays at −1. To the right "
        f"σ² = exp(2 log σ) grows without measure, and beyond **log σ = {most:.2f}** 32-bit numbers end: the KL is "
        "infinite. A learning rate that is too large gets there:"
    )
    for name, kind in HEADS.items():
        config = RunConfig(sigma=kind, learning_rate=TOO_FAST)
        state = ui.status(config.run_id)
        if state.has_model:
            words = state.message or _where(config, state)
            st.markdown(f"- **{name}**, learning rate {TOO_FAST:g}: {words}")
