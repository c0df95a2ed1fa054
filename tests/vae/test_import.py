"""What a notebook imports is there, and whoever imports anything of vae keeps the torch that it had."""

import ast
import inspect
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import vae
from vae import RunConfig, RunStore, build_model, evaluate, train
from vae import config as config_module

ROOT = Path(__file__).resolve().parents[2]

# What torch computes with, before and after every module of the library is imported.
EVERY_MODULE = """
import json, pkgutil, sys, torch

def state():
    return [
        torch.get_num_threads(), torch.get_num_interop_threads(), torch.get_float32_matmul_precision(),
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32, torch.backends.cudnn.benchmark,
        torch.are_deterministic_algorithms_enabled(), str(torch.get_default_dtype()), torch.is_grad_enabled(),
        torch.get_rng_state().tolist(),
    ]

torch.set_num_threads(3)
before = state()
import vae
names = [name for _, name, _ in pkgutil.walk_packages(vae.__path__, "vae.") if name != "vae.__main__"]
for name in [*names, "vae.__main__"]:
    __import__(name)
print(json.dumps({"same": before == state(), "modules": len(names)}))
"""


def said_by(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_notebook_trains_evaluates_and_keeps_runs_with_five_names(store, small):
    assert set(vae.__all__) == {"RunConfig", "train", "build_model", "evaluate", "RunStore"}
    assert RunConfig is config_module.RunConfig and isinstance(store, RunStore)
    assert type(build_model(small)).__name__ == "VariationalAutoencoder"
    assert list(inspect.signature(evaluate).parameters) == ["model", "images", "likelihood"]
    assert next(train(small)).losses.step == 0


def test_another_name_is_refused_as_that_of_any_module_is():
    with pytest.raises(AttributeError, match="module 'vae' has no attribute 'tarin'"):
        _ = vae.tarin


def test_the_settings_alone_do_not_wait_for_torch():
    assert said_by("import sys, vae.config; print('torch' in sys.modules)") == "False"


def test_whoever_trains_on_mnist_does_not_wait_for_torchvision():
    program = (
        "import sys, vae.runs.queue, vae.data; vae.data.load('mnist', 'test'); print('torchvision' in sys.modules)"
    )
    assert said_by(program) == "False"


def test_importing_the_library_changes_nothing_in_torch():
    found = json.loads(said_by(EVERY_MODULE))
    assert found["same"] and found["modules"] > 20


def test_every_package_of_the_library_is_installed_and_nothing_else():
    """Of a folder that setuptools finds, one that has no __init__.py included."""
    find_packages = pytest.importorskip("setuptools").find_namespace_packages
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found = set(find_packages(str(ROOT), **project["tool"]["setuptools"]["packages"]["find"]))
    assert found == {".".join(path.relative_to(ROOT).parts[:-1]) for path in ROOT.glob("vae/**/*.py")}
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"]["file"] == ["requirements.txt"]
    assert all(ast.get_docstring(ast.parse(path.read_text())) for path in ROOT.glob("vae/**/*.py"))
