"""Our Adam makes torch's updates to the last bit, and a training does without PyTorch's compiler."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from vae.adam import BETAS, Adam


def parameters() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in ((5, 3), (3,), ())]


def groups_of(some: list[torch.Tensor]) -> list[dict]:
    return [{"params": some[:2], "lr": 0.1}, {"params": some[2:], "lr": 0.01}]


def move(optimizer, some: list[torch.Tensor], groups: list[dict], steps: range) -> None:
    for step in steps:
        for group in groups:
            group["lr"] *= 0.9
        optimizer.zero_grad()
        sum((weight.sin() * (step + 1)).square().sum() for weight in some).backward()
        optimizer.step()


@pytest.mark.parametrize("fused", [True, False])
def test_each_update_is_torchs(fused):
    ours, torchs = parameters(), parameters()
    optimizer = Adam(groups_of(ours), fused=fused)
    reference = torch.optim.Adam(groups_of(torchs), betas=BETAS, fused=fused, foreach=False)
    for step in range(20):
        move(optimizer, ours, optimizer.groups, range(step, step + 1))
        move(reference, torchs, reference.param_groups, range(step, step + 1))
        for own, other in zip(ours, torchs):
            assert torch.equal(own, other)
    for place, moments in reference.state_dict()["state"].items():
        own = optimizer.state()[place]
        assert own.keys() == moments.keys() and all(torch.equal(own[name], moments[name]) for name in own)


def test_a_second_one_goes_on_from_the_state_of_the_first():
    ours, others = parameters(), parameters()
    optimizer = Adam(groups_of(ours))
    assert optimizer.state() == {}
    move(optimizer, ours, optimizer.groups, range(7))
    with torch.no_grad():
        for own, other in zip(ours, others):
            other.copy_(own)
    second = Adam([{**group, "params": some} for group, some in zip(optimizer.groups, (others[:2], others[2:]))])
    second.restore(optimizer.state())
    move(optimizer, ours, optimizer.groups, range(7, 9))  # moves its own moments, not the copies
    move(second, others, second.groups, range(7, 9))
    assert all(torch.equal(own, other) for own, other in zip(ours, others))
    second.restore({})
    assert second.state() == {}


def test_a_training_does_not_load_the_compiler():
    script = (
        "import sys\n"
        "from vae import RunConfig, train\n"
        "config = RunConfig(train_size=1000, batch_size=100, hidden_dims=(16,), epochs=1)\n"
        "print([snapshot.losses.step for snapshot in train(config)][-1])\n"
        "print('torch.optim' in sys.modules, 'torch._dynamo' in sys.modules)\n"
    )
    printed = subprocess.check_output([sys.executable, "-c", script], cwd=Path(__file__).parents[2], text=True)
    assert printed.split() == ["10", "True", "False"]
