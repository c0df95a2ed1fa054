"""How the two terms of the objective come into balance while a pair is trained, from what its snapshots keep."""

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from pages.shared import figures
from pages.shared import lab as ui
from pages.shared.glossary import say
from pages.shared.once import once
from vae import data
from vae.config import RunConfig
from vae.measures.pulls import kl_pull, strength

LONGEST = 0.35  # of the picture's half-width: the longest of the VAE's arrows in the end
MOST = 0.6  # of it, of any arrow
ARROWS = (
    "For each class, at the mean code of its digits (of 500 test digits): which way, and how strongly, each term alone "
    "would move them. Green: the reconstruction loss; red: the KL, which an AE does not have. All have one scale; the "
    "longest are cut."
)
Snapshot = tuple[str, int, str, float]  # of a run: run_id, step, checksum, and what its KL counts there


def show(pair, frames: list[list[dict]], shown: list[list[dict]]) -> None:
    """How strongly both terms have pulled over a training; of older runs it is said that nobody knows.

    frames: of each half the lines of its history with pictures; shown: those up to the step on show.
    """
    if not shown[1]:
        return
    ae, vae = (tuple(snapshot(half, line) for line in lines) for half, lines in zip(pair, frames))
    figure = curves(ae, vae)
    if figure is None:
        st.caption(
            "This training was made before a training kept where both terms pull: one with another seed shows how they "
            "come into balance."
        )
        return
    say(
        "**Where both terms pull.** The loss makes the clouds narrow, and the KL, whose weight rises from 0 over the "
        "KL ramp, makes them wide again. The KL pulls μ to 0; the loss pulls it to and fro while the decoder changes. "
        "Where a green line meets a red one, they cancel on average."
    )
    line = shown[1][-1]
    st.plotly_chart(figure.at(max(line["step"], 1), panels=2), key="balance", config={"displayModeBar": False})
    st.caption(outcome(pair[1], line))


def snapshot(config: RunConfig, line: dict) -> Snapshot:
    """The snapshot of a line of a run's history."""
    return config.run_id, line["step"], line["pictures"], line["kl_weight"]


def _pulls(run_id: str, step: int, sha256: str, kl_weight: float) -> tuple[Tensor, dict[str, Tensor]] | None:
    """The codes (digits, latent_dim) at which both terms pull, and how (digits, 1 or 2, latent_dim); None: not kept."""
    shot = {name: torch.from_numpy(array) for name, array in ui.pictures(run_id, step, sha256).items()}
    if "pull" not in shot:
        return None
    count = len(shot["pull"])
    mu, found = shot["mu"][:count], {"reconstruction": shot["pull"]}
    if "log_sigma" in shot:
        found["kl"] = kl_pull(mu, shot["log_sigma"][:count], kl_weight)
    return mu, found


@once(5_000)
def means(*of_snapshot) -> dict[str, np.ndarray] | None:
    """How strongly each term pulls at a snapshot, outwards and on log sigma: (1 or 2, 2) nats, mean and its error."""
    pulls = _pulls(*of_snapshot)
    return pulls and {name: _mean(strength(pull, pulls[0])) for name, pull in pulls[1].items()}


def _mean(values: Tensor) -> np.ndarray:
    return torch.stack([values.mean(0), values.std(0) / len(values) ** 0.5], 1).numpy()


@once(500)
def _of_classes(*of_snapshot) -> tuple[Tensor, dict[str, Tensor]]:
    """The mean code of each class (classes, latent_dim), and the means of how both terms pull at its digits' codes."""
    mu, found = _pulls(*of_snapshot)
    labels = data.load(ui.runs().store.config(of_snapshot[0]).dataset, "test").labels[: len(mu)]
    classes = labels.unique()

    def means(values: Tensor) -> Tensor:
        return torch.stack([values[labels == one].mean(0) for one in classes])

    return means(mu), {name: means(pull[:, 0]) for name, pull in found.items()}


def are_drawn(config: RunConfig, line: dict) -> bool:
    """Whether there are arrows at a snapshot: of a 2-D run that keeps where the terms pull."""
    return config.latent_dim == 2 and means(*snapshot(config, line)) is not None


def arrows(of_snapshot: Snapshot, last: Snapshot) -> list[dict]:
    """The arrows on the plane of a run at a snapshot, in halves of the picture; last: whose pulls are the scale."""
    unit = LONGEST / max(*(pull.norm(dim=1).max().item() for pull in _of_classes(*last)[1].values()), 1e-6)
    mu, found = _of_classes(*of_snapshot)
    shown = {name: _shortened(unit * pull).tolist() for name, pull in found.items()}
    return [{"at": at, **{name: ends[n] for name, ends in shown.items()}} for n, at in enumerate(mu.tolist())]


def _shortened(pulls: Tensor) -> Tensor:
    return pulls * (MOST / pulls.norm(dim=1, keepdim=True).clamp(min=MOST))


@once(20)
def curves(ae: tuple[Snapshot, ...], vae: tuple[Snapshot, ...]) -> figures.Figure | None:
    """How strongly both terms pull over a training; None where no snapshot of the VAE keeps it."""
    of_ae, of_vae = map(_over_the_steps, (ae, vae))
    return figures.balance(of_ae, of_vae) if of_vae else None


def _over_the_steps(snapshots: tuple[Snapshot, ...]) -> dict[str, np.ndarray]:
    """The step of each snapshot that keeps it, and `means` of each term, a row a snapshot; empty without any."""
    found = {}
    for one in snapshots:
        if one[1] and (now := means(*one)):  # a logarithm has no place for step 0
            found[one[1]] = now
    if not found:
        return {}
    terms = next(iter(found.values()))
    return {"step": np.array([*found]), **{term: np.stack([now[term] for now in found.values()]) for term in terms}}


def outcome(vae: RunConfig, line: dict) -> str:
    """How strongly both terms pull at a snapshot, in words; empty where it is not kept."""
    now = means(*snapshot(vae, line))
    if now is None:
        return ""
    [(out, out_error), (wide, wide_error)] = now["reconstruction"].tolist()
    [(out_kl, _), (wide_kl, _)] = now["kl"].tolist()
    words = (
        f"At step {line['step']:,}, where the KL counts {line['kl_weight']:.2g} times: outwards the reconstruction "
        f"loss pulls by {out:.2f} ± {out_error:.2f} nats, the KL by {out_kl:.2f}; on log σ the loss by {wide:.2f} ± "
        f"{wide_error:.2f}, the KL by {wide_kl:.2f}. Means over test digits, with standard errors, as the bars are."
    )
    return words.replace("-", "−")
