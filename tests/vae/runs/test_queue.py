"""Real worker processes, really killed: whatever happens to a run, it ends with the weights of an undisturbed one."""

import asyncio
import json
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import dask
import psutil
import pytest
from distributed import Client, LocalCluster

from tests.browser.server import wait_for
from tests.vae.runs.test_store import complete, line_of
from vae import data
from vae.config import RECIPE, RunConfig
from vae.runs import cluster, queue, worker
from vae.runs.line import COUNTED, HOUR, LineIsFull
from vae.runs.queue import MOST_SWEPT, MOST_WAITING, Runs, TooManyRuns
from vae.runs.store import RunStore, StoreError
from vae.runs.sweep import sweep
from vae.runs.worker import GAP_IMAGES, advance
from vae.training.schedules import snapshot_steps

LONG = 1e6  # seconds: how often a run is given to a worker is counted here
PROFILED = "distributed.worker.profile.enabled"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two local worker processes over a store of their own."""
    runs = Runs(RunStore(str(tmp_path_factory.mktemp("runs"))), workers=2)
    assert runs.wait_until_started(), runs.error
    runs._cluster.client.run(setattr, worker, "SLICE", LONG)
    yield runs
    runs.close()


@pytest.fixture
def short_of_patience(monkeypatch):
    """A cluster that does not answer is given up soon."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1.0)


@pytest.fixture
def runs_without_cluster(tmp_path, monkeypatch, short_of_patience):
    """Runs whose cluster address nobody listens at, so that whatever is asked for waits."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", f"tcp://127.0.0.1:{free.getsockname()[1]}")
        runs = Runs(RunStore(str(tmp_path)))
        yield runs
        runs.wait_until_started()


def wait_for_end(runs: Runs, config: RunConfig):
    """The run's last status; asks for a worker meanwhile, as a page that watches does."""

    def ended():
        runs.ensure(config)
        status = runs.store.status(config.run_id)
        return None if status.is_active else status

    return wait_for(ended)


def busy_worker(runs: Runs, config: RunConfig) -> int | None:
    """The process that trains the run."""
    addresses = [
        address for address, keys in runs._cluster.client.processing().items() if runs._key(config.run_id) in keys
    ]
    return runs._cluster.client.run(os.getpid, workers=addresses)[addresses[0]] if addresses else None


def starts(runs: Runs) -> list[str]:
    """The tasks that the scheduler gave to a worker, in this order, each as often as that was."""
    log = runs._cluster.client.run_on_scheduler(lambda dask_scheduler: [*dask_scheduler.transition_log])
    return [entry[0] for entry in log if entry[2] == "processing"]


def times_started(runs: Runs, config: RunConfig) -> int:
    """How often the scheduler gave the run to a worker."""
    return starts(runs).count(runs._key(config.run_id))


def test_one_browser_may_not_ask_for_more_runs_than_may_wait(runs_without_cluster, small):
    def asked(*seeds):
        return [replace(small, epochs=1, seed=seed) for seed in seeds]

    runs, store = runs_without_cluster, runs_without_cluster.store
    first, more = asked(0)[0], asked(MOST_WAITING)
    runs.submit(asked(*range(MOST_WAITING)), "browser")
    runs.submit(asked(*range(MOST_WAITING)), "browser")  # the same ones again
    with pytest.raises(TooManyRuns, match=f"^{MOST_WAITING} of your runs .* stop one of them"):
        runs.submit(more, "browser")
    assert store.status(more[0].run_id).state == "absent"
    runs.submit(asked(*range(MOST_WAITING)), "another browser")  # asked for by somebody already: no more to train
    runs.submit(asked(*range(10, 10 + MOST_WAITING)), "another browser")

    runs.pause(first.run_id)
    list(advance(first, store))
    assert store.status(first.run_id).state == "paused"
    with pytest.raises(TooManyRuns):  # for it may go on at any time
        runs.submit(more, "browser")
    store.create(first)
    list(advance(first, store))
    runs.submit(more, "browser")  # one has ended and made room
    assert store.status(more[0].run_id).state == "queued"


def test_the_largest_sweep_may_be_asked_for_at_once(runs_without_cluster, small):
    configs = sweep(small, tuple(float(weight) for weight in range(12)), (0, 1, 2))
    runs_without_cluster.submit(configs, "teacher", most=MOST_SWEPT)
    assert {runs_without_cluster.store.status(config.run_id).state for config in configs} == {"queued"}
    with pytest.raises(TooManyRuns):
        runs_without_cluster.submit([replace(small, kl_weight=12.0)], "teacher", most=MOST_SWEPT)


def test_a_paused_run_is_stopped_and_one_that_has_ended_stays_as_it_is(runs_without_cluster, small):
    runs, store = runs_without_cluster, runs_without_cluster.store
    runs.submit([small])
    runs.pause(small.run_id)
    list(advance(small, store))
    assert store.status(small.run_id).state == "paused"
    runs.stop(small.run_id)
    assert store.status(small.run_id).state == "stopping"
    list(advance(small, store))
    assert store.status(small.run_id).state == "stopped"

    for want in (runs.pause, runs.stop):
        want(small.run_id)
        want(RunConfig().run_id)  # which comes with the project
    assert store.control(small.run_id) == "stop"
    assert store.status(small.run_id).state == "stopped"
    assert store.upper.folders() == [small.run_id]


def test_a_run_that_is_stopped_before_it_began_is_as_if_nobody_had_asked_for_it(runs_without_cluster, small):
    runs, store = runs_without_cluster, runs_without_cluster.store
    mine = [replace(small, seed=seed) for seed in range(MOST_WAITING)]
    runs.submit(mine, "student")
    with store.take(mine[1].run_id):  # somebody is just about to begin with this one
        for config in mine[:2]:
            runs.stop(config.run_id)
        assert [store.status(config.run_id).state for config in mine[:3]] == ["absent", "stopping", "queued"]
    assert mine[0].run_id not in store.upper.folders() and runs.line.before(mine[0].run_id) == (0, 0.0)
    runs.submit([replace(small, seed=99)], "student")  # there is room again
    runs.submit([mine[0]], "another student")
    assert store.status(mine[0].run_id).state == "queued"


def test_only_a_measuring_that_somebody_wants_is_looked_after(runs_without_cluster, small):
    runs_without_cluster.ensure_gaps(small.run_id, "0" * 64)
    assert not runs_without_cluster._to_measure


def test_workers_are_nice_have_one_thread_each_and_keep_the_memory_they_had(runs):
    on_all = runs._cluster.client.run
    on_all(lambda: os.environ.update(VAE_NICE="3"))
    on_all(setattr, worker, "_niced", False)
    for _ in range(2):  # tasks of one and the same worker
        on_all(worker._be_nice)
    assert {*on_all(os.nice, 0).values()} == {min(os.nice(0) + 3, 19)}
    if worker.FIRST_TO_END.exists():
        assert {*on_all(worker.FIRST_TO_END.read_text).values()} == {f"{worker.LIKELY}\n"}
    assert wait_for(lambda: len(runs._cluster.client.nthreads()) == 2)
    assert {*runs._cluster.client.nthreads().values()} == {1}
    threads = runs._cluster.client.run(lambda: [os.environ.get(f"{name}_NUM_THREADS") for name in ("OMP", "MKL")])
    assert {*map(tuple, threads.values())} == {("1", "1")}
    trim = "MALLOC_TRIM_THRESHOLD_"  # Dask would have freed memory given back at once
    assert {*runs._cluster.client.run(os.getenv, trim).values()} == {os.environ.get(trim)}


def test_a_run_asked_for_by_many_threads_at_once_trains_once(runs, small):
    config = replace(small, epochs=10)
    with ThreadPoolExecutor(16) as pages:
        list(pages.map(lambda page: runs.submit([config], f"browser {page}"), range(16)))
    assert wait_for_end(runs, config).state == "complete"
    assert times_started(runs, config) == 1
    assert [line["step"] for line in runs.store.history(config.run_id)] == sorted(snapshot_steps(config))


def test_a_run_that_ended_is_not_trained_again(runs, small):
    runs.submit([small])
    assert wait_for_end(runs, small).state == "complete"
    before = times_started(runs, small)
    runs.submit([small])
    runs.submit([small])
    runs.stop(small.run_id)
    assert runs.store.status(small.run_id).state == "complete"
    assert times_started(runs, small) == before


def test_a_run_paused_stopped_resumed_and_killed_ends_with_the_weights_of_an_undisturbed_one(runs, long):
    config = replace(long, epochs=3)
    store, run_id = runs.store, config.run_id

    def pause_beyond(step: int):
        wait_for(lambda: store.status(run_id).step > step)
        runs.pause(run_id)
        paused = wait_for(lambda: (status := store.status(run_id)).state == "paused" and status)
        assert step < paused.step < config.total_steps
        assert int(store.checkpoint(run_id)["step"]) == paused.step
        return paused

    runs.submit([config])
    paused = pause_beyond(0)
    runs.submit([config])  # while its worker is still at the end of its task: nobody asks again, and yet it goes on
    paused = pause_beyond(paused.step)
    wait_for(lambda: not busy_worker(runs, config))
    runs.stop(run_id)
    stopped = wait_for_end(runs, config)
    assert stopped.state == "stopped" and paused.step < stopped.step < config.total_steps
    assert store.metrics(run_id)["test"]["negative_elbo"] > 0
    store.verify(run_id)

    before = store.history(run_id)
    runs.submit([config])
    wait_for(lambda: store.status(run_id).step > stopped.step)
    os.kill(busy_worker(runs, config), signal.SIGKILL)
    assert wait_for_end(runs, config).state == "complete"
    after = store.history(run_id)
    assert after[: len(before)] == before  # its seconds too: these steps were not done again
    assert [line["step"] for line in after] == sorted(snapshot_steps(config))
    assert store.metrics(run_id)["model_sha256"] == json.loads(complete(config)["metrics.json"])["model_sha256"]
    # The process that has taken the killed one's place trains as quickly.
    ask = runs._cluster.client.run
    profiled = wait_for(lambda: len(found := ask(dask.config.get, PROFILED).values()) == 2 and [*found])
    assert profiled == [False, False]


def test_a_run_asked_for_while_its_task_comes_to_its_end_gets_another_task(runs, small):
    config, client = replace(small, seed=12), runs._cluster.client
    runs.store.create(config)
    key = runs._key(config.run_id)
    ended = client.submit(int, key=key)
    wait_for(ended.done)
    client.loop.add_callback(time.sleep, 0.5)  # a busy machine: the client comes to a release only later
    runs._note_end(config, cluster.Ended(ended))
    client.sync(asyncio.sleep, 0)
    assert key in client.futures or runs.store.metrics(config.run_id)
    wait_for(lambda: runs.store.status(config.run_id).state == "complete")


def test_a_worker_with_another_store_is_told_of_and_its_run_does_not_wait_for_ever(runs, small, tmp_path, monkeypatch):
    config = replace(small, seed=24)
    monkeypatch.setattr(runs.store, "url", str(tmp_path))  # what workers are told; the run is asked for where it was
    runs.submit([config])
    wait_for(lambda: not runs.store.status(config.run_id).is_active)
    failed = runs.store.status(config.run_id)
    assert failed.state == "failed" and f"does not find this run in the store {tmp_path}" in failed.message


def test_a_sweep_of_which_a_worker_is_killed_ends_complete(runs, long):
    configs = sweep(replace(long, latent_dim=3, epochs=1, train_size=6_000), (0.0, 1.0, 10.0), (0,))
    runs.submit(configs, most=len(configs))
    os.kill(wait_for(lambda: busy_worker(runs, configs[0])), signal.SIGKILL)
    *_, last = runs.follow(configs)
    assert [status.state for status in last] == ["complete"] * 4
    kl = [runs.store.metrics(config.run_id)["test"]["kl"] for config in configs[1:]]
    assert kl == sorted(kl, reverse=True)


def test_a_sweep_lets_a_pair_pass(runs, small, long):
    busy = [replace(long, seed=seed, epochs=100) for seed in (21, 22)]  # both workers, until all others wait
    swept = [replace(small, latent_dim=4, epochs=1, seed=seed) for seed in range(8)]
    pair = [replace(swept[0], latent_dim=5), replace(swept[0], latent_dim=5).autoencoder]
    runs.submit(busy, "somebody")
    wait_for(lambda: all(runs.store.status(config.run_id).step > 0 for config in busy))
    runs.submit(swept, "teacher", most=8)
    runs.submit(pair, "student")
    unwanted = replace(small, seed=23)
    runs.submit([unwanted], "somebody")
    for config in [unwanted, *busy]:
        runs.stop(config.run_id)
    *_, last = runs.follow([*swept, *pair])
    assert unwanted.run_id not in runs.store.upper.folders()
    assert {status.state for status in last} == {"complete"}
    order = starts(runs)
    assert all(order.index(runs._key(one.run_id)) < order.index(runs._key(swept[-1].run_id)) for one in pair)


def test_a_long_run_leaves_its_worker_to_a_short_one_and_goes_on_by_itself(runs, small, long):
    runs._cluster.client.run(setattr, worker, "SLICE", 0.5)
    giants = [replace(long, seed=seed, epochs=200) for seed in (61, 62, 63)]  # more than there are workers
    runs.submit(giants, "somebody")
    wait_for(lambda: sum(runs.store.status(config.run_id).step > 0 for config in giants) == 3)  # they take turns
    short = replace(small, seed=64)
    runs.submit([short], "student")
    assert runs.line.before(short.run_id)[0] <= 3
    assert wait_for_end(runs, short).state == "complete"
    assert all(runs.store.status(config.run_id).is_active for config in giants)
    for config in giants:
        runs.stop(config.run_id)
    *_, last = runs.follow(giants)
    assert {status.state for status in last} == {"stopped"}
    wait_for(lambda: runs.line.before(short.run_id) == (0, 0.0) and not runs.line._runs)
    runs._cluster.client.run(setattr, worker, "SLICE", LONG)


def test_what_may_wait_on_the_whole_server_has_an_end_whoever_asks(runs_without_cluster, long):
    giants = [replace(long, hidden_dims=(2048,) * 4, epochs=200, seed=seed) for seed in range(200)]
    taken = 0
    with pytest.raises(LineIsFull, match="as much as it takes on"):
        for number, config in enumerate(giants):
            runs_without_cluster.submit([config], f"a new browser {number}", address=f"10.0.0.{number}")
            taken += 1
    assert taken == runs_without_cluster.workers * HOUR // COUNTED
    assert runs_without_cluster.store.status(giants[taken].run_id).state == "absent"


def test_a_run_that_goes_on_after_a_pause_passes_the_same_check_whoever_has_it_go_on(runs_without_cluster, long):
    runs = runs_without_cluster
    room = runs.workers * int(HOUR // COUNTED)
    giants = [replace(long, hidden_dims=(2048,) * 4, epochs=200, seed=seed) for seed in range(room + 5)]
    for number, config in enumerate(giants):  # each time with a new cookie
        runs.submit([config], f"a new browser {number}", address=f"10.0.0.{number}")
        runs.store.write_history(config.run_id, [line_of(1)])
        runs.pause(config.run_id)
        runs.store.confirm_pause(config.run_id)  # as its worker does
        assert runs._leaves(config.run_id)
    for number in range(room):
        runs.submit([giants[number]], f"browser {number}", address=f"10.0.0.{number}")
    with pytest.raises(LineIsFull, match="as much as it takes on"):
        runs.submit([giants[room]], "one more", address="10.0.1.1")
    assert runs.store.status(giants[room].run_id).state == "paused"
    runs.stop(giants[0].run_id)
    runs.submit([giants[room]], "one more", address="10.0.1.1")
    with pytest.raises(LineIsFull):  # what was to be stopped comes back as a new one does
        runs.submit([giants[0]], "browser 0", address="10.0.0.0")
    assert runs.store.status(giants[0].run_id).state == "stopping"


def test_who_has_others_runs_go_on_asks_for_them_as_for_his_own(runs_without_cluster, small):
    runs = runs_without_cluster
    configs = [replace(small, seed=seed) for seed in range(MOST_WAITING + 1)]
    for number, config in enumerate(configs):
        runs.submit([config], f"a new browser {number}")
        runs.pause(config.run_id)
        runs.store.confirm_pause(config.run_id)
        runs._leaves(config.run_id)
    runs.submit(configs[1:], "browser")
    with pytest.raises(TooManyRuns):
        runs.submit(configs[:1], "browser")


def test_what_could_not_be_written_does_not_wait(runs_without_cluster, small, monkeypatch):
    def create(config: RunConfig) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(runs_without_cluster.store, "create", create)
    with pytest.raises(StoreError):
        runs_without_cluster.submit([small], "browser")
    assert runs_without_cluster.line.run_ids() == []


def test_gaps_are_measured_once_for_all_who_ask_go_on_by_themselves_and_are_stopped(runs, small):
    config = replace(small, seed=11)
    runs.submit([config])
    assert wait_for_end(runs, config).state == "complete"
    model = config.run_id, runs.store.metrics(config.run_id)["model_sha256"]

    def measured() -> int:
        return len(runs.store.gap(*model).get("encoder", ()))

    def tasks(dask_scheduler, prefix: str):
        """The priorities of those under way, and how many there were."""
        there = [task for key, task in dask_scheduler.tasks.items() if key.startswith(prefix)]
        started = {entry[0] for entry in dask_scheduler.transition_log if str(entry[0]).startswith(prefix)}
        return [task.priority[0] for task in there], len(started)

    with ThreadPoolExecutor(16) as pages:
        list(pages.map(lambda page: runs.measure_gaps(*model), range(16)))

    def first_task() -> tuple[list[int], int] | None:
        priorities, count = runs._cluster.client.run_on_scheduler(tasks, prefix=f"gap-{model[0]}")
        return (priorities, count) if priorities else None  # its submission is on its way

    priorities, count = wait_for(first_task)
    assert count == len(priorities) == 1
    wait_for(measured)
    assert min(priorities) > MOST_SWEPT  # Dask turns the sign round: the last of a sweep comes first
    runs._cluster.client.run(setattr, worker, "GAP_SECONDS", 0.1)  # short portions from now on
    ask = runs._cluster.client.run_on_scheduler
    wait_for(lambda: ask(tasks, prefix=f"gap-{model[0]}")[1] >= 3)  # and no page has looked
    runs.stop_gaps(*model)
    wait_for(lambda: model not in runs._measuring)
    stopped = measured()
    assert 0 < stopped < GAP_IMAGES and not runs.is_measuring(*model)
    runs.measure_gaps(*model)
    assert runs.is_measuring(*model)
    wait_for(lambda: measured() > stopped)
    runs.stop_gaps(*model)
    runs._cluster.client.run(setattr, worker, "GAP_SECONDS", worker.GAP_SECONDS)


def test_gaps_that_cannot_be_measured_are_given_up_and_say_why(runs):
    runs.measure_gaps("vae-2d-000000000000", "0" * 64)
    control = wait_for(lambda: (now := runs.store.gap_control("vae-2d-000000000000", "0" * 64))["message"] and now)
    assert control["want"] == "stop"
    assert control["message"] == (
        "the measuring went wrong: run vae-2d-000000000000 was deleted or trained on meanwhile, and this model is not "
        "there any more"
    )


def test_what_is_asked_for_before_the_workers_are_there_is_done_once_they_are(tmp_path, runs, small, monkeypatch):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", runs._cluster.client.cluster.scheduler_address)
    early = Runs(RunStore(str(tmp_path)), start_after=3_600.0)
    gone = "vae-2d-000000000000", "0" * 64
    early.measure_gaps(*gone)  # which is what has the workers hurry; nobody asks again
    assert early._cluster is None
    assert "is not there any more" in wait_for(lambda: early.store.gap_control(*gone)["message"])
    early.close()


def test_a_cluster_named_by_its_address_trains_what_waits_in_the_store(tmp_path, runs, small, monkeypatch):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", runs._cluster.client.cluster.scheduler_address)
    store = RunStore(str(tmp_path / "shared"))
    waiting, asked, old, damaged = (replace(small, seed=seed) for seed in (5, 6, 7, 8))
    for config in (waiting, old, damaged):
        store.create(config)
    store.upper.write(f"{old.run_id}/config.json", json.dumps({"recipe": RECIPE - 1}).encode())
    store.upper.write(f"{damaged.run_id}/config.json", b"{")
    left = tmp_path / "shared" / "vae-2d-000000000000.unfinished"
    left.touch()
    os.utime(left, (1e9, 1e9))
    wait_for(lambda: len(runs._cluster.client.nthreads()) == 2)  # one has been killed before
    distant = Runs(store)
    assert distant.wait_until_started(), distant.error
    images = runs._cluster.client.run(lambda: (data.levels.cache_info().currsize, data.load.cache_info().currsize))
    assert [*images.values()] == [(1, 1)] * 2  # for training and for the test, at hand before a run needs them
    assert distant._cluster.has(distant._key(waiting.run_id)) or store.metrics(waiting.run_id)  # and nobody asked again
    wait_for(lambda: store.status(waiting.run_id).state == "complete")
    distant.submit([asked])
    assert wait_for_end(distant, asked).state == "complete"
    assert [times_started(distant, config) for config in (waiting, asked, old, damaged)] == [1, 1, 0, 0]
    assert "config.json" in store.damage_reports(damaged.run_id)[0]
    wait_for(lambda: not left.exists())
    distant.close()
    assert runs._cluster.client.run(os.getpid)  # closing the client left the cluster alone


def test_servers_of_two_stores_on_one_cluster_each_train_the_same_run(tmp_path, runs, long, monkeypatch):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", runs._cluster.client.cluster.scheduler_address)
    config, servers = replace(long, epochs=200), [Runs(RunStore(str(tmp_path / name))) for name in ("one", "other")]
    for server in servers:
        assert server.wait_until_started(), server.error
        server.submit([config])
    wait_for(lambda: all(server.store.status(config.run_id).step > 0 for server in servers))
    assert [server.store.status(config.run_id).state for server in servers] == ["running", "running"]
    for server in servers:
        server.stop(config.run_id)
        assert wait_for_end(server, config).state == "stopped"
        server.close()


def test_servers_that_write_one_store_in_two_ways_share_its_tasks(tmp_path):
    one, other = (Runs(RunStore(f"{tmp_path}/runs{end}"), workers=0) for end in ("", "/"))
    assert one._key("a run") == other._key("a run") != Runs(RunStore(str(tmp_path / "others")), workers=0)._key("a run")


def test_a_lost_cluster_is_found_again_when_it_is_back(tmp_path, small, monkeypatch, short_of_patience):
    def start_cluster(workers, port=0):
        return LocalCluster(workers, threads_per_worker=1, scheduler_port=port, dashboard_address="127.0.0.1:0")

    with start_cluster(0) as cluster:
        address = cluster.scheduler_address
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
        distant = Runs(RunStore(str(tmp_path)))
        assert distant.wait_until_started(), distant.error
    wait_for(lambda: distant.submit([small]) or distant.error)
    assert distant.store.status(small.run_id).state == "queued"
    with start_cluster(1, int(address.rsplit(":", 1)[1])):
        assert wait_for_end(distant, small).state == "complete"
        assert distant.error == ""
        distant.close()


def test_workers_that_could_not_be_started_are_started_once_that_is_possible(runs, small, tmp_path, monkeypatch):
    address, tries = runs._cluster.client.cluster.scheduler_address, []

    def start(workers: int) -> Client:
        tries.append(workers)
        if len(tries) == 1:
            raise OSError("no more processes")
        return Client(address)

    monkeypatch.setattr(cluster, "_here", start)
    late, config = Runs(RunStore(str(tmp_path)), workers=2), replace(small, seed=25)
    try:
        wait_for(lambda: not late.is_starting)
        late.submit([config])
        assert late.hindrance() == "OSError: no more processes" and len(tries) == 1  # not for each page that asks
        monkeypatch.setattr(queue, "AGAIN", 0.0)
        assert wait_for_end(late, config).state == "complete"
        assert not late.hindrance() and len(tries) == 2
    finally:
        late.close()


def test_a_cluster_that_is_not_there_is_an_error_in_words_and_the_runs_wait(runs_without_cluster, small):
    assert not runs_without_cluster.wait_until_started()
    assert "nobody answers at DASK_SCHEDULER_ADDRESS=tcp://127.0.0.1:" in runs_without_cluster.error
    runs_without_cluster.submit([small], "a third browser")
    assert runs_without_cluster.store.status(small.run_id).state == "queued"


def test_a_run_whose_worker_dies_every_time_fails_and_says_so(runs, long):
    """The last one with these workers: one that is killed as it starts does not come back."""
    config = replace(long, seed=13, epochs=100)  # not done before its last worker is
    runs._cluster.client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 1))
    runs.submit([config])
    wait_for(lambda: runs.store.status(config.run_id).step > 0)

    def killed_to_the_end():
        runs.ensure(config)
        if process := busy_worker(runs, config):
            psutil.Process(process).kill()
        return not runs.store.status(config.run_id).is_active

    def killed():
        try:
            return killed_to_the_end()
        except (psutil.NoSuchProcess, OSError, KeyError):  # it died between two questions
            return False

    wait_for(killed)
    status = runs.store.status(config.run_id)
    assert status.state == "failed"
    assert "worker process died" in status.message
    assert runs.store.history(config.run_id)  # what it had come to is still there
    runs.store.verify(config.run_id)
