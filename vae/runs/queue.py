"""Runs: has runs trained by workers, each once, for all who ask; by the workers of cluster.py."""

import contextlib
import functools
import itertools
import math
import os
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fsspec.implementations.memory import MemoryFileSystem

from vae.config import RunConfig
from vae.runs import machine
from vae.runs.lease import DEAD, Watch
from vae.runs.limit import limit
from vae.runs.line import Line
from vae.runs.states import ACTIVE, SETTLED, STARTABLE, UNFINISHED, RunStatus
from vae.runs.store import DamagedRun, RunStore, StoreError
from vae.runs.worker import ELSEWHERE, gap_images
from vae.texts import on_one_line
from vae.training.speed import estimate_seconds

if TYPE_CHECKING:
    from vae.runs.cluster import Cluster, Ended

MOST_WAITING = 6  # runs of one browser that may wait or train at a time
LAST_RUNS = 8  # whose pace is kept
LOOK = 0.5  # seconds between two looks of `follow`
MOST_SWEPT = 39  # the same for a sweep: 12 weights and the AE, of three seeds
RESUMED = STARTABLE | {"pausing", "stopping"}  # who asks for such a run has it begin, or go on
AGAIN = 10.0  # seconds until a run is tried again whose worker could not write the store
SAID = 20.0  # seconds for which that is said: until it has been tried again, and has failed again
LOCAL_PROTOCOL = re.compile("^(file|local):(//)?")
WAY_OUT = "name the whole path of a folder that all can reach, or an address such as s3://, by VAE_STORE or --store"
LAST = -1e12  # Dask's priority of what lets every training pass
NO_WORKER = (
    "the cluster {address} has no worker: on each machine that is to train, in the project's folder, "
    "`python -m vae worker {address}` starts some. What was asked for begins then."
)
NOT_SHARED = (
    "the worker on {machine} does not find this run in the store {store}: all workers need a store that they can reach "
    "(VAE_STORE)"
)
OFF = (
    "Training is off on this machine: VAE_WORKERS is 0, and DASK_SCHEDULER_ADDRESS names no cluster. What is trained "
    "already can be looked at."
)


class TooManyRuns(RuntimeError):
    """One browser asked for more runs than may wait at a time; the message says how many and the way out."""


class Runs:
    """Asks for runs and steers them. The store holds all that is known of a run; Dask holds the queue.

    Local worker processes, as many as machine.workers says, or the cluster named by DASK_SCHEDULER_ADDRESS. It starts
    in the background, after so many seconds (None: never), or as soon as it is needed; what is asked for before it is
    there waits in the store.
    """

    def __init__(
        self, store: RunStore, device: str = "cpu", workers: int | None = None, start_after: float | None = 0.0
    ):
        """Raises StoreError, in words, for a store that workers cannot share."""
        self._address = os.environ.get("DASK_SCHEDULER_ADDRESS")
        self.store, self.device = store, device
        self._refuse_unshared()
        self._hurry, self._start_after = threading.Event(), start_after
        self.closing = threading.Event()  # set once these are not to be used any more
        machine.niceness()  # what cannot be it is said now
        limit()
        self.workers = machine.workers(device) if workers is None else workers
        self.off = store.read_only or ("" if self.workers or self._address else OFF)  # why nothing is trained, in words
        self.error = self.off  # why there is no cluster, in words
        self._cluster: Cluster | None = None
        self._asked: dict[str, set[str]] = defaultdict(set)  # browser -> the runs it asked for
        self.line = Line(self.workers)
        # Of the last runs that came to their end here: seconds for one that their arithmetic asks for.
        self.paces: deque[float] = deque(maxlen=LAST_RUNS)
        self._measuring: set[tuple[str, str]] = set()  # runs and models whose gaps a worker is at
        self._to_measure: set[tuple[str, str]] = set()  # and those whose gaps were asked for
        self._portions = itertools.count()
        self._lock = threading.Lock()
        self._asking = threading.Lock()  # while somebody's wish becomes a run that waits, or one leaves the line
        self._watches: dict[str, Watch] = {}  # of runs that another server or command may have
        self._keeping_up: threading.Thread | None = None
        self._failed = -math.inf  # when workers could not be started
        self._seen_workers = (-math.inf, True)  # when, and whether the cluster had any
        # Of a run, or "run_id/model_sha256" of a measuring: when and why its worker could not write the store.
        self._faults: dict[str, tuple[float, str]] = {}
        self._begin()

    def submit(self, configs: list[RunConfig], browser: str = "", most: int = MOST_WAITING, address: str = "") -> None:
        """Asks for runs, each trained once whoever asks, and has paused or stopped ones go on.

        Raises TooManyRuns when this browser has too many that wait, train or are paused, and LineIsFull when there are
        too many on the whole server, or from the visitor's address in the network.
        """
        with self._asking:
            asked = {run_id for run_id in self._asked[browser] if self._is_unfinished(run_id)}
            states = {config.run_id: self._state(config.run_id) for config in configs}
            new = {run_id for run_id, state in states.items() if state in RESUMED} - asked
            if len(asked | new) > most:
                raise TooManyRuns(
                    f"{len(asked)} of your runs are still waiting or training, and {most} is the most "
                    "at a time: stop one of them, or wait until one is done."
                )
            wanted = [config for config in configs if states[config.run_id] not in SETTLED]
            # A paused run has left the line: it comes back as a new one comes, whoever has it go on.
            entered = self.line.ask({c.run_id: self._seconds_left(c) for c in wanted}, browser, address)
            try:
                for config in configs:
                    self.store.create(config)
            except Exception:  # whatever it is, what was not written does not wait
                for run_id in entered:
                    self.line.leave(run_id)
                raise
            self._asked[browser] = asked | new
        for config in configs:
            self.ensure(config)

    def pause(self, run_id: str) -> None:
        """Has a run write its checkpoint and leave its worker to others."""
        if self.store.status(run_id).is_active:
            self.store.set_control(run_id, "pause")

    def stop(self, run_id: str) -> None:
        """Ends a run where it is, with the model it has; one that has not begun is as if nobody had asked for it."""
        if self._is_unfinished(run_id) and not self._withdraw(run_id):
            self.store.set_control(run_id, "stop")
            self.line.enter(run_id, 0.0)  # a paused one comes back for its end alone
            self.line.shorten(run_id)
            self.ensure(self.store.config(run_id))

    def _withdraw(self, run_id: str) -> bool:
        """Takes a run out of the line and the store that still waits for its first step."""
        with self._asking:
            if not self.store.withdraw(run_id):
                return False
            self.line.leave(run_id)
        if cluster := self._connected():
            cluster.cancel(self._key(run_id))
        return True

    def ensure(self, config: RunConfig) -> None:
        """Gives an active run a worker if none has it (after a pause, a restart, a lost cluster); cheap.

        The run of a worker that was killed is given to another one by Dask itself.
        """
        run_id, cluster = config.run_id, self._connected()
        if cluster is None or cluster.has(self._key(run_id)) or self.store.metrics(run_id) is not None:
            return
        if self._rests(run_id) or self._watches.setdefault(run_id, Watch(self.store.upper, run_id)).is_held():
            return
        place = self.line.enter(run_id, self._seconds_left(config))
        cluster.train(
            config.to_dict(),
            self.store.url,
            self.device,
            key=self._key(run_id),
            priority=-(time.time() + place - self.line.now),
            then=functools.partial(self._note_end, config),
        )

    def _key(self, task: str) -> str:
        """Of a task on a cluster: servers of one store share it, and those of another store have their own."""
        return f"{task} in {self.store.upper.address()}"  # however the store was written: s3://a/runs/ is s3://a/runs

    def fault(self, name: str) -> str:
        """Why what is wanted does not go on just now, in words; empty where nothing is known to be wrong.

        name: of a run, or "run_id/model_sha256" for the measuring of a model's gaps.
        """
        at, words = self._faults.get(name, (-math.inf, ""))
        return words if time.monotonic() - at < SAID else ""

    def _rests(self, name: str) -> bool:
        """Whether its worker could not write the store only just now."""
        return time.monotonic() - self._faults.get(name, (-math.inf, ""))[0] < AGAIN

    def measure_gaps(self, run_id: str, model_sha256: str) -> None:
        """Asks for what a trained model's q loses on the first images of each split, or has it go on."""
        self.store.set_gap_control(run_id, model_sha256, "measure")
        self.ensure_gaps(run_id, model_sha256)

    def stop_gaps(self, run_id: str, model_sha256: str, message: str = "") -> None:
        """Has the measuring end where it is."""
        self.store.set_gap_control(run_id, model_sha256, "stop", message)

    def is_measuring(self, run_id: str, model_sha256: str) -> bool:
        """Whether gaps are wanted and not all there."""
        is_wanted = self.store.gap_control(run_id, model_sha256).get("want") == "measure"
        return is_wanted and self.store.gap_count(run_id, model_sha256) < self._images_to_measure(run_id)

    def _images_to_measure(self, run_id: str) -> int:
        """Of how many images the gaps are to be there."""
        try:
            return gap_images(self.store.config(run_id).dataset)
        except (KeyError, DamagedRun):  # which its worker says
            return gap_images(RunConfig.dataset)

    def ensure_gaps(self, run_id: str, model_sha256: str) -> bool:
        """Gives a measuring under way a worker if none has it, and returns whether there is one under way; cheap.

        A task is a few seconds of it, and another follows: whatever is trained need not wait for the whole.
        """
        model = run_id, model_sha256
        if not self.is_measuring(*model):
            self._to_measure.discard(model)
            return False
        self._to_measure.add(model)
        if self._rests("/".join(model)) or (cluster := self._connected()) is None:
            return True
        with self._lock:
            if model in self._measuring:
                return True
            self._measuring.add(model)
        # The last portion's may not be forgotten yet.
        key = self._key(f"gap-{run_id}-{model_sha256}-{next(self._portions)}")
        then = functools.partial(self._note_portion, model)
        cluster.measure(*model, self.store.url, key=key, priority=LAST, then=then)
        return True

    def follow(self, configs: list[RunConfig]) -> Iterator[list[RunStatus]]:
        """Where the runs are, twice a second until none has more to come; one that lost its worker gets another."""
        while True:
            now = [self.store.status(config.run_id) for config in configs]
            yield now
            if not any(status.is_active for status in now):
                return
            for config, status in zip(configs, now):
                if status.is_active:
                    self.ensure(config)
            time.sleep(LOOK)

    def hindrance(self) -> str:
        """Why nothing is trained just now, in words: no cluster, or one without a worker; empty where all is well."""
        is_without = not self.error and self._address and not self._has_worker()
        return NO_WORKER.format(address=self._address) if is_without else self.error

    def _has_worker(self) -> bool:
        """Whether the cluster, where there is one, has a worker; it is asked once a LOOK for all who wait."""
        cluster, (at, has_worker) = self._cluster, self._seen_workers
        if cluster is None:
            return True
        if time.monotonic() - at > LOOK:
            now = cluster.has_worker()
            has_worker = has_worker if now is None else now  # else the next look says it
            self._seen_workers = time.monotonic(), has_worker
        return has_worker

    @property
    def is_starting(self) -> bool:
        """Whether the workers are still on their way."""
        return self._started.is_alive()

    def wait_until_started(self, timeout: float = 60.0) -> bool:
        """Whether the cluster is there, after at most `timeout` seconds."""
        self._hurry.set()
        self._started.join(timeout)
        return self._cluster is not None

    def close(self) -> None:
        """Ends the workers; the runs go on when somebody asks again."""
        self.closing.set()
        self._hurry.set()
        self._started.join()
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    def _seconds_left(self, config: RunConfig) -> float:
        """What a run still takes on one core of this machine."""
        return estimate_seconds(config) * (1 - self.store.status(config.run_id).step / config.total_steps)

    def _is_unfinished(self, run_id: str) -> bool:
        return self._state(run_id) in UNFINISHED

    def _state(self, run_id: str) -> str:
        """Where a run is; one that is damaged is as good as absent, and whoever reads it says so."""
        try:
            return self.store.status(run_id).state
        except (DamagedRun, KeyError):
            return "absent"

    def _note_end(self, config: RunConfig, task: "Ended") -> None:
        """Ends a run that its task could not end, such as one that kills each worker: it would be tried for ever.

        One that was asked for again while its task came to its end gets another.
        """
        run_id = config.run_id
        if isinstance(task.error, StoreError):  # nothing can be written now; the run goes on once that is over
            self._faults[run_id] = time.monotonic(), str(task.error)
        elif task.error:
            self._fail(config, task.why)
        if task.is_finished:
            if machine_without_it := task.returned():
                self._fail(config, NOT_SHARED.format(machine=machine_without_it, store=self.store.url))
            self._faults.pop(run_id, None)
        task.release()
        if self._leaves(run_id):
            self._note_pace(config)
        elif task.is_finished:
            self.line.again(run_id, self._seconds_left(config))
            if task.has_free_key():
                self.ensure(config)

    def _note_pace(self, config: RunConfig) -> None:
        with contextlib.suppress(DamagedRun, KeyError):
            status = self.store.status(config.run_id)
            if status.state == "complete":
                self.paces.append(status.seconds / estimate_seconds(config))

    def _fail(self, config: RunConfig, message: str) -> None:
        """Ends a run that nobody can train; whoever else has it may well bring it to its end."""
        if lease := self.store.take(config.run_id):
            with lease:
                history = self.store.history(config.run_id)
                self.store.finish(config, "failed", history, None, message=message, test=None)

    def _leaves(self, run_id: str) -> bool:
        """Takes a run out of the line that nothing more is to come of, and not while somebody has it go on."""
        with self._asking:
            if self.store.status(run_id).is_active:
                return False
            self.line.leave(run_id)
            return True

    def _note_portion(self, model: tuple[str, str], task: "Ended") -> None:
        """Has the measuring go on, or ends it where its task could not be done."""
        is_elsewhere = task.is_finished and task.returned() == ELSEWHERE
        if is_elsewhere:  # it is looked at again after a while, and nothing is wrong
            self._faults["/".join(model)] = time.monotonic(), ""
        elif task.is_finished:
            self._faults.pop("/".join(model), None)
        task.release()
        with self._lock:
            self._measuring.discard(model)
        if isinstance(task.error, StoreError):  # as of a run
            self._faults["/".join(model)] = time.monotonic(), str(task.error)
        elif task.error:
            self.stop_gaps(*model, f"the measuring went wrong: {task.why}")
        elif task.is_finished and not is_elsewhere:
            self.ensure_gaps(*model)

    def _connected(self) -> "Cluster | None":
        """The cluster, while there is one; one that was lost, is late or did not start is looked for again."""
        if self._cluster is not None and not self._cluster.is_lost:
            return self._cluster
        self._hurry.set()
        with self._lock:
            may_begin = self._address or time.monotonic() - self._failed > AGAIN
            if may_begin and not (self.is_starting or self.off or self.closing.is_set()):
                self._begin()
        return None

    def _begin(self) -> None:
        self._started = threading.Thread(target=self._start, name="start the cluster", daemon=True)
        self._started.start()

    def _start(self) -> None:
        if self.off:
            return
        try:
            if not self._is_awaited():
                self._hurry.wait(self._start_after)
            if self.closing.is_set():
                return
            if self._cluster is not None:
                self._cluster.close()  # the lost one
            from vae.runs.cluster import Cluster  # half a second, without which a server can show its pages

            self._cluster, self.error = Cluster(self._address, self.workers), ""
            self._measuring.clear()  # a lost cluster's
            self.line.workers = max(1, self._cluster.threads())
        except Exception as error:  # whatever keeps the cluster away must reach the page, not this thread's end
            self.error, self._failed = on_one_line(f"{type(error).__name__}: {error}"), time.monotonic()
            return
        self._take_up(self.store.run_ids)
        with contextlib.suppress(StoreError):
            self._cluster.warm_up()
        if self._keeping_up is None:
            self._keeping_up = threading.Thread(target=self._keep_up, name="keep up", daemon=True)
            self._keeping_up.start()

    def _keep_up(self) -> None:
        """Has go on what is wanted though nobody looks: after a fault of the store, or a death elsewhere."""
        self.store.upper.sweep("")  # once: what killed writers left of runs that have ended
        everything = self.store.run_ids  # once: a writer of before has given no sign of life for so long
        while not self.closing.wait(DEAD):
            everything = self.line.run_ids if self._take_up(everything) else everything

    def _take_up(self, run_ids: Callable[[], list[str]]) -> bool:
        """Gives workers to those of the runs, and of the measurings, that are not at their end; False if it failed."""
        try:
            for run_id in run_ids():
                self._take_up_one(run_id)
            for model in tuple(self._to_measure):
                self.ensure_gaps(*model)
        except StoreError:  # which pages meet too, and say
            return False
        return True

    def _take_up_one(self, run_id: str) -> None:
        try:
            if not self._leaves(run_id):
                self.ensure(self.store.config(run_id))
        except KeyError:  # of another recipe
            self.line.leave(run_id)
        except DamagedRun as error:
            self.store.set_aside(run_id, str(error))

    def _refuse_unshared(self) -> None:
        url, files = self.store.url, self.store.upper
        if isinstance(files.fs, MemoryFileSystem) and not self.store.read_only:
            raise StoreError(f"the store {url} is in this process's memory, where no worker can reach it: {WAY_OUT}")
        path = LOCAL_PROTOCOL.sub("", url)
        if self._address and files.is_local and not path.startswith("/") and not os.path.isabs(path):
            raise StoreError(
                f"the store {url} is another folder on each machine of the cluster {self._address}: {WAY_OUT}"
            )

    def _is_awaited(self) -> bool:
        """Whether a run of the store waits for workers that would not start by themselves, as after a restart."""
        if self._start_after is not None:
            return False
        try:
            return any(self._state(run_id) in ACTIVE for run_id in self.store.run_ids())
        except StoreError:
            return True
