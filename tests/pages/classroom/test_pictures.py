"""The page of own pictures: what is shown before it is taken, what is taken, and what is refused."""

import base64
import re
from dataclasses import replace

import numpy as np
import pytest

from pages.classroom import drawings, own_pictures
from pages.classroom.classes import Refused
from pages.classroom.own_pictures import _tidy
from tests.pages.classroom.test_runs import marked
from tests.pages.seen import sent, words
from tests.vae.own_pictures import NAMES, animals, write_npz
from vae import datasets
from vae.config import RunConfig
from vae.runs.layers import DATASETS
from vae.runs.shelf import name_of
from vae.runs.worker import advance


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    monkeypatch.setattr(datasets, "CACHE", tmp_path / "cache")
    for kept in (own_pictures._read, own_pictures._collected):  # here every visit's first file has one name
        kept.cache_clear()


def give(app, *files):
    """The page after somebody has chosen files."""
    given = [(file.name, file.read_bytes(), "application/octet-stream") for file in files]
    return app.file_uploader[0].set_value(given).run()


def button(app, label: str):
    return next(one for one in app.button if one.label == label)


def pages(app) -> str:
    return " ".join(one.proto.body if hasattr(one.proto, "body") else one.value for one in app.get("html"))


def test_pictures_are_shown_then_taken_and_lead_to_a_training_on_them(visit, lab, tmp_path):
    app = give(visit("classroom/pictures"), write_npz(tmp_path))
    assert not app.exception and "240 pictures, 3 classes" in words(app)
    assert all(f">{name}<" in pages(app) for name in NAMES) and "201 to train with" in pages(app)
    assert lab.datasets() == []  # nothing is kept before somebody says so
    app.text_input(key=next(one.key for one in app.text_input if one.label == "What to call it")).input("our animals")
    app = button(app, "Take it").click().run()
    [about] = lab.datasets()
    assert not app.exception and (about.title, about.names) == ("our animals", NAMES)
    assert "our animals" in words(app)
    links = [one.proto for one in app.get("page_link") if one.proto.label == "Train on it"]
    assert len(links) == 2 and "Taken." in words(app)  # beside the button, and in the list
    assert all(about.dataset in link.query_string and "batch_size=32" in link.query_string for link in links)


def test_turned_pictures_are_other_pictures(visit, lab, tmp_path):
    app = give(visit("classroom/pictures"), write_npz(tmp_path))
    choice = next(one for one in app.selectbox if one.label == "Rows and columns")
    app = choice.set_value("swapped").run()
    app = button(app, "Take it").click().run()
    [about] = lab.datasets()
    upright = animals(tmp_path)
    assert about.dataset != name_of(upright)
    assert lab.bring(about.dataset)
    turned = datasets.read(about.dataset, "train").levels[0].reshape(28, 28).T.reshape(-1)
    assert np.array_equal(turned, upright.train.levels[0])


def test_what_cannot_be_taken_is_said_with_its_reason(visit, lab, tmp_path):
    (tmp_path / "notes.txt").write_text("no pictures at all")
    app = give(visit("classroom/pictures"), tmp_path / "notes.txt")
    assert not app.exception and "notes.txt" in app.error[0].value
    app = give(visit("classroom/pictures"), write_npz(tmp_path, count=150))
    assert not app.exception and "at least 200" in app.error[0].value
    assert lab.datasets() == []


def packed(seed: int) -> str:
    """A drawing as a browser sends it."""
    levels = np.random.default_rng(seed).integers(1, 16, 784)
    pairs = (levels[::2] * 16 + levels[1::2]).astype(np.uint8)
    return base64.urlsafe_b64encode(pairs.tobytes()).decode().rstrip("=")


def test_drawings_are_collected_by_their_labels_and_become_a_dataset(visit, lab):
    files = lab.upper
    for number in range(210):
        count, total = drawings.add(files, "ABCDE", ("cat ", "dög")[number % 2], packed(number))
        assert (count, total) == (number // 2 + 1, number + 1)
    assert drawings.counted(files, "ABCDE") == {"cat": 105, "dög": 105} and drawings.counted(files, "ABCDF") == {}
    levels, labels = drawings.collected(files, "ABCDE", ["cat", "dög"])
    assert levels.shape == (210, 784) and set(labels) == {"cat", "dög"}
    expected = np.random.default_rng(0).integers(1, 16, 784) * 17
    assert np.array_equal(levels[0], expected)
    app = visit("classroom/pictures", collected="ABCDE")
    assert "210 drawings" in words(app) and not app.exception
    app = button(app, "Take it").click().run()
    [about] = lab.datasets()
    assert about.names == ("cat", "dög") and about.title == "ABCDE"
    app = visit("classroom/pictures", collected="ABCDE")
    app = app.multiselect[0].set_value(["cat"]).run()  # one of them is left out
    assert "Not yet a dataset" in words(app) and "105 pictures, but at least 200" in words(app)
    assert "Nothing was collected under" in words(visit("classroom/pictures", collected="QQQQQ"))


@pytest.mark.parametrize(
    "label, drawing, said",
    [
        ("", packed(1), "A label has 1 to 20 letters"),
        ("x" * 21, packed(1), "A label has 1 to 20 letters"),
        ("a\x00b", packed(1), "A label has 1 to 20 letters"),
        ("a", packed(1)[:-1], "This is no drawing"),
        ("a", "A" * 523, "The sheet is empty"),
    ],
)
def test_what_is_no_drawing_or_label_is_refused_in_words(store, label, drawing, said):
    with pytest.raises(Refused, match=said):
        drawings.add(store.upper, "ABCDE", label, drawing)
    assert drawings.counted(store.upper, "ABCDE") == {}


def test_a_collection_that_is_full_says_so(store, monkeypatch):
    monkeypatch.setattr(drawings, "MOST_OF_A_LABEL", 1)
    monkeypatch.setattr(drawings, "MOST_LABELS", 2)
    monkeypatch.setattr(drawings, "MOST_CODES", 1)
    for label in "ab":
        drawings.add(store.upper, "ABCDE", label, packed(1))
    for code, label in (("ABCDE", "a"), ("ABCDE", "c"), ("ABCDF", "a")):
        with pytest.raises(Refused, match="as many as"):
            drawings.add(store.upper, code, label, packed(2))


def test_a_collection_in_which_nobody_draws_any_more_makes_way(store, monkeypatch):
    monkeypatch.setattr(drawings, "MOST_CODES", 2)
    for code in ("ABCDE", "ABCDF"):
        drawings.add(store.upper, code, "a", packed(1))
    week = 8 * 86_400 * 10**9
    store.upper.move(f"collected/ABCDE/{b'a'.hex()}", f"collected/ABCDE/{b'b'.hex()}")
    [name] = store.upper.files(f"collected/ABCDE/{b'b'.hex()}")
    store.upper.move(f"collected/ABCDE/{b'b'.hex()}/{name}", f"collected/ABCDE/{b'b'.hex()}/{int(name) - week}")
    assert drawings.add(store.upper, "ABCDG", "a", packed(1)) == (1, 1)
    assert set(store.upper.folders("collected")) == {"ABCDF", "ABCDG"}


@pytest.mark.parametrize("name", ["..", ".", "", "a/../../b.npz", "C:\\x\\y.npz", "n" * 300 + ".npz", "a\x00b.npz"])
def test_a_files_name_is_a_name_and_nothing_else(visit, tmp_path, name):
    assert "/" not in _tidy(name) and _tidy(name) not in ("", ".", "..") and len(_tidy(name)) <= 80
    file = write_npz(tmp_path)
    app = visit("classroom/pictures").file_uploader[0].set_value([(name or "x", file.read_bytes(), "x/y")]).run()
    assert not app.exception and "240 pictures, 3 classes" in words(app)


def test_files_that_are_too_large_together_are_refused(visit, tmp_path, monkeypatch):
    monkeypatch.setattr(own_pictures, "MOST_MB", 1)
    app = give(visit("classroom/pictures"), *[write_npz(tmp_path)] * 6)  # of 190 kB each
    assert not app.exception and "1 MB together, but at most 1 are allowed here" in app.error[0].value


def test_names_from_outside_are_words_and_never_markup(visit, lab, tmp_path):
    hostile = ("<svg onload=alert(1)>", "**b** ![x](http://evil.test/a.png)", "c")
    dataset = lab.add_dataset(animals(tmp_path, names=hostile), "<style>.stMain{display:none}</style>")
    vae = RunConfig(dataset=dataset, hidden_dims=(16,), epochs=1, batch_size=32, classes=(0, 2))
    for config in (vae, vae.autoencoder):
        lab.create(config)
        for _ in advance(config, lab):
            pass
    for page in ("latent_space", "resampling", "walk", "classroom/pictures", "classroom/runs", "train"):
        given = {"dataset": dataset} if page == "train" else {"run": vae.run_id}
        app = visit(page, **given)
        assert not app.exception
        shown = [one.value for kind in ("markdown", "subheader", "caption", "info") for one in app.get(kind)]
        bare = re.sub(r"`[^`]*`", "", " ".join([*shown, pages(app)]))
        assert "<svg" not in bare and "<style>.stMain" not in bare and "evil.test" not in bare, page
        plots = " ".join(one.proto.spec for one in app.get("plotly_chart"))
        assert "<svg" not in plots


def test_other_images_on_train_take_all_of_them_whatever_the_address_says(visit, lab, tmp_path):
    dataset = lab.add_dataset(animals(tmp_path), "our animals")
    for first, asked, then, size in (("mnist", "10000", dataset, 201), (dataset, "150", "mnist", 60_000)):
        app = visit("train", dataset=first, train_size=asked)
        assert not app.exception and app.number_input(key="train_size").value == int(asked)
        app = app.selectbox(key="dataset").set_value(then).run()
        assert not app.exception and not app.error
        assert app.number_input(key="train_size").value == size and app.selectbox(key="dataset").value == then


@pytest.mark.parametrize("names", [NAMES, ()])
def test_every_lesson_shows_a_pair_of_own_pictures(visit, lab, tmp_path, names):
    dataset = lab.add_dataset(animals(tmp_path, names=names), "our animals")
    vae = RunConfig(dataset=dataset, hidden_dims=(16,), epochs=2, batch_size=32)
    for config in (vae, vae.autoencoder, replace(vae, kl_weight=2.0)):
        lab.create(config)
        for _ in advance(config, lab):
            pass
    for page in ("latent_space", "resampling", "walk", "true_posterior", "conversion"):
        chosen = {"ae": vae.autoencoder.run_id} if page == "conversion" else {"run": vae.run_id}
        app = visit(page, **chosen, predict_structure="Just show me", predict_objective="Just show me")
        assert not app.exception and not app.error, page
        box = next(one for one in app.selectbox if one.value == next(iter(chosen.values())))
        assert any(option.startswith("our animals · 2-D") for option in box.options), page
    settings = {"dataset": dataset, "hidden_dims": "16", "epochs": "2", "batch_size": "32"}
    app = visit("train", **settings)
    assert not app.exception and "trained in" in " ".join(one.proto.text for one in app.get("progress"))
    models = f"2-D our animals {dataset[4:8]} hidden_dims (16,)"
    app = visit("kl_weight", models=models)
    assert not app.exception and not app.warning and app.selectbox[0].value == models
    assert [rung["weight"] for rung in sent(app, "ladder")["rungs"]] == [1.0, 2.0]


def test_a_run_whose_pictures_are_damaged_says_so_and_the_others_are_shown(visit, lab, tmp_path):
    dataset = lab.add_dataset(animals(tmp_path), "our animals")
    vae = RunConfig(dataset=dataset, hidden_dims=(16,), epochs=1, batch_size=32)
    for config in (vae, vae.autoencoder):
        lab.create(config)
        for _ in advance(config, lab):
            pass
    datasets.forget_own(dataset)
    lab.upper.write(f"{DATASETS}/{dataset}/pictures.safetensors", b"no pictures")
    app = visit("latent_space", run=vae.run_id)
    assert not app.exception and f"the pictures of {dataset} are damaged" in app.error[0].value.lower()
    app = visit("latent_space")
    assert not app.exception and not app.error
    app = visit("train", dataset=dataset)
    assert not app.exception and "are damaged" in app.error[0].value


def test_two_sets_of_one_title_are_told_apart(visit, lab, tmp_path):
    first, second = (lab.add_dataset(animals(tmp_path, names=names), "shapes") for names in (NAMES, ("x", "y")))
    for dataset in (first, second):
        app = visit("train", dataset=dataset)
        box = app.selectbox(key="dataset")
        assert not app.exception and box.value == dataset
        assert {f"shapes {name.split('-')[1][:4]}" for name in (first, second)} <= set(box.options)
        app = app.number_input(key="batch_size").set_value(64).run()
        assert app.selectbox(key="dataset").value == dataset and app.query_params["dataset"] == dataset


def test_classes_are_typed_by_their_names_and_images_come_along_to_another_page(visit, lab, tmp_path):
    dataset = lab.add_dataset(animals(tmp_path), "our animals")
    app = visit("train", dataset=dataset, batch_size=32, hidden_dims="16")
    app = app.text_input(key="classes").input("cow, ant").run()
    assert not app.exception and not app.error
    app = app.text_input(key="classes").input("cow, dog").run()
    assert "labels from 0 to 2" in app.error[0].value
    app.text_input(key="classes").input("").run()
    app.query_params.clear()
    app = app.switch_page("pages/collapse/collapse.py").run()
    assert not app.exception and app.selectbox(key="dataset").value == dataset
    assert app.query_params["dataset"] == dataset
    app = app.selectbox(key="dataset").set_value("mnist").run()
    assert not app.exception and "dataset" not in app.query_params


def test_what_differs_is_said_by_names(visit, lab, tmp_path):
    dataset = lab.add_dataset(animals(tmp_path), "our animals")
    one = RunConfig(model="ae", dataset=dataset, hidden_dims=(16,), epochs=1, batch_size=32)
    other = replace(one, classes=(0, 2))
    for config in (one, other):
        lab.create(config)
        for _ in advance(config, lab):
            pass
    rows = marked(visit("classroom/runs"), one.run_id, other.run_id).dataframe[1].value.set_index("what")
    assert rows.loc["Classes trained on", ["the first", "the second"]].tolist() == ["all", "ant, cow"]
