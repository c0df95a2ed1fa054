"""Which pictures a model is trained on and which it is tested with: as files say, or by a fixed rule."""

import numpy as np

from vae.own_data.checks import FEWEST_TO_TEST, FEWEST_TO_TRAIN, OwnDataError, pictures

SEED = 28
ONE_IN = 6  # as MNIST: 10,000 of 60,000 and 10,000 about
MOST_TO_TEST = 10_000


def split(labels: np.ndarray, is_test: np.ndarray, place: str) -> tuple[np.ndarray, np.ndarray, str]:
    """The indices of both halves, shuffled so that the first of each are a fair mix, and what was done, in words.

    labels: (n,) int64; is_test: (n,) bool, where the files say so, which counts where they name both halves. The same
    labels always give the same halves. Raises OwnDataError for too small a half.
    """
    random = np.random.PCG64(SEED)
    is_given = is_test.any() and not is_test.all()
    if is_given:
        _check(place, int((~is_test).sum()), FEWEST_TO_TRAIN, "train")
        _check(place, int(is_test.sum()), FEWEST_TO_TEST, "test")
    else:
        is_test = _drawn(labels, random)
    train, test = (_shuffled(np.flatnonzero(half), random) for half in (~is_test, is_test))
    kept = _most(test, labels, random)
    said = f"{len(train):,} to train with and {len(kept):,} to test with, {_rule(labels, is_given)}."
    left = f" {len(test) - len(kept):,} of the test half are left out." if len(kept) < len(test) else ""
    return train, kept, said + left


def _check(place: str, count: int, fewest: int, what: str) -> None:
    if count < fewest:
        raise OwnDataError(place, f"{pictures(count)} to {what} with, but at least {fewest} are needed")


def _shuffled(indices: np.ndarray, random: np.random.PCG64) -> np.ndarray:
    """In an order of chance: by raw bits, which are the same for every version of NumPy."""
    return indices[np.argsort(random.random_raw(len(indices)), kind="stable")]


def _most(test: np.ndarray, labels: np.ndarray, random: np.random.PCG64) -> np.ndarray:
    """The first 10,000 of a test half, with one of each class among them at least."""
    if len(test) <= MOST_TO_TEST:
        return test
    _, firsts = np.unique(labels[test], return_index=True)
    others = np.delete(np.arange(len(test)), firsts)
    return _shuffled(test[[*firsts, *others][:MOST_TO_TEST]], random)


def _rule(labels: np.ndarray, is_given: bool) -> str:
    if is_given:
        return "as given"
    part = "one in six" if len(labels) <= ONE_IN * MOST_TO_TEST else f"{MOST_TO_TEST:,}"
    return f"by a fixed rule: {part} to test with{', of each class its part' if labels.any() else ''}"


def _drawn(labels: np.ndarray, random: np.random.PCG64) -> np.ndarray:
    """One in six of each class, at least one, and at most 10,000 in all: (n,) bool."""
    sizes = np.bincount(labels)
    counts = np.maximum(sizes * MOST_TO_TEST // max(len(labels), ONE_IN * MOST_TO_TEST), np.minimum(sizes, 1))
    while counts.sum() > MOST_TO_TEST:
        counts[counts.argmax()] -= 1
    is_test = np.zeros(len(labels), bool)
    for label, count in enumerate(counts):
        is_test[_shuffled(np.flatnonzero(labels == label), random)[:count]] = True
    return is_test
