"""`python -m tests.vae.runs.killed URL CONFIG N …`: trains a run in processes that kill themselves.

It prints how each ended. Each is forked from this one, which has torch and the images already, and kills itself at its
N-th change of the store; with an even N a half of what it was about to write lies there. A run that comes to its end
begins anew.
"""

import contextlib
import json
import os
import signal
import sys

from vae.config import RunConfig
from vae.runs import worker
from vae.runs.store import RunStore
from vae.runs.worker import advance
from vae.training.loop import train as training
from vae.training.speed import use_one_thread

WRITES = ("write", "create", "delete")  # by which a store is changed


def train(config: RunConfig, store: RunStore) -> None:
    """Trains a run as far as it goes."""
    for _ in advance(config, store):
        pass


def train_until_killed(config: RunConfig, store: RunStore, n: int) -> None:
    """Trains until the n-th change of the store."""
    changes = iter(range(1, 1_000_000))

    def killed(change):
        def change_or_die(path, *content):
            if next(changes) == n:
                if n % 2 == 0 and content:
                    place = f"{store.upper.root}/{path}.{os.getpid()}-1.unfinished"
                    with contextlib.suppress(OSError), open(place, "wb") as file:
                        file.write(content[0][: len(content[0]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return change(path, *content)

        return change_or_die

    for name in WRITES:
        setattr(store.upper, name, killed(getattr(store.upper, name)))
    train(config, store)


def main(url: str, config: str, *moments: str) -> None:
    """The command."""
    config, store = RunConfig.from_dict(json.loads(config)), RunStore(url)
    use_one_thread()
    worker.CHECKPOINT_SECONDS = worker.CHECKPOINT_SPACING = 0.0
    *_, _ = training(config)  # once: images, and all that torch imports at its first training
    for n in map(int, moments):
        if store.status(config.run_id).state == "complete":
            store.upper.delete(config.run_id)
        store.create(config)
        if (child := os.fork()) == 0:
            train_until_killed(config, RunStore(url), n)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
