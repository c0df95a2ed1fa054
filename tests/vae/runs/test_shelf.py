"""Own pictures in a store: the same file is the same set, and what is damaged or in use is said in words."""

import numpy as np
import pytest

from tests.vae.own_pictures import NAMES, animals
from tests.vae.runs.test_s3 import address, s3  # noqa: F401  (fixtures)
from vae import data, datasets
from vae.config import RunConfig
from vae.datasets import DatasetError
from vae.own_data import OwnDataError
from vae.runs import shelf, trash
from vae.runs.layers import DATASETS
from vae.runs.shelf import InUse, name_of
from vae.runs.store import RunStore
from vae.runs.worker import advance, gap_images, measure_gaps
from vae.sizes import Size, size_of


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    monkeypatch.setattr(datasets, "CACHE", tmp_path / "cache")


@pytest.fixture(params=["local", "s3"])
def held(request, tmp_path) -> RunStore:
    """A store: a folder, or on a real S3 server."""
    url = str(tmp_path / "store") if request.param == "local" else f"{request.getfixturevalue('s3')}/{tmp_path.name}"
    return RunStore(url)


def test_a_set_is_kept_once_under_its_checksum_and_read_as_it_was_given(held, tmp_path):
    pictures = animals(tmp_path)
    name = held.add_dataset(pictures, "  Animals\n of ours ")
    assert name == name_of(pictures) and size_of(name) == Size(len(pictures.train.labels), len(pictures.test.labels), 3)
    assert held.add_dataset(animals(tmp_path), "again") == name  # the same file is the same set
    [about] = held.datasets()
    assert (about.dataset, about.title, about.names) == (name, "Animals of ours", NAMES)
    assert about.done == pictures.done and DATASETS not in held.run_ids()
    assert not datasets.is_available(name)
    assert RunStore(held.url).bring(name) and datasets.is_available(name)
    for split, half in (("train", pictures.train), ("test", pictures.test)):
        kept = datasets.read(name, split)
        assert np.array_equal(kept.levels, half.levels) and np.array_equal(kept.labels, half.labels)
        assert data.load(name, split).images.shape == (len(half.labels), 784)


def test_other_pictures_names_or_halves_are_another_set(tmp_path):
    pictures = animals(tmp_path)
    levels = pictures.train.levels.copy()
    levels[0, 0] ^= 1
    half = pictures.train._replace(levels=levels)
    others = [
        pictures._replace(train=half),
        pictures._replace(names=("ant", "bee", "cat")),
        pictures._replace(train=pictures.test, test=pictures.train),
    ]
    assert len({name_of(one) for one in [pictures, *others]}) == 4
    assert name_of(pictures._replace(done=(), offers=())) == name_of(pictures)


def test_damaged_and_missing_pictures_are_never_brought(held, tmp_path):
    name = held.add_dataset(animals(tmp_path), "animals")
    path = f"{DATASETS}/{name}/pictures.safetensors"
    good = held.upper.read(path)
    wrong = bytearray(good)
    wrong[-1] ^= 1
    for content in (bytes(wrong), good[:-1], b"", b"{}"):
        held.upper.write(path, content)
        with pytest.raises(DatasetError, match=f"the pictures of {name} are damaged .+: add their file again"):
            held.bring(name)
        assert not datasets.is_available(name)
    assert held.add_dataset(animals(tmp_path), "again") == name  # as the words say
    assert held.upper.read(path) == good and held.about(name).title == "again"
    assert held.bring(name)
    assert not held.bring(name.replace("-3", "-4")) and held.bring("mnist")


@pytest.mark.parametrize("title", ["", " \n", "a" * 41])
def test_a_title_has_1_to_40_letters(store, tmp_path, title):
    with pytest.raises(OwnDataError, match=r"the name: .+ is not allowed: 1 to 40 letters"):
        store.add_dataset(animals(tmp_path), title)
    assert store.datasets() == []


@pytest.mark.parametrize("bound, most", [("MOST_SETS", 1), ("MOST_ROOM", 200_000)])
def test_a_full_shelf_says_the_way_out(store, tmp_path, monkeypatch, bound, most):
    first = store.add_dataset(animals(tmp_path), "first")
    monkeypatch.setattr(shelf, bound, most)
    with pytest.raises(OwnDataError, match=r"no more\. Remove one first, with `python -m vae data remove`"):
        store.add_dataset(animals(tmp_path, names=("x", "y")), "second")
    assert [about.dataset for about in store.datasets()] == [first]
    store.remove_dataset(first)
    assert store.add_dataset(animals(tmp_path, names=("x", "y")), "second")


@pytest.mark.parametrize("names", [NAMES, ()])
def test_a_run_is_trained_tested_and_measured_on_them_and_keeps_them(store, tmp_path, names, monkeypatch):
    name = store.add_dataset(animals(tmp_path, names=names), "animals")
    config = RunConfig(dataset=name, hidden_dims=(16,), epochs=2, batch_size=32)
    assert config.train_size == size_of(name).train == (201 if names else 200)
    store.create(config)
    for _ in advance(config, store):
        pass
    assert store.status(config.run_id).state == "complete" and store.metrics(config.run_id)["test"]["kl"] > 0
    with pytest.raises(InUse, match=f"{name} is what was trained on by {config.run_id}: delete what was trained first"):
        store.remove_dataset(name)
    done = list(measure_gaps(config.run_id, store.metrics(config.run_id)["model_sha256"], store))
    assert done[-1] == gap_images(name) == sum(size_of(name)[:2])
    store.delete(config.run_id)
    with pytest.raises(InUse, match=config.run_id):  # which can still be had back
        store.remove_dataset(name)
    monkeypatch.setattr(trash, "UNDO", 0.0)
    store.remove_dataset(name)
    assert not datasets.is_available(name)
    with pytest.raises(KeyError):
        store.remove_dataset(name)


def test_a_run_of_pictures_that_are_not_there_fails_in_words(store):
    config = RunConfig(dataset="own-0123456789ab-200-40-3", hidden_dims=(16,), epochs=1)
    store.create(config)
    with pytest.raises(ValueError, match="pictures that are in the store"):
        list(advance(config, store))
    assert "pictures that are in the store" in store.status(config.run_id).message
