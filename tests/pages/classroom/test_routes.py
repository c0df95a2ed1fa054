"""The routes of a class, as browsers and strangers ask them: a real server, cookies, and a stream read line by line."""

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn
from starlette.applications import Starlette

from pages.classroom import routes
from pages.shared import readings
from pages.shared.visitors import Paces
from tests.browser.server import PATIENCE
from vae.config import RunConfig
from vae.runs.store import RunStore
from vae.runs.worker import advance

QUESTION = "home.1"


@contextlib.contextmanager
def serving(port: int) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes.routes("")), port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield
    server.should_exit = server.force_exit = True
    thread.join()


@pytest.fixture
def port(tmp_path, monkeypatch) -> Iterator[int]:
    """A server of classes in a store of its own."""
    store = RunStore(str(tmp_path))
    monkeypatch.setattr(readings, "_opened", lambda: store)
    monkeypatch.setattr(routes, "_beginning", Paces(1_000, 1_000))
    monkeypatch.setattr(routes, "_guessing", Paces(1_000, 1_000))
    monkeypatch.delenv("VAE_PUBLIC_URL", raising=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = free.getsockname()[1]
    with serving(found):
        yield found


class Browser:
    """Somebody with a cookie jar."""

    def __init__(self, port: int):
        self.port, self.cookies = port, {}

    def asks(self, path: str, body: object = None, origin: str | None = None) -> tuple[int, str]:
        """A POST with a body, else a GET: the status and the words."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Origin"] = f"http://127.0.0.1:{self.port}" if origin is None else origin
        text = body if isinstance(body, str) else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, None if body is None else text, headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/class" in cookie
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        words = answer.read().decode()
        connection.close()
        return answer.status, words

    def begins(self) -> str:
        status, words = self.asks("/class", {})
        assert status == 200
        return json.loads(words)["code"]

    def joins(self, code: str) -> str:
        status, words = self.asks(f"/class/{code}/join", {})
        assert status == 200, words
        return json.loads(words)["member"]

    def votes(self, code: str, member: str, choice: int, turn: int = 1) -> tuple[int, str]:
        wish = {"member": member, "question": QUESTION, "round": 1, "turn": turn, "choice": choice}
        return self.asks(f"/class/{code}/vote", wish)

    @contextlib.contextmanager
    def listens(self, code: str, member: str = "") -> Iterator[Iterator[dict]]:
        """What the stream says, one event after the other."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        connection.request("GET", f"/class/{code}/stream?member={member}", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/event-stream")
        yield (json.loads(line[6:]) for line in iter(answer.readline, b"") if line.startswith(b"data: "))
        connection.close()


def until(events: Iterator[dict], fits) -> dict:
    return next(event for event in events if fits(event))


def test_a_class_from_its_beginning_to_its_end(port):
    teacher, student = Browser(port), Browser(port)
    code = teacher.begins()
    member = student.joins(code)
    with teacher.listens(code) as at_the_front, student.listens(code, member) as in_the_row:
        assert until(at_the_front, lambda now: now["members"] == 1)["isTeacher"]
        assert not next(in_the_row)["isTeacher"]
        assert student.votes(code, member, 2) == (200, "{}")
        seen = until(at_the_front, lambda now: QUESTION in now["questions"])["questions"][QUESTION]
        assert seen["bars"][0][:3] == [0, 0, 1]
        own = until(in_the_row, lambda now: QUESTION in now["questions"])["questions"][QUESTION]
        assert (own["answered"], own["mine"], own["bars"]) == (1, 2, [None])
        assert teacher.asks(f"/class/{code}/act", {"do": "reveal", "question": QUESTION})[0] == 200
        own = until(in_the_row, lambda now: now["questions"][QUESTION]["bars"][0])["questions"][QUESTION]
        assert own["bars"][0][:3] == [0, 0, 1]
        assert teacher.asks(f"/class/{code}/act", {"do": "here", "view": "train?lesson=2"})[0] == 200
        assert until(in_the_row, lambda now: now["called"] == 1)["view"] == "train?lesson=2"
        status, csv = teacher.asks(f"/class/{code}/votes.csv")
        head, row = csv.splitlines()
        assert (status, head) == (200, "lesson,step,question,round,member,answer")
        assert row.startswith("One digit twice,1,") and row.endswith(",1,1,Neither")
        assert teacher.asks(f"/class/{code}/act", {"do": "end"})[0] == 200
        assert until(in_the_row, lambda now: now["isOver"]) and next(in_the_row, None) is None


def test_strangers_and_other_teachers_neither_reveal_nor_move_nor_read(port):
    teacher, other, stranger, student = (Browser(port) for _ in range(4))
    code, own = teacher.begins(), other.begins()
    member = student.joins(code)
    student.votes(code, member, 1)
    other.cookies[f"ae-vae-lab-teacher-{code}"] = other.cookies[f"ae-vae-lab-teacher-{own}"]
    for one in (other, stranger, student):
        for do in ("reveal", "again", "here", "pause", "go on", "end"):
            status, words = one.asks(f"/class/{code}/act", {"do": do, "question": QUESTION})
            assert status == 409 and words == f"Only the teacher of the class {code} can do that."
        assert one.asks(f"/class/{code}/votes.csv")[0] == 403
        assert one.asks(f"/class/{code}/teach", {"secret": "guess"})[0] == 409
    assert stranger.asks(f"/class/{code}/stream?member={'0' * 16}")[0] == 404
    assert stranger.votes(code, "0" * 16, 1)[0] == 409
    with student.listens(code, member) as events:
        assert next(events)["questions"][QUESTION]["bars"] == [None]


def test_another_device_of_the_teachers_has_the_same_right_by_the_secret(port):
    teacher, tablet = Browser(port), Browser(port)
    code = teacher.begins()
    secret = teacher.cookies[f"ae-vae-lab-teacher-{code}"]
    for one, status in ((teacher, 200), (tablet, 409)):
        assert one.asks(f"/class/{code}/secret", {})[0] == status
    assert json.loads(teacher.asks(f"/class/{code}/secret", {})[1]) == {"secret": secret}
    assert tablet.asks(f"/class/{code}/teach", {"secret": secret})[0] == 200
    assert tablet.asks(f"/class/{code}/act", {"do": "pause"})[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_page_of_another_site_does_nothing(port, origin):
    teacher = Browser(port)
    code = teacher.begins()
    for path in ("/class", f"/class/{code}/join", f"/class/{code}/act", f"/class/{code}/vote", f"/class/{code}/teach"):
        assert teacher.asks(path, {"do": "end"}, origin)[0] == 403
    assert teacher.asks(f"/class/{code}/act", {"do": "pause"})[0] == 200


@pytest.mark.parametrize("body", ["", "[]", "{", "1", "x" * 10_000, '{"member": 1}'])
def test_what_cannot_be_read_is_refused_in_words(port, body):
    teacher = Browser(port)
    code = teacher.begins()
    status, words = teacher.asks(f"/class/{code}/vote", body)
    assert status in (400, 409) and words.endswith(".") and "Traceback" not in words


def test_who_guesses_codes_or_begins_classes_without_end_is_slowed(port, monkeypatch):
    monkeypatch.setattr(routes, "_guessing", Paces(3, 0.01))
    monkeypatch.setattr(routes, "_beginning", Paces(2, 0.01))
    stranger = Browser(port)
    assert [stranger.asks("/class/AAAAA/join", {})[0] for _ in range(5)] == [409, 409, 409, 429, 429]
    assert [stranger.asks("/class", {})[0] for _ in range(4)] == [200, 200, 429, 429]


def test_the_link_for_students_is_this_computers_in_the_network_or_what_is_named(port, monkeypatch):
    told = json.loads(Browser(port).asks("/class", {})[1])
    host = routes._in_the_network() or "127.0.0.1"
    assert told["link"] == f"http://{host}:{port}/?join={told['code']}"
    monkeypatch.setenv("VAE_PUBLIC_URL", "https://lab.school/vae/")
    told = json.loads(Browser(port).asks("/class", {})[1])
    assert told["link"] == f"https://lab.school/vae/?join={told['code']}"
    status, picture = Browser(port).asks(f"/class/{told['code']}/qr.svg?link={told['link']}")
    assert status == 200 and picture.startswith("<?xml") and "<svg" in picture
    assert Browser(port).asks(f"/class/{told['code']}/qr.svg?link=javascript:alert(1)")[0] == 400


def test_a_server_that_is_started_again_knows_all_and_a_second_one_too(port, tmp_path, monkeypatch):
    teacher, student = Browser(port), Browser(port)
    code = teacher.begins()
    member = student.joins(code)
    student.votes(code, member, 1)
    again = RunStore(str(tmp_path))  # nothing of what the first one remembers
    monkeypatch.setattr(readings, "_opened", lambda: again)
    with student.listens(code, member) as events:
        assert next(events)["questions"][QUESTION]["mine"] == 1
    assert teacher.asks(f"/class/{code}/act", {"do": "reveal", "question": QUESTION})[0] == 200


def test_the_teacher_sees_where_members_are_and_nobody_moves_another(port):
    teacher, student = Browser(port), Browser(port)
    code = teacher.begins()
    member, late = student.joins(code), student.joins(code)

    def moves(who: str, turn: object, page: str) -> int:
        wish = {"member": who, "turn": turn, "page": page}
        return student.asks(f"/class/{code}/move", wish)[0]

    with teacher.listens(code) as at_the_front:
        assert moves(member, 1, "home") == moves(late, 1, "train") == 200
        until(at_the_front, lambda now: now["places"] == {"home": 1, "train": 1})
        assert moves(member, 2, "train") == 200
        until(at_the_front, lambda now: now["places"] == {"train": 2})
    for wish in (
        ("0" * 16, 3, "walk"),
        (member, "3", "walk"),
        (member, 3, "nowhere"),
        (member, 3, "../x"),
        ("", 3, ""),
    ):
        assert moves(*wish) == 409
    with student.listens(code, member) as in_the_row:
        assert "places" not in next(in_the_row)


def test_what_a_class_has_trained_is_for_who_is_in_it(port, small):
    teacher, student, stranger = (Browser(port) for _ in range(3))
    code, store = teacher.begins(), readings.store()
    member, names = student.joins(code), [small.autoencoder.run_id, small.run_id]
    for config in (small.autoencoder, small):
        store.create(config)
    noted = {"member": member, "runs": [*names, RunConfig(seed=99).run_id]}  # the last of which nobody asked for here
    with student.listens(code, member) as in_the_row:
        assert student.asks(f"/class/{code}/runs", noted)[0] == 200
        until(in_the_row, lambda now: (now["runs"], now["ended"]) == (2, 0))
        for config in (small.autoencoder, small):
            for _ in advance(config, store):
                pass
        until(in_the_row, lambda now: (now["runs"], now["ended"]) == (2, 2))
    rows = [
        json.loads(one.asks(f"/class/{code}/runs?member={who}")[1]) for one, who in ((teacher, ""), (student, member))
    ]
    assert rows[0] == rows[1] and [row["run"] for row in rows[0]] == names
    ae, vae = rows[0]
    test = store.metrics(small.run_id)["test"]
    assert (vae["loss"], vae["reconstruction"], vae["kl"]) == (
        test["negative_elbo"],
        test["reconstruction"],
        test["kl"],
    )
    assert ae["loss"] == store.metrics(small.autoencoder.run_id)["test"]["reconstruction"] and ae["kl"] is None
    assert f"run={small.run_id}" in vae["pages"]["Latent space"] and f"ae={ae['run']}" in ae["pages"]["Convert"]
    for wish in ({"runs": names}, {"member": "0" * 16, "runs": names}, {"member": member, "runs": ["../x"]}):
        assert stranger.asks(f"/class/{code}/runs", wish)[0] == 409
    assert student.asks(f"/class/{code}/runs", {"member": member, "runs": "all"})[0] == 409
    assert stranger.asks(f"/class/{code}/runs?member=x")[0] == 404


def test_what_is_new_while_a_browser_is_told_something_else_is_told_next(port, monkeypatch):
    monkeypatch.setattr(routes, "ALIVE", 1e6)  # seconds: it is not told by chance
    held = routes.held()
    code, _ = held.start()
    member = held.join(code)

    async def told() -> str:
        events = routes._events(code, member, False)
        await anext(events)  # now it waits until the browser has taken that
        held.vote(code, member, QUESTION, 1, 1, 2)
        while not routes.looks.seen(code).questions:
            await asyncio.sleep(0.01)
        return await asyncio.wait_for(anext(events), PATIENCE)

    with ThreadPoolExecutor(1) as pool:  # a browser test leaves a loop running in this thread
        event = pool.submit(lambda: asyncio.run(told())).result()
    assert json.loads(event[6:])["questions"][QUESTION]["mine"] == 2
