"""`python -m vae train | sweep | runs | data | export | worker | pretrain | bench`: lessons, clusters, our checks."""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import dask
from tqdm import tqdm

from vae import data, datasets
from vae.activations import BOTTLENECKS
from vae.config import ConfigError, RunConfig, allowed_values
from vae.datasets import DatasetError, download
from vae.measures.evaluation import evaluate
from vae.models import SIGMA_HEADS, TRAINABLE
from vae.own_data import OwnDataError, read
from vae.runs import machine, seeds
from vae.runs.cluster import LOCAL
from vae.runs.files import StoreFault
from vae.runs.gaps import SPLITS
from vae.runs.layers import with_checksum
from vae.runs.limit import limit
from vae.runs.queue import LOOK, Runs
from vae.runs.shelf import LONGEST, InUse
from vae.runs.states import SETTLED
from vae.runs.store import POSTERIORS, PRETRAINED, DamagedRun, RunStore, StoreError
from vae.runs.sweep import LADDER, RAMPLESS, SWEPT, WITH_8, WITHOUT_8, ladder, sweep
from vae.runs.trash import NotDeleted
from vae.runs.worker import GAP_IMAGES, advance, device_here, measure_gaps, resolve_device
from vae.take_home.folder import take_home
from vae.texts import on_one_line
from vae.training.speed import use_one_thread
from vae.typed import Typed, read_numbers, read_widths

PRETRAINED_RUNS = [
    *(run for dim in LADDER for run in sweep(RunConfig(latent_dim=dim), LADDER[dim], (0,))),
    RAMPLESS,
    *(RunConfig(model="ae", bottleneck=name) for name in BOTTLENECKS if name != RunConfig.bottleneck),
    RunConfig(bottleneck="relu"),
    WITHOUT_8.autoencoder,
    WITHOUT_8,
    WITH_8,
    *(RunConfig(model="ae").converted(part) for part in TRAINABLE),
    RunConfig(epochs=6),  # the VAE that had the epochs of an AE too
    *(RunConfig(sigma="raw", seed=seed) for seed in range(5)),
    RunConfig(sigma="softplus"),
    *(RunConfig(sigma=kind, learning_rate=0.03) for kind in SIGMA_HEADS),
]
# Every how many snapshots of a run that comes with the project one is kept: all of what the Train page opens with.
KEPT = {2: 1, 10: 3}
TURNED = {"auto": None, "yes": True, "no": False}  # what `data add` does with rows and columns, black and white


class Parser(argparse.ArgumentParser):
    """argparse, with one line on stderr for a bad argument."""

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {on_one_line(message)}\n")


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns its exit status: 0, 1 for a run that did not come to its end, 2 for bad arguments."""
    parser = _parser()
    options = parser.parse_args(arguments)
    use_one_thread()
    try:
        return options.command(options)
    except ConfigError as error:
        flag = "" if error.name.isupper() else f"--{error.name.replace('_', '-')}: "  # or a variable of the environment
        parser.exit(2, f"{parser.prog}: {flag}{error}\n")
    except (DatasetError, DamagedRun, OwnDataError, StoreFault) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    except StoreError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    except KeyboardInterrupt:
        parser.exit(130, f"{parser.prog}: interrupted; the same command goes on from the last checkpoint\n")


def train_command(options: argparse.Namespace) -> int:
    """Trains one run, or finds it in the store; its result is the last line on stdout."""
    names = [field.name for field in dataclasses.fields(RunConfig)]
    config = RunConfig(**{name: getattr(options, name) for name in names})
    device, store = resolve_device(options.device), RunStore(options.store)
    store.bring(config.dataset)
    download(config.dataset)
    result = train_with_progress(config, store, device)
    print(json.dumps(result), flush=True)
    return 0 if result["status"] == "complete" else 1


def train_with_progress(config: RunConfig, store: RunStore, device: str = "cpu") -> dict:
    """Trains a run to its end with a progress bar on stderr; returns what the store then says of it."""
    set_aside_if_damaged(config, store)
    store.create(config)
    with tqdm(total=config.total_steps, unit=" steps", desc=config.run_id, file=sys.stderr) as bar:
        while store.status(config.run_id).is_active:
            for snapshot in advance(config, store, device):
                bar.update(snapshot.losses.step - bar.n)
                bar.set_postfix_str(f"loss {snapshot.losses.total:.1f} nats")
            if (now := store.status(config.run_id)).is_active:  # somebody else has the run, or has just let it go
                bar.update(now.step - bar.n)
                bar.set_postfix_str("another process trains it")
                time.sleep(LOOK)
    return run_summary(config.run_id, store)


def set_aside_if_damaged(config: RunConfig, store: RunStore) -> None:
    """Makes way for a run whose files are damaged, and says so on stderr."""
    try:
        store.verify(config.run_id) if store.status(config.run_id).state != "absent" else None
    except DamagedRun as error:
        print(f"{error}; set aside in {store.set_aside(config.run_id, str(error))}", file=sys.stderr)


def run_summary(run_id: str, store: RunStore) -> dict:
    """What the command line says of a run that has ended."""
    metrics = store.metrics(run_id)
    if metrics is None:
        return {"run_id": run_id, "status": store.status(run_id).state, "path": store.path(run_id)}
    names = ("status", "seconds", "steps", "test", "model_sha256", "message")
    return {"run_id": run_id, **{name: metrics[name] for name in names if name in metrics}, "path": store.path(run_id)}


def export_command(options: argparse.Namespace) -> int:
    """Writes a run's weights, config and figures into a folder, with a Python file that uses them by torch alone."""
    try:
        for path in take_home(options.run, RunStore(options.store), Path(options.to)):
            print(path)
    except KeyError:
        raise StoreError(f"the store has no run {options.run} with a model: `python -m vae runs` lists them") from None
    except OSError as error:
        raise StoreError(on_one_line(error)) from None
    return 0


def pretrain_command(options: argparse.Namespace) -> int:
    """Trains the runs that come with the project, again and from scratch, and measures what the posteriors need.

    With --measure their weights stay, and only their figures on the test images are worked out again; with --seeds
    what lessons compare is trained with five seeds, in a store of one's own, and the figures are kept.
    """
    store = RunStore(options.store or str(PRETRAINED), pretrained=PRETRAINED / "nothing below")
    if options.measure:
        for config in PRETRAINED_RUNS:
            measure_again(config, store)
            print(json.dumps(run_summary(config.run_id, store)), flush=True)
        return 0
    if options.seeds:
        train_seeds(RunStore(options.store))
        return 0
    for run_id in store.run_ids():
        store.upper.delete(run_id)
    store.upper.delete(POSTERIORS)
    for config in PRETRAINED_RUNS:
        train_with_progress(config, store)
        is_default = config in (pair := RunConfig(latent_dim=config.latent_dim), pair.autoencoder)
        thin(config, store, KEPT[config.latent_dim] if is_default else None)
        for name in ("control.json", "lease"):
            store.upper.delete(f"{config.run_id}/{name}")
        print(json.dumps(run_summary(config.run_id, store)), flush=True)
    for config in ladder(2):
        if config.kl_weight > 0:
            measure_with_progress(config.run_id, store)
    return 0


def measure_with_progress(run_id: str, store: RunStore) -> None:
    """Measures what a run's q loses on the first images of each split, with a progress bar on stderr."""
    with tqdm(total=len(SPLITS) * GAP_IMAGES, unit=" images", desc=f"posteriors of {run_id}", file=sys.stderr) as bar:
        for done in measure_gaps(run_id, store.metrics(run_id)["model_sha256"], store):
            bar.update(done - bar.n)


def thin(config: RunConfig, store: RunStore, every: int | None) -> None:
    """Keeps a run's last pictures and, going back, each `every`-th before; None: no others. No model of a diverged."""
    run_id, metrics, history = config.run_id, store.metrics(config.run_id), store.history(config.run_id)
    steps = [line["step"] for line in history if "pictures" in line][::-1]
    kept = {*steps[::every]} if every else {*steps[:1]}
    for line in history:
        if "pictures" in line and line["step"] not in kept:
            name = with_checksum(f"snapshots/{line['step']}.safetensors", line["pictures"])
            store.upper.delete(f"{run_id}/{name}")
    thinned = [
        {name: value for name, value in line.items() if name != "pictures" or line["step"] in kept} for line in history
    ]
    model = store.model(run_id).state_dict() if metrics["status"] == "complete" else None
    for name in store.upper.files(run_id):
        if name.startswith(("metrics", "history", "model")):
            store.upper.delete(f"{run_id}/{name}")
    others = {name: metrics[name] for name in ("test", "message", "failure") if name in metrics}
    store.finish(config, metrics["status"], thinned, model, **others)


def measure_again(config: RunConfig, store: RunStore) -> None:
    """Works out a run's figures on the test images again, from the weights that it has."""
    if (store.metrics(config.run_id) or {}).get("test"):
        test = evaluate(store.model(config.run_id), data.load(config.dataset, "test").images, config.likelihood)
        store.write_test(config.run_id, test.to_dict())


def train_seeds(store: RunStore) -> None:
    """Trains what lessons compare with every seed, on all cores, and keeps the figures (runs/seeds.py)."""
    every = [config for seed in seeds.SEEDS for config in seeds.compared(seed)]
    for starts_from_scratch in (True, False):  # the AEs of the others come first
        wave = [config for config in every if bool(config.init_from) != starts_from_scratch]
        if missing := [config for config in wave if store.status(config.run_id).state not in SETTLED]:
            train_together(missing, Runs(store, "cpu"))
    seeds.record(store)


def sweep_command(options: argparse.Namespace) -> int:
    """Trains a pair with one KL weight after another, as many runs at once as there are workers."""
    store = RunStore(options.store)
    names = [field.name for field in dataclasses.fields(RunConfig) if field.name not in SWEPT]
    base = RunConfig(**{name: getattr(options, name) for name in names})
    configs = sweep(base, options.kl_weights.values, options.seeds.values)
    if options.kl_weights.reading:
        print(f"--kl-weights is read as {options.kl_weights.reading}", file=sys.stderr)
    device = resolve_device(options.device)
    if options.workers is not None and not 1 <= options.workers <= machine.MOST_WORKERS:
        raise ConfigError("workers", options.workers, f"a whole number from 1 to {machine.MOST_WORKERS}")
    store.bring(base.dataset)
    download(base.dataset)
    for config in configs:
        set_aside_if_damaged(config, store)
    if any(store.status(config.run_id).state not in SETTLED for config in configs):
        train_together(configs, Runs(store, device, options.workers))
    results = [run_summary(config.run_id, store) | {"kl_weight": config.kl_weight} for config in configs]
    for result in results:
        print(json.dumps(result), flush=True)
    return 0 if all(result["status"] == "complete" for result in results) else 1


def train_together(configs: list[RunConfig], runs: Runs) -> None:
    """Has workers train runs to their end, with a progress bar on stderr, and ends the workers."""
    try:
        if not runs.wait_until_started():
            raise StoreError(f"no workers: {runs.error}")
        runs.submit(configs, most=len(configs))
        with tqdm(total=sum(config.total_steps for config in configs), unit=" steps", file=sys.stderr) as bar:
            for now in runs.follow(configs):
                bar.update(sum(status.step for status in now) - bar.n)
                ended = f"{sum(not status.is_active for status in now)} of {len(now)} runs have ended"
                bar.set_postfix_str(runs.hindrance() or ended)
                if words := next(filter(None, (runs.fault(config.run_id) for config in configs)), ""):
                    raise StoreFault(words, words)
    finally:
        runs.close()


def runs_command(options: argparse.Namespace) -> int:
    """Lists the store's runs, a line each, or as one JSON list; or deletes some of them."""
    if options.delete:
        return delete_runs(options.delete, RunStore(options.store))
    store = RunStore(options.store, to_write=False)
    if store.read_only:
        print(f"only what comes with the project: {store.read_only}", file=sys.stderr)
    rows = []
    for run_id in store.run_ids():
        try:
            rows.append({**run_summary(run_id, store), "config": store.config(run_id).to_dict()})
        except KeyError:
            continue  # of another recipe
        except DamagedRun as error:
            rows.append({"run_id": run_id, "status": "damaged", "message": str(error), "path": store.path(run_id)})
    if options.json:
        print(json.dumps(rows))
        return 0
    for row in rows:
        test = row.get("test") or {}
        loss = test.get("negative_elbo") or test.get("reconstruction")
        print(on_one_line(row["run_id"]).ljust(24), f"{row['status']:9}", end=" ")
        print("" if loss is None else f"{loss:8.2f} nats", on_one_line(row["path"]), sep="  ")
    return 0


def delete_runs(run_ids: list[str], store: RunStore) -> int:
    """Deletes runs; they are gone for good a minute later, when the next one is deleted or a server starts."""
    for run_id in run_ids:
        try:
            store.delete(run_id)
        except KeyError:
            raise StoreError(f"the store has no run {on_one_line(run_id)}: `python -m vae runs` lists them") from None
        except NotDeleted as error:
            raise StoreError(str(error)) from error
        print(f"deleted {run_id}")
    return 0


def add_data_command(options: argparse.Namespace) -> int:
    """Makes a dataset of own pictures, for which every command and page then takes its name (the last line on stdout).

    FILE: .npz or .npy arrays, idx files, a .csv with a column for the label, a .zip or folder of pictures with a folder
    a class; files that belong together are named together.
    """
    store = RunStore(options.store)
    with tqdm(total=100, unit=" %", desc="reading", file=sys.stderr) as bar:
        turned = {"transpose": TURNED[options.transpose], "invert": TURNED[options.invert]}
        pictures = read(options.files, on_progress=lambda share: bar.update(int(100 * share) - bar.n), **turned)
    for words in pictures.done:
        print(words, file=sys.stderr)
    print(store.add_dataset(pictures, options.name))
    return 0


def list_data_command(options: argparse.Namespace) -> int:
    """Lists the store's own pictures: the name of each set, its title and its classes."""
    for about in RunStore(options.store, to_write=False).datasets():
        print(about.dataset.ljust(36), about.title, ", ".join(about.names) or "no labels", sep="  ")
    return 0


def remove_data_command(options: argparse.Namespace) -> int:
    """Removes own pictures on which no run was trained."""
    try:
        RunStore(options.store).remove_dataset(options.dataset)
    except KeyError:
        name = on_one_line(options.dataset)
        raise StoreError(f"the store has no own pictures {name}: `python -m vae data list` lists them") from None
    except InUse as error:
        raise StoreError(str(error)) from error
    print(f"removed {options.dataset}")
    return 0


def worker_command(options: argparse.Namespace) -> int:
    """Has this machine train for the Dask cluster of a scheduler, as it would for its own app, until interrupted."""
    from distributed.cli.dask_worker import main as dask_worker

    dask.config.set(LOCAL)
    machine.niceness()  # what cannot be it is said now, and not by each run
    limit()
    count = machine.workers(device_here()) or 1  # of a card fewer share than there are cores
    arguments = [options.address, "--nworkers", str(count), "--nthreads", "1", "--memory-limit", "0", "--no-dashboard"]
    datasets.share()
    dask_worker.main(arguments, prog_name="python -m vae worker", standalone_mode=False)
    return 0


def bench_command(options: argparse.Namespace) -> int:
    """Measures our training against the plain recipe, side by side; exit status 1 when a goal is missed."""
    from vae.bench import MissedGoal, bench, bench_sweep

    try:
        (bench_sweep if options.sweep else bench)(options.json, options.quick)
    except OSError as error:
        raise ConfigError("json", options.json, f"a file that can be written ({error.strerror})") from error
    except MissedGoal as error:
        print(f"goal missed: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> Parser:
    parser = Parser(prog="python -m vae", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command", parser_class=Parser)

    train = commands.add_parser("train", help="train one run", description=train_command.__doc__)
    train.prog = parser.prog
    _add_fields(train, dataclasses.fields(RunConfig))
    train.set_defaults(command=train_command)

    pretrain = commands.add_parser(
        "pretrain", help="make assets/pretrained again", description=pretrain_command.__doc__
    )
    part = pretrain.add_mutually_exclusive_group()
    part.add_argument("--measure", action="store_true", help="only their figures again, from the weights there are")
    part.add_argument("--seeds", action="store_true", help="only what lessons compare, with five seeds")
    pretrain.set_defaults(command=pretrain_command)

    runs = commands.add_parser("runs", help="list the store's runs", description=runs_command.__doc__)
    runs.add_argument("--json", action="store_true", help="as one JSON list, with configs and metrics")
    runs.add_argument("--delete", nargs="+", metavar="RUN", help="delete these runs")
    runs.set_defaults(command=runs_command)

    export = commands.add_parser("export", help="take a run home", description=export_command.__doc__)
    export.add_argument("run", metavar="RUN", help="its name, as `runs` lists it")
    export.add_argument("--to", metavar="DIR", required=True, help="the folder, which is made")
    export.set_defaults(command=export_command)

    swept = commands.add_parser("sweep", help="train one pair with many KL weights", description=sweep_command.__doc__)
    swept.prog = parser.prog
    swept.add_argument(
        "--kl-weights",
        type=_list("kl_weights", read_numbers, float),
        required=True,
        help="up to 12: 0,0.1,1,10 or 0;0,1;1",
    )
    swept.add_argument(
        "--seeds",
        type=_list("seeds", read_numbers, int),
        default=Typed((0,)),
        help="up to 3: 0,1,2 (default 0)",
    )
    swept.add_argument(
        "--workers", type=int, help="runs at a time on this machine (default: VAE_WORKERS, or one a core)"
    )
    _add_fields(swept, [field for field in dataclasses.fields(RunConfig) if field.name not in SWEPT])
    swept.set_defaults(command=sweep_command)

    own = commands.add_parser("data", help="add, list or remove own pictures").add_subparsers(
        required=True, metavar="action", parser_class=Parser
    )
    add = own.add_parser("add", help="make a dataset of own pictures", description=add_data_command.__doc__)
    add.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file or folder, or files of one set")
    add.add_argument("--name", required=True, help=f"what pages call it, in 1 to {LONGEST} letters")
    add.add_argument("--transpose", choices=TURNED, default="auto", help="swap rows and columns (default auto)")
    add.add_argument("--invert", choices=TURNED, default="auto", help="swap black and white (default auto)")
    add.set_defaults(command=add_data_command)
    listed = own.add_parser("list", help="list them", description=list_data_command.__doc__)
    listed.set_defaults(command=list_data_command)
    remove = own.add_parser("remove", help="remove a set", description=remove_data_command.__doc__)
    remove.add_argument("dataset", metavar="NAME", help="as `data list` shows it")
    remove.set_defaults(command=remove_data_command)

    for command in (train, pretrain, runs, export, swept, add, listed, remove):
        command.add_argument(
            "--store", metavar="DIR", help="folder or fsspec URL of the runs (default VAE_STORE, or the cache)"
        )

    worker = commands.add_parser("worker", help="train for a Dask cluster", description=worker_command.__doc__)
    worker.add_argument("address", metavar="ADDRESS", help="of the scheduler, such as tcp://HOST:8786")
    worker.set_defaults(command=worker_command)

    bench = commands.add_parser("bench", help="measure the speed", description=bench_command.__doc__)
    bench.add_argument("--json", metavar="FILE", help="write the figures there too")
    bench.add_argument("--sweep", action="store_true", help="measure a sweep on all cores against one core instead")
    bench.add_argument("--quick", action="store_true", help="a little of each part, in some 20 s; asks for no goal")
    bench.set_defaults(command=bench_command)
    return parser


def _add_fields(command: Parser, fields) -> None:
    """A flag for each of the given fields of RunConfig, and for the device."""
    for field in fields:
        command.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=_reader(field),
            default=field.default,
            metavar=field.name.upper(),
            help=f"{field.metadata['help']}: {allowed_values(field)} (default {_shown(field.default)})",
        )
    command.add_argument("--device", default="cpu", help="auto, cpu, cuda or mps (default cpu); not part of the run")


def _list(name: str, reader: Callable, *kind: type):
    """Reads a list of numbers; what is none is passed on for RunConfig to refuse by name."""

    def read(text: str):
        try:
            return reader(name, text, *kind)
        except ConfigError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def _reader(field: dataclasses.Field):
    """Reads a flag's text; what cannot be read is passed on for RunConfig to refuse by name."""

    if isinstance(field.default, tuple):
        return _list(field.name, read_widths)

    def read(text: str):
        try:
            return type(field.default)(text)
        except ValueError:
            return text

    return read


def _shown(default) -> str:
    if isinstance(default, tuple):
        return ",".join(map(str, default)) or "all"
    return str(default)


if __name__ == "__main__":
    sys.exit(main())
