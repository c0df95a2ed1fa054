"""RunStore: one folder a run, in a local folder or an object store (fsspec). A worker only adds; a page only reads.

Whole files only, each written under another name first and then put in place. metrics.json, written last, holds the
checksums of the model and the history; each history line with pictures holds that of its snapshot; a checkpoint, which
holds the history so far too, and all these files have theirs in their names. So whatever is half-written or damaged is
noticed before it is used, and nothing that one writer has is overwritten by another. Each run has one writer at a time
(lease.py); a writer that wakes up late can leave a file too many, and never a damaged run.

Beside the runs' folders is one with a file a model: what its q(z|x) loses against the exact posterior; and one with
the own pictures that runs are trained on.
"""

import os
from pathlib import Path

from vae.places import cache_folder
from vae.runs.files import Files, Nothing, StoreError, StoreFault
from vae.runs.gaps import Gaps
from vae.runs.layers import POSTERIORS, DamagedRun
from vae.runs.shelf import Shelf
from vae.runs.states import RunStatus
from vae.texts import on_one_line

__all__ = ["POSTERIORS", "PRETRAINED", "DamagedRun", "RunStatus", "RunStore", "StoreError", "default_store_url"]

PRETRAINED = Path(__file__).resolve().parents[2] / "assets" / "pretrained"


def default_store_url() -> str:
    """VAE_STORE, or a folder in the user's cache."""
    return os.environ.get("VAE_STORE") or str(cache_folder() / "runs")


class RunStore(Shelf, Gaps):
    """The runs under one fsspec URL, over the read-only runs that come with the project.

    reader.py: what is read of a run; writer.py: its life; quarantine.py: damaged ones; trash.py: deleted ones; gaps.py:
    what was measured; shelf.py: own pictures.
    """

    def __init__(self, url: str | None = None, pretrained: str | Path = PRETRAINED, to_write: bool = True):
        """Raises StoreError, in words, for a store that cannot be written.

        to_write: else such a store is one to look at, with what can be read of it, and `read_only` says why.
        """
        url, self.read_only = url or default_store_url(), ""
        try:
            super().__init__(url, pretrained)
        except Exception as error:  # a backend's errors are of its own kinds
            reason = error.reason if isinstance(error, StoreFault) else str(error)
            message = f"{on_one_line(f'the store {url} cannot be used: {reason}')}. VAE_STORE or --store names another."
            if to_write:
                raise StoreError(message) from error
            self.read_only = message
            super().__init__(url, pretrained, upper=_what_can_be_read(url, message))


def _what_can_be_read(url: str, message: str) -> Files:
    """The files of a store that cannot be written; none where they cannot be read either."""
    try:
        files = Files(url)
    except Exception:  # whatever kept it from being written
        return Nothing(message)
    return files if files.is_local and os.path.isdir(files.root) else Nothing(message)
