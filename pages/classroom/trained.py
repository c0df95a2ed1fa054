"""What a class has trained: a row for each run, with its settings and figures."""

from collections.abc import Iterable
from urllib.parse import urlencode

from pages.shared import readings
from vae.config import RunConfig
from vae.runs.states import SETTLED
from vae.runs.store import DamagedRun, RunStore

REMEMBERED = 2_000  # runs

SHOWN_ON = {"Latent space": "latent_space", "Sample again": "resampling", "Latent walk": "walk"}
EXACT = {"“Variational”": "true_posterior"}  # of a code of two dimensions alone
OF_AN_AE = {"Convert": "conversion"}


def rows(run_ids: Iterable[str]) -> list[dict]:
    """The runs of these names, those that have ended first, the lowest −ELBO, or loss, at the top.

    In nats an image, of the 10,000 test digits; None where a run has not ended.
    """
    store = readings.store()
    found = [row for run_id in run_ids if (row := _ended_row(store, run_id) or _row(store, run_id))]
    return sorted(found, key=lambda row: (row["loss"] is None, row["model"], row["loss"], row["settings"]))


_ended: dict[tuple[str, str], dict] = {}  # a class of a hundred asks at a time, whenever one has ended


def _ended_row(store: RunStore, run_id: str) -> dict | None:
    """The row of a run that will not change any more."""
    key = store.url, run_id
    if key not in _ended and (row := _row(store, run_id)) and row["state"] in SETTLED:
        if len(_ended) >= REMEMBERED:
            _ended.clear()
        _ended[key] = row
    return _ended.get(key)


def _row(store: RunStore, run_id: str) -> dict | None:
    from pages.shared import linked  # with torch, for which a server that starts does not wait

    try:
        config, status = store.config(run_id), store.status(run_id)
        test = (store.metrics(run_id) or {}).get("test") or {}
    except (KeyError, DamagedRun):  # which pages say where it is shown
        return None
    return {
        "run": run_id,
        "model": config.model.upper(),
        "settings": linked.describe(config),
        "weight": config.kl_weight,
        "dimensions": config.latent_dim,
        "state": status.state,
        "share": status.step / config.total_steps,
        "loss": test.get("reconstruction") if config.model == "ae" else test.get("negative_elbo"),
        "reconstruction": test.get("reconstruction"),
        "kl": test.get("kl"),
        "pages": _pages(config, linked.settings_of(config)) if test else {},
    }


def _pages(config: RunConfig, settings: str) -> dict[str, str]:
    """The pages that show a run, by title: their addresses, relative to any page's."""
    key = "ae" if config.model == "ae" else "run"
    pages = OF_AN_AE if config.model == "ae" else SHOWN_ON | (EXACT if config.latent_dim == 2 else {})
    asked = urlencode({key: config.run_id} | ({"settings": settings} if settings else {}))
    return {title: f"./{page}?{asked}" for title, page in pages.items()}
