"""A class in the store: who may do what, what is seen by whom, and that several servers lose and split nothing."""

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from pages.classroom import classes
from pages.classroom.classes import CODE, LASTS, MOST_MEMBERS, Classes, Refused
from tests.browser.server import wait_for
from tests.vae.runs.test_s3 import address, s3  # noqa: F401  (fixtures)
from vae.runs.files import Files
from vae.runs.store import RunStore

QUESTION = "home.1"


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["local", "s3"])
def files(request, tmp_path) -> Files:
    """A store of its own: a folder, or on a real S3 server."""
    if request.param == "local":
        return Files(str(tmp_path / "store"))
    found = Files(f"{request.getfixturevalue('s3')}/{tmp_path.name}")
    found.make_root()
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def held(files, clock) -> Classes:
    return Classes(files, clock)


def test_a_code_has_five_letters_that_nobody_takes_for_another(held):
    codes = {held.start()[0] for _ in range(30)}
    assert len(codes) == 30 and all(CODE.fullmatch(code) for code in codes)
    assert not set("".join(codes)) & set("ILOQSBGZU0125688")


def asked(**known) -> dict:
    """What a member knows of a question of which nothing is on show."""
    return known | {"isShown": False, "isRevealed": False}


def test_a_vote_is_hidden_until_the_teacher_reveals_and_can_be_changed_until_then(held):
    code, secret = held.start()
    ann, bob, eve = (held.join(code) for _ in range(3))
    held.vote(code, ann, QUESTION, 1, 1, 0)
    held.vote(code, bob, QUESTION, 1, 1, 2)
    held.vote(code, ann, QUESTION, 1, 2, 1)
    held.vote(code, ann, QUESTION, 1, 1, 2)  # an earlier turn that comes late
    seen = held.now(code).for_member(ann)
    assert seen["members"] == 3
    assert seen["questions"][QUESTION] == asked(round=1, answered=2, mine=1, bars=[None])
    assert held.now(code).for_member(eve)["questions"][QUESTION]["mine"] is None
    assert held.now(code).for_teacher()["questions"][QUESTION]["bars"][0][:3] == [0, 1, 1]
    held.act(code, secret, "votes", QUESTION)  # a class may talk about its votes before it hears the answer
    seen = held.now(code).for_member(eve)["questions"][QUESTION]
    assert seen["bars"][0][:3] == [0, 1, 1] and seen["isShown"] and not seen["isRevealed"]
    held.act(code, secret, "reveal", QUESTION)
    assert held.now(code).for_member(eve)["questions"][QUESTION] == seen | {"isRevealed": True}
    with pytest.raises(Refused, match="on show already"):
        held.vote(code, eve, QUESTION, 1, 1, 0)


def test_asked_again_both_rounds_stand_side_by_side(held):
    code, secret = held.start()
    member = held.join(code)
    held.vote(code, member, QUESTION, 1, 1, 0)
    held.act(code, secret, "reveal", QUESTION)
    held.act(code, secret, "again", QUESTION)
    with pytest.raises(Refused, match="asked again meanwhile"):
        held.vote(code, member, QUESTION, 1, 2, 1)  # it was said before, and comes late
    held.vote(code, member, QUESTION, 2, 1, 2)
    bars = [[1, *[0] * 9], None]
    assert held.now(code).for_member(member)["questions"][QUESTION] == asked(round=2, answered=1, mine=2, bars=bars)
    held.act(code, secret, "reveal", QUESTION)
    assert [bars[:3] for bars in held.now(code).for_member(member)["questions"][QUESTION]["bars"]] == [
        [1, 0, 0],
        [0, 0, 1],
    ]
    assert held.now(code).table() == [(QUESTION, 1, member, 0), (QUESTION, 2, member, 2)]


def test_nobody_but_the_teacher_reveals_calls_pauses_or_ends(held):
    code, secret = held.start()
    _, another = held.start()
    held.join(code)
    for wrong in ("", "guess", another, secret[:-1]):
        assert not held.is_teacher(code, wrong)
        for do in classes.ACTS:
            with pytest.raises(Refused, match="Only the teacher"):
                held.act(code, wrong, do, QUESTION)
    assert held.now(code).questions == {} and not held.now(code).is_over
    held.act(code, secret, "here", view="train?lesson=2&seed=3")
    held.act(code, secret, "pause")
    now = held.now(code)
    assert (now.view, now.called, now.is_paused) == ("train?lesson=2&seed=3", 1, True)
    held.act(code, secret, "go on")
    held.act(code, secret, "end")
    assert not held.now(code).is_paused and held.now(code).is_over
    with pytest.raises(Refused, match="it is over"):
        held.join(code)


@pytest.mark.parametrize("view", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "x" * 3_000, "a b"])
def test_the_teacher_shows_pages_of_the_lab_alone(held, view):
    code, secret = held.start()
    with pytest.raises(Refused, match="no address of a page of the lab"):
        held.act(code, secret, "here", view=view)


def test_what_no_member_may_say_is_refused(held):
    code, _ = held.start()
    member = held.join(code)
    for question in ("home", "home.0", "home.99", "nowhere.1", "../../x.1", "home.1/..", "home.¹"):
        with pytest.raises(Refused):
            held.vote(code, member, question, 1, 1, 0)
    for turn, choice in ((-1, 0), (201, 0), (1, -1), (1, 10)):
        with pytest.raises(Refused, match="are allowed"):
            held.vote(code, member, QUESTION, 1, turn, choice)
    for stranger in ("0" * 16, "", "../x"):
        with pytest.raises(Refused, match="join it again"):
            held.vote(code, stranger, QUESTION, 1, 1, 0)
    assert held.now(code).questions == {}


def test_a_class_ends_after_twelve_hours_and_a_code_that_is_none_is_said(held, clock):
    code, secret = held.start()
    clock.now += LASTS + 1
    assert held.now(code) is None
    for gone in (code, "AAAAA", "aaaaa", "../..", ""):
        with pytest.raises(Refused):
            held.join(gone)
    with pytest.raises(Refused):
        held.act(code, secret, "pause")


def test_nothing_is_left_of_a_class_of_yesterday(held, clock):
    code, _ = held.start()
    held.vote(code, held.join(code), QUESTION, 1, 1, 0)
    clock.now += 2 * LASTS + 1
    another, _ = held.start()
    assert held.files.folders("classes") == [another]


def test_there_is_an_end_to_classes_and_to_members(held, monkeypatch):
    monkeypatch.setattr(classes, "MOST_CLASSES", 2)
    monkeypatch.setattr(classes, "MOST_MEMBERS", 3)
    code, _ = held.start()
    held.start()
    with pytest.raises(Refused, match="2 classes go on"):
        held.start()
    for _ in range(3):
        held.join(code)
    with pytest.raises(Refused, match="is full: it has 3 members"):
        held.join(code)
    assert MOST_MEMBERS == 500


def test_where_a_member_is_is_where_it_went_last(held, files):
    code, _ = held.start()
    ann, bob = held.join(code), held.join(code)
    held.move(code, ann, 1, "home")
    held.move(code, bob, 1, "home")
    held.move(code, ann, 3, "walk")  # what was said before comes later
    held.move(code, ann, 2, "train")
    assert held.now(code).places == {"home": 1, "walk": 1}
    assert len(files.files(f"classes/{code}/places")) == 2
    assert "places" not in held.now(code).for_member(ann) and held.now(code).for_teacher()["places"]
    for turn, page in ((0, "home"), (10**6, "home"), (4, ""), (4, "../x"), (4, "handout")):
        with pytest.raises(Refused, match="no page of the lab"):
            held.move(code, ann, turn, page)
    with pytest.raises(Refused, match="join it again"):
        held.move(code, "0" * 16, 1, "home")


def test_a_class_notes_no_more_runs_than_it_shows(held, files, monkeypatch):
    monkeypatch.setattr(classes, "MOST_RUNS", 3)
    code, _ = held.start()
    names = [f"vae-2d-{number:012x}" for number in range(5)]
    for name in names[:4]:
        files.write(f"{name}/config.json", b"{}")
    held.note_runs(code, names[2:])
    held.note_runs(code, names)
    assert held.now(code).runs == (names[0], names[2], names[3])
    seen = Classes(files, held.clock, look=0.0)
    assert [seen.with_runs(seen.now(code)).ended for _ in range(2)] == [0, 0]
    for state, counts in (("stopped", (1, 0)), ("", (0, 0)), ("complete", (1, 1))):  # stopped, gone on, at its end
        content = {"status": state} if state else {}
        files.write(f"{names[2]}/metrics.json", json.dumps(content).encode())
        now = seen.with_runs(seen.now(code))
        assert (now.ended, now.settled) == counts == (now.for_member("")["ended"], now.for_member("")["settled"])
    with pytest.raises(Refused, match="no names of runs"):
        held.note_runs(code, ["../../etc"])


def test_two_servers_on_one_store_lose_and_split_nothing(files, clock):
    one, other = (Classes(files, clock, look=0.0) for _ in range(2))
    code, secret = one.start()
    members = [server.join(code) for server in (one, other) * 20]
    wishes = [(member, turn, random.Random(turn).randrange(4)) for member in members for turn in (1, 2, 3)]
    random.Random(0).shuffle(wishes)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda wish: random.choice((one, other)).vote(code, wish[0], QUESTION, 1, *wish[1:]), wishes))
        list(pool.map(lambda n: (one, other)[n % 2].act(code, secret, "here", view=f"train?seed={n}"), range(6)))
    expected = [random.Random(3).randrange(4)] * len(members)
    assert [choice for *_, choice in one.now(code).table()] == expected
    assert one.now(code) == other.now(code) and one.now(code).called == 6
    for number, name in enumerate(sorted(files.files(f"classes/{code}/teacher")), 1):
        assert name == f"{number:06}.json" and json.loads(files.read(f"classes/{code}/teacher/{name}"))["do"] == "here"


def test_the_store_is_asked_once_however_many_vote(files, clock, monkeypatch):
    held, asked = Classes(files, clock, look=1_000.0), Counter()
    for name in ("files", "folders"):
        look_up = getattr(files, name)
        monkeypatch.setattr(files, name, lambda path, look_up=look_up: asked.update([path]) or look_up(path))
    code, secret = held.start()
    members = [held.join(code) for _ in range(10)]
    for turn in range(3):
        for member in members:
            held.vote(code, member, QUESTION, 1, turn, turn)
            held.move(code, member, turn + 1, "home")
            assert held.now(code).questions[QUESTION][-1].choices[member] == turn  # what is done here is known at once
    held.act(code, secret, "reveal", QUESTION)
    assert held.now(code).questions[QUESTION][-1].bars(3) == [0, 0, 10] and held.now(code).places == {"home": 10}
    assert set(asked.values()) == {1}


def test_what_another_server_does_is_seen_with_the_next_look_and_who_joined_there_may_vote_here(files, clock):
    here, there = Classes(files, clock, look=1_000.0), Classes(files, clock, look=0.0)
    code, secret = here.start()
    assert here.now(code).members == frozenset()
    member = there.join(code)
    assert here.is_member(code, member) and not here.is_member(code, "0" * 16) and not here.is_member("..", member)
    here.vote(code, member, QUESTION, 1, 1, 2)
    there.act(code, secret, "votes", QUESTION)
    there.act(code, secret, "again", QUESTION)
    here.vote(code, member, QUESTION, 2, 1, 0)  # of a round of which nobody has told it yet
    rounds = there.now(code).questions[QUESTION]
    assert [one.choices for one in rounds] == [{member: 2}, {member: 0}]
    soon = Classes(files, clock, look=0.1)
    assert soon.now(code).members == {member}
    other = there.join(code)
    wait_for(lambda: soon.now(code).members == {member, other})


def test_who_has_left_is_nowhere_although_another_server_writes_where_late(held, files):
    code, _ = held.start()
    member = held.join(code)
    held.leave(code, member)
    files.write(f"classes/{code}/places/{member}.1.home", b"")
    assert Classes(files, held.clock, look=0.0).now(code).places == {}
    for nowhere in ("..", "AAAAA", ""):
        with pytest.raises(Refused):
            held.leave(nowhere, member)


def test_who_leaves_is_counted_no_more_and_is_the_same_member_when_coming_back(held):
    code, _ = held.start()
    ann, bob = held.join(code), held.join(code)
    held.vote(code, ann, QUESTION, 1, 1, 2)
    held.move(code, ann, 1, "home")
    held.leave(code, ann)
    now = held.now(code)
    assert now.members == {bob} and now.places == {} and now.questions[QUESTION][-1].choices == {ann: 2}
    with pytest.raises(Refused, match="join it again"):
        held.vote(code, ann, QUESTION, 1, 2, 0)
    with pytest.raises(Refused, match="join it again"):
        held.leave(code, ann)
    assert held.join(code, ann) == ann and held.now(code).members == {ann, bob}
    held.vote(code, ann, QUESTION, 1, 2, 0)
    assert held.now(code).questions[QUESTION][-1].choices == {ann: 0}
    assert held.join(code, "../x") not in ("../x", ann, bob)


def test_a_class_is_no_run_and_holds_no_name(tmp_path):
    store = RunStore(str(tmp_path / "store"))
    held = Classes(store.upper)
    code, secret = held.start()
    held.vote(code, held.join(code), QUESTION, 1, 1, 0)
    assert "classes" not in store.run_ids() and "classes" not in store.states()
    content = "".join(path.read_text() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert secret not in content and set(json.loads(content)) == {"since", "secret"}
