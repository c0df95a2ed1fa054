"""A run that was taken home answers as here, in a process that has torch and nothing of this project."""

import csv
import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.vae.runs.test_store import train_in
from vae import data
from vae.config import RunConfig
from vae.models import encode_parameters, reconstruct
from vae.take_home.folder import take_home

# A process in which nothing of this project can be imported, nor what else it needs beside torch.
ALONE = """
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("vae", "pages", "tests", "safetensors", "streamlit", "dask"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refused())
sys.path.insert(0, ".")
"""
ASKED = """
import json, torch, model
m = model.load()
x = torch.tensor(json.load(sys.stdin))
with torch.no_grad():
    code = m.encode(x)
    code = torch.cat(code, 1) if isinstance(code, tuple) else code
    print(json.dumps([code.tolist(), m.reconstruct(x).tolist(), m.sample(3).tolist()]))
"""


def alone(folder, code: str, said: str = "") -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", ALONE + code], cwd=folder, input=said, capture_output=True, text=True, check=False
    )


CHANGES = [
    {},
    {"sigma": "softplus", "activation": "tanh", "bottleneck": "tanh", "latent_dim": 3},
    {"hidden_dims": (24, 16), "activation": "relu", "bottleneck": "sigmoid", "likelihood": "gaussian"},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: " ".join(change) or "default")
@pytest.mark.parametrize("model", ["ae", "vae"])
def test_its_file_of_plain_torch_answers_as_the_run_does(store, small, tmp_path, model, change):
    config = replace(small, **change)
    config = config.autoencoder if model == "ae" else config
    train_in(store, config)
    take_home(config.run_id, store, tmp_path)
    said = alone(tmp_path, "import runpy; runpy.run_path('model.py', run_name='__main__')")
    assert said.returncode == 0 and "largest difference from the stored answers: " in said.stdout, said.stderr
    x, network = data.load("mnist", "test").images[100:103], store.model(config.run_id)
    answer = alone(tmp_path, ASKED, json.dumps(x.tolist()))
    assert answer.returncode == 0, answer.stderr
    codes, pictures, samples = (torch.tensor(part) for part in json.loads(answer.stdout))
    with torch.no_grad():
        expected = torch.cat([part for part in encode_parameters(network, x) if part is not None], 1)
        torch.testing.assert_close(codes, expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(pictures, reconstruct(network, x), atol=1e-5, rtol=1e-5)
    assert samples.shape == (3, 784) and samples.min() >= 0 and samples.max() <= 1


@pytest.mark.parametrize("model", ["ae", "vae"])
def test_every_cell_of_its_notebook_runs_with_torch_alone(store, small, tmp_path, model):
    config = small if model == "vae" else small.autoencoder
    train_in(store, config)
    take_home(config.run_id, store, tmp_path)
    notebook = json.loads((tmp_path / "model.ipynb").read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    code = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    said = alone(tmp_path, code)
    assert said.returncode == 0, said.stderr
    first, *pictures = said.stdout.splitlines()
    assert float(first.removeprefix("largest difference from the stored answers: ")) < 1e-5
    assert len(pictures) == 4 * 14 and {len(line) for line in pictures} == {4 * 28 + 3 * 2}


def test_its_check_finds_weights_that_are_others(store, small, tmp_path):
    train_in(store, small)
    take_home(small.run_id, store, tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights["decoder.0.bias"] += 0.1
    save_file(weights, tmp_path / "model.safetensors")
    said = alone(tmp_path, "import runpy; runpy.run_path('model.py', run_name='__main__')")
    assert said.returncode == 1


def test_its_figures_are_those_of_the_run(store, small, tmp_path):
    train_in(store, small)
    take_home(small.run_id, store, tmp_path)
    with open(tmp_path / "history.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    history = store.history(small.run_id)
    assert [int(row["step"]) for row in rows] == [line["step"] for line in history]
    assert [float(row["total"]) for row in rows] == [line["total"] for line in history]
    assert [float(row["kl_per_dimension_2"]) for row in rows] == [line["kl_per_dimension"][1] for line in history]
    with open(tmp_path / "test.csv", encoding="utf-8") as file:
        [test] = csv.DictReader(file)
    assert float(test["negative_elbo"]) == store.metrics(small.run_id)["test"]["negative_elbo"]
    values = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert values.pop("recipe") and RunConfig.from_dict(values) == small


def test_nothing_is_written_over_and_a_run_that_is_none_is_refused(store, small, tmp_path):
    train_in(store, small)
    folder = tmp_path / "home"
    with pytest.raises(KeyError):
        take_home("vae-2d-000000000000", store, folder)
    assert not folder.exists()
    take_home(small.run_id, store, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(FileExistsError, match="name another folder than"):
        take_home(small.run_id, store, folder)
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}
