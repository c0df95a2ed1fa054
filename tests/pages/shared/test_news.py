"""How often a browser asks about runs, and what it hears."""

from pages.shared import lab as server
from pages.shared import news
from vae.runs.states import RunStatus


def test_the_more_who_watch_a_run_under_way_the_longer_each_waits(lab, long):
    news._watchers.clear()
    lab.create(long)
    waits = [news.answer((long.run_id,), f"browser {number}")["wait"] for number in range(40)]
    assert waits[0] == news.LIVE == waits[11] and waits[39] == 40 * news.EACH > news.LIVE
    assert news.answer((long.run_id,), "browser 0")["wait"] == waits[39]  # who asks again is counted once
    server.start().stop(long.run_id)


def test_nobody_hurries_where_nothing_is_under_way(lab, small):
    assert news.answer((small.run_id,), "browser") == {"now": "absent-0", "wait": news.IDLE}
    assert news.of((small.run_id, f"{small.run_id}/{'0' * 64}")) == "absent-0 resting-0"


def test_workers_that_cannot_be_had_are_news_for_a_run_that_waits(lab, long, monkeypatch):
    lab.create(long)
    server.start().wait_until_started()
    assert news.of((long.run_id,)).endswith(" there")
    monkeypatch.setattr(server.start(), "error", "nobody answers")
    assert news.of((long.run_id,)).endswith(" missing")
    server.start().stop(long.run_id)


def test_of_a_training_a_hundred_pictures_are_drawn_and_more_of_its_beginning(lab, small, monkeypatch):
    steps, said = iter(range(2_000)), []
    monkeypatch.setattr(server, "status", lambda run_id: RunStatus("running", next(steps), 2_000))
    for _ in range(2_000):
        said.append(news.of((small.run_id,)))
    assert 95 < len(set(said)) <= 100
    assert len(set(said[:200])) > 3 * len(set(said[-200:]))
