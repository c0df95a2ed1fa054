"""One writer a run: of many who want one, one has it; the dead are followed; and whoever is late harms nothing."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psutil
import pytest

from tests.browser.server import PATIENCE, wait_for
from tests.vae.runs.killed import WRITES, train
from vae.config import RunConfig
from vae.runs import lease, worker
from vae.runs.files import Files
from vae.runs.lease import LostLease, Watch, newest, take
from vae.runs.store import RunStore
from vae.runs.worker import advance

RUN = "vae-2d-0123456789ab"


@pytest.fixture(params=["folder", "memory"])
def files(request, tmp_path) -> Files:
    return Files(str(tmp_path) if request.param == "folder" else f"memory://{tmp_path.name}/{time.time_ns()}")


@pytest.fixture
def few(small) -> RunConfig:
    """A VAE of 4 steps, at each of which somebody looks."""
    return replace(small, batch_size=500)


@pytest.fixture
def eager(monkeypatch):
    """A checkpoint at every look."""
    monkeypatch.setattr(worker, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(worker, "CHECKPOINT_SPACING", 0.0)


def put(files: Files, number: int, **holder) -> None:
    files.write(f"{RUN}/lease/{number}.json", json.dumps(holder).encode())


def test_of_many_who_want_a_run_at_once_one_has_it(files, monkeypatch):
    monkeypatch.setattr(lease, "RENEW", 0.02)

    def want(others_know: threading.Event) -> int:
        if (taken := take(files, RUN)) is None:
            return 0
        with taken:
            others_know.wait()
            taken.check()
        return taken.number

    for number in range(1, 11):
        others_know = threading.Event()
        with ThreadPoolExecutor(8) as wanting:
            asked = [wanting.submit(want, others_know) for _ in range(8)]
            wait_for(lambda asked=asked: sum(one.done() for one in asked) == 7)
            others_know.set()
        assert sorted(one.result() for one in asked) == [0] * 7 + [number]
        assert files.files(f"{RUN}/lease") == [f"{number}.json"]


def test_a_lease_is_renewed_until_it_is_let_go(files, monkeypatch):
    monkeypatch.setattr(lease, "RENEW", 0.05)
    watch = Watch(files, RUN)
    assert not watch.is_held()
    with take(files, RUN) as held:
        wait_for(lambda: newest(files, RUN)[1].get("sign", 0) > 2)
        assert watch.is_held()
        assert take(files, RUN) is None
        held.check()
    assert not watch.is_held()
    assert newest(files, RUN) == (1, held.holder | {"released": True})
    with take(files, RUN) as next_one:
        assert next_one.number == 2
        with pytest.raises(LostLease):
            held.check()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b"null", b"\xff", b"[" * 10_000, b'{"pid": "x", "host": 1}', b"{}", b"x" * 20_000]
)
def test_a_spoiled_lease_is_one_that_gives_no_sign_of_life(files, content, monkeypatch):
    monkeypatch.setattr(lease, "DEAD", 0.3)
    files.write(f"{RUN}/lease/3.json", content)
    files.write(f"{RUN}/lease/x.json", content)
    assert Watch(files, RUN).is_held()
    assert take(files, RUN).number == 4


def test_who_is_known_to_be_gone_is_followed_at_once(files, monkeypatch):
    monkeypatch.setattr(lease, "DEAD", 1e9)
    with take(files, RUN) as first:
        mine = first.holder | {"pid": os.getppid(), "since": psutil.Process(os.getppid()).create_time()}
        put(files, first.number, **mine)  # that one lives
        assert Watch(files, RUN).is_held()
        put(files, first.number, **first.holder)
    for gone in (
        {"pid": 2**22 + 1},
        {"since": mine["since"] - 100},
    ):  # no process has this number; another has it by now
        number = newest(files, RUN)[0] + 1
        put(files, number, **mine | gone)
        assert not Watch(files, RUN).is_held()
        with take(files, RUN) as after:
            assert after.number == number + 1


def test_who_gives_no_sign_of_life_is_followed_after_a_while(files, monkeypatch):
    monkeypatch.setattr(lease, "DEAD", 0.5)
    put(files, 7, host="another machine", pid=1, since=0.0, id="a")
    watch = Watch(files, RUN)
    assert watch.is_held()
    began = time.monotonic()
    with take(files, RUN) as after:
        assert after.number == 8 and time.monotonic() - began >= 0.5
    put(files, 9, host="another machine", pid=1, since=0.0, id="a")
    signs = threading.Thread(target=give_signs, args=(files, 9, 2.0))
    signs.start()
    assert take(files, RUN) is None
    signs.join()
    assert take(files, RUN).number == 10


def give_signs(files: Files, number: int, seconds: float) -> None:
    for sign in range(int(seconds / 0.1)):
        put(files, number, host="another machine", pid=1, since=0.0, id="a", sign=sign)
        time.sleep(0.1)


def test_who_has_lost_a_run_does_not_renew_it(files, monkeypatch):
    monkeypatch.setattr(lease, "RENEW", 0.01)
    with take(files, RUN) as late:
        put(files, 2, id="somebody else's")
        late._renewing.join()  # it has noticed
    assert newest(files, RUN) == (2, {"id": "somebody else's"})


def test_who_loses_the_folder_below_it_stops_and_says_nothing_went_wrong(tmp_path, few):
    store = RunStore(str(tmp_path))
    store.create(few)
    late = advance(few, store)
    next(late)
    store.upper.delete(few.run_id)
    assert list(late) == []
    assert store.run_ids() == RunStore(str(tmp_path / "other")).run_ids()


class Stopped:
    """A store's files, whose n-th change waits until it may be made."""

    def __init__(self, store: RunStore, n: int):
        self.count, self.n = 0, n
        self.reached, self.may_go_on = threading.Event(), threading.Event()
        for name in WRITES:
            setattr(store.upper, name, self.wrapped(getattr(store.upper, name)))

    def wrapped(self, change):
        def wait_and_change(*args):
            self.count += 1
            if self.count == self.n:
                self.reached.set()
                self.may_go_on.wait()
            return change(*args)

        return wait_and_change


def test_a_writer_who_is_late_at_any_of_its_writes_harms_nothing(tmp_path, few, eager, monkeypatch):
    monkeypatch.setattr(lease, "RENEW", 1e6)  # no changes but the training's own
    alone = RunStore(str(tmp_path / "alone"))
    alone.create(few)
    counted = Stopped(alone, 0)
    train(few, alone)
    sha256 = alone.metrics(few.run_id)["model_sha256"]
    monkeypatch.setattr(lease, "DEAD", 0.0)  # whoever is late is taken for dead
    assert counted.count > 20
    for n in range(1, counted.count + 1):
        url = str(tmp_path / str(n))
        late, other = RunStore(url), RunStore(url)
        other.create(few)
        stopped = Stopped(late, n)
        thread = threading.Thread(target=train, args=(few, late))
        thread.start()
        assert stopped.reached.wait(PATIENCE)
        if n % 2:  # the other is at its end when the late one goes on
            train(few, other)
        else:  # or under way
            under_way = advance(few, other)
            next(under_way, None)
        stopped.may_go_on.set()
        thread.join()
        if not n % 2:
            assert other.status(few.run_id).state in ("running", "complete")
            list(under_way)
        fresh = RunStore(url)
        train(few, fresh)  # where the late one was the quicker, in the end
        assert fresh.metrics(few.run_id)["model_sha256"] == sha256 and fresh.status(few.run_id).state == "complete"
        assert [line["step"] for line in fresh.history(few.run_id)] == list(range(5))
        fresh.verify(few.run_id)
        assert fresh.upper.folders("damaged") == []


def test_a_run_killed_twenty_times_ends_with_the_weights_of_an_undisturbed_one(tmp_path, few, eager):
    alone, store = RunStore(str(tmp_path / "alone")), RunStore(str(tmp_path / "killed"))
    alone.create(few)
    counted = Stopped(alone, 0)
    train(few, alone)
    moments = random.Random(0)
    last_changes = range(counted.count - 6, counted.count + 1)  # history, model, metrics, two deletions, lease
    changes = [*range(2, 10), *(moments.randrange(2, 12) for _ in range(8)), *last_changes]
    command = [sys.executable, "-m", "tests.vae.runs.killed", store.url, json.dumps(few.to_dict()), *map(str, changes)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert len(said) == len(changes) and said.count(str(-signal.SIGKILL)) >= 20, said
    train(few, store)
    assert store.metrics(few.run_id)["model_sha256"] == alone.metrics(few.run_id)["model_sha256"]
    assert [line["step"] for line in store.history(few.run_id)] == list(range(5))
    store.verify(few.run_id)
    assert store.upper.folders("damaged") == []


def flags_of(config: RunConfig) -> list[str]:
    """The command line's flags for a config."""
    plain = RunConfig().to_dict()
    return [
        f"--{name.replace('_', '-')}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in config.to_dict().items()
        if value != plain[name]
    ]


def started(store: RunStore, config: RunConfig) -> subprocess.Popen:
    """`python -m vae train` in a process of its own."""
    command = [sys.executable, "-m", "vae", "train", "--store", store.url, *flags_of(config)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_of_two_commands_for_one_run_one_trains_and_the_other_watches(tmp_path, few):
    store, config = RunStore(str(tmp_path)), replace(few, epochs=200, batch_size=32)  # not over before both are there
    first, second = started(store, config), started(store, config)
    texts = {process: [] for process in (first, second)}

    def read(process: subprocess.Popen) -> None:
        for line in process.stderr:  # "\r", too, ends a line of a text stream
            texts[process].append(line)

    readers = [threading.Thread(target=read, args=(process,)) for process in texts]
    for reader in readers:
        reader.start()
    said = {process: lambda lines=lines: "".join(lines) for process, lines in texts.items()}
    wait_for(lambda: any("another process trains it" in say() for say in said.values()))
    wait_for(lambda: store.status(config.run_id).step > 0)
    store.set_control(config.run_id, "stop")
    one, other = [json.loads(process.stdout.read()) for process in texts]
    for reader in readers:
        reader.join()
    assert [process.wait() for process in texts] == [1, 1]
    assert one["status"] == other["status"] == "stopped" and one["model_sha256"] == other["model_sha256"]
    trained, watched = sorted((say() for say in said.values()), key=lambda say: "another process trains it" in say)
    assert "another process trains it" not in trained and "loss" not in watched and "loss" in trained
    store.verify(config.run_id)


def test_a_process_that_stands_still_is_followed_and_stops_when_it_goes_on(tmp_path, few, monkeypatch):
    monkeypatch.setattr(lease, "DEAD", 1.0)
    store, config = RunStore(str(tmp_path)), replace(few, epochs=200)
    process = started(store, config)
    wait_for(lambda: store.status(config.run_id).step > 0)
    process.send_signal(signal.SIGSTOP)
    store.set_control(config.run_id, "stop")
    train(config, store)
    ended = store.metrics(config.run_id)
    assert ended["status"] == "stopped"
    process.send_signal(signal.SIGCONT)
    said, errors = process.communicate()
    assert (process.returncode, json.loads(said)["status"], "Traceback" in errors) == (1, "stopped", False)
    assert store.metrics(config.run_id) == ended
    store.verify(config.run_id)
