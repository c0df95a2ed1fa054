"""A folder with all of a run: its weights, its config, a Python file of plain torch, and its figures as CSV."""

import csv
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from vae import data
from vae.config import RECIPE, RunConfig
from vae.models import encode_parameters, reconstruct
from vae.runs.store import RunStore
from vae.take_home.plain import source

CHECKED = 4  # test images, whose answers are stored


def take_home(run_id: str, store: RunStore, folder: Path) -> list[Path]:
    """Writes a run that has ended with a model into a folder; returns the files.

    model.safetensors, config.json, model.py (which needs torch alone), check.safetensors (what it must answer to the
    first test images), history.csv and test.csv, in nats an image. Raises KeyError for a run without a model,
    DamagedRun for a damaged one, FileExistsError where a file of such a name is there already.
    """
    config, model = store.config(run_id), store.model(run_id)
    names = ["model.safetensors", "config.json", "model.py", "check.safetensors", "history.csv", "test.csv"]
    paths = {name: folder / name for name in names}
    if there := [path.name for path in paths.values() if path.exists()]:
        raise FileExistsError(
            f"{there[0]} is there already, and nothing was written: name another folder than {folder}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: part.contiguous() for name, part in model.state_dict().items()}, paths["model.safetensors"])
    paths["config.json"].write_text(json.dumps({"recipe": RECIPE, **config.to_dict()}, indent=2), encoding="utf-8")
    paths["model.py"].write_text(source(config, _in_words(config)), encoding="utf-8")
    save_file(_answers(config, model), paths["check.safetensors"])
    lines = [{name: value for name, value in line.items() if name != "pictures"} for line in store.history(run_id)]
    _write_table(paths["history.csv"], lines)
    _write_table(paths["test.csv"], [(store.metrics(run_id) or {}).get("test") or {}])
    return [*paths.values()]


@torch.no_grad()
def _answers(config: RunConfig, model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The first test images, their codes (a VAE's mu and log_sigma), and their reconstructions without noise."""
    x = data.load(config.dataset, "test").images[:CHECKED].clone()
    codes = torch.cat([part for part in encode_parameters(model, x) if part is not None], 1)
    return {"x": x, "codes": codes, "x_hat": reconstruct(model, x)}


def _in_words(config: RunConfig) -> str:
    plain = RunConfig(model=config.model)
    changed = {k: v for k, v in config.to_dict().items() if v != plain.to_dict()[k]}
    words = ", ".join(f"{name} {value}" for name, value in changed.items())
    return words or "the default settings"


def _write_table(path: Path, rows: list[dict]) -> None:
    """A CSV of a column a figure; a list becomes a column for each of its numbers, from 1."""
    flat = [dict(_columns(row)) for row in rows]
    names = [*dict.fromkeys(name for row in flat for name in row)]
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        table.writerows(flat)


def _columns(row: dict):
    for name, value in row.items():
        if isinstance(value, (list, tuple)):
            yield from ((f"{name}_{number}", one) for number, one in enumerate(value, 1))
        else:
            yield name, value
