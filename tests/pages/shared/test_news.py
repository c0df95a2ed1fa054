"""How often a browser asks about runs, and what it hears."""

from pages.shared import lab as server
from pages.shared import news
from vae.runs.states import RunStatus


def test_the_more_who_watch_a_run_under_way_the_longer_each_waits(lab, long, monkeypatch):
    monkeypatch.setattr(news, "_watchers", news.Watchers())
    lab.create(long)
    waits = [news.answer((long.run_id,), f"browser {number}")["wait"] for number in range(40)]
    assert waits[0] == news.LIVE == waits[11] and waits[39] == 40 * news.EACH > news.LIVE
    assert news.answer((long.run_id,), "browser 0")["wait"] == waits[39]  # who asks again is counted once
    server.start().stop(long.run_id)


def test_of_many_addresses_each_watcher_waits_for_all():
    watchers = news.Watchers()
    shares = [watchers.share("a page", f"10.0.0.{n}", 0.0) for n in range(100)]
    assert shares == [*range(1, 101)]


def test_who_invents_names_makes_himself_wait_and_others_hardly():
    watchers = news.Watchers()
    before = max(watchers.share(f"student {n}", f"10.0.0.{n}", 0.0) for n in range(5))
    for n in range(10_000):
        his = watchers.share(f"invented {n}", "a stranger's", 1.0)
    assert watchers.share("student 0", "10.0.0.0", 1.0) == before + 1
    assert his >= news.MOST_OF_ONE
    assert sum(map(len, watchers._seen.values())) == 5 + news.MOST_OF_ONE  # what is remembered has an end
    assert watchers.share("student 0", "10.0.0.0", 2.0 + news.HERE) == 1 and len(watchers._seen) == 1


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
