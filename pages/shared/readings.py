"""What pages know of runs without torch: the server's store, and which trained runs it names.

The first page's picture needs no more than this, and so does not wait until torch is imported (server.py).
"""

import contextlib
import functools
import threading
from typing import NamedTuple

import streamlit as st

from pages.shared import end_page
from pages.shared.once import once, recent
from pages.shared.plain import message
from vae.config import RunConfig
from vae.datasets import DatasetError, read
from vae.runs import machine
from vae.runs.files import Nothing
from vae.runs.store import DamagedRun, RunStore, StoreError

AGAIN = 10.0  # seconds between two looks whether a store that could not be used can be
CANNOT_START = (StoreError, ValueError, DatasetError)


def store() -> RunStore:
    """The server's store, opened once; raises StoreError, in words."""
    with _opening:
        return _opened()


_opening = threading.Lock()


@functools.lru_cache(maxsize=1)
def _opened() -> RunStore:
    return RunStore(to_write=False)


def open_again() -> bool:
    """Has the server begin with its store if that can be used by now, which it could not before."""
    with contextlib.suppress(StoreError):
        RunStore()
        with _opening:
            _opened.cache_clear()
        return True
    return False


def or_words(start):
    """What a start gives a page, which ends in words where there can be none."""
    try:
        return start()
    except CANNOT_START as error:
        st.error(f"The lab cannot start: {message(error)}", icon=":material/error:")
        end_page()


def first_page() -> None:
    """Sees to it that what the first page needs is there, before torch is; raises one of CANNOT_START, in words."""
    store()
    read("mnist", "test")
    machine.workers()


def say_what_is_missing() -> None:
    """Says, and why, where nothing of the server's own store can be shown; the page goes on without it."""
    with contextlib.suppress(*CANNOT_START):  # which the page says
        if isinstance(store().upper, Nothing):
            again = f"{store().read_only} It is tried again every {AGAIN:.0f} s."
            st.warning(f"Only what comes with the project is here: {message(again)}", icon=":material/hard_drive:")


def says_damage(page_part):
    """Has a damaged run set aside and said in words, instead of shown; the page goes on without it."""

    @functools.wraps(page_part)
    def guarded(*args, **kwargs):
        try:
            return page_part(*args, **kwargs)
        except DamagedRun as error:
            place = or_words(store).set_aside(error.run_id, str(error))
            st.error(
                f"{message(error)}. Its files were set aside in {message(place)}. “Train both” on the page *Train side "
                "by side*, or the button of the page that shows this run, makes it again.",
                icon=":material/healing:",
            )
            end_page()

    return guarded


class NamedRun(NamedTuple):
    """A run that has ended with a model, by its config and the checksum of its weights."""

    config: RunConfig
    sha256: str

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self.config.run_id


def named_run(run_id: str) -> NamedRun | None:
    """The run of a name, all of its files as their checksums say; None where it has no model."""
    try:
        sha256 = model_sha256(run_id)
        return _verified(run_id, sha256) if sha256 else None
    except KeyError:
        return None


@recent(2.0)
def model_sha256(run_id: str) -> str | None:
    """The checksum of a run's weights; None where it has none."""
    return (store().metrics(run_id) or {}).get("model_sha256")


@once(200)
def _verified(run_id: str, sha256: str) -> NamedRun:
    store().verify(run_id)
    config = store().config(run_id)
    store().bring(config.dataset)
    return NamedRun(config, sha256)
