"""Drawings that a class, or one browser, collects with a label each: own pictures are made of them.

A drawing is a file in a folder of its label, in a folder of the code under which it was collected.
"""

import re
import time

import numpy as np

from pages.classroom.classes import Refused
from pages.shared.address import OWN_DIGIT, levels_of
from vae.datasets import PIXELS
from vae.runs.files import Files, SpoiledFile
from vae.runs.layers import COLLECTED

CODE = re.compile("[A-Z]{5}", re.ASCII)
LONGEST = 20  # letters of a label
MOST_LABELS, MOST_OF_A_LABEL, MOST_CODES = 50, 400, 200  # of 784 bytes each: 3 GB if all of them were full
LASTS = 7 * 86_400  # seconds since the last drawing of a collection that need not make way for another one


def add(files: Files, code: str, label: str, packed: str) -> tuple[int, int]:
    """Keeps a drawing; how many there are with its label now, and in all. Raises Refused, in words.

    packed: its 784 pixels in 16 levels as text.
    """
    label = " ".join(label.split())
    if not 1 <= len(label) <= LONGEST or not label.isprintable():
        raise Refused(f"A label has 1 to {LONGEST} letters: type what you have drawn.")
    if not CODE.fullmatch(code) or not OWN_DIGIT.fullmatch(f"own-{packed}"):
        raise Refused("This is no drawing.")
    counts = counted(files, code)
    if not counts:
        _make_room(files)
    if label not in counts and len(counts) >= MOST_LABELS:
        raise Refused(f"There are {MOST_LABELS} labels in {code}, which is as many as it holds.")
    if counts.get(label, 0) >= MOST_OF_A_LABEL:
        raise Refused(f"There are {MOST_OF_A_LABEL:,} drawings of this label in {code}, which is as many as it holds.")
    levels = levels_of(packed)
    if not levels.any():
        raise Refused("The sheet is empty: draw something first.")
    files.write(f"{COLLECTED}/{code}/{label.encode().hex()}/{time.time_ns()}", levels.tobytes())
    return counts.get(label, 0) + 1, sum(counts.values()) + 1


def counted(files: Files, code: str) -> dict[str, int]:
    """How many drawings there are under a code, by label."""
    place = f"{COLLECTED}/{code}"
    return {bytes.fromhex(name).decode(): len(files.files(f"{place}/{name}")) for name in sorted(files.folders(place))}


def collected(files: Files, code: str, wanted: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The drawings of some labels under a code: levels (n, 784) uint8, labels (n,) of text, in the order of drawing."""
    levels, labels = [], []
    for label in wanted:
        place = f"{COLLECTED}/{code}/{label.encode().hex()}"
        for name in sorted(files.files(place)):
            try:
                content = files.read(f"{place}/{name}", PIXELS)
            except (FileNotFoundError, SpoiledFile):
                continue
            if len(content) == PIXELS:
                levels.append(np.frombuffer(content, np.uint8))
                labels.append(label)
    return np.array(levels, np.uint8).reshape(-1, PIXELS), np.array(labels, dtype=str)


def _make_room(files: Files) -> None:
    """For another collection; where there are very many, those make way in which nobody has drawn for a week."""
    codes = files.folders(COLLECTED)
    if len(codes) < MOST_CODES:
        return
    old = [code for code in codes if time.time() - _last(files, code) > LASTS]
    for code in old:
        files.delete(f"{COLLECTED}/{code}")
    if not old:
        raise Refused(f"Drawings are collected under {MOST_CODES} codes here, which is as many as this server holds.")


def _last(files: Files, code: str) -> float:
    """When somebody last drew for a collection, seconds since 1970."""
    place = f"{COLLECTED}/{code}"
    times = [int(name) for label in files.folders(place) for name in files.files(f"{place}/{label}")]
    return max(times, default=0) / 1e9
