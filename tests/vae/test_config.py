"""A run's name is a function of what decides the run, and nothing that cannot be trained becomes a config."""

import dataclasses
import json
import math
import os
import re
import subprocess
import sys

import pytest

from vae.config import ConfigError, RunConfig, allowed_values

FIELDS = {field.name: field for field in dataclasses.fields(RunConfig)}
WHOLE = [name for name, field in FIELDS.items() if type(field.default) is int]
REAL = [name for name, field in FIELDS.items() if type(field.default) is float]
NAMES = [name for name, field in FIELDS.items() if "choices" in field.metadata]

# For every field another value than its default.
OTHER = {
    "model": "ae", "dataset": "kmnist", "train_size": 59_999, "latent_dim": 3, "hidden_dims": (256, 128), "seed": 1,
    "activation": "relu", "bottleneck": "tanh", "likelihood": "gaussian", "kl_weight": 1.5, "kl_ramp": 0.0,
    "epochs": 4, "batch_size": 127, "learning_rate": 6.1e-3,
    "classes": (0, 1), "sigma": "softplus", "init_from": "ae-2d-0123456789ab", "trainable": "heads",
}  # fmt: skip


def bad_values():
    for name in WHOLE + REAL:
        low, high = FIELDS[name].metadata["low"], FIELDS[name].metadata["high"]
        beyond = [low - 1, high + 1, 10**400, -(10**400), math.inf, -math.inf]
        for value in [*beyond, math.nan, True, None, "3", [3], 3j]:
            yield name, value
    for name in WHOLE:
        yield name, FIELDS[name].metadata["low"] + 0.5
    for name in NAMES:
        for value in ("", "MNIST", 0, True, None, ["vae"], {}):
            yield name, value
    for value in ((), (8,) * 5, (3,), (2049,), (8, 8.5), (8, True), (8, "8"), (math.nan,), 8, "8", None, b"88", {8: 8}):
        yield "hidden_dims", value
    for value in ((10,), (-1,), (1, 1), (0.5,), (True,), ("8",), "8", 8, None, (*range(10), 0)):
        yield "classes", value
    for value in (
        "vae-2d-0123456789ab",
        "ae-2d-0123456789a",
        "ae-2d-0123456789ab\n",
        "../ae",
        "ae-²d-0123456789ab",
        0,
        None,
    ):
        yield "init_from", value


@pytest.mark.parametrize("name, value", list(bad_values()), ids=lambda part: str(part)[:24])
def test_a_bad_value_is_refused_by_name_with_value_and_range(name, value):
    with pytest.raises(ConfigError) as refused:
        RunConfig(**{name: value})
    named = [value, *value] if isinstance(value, tuple) else [value]  # all the widths, or the bad one
    allowed = allowed_values(FIELDS[name])
    written = [text if len(text) <= 60 else f"{text[:28]}...{text[-29:]}" for text in map(repr, named)]
    assert str(refused.value) in [f"{name} = {part} is not allowed: {allowed}" for part in written]


def test_what_a_field_takes_is_said_in_words():
    words = {
        "model": "one of ae, vae",
        "train_size": "a whole number from 1,000 to 60,000",
        "hidden_dims": "1 to 4 widths, each a whole number from 4 to 2048",
        "learning_rate": "a number from 1e-06 to 10",
        "kl_weight": "a number from 0 to 1000",
        "init_from": "the run_id of an AE, such as ae-2d-0123456789ab, or nothing",
    }
    assert {name: allowed_values(FIELDS[name]) for name in words} == words


def test_both_ends_of_every_range_are_allowed():
    for name in WHOLE + REAL:
        for end in ("low", "high"):
            value = FIELDS[name].metadata[end]
            size = {"batch_size": 16} if name == "train_size" else {}
            assert getattr(RunConfig(**{name: value, **size}), name) == value
    assert RunConfig(hidden_dims=[4]).hidden_dims == (4,)
    assert RunConfig(hidden_dims=(2048,) * 4).hidden_dims == (2048,) * 4


def test_a_choice_of_classes_is_one_run_in_whatever_order_and_all_of_them_are_none():
    assert RunConfig(classes=[8, 1]) == RunConfig(classes=(1, 8)) != RunConfig()
    assert RunConfig(classes=tuple(range(10))).run_id == RunConfig().run_id
    assert RunConfig(classes=(1, 8)).autoencoder.classes == (1, 8)
    assert RunConfig.from_dict(json.loads(json.dumps(RunConfig(classes=(1, 8)).to_dict()))) == RunConfig(classes=(1, 8))


OWN = "own-0123456789ab-751-149-4"
BARE = "own-0123456789ab-250-50-0"


def test_own_pictures_bound_what_is_trained_on_by_their_name():
    assert RunConfig(dataset=OWN).train_size == 751  # all of them
    assert RunConfig(dataset="own-0123456789ab-166667-10000-4").train_size == 60_000
    assert RunConfig(dataset="own-0123456789ab-166667-10000-4", train_size=166_667).steps_per_epoch == 1302
    assert RunConfig(dataset=OWN, classes=(3, 0)).classes == (0, 3)
    assert RunConfig(dataset=OWN, classes=(3, 0, 2, 1)).classes == ()
    assert RunConfig(dataset=OWN).run_id != RunConfig(dataset=OWN.replace("0", "1", 1)).run_id


@pytest.mark.parametrize(
    "values, said",
    [
        ({"dataset": OWN, "train_size": 752}, "train_size = 752 is not allowed: a whole number from 100 to 751"),
        ({"dataset": OWN, "train_size": 99}, "train_size = 99 is not allowed: a whole number from 100 to 751"),
        (
            {"dataset": OWN, "classes": (4,)},
            "classes = 4 is not allowed: labels from 0 to 3, each once, or none for all",
        ),
        ({"dataset": OWN, "batch_size": 752}, "batch_size = 752 is not allowed: at most train_size, 751"),
        ({"dataset": BARE, "classes": (0,)}, r"classes = (0,) is not allowed: none, for these pictures have no labels"),
        (
            {"dataset": "own-1"},
            "dataset = 'own-1' is not allowed: one of mnist, fashion-mnist, kmnist, or own pictures",
        ),
    ],
)
def test_what_own_pictures_do_not_allow_is_refused_with_their_bounds(values, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        RunConfig(**values)


def test_a_batch_larger_than_the_training_set_is_refused():
    with pytest.raises(ConfigError, match=r"batch_size = 1024 is not allowed: at most train_size, 1,000"):
        RunConfig(train_size=1_000, batch_size=1_024)
    assert RunConfig(train_size=1_024, batch_size=1_024).steps_per_epoch == 1


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"^colour = 'red' is not allowed: the fields are model, dataset, "):
        RunConfig.from_dict({"colour": "red"})


def test_the_run_id_differs_for_a_change_of_each_field():
    assert OTHER.keys() == FIELDS.keys()
    run_ids = [RunConfig(**{name: value}).run_id for name, value in OTHER.items()]
    assert len({RunConfig().run_id, *run_ids}) == len(FIELDS) + 1


def test_the_run_id_is_the_same_in_every_process():
    command = [sys.executable, "-c", "from vae.config import RunConfig as C; print(C().run_id, C(seed=8).run_id)"]
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert said.stdout.split() == [RunConfig().run_id, RunConfig(seed=8).run_id]


def test_equal_numbers_of_other_types_are_one_run():
    one = RunConfig(kl_weight=1, latent_dim=2.0, hidden_dims=[256.0, 128, 64], kl_ramp=0.3)
    assert one == RunConfig()
    assert one.run_id == RunConfig().run_id
    assert RunConfig(kl_weight=-0.0).run_id == RunConfig(kl_weight=0).run_id


def test_the_vaes_of_every_kl_weight_share_one_autoencoder():
    pairs = {RunConfig(kl_weight=weight, kl_ramp=ramp).autoencoder for weight in (0, 1, 4) for ramp in (0, 1)}
    assert pairs == {RunConfig(model="ae")}
    [autoencoder] = pairs
    assert (autoencoder.kl_weight, autoencoder.kl_ramp) == (0, 0)
    assert RunConfig(model="ae", kl_weight=4).run_id == autoencoder.run_id
    assert RunConfig(sigma="raw", init_from=autoencoder.run_id, trainable="heads").autoencoder == autoencoder
    assert RunConfig(latent_dim=7, seed=3).autoencoder == RunConfig(model="ae", latent_dim=7, seed=3)


def test_an_ae_is_converted_to_a_vae_with_a_linear_g_and_the_same_layers():
    ae = RunConfig(model="ae", bottleneck="tanh", latent_dim=5, hidden_dims=(9, 7), activation="relu", seed=3, epochs=2)
    vae = ae.converted("heads")
    same = {"latent_dim": 5, "hidden_dims": (9, 7), "activation": "relu", "seed": 3, "epochs": 2}
    assert vae == RunConfig(**same, init_from=ae.run_id, trainable="heads")


def test_runs_of_before_there_was_a_field_keep_their_names():
    names = {"sigma": "log", "init_from": "", "trainable": "all"}
    assert RunConfig(**names).run_id == RunConfig().run_id == "vae-2d-7b69009b8943"  # as in assets/pretrained


def test_a_config_survives_json():
    for config in (RunConfig(), RunConfig(**OTHER)):
        assert RunConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_steps_are_whole_batches_of_every_epoch():
    config = RunConfig(train_size=1_000, batch_size=128, epochs=3)
    assert (config.steps_per_epoch, config.total_steps) == (7, 21)
