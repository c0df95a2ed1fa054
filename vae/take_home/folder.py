"""All of a run as files: its weights, its config, plain torch that uses them, and its figures as CSV."""

import csv
import io
import json
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save

from vae import data
from vae.config import RECIPE, RunConfig
from vae.models import encode_parameters, reconstruct
from vae.runs.store import RunStore
from vae.take_home.notebook import notebook
from vae.take_home.plain import source

FILES = (
    "model.safetensors", "config.json", "model.py", "model.ipynb", "check.safetensors", "history.csv", "test.csv",
)  # fmt: skip
CHECKED = 4  # test images, whose answers are stored


def contents(run_id: str, store: RunStore) -> dict[str, bytes]:
    """The files of a run that has ended with a model, by their names (FILES).

    model.safetensors, config.json, model.py and model.ipynb (which need torch alone), check.safetensors (what they must
    answer to the first test images), history.csv and test.csv, in nats an image. Raises KeyError for a run without a
    model, DamagedRun for a damaged one.
    """
    config, model = store.config(run_id), store.model(run_id)
    store.bring(config.dataset)
    text = source(config, _in_words(config))
    lines = [{name: value for name, value in line.items() if name != "pictures"} for line in store.history(run_id)]
    weights = {name: part.contiguous() for name, part in model.state_dict().items()}
    parts = (
        save(weights),
        json.dumps({"recipe": RECIPE, **config.to_dict()}, indent=2).encode(),
        text.encode(),
        notebook(text).encode(),
        save(_answers(config, model)),
        _table(lines),
        _table([(store.metrics(run_id) or {}).get("test") or {}]),
    )
    return dict(zip(FILES, parts, strict=True))


def take_home(run_id: str, store: RunStore, folder: Path) -> list[Path]:
    """Writes the `contents` of a run into a folder; returns the files.

    Raises as it does, and FileExistsError where a file of such a name is there already.
    """
    files = {folder / name: content for name, content in contents(run_id, store).items()}
    if there := [path.name for path in files if path.exists()]:
        raise FileExistsError(
            f"{there[0]} is there already, and nothing was written: name another folder than {folder}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        path.write_bytes(content)
    return [*files]


def as_zip(run_id: str, files: dict[str, bytes]) -> bytes:
    """The files of a run in one archive, in a folder of the run's name."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(f"{run_id}/{name}", content)
    return archive.getvalue()


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


def _table(rows: list[dict]) -> bytes:
    """A CSV of a column a figure; a list becomes a column for each of its numbers, from 1."""
    flat = [dict(_columns(row)) for row in rows]
    names = [*dict.fromkeys(name for row in flat for name in row)]
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, names)
    table.writeheader()
    table.writerows(flat)
    return text.getvalue().encode()


def _columns(row: dict):
    for name, value in row.items():
        if isinstance(value, (list, tuple)):
            yield from ((f"{name}_{number}", one) for number, one in enumerate(value, 1))
        else:
            yield name, value
