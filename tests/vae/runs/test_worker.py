"""What a worker does for a run from its first step to each of its ends, and for what a model's q loses."""

import math
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save

from tests.vae.runs.test_store import damage, line_of, put_complete, train_in
from vae import data
from vae.config import ConfigError, RunConfig
from vae.measures.chunks import encode_all
from vae.measures.evaluation import evaluate
from vae.measures.gap import Gap, measure_gap
from vae.measures.posterior import decode_grid
from vae.runs import lease, worker
from vae.runs.layers import sha256_of
from vae.runs.store import RunStore
from vae.runs.sweep import ladder
from vae.runs.worker import GAP_IMAGES, ModelGone, advance, measure_gaps, resolve_device
from vae.training.checkpoint import model_state, tensors
from vae.training.divergence import Diverged
from vae.training.loop import train
from vae.training.schedules import snapshot_steps


@pytest.fixture
def tiny(small) -> RunConfig:
    """A VAE of 10 steps, at each of which somebody looks."""
    return replace(small, epochs=1)


@pytest.fixture
def wild(small) -> RunConfig:
    """A VAE that diverges within 20 steps."""
    return replace(small, learning_rate=10.0, hidden_dims=(64, 64, 64, 64), activation="relu", kl_weight=1000.0)


@pytest.fixture
def eager(monkeypatch):
    """A checkpoint at every look."""
    monkeypatch.setattr(worker, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(worker, "CHECKPOINT_SPACING", 0.0)


def ask_at(step: int, want: str, config: RunConfig, store: RunStore) -> list[int]:
    """Trains a run of which somebody wants something at a step; returns the steps at which it was looked at."""
    store.create(config)
    looks = []
    for snapshot in advance(config, store):
        looks.append(snapshot.losses.step)
        if looks[-1] == step:
            store.set_control(config.run_id, want)
    return looks


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Whether the weights are the same to the last bit."""
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.parametrize("step", range(6, 11))
@pytest.mark.parametrize("want, done", [("pause", "paused"), ("stop", "stopped")])
def test_what_is_wanted_is_done_at_the_next_look_unless_that_is_the_last_step(store, tiny, want, done, step):
    last = tiny.total_steps
    assert ask_at(step, want, tiny, store) == list(range(min(step + 1, last) + 1))
    status = store.status(tiny.run_id)
    assert (status.state, status.step) == ((done, step + 1) if step + 1 < last else ("complete", last))


@pytest.mark.parametrize("want", ["pause", "stop"])
def test_a_checkpoint_is_written_at_a_pause_and_at_a_stop_and_the_run_goes_on_from_it(store, small, want):
    ask_at(4, want, small, store)
    assert int(store.checkpoint(small.run_id)["step"]) == store.history(small.run_id)[-1]["step"] == 5
    assert list(advance(small, store)) == []  # it is left alone until somebody asks for it
    store.create(small)
    assert [snapshot.losses.step for snapshot in advance(small, store)] == list(range(6, 21))
    assert store.upper.files(f"{small.run_id}/checkpoint") == []
    *_, last = train(small)
    assert same(store.model(small.run_id).state_dict(), last.model.state_dict())


def test_a_run_that_leaves_its_worker_to_others_again_and_again_ends_with_the_same_weights(store, tiny):
    store.create(tiny)
    looks = []
    while store.status(tiny.run_id).is_active:
        looks.append([snapshot.losses.step for snapshot in advance(tiny, store, seconds=0.0)])
    assert looks == [[step] for step in range(tiny.total_steps)] + [[tiny.total_steps]]
    *_, last = train(tiny)
    assert same(store.model(tiny.run_id).state_dict(), last.model.state_dict())
    assert [line["step"] for line in store.history(tiny.run_id)] == list(range(tiny.total_steps + 1))


def test_a_run_that_nobody_asked_for_is_not_trained(store, small):
    assert list(advance(small, store)) == [] and store.run_ids() == []


def test_a_checkpoint_is_never_ahead_of_its_history_and_none_is_written_at_the_last_step(
    store, tiny, eager, monkeypatch
):
    write, steps = store.write_checkpoint, []

    def look(run_id, state, history):
        steps.append((int(state["step"]), history[-1]["step"]))
        write(run_id, state, history)

    monkeypatch.setattr(worker, "HISTORY_SECONDS", math.inf)
    monkeypatch.setattr(store, "write_checkpoint", look)
    train_in(store, tiny)
    assert steps == [(step, step) for step in range(tiny.total_steps)]


@pytest.mark.parametrize("seconds, spacing, count", [(0.0, 1e9, 1), (1e9, 0.0, 0)])
def test_checkpoints_keep_their_distance_in_seconds_and_in_what_one_takes(
    store, tiny, monkeypatch, seconds, spacing, count
):
    written = []
    monkeypatch.setattr(worker, "CHECKPOINT_SECONDS", seconds)
    monkeypatch.setattr(worker, "CHECKPOINT_SPACING", spacing)
    monkeypatch.setattr(store, "write_checkpoint", lambda run_id, *state: written.append(state))
    train_in(store, tiny)
    assert len(written) == count


@pytest.mark.parametrize("seconds, pictured", [(0.0, False), (math.inf, True)])
def test_a_page_sees_each_pictured_step_at_once_and_the_others_after_a_while(
    store, tiny, monkeypatch, seconds, pictured
):
    monkeypatch.setattr(worker, "HISTORY_SECONDS", seconds)
    steps = sorted(snapshot_steps(tiny, pictures=pictured))
    store.create(tiny)
    for snapshot in advance(tiny, store):
        now = snapshot.losses.step
        assert [line["step"] for line in store.history(tiny.run_id)] == list(
            range(max(step for step in steps if step <= now) + 1)
        )


def test_a_run_that_another_process_brought_to_its_end_is_left_at_that(store, tiny, monkeypatch):
    store.create(tiny)
    late = advance(tiny, store)
    assert [next(late).losses.step for _ in range(4)] == [0, 1, 2, 3]
    monkeypatch.setattr(lease, "DEAD", 0.0)  # it has given no sign of life for long
    metrics = train_in(store, tiny)
    assert list(late) == []
    assert store.metrics(tiny.run_id) == metrics
    store.verify(tiny.run_id)


def test_a_run_killed_while_it_is_evaluated_still_ends_with_the_same_weights(store, small, eager):
    assert train_in(store, small, until=small.total_steps) is None  # nothing after the last step happened
    assert train_in(store, small)["status"] == "complete"
    assert store.damage_reports(small.run_id) == []  # it went on, and did not begin anew
    *_, last = train(small)
    assert same(store.model(small.run_id).state_dict(), last.model.state_dict())
    assert [line["step"] for line in store.history(small.run_id)] == list(range(21))


def test_a_run_from_before_goes_on_from_its_checkpoint(store, small, eager):
    train_in(store, small, until=10)
    checkpoint = without_history(store, small)
    store.write_history(small.run_id, [*store.history(small.run_id), line_of(11)])  # ahead of the checkpoint
    assert store.curves(small.run_id, checkpoint) == store.history(small.run_id)[:-1]
    assert next(advance(small, store)).losses.step == 11
    assert store.damage_reports(small.run_id) == []


def without_history(store: RunStore, config: RunConfig) -> dict[str, torch.Tensor]:
    """Puts a checkpoint in place of the present one that has no history in it, as those had of before; returns it."""
    checkpoint = tensors(store.checkpoint(config.run_id))
    del checkpoint["history"]
    content = save(checkpoint)
    store.upper.delete(f"{config.run_id}/checkpoint")
    name = f"{int(checkpoint['step'])}-{sha256_of(content)}.safetensors"
    store.upper.write(f"{config.run_id}/checkpoint/{name}", content)
    return checkpoint


@pytest.mark.parametrize("harm", ["checkpoint", "its history", "history"])
def test_a_run_whose_way_back_is_damaged_is_set_aside_and_begins_anew(store, small, eager, harm):
    train_in(store, small, until=10)
    path = f"{small.run_id}/checkpoint/{store.upper.files(f'{small.run_id}/checkpoint')[0]}"
    if harm == "checkpoint":
        store.upper.write(path, store.upper.read(path)[:-1])
    else:
        checkpoint, history = tensors(store.checkpoint(small.run_id)), store.history(small.run_id)[:-1]
        store.write_checkpoint(small.run_id, checkpoint, history)
        if harm == "history":  # as in a run from before, whose checkpoint has none
            store.write_history(small.run_id, history)
            without_history(store, small)
    assert next(advance(small, store)).losses.step == 0
    [report] = store.damage_reports(small.run_id)
    assert harm.split()[-1] in report


def diverges_between_looks(config: RunConfig) -> bool:
    """Whether there is an update between the last look at a run and the step at which it diverges."""
    try:
        for snapshot in train(config):
            last = snapshot.losses.step
    except Diverged as error:
        return error.step > last + 1
    return False


def test_a_run_that_diverges_keeps_the_model_of_its_last_look_and_the_reason(store, small):
    config = next(
        filter(diverges_between_looks, (replace(small, sigma="raw", batch_size=16, seed=n) for n in range(9)))
    )
    store.create(config)
    for snapshot in advance(config, store):
        last = {name: tensor.clone() for name, tensor in snapshot.model.state_dict().items()}
    status = store.status(config.run_id)
    assert status.state == "diverged" and "diverged at step" in status.message
    assert status.step == snapshot.losses.step
    assert all(tensor.isfinite().all() for tensor in last.values())
    assert same(store.model(config.run_id).state_dict(), last)
    store.create(config)
    assert store.status(config.run_id).state == "diverged"  # it would diverge again


def test_a_run_that_diverges_just_after_it_went_on_keeps_the_model_of_its_checkpoint(store, wild):
    looks = []
    with pytest.raises(Diverged):
        looks.extend(snapshot.losses.step for snapshot in train(wild))
    before, last = looks[-2:]
    ask_at(before, "pause", wild, store)
    checkpoint = tensors(store.checkpoint(wild.run_id))
    assert int(checkpoint["step"]) == last
    assert train_in(store, wild)["status"] == "diverged"
    assert same(store.model(wild.run_id).state_dict(), model_state(checkpoint))


def test_a_stopped_run_whose_loss_on_the_test_images_is_no_number_has_diverged(store, small):
    config = replace(small, sigma="raw")  # whose sigma turns negative for a test digit first
    test = data.load("mnist", "test").images
    looks = ((snapshot.losses.step, evaluate(snapshot.model, test, "bernoulli")) for snapshot in train(config))
    step = next(step for step, metrics in looks if not math.isfinite(metrics.reconstruction))
    ask_at(step - 1, "stop", config, store)
    status, metrics = store.status(config.run_id), store.metrics(config.run_id)
    assert (status.state, status.step) == ("diverged", step)
    assert status.message.startswith("diverged: the loss on the test images is not finite")
    assert (metrics["test"], metrics["failure"]) == (None, {"step": step})
    assert same(store.model(config.run_id).state_dict(), model_state(tensors(store.checkpoint(config.run_id))))


def test_a_run_whose_images_are_not_there_fails_in_words_and_can_be_asked_for_again(store, small):
    config = replace(small, dataset="kmnist")
    store.create(config)
    with pytest.raises(RuntimeError):
        next(advance(config, store))
    status = store.status(config.run_id)
    assert status.state == "failed" and status.message.startswith("DatasetError: kmnist is not on this machine")
    store.create(config)
    assert store.status(config.run_id).state == "queued"


def test_a_vae_starts_from_an_ae_at_its_end_and_from_no_stopped_one(store, tiny):
    ae, vae = tiny.autoencoder, tiny.autoencoder.converted()
    ask_at(8, "stop", ae, store)
    refusal = f"init_from = '{ae.run_id}' is not allowed: an AE that is in the store and trained to its end"
    with pytest.raises(ConfigError, match=refusal):
        train_in(store, vae)
    assert (store.status(vae.run_id).state, store.status(vae.run_id).message) == ("failed", refusal)
    train_in(store, ae)
    assert train_in(store, vae)["status"] == "complete"


def test_a_vae_that_started_from_an_ae_goes_on_without_it(store, tiny):
    ae, vae = tiny.autoencoder, tiny.autoencoder.converted()
    train_in(store, ae)
    ask_at(4, "pause", vae, store)
    store.upper.delete(ae.run_id)
    store.create(vae)
    assert [snapshot.losses.step for snapshot in advance(vae, store)] == list(range(6, 11))
    assert store.status(vae.run_id).state == "complete"


def test_the_device_is_checked_by_name():
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") in ("cpu", "cuda", "mps")
    with pytest.raises(ValueError, match=r"device = 'abacus' is not allowed.*auto, cpu"):
        resolve_device("abacus")


@pytest.fixture
def few(monkeypatch):
    """12 images are to be measured, 5 at a time."""
    monkeypatch.setattr(worker, "GAP_IMAGES", 12)
    monkeypatch.setattr(worker, "GAP_CHUNK", 5)


@pytest.fixture
def model(store, small, few) -> tuple[str, str]:
    """The name and the checksum of a trained model, of which few images are to be measured."""
    return small.run_id, put_complete(store, small)["model_sha256"]


@pytest.mark.parametrize("kl_weight, likelihood", [(1.0, "bernoulli"), (4.0, "gaussian")])
def test_gaps_are_in_the_store_after_every_few_images(store, small, few, kl_weight, likelihood):
    config = replace(small, kl_weight=kl_weight, likelihood=likelihood)
    model = config.run_id, put_complete(store, config)["model_sha256"]
    done = [
        (count, *(len(store.gap(*model, split).get("encoder", ())) for split in ("test", "train")))
        for count in measure_gaps(*model, store)
    ]
    assert done == [(5, 5, 0), (10, 10, 0), (12, 12, 0), (17, 12, 5), (22, 12, 10), (24, 12, 12)]
    network, test = store.model(config.run_id), data.load("mnist", "test").images
    grid = decode_grid(network, likelihood, encode_all(network, test)[0])
    for split, images in (("test", test), ("train", data.load("mnist", "train").images)):
        found, _, _ = measure_gap(network, grid, images[:12], likelihood, kl_weight)
        for name, values in found._asdict().items():
            assert store.gap(*model, split)[name] == pytest.approx(values.tolist(), abs=5e-3)
    assert list(measure_gaps(*model, store)) == []


def test_measuring_stops_when_somebody_wants_it_and_goes_on_from_there(store, small, model):
    for _ in measure_gaps(*model, store):
        store.set_gap_control(*model, "stop")
    first = store.gap(*model)
    assert len(first["encoder"]) == 5
    store.set_gap_control(*model, "measure")
    store.write_gap(*model, {name: [7.0] * 5 for name in first})  # would be other numbers if it began anew
    assert list(measure_gaps(*model, store)) == [10, 12, 17, 22, 24]
    assert store.gap(*model)["full"][:5] == [7.0] * 5


@pytest.mark.parametrize("how", ["flip", "truncate"])
def test_a_damaged_file_is_measured_again(store, small, model, how):
    list(measure_gaps(*model, store))
    whole = store.gap(*model)
    damage(store, f"posteriors/{small.run_id}-{model[1][:12]}.json", how)
    assert store.gap(*model) == {}
    assert list(measure_gaps(*model, store)) == [17, 22, 24]  # those of the training images are there
    assert store.gap(*model) == whole


def test_gaps_that_another_server_measures_are_left_to_it(store, model, monkeypatch):
    monkeypatch.setattr(worker, "RunStore", lambda url: store)
    monkeypatch.setattr(worker, "_niced", True)  # this process stays as it is
    with store.take_gap(*model):
        assert worker.measure_for_a_while(*model, store.url) == worker.ELSEWHERE
        assert store.gap_count(*model) == 0
    counts = [0]
    while counts[-1] < 24:  # however few there is time for at a time
        assert worker.measure_for_a_while(*model, store.url) == ""
        counts.append(store.gap_count(*model))
        assert counts[-1] > counts[-2]
    assert store.run_ids() == [model[0]]


def test_bounds_of_one_split_are_not_taken_for_the_others(store, small, model):
    list(measure_gaps(*model, store))
    name = f"posteriors/{small.run_id}-{model[1][:12]}"
    store.upper.write(f"{name}-train.json", store.upper.read(f"{name}.json"))
    assert store.gap(*model) and store.gap(*model, "train") == {}


def test_a_model_that_is_not_there_any_more_is_not_measured(store, small, model):
    with pytest.raises(ModelGone, match=f"run {small.run_id} was deleted or trained on meanwhile"):
        next(measure_gaps(small.run_id, "0" * 64, store))


def test_what_comes_with_the_project_has_been_measured(tmp_path):
    store = RunStore(str(tmp_path))
    for config in ladder(2)[1:]:
        for split in ("test", "train"):
            bounds = store.gap(config.run_id, store.metrics(config.run_id)["model_sha256"], split)
            assert {name: len(values) for name, values in bounds.items()} == dict.fromkeys(Gap._fields, GAP_IMAGES)
            parts = Gap(**{name: torch.tensor(values) for name, values in bounds.items()}).parts
            assert min(part.min().item() for part in parts.values()) >= -0.02
