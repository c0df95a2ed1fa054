"""From autoencoder to variational autoencoder: the library behind the pages. It never imports streamlit.

For a notebook: `from vae import RunConfig, train, build_model, evaluate, RunStore`. Each is imported when it is asked
for, so that whoever needs the settings alone does not wait for torch. Nothing here changes torch by being imported.
"""

import importlib

_HOMES = {
    "RunConfig": "vae.config",
    "build_model": "vae.models",
    "train": "vae.training.loop",
    "evaluate": "vae.measures.evaluation",
    "RunStore": "vae.runs.store",
}
__all__ = ["RunConfig", "RunStore", "build_model", "evaluate", "train"]


def __getattr__(name: str):
    """One of the five names, from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
