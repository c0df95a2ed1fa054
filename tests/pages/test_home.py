"""The home page around its picture: the networks that it sends, and a damaged model."""

from tests.pages.seen import numbers_of, parcel, sent
from vae import data
from vae.config import RunConfig

VAE = RunConfig()


def test_the_default_pair_and_all_test_digits_are_sent(shown, stored):
    app = shown("home")
    parcels = sent(app, "networks")["parcels"]
    assert parcels["ae"] == f"model {stored.metrics(VAE.autoencoder.run_id)['model_sha256']}"
    assert parcels["vae"] == f"model {stored.metrics(VAE.run_id)['model_sha256']}"
    test = data.load("mnist", "test")
    pixels = numbers_of(parcel(app, parcels["images"]), "u1").reshape(10_000, 784)
    assert (pixels == (test.images * 255).round().numpy()).all()
    assert (numbers_of(parcel(app, parcels["labels"]), "u1") == test.labels.numpy()).all()


def test_a_damaged_model_is_said_and_set_aside_and_the_pretrained_one_answers_again(visit, damage, lab):
    damage(VAE.run_id, "model.safetensors")
    app = visit("home")
    assert not app.exception
    assert f"run {VAE.run_id} is damaged: model.safetensors" in app.error[0].value
    assert "set aside in" in app.error[0].value
    assert len(lab.damage_reports(VAE.run_id)) == 1
