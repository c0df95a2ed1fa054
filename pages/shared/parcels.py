"""What a browser fetches once and keeps: models, codes, test images, each under a name that never changes its sense.

A name says all that is needed to make its bytes, so that any server on the same store can serve it.
pages/shared/server.py serves them; assets/browser/shared/parcels.js fetches them.
"""

import functools
import gzip
import hashlib
import math
import re
from typing import TYPE_CHECKING

import numpy as np

from pages.shared import class_names
from pages.shared.once import once
from pages.shared.readings import NamedRun, named_run, store
from vae import datasets
from vae.model_bytes import pack_model
from vae.sizes import is_own, size_of

if TYPE_CHECKING:
    from pages.shared.trained import Trained

HALVES = ("ae", "vae")  # left and right, by what usually is there: a VAE may stand on the left too
PART = 1_000  # test images in a parcel
SHA256 = r"[0-9a-f]{64}"
RUN = rf"(?P<run_id>(ae|vae)-\d{{1,2}}d-[0-9a-f]{{12}})/(?P<sha256>{SHA256})"
NAMES = {
    "images": re.compile(rf"images/(?P<dataset>[0-9a-z-]{{1,40}})/(?P<part>\d{{1,2}})/(?P<sha256>{SHA256})"),
    "labels": re.compile(rf"labels/(?P<dataset>[0-9a-z-]{{1,40}})/(?P<part>0)/(?P<sha256>{SHA256})"),
    "model": re.compile(rf"model/{RUN}"),
    "hard": re.compile(rf"hard/{RUN}"),
    "codes": re.compile(rf"codes/{RUN}/(?P<dims>\d{{1,2}}(-\d{{1,2}})?)/(?P<count>\d{{1,5}})"),
}


class NoParcel(LookupError):
    """A name that stands for nothing that is here; the message says so in words."""


def of_images(dataset: str) -> list[str]:
    """The names of the test images, 784 bytes each, a thousand a parcel."""
    return [f"images/{dataset}/{part}/{_checksum('images', dataset, part)}" for part in range(_parts(dataset))]


def of_labels(dataset: str) -> str:
    """The name of the test labels, a byte each."""
    return f"labels/{dataset}/0/{_checksum('labels', dataset, 0)}"


def of_model(run: NamedRun) -> str:
    """The name of a trained model, for model.js."""
    return f"model/{run.run_id}/{run.sha256}"


def of_hard_digits(run: NamedRun) -> str:
    """The name of the numbers of the test digits that a run reconstructs worst, two bytes each, the worst first."""
    return f"hard/{run.run_id}/{run.sha256}"


def of_codes(run: NamedRun, dimensions: tuple[int, ...], count: int) -> str:
    """The name of the codes of the first `count` test images on the dimensions of a plane, as float32 rows.

    mu, a row a dimension, then, of a VAE, sigma.
    """
    return f"codes/{run.run_id}/{run.sha256}/{'-'.join(map(str, dimensions))}/{count}"


def digits(run: NamedRun) -> dict:
    """What a component needs to have a digit chosen: the names of the test images' parts, and of the hard digits.

    And the names of classes where they are no digits.
    """
    dataset = run.config.dataset
    return {"images": of_images(dataset), "hard": of_hard_digits(run), **class_names.in_browser(dataset)}


def labels(run: NamedRun) -> dict[str, str]:
    """The name of the test labels."""
    return {"labels": of_labels(run.config.dataset)}


def named(names: dict[str, str]) -> dict:
    """Parcels by what a component calls them, and the subject that they are: other parcels are another picture."""
    return {"parcels": names, "subject": " ".join(names.values())}


def models(pair: list[NamedRun]) -> dict:
    """What a component needs to run a pair on digits: the names of models, digits and hard digits."""
    return {**digits(pair[1]), **named(labels(pair[1]) | {half: of_model(run) for half, run in zip(HALVES, pair)})}


@once(100)
def content(name: str) -> bytes:
    """A parcel's bytes, gzipped; raises NoParcel for a name that is none, or of something that is not here any more."""
    return gzip.compress(_bytes(name), 6, mtime=0)


def _bytes(name: str) -> bytes:
    kind, said = next(((kind, match) for kind, rule in NAMES.items() if (match := rule.fullmatch(name))), (None, None))
    if kind in ("images", "labels"):
        place = said["dataset"], int(said["part"])
        if _is_here(place[0]) and place[1] < _parts(place[0]) and said["sha256"] == _checksum(kind, *place):
            return _of_dataset(kind, *place)
    elif kind and (run := named_run(said["run_id"])) and run.sha256 == said["sha256"]:
        if kind == "model":
            return pack_model(store().weights(run.run_id, run.sha256), run.config)
        if kind == "hard":
            return np.array(_trained(run).hard_digits, "<u2").tobytes()
        dimensions = [int(number) for number in said["dims"].split("-")]
        if max(dimensions) < run.config.latent_dim and 1 <= int(said["count"]) <= size_of(run.config.dataset).test:
            return _codes(_trained(run), dimensions, int(said["count"]))
    raise NoParcel(f"There is no {name} here: it is of another version of the lab, or of a run that was deleted.")


def _trained(run: NamedRun) -> "Trained":
    from pages.shared import lab  # with torch, which the parcels of the first page do not need

    trained = lab.trained(run.run_id)
    if trained is None or trained.sha256 != run.sha256:
        raise NoParcel(f"The run {run.run_id} has just gone on, or was deleted.")
    return trained


def _codes(run: "Trained", dimensions: list[int], count: int) -> bytes:
    mu, log_sigma = run.codes
    parts = [mu] if log_sigma is None else [mu, log_sigma.exp()]
    rows = np.concatenate([part[:count, dimensions].T.numpy() for part in parts])
    return rows.astype("<f4").tobytes()


@functools.lru_cache(maxsize=100)
def _checksum(kind: str, dataset: str, part: int) -> str:
    return hashlib.sha256(_of_dataset(kind, dataset, part)).hexdigest()


def _of_dataset(kind: str, dataset: str, part: int) -> bytes:
    test = datasets.read(dataset, "test")
    if kind == "labels":
        return test.labels.astype(np.uint8).tobytes()
    return test.levels[part * PART : (part + 1) * PART].tobytes()


def _parts(dataset: str) -> int:
    return math.ceil(size_of(dataset).test / PART)


def _is_here(dataset: str) -> bool:
    """Whether there is such a dataset; own pictures may have to be brought from the store."""
    if is_own(dataset):
        return store().bring(dataset)
    return datasets.is_known(dataset)
