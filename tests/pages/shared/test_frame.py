"""A browser that asks for pages without a pause slows itself."""

from pages.shared.frame import A_SECOND, AT_ONCE, Pace


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
