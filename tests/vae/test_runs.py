"""Real worker processes, really killed: whatever happens to a run, it ends with the weights of an undisturbed one."""

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import dask
import psutil
import pytest
from distributed import LocalCluster

from vae import runs as runs_module
from vae.config import RunConfig
from vae.runs import MOST_SWEPT, MOST_WAITING, Runs, TooManyRuns
from vae.schedules import snapshot_steps
from vae.store import RunStore
from vae.sweep import sweep
from vae.worker import GAP_IMAGES

PATIENCE = 120.0  # seconds until a wait is given up; nothing here is timed
PROFILED = "distributed.worker.profile.enabled"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two local worker processes over a store of their own."""
    runs = Runs(RunStore(str(tmp_path_factory.mktemp("runs"))), workers=2)
    assert runs.wait_until_started(), runs.error
    yield runs
    runs.close()


@pytest.fixture
def short_of_patience(monkeypatch):
    """A cluster that does not answer is given up soon."""
    monkeypatch.setattr(runs_module, "CONNECT_SECONDS", 1.0)


@pytest.fixture
def runs_without_cluster(tmp_path, monkeypatch, short_of_patience):
    """Runs whose cluster address nobody listens at, so that whatever is asked for waits."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", f"tcp://127.0.0.1:{free.getsockname()[1]}")
        runs = Runs(RunStore(str(tmp_path)))
        yield runs
        runs.wait_until_started()


def wait_for(condition):
    """The condition's first true value."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not so within {PATIENCE:.0f} s")


def wait_for_end(runs: Runs, config: RunConfig):
    """The run's last status; asks for a worker meanwhile, as a page that watches does."""

    def ended():
        runs.ensure(config)
        status = runs.store.status(config.run_id)
        return None if status.is_active else status

    return wait_for(ended)


def busy_worker(runs: Runs, config: RunConfig) -> int | None:
    """The process that trains the run."""
    addresses = [address for address, keys in runs._client.processing().items() if config.run_id in keys]
    return runs._client.run(os.getpid, workers=addresses)[addresses[0]] if addresses else None


def has_checkpoint(store: RunStore, config: RunConfig) -> bool:
    return bool(store.upper.files(f"{config.run_id}/checkpoint"))


def times_started(runs: Runs, config: RunConfig) -> int:
    """How often the scheduler gave the run to a worker."""
    return runs._client.run_on_scheduler(
        lambda dask_scheduler, key: sum(entry[2] == "processing" for entry in dask_scheduler.story(key)),
        key=config.run_id,
    )


def test_one_browser_may_not_ask_for_more_runs_than_may_wait(runs_without_cluster, small):
    def asked(*seeds):
        return [replace(small, seed=seed) for seed in seeds]

    runs_without_cluster.submit(asked(*range(MOST_WAITING)), "browser")
    runs_without_cluster.submit(asked(*range(MOST_WAITING)), "browser")  # the same ones again
    with pytest.raises(TooManyRuns, match=f"^{MOST_WAITING} of your runs .* stop one of them"):
        runs_without_cluster.submit(asked(MOST_WAITING), "browser")
    assert runs_without_cluster.store.status(asked(MOST_WAITING)[0].run_id).state == "absent"
    runs_without_cluster.submit(asked(MOST_WAITING), "another browser")


def test_a_run_asked_for_by_many_threads_at_once_trains_once(runs, small):
    config = replace(small, epochs=50)
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


def test_a_run_paused_stopped_and_resumed_ends_with_the_weights_of_an_undisturbed_one(runs, long, undisturbed):
    store, run_id = runs.store, long.run_id
    runs.submit([long])
    wait_for(lambda: store.status(run_id).step > 0)
    runs.pause(run_id)
    wait_for(lambda: not busy_worker(runs, long))
    paused = store.status(run_id)
    assert paused.state == "paused" and 0 < paused.step < long.total_steps
    assert int(store.checkpoint(run_id)["step"]) == paused.step

    runs.submit([long])
    wait_for(lambda: store.status(run_id).step > paused.step)
    runs.stop(run_id)
    stopped = wait_for_end(runs, long)
    assert stopped.state == "stopped" and paused.step < stopped.step < long.total_steps
    assert store.metrics(run_id)["test"]["negative_elbo"] > 0
    store.verify(run_id)

    runs.submit([long])
    assert wait_for_end(runs, long).state == "complete"
    assert store.metrics(run_id)["model_sha256"] == undisturbed["model_sha256"]
    assert [line["step"] for line in store.history(run_id)] == sorted(snapshot_steps(long))


def test_a_run_whose_worker_is_killed_goes_on_from_its_checkpoint_to_the_same_weights(
    tmp_path, runs, long, undisturbed, monkeypatch
):
    store = RunStore(str(tmp_path / "killed worker"))
    monkeypatch.setattr(runs, "store", store)
    runs.submit([long])
    # Asked for again meanwhile, as pages do: the same run's task for the other store may only just have ended.
    wait_for(lambda: runs.ensure(long) or has_checkpoint(store, long))
    before = store.history(long.run_id)
    os.kill(busy_worker(runs, long), signal.SIGKILL)
    assert wait_for_end(runs, long).state == "complete"
    after = store.history(long.run_id)
    assert after[1] == before[1]  # its seconds too: the first steps were not done again
    assert after[-1]["step"] == long.total_steps
    assert store.metrics(long.run_id)["model_sha256"] == undisturbed["model_sha256"]
    # The process that has taken the killed one's place trains as quickly.
    profiled = wait_for(lambda: len(found := runs._client.run(dask.config.get, PROFILED).values()) == 2 and [*found])
    assert profiled == [False, False]


def test_a_sweep_of_which_a_worker_is_killed_ends_complete(runs, long):
    configs = sweep(replace(long, latent_dim=3, epochs=1), (0.0, 1.0, 10.0), (0,))
    runs.submit(configs, most=len(configs))
    wait_for(lambda: runs.store.status(configs[0].run_id).step > 0)
    os.kill(busy_worker(runs, configs[0]), signal.SIGKILL)
    *_, last = runs.follow(configs)
    assert [status.state for status in last] == ["complete"] * 4
    kl = [runs.store.metrics(config.run_id)["test"]["kl"] for config in configs[1:]]
    assert kl == sorted(kl, reverse=True)


def test_a_sweep_lets_a_pair_pass(runs, long):
    swept = [replace(long, latent_dim=4, epochs=1, seed=seed) for seed in range(8)]
    pair = [replace(swept[0], latent_dim=5), replace(swept[0], latent_dim=5).autoencoder]
    runs.submit(swept, "teacher", most=8)
    runs.submit(pair, "student")
    for config in pair:
        assert wait_for_end(runs, config).state == "complete"
    assert any(runs.store.status(config.run_id).state == "queued" for config in swept)
    for config in swept:
        runs.stop(config.run_id)
    list(runs.follow(swept))


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
    wait_for(measured)
    priorities, count = runs._client.run_on_scheduler(tasks, prefix=f"gap-{model[0]}")
    assert count == 1
    assert min(priorities) > MOST_SWEPT  # Dask turns the sign round: the last of a sweep comes first
    wait_for(lambda: runs._client.run_on_scheduler(tasks, prefix=f"gap-{model[0]}")[1] >= 3)  # and no page has looked
    runs.stop_gaps(*model)
    wait_for(lambda: model not in runs._measuring)
    stopped = measured()
    assert 0 < stopped < GAP_IMAGES and not runs.is_measuring(*model)
    runs.measure_gaps(*model)
    assert runs.is_measuring(*model)
    wait_for(lambda: measured() > stopped)
    runs.stop_gaps(*model)


def test_gaps_that_cannot_be_measured_are_given_up_and_say_why(runs):
    runs.measure_gaps("vae-2d-000000000000", "0" * 64)
    control = wait_for(lambda: (now := runs.store.gap_control("vae-2d-000000000000", "0" * 64))["message"] and now)
    assert control["want"] == "stop"
    assert control["message"] == (
        "the measuring went wrong: run vae-2d-000000000000 was deleted or trained on meanwhile, and this model is not "
        "there any more"
    )


def test_a_run_whose_worker_dies_every_time_fails_and_says_so(runs, long):
    config = replace(long, seed=13, epochs=100)  # not done before its last worker is
    runs.submit([config])

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


def test_a_cluster_named_by_its_address_trains_the_runs(tmp_path, runs, small, monkeypatch):
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", runs._client.cluster.scheduler_address)
    config = replace(small, seed=5)
    distant = Runs(RunStore(str(tmp_path / "shared")))
    assert distant.wait_until_started(), distant.error
    distant.submit([config])
    assert wait_for_end(distant, config).state == "complete"
    assert times_started(runs, config) == 1
    distant.close()
    assert runs._client.run(os.getpid)  # closing the client left the cluster alone


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


def test_a_cluster_that_is_not_there_is_an_error_in_words_and_the_runs_wait(runs_without_cluster, small):
    assert not runs_without_cluster.wait_until_started()
    assert "nobody answers at DASK_SCHEDULER_ADDRESS=tcp://127.0.0.1:" in runs_without_cluster.error
    runs_without_cluster.submit([small], "a third browser")
    assert runs_without_cluster.store.status(small.run_id).state == "queued"
