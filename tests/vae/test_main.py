"""`python -m vae` as its users meet it: a process with exit status, stdout and stderr."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from vae import data
from vae.__main__ import main
from vae.config import RunConfig
from vae.store import RunStore

KEYS = {"run_id", "status", "seconds", "steps", "test", "model_sha256", "path"}
TEST_KEYS = {"negative_elbo", "reconstruction", "kl", "kl_per_dimension", "active_units"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "vae", *arguments]


def flags(config: RunConfig, store: RunStore) -> list[str]:
    """The command line that asks for a config, every field by its flag."""
    values = {**config.to_dict(), "hidden_dims": ",".join(map(str, config.hidden_dims))}
    return ["train", "--store", store.url, *(f"--{name.replace('_', '-')}={value}" for name, value in values.items())]


def result_of(*arguments: str) -> dict:
    """What a process that ends well says on the last line of stdout."""
    process = subprocess.run(command(*arguments), capture_output=True, text=True, check=True)
    return json.loads(process.stdout.splitlines()[-1])


def test_train_prints_the_result_last_and_a_second_call_finds_the_run(store, small):
    first = result_of(*flags(small, store))
    assert set(first) == KEYS and set(first["test"]) == TEST_KEYS
    assert (first["run_id"], first["status"], first["steps"]) == (small.run_id, "complete", small.total_steps)
    assert first["path"] == store.path(small.run_id)
    assert first["test"] == store.metrics(small.run_id)["test"]
    assert len(first["test"]["kl_per_dimension"]) == small.latent_dim
    assert result_of(*flags(small, store)) == first  # its seconds too: nothing was trained


def test_an_autoencoder_has_null_for_what_involves_kl(store, small, capsys):
    assert main(flags(small.autoencoder, store)) == 0
    test = json.loads(capsys.readouterr().out)["test"]
    assert [name for name, value in test.items() if value is None] == ["negative_elbo", "kl", "kl_per_dimension"]
    assert test["reconstruction"] > 0


def test_a_damaged_run_is_set_aside_and_trained_again_to_the_same_weights(store, small, capsys):
    main(flags(small, store))
    first = json.loads(capsys.readouterr().out)
    store.upper.write(f"{small.run_id}/model.safetensors", b"")
    assert main(flags(small, store)) == 0
    second, said = capsys.readouterr()
    assert "model.safetensors: its checksum is wrong; set aside in " in said
    assert json.loads(second)["model_sha256"] == first["model_sha256"]


def test_every_field_of_a_config_has_a_flag_and_its_default(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("vae.__main__.train_with_progress", lambda config, *_: asked.append(config) or {"status": ""})
    unusual = {
        "model": "ae", "dataset": "mnist", "train_size": 2_000, "latent_dim": 5, "hidden_dims": (32, 8), "seed": 7,
        "activation": "tanh", "bottleneck": "relu", "likelihood": "gaussian", "kl_weight": 0.5, "kl_ramp": 0.1,
        "epochs": 2, "batch_size": 64, "learning_rate": 1e-3, "sigma": "raw", "init_from": "ae-2d-0123456789ab",
        "trainable": "heads",
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
    sizes = [
        "--train-size",
        "1000",
        "--batch-size",
        "100",
        "--hidden-dims",
        "16",
        "--epochs",
        "2",
        "--store",
        store.url,
    ]
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


def test_what_ended_a_run_is_in_the_store_with_the_digit_that_did_it(store):
    config = RunConfig(sigma="raw", seed=9)
    assert main(["train", "--store", store.url, "--sigma", "raw", "--seed", "9"]) == 1
    failure, images = store.metrics(config.run_id)["failure"], data.load("mnist", "train")
    assert failure["step"] > store.metrics(config.run_id)["steps"] and failure["head"] <= 0
    assert failure["label"] == images.labels[failure["image"]]
    pixels = torch.tensor(list(bytes.fromhex(failure["pixels"]))) / 255
    torch.testing.assert_close(pixels, images.images[failure["image"]])


def test_a_sweep_prints_a_line_a_run_and_finds_them_the_second_time(store, small, capsys):
    flags = [f"--{n}={v}" for n, v in (("train-size", 1000), ("batch-size", 100), ("hidden-dims", 16), ("epochs", 2))]
    arguments = ["sweep", "--store", store.url, "--kl-weights", "10,0", "--seeds", "0,1", "--workers", "2", *flags]
    assert main(arguments) == 0
    first = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["run_id"][:3], row["kl_weight"], row["status"]) for row in first] == [
        (model, weight, "complete") for model, weight in (("ae-", 0.0), ("vae", 0.0), ("vae", 10.0))
    ] * 2
    assert first[1]["test"] == store.metrics(dataclasses.replace(small, kl_weight=0.0).run_id)["test"]
    assert main(arguments) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == first


BAD = [
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
    (["train", "--activation", "step"], "--activation", "step", "one of relu, gelu, tanh"),
    (["train", "--seed", "-1"], "--seed", "-1", "a whole number from 0 to"),
    (["train", "--batch-size", "1024", "--train-size", "1000"], "--batch-size", "1024", "at most train_size"),
    (["train", "--device", "abacus"], "device", "abacus", "one of auto, cpu"),
    (["train", "--store", "nonsense://x"], "store", "nonsense://x", "cannot be used"),
    (["train", "--colour", "red"], "arguments", "--colour", "red"),
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


def test_a_process_with_a_bad_argument_exits_with_2_and_one_line(tmp_path):
    process = subprocess.run(
        command("train", "--epochs", "0", "--store", str(tmp_path)), capture_output=True, text=True, check=False
    )
    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr == "python -m vae: --epochs: epochs = 0 is not allowed: a whole number from 1 to 200\n"


def test_runs_lists_the_pretrained_and_the_own_and_tells_a_damaged_one(tmp_path, small, capsys):
    store = RunStore(str(tmp_path))
    store.create(small)
    other = dataclasses.replace(small, seed=1)
    store.create(other)
    store.upper.write(f"{other.run_id}/config.json", b"{")
    assert main(["runs", "--json", "--store", store.url]) == 0
    rows = {row["run_id"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == set(store.run_ids())
    assert rows[RunConfig().run_id]["status"] == "complete"
    assert RunConfig.from_dict(rows[RunConfig().run_id]["config"]) == RunConfig()
    assert rows[small.run_id]["status"] == "queued"
    assert rows[other.run_id]["status"] == "damaged" and "config.json" in rows[other.run_id]["message"]
    assert main(["runs", "--store", store.url]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == store.run_ids()


def test_an_interrupted_command_goes_on_from_its_checkpoint_when_it_is_given_again(store, long, undisturbed):
    def has_checkpoint():
        return store.upper.files(f"{long.run_id}/checkpoint")

    process = subprocess.Popen(command(*flags(long, store)), stderr=subprocess.PIPE, text=True)
    while not has_checkpoint() and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.splitlines()[-1].endswith("interrupted; the same command goes on from the last checkpoint")
    assert "Traceback" not in said
    checkpoint = int(store.checkpoint(long.run_id)["step"])
    before = [line for line in store.history(long.run_id) if line["step"] <= checkpoint]

    result = result_of(*flags(long, store))
    assert (result["status"], result["model_sha256"]) == ("complete", undisturbed["model_sha256"])
    assert store.history(long.run_id)[: len(before)] == before  # its seconds too: they were not done again
