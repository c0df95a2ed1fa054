"""Each line of the table of activations is one that can be trained, sent and read."""

import ast
import inspect
import json
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.weights import weights_of
from vae.activations import ACTIVATIONS, BOTTLENECKS, HIDDEN, activation_of
from vae.config import RunConfig
from vae.model_bytes import pack_model
from vae.training.loop import train

MODEL_JS = Path(__file__).resolve().parents[2] / "assets" / "browser" / "shared" / "model.js"
ROLES = [("activation", name) for name in HIDDEN] + [("bottleneck", name) for name in BOTTLENECKS]


def test_the_settings_offer_each_activation_somewhere_and_no_other():
    assert {*HIDDEN, *BOTTLENECKS} == set(ACTIVATIONS)
    choices = {field.name: field.metadata.get("choices") for field in fields(RunConfig)}
    assert (choices["activation"], choices["bottleneck"]) == (HIDDEN, BOTTLENECKS)


@pytest.mark.parametrize("role, name", ROLES)
@pytest.mark.parametrize("model", ["ae", "vae"])
def test_each_can_be_trained_a_step_and_packed_under_its_wire_name(small, model, role, name):
    config = replace(small, model=model, **{role: name})
    snapshots = train(config)
    before = {key: tensor.clone() for key, tensor in next(snapshots).model.state_dict().items()}
    after = next(snapshots).model
    assert all(not torch.equal(before[key], tensor) for key, tensor in after.state_dict().items())
    content = pack_model(weights_of(after), config)
    parts = json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])["parts"]
    part = parts["trunk" if role == "activation" else "bottleneck"]
    assert {layer["activation"] for layer in part} == {ACTIVATIONS[name].wire}


def test_the_browser_knows_each_by_its_wire_name():
    [table] = re.findall(r"^const ACTIVATIONS = \{\n(.*?)^\};", MODEL_JS.read_text(), re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"^  (\w+):", table, re.MULTILINE)) == {own.wire for own in ACTIVATIONS.values()}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_each_is_labelled_and_has_the_range_that_torch_gives(name):
    own = ACTIVATIONS[name]
    assert own.label.lower() == name
    layer = getattr(nn, own.module)()
    assert activation_of(layer) is own and activation_of(nn.Linear(1, 1)) is None
    values = layer(torch.linspace(-40, 40, 80_001, dtype=torch.float64))
    for end, reached in ((own.low, values.min().item()), (own.high, values.max().item())):
        assert abs(reached) == 40 if abs(end) == float("inf") else reached == pytest.approx(end, abs=1e-4)
    assert own.is_rectifier == (layer(torch.tensor(-3.0)).abs() < 0.01 and layer(torch.tensor(3.0)) > 2.9).item()


def test_the_table_needs_no_torch():
    tree = ast.parse(inspect.getsource(inspect.getmodule(activation_of)))
    found = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert {ast.unparse(node) for node in found} == {"import math", "from dataclasses import dataclass"}
