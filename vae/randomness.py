"""Every random draw of the project comes from here, so that a draw is a function of what it is for and nothing else."""

import hashlib

import torch


def seeded(seed: int, purpose: str, index: int = 0) -> torch.Generator:
    """A fresh CPU generator for one purpose ("batches", "eps", ...) and one index (an epoch, a step).

    A draw thus needs no earlier draw: a resumed run has no generator state to restore, and what a VAE draws for eps
    cannot shift the batches that it shares with its AE.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{index}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little"))
