"""The workers and what they are given to do: all that is Dask's. Imported when they start, for it takes a while."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import CancelledError

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, fire_and_forget
from distributed.client import ClosedClientError

from vae import datasets
from vae.runs.store import DamagedRun
from vae.runs.worker import ModelGone, warm_up
from vae.texts import on_one_line

CONNECT_SECONDS = 10.0  # for which an answer is waited for
LOCAL = {
    # One thread a worker. Dask would also have it give freed memory back to the system at once: a training, which
    # frees and takes the same memory at every step, took 1.6 times as long.
    "distributed.nanny.pre-spawn-environ": dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), 1),
    "distributed.worker.profile.enabled": False,  # which looks at the training a hundred times a second
    # Dask watches its own pulse 50 times a second in each server and worker: 5 % of a core for nothing that we read.
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
}


class Ended:
    """A task that has come to its end, one way or another."""

    def __init__(self, future: Future):
        self._future = future
        self.error: BaseException | None = future.exception() if future.status == "error" else None
        self.is_finished = future.status == "finished"

    @property
    def why(self) -> str:
        """Its error in words."""
        if isinstance(self.error, ModuleNotFoundError):
            return (
                f"a worker of the cluster has no module named {self.error.name}: on its machine, in the project's "
                "folder, `python -m vae worker ADDRESS` starts workers that have what they need"
            )
        if isinstance(self.error, KilledWorker):
            return "its worker process died again and again"
        return on_one_line(self.error if isinstance(self.error, (DamagedRun, ModelGone)) else repr(self.error))

    def returned(self) -> str:
        """What it returned; nothing where its worker is gone by now."""
        with contextlib.suppress(OSError, RuntimeError, TimeoutError, CancelledError):
            return self._future.result(CONNECT_SECONDS)
        return ""

    def release(self) -> None:
        """Gives its key back, once the client comes to it."""
        self._future.release()

    def has_free_key(self) -> bool:
        """Waits until its key can be given to another task; False where the client is being closed."""
        try:  # a release is done in the client's loop
            self._future.client.sync(asyncio.sleep, 0, callback_timeout=CONNECT_SECONDS)
        except (TimeoutError, RuntimeError):
            return False
        return True


class Cluster:
    """Worker processes of this machine, or those of the cluster at an address."""

    def __init__(self, address: str | None, workers: int):
        """workers: how many are started where no address is given. Raises ConnectionError where nobody answers."""
        self.client = _at(address) if address else _here(workers)

    @property
    def is_lost(self) -> bool:
        """Whether it cannot be used any more."""
        return self.client.status == "closed"

    def threads(self) -> int:
        """How many tasks it works on at a time."""
        return sum(self.client.nthreads().values())

    def has_worker(self) -> bool | None:
        """Whether there is anybody who could train; None where it cannot be asked, for it is lost just now."""
        with contextlib.suppress(OSError, RuntimeError, AttributeError):
            return bool(self.client.sync(self.client.scheduler.ncores, callback_timeout=CONNECT_SECONDS))
        return None

    def warm_up(self) -> None:
        """Has every worker get ready for its first training."""
        self.client.run(warm_up, on_error="ignore")

    def has(self, key: str) -> bool:
        """Whether a task of that key waits or is worked on."""
        return key in self.client.futures

    def train(self, *asked, key: str, priority: float, then: Callable[[Ended], None]) -> None:
        """Has a run trained for a while; the key makes it a single flight, for one that is there already stays."""
        self._submit(_training(), asked, key, priority, then)

    def measure(self, *asked, key: str, priority: float, then: Callable[[Ended], None]) -> None:
        """Has gaps measured for a while."""
        self._submit(_measuring(), asked, key, priority, then)

    def _submit(self, task: Callable, asked: tuple, key: str, priority: float, then: Callable[[Ended], None]) -> None:
        with contextlib.suppress(ClosedClientError):  # lost just now: what is asked for is taken up by the next one
            future = self.client.submit(task, *asked, key=key, priority=priority)
            fire_and_forget(future)
            future.add_done_callback(lambda ended: then(Ended(ended)))

    def cancel(self, key: str) -> None:
        """Takes a task back that nobody is at yet."""
        if self.has(key):
            with contextlib.suppress(ClosedClientError):
                Future(key, self.client).cancel()

    def close(self) -> None:
        """Ends the workers of this machine; those of another cluster stay."""
        self.client.close()
        if self.client.cluster is not None:
            self.client.cluster.close()


def _at(address: str) -> Client:
    try:
        return Client(address, timeout=CONNECT_SECONDS, name="pages")
    except (OSError, ValueError) as error:
        raise ConnectionError(f"nobody answers at DASK_SCHEDULER_ADDRESS={address}: {error}") from error


def _here(workers: int) -> Client:
    datasets.share()  # first, so that all of them map one file
    dask.config.set(LOCAL)  # for good: a worker that has to be started again reads it again
    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        memory_limit=0,
        silence_logs="CRITICAL",
    )
    try:
        return Client(cluster)
    except Exception:  # whatever it is: nobody else ends these workers
        cluster.close()
        raise


# A function within a function is sent to a worker as its code and not by its name, and finds the project there: a
# scheduler, which reads what it hands on, need not have it, and a worker without it can be told of in words.


def _training() -> Callable:
    def train(values: dict, store_url: str, device: str) -> str:
        from vae.config import RunConfig
        from vae.runs.worker import train_for_a_while

        return train_for_a_while(RunConfig.from_dict(values), store_url, device)

    return train


def _measuring() -> Callable:
    def measure(run_id: str, sha256: str, store_url: str) -> str:
        from vae.runs.worker import measure_for_a_while

        return measure_for_a_while(run_id, sha256, store_url)

    return measure
