"""What a worker measures of a trained model's posteriors is in the store, a few images at a time, and goes on there."""

import pytest
import torch

from tests.vae.test_store import damage
from vae import data, worker
from vae.gap import Gap, measure_gap
from vae.latent import encode_all
from vae.posterior import decode_grid
from vae.store import RunStore
from vae.sweep import ladder
from vae.worker import GAP_IMAGES, ModelGone, advance, measure_gaps


@pytest.fixture
def model(store, small, monkeypatch) -> tuple[str, str]:
    """The name and the checksum of a trained model, of which 12 images are to be measured, 5 at a time."""
    monkeypatch.setattr(worker, "GAP_IMAGES", 12)
    monkeypatch.setattr(worker, "GAP_CHUNK", 5)
    store.create(small)
    list(advance(small, store))
    return small.run_id, store.metrics(small.run_id)["model_sha256"]


def test_gaps_are_in_the_store_after_every_few_images(store, small, model):
    done = [(count, len(store.gap(*model)["encoder"])) for count in measure_gaps(*model, store)]
    assert done == [(5, 5), (10, 10), (12, 12)]
    network, images = store.model(small.run_id), data.load("mnist", "test").images
    grid = decode_grid(network, "bernoulli", encode_all(network, images)[0])
    found, _, _ = measure_gap(network, grid, images[:12], "bernoulli")
    for name, values in found._asdict().items():
        assert store.gap(*model)[name] == pytest.approx(values.tolist(), abs=5e-3)
    assert list(measure_gaps(*model, store)) == []


def test_measuring_stops_when_somebody_wants_it_and_goes_on_from_there(store, small, model):
    for _ in measure_gaps(*model, store):
        store.set_gap_control(*model, "stop")
    first = store.gap(*model)
    assert len(first["encoder"]) == 5
    store.set_gap_control(*model, "measure")
    store.write_gap(*model, {name: [7.0] * 5 for name in first})  # would be other numbers if it began anew
    assert list(measure_gaps(*model, store)) == [10, 12]
    assert store.gap(*model)["full"][:5] == [7.0] * 5


@pytest.mark.parametrize("how", ["flip", "truncate"])
def test_a_damaged_file_is_measured_again(store, small, model, how):
    list(measure_gaps(*model, store))
    whole = store.gap(*model)
    damage(store, f"posteriors/{small.run_id}-{model[1][:12]}.json", how)
    assert store.gap(*model) == {}
    assert list(measure_gaps(*model, store)) == [5, 10, 12]
    assert store.gap(*model) == whole


def test_a_model_that_is_not_there_any_more_is_not_measured(store, small, model):
    with pytest.raises(ModelGone, match=f"run {small.run_id} was deleted or trained on meanwhile"):
        next(measure_gaps(small.run_id, "0" * 64, store))


def test_what_comes_with_the_project_has_been_measured(tmp_path):
    store = RunStore(str(tmp_path))
    for config in ladder(2)[1:]:
        bounds = store.gap(config.run_id, store.metrics(config.run_id)["model_sha256"])
        assert {name: len(values) for name, values in bounds.items()} == dict.fromkeys(Gap._fields, GAP_IMAGES)
        parts = Gap(**{name: torch.tensor(values) for name, values in bounds.items()}).parts
        assert min(part.min().item() for part in parts.values()) >= -0.02
