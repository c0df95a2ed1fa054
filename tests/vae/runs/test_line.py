"""Visitors take turns, short runs pass long ones, and there is an end to what may wait."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from vae.runs.line import COUNTED, HOUR, OF_ONE_ADDRESS, SLICE, Line, LineIsFull


def served(line: Line, runs: dict[str, float], workers: int) -> dict[str, float]:
    """Has workers take slices in the order of the line; returns when each run of so many seconds was done."""
    left, free, done = dict(runs), [0.0] * workers, {}
    at_work: dict[str, float] = {}
    while left:
        waiting = [run for run in left if run not in at_work]
        if waiting and len(at_work) < workers:
            run = min(waiting, key=lambda run: line.enter(run, left[run]))
            at_work[run] = min(free) + min(left[run], SLICE)
            free[free.index(min(free))] = at_work[run]
            continue
        run = min(at_work, key=at_work.get)
        at = at_work.pop(run)
        left[run] -= min(left[run], SLICE)
        if left[run] > 0:
            line.again(run, left[run])
        else:
            del left[run]
            line.leave(run)
            done[run] = at
    return done


def test_a_short_run_passes_long_ones_and_a_sweep():
    line = Line(2)
    runs = {f"giant {n}": 10_000.0 for n in range(4)} | {f"swept {n}": 14.0 for n in range(39)} | {"short": 14.0}
    for run, seconds in runs.items():
        line.enter(run, seconds, run.split()[0])
    done = served(line, runs, 2)
    assert done["short"] < 4 * SLICE and sum(done[f"swept {n}"] < done["short"] for n in range(39)) <= 2
    assert max(done[f"swept {n}"] for n in range(39)) < min(done[f"giant {n}"] for n in range(4))


def test_visitors_take_turns_whatever_each_asks_for():
    line, visitors = Line(1), ("many", "few", "one")
    runs = {f"{who} {n}": 10.0 for who, count in zip(visitors, (20, 4, 1)) for n in range(count)}
    for run, seconds in runs.items():
        line.enter(run, seconds, run.split()[0])
    order = sorted(done := served(line, runs, 1), key=done.get)
    assert {run.split()[0] for run in order[:3]} == set(visitors)
    assert sum(run.startswith("few") for run in order[:9]) == 4
    assert [run for run in order if run.startswith("many")] == [f"many {n}" for n in range(20)]  # each in his order


def test_who_comes_later_does_not_wait_for_what_was_served_before_and_gains_nothing_by_having_waited():
    line = Line(1)
    for n in range(100):
        line.enter(f"early {n}", 10.0, "early")
        line.leave(f"early {n}")
    first, second = line.enter("late", 10.0, "late"), line.enter("early", 10.0, "early")
    assert first == second


def test_what_is_said_to_come_before_a_run_is_what_comes_before_it():
    draws = random.Random(0)
    for workers in (1, 2, 3):
        line, runs = Line(workers), {}
        for n in range(12):
            runs[f"run {n}"] = seconds = draws.uniform(1.0, SLICE)
            line.enter(f"run {n}", seconds, f"visitor {n % 5}")
        expected = {run: line.before(run) for run in runs}
        done = served(line, runs, workers)
        for run, (before, seconds) in expected.items():
            assert seconds == pytest.approx(done[run] - runs[run], abs=1e-6)
            assert before == sum(done[other] - runs[other] < done[run] - runs[run] for other in runs) or workers > 1
    assert Line(1).before("nobody's") == (0, 0.0)


def test_the_whole_server_takes_on_so_much_work_and_says_when_there_is_room():
    line = Line(2)
    for n in range(int(2 * HOUR / COUNTED)):
        assert line.ask({f"giant {n}": 1e9}, f"browser {n}", f"address {n}") == [f"giant {n}"]
    with pytest.raises(LineIsFull, match=r"12 runs wait or train on this server, .* room for yours in about 10 s"):
        line.ask({"short": 20.0}, "browser", "another address")
    assert line.ask({"giant 3": 1e9, "giant 4": 1e9}, "browser", "another address") == []  # they are there already
    line.leave("giant 3")
    line.ask({"short": 20.0}, "browser", "another address")


def test_one_address_has_half_of_it_however_many_browsers_it_claims_to_be():
    line = Line(1)
    for n in range(int(OF_ONE_ADDRESS * HOUR / COUNTED)):
        line.ask({f"giant {n}": 1e9}, f"a new browser {n}", "one")
    with pytest.raises(LineIsFull, match="a half of all that this server takes on"):
        line.ask({"short": 10.0}, "a new browser", "one")
    line.ask({"another's": 10.0}, "browser", "another")
    line.ask({"of this machine": 10.0})


def test_the_first_run_is_taken_on_however_long_it_is():
    Line(1).ask({"giant": 1e12}, "browser", "one")
    Line(1).ask({**{f"short {n}": 10.0 for n in range(39)}, "giant": 1e12}, "browser", "one")


def test_of_runs_that_are_asked_for_together_all_come_or_none():
    line = Line(1)
    line.ask({"first": 10.0}, "browser")
    with pytest.raises(LineIsFull):
        line.ask({f"giant {n}": 1e9 for n in range(6)}, "browser")
    assert line.run_ids() == ["first"]


def test_of_many_who_ask_at_the_same_moment_no_more_come_than_there_is_room_for(monkeypatch):
    line, is_full = Line(1), []
    counted = line._counted

    def slowly(*address: str) -> float:
        seen = counted(*address)
        time.sleep(0.01)  # whoever can come between two steps comes here
        return seen

    monkeypatch.setattr(line, "_counted", slowly)

    def ask(number: int) -> None:
        try:
            line.ask({f"giant {number}": 1e9}, f"browser {number}")
        except LineIsFull:
            is_full.append(number)

    with ThreadPoolExecutor(20) as visitors:
        list(visitors.map(ask, range(20)))
    assert len(line.run_ids()) == HOUR // COUNTED and len(is_full) == 20 - HOUR // COUNTED


def test_a_run_that_was_to_be_stopped_counts_again_when_it_is_to_go_on():
    line = Line(1)
    for n in range(int(HOUR / COUNTED)):
        line.ask({f"giant {n}": 1e9}, f"browser {n}", f"address {n}")
        line.shorten(f"giant {n}")
    for n in range(int(HOUR / COUNTED)):
        line.ask({f"other {n}": 1e9}, f"browser {n}", f"address {n}")
    with pytest.raises(LineIsFull):
        line.ask({"giant 0": 1e9}, "browser 0", "address 0")


def test_what_one_waits_is_known_before_one_asks():
    line = Line(2)
    assert line.wait(10.0, "me") == 0.0
    for n in range(6):
        line.enter(f"run {n}", 14.0, f"visitor {n}")
    told = line.wait(14.0, "me")
    line.enter("mine", 14.0, "me")
    assert told == line.before("mine")[1] == 3 * 14.0
    line.enter("mine too", 14.0, "me")
    assert line.wait(14.0, "me") == 4 * 14.0  # a third wish comes after both
