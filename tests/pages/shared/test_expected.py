"""How long trainings take is told by the last runs of this machine, as a range, with those who wait before."""

import dataclasses
import re

import pytest

from pages.shared import expected
from pages.shared import lab as server
from tests.browser.server import wait_for
from vae.config import RunConfig
from vae.training.speed import estimate_seconds

PAIR = [RunConfig().autoencoder, RunConfig()]


@pytest.mark.parametrize(
    "seconds, words", [(0.4, "1 s"), (89.4, "89 s"), (90, "2 min"), (300, "5 min"), (5_399, "90 min"), (5_400, "1.5 h")]
)
def test_a_duration_is_told_for_people(seconds, words):
    assert expected.duration(seconds) == words


@pytest.mark.parametrize(
    "least, most, words",
    [(12, 18, "12 to 18 s"), (60, 150, "60 s to 2 min"), (30.1, 30.2, "30 s"), (120, 300, "2 to 5 min")],
)
def test_a_range_is_told_in_the_unit_of_its_end(least, most, words):
    assert expected._span(least, most) == words


def test_the_last_runs_of_this_machine_say_what_is_expected(lab):
    runs = server.start()
    own = max(estimate_seconds(config) for config in PAIR)
    assert expected.seconds(PAIR)[0] >= own
    runs.paces.extend([1.5, 4.0, 2.0])
    least, most = expected.seconds(PAIR)
    alone = max(own, sum(map(estimate_seconds, PAIR)) / max(1, runs.workers))
    assert (least, most) == pytest.approx((1.5 * alone, 4.0 * alone), rel=0.05)


def test_a_run_that_ends_here_is_such_a_pace(lab):
    runs, config = server.start(), RunConfig(train_size=1_000, hidden_dims=(16,), epochs=1)
    runs.submit([config])
    for _ in runs.follow([config]):
        pass
    lab.status(config.run_id)
    wait_for(lambda: runs.paces)
    assert runs.paces[0] == pytest.approx(lab.status(config.run_id).seconds / estimate_seconds(config))


def test_who_waits_before_is_counted(visit):
    app = visit("train", epochs=3)
    caption = next(text.value for text in app.caption if "about" in text.value)
    assert re.fullmatch(r"about \d+( s)?( to \d+)? (s|min).*", caption) and "asked before" not in caption
    for seed in range(1, 9):
        server.start().line.enter(
            f"other {seed}",
            5.0,  # shorter ones come first
            f"somebody {seed}",
        )
    app.run()
    caption = next(text.value for text in app.caption if "about" in text.value)
    assert "after about" in caption and caption.endswith("for those who asked before")
    assert dataclasses.replace(RunConfig(), epochs=3).run_id not in server.start().line.run_ids()
