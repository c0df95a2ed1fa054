"""What a class has trained: a row for each run, with its settings and figures."""

from urllib.parse import urlencode

from pages.classroom.classes import Class
from pages.lessons import LESSONS
from pages.shared import in_words, readings
from pages.shared.once import recent
from vae.config import RunConfig
from vae.runs.states import ENDED
from vae.runs.store import DamagedRun, RunStore

ON_PAGES = {"latent_space", "resampling", "walk"}
EXACT = {"true_posterior"}  # of a code of two dimensions alone
OF_AN_AE = {"conversion"}


def rows(now: Class) -> list[dict]:
    """What a class has trained, those runs that have ended first, the lowest −ELBO, or loss, at the top.

    In nats an image, of the test digits; None where a run has not ended.
    """
    return _rows(readings.store().url, now.runs, now.ended, now.settled)


@recent(1.0)
def _rows(_: str, run_ids: tuple[str, ...], *__: int) -> list[dict]:
    """A class of a hundred asks at a time, whenever a run has ended."""
    store = readings.store()
    found = [row for run_id in run_ids if (row := _row(store, run_id))]
    return sorted(found, key=lambda row: (row["loss"] is None, row["model"], row["loss"], row["settings"]))


def _row(store: RunStore, run_id: str) -> dict | None:
    try:
        config, status = store.config(run_id), store.status(run_id)
        test = (store.metrics(run_id) or {}).get("test") or {}
    except (KeyError, DamagedRun):  # which pages say where it is shown
        return None
    return {
        "run": run_id,
        "model": config.model.upper(),
        "settings": in_words.describe(config),
        "weight": config.kl_weight,
        "dimensions": config.latent_dim,
        "state": status.state if status.state in ENDED else "",
        "loss": test.get("reconstruction") if config.model == "ae" else test.get("negative_elbo"),
        "reconstruction": test.get("reconstruction"),
        "kl": test.get("kl"),
        "pages": _addresses(config) if test else {},
    }


def _addresses(config: RunConfig) -> dict[str, str]:
    """The pages that show a run, by title: their addresses, relative to any page's."""
    from pages.shared import linked  # with torch, for which a server that starts does not wait

    names, asked = pages_of(config), urlencode(linked.address_of(config))
    return {lesson.title: f".{lesson.address}?{asked}" for lesson in LESSONS if lesson.name in names}


def pages_of(config: RunConfig) -> set[str]:
    """The names of the lessons that show such a run."""
    if config.model == "ae":
        return OF_AN_AE
    return ON_PAGES | (EXACT if config.latent_dim == 2 else set())


@recent(60.0)
def megabytes(run_id: str, _: str) -> float:
    """How much room a run takes; anew for another state."""
    return readings.store().size(run_id) / 1e6
