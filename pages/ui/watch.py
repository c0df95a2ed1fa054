"""A pair of runs as it trains: the buttons that steer it, and the pictures that follow it."""

import dataclasses

import numpy as np
import streamlit as st
import torch

from pages.ui import digits, scatter
from pages.ui import runs as ui
from vae import data, figures
from vae.config import RunConfig
from vae.evaluation import test_entropy_floor
from vae.runs import TooManyRuns
from vae.store import RunStatus
from vae.training import estimate_seconds

PLAY = 0.4  # seconds a picture while the training is played


def buttons(ae: RunConfig, vae: RunConfig) -> None:
    """Train, pause, resume, stop: whatever the pair's state allows."""
    states = [ui.status(half.run_id).state for half in (ae, vae)]
    train, pause, stop, _ = st.columns([3, 2, 2, 5])
    if any(state in ("queued", "running", "stopping") for state in states):
        pause.button("Pause", icon=":material/pause:", on_click=_steer, args=("pause", ae, vae), width="stretch")
        stop.button("Stop", icon=":material/stop:", on_click=_steer, args=("stop", ae, vae), width="stretch")
        train.button("Training …", disabled=True, icon=":material/play_arrow:", width="stretch")
    elif "paused" in states:
        train.button(
            "Resume", icon=":material/play_arrow:", type="primary", on_click=_steer, args=("resume", ae, vae),
            width="stretch",
        )  # fmt: skip
        stop.button("Stop", icon=":material/stop:", on_click=_steer, args=("stop", ae, vae), width="stretch")
    else:
        fresh = _next_untrained(vae)
        label = "Train both" if fresh == vae else f"Train both again (seed {fresh.seed})"
        if "stopped" in states:
            label = "Train both to the end"
        train.button(
            label, icon=":material/play_arrow:", type="primary", on_click=_train, args=(fresh,), width="stretch"
        )
        pause.caption(f"about {_seconds(_estimate(vae))} here")
    if complaint := st.session_state.pop("complaint", None):
        st.error(complaint, icon=":material/hourglass_top:")


@ui.says_damage
def training(ae: RunConfig, vae: RunConfig) -> None:
    """Everything that is seen of a pair; looks again by itself while there is more to come."""
    states = [ui.status(half.run_id) for half in (ae, vae)]
    for report in [*ui.damage_reports(ae.run_id), *ui.damage_reports(vae.run_id)]:
        st.warning(f"An earlier copy was set aside: {report}", icon=":material/healing:")
    if all(state.state == "absent" for state in states):
        st.info("Nothing trained with these settings yet: press **Train both**.", icon=":material/arrow_upward:")
        return
    live = any(state.is_active for state in states)
    playing = st.session_state.get("playing", False) and not live
    every = ui.LIVE if live else PLAY if playing else None
    dimensions, same = _view_settings(vae.latent_dim)
    st.fragment(_pictures, run_every=every)(ae, vae, dimensions, same, live, playing)


def _view_settings(latent_dim: int) -> tuple[tuple[int, int] | None, bool]:
    return scatter.choose_dimensions(latent_dim), st.session_state.get("same_axes", True)


@ui.says_damage
def _pictures(ae: RunConfig, vae: RunConfig, dimensions, same: bool, live: bool, playing: bool) -> None:
    now = [ui.status(half.run_id) for half in (ae, vae)]
    if live and not any(state.is_active for state in now):
        st.rerun()  # the training has ended: other buttons, and no more looking again
    histories = [ui.history(half.run_id, state) for half, state in zip((ae, vae), now)]
    for column, half, state in zip(st.columns(2), (ae, vae), now):
        with column:
            _progress(half, state)
    frames = _frames(histories)
    if not frames:
        return
    step = frames[-1] if live else _scrubber(frames, vae, playing)
    lines = [_line_at(history, step) for history in histories]
    shots = [_shot(half, line) for half, line in zip((ae, vae), lines)]
    strips, *scatters = st.columns([5, 4, 4], gap="medium")
    with strips:
        _strips(vae, shots)
    _scatters(scatters, (ae, vae), shots, dimensions, same)
    floor = test_entropy_floor(vae.dataset) if vae.likelihood == "bernoulli" else None
    st.plotly_chart(figures.loss_curves(*histories, floor, None if live else step), key="losses", config=PLAIN)


PLAIN = {"displayModeBar": False}


def _progress(config: RunConfig, now: RunStatus) -> None:
    """One run's bar, or what came of it."""
    name = config.model.upper()
    share = now.step / now.total_steps if now.total_steps else 0.0
    epoch = f"epoch {now.step / config.steps_per_epoch:.1f} of {config.epochs}"
    if now.state == "absent":
        st.progress(0.0, f"**{name}** · not trained with these settings yet")
    elif now.state == "queued":
        waiting = "the workers are starting" if ui.start().is_starting else "waiting for a free worker"
        st.progress(0.0, f"**{name}** · {ui.start().error or waiting} …")
    elif now.is_active:
        left = "" if now.seconds_left is None else f" · {_seconds(now.seconds_left)} left"
        st.progress(share, f"**{name}** · {epoch}{left}")
    elif now.state == "paused":
        st.progress(share, f"**{name}** · paused at {epoch}")
    elif now.state in ("diverged", "failed"):
        st.error(f"**{name}** · {now.message}", icon=":material/error:")
    else:
        test = (ui.start().store.metrics(config.run_id) or {}).get("test") or {}
        ended = "trained" if now.state == "complete" else f"stopped at {epoch}, trained"
        st.progress(share, f"**{name}** · {ended} in {_seconds(now.seconds)} · test: {_test_in_words(test)}")


def _test_in_words(test: dict) -> str:
    if test.get("kl") is None:
        return f"reconstruction **{test.get('reconstruction', float('nan')):.1f}** nats"
    parts = f"reconstruction {test['reconstruction']:.1f} + KL {test['kl']:.1f}"
    return f"−ELBO **{test['negative_elbo']:.1f}** nats = {parts}"


def _scrubber(frames: list[int], vae: RunConfig, playing: bool) -> int:
    """The step on show: a slider over the snapshots that plays back and forth."""
    key = f"frame {vae.run_id}"
    if st.session_state.get(key) not in frames:
        st.session_state[key] = frames[-1]
    if playing:
        following = frames.index(st.session_state[key]) + 1
        if following < len(frames):
            st.session_state[key] = frames[following]
        else:
            st.session_state["playing"] = False
            st.rerun()
    button, slider = st.columns([1, 7], vertical_alignment="bottom")
    if button.button("Pause" if playing else "Play", icon=":material/movie:", key="play", width="stretch"):
        st.session_state["playing"] = not playing
        if not playing and st.session_state[key] == frames[-1]:
            st.session_state["restart"] = True
        st.rerun()
    if st.session_state.pop("restart", False):
        st.session_state[key] = frames[0]
    per_epoch = vae.steps_per_epoch
    return slider.select_slider(
        "The training, back and forth", frames, key=key, format_func=lambda s: f"step {s} (epoch {s / per_epoch:.2f})"
    )


def _frames(histories: list[list[dict]]) -> list[int]:
    """The steps with pictures of both runs, or of the one that has any."""
    steps = [{line["step"] for line in history if "pictures" in line} for history in histories if history]
    common = set.intersection(*steps) if steps else set()
    return sorted(common or set().union(*steps))


def _line_at(history: list[dict], step: int) -> dict | None:
    """The latest history line with pictures that is not after the step."""
    return next((line for line in reversed(history) if "pictures" in line and line["step"] <= step), None)


def _shot(config: RunConfig, line: dict | None) -> dict[str, np.ndarray] | None:
    return line and ui.pictures(config.run_id, line["step"], line["pictures"])


def _strips(vae: RunConfig, shots: list[dict | None]) -> None:
    test = data.load(vae.dataset, "test")
    rows = {"x, ten test digits": test.images[data.one_per_class(test.labels)].numpy()}
    for name, shot in zip(("AE", "VAE"), shots):
        if shot:
            rows[f"x̂ of the {name}"] = shot["reconstructions"]
    for name, shot in zip(("AE", "VAE"), shots):
        if shot:
            rows[f"{name}: z from N(0, I), decoded"] = shot["samples"][:10]
    digits.film_strips(rows, stacked=True)


def _scatters(columns: list, pair: tuple, shots: list, dimensions, same: bool) -> None:
    labels = data.load(pair[1].dataset, "test").labels[: data.TEST_CODES].numpy()
    flat = [shot and scatter.flatten(torch.from_numpy(shot["mu"]), labels, dimensions) for shot in shots]
    limits = scatter.limits(*([points] if points is not None else [] for points in flat), same)
    for column, config, points, limit in zip(columns, pair, flat, limits):
        with column:
            if points is None:
                continue
            st.markdown(f"**{config.model.upper()}**: where {len(points):,} test digits are")
            figure = figures.latent_scatter(points, labels, limit, scatter.axis_names(config, dimensions))
            st.plotly_chart(figure, key=f"scatter {config.model}", config=PLAIN)
    st.checkbox("The same axes for both", value=True, key="same_axes")


def _train(config: RunConfig) -> None:
    st.session_state["seed"] = config.seed
    try:
        ui.start().submit([config.autoencoder, config], ui.browser())
    except TooManyRuns as error:
        st.session_state["complaint"] = str(error)
    ui.status.clear()


def _steer(verb: str, ae: RunConfig, vae: RunConfig) -> None:
    runs = ui.start()
    for half in (ae, vae):
        if verb == "resume":
            runs.resume(half)
        elif verb == "pause":
            runs.pause(half.run_id)
        else:
            runs.stop(half.run_id)
    ui.status.clear()


def _next_untrained(vae: RunConfig) -> RunConfig:
    """The settings themselves, or with the next seed whose pair is not complete yet."""
    ended = ("complete", "diverged")
    while all(ui.status(half.run_id).state in ended for half in (vae.autoencoder, vae)):
        vae = dataclasses.replace(vae, seed=vae.seed + 1)
    return vae


def _estimate(vae: RunConfig) -> float:
    """Seconds for both: side by side where there are two cores."""
    both = estimate_seconds(vae.autoencoder), estimate_seconds(vae)
    return max(both) if ui.start().workers > 1 else sum(both)


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
