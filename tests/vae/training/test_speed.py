"""Who trains has one thread, and who only asks how long it would take keeps the threads there were."""

import pytest
import torch

from vae.training import speed
from vae.training.loop import train


@pytest.fixture(autouse=True)
def threads():
    """As many as a notebook may have."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_a_training_has_one_thread_from_its_first_step_on(small):
    snapshots = train(small)
    assert torch.get_num_threads() == 3  # nothing has begun
    next(snapshots)
    assert torch.get_num_threads() == 1


def test_an_estimate_is_of_one_thread_and_leaves_the_others(small, monkeypatch):
    set_threads, asked = torch.set_num_threads, []
    monkeypatch.setattr(torch, "set_num_threads", lambda count: asked.append(count) or set_threads(count))
    speed._flops.cache_clear()
    assert speed.estimate_seconds(small) > 0
    assert asked == [1, 3] and torch.get_num_threads() == 3
