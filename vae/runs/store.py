"""RunStore: one folder a run, on any fsspec URL. A worker only adds to it; a page only reads it.

Whole files only, each written under another name first and then put in place. metrics.json, written last, holds the
checksums of model.safetensors and history.jsonl; each history line with pictures holds that of its snapshot; a
checkpoint's is part of its name. So whatever is half-written or damaged is noticed before it is used.

Beside the runs' folders is one with a file a model: what its q(z|x) loses against the exact posterior.
"""

import os
from pathlib import Path

from vae.places import cache_folder
from vae.runs.gaps import Gaps
from vae.runs.layers import POSTERIORS, DamagedRun
from vae.runs.quarantine import Quarantine
from vae.runs.states import RunStatus

__all__ = ["POSTERIORS", "PRETRAINED", "DamagedRun", "RunStatus", "RunStore", "StoreError", "default_store_url"]

PRETRAINED = Path(__file__).resolve().parents[2] / "assets" / "pretrained"


class StoreError(RuntimeError):
    """The store itself cannot be used; the message names its address and the reason."""


def default_store_url() -> str:
    """VAE_STORE, or a folder in the user's cache."""
    return os.environ.get("VAE_STORE") or str(cache_folder() / "runs")


class RunStore(Quarantine, Gaps):
    """The runs under one fsspec URL, over the read-only runs that come with the project.

    reader.py: what is read of a run; writer.py: its life; quarantine.py: damaged ones; gaps.py: what was measured.
    """

    def __init__(self, url: str | None = None, pretrained: str | Path = PRETRAINED):
        url = url or default_store_url()
        try:
            super().__init__(url, pretrained)
        except (OSError, ValueError, ImportError) as error:
            raise StoreError(f"the store {url} cannot be used: {error}. VAE_STORE or --store names another.") from error
