"""From labels as files have them to numbers of classes and their names."""

import re

import numpy as np

from vae.own_data.checks import FEWEST_OF_A_CLASS, LONGEST_NAME, MOST_CLASSES, OwnDataError, pictures
from vae.own_data.pictures import Heap
from vae.texts import quoted


def plain(labels: np.ndarray, place: str) -> np.ndarray:
    """Labels (n,), (n, 1) or one-hot (n, k) as (n,) int64 or text; raises OwnDataError for what is neither."""
    if labels.ndim == 2 and labels.shape[1] > 1:
        return _of_one_hot(labels, place)
    labels = labels.reshape(-1)
    if labels.dtype.kind in "SU":
        return _texts(labels, place)
    with np.errstate(invalid="ignore"):  # no number, or one too large: another one comes out
        whole = labels.astype(np.int64)
    if (wrong := whole != labels).any():
        first = int(wrong.argmax())
        raise OwnDataError(place, f"label {first + 1} is {labels[first]}; allowed are whole numbers and texts")
    return whole


def _of_one_hot(labels: np.ndarray, place: str) -> np.ndarray:
    if labels.dtype.kind in "SU":
        raise OwnDataError(place, f"{labels.shape[1]} texts for each picture; one label for each is allowed")
    is_one_hot = ((labels == 0) | (labels == 1)).all(1) & (labels.sum(1) == 1)
    if not is_one_hot.all():
        raise OwnDataError(
            place,
            f"row {int(is_one_hot.argmin()) + 1} of its {labels.shape[1]} columns is not one 1 among 0s; allowed is one"
            " label for each picture, or one column for each class",
        )
    return labels.argmax(1)


def _texts(labels: np.ndarray, place: str) -> np.ndarray:
    if labels.dtype.kind == "S":
        try:
            labels = np.char.decode(labels, "utf-8")
        except UnicodeDecodeError as error:
            raise OwnDataError(place, "a label is no UTF-8 text") from error
    labels = np.char.strip(labels)
    for name in np.unique(labels):
        if not name or len(name) > LONGEST_NAME or not str(name).isprintable():
            first = int((labels == name).argmax()) + 1
            what = f"label {first} is {quoted(str(name))}; allowed are texts of 1 to {LONGEST_NAME} letters that can be"
            raise OwnDataError(place, f"{what} printed")
    return labels


def number(heaps: list[Heap]) -> tuple[list[np.ndarray], tuple[str, ...]]:
    """The labels (n,) int64 of each heap, from 0 on, and the classes' names: numbers by size, texts as one counts.

    All are 0, and there are no names, where there are no labels. Raises OwnDataError where only some heaps have labels,
    and for too few or too many classes, or pictures of a class.
    """
    if len(bare := [heap for heap in heaps if heap.labels is None]) == len(heaps):
        return [np.zeros(len(heap.levels), np.int64) for heap in heaps], ()
    if bare:
        raise OwnDataError(bare[0].name, "no labels, which the others have; allowed are labels for all or for none")
    together = np.concatenate([heap.labels for heap in heaps])  # text where some are
    values, numbers = np.unique(together, return_inverse=True)
    if values.dtype.kind == "U":
        order = sorted(range(len(values)), key=lambda place: natural(values[place]))
        numbers, values = np.argsort(order)[numbers], values[order]
    names = tuple(str(value) for value in values)
    _check_classes(heaps[0].name, names, np.bincount(numbers, minlength=len(names)))
    _check_both_have_all(heaps, names, numbers)
    ends = np.cumsum([len(heap.levels) for heap in heaps])
    return np.split(numbers.astype(np.int64), ends[:-1]), names


def natural(text: str) -> tuple:
    """A key that sorts texts as one counts: 2 before 10."""
    parts = re.split(r"(\d+)", text.casefold())
    return tuple((part, 0) if at % 2 == 0 else ("", int(part)) for at, part in enumerate(parts)), text


def _check_classes(place: str, names: tuple[str, ...], counts: np.ndarray) -> None:
    if len(names) < 2:
        raise OwnDataError(place, f"all labels are {quoted(names[0])}; at least 2 classes are needed, or no labels")
    if len(names) > MOST_CLASSES:
        some = f"{quoted(names[0])}, {quoted(names[1])}, …"
        raise OwnDataError(place, f"{len(names):,} classes ({some}), but at most {MOST_CLASSES} are allowed")
    if (counts < FEWEST_OF_A_CLASS).any():
        rare = names[int((counts < FEWEST_OF_A_CLASS).argmax())]
        what = (
            f"the class {quoted(rare)} has {pictures(1)}; each class needs at least {FEWEST_OF_A_CLASS}: one to train"
        )
        raise OwnDataError(place, f"{what} with, and one to test with")


def _check_both_have_all(heaps: list[Heap], names: tuple[str, ...], numbers: np.ndarray) -> None:
    """Refuses halves of which one has classes that the other has not."""
    tests = np.repeat([heap.half == "test" for heap in heaps], [len(heap.levels) for heap in heaps])
    if tests.all() or not tests.any():
        return
    for half, mine, others in (("training", ~tests, tests), ("test", tests, ~tests)):
        if len(missing := np.setdiff1d(numbers[others], numbers[mine])):
            place = next(heap.name for heap in heaps if (heap.half == "test") == (half == "test"))
            what = f"no picture of the class {quoted(names[missing[0]])} in the {half} half"
            raise OwnDataError(place, f"{what}; each half needs all classes")
