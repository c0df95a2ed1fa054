"""The home page around its picture: the networks that it sends, and a damaged model."""

import numpy as np

from tests.pages.seen import model_parcel, numbers_of, sent
from vae import data
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
