"""`python -m vae` as its users meet it: exit status, stdout and stderr; in a process of its own where that matters."""

import argparse
import dataclasses
import functools
import json
import signal
import subprocess
import sys
import time

import pytest
import torch

from tests.browser.server import PATIENCE, wait_for
from tests.vae.own_pictures import write_npz
from tests.vae.runs.test_lease import flags_of
from tests.vae.runs.test_store import complete, damage, plain, put_complete, train_in
from tests.vae.runs.test_worker import ask_at
from vae import __main__ as commands
from vae import bench, data, datasets
from vae.__main__ import main, pretrain_command, thin
from vae.config import RECIPE, RunConfig
from vae.measures.evaluation import Metrics, evaluate
from vae.runs import seeds, trash, worker
from vae.runs.store import RunStore
from vae.runs.sweep import sweep
from vae.sizes import size_of
from vae.take_home.folder import FILES

SMALL = ["--train-size", "1000", "--batch-size", "100", "--hidden-dims", "16", "--epochs", "2"]  # the fixture's sizes
KEYS = {"run_id", "status", "seconds", "steps", "test", "model_sha256", "path"}
TEST_KEYS = {field.name for field in dataclasses.fields(Metrics)}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "vae", *arguments]


def flags(config: RunConfig, store: RunStore) -> list[str]:
    """The command line that asks for a config, every field by its flag."""
    values = config.to_dict()
    values |= {name: ",".join(map(str, value)) for name, value in values.items() if isinstance(value, list)}
    return ["train", "--store", store.url, *(f"--{name.replace('_', '-')}={value}" for name, value in values.items())]


def test_train_prints_the_result_last_and_a_second_call_finds_the_run(store, small, capsys):
    assert main(flags(small, store)) == 0
    out, bar = capsys.readouterr()
    first = json.loads(out)
    assert f" {small.total_steps}/{small.total_steps} " in bar
    assert f"loss {store.history(small.run_id)[-1]['total']:.1f} nats" in bar
    assert set(first) == KEYS and set(first["test"]) == TEST_KEYS
    assert (first["run_id"], first["status"], first["steps"]) == (small.run_id, "complete", small.total_steps)
    assert first["path"] == store.path(small.run_id)
    assert first["test"] == store.metrics(small.run_id)["test"]
    assert len(first["test"]["kl_per_dimension"]) == small.latent_dim
    assert main(flags(small, store)) == 0
    assert json.loads(capsys.readouterr().out) == first  # its seconds too: nothing was trained


def test_an_autoencoder_has_null_for_what_involves_kl(store, small, capsys):
    assert main(flags(small.autoencoder, store)) == 0
    test = json.loads(capsys.readouterr().out)["test"]
    assert [name for name, value in test.items() if value is None] == [
        "negative_elbo", "kl", "kl_per_dimension", "information", "information_error", "bare",
    ]  # fmt: skip
    assert test["reconstruction"] > 0


def test_a_damaged_run_is_set_aside_and_trained_again_to_the_same_weights(store, small, capsys):
    main(flags(small, store))
    first = json.loads(capsys.readouterr().out)
    damage(store, f"{small.run_id}/model.safetensors", "truncate")
    assert main(flags(small, store)) == 0
    second, said = capsys.readouterr()
    assert "model.safetensors: its checksum is wrong; set aside in " in plain(said)
    assert json.loads(second)["model_sha256"] == first["model_sha256"]


def test_every_field_of_a_config_has_a_flag_and_its_default(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("vae.__main__.train_with_progress", lambda config, *_: asked.append(config) or {"status": ""})
    unusual = {
        "model": "ae", "dataset": "mnist", "train_size": 2_000, "latent_dim": 5, "hidden_dims": (32, 8), "seed": 7,
        "activation": "tanh", "bottleneck": "relu", "likelihood": "gaussian", "kl_weight": 0.5, "kl_ramp": 0.1,
        "epochs": 2, "batch_size": 64, "learning_rate": 1e-3, "sigma": "raw", "init_from": "ae-2d-0123456789ab",
        "trainable": "heads", "classes": (1, 7),
    }  # fmt: skip
    usual = RunConfig()
    for field in dataclasses.fields(RunConfig):
        text = unusual[field.name]
        text = ",".join(map(str, text)) if isinstance(text, tuple) else str(text)
        main(["train", "--store", str(tmp_path), f"--{field.name.replace('_', '-')}", text])
        assert asked[-1] == dataclasses.replace(usual, **{field.name: unusual[field.name]})
    main(["train", "--store", str(tmp_path)])
    assert asked[-1] == usual


def test_a_vae_starts_from_an_ae_of_the_store_and_from_no_other(store, small, capsys):
    ae = small.autoencoder
    sizes = [*SMALL, "--store", store.url]
    with pytest.raises(SystemExit) as end:
        main(["train", *sizes, "--init-from", ae.run_id])
    assert end.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.endswith(f"init_from = '{ae.run_id}' is not allowed: an AE that is in the store and trained to its end")
    assert store.status(ae.converted().run_id).state == "failed"
    assert main(["train", *sizes, "--model", "ae"]) == 0
    assert main(["train", *sizes, "--init-from", ae.run_id, "--trainable", "encoder"]) == 0
    encoder = ae.converted("encoder")
    trunk, decoder = (f"{part}.0.weight" for part in ("trunk", "decoder"))
    before, after = (store.model(config.run_id).state_dict() for config in (ae, encoder))
    assert torch.equal(before[decoder], after[decoder]) and not torch.equal(before[trunk], after[trunk])


def test_what_ended_a_run_is_in_the_store_with_the_digit_that_did_it(store, small):
    config = dataclasses.replace(small, sigma="raw")
    assert main(flags(config, store)) == 1
    failure, images = store.metrics(config.run_id)["failure"], data.load("mnist", "train")
    assert failure["step"] > store.metrics(config.run_id)["steps"] and failure["head"] <= 0
    assert failure["label"] == images.labels[failure["image"]]
    pixels = torch.tensor(list(bytes.fromhex(failure["pixels"]))) / 255
    torch.testing.assert_close(pixels, images.images[failure["image"]])


def test_a_sweep_prints_a_line_a_run_and_finds_them_the_second_time(store, small, capsys, monkeypatch):
    arguments = ["sweep", "--store", store.url, "--kl-weights", "10,0", "--seeds", "0,1", "--workers", "2", *SMALL]
    assert main(arguments) == 0
    first = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["run_id"][:3], row["kl_weight"], row["status"]) for row in first] == [
        (model, weight, "complete") for model, weight in (("ae-", 0.0), ("vae", 0.0), ("vae", 10.0))
    ] * 2
    assert first[1]["test"] == store.metrics(dataclasses.replace(small, kl_weight=0.0).run_id)["test"]
    monkeypatch.setattr(commands, "Runs", None)  # no workers are needed for what is there
    assert main(arguments) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == first


def test_a_sweep_of_which_one_run_has_diverged_has_exit_status_1(store, small, capsys):
    for config in sweep(dataclasses.replace(small, sigma="raw"), (1.0,), (0,)):
        train_in(store, config)
    assert main(["sweep", "--store", store.url, "--kl-weights", "1", "--sigma", "raw", *SMALL]) == 1
    said = capsys.readouterr()
    assert "is read as" not in said.err
    ae, vae = (json.loads(line) for line in said.out.splitlines())
    assert (ae["status"], vae["status"], vae["test"]) == ("complete", "diverged", None)
    assert vae["message"].startswith("diverged at step ")


def test_how_a_list_with_decimal_commas_is_read_is_said_before_it_is_used(store, small, capsys):
    for weight in (0.5, 1.0):
        for config in sweep(small, (weight,), (0,)):
            train_in(store, config)
    assert main(["sweep", "--store", store.url, "--kl-weights", "0,5;1", *SMALL]) == 0
    said = capsys.readouterr()
    assert said.err == "--kl-weights is read as 0.5 and 1\n"
    assert [json.loads(line)["kl_weight"] for line in said.out.splitlines()] == [0.0, 0.5, 1.0]


def test_names_in_the_store_and_bad_arguments_reach_the_terminal_without_controls(store, capsys):
    store.upper.write("vae\x1b[2J\r\n/config.json", b"[")
    assert main(["runs", "--store", store.url]) == 0
    lines = capsys.readouterr().out.rstrip("\n").split("\n")
    assert all(map(str.isprintable, lines)) and [line.split()[0] for line in lines if "damaged" in line] == [
        "vae\ufffd[2J"
    ]
    with pytest.raises(SystemExit):
        main(["\x1b]0;title\x07\r\n"])
    assert capsys.readouterr().err.rstrip("\n").isprintable()


BAD = [
    (["sweep", "--kl-weights", "0,3, 1"], "--kl-weights", "0, 3 and 1, or as 0.3 and 1", "0; 0.3; 1"),
    (["train", "--hidden-dims", "256,128; 64"], "--hidden-dims", "256,128; 64", "256; 128"),
    (["sweep", "--kl-weights", "0,much"], "--kl-weight", "much", "a number from 0 to 1000"),
    (["sweep", "--kl-weights", "1,1"], "--kl-weights", "(1.0, 1.0)", "1 to 12 different values"),
    (["sweep", "--kl-weights", "1", "--seeds", "0,1,2,3"], "--seeds", "(0, 1, 2, 3)", "1 to 3 different values"),
    (["sweep", "--kl-weights", "1", "--workers", "0"], "--workers", "0", "a whole number from 1 to 256"),
    (["sweep"], "required", "--kl-weights", "arguments"),
    (["train", "--latent-dim", "33"], "--latent-dim", "33", "a whole number from 1 to 32"),
    (["train", "--latent-dim", "2.5"], "--latent-dim", "2.5", "a whole number from 1 to 32"),
    (["train", "--learning-rate", "nan"], "--learning-rate", "nan", "a number from 1e-06 to 10"),
    (["train", "--hidden-dims", "64,three"], "--hidden-dims", "64,three", "1 to 4 widths"),
    (["train", "--hidden-dims", "2"], "--hidden-dims", "2", "a whole number from 4 to 2048"),
    (["train", "--activation", "step"], "--activation", "step", "one of tanh, relu, gelu"),
    (["train", "--seed", "-1"], "--seed", "-1", "a whole number from 0 to"),
    (["train", "--batch-size", "1024", "--train-size", "1000"], "--batch-size", "1024", "at most train_size"),
    (["train", "--device", "abacus"], "device", "abacus", "one of auto, cpu"),
    (["train", "--store", "nonsense://x"], "store", "nonsense://x", "cannot be used"),
    (["train", "--colour", "red"], "arguments", "--colour", "red"),
    (["bench", "--json", "/no such/bench.json"], "--json", "/no such/bench.json", "a file that can be written"),
    (["bench", "--sweep", "--json", "/no such/bench.json"], "--json", "/no such/bench.json", "a file that can be"),
    (["dance"], "argument", "dance", "train"),
    ([], "command", "required", "vae"),
]


@pytest.mark.parametrize("arguments, name, value, allowed", BAD, ids=lambda part: " ".join(part) if part else "nothing")
def test_a_bad_argument_is_one_line_with_its_name_value_and_range(arguments, name, value, allowed, capsys, tmp_path):
    if arguments[:1] in (["train"], ["sweep"]) and "--store" not in arguments:
        arguments = [*arguments, "--store", str(tmp_path)]
    with pytest.raises(SystemExit) as end:
        main(arguments)
    out, error = capsys.readouterr()
    assert end.value.code == 2
    assert out == ""
    assert error.count("\n") == 1 and error.endswith("\n")
    assert all(part in error for part in ("python -m vae", name, value, allowed))


@pytest.fixture
def dask_worker(monkeypatch) -> list[list[str]]:
    """What `python -m vae worker` would start, on a machine of 16 cores."""
    from distributed.cli import dask_worker

    started = []
    monkeypatch.setattr(dask_worker.main, "main", lambda arguments, **_: started.append(arguments))
    monkeypatch.setattr(commands.machine, "cores", lambda: 16)
    monkeypatch.setattr(commands.machine, "available_memory", lambda: 64 << 30)
    monkeypatch.setattr(datasets, "share", lambda: None)
    monkeypatch.delenv("VAE_WORKERS", raising=False)
    return started


@pytest.mark.parametrize("device, workers", [(None, 16), ("cpu", 16), ("cuda", 4), ("auto", 4)])
def test_a_cluster_machine_has_as_many_workers_as_its_device_allows(dask_worker, monkeypatch, device, workers):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.delenv("VAE_DEVICE", raising=False)
    if device:
        monkeypatch.setenv("VAE_DEVICE", device)
    assert main(["worker", "tcp://there:8786"]) == 0
    [arguments] = dask_worker
    assert arguments[0] == "tcp://there:8786" and arguments[arguments.index("--nworkers") + 1] == str(workers)


def test_a_cluster_machine_without_the_card_that_is_named_says_so(dask_worker, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("VAE_DEVICE", "cuda")
    with pytest.raises(SystemExit) as end:
        main(["worker", "tcp://there:8786"])
    said = capsys.readouterr().err
    assert end.value.code == 2 and dask_worker == []
    assert said.startswith("python -m vae: VAE_DEVICE = 'cuda' is not allowed: on this machine, one of auto, cpu")


def test_a_process_with_a_bad_argument_exits_with_2_and_one_line(tmp_path):
    process = subprocess.run(
        command("train", "--epochs", "0", "--store", str(tmp_path)), capture_output=True, text=True, check=False
    )
    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr == "python -m vae: --epochs: epochs = 0 is not allowed: a whole number from 1 to 200\n"


def test_images_that_cannot_be_had_are_one_line_and_exit_status_1(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(datasets, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets, "_seen_whole", set())
    monkeypatch.setattr(datasets, "_answers", lambda *_: False)  # no network
    with pytest.raises(SystemExit) as end:
        main(["train", "--dataset", "kmnist", "--store", str(tmp_path)])
    assert end.value.code == 1
    said = (
        "python -m vae: kmnist could not be downloaded: no connection to its mirrors. mnist needs no download. Who has "
        "its files can add them as own pictures: `python -m vae data add train-images-idx3-ubyte.gz "
        "train-labels-idx1-ubyte.gz t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz --name KMNIST`\n"
    )
    assert capsys.readouterr() == ("", said)


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache of the test's own, in which own pictures are kept."""
    monkeypatch.setattr(datasets, "CACHE", tmp_path / "cache")


def test_own_pictures_are_added_trained_on_listed_exported_and_removed(tmp_path, own_cache, capsys, monkeypatch):
    url = ["--store", str(tmp_path / "store")]
    file = write_npz(tmp_path)
    assert main(["data", "add", str(file), "--name", "animals", *url]) == 0
    out, said = capsys.readouterr()
    name = out.strip()
    assert size_of(name).classes == 3 and "201 to train with and 39 to test with" in said
    assert main(["data", "list", *url]) == 0
    assert capsys.readouterr().out.split() == [name, "animals", "ant,", "bee,", "cow"]
    assert main(["train", "--dataset", name, "--epochs", "1", "--hidden-dims", "16", "--batch-size", "32", *url]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["status"] == "complete"
    assert main(["export", result["run_id"], "--to", str(tmp_path / "home"), *url]) == 0
    plain = subprocess.run([sys.executable, "model.py"], cwd=tmp_path / "home", capture_output=True, check=False)
    assert plain.returncode == 0, plain.stderr
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main(["data", "remove", name, *url])
    assert end.value.code == 2 and "is what was trained on by vae-2d-" in capsys.readouterr().err
    assert main(["runs", "--delete", result["run_id"], *url]) == 0
    monkeypatch.setattr(trash, "UNDO", 0.0)  # a minute later
    assert main(["data", "remove", name, *url]) == 0
    assert capsys.readouterr().out.endswith(f"removed {name}\n")
    assert main(["data", "list", *url]) == 0 and capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        (["add", "nothing.npz", "--name", "a"], 1, "nothing.npz"),
        (["add", "FILE", "--name", " "], 1, "the name: '' is not allowed: 1 to 40 letters"),
        (["remove", "own-1"], 2, "the store has no own pictures own-1: `python -m vae data list` lists them"),
        (["add", "FILE", "--name", "a", "--invert", "maybe"], 2, "maybe"),
        (["grow"], 2, "invalid choice: 'grow'"),
    ],
)
def test_what_cannot_be_done_with_own_pictures_is_one_line(tmp_path, own_cache, capsys, arguments, code, said):
    file = str(write_npz(tmp_path))
    given = [file if one == "FILE" else one for one in arguments]
    with pytest.raises(SystemExit) as end:
        main(["data", *given, *(["--store", str(tmp_path / "store")] if arguments != ["grow"] else [])])
    assert end.value.code == code
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("python -m vae") and said in last


def test_a_run_of_own_pictures_that_are_not_here_is_refused_with_the_way_out(tmp_path, own_cache, capsys):
    with pytest.raises(SystemExit) as end:
        main(["train", "--dataset", "own-0123456789ab-200-40-3", "--store", str(tmp_path / "store")])
    assert end.value.code == 1
    assert "is not in this store: `python -m vae data list` shows" in capsys.readouterr().err


def test_runs_lists_the_pretrained_and_the_own_and_tells_a_damaged_one(tmp_path, small, capsys):
    store = RunStore(str(tmp_path))
    store.create(small)
    damaged, old = (dataclasses.replace(small, seed=seed) for seed in (1, 2))
    store.create(damaged)
    store.upper.write(f"{damaged.run_id}/config.json", b"{")
    store.create(old)
    store.upper.write(f"{old.run_id}/config.json", json.dumps({"recipe": RECIPE - 1}).encode())
    assert main(["runs", "--json", "--store", store.url]) == 0
    rows = {row["run_id"]: row for row in json.loads(capsys.readouterr().out)}
    listed = [run_id for run_id in store.run_ids() if run_id != old.run_id]  # of another recipe
    assert list(rows) == listed
    assert rows[RunConfig().run_id]["status"] == "complete"
    assert RunConfig.from_dict(rows[RunConfig().run_id]["config"]) == RunConfig()
    assert rows[small.run_id]["status"] == "queued"
    assert rows[damaged.run_id]["status"] == "damaged" and "config.json" in rows[damaged.run_id]["message"]
    assert main(["runs", "--store", store.url]) == 0
    lines = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()}
    assert list(lines) == listed
    for config, name in ((RunConfig(), "negative_elbo"), (RunConfig(model="ae"), "reconstruction")):
        loss = store.metrics(config.run_id)["test"][name]
        assert lines[config.run_id] == ["complete", f"{loss:.2f}", "nats", store.path(config.run_id)]
    assert lines[small.run_id] == ["queued", store.path(small.run_id)]


def pictured(store: RunStore, config: RunConfig) -> list[int]:
    """The steps whose pictures the history tells of; all that are there."""
    steps = [line["step"] for line in store.history(config.run_id) if "pictures" in line]
    assert {f"{step}.safetensors" for step in steps} == {*map(plain, store.upper.files(f"{config.run_id}/snapshots"))}
    return steps


def test_a_run_that_is_thinned_keeps_its_last_pictures_and_every_so_many_before(store, small):
    before = put_complete(store, small)
    pictures = pictured(store, small)
    thin(small, store, 3)
    assert pictured(store, small) == pictures[::-1][::3][::-1]
    assert store.metrics(small.run_id) == {**before, "history_sha256": store.metrics(small.run_id)["history_sha256"]}
    thin(small, store, None)
    assert pictured(store, small) == [small.total_steps]
    store.verify(small.run_id)


def test_pretrain_makes_every_run_anew_whole_and_small_and_measures_the_ladder(store, small, capsys, monkeypatch):
    raw, other = dataclasses.replace(small, sigma="raw"), dataclasses.replace(small, seed=1)
    free = dataclasses.replace(small, kl_weight=0.0)
    runs = [small.autoencoder, small, other, free, raw]
    monkeypatch.setattr(commands, "PRETRAINED_RUNS", runs)
    monkeypatch.setattr(commands, "ladder", lambda latent_dim: [free, small])
    monkeypatch.setattr(commands, "KEPT", {2: 2})
    monkeypatch.setattr(commands, "RunConfig", lambda latent_dim: small)  # the default pair, which the pages open with
    for module in (commands, worker):
        monkeypatch.setattr(module, "GAP_IMAGES", 6)
    put_complete(store, small)
    pictures = pictured(store, small)
    store.create(dataclasses.replace(small, seed=2))
    store.write_gap(free.run_id, "0" * 64, {"encoder": [1.0]})

    assert pretrain_command(argparse.Namespace(store=store.url, measure=False, seeds=False)) == 0
    out, bars = capsys.readouterr()
    rows = {row["run_id"]: row for row in map(json.loads, out.splitlines())}
    assert list(rows) == [config.run_id for config in runs] and sorted(rows) == store.run_ids()
    assert [row["status"] for row in rows.values()] == ["complete"] * 4 + ["diverged"]
    for config in runs:
        store.verify(config.run_id)
        names = {"config.json", "history.jsonl", "metrics.json"} | ({"model.safetensors"} if config != raw else set())
        assert {*map(plain, store.upper.files(config.run_id))} == names and store.upper.folders(config.run_id) == [
            "snapshots"
        ]
        assert (store.metrics(config.run_id)["model_sha256"] is None) == (config == raw)
    for config in (small.autoencoder, small):
        assert pictured(store, config) == pictures[::-1][::2][::-1]
    for config in (other, free, raw):
        assert len(pictured(store, config)) == 1
    told, trained = store.metrics(raw.run_id), json.loads(complete(raw)["metrics.json"])
    assert [told[name] for name in ("message", "failure")] == [trained[name] for name in ("message", "failure")]
    assert store.gap_count(small.run_id, rows[small.run_id]["model_sha256"]) == 12 and " 12/12 " in bars
    assert len(store.upper.files("posteriors")) == 2  # none of what was there, and none without a KL term


def test_pretrain_measures_again_and_leaves_the_weights(store, small, monkeypatch):
    monkeypatch.setattr(commands, "PRETRAINED_RUNS", [small])
    put_complete(store, small)
    before, files = store.metrics(small.run_id), sorted(store.upper.files(small.run_id))
    store.write_test(small.run_id, {"reconstruction": 1.0, "active_units": 1})
    assert pretrain_command(argparse.Namespace(store=store.url, measure=True, seeds=False)) == 0
    after = store.metrics(small.run_id)
    images = data.load("mnist", "test").images
    assert after["test"] == evaluate(store.model(small.run_id), images, "bernoulli").to_dict()
    assert {**before, "test": after["test"]} == after and sorted(store.upper.files(small.run_id)) == files
    store.verify(small.run_id)


def test_pretrain_trains_what_is_compared_each_after_the_run_that_it_starts_from(store, small, tmp_path, monkeypatch):
    ae = small.autoencoder
    monkeypatch.setattr(seeds, "SEEDS", [0, 1])
    monkeypatch.setattr(
        seeds,
        "compared",
        lambda seed: [dataclasses.replace(ae.converted(), seed=seed), dataclasses.replace(ae, seed=seed)],
    )
    monkeypatch.setattr(seeds, "FILE", tmp_path / "seeds.json")
    assert pretrain_command(argparse.Namespace(store=store.url, measure=False, seeds=True)) == 0
    runs = json.loads((tmp_path / "seeds.json").read_text())["runs"]
    assert runs.keys() == {config.run_id for seed in (0, 1) for config in seeds.compared(seed)}


def test_bench_measures_one_or_the_other_and_says_what_was_missed(capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(bench, "bench", lambda *given: asked.append(("all", *given)))
    monkeypatch.setattr(bench, "bench_sweep", lambda *given: asked.append(("sweep", *given)))
    assert [main(["bench"]), main(["bench", "--json", "a.json"]), main(["bench", "--sweep", "--json", "b"])] == [0] * 3
    assert [main(["bench", "--quick"]), main(["bench", "--sweep", "--quick"])] == [0] * 2
    assert asked[:3] == [("all", None, False), ("all", "a.json", False), ("sweep", "b", False)]
    assert asked[3:] == [("all", None, True), ("sweep", None, True)]

    def missed(file, quick):
        raise bench.MissedGoal("3 nats too many")

    monkeypatch.setattr(bench, "bench", missed)
    assert main(["bench"]) == 1
    assert capsys.readouterr() == ("", "goal missed: 3 nats too many\n")


def test_an_interrupted_command_goes_on_from_its_checkpoint_when_it_is_given_again(store, long):
    config = dataclasses.replace(long, epochs=2)
    ask_at(4, "pause", config, store)  # so that there is a checkpoint, however fast the machine
    # Whatever started these tests may have its children ignore Ctrl+C, as nohup does; this one shall hear it.
    hear = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command(*flags(config, store)), stderr=subprocess.PIPE, text=True, preexec_fn=hear)
    while store.status(config.run_id).step <= 8 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.splitlines()[-1].endswith("interrupted; the same command goes on from the last checkpoint")
    assert "Traceback" not in said
    checkpoint = int(store.checkpoint(config.run_id)["step"])
    before = [line for line in store.history(config.run_id) if line["step"] <= checkpoint]

    again = subprocess.run(command(*flags(config, store)), capture_output=True, text=True, check=True)
    result, undisturbed = json.loads(again.stdout.splitlines()[-1]), json.loads(complete(config)["metrics.json"])
    assert (result["status"], result["model_sha256"]) == ("complete", undisturbed["model_sha256"])
    assert store.history(config.run_id)[: len(before)] == before  # its seconds too: they were not done again


@pytest.mark.parametrize(
    "named, status, said",
    [
        ("two", 2, "VAE_WORKERS = 'two' is not allowed: a whole number from 0 (training is off here) to 256"),
        ("0", 2, "no workers: Training is off on this machine: VAE_WORKERS is 0, and DASK_SCHEDULER_ADDRESS names no"),
    ],
)
def test_a_sweep_has_the_workers_that_the_environment_names(store, monkeypatch, capsys, named, status, said):
    monkeypatch.setenv("VAE_WORKERS", named)
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["sweep", "--store", store.url, "--kl-weights", "5", *SMALL])
    assert ended.value.code == status
    assert capsys.readouterr().err.startswith(f"python -m vae: {said}")


NO_ROOM = "cannot be written: no space left on device. Make room there, and what was begun goes on; or name another"


@pytest.mark.parametrize("name", ["train", "sweep"])
@pytest.mark.parametrize("is_full_at_first", [True, False])
def test_a_disk_that_is_full_is_one_sentence_and_exit_status_1_and_with_room_the_command_goes_on(
    small_disk, long, name, is_full_at_first, monkeypatch
):
    monkeypatch.setenv("VAE_WORKERS", "1")
    config = dataclasses.replace(long, epochs=2, kl_weight=2.0) if name == "train" else long.autoencoder
    wanted = [] if name == "train" else ["--kl-weights", "2"]
    flags = [flag for flag in flags_of(config) if not (name == "sweep" and flag.startswith("--model"))]
    store = RunStore(str(small_disk.folder / "runs"))
    asked = command(name, "--store", store.url, *wanted, *flags)
    if is_full_at_first:
        small_disk.fill()
    process = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not is_full_at_first:
        wait_for(lambda: store.status(config.run_id).step > 0)
        small_disk.fill()
    said, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and said == "" and "Traceback" not in errors, errors
    sentence = errors.strip().splitlines()[-1]
    assert sentence.startswith(f"python -m vae: the store {store.url} {NO_ROOM}")
    if name == "train":
        small_disk.make_room()
        assert main(asked[3:]) == 0
        assert not list(small_disk.folder.rglob("*.unfinished"))


def test_a_run_is_taken_home_once_and_what_cannot_be_is_said(tmp_path, capsys):
    name = RunConfig().run_id
    assert main(["export", name, "--to", str(tmp_path / "home"), "--store", str(tmp_path / "store")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(list((tmp_path / "home").iterdir())) == len(FILES)
    for run, said in (
        (name, "is there already, and nothing was written"),
        ("nonsense", "no run nonsense with a model"),
    ):
        with pytest.raises(SystemExit) as end:
            main(["export", run, "--to", str(tmp_path / "home"), "--store", str(tmp_path / "store")])
        assert end.value.code == 2 and said in capsys.readouterr().err
