"""Pictures from arrays, a part at a time: heaps of levels, and what was done to them."""

from collections.abc import Callable
from itertools import chain

import numpy as np

from vae.own_data.arrays import Stored, chunks, in_any_order, whole
from vae.own_data.checks import check_count, some
from vae.own_data.greys import COLOURS, SEEN_THROUGH, grey
from vae.own_data.labels import plain
from vae.own_data.levels import FROM_ONE, check_levels, end_at_one, to_levels
from vae.own_data.pairing import Pair, has_colours_last, pairs_of
from vae.own_data.pictures import Found, Heap
from vae.own_data.sizes import PIXELS, SIDE, fit, words_of_size


def read_arrays(place: str, stored: list[Stored], on_progress: Callable[[float], None]) -> Found:
    """All pictures of some arrays that belong together, with their labels."""
    pairs = pairs_of(place, stored)
    total = sum(pair.pictures.shape[0] for pair in pairs)
    check_count(place, total)
    ends_at_one = end_at_one(chain.from_iterable(in_any_order(pair.pictures) for pair in pairs))
    heaps, before = [], 0
    for pair in pairs:
        known = None if pair.labels is None else plain(whole(pair.labels), pair.labels.place)
        levels = np.empty((pair.pictures.shape[0], PIXELS), np.uint8)
        _fill(levels, pair.pictures, ends_at_one, lambda done, before=before: on_progress((before + done) / total))
        heaps.append(Heap(pair.pictures.place, pair.half, levels, known))
        before += len(levels)
    return Found(heaps, _done(pairs, stored, ends_at_one), may_lie=True)


def _fill(levels: np.ndarray, pictures: Stored, ends_at_one: bool, on_done: Callable[[int], None]) -> None:
    """Reads pictures into levels (n, 784)."""
    done = 0
    for chunk in chunks(pictures):
        check_levels(chunk, pictures.place, done)
        if chunk.ndim == 2:
            chunk = chunk.reshape(-1, SIDE, SIDE)
        elif chunk.ndim == 4 and not has_colours_last(chunk.shape):
            chunk = np.moveaxis(chunk, 1, 3)
        levels[done : done + len(chunk)] = fit(grey(to_levels(chunk, ends_at_one)))
        done += len(chunk)
        on_done(done)


def _done(pairs: list[Pair], stored: list[Stored], ends_at_one: bool) -> list[str]:
    done = [_size(pair.pictures.shape) for pair in pairs] + [_colours(pair.pictures.shape) for pair in pairs]
    if ends_at_one:
        done.append(FROM_ONE)
    used = {array for pair in pairs for array in pair[1:]}
    if left := [array.key for array in stored if array not in used]:
        done.append(f"Left out: {some(left, 3)}.")
    return list(dict.fromkeys(filter(None, done)))


def _size(shape: tuple[int, ...]) -> str:
    if len(shape) == 2:
        return ""
    high, wide = shape[2:] if len(shape) == 4 and not has_colours_last(shape) else shape[1:3]
    return words_of_size({(high, wide)})


def _colours(shape: tuple[int, ...]) -> str:
    channels = (shape[3] if has_colours_last(shape) else shape[1]) if len(shape) == 4 else 1
    return {3: COLOURS, 4: f"{COLOURS} {SEEN_THROUGH}"}.get(channels, "")
