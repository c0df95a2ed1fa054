"""What lessons compare, with five seeds: the figures of those runs in one file, for the runs would be 50 MB."""

import dataclasses
import functools
import json

from vae.config import RunConfig
from vae.models import SIGMA_HEADS, TRAINABLE
from vae.runs.layers import sha256_of
from vae.runs.store import PRETRAINED, RunStore
from vae.runs.sweep import LADDER, RAMPLESS

SEEDS = range(5)
FILE = PRETRAINED / "seeds.json"
KEPT = ("reconstruction", "kl", "negative_elbo")  # of their figures


def compared(seed: int) -> list[RunConfig]:
    """The runs that lessons compare, with one seed; those that are converted all start from the AE of seed 0."""
    pairs = [RunConfig(latent_dim=latent_dim, seed=seed) for latent_dim in LADDER]
    ends = [
        dataclasses.replace(pair, kl_weight=end)
        for pair in pairs
        for end in (LADDER[pair.latent_dim][0], LADDER[pair.latent_dim][-1])
    ]
    return [
        *(half for pair in pairs for half in (pair.autoencoder, pair)),
        *(dataclasses.replace(RunConfig(model="ae").converted(part), seed=seed) for part in TRAINABLE),
        RunConfig(epochs=2 * RunConfig.epochs, seed=seed),  # the VAE that had the epochs of an AE too
        *(RunConfig(sigma=kind, seed=seed) for kind in SIGMA_HEADS if kind != RunConfig.sigma),
        dataclasses.replace(RAMPLESS, seed=seed),
        *ends,
    ]


@functools.lru_cache(maxsize=1)
def recorded() -> dict[str, dict]:
    """The figures on the test images of runs that came to their end, by run_id; not to be written to.

    Raises ValueError for a file whose checksum is wrong.
    """
    content = json.loads(FILE.read_bytes())
    if content["sha256"] != _sha256(content["runs"]):
        raise ValueError(f"{FILE} is damaged: its checksum is wrong")
    return content["runs"]


def record(store: RunStore) -> None:
    """Writes the file: what the store has of every run that is compared and came to its end."""
    runs = [config for seed in SEEDS for config in compared(seed)]
    ended = {config.run_id: store.metrics(config.run_id) for config in runs}
    tests = {
        run_id: {name: metrics["test"][name] for name in KEPT}
        for run_id, metrics in ended.items()
        if metrics and metrics["status"] == "complete"
    }
    FILE.write_text(json.dumps({"runs": tests, "sha256": _sha256(tests)}, indent=1), encoding="utf-8")


def _sha256(runs: dict[str, dict]) -> str:
    return sha256_of(json.dumps(runs).encode())
