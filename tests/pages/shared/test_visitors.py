"""A browser that asks for pages without a pause slows itself, and a class behind one address is not slowed."""

import random

import pytest

from pages.shared import visitors
from pages.shared.visitors import (
    A_SECOND,
    AT_ONCE,
    LONGEST,
    OF_A_CLASS_A_SECOND,
    OF_A_CLASS_AT_ONCE,
    Pace,
    Paces,
    TooManyPages,
)


def test_who_clicks_is_never_slowed_and_who_floods_waits_longer_and_longer():
    pace = Pace()
    assert [pace.wait(100.0) for _ in range(AT_ONCE)] == [0.0] * AT_ONCE
    waits = [pace.wait(100.0) for _ in range(10)]
    assert waits[0] > 0 and waits == sorted(waits)
    assert waits[-1] == 10 / A_SECOND
    calm = Pace()
    assert all(calm.wait(float(second) / 2) == 0.0 for second in range(1_000))


def test_who_floods_has_so_many_pages_a_second_and_is_forgiven_after_a_while():
    pace, now, pages = Pace(), 0.0, 0
    while now < 60.0:
        now += pace.wait(now) + 1e-3
        pages += 1
    assert pages <= AT_ONCE + 60 * A_SECOND + 1
    assert pace.wait(now + AT_ONCE / A_SECOND + 1) == 0.0


def test_no_more_pages_wait_than_can_come_soon_and_who_is_refused_hears_why_and_for_how_long():
    pace, taken = Pace(), 0
    with pytest.raises(TooManyPages, match=r"and 100 wait already: by this browser, .* Wait for 20 seconds, then load"):
        while pace.wait(100.0) <= LONGEST:
            taken += 1
    assert taken == AT_ONCE + LONGEST * A_SECOND
    for _ in range(1_000):
        with pytest.raises(TooManyPages):
            pace.wait(100.0)
    assert pace.wait(100.0 + LONGEST) == pytest.approx(1 / A_SECOND)  # the refused ones do not count


def test_a_browser_has_one_pace_whatever_tabs_it_opens_and_another_has_its_own():
    paces = Paces(AT_ONCE, A_SECOND)
    assert [paces.wait("one", 1.0) for _ in range(AT_ONCE)] == [0.0] * AT_ONCE
    assert paces.wait("one", 1.0) > 0 and paces.wait("another", 1.0) == 0.0


def test_a_class_of_a_hundred_at_one_address_is_not_slowed():
    paces, draws = Paces(OF_A_CLASS_AT_ONCE, OF_A_CLASS_A_SECOND), random.Random(0)
    arrivals = [0.0] * 300  # all at a time, and each page runs again for what it has found
    arrivals += [t for _ in range(100) for t in _clicks(draws)]
    assert max(paces.wait("school", now) for now in sorted(arrivals)) == 0.0


def _clicks(draws: random.Random) -> list[float]:
    """When one student changes pages, in ten minutes."""
    now, clicks = 0.0, []
    while now < 600.0:
        now += draws.uniform(1.0, 3.0)
        clicks.append(now)
    return clicks


def test_who_is_a_new_browser_each_time_is_held_back_by_his_address(monkeypatch):
    slept = []
    monkeypatch.setattr(visitors, "_browsers", Paces(AT_ONCE, A_SECOND))
    monkeypatch.setattr(visitors, "_addresses", Paces(OF_A_CLASS_AT_ONCE, OF_A_CLASS_A_SECOND))
    names = iter(range(10_000))
    monkeypatch.setattr(visitors, "browser", lambda: f"new browser {next(names)}")
    monkeypatch.setattr(visitors, "address", lambda: "a stranger's")
    monkeypatch.setattr(visitors.time, "monotonic", lambda: 5.0)
    monkeypatch.setattr(visitors.time, "sleep", slept.append)
    for _ in range(OF_A_CLASS_AT_ONCE):
        visitors.keep_pace()
    assert slept == []
    for _ in range(OF_A_CLASS_A_SECOND):
        visitors.keep_pace()
    assert max(slept) == pytest.approx(1.0)
    for _ in range(int(LONGEST - 1) * OF_A_CLASS_A_SECOND):
        visitors.keep_pace()
    with pytest.raises(TooManyPages):
        visitors.keep_pace()
    assert slept[-1] == LONGEST  # before it is refused
    monkeypatch.setattr(visitors, "address", lambda: "another")
    slept.clear()
    visitors.keep_pace()
    assert slept == []


def test_what_is_remembered_of_visitors_has_an_end():
    paces = Paces(AT_ONCE, A_SECOND)
    for number in range(20_000):
        paces.wait(f"browser {number}", 1.0)
    assert len(paces._paces) == visitors.REMEMBERED
