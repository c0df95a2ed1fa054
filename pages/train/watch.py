"""What is seen of a pair of runs as it trains, and afterwards, back and forth, from its snapshots."""

import functools
import time

import numpy as np
import streamlit as st
import torch

from pages.shared import digits, figures, news, run_again, scatter, seeds, visitors
from pages.shared import lab as ui
from pages.shared.expected import duration
from pages.shared.frame import fragment
from pages.shared.glossary import say
from pages.shared.once import once
from pages.shared.plain import message
from pages.shared.readings import says_damage
from pages.shared.steer import waiting
from pages.train import balance
from vae import data
from vae.config import RunConfig
from vae.measures.evaluation import floor_of
from vae.runs.states import ACTIVE, SETTLED, RunStatus
from vae.sizes import size_of

PLAY = 0.4  # seconds a picture while the training is played by few
HERE = 15.0  # seconds for which one who has had a picture of a training that is played counts as one who plays
PLAIN = {"displayModeBar": False}


@says_damage
def training(ae: RunConfig, vae: RunConfig) -> None:
    """Everything that is seen of a pair; looks again by itself while more may come, also from another browser."""
    before = [ui.status(half.run_id).state for half in (ae, vae)]
    for report in [*ui.damage_reports(ae.run_id), *ui.damage_reports(vae.run_id)]:
        st.warning(f"An earlier copy was set aside: {message(report)}", icon=":material/healing:")
    live = bool(ACTIVE & set(before))
    playing = st.session_state.get("playing") is not None and not live
    dimensions = scatter.choose_dimensions(vae.latent_dim)
    run_every = _seconds_a_picture() if playing else None
    fragment(_pictures, run_every=run_every)(ae, vae, before, dimensions, live, playing)
    if set(before) <= SETTLED:
        _with_other_seeds(ae, vae)


@says_damage
def _with_other_seeds(ae: RunConfig, vae: RunConfig) -> None:
    """Which of the two reconstructs better, over all seeds with which this pair has been trained."""
    of_ae, of_vae = (seeds.figure(functools.partial(seeds.with_seed, half), "reconstruction") for half in (ae, vae))
    if len(of_ae.keys() & of_vae.keys()) < 2:
        return
    say(f"**With other seeds:** the AE's reconstruction loss against the VAE's: {seeds.better(of_ae, of_vae)}.")
    seeds.dots({"AE": of_ae, "VAE": of_vae}, "reconstruction loss of the test digits, nats")


@says_damage
def _pictures(ae: RunConfig, vae: RunConfig, before: list[str], dimensions, live: bool, playing: bool) -> None:
    """What there is of a training by now; where there is nothing yet, its room.

    From the button to here: `_train` (pages/shared/steer.py) asks `Runs.submit` (vae/runs/queue.py), a worker's
    `advance` (vae/runs/worker.py) writes step 0 into the store, and `news.watch` has this run again.
    """
    pair = (ae, vae)
    with st.container():  # which is there afterwards too: else all below would be made anew, and jump
        if not set(before) <= SETTLED:
            news.watch(ae.run_id, vae.run_id)
    now = [ui.status(half.run_id) for half in pair]
    if [state.state for state in now] != before:
        run_again()  # other buttons
    if set(before) == {"absent"}:
        st.info("Nothing trained with these settings yet: press **Train both**.", icon=":material/arrow_upward:")
    else:
        with st.container(horizontal=True):
            for half, state in zip(pair, now):
                _progress(half, state)
    histories = [ui.history(half.run_id, state) for half, state in zip(pair, now)]
    frames = [[line for line in history if "pictures" in line] for history in histories]
    steps = sorted({line["step"] for lines in frames for line in lines})
    if live:
        st.query_params.pop("step", None)  # what was chosen before there was more to see
    above = st.container()  # the slider stands below what it changes
    step = _scrubber(steps, vae, playing) if steps and not live else _no_scrubber(steps)
    shown = [[line for line in lines if live or line["step"] <= step] for lines in frames]
    strips, *scatters = above.columns([5, 4, 4], gap="medium")
    latest = [(half, lines[-1]) if lines else None for half, lines in zip(pair, shown)]
    snapshots = [one and (one[0].run_id, one[1]["step"], one[1]["pictures"]) for one in latest]
    strips.html(_strips(vae.dataset, *snapshots))
    _scatters(scatters, pair, frames, shown, dimensions)
    floor = floor_of(vae.dataset) if vae.likelihood == "bernoulli" else None
    drawn = ae.run_id, vae.run_id, *now, floor
    curves = _curves(*drawn) if live else _curves_at(figures.epoch_of(step, *histories), drawn)
    st.plotly_chart(curves, key="losses", config=PLAIN)
    if steps and not live:  # a second figure with each picture of a training would cost a class as much as the first
        balance.show(pair, frames, shown)


def _progress(config: RunConfig, now: RunStatus) -> None:
    """One run's bar, or what came of it."""
    name = f"**{config.model.upper()}**"
    share = now.step / now.total_steps if now.total_steps else 0.0
    epoch = f"epoch {now.step / config.steps_per_epoch:.1f} of {config.epochs}"
    if now.state in ("diverged", "failed"):
        st.error(f"{name} · {message(now.message)}", icon=":material/error:")
        return
    if now.state == "absent":
        words = "not trained with these settings yet"
    elif now.state == "queued":
        words = waiting(config.run_id)
    elif now.state == "pausing":
        words = f"pausing at {epoch} …"
    elif now.state == "stopping":
        words = f"stopping at {epoch} …"
    elif now.is_active and (fault := ui.runs().fault(config.run_id)):
        words = f"{epoch}, and waits: {message(fault)}"
    elif now.is_active:
        words = epoch if now.seconds_left is None else f"{epoch} · {duration(now.seconds_left)} left"
    elif now.state == "paused":
        words = f"paused at {epoch}"
    else:
        ended = "trained" if now.state == "complete" else f"stopped at {epoch}, trained"
        words = f"{ended} in {duration(now.seconds)} · test: {ui.test_in_words(config.run_id)}"
    st.progress(share, f"{name} · {words}")


def _scrubber(steps: list[int], vae: RunConfig, playing: bool) -> int:
    """The step on show: a slider over the snapshots, which can play by itself."""
    key = f"step of {vae.run_id}"
    _stay_at_the_end(key, steps)
    playing = playing and st.session_state["playing"] is not None
    if playing:
        _play_on(key, steps)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    _play_button(row, key, steps, playing)
    step = row.select_slider(
        "Replay",
        steps,
        key=key,
        format_func=lambda step: f"step {step} (epoch {step / vae.steps_per_epoch:.2f})",
    )
    _keep_in_address(step, steps, playing)
    return step


def _no_scrubber(steps: list[int]) -> int:
    """The place of the slider while there is nothing to go back and forth in, so that nothing jumps when there is."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.button("Play", icon=":material/movie:", key="nothing to play", width=160, disabled=True)
    row.select_slider("Replay", ["the start", "now"], "now", key="nothing to replay", disabled=True)
    return steps[-1] if steps else 0


def _stay_at_the_end(key: str, steps: list[int]) -> None:
    """A slider at the end stays there, also when the end moves on; one without a place begins where the link says."""
    end = f"last {key}"
    if st.session_state.get(key) == st.session_state.get(end) != steps[-1] and key in st.session_state:
        st.session_state[key] = steps[-1]
    st.session_state[end] = steps[-1]
    if st.session_state.get(key) not in steps:
        asked = st.query_params.get("step", "")
        st.session_state[key] = next((step for step in steps if str(step) == asked), steps[-1])


def _seconds_a_picture() -> float:
    """How long a picture stays: the longer, the more play as this one begins, so that the server keeps up."""
    _plays(visitors.browser())
    return max(PLAY, news.EACH * len(_players))


def _plays(browser: str) -> None:
    now = time.monotonic()
    _players[browser] = now
    for one, seen in list(_players.items()):
        if now - seen > HERE:
            _players.pop(one, None)


_players: dict[str, float] = {}  # a browser -> when it last had a picture of a training that is played


def _play_on(key: str, steps: list[int]) -> None:
    """One step further than the step before, which only the server knows: a slow browser still sends an older one."""
    _plays(visitors.browser())
    following = [step for step in steps if step > st.session_state["playing"]]
    st.session_state[key] = following[0] if following else steps[-1]
    st.session_state["playing"] = following[0] if following else None
    if not following:
        run_again()


def _play_button(row, key: str, steps: list[int], playing: bool) -> None:
    """Starts the playing from where the slider is, or from the start when it is at the end; halts it.

    They are two buttons, not one that changes: a click may be sent twice when a look comes between (Streamlit's browser
    side sends it with the look, too), and the second of two would undo the first.
    """
    label, icon = ("Pause replay", ":material/pause:") if playing else ("Play", ":material/movie:")
    if row.button(label, icon=icon, key=label, width=160):
        here = st.session_state[key]
        st.session_state["playing"] = None if playing else -1 if here == steps[-1] else here
        run_again()


def _keep_in_address(step: int, steps: list[int], playing: bool) -> None:
    if step == steps[-1]:
        st.query_params.pop("step", None)
    elif not playing:
        st.query_params["step"] = str(step)


Snapshot = tuple[str, int, str]  # of a run: run_id, step, checksum


@once(100)
def _strips(dataset: str, of_ae: Snapshot | None, of_vae: Snapshot | None) -> str:
    """Film strips of ten test digits, and of what a snapshot of each half makes; black while there is none."""
    test = data.load(dataset, "test")
    x = test.images[data.one_per_class(test.labels)].numpy()
    nothing = {"reconstructions": np.zeros_like(x), "samples": np.zeros_like(x)}
    shots = {name: ui.pictures(*one) if one else nothing for name, one in (("AE", of_ae), ("VAE", of_vae))}
    rows = {
        "x, ten test digits": x,
        **{f"x̂ of the {name}": shot["reconstructions"] for name, shot in shots.items()},
        **{f"{name}: z from N(0, I), decoded": shot["samples"][:10] for name, shot in shots.items()},
    }
    return digits.film_strips(rows, stacked=True)


def _scatters(columns: list, pair, frames: list[list[dict]], shown: list[list[dict]], dimensions) -> None:
    """Both scatters; their axes hold every snapshot there is, so that nothing jumps while the training is played."""
    reach = [
        _reach(half.run_id, tuple((line["step"], line["pictures"]) for line in lines), dimensions)
        for half, lines in zip(pair, frames)
    ]
    row = st.container(horizontal=True)  # below the scatters
    same = row.toggle("The same axes for both", value=True, key="same_axes", bind="query-params")
    pulls = False
    if shown[1] and balance.are_drawn(pair[1], frames[1][-1]):
        pulls = row.toggle("Where both terms pull", key="pulls", bind="query-params", help=balance.ARROWS)
    scale = balance.snapshot(pair[1], frames[1][-1]) if pulls else ()
    limits = [max(reach)] * 2 if same else reach
    for column, half, lines, limit in zip(columns, pair, shown, limits):
        with column:
            say(f"**{half.model.upper()}**: where {min(data.TEST_CODES, size_of(half.dataset).test):,} test digits are")
            if not lines:
                scatter.show(half, np.zeros((0, 2), np.float32), dimensions, limit)
                continue
            points = _points(half.run_id, lines[-1]["step"], lines[-1]["pictures"], dimensions)
            drawn = pulls and balance.are_drawn(half, lines[-1])
            arrows = balance.arrows(balance.snapshot(half, lines[-1]), scale) if drawn else []
            scatter.show(half, points, dimensions, limit, arrows=arrows)


@once(100)
def _points(run_id: str, step: int, sha256: str, dimensions) -> np.ndarray:
    """The codes of one snapshot as points (2000, 2)."""
    labels = data.load(ui.runs().store.config(run_id).dataset, "test").labels.numpy()
    codes = torch.from_numpy(ui.pictures(run_id, step, sha256)["mu"])
    return scatter.flatten(codes, labels, dimensions)


@once(20)
def _reach(run_id: str, snapshots: tuple[tuple[int, str], ...], dimensions) -> float:
    """The half-width of axes that hold the codes of all snapshots (step, checksum), and the prior's circles."""
    return scatter.axis_limit(*(_points(run_id, *snapshot, dimensions) for snapshot in snapshots))


@once(20)
def _curves(ae_id: str, vae_id: str, ae_now: RunStatus, vae_now: RunStatus, floor: float | None) -> figures.Figure:
    return figures.loss_curves(ui.history(ae_id, ae_now), ui.history(vae_id, vae_now), floor)


@once(40)
def _curves_at(epoch: float, drawn: tuple) -> figures.Figure:
    """Those curves, with a line at an epoch."""
    return _curves(*drawn).at(epoch, panels=2)
