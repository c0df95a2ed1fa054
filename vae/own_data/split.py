"""Which pictures a model is trained on and which it is tested with: as files say, or by a fixed rule."""

import numpy as np

from vae.own_data.checks import FEWEST_TO_TEST, OwnDataError, pictures

SEED = 28
ONE_IN = 6  # as MNIST: 10,000 of 60,000 and 10,000 about
MOST_TO_TEST = 10_000


def split(labels: np.ndarray, is_test: np.ndarray, place: str) -> tuple[np.ndarray, np.ndarray, str]:
    """The indices of both halves, shuffled so that the first of each are a fair mix, and what was done, in words.

    labels: (n,) int64; is_test: (n,) bool, where the files say so, which counts where they name both halves. The same
    labels always give the same halves. Raises OwnDataError for too small a test half.
    """
    random = np.random.Generator(np.random.PCG64(SEED))
    is_given = is_test.any() and not is_test.all()
    if is_given:
        if (count := int(is_test.sum())) < FEWEST_TO_TEST:
            raise OwnDataError(place, f"{pictures(count)} to test with, but at least {FEWEST_TO_TEST} are needed")
    else:
        is_test = _drawn(labels, random)
    train, test = (random.permutation(np.flatnonzero(half)) for half in (~is_test, is_test))
    return train, test, f"{len(train):,} to train with and {len(test):,} to test with, {_rule(labels, is_given)}."


def _rule(labels: np.ndarray, is_given: bool) -> str:
    if is_given:
        return "as given"
    part = "one in six" if len(labels) <= ONE_IN * MOST_TO_TEST else f"{MOST_TO_TEST:,}"
    return f"by a fixed rule: {part} to test with{', of each class its part' if labels.any() else ''}"


def _drawn(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One in six of each class, at least one, and at most 10,000 in all: (n,) bool."""
    sizes = np.bincount(labels)
    counts = np.maximum(sizes * MOST_TO_TEST // max(len(labels), ONE_IN * MOST_TO_TEST), np.minimum(sizes, 1))
    while counts.sum() > MOST_TO_TEST:
        counts[counts.argmax()] -= 1
    is_test = np.zeros(len(labels), bool)
    for label, count in enumerate(counts):
        is_test[random.permutation(np.flatnonzero(labels == label))[:count]] = True
    return is_test
