"""The home page around its picture: the networks that it sends, and a damaged model."""

import threading

import numpy as np

from pages.shared import lab as server
from tests.pages.seen import model_parcel, numbers_of, sent
from vae import data, datasets
from vae.config import RunConfig

VAE = RunConfig()


def test_the_default_pair_and_all_test_digits_are_sent(parcel, shown, stored):
    app = shown("home")
    content = sent(app, "networks")
    parcels = content["parcels"]
    assert parcels["ae"] == model_parcel(stored, VAE.autoencoder.run_id)
    assert parcels["vae"] == model_parcel(stored, VAE.run_id)
    test = data.load("mnist", "test")
    pixels = np.concatenate([numbers_of(parcel(part), "u1").reshape(-1, 784) for part in content["images"]])
    assert (pixels == (test.images * 255).round().numpy()).all()
    assert (numbers_of(parcel(parcels["labels"]), "u1") == test.labels.numpy()).all()


def test_a_damaged_model_is_said_and_set_aside_and_the_pretrained_one_answers_again(visit, damage, lab):
    damage(VAE.run_id, "model.safetensors")
    app = visit("home")
    assert not app.exception
    assert f"run {VAE.run_id} is damaged: model.safetensors" in app.error[0].value
    assert "set aside in" in app.error[0].value
    assert len(lab.damage_reports(VAE.run_id)) == 1


def test_before_torch_is_there_the_picture_is_shown_or_it_is_said_why_it_cannot(visit, monkeypatch, tmp_path):
    monkeypatch.setattr(server, "was_tried", threading.Event())
    app = visit("home")
    assert not app.exception and not app.error and sent(app, "networks")
    assert server._started.cache_info().currsize == 0 and not server.was_tried.is_set()
    with monkeypatch.context() as patch:
        patch.setenv("VAE_WORKERS", "many")
        app = visit("home")
        assert (
            not app.exception and "The lab cannot start" in app.error[0].value and "VAE_WORKERS" in app.error[0].value
        )
    monkeypatch.setattr(datasets, "BUNDLED", tmp_path)
    datasets.read.cache_clear()
    app = visit("home")
    datasets.read.cache_clear()
    assert not app.exception and "git checkout assets/mnist" in app.error[0].value
