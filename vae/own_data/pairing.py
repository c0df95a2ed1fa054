"""Which of some arrays are pictures and which their labels, and of which half: by their names and shapes."""

import re
from typing import NamedTuple

from vae.own_data.arrays import Stored
from vae.own_data.checks import LONGEST_SIDE, MOST_CLASSES, SHORTEST_SIDE, OwnDataError
from vae.own_data.sizes import PIXELS

_BEGIN, _END = "(?<![a-z])", "(?![a-z])"
_HALF = re.compile(
    f"{_BEGIN}[xy]?(?P<train>train)|{_BEGIN}[xy]?(?P<test>test|t10k)|{_BEGIN}[xy]?(?P<val>val(id(ation)?)?){_END}"
)
_LABELS = re.compile(f"label|target|class|{_BEGIN}y({_END}|(?=train|test|val))")
_PICTURES = re.compile(f"image|img|picture|pixel|digit|{_BEGIN}x({_END}|(?=train|test|val))")
SHAPES = "(n, 28, 28), (n, 784), (n, h, w), or (n, h, w, 1, 3 or 4) with colours, or those in front: (n, 1 or 3, h, w)"
NUMBERS, LABELS = "biuf", "biufSU"  # kinds of numpy's types
LONGEST_TEXT = {"S": 100, "U": 400}  # bytes of a label: all of them at once are in the memory


class Pair(NamedTuple):
    """Pictures, their labels if there are any, and the half that their name says."""

    half: str
    pictures: Stored
    labels: Stored | None


def half_of(name: str) -> str:
    """The half that a name speaks of: "train", "test", "val", or "" for none of them or several."""
    spaced = re.sub("(?<=[a-z])(?=[A-Z])", " ", name).lower()
    said = {match.lastgroup or "val" for match in _HALF.finditer(spaced)}
    return said.pop() if len(said) == 1 else ""


def pairs_of(place: str, arrays: list[Stored]) -> list[Pair]:
    """All pictures with their labels; raises OwnDataError, with what was found, where that cannot be told."""
    pictures = [array for array in arrays if are_pictures(array)]
    if not pictures:
        raise OwnDataError(place, f"no pictures, which have one of the shapes {SHAPES}{_found(arrays)}")
    if len(pictures) > 1 and (said := [array for array in pictures if _PICTURES.search(_words(array))]):
        pictures = said
    halves = [half_of(array.key) if len(pictures) > 1 else "" for array in pictures]
    if len(set(halves)) < len(halves):
        what = "which array holds the pictures cannot be told; name one images, or two train_images and test_images"
        raise OwnDataError(place, f"{what}{_found(arrays)}")
    others = [array for array in arrays if array not in pictures]
    found = [Pair(name, array, _labels(place, array, others, name)) for name, array in zip(halves, pictures)]
    return sorted(found, key=lambda pair: ("", "train", "val", "test").index(pair.half))


def are_pictures(array: Stored) -> bool:
    """Whether an array has the shape and type of pictures."""
    shape = array.shape
    if array.dtype.kind not in NUMBERS or array.dtype.itemsize > 8 or not 2 <= len(shape) <= 4:
        return False
    if len(shape) == 2:
        return shape[1] == PIXELS
    if len(shape) == 4 and not has_colours_last(shape) and shape[1] not in (1, 3):
        return False
    sides = shape[1:3] if len(shape) == 3 or has_colours_last(shape) else shape[2:]
    return all(SHORTEST_SIDE <= side <= LONGEST_SIDE for side in sides)


def has_colours_last(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[3] in (1, 3, 4)


def _labels(place: str, pictures: Stored, others: list[Stored], of_half: str) -> Stored | None:
    """The labels of some pictures among the other arrays; None if there are none."""
    own = [array for array in others if not of_half or half_of(array.key) == of_half]
    fitting = [array for array in own if _could_be_labels(array) and array.shape[0] == pictures.shape[0]]
    if len(fitting) > 1:
        fitting = [array for array in fitting if _LABELS.search(_words(array))]
        if len(fitting) != 1:
            what = f"which array holds the labels of {pictures.key} cannot be told; name one labels"
            raise OwnDataError(place, f"{what}{_found(own)}")
    if not fitting and (wrong := [array for array in own if _LABELS.search(_words(array))]):
        what = f"{wrong[0].key} does not fit the {pictures.shape[0]:,} pictures of {pictures.key}; allowed are"
        raise OwnDataError(place, f"{what} labels (n,), (n, 1), or a column for each class{_found(wrong[:1])}")
    return fitting[0] if fitting else None


def _could_be_labels(array: Stored) -> bool:
    if array.dtype.kind not in LABELS or not 0 < array.dtype.itemsize <= LONGEST_TEXT.get(array.dtype.kind, 400):
        return False
    return len(array.shape) == 1 or (len(array.shape) == 2 and 1 <= array.shape[1] <= MOST_CLASSES)


def _words(array: Stored) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", " ", array.key).lower()


def _found(arrays: list[Stored]) -> str:
    return f". Found: {'; '.join(map(str, arrays[:12])) or 'nothing'}{' …' if len(arrays) > 12 else ''}"
