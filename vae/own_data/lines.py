"""The lines of a csv file, many at a time; where one is at fault, which it is and why."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
import pyarrow
import pyarrow.compute
from pyarrow.csv import ConvertOptions, ParseOptions, ReadOptions, open_csv

from vae.own_data.checks import LONGEST_NAME, OwnDataError, check_not_too_many, readable
from vae.own_data.levels import ALLOWED, are_levels
from vae.own_data.packed import opened
from vae.own_data.sizes import PIXELS
from vae.texts import quoted

LONGEST_LINE = 1_000_000  # bytes
BLOCK = 2_000_000  # bytes: pyarrow reads some dozen of them ahead
NUMBER = re.compile(r"[ \t]*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[ \t]*", re.IGNORECASE)
WIDTHS = f"allowed are {PIXELS} (the pixels) or {PIXELS + 1} (a label, too), parted by commas, semicolons or tabs"


class Layout(NamedTuple):
    """How a csv file is written: what parts its fields, how many there are, and the names in its header, or ()."""

    delimiter: str
    columns: int
    header: tuple[str, ...]

    @property
    def has_labels(self) -> bool:
        return self.columns > PIXELS

    @property
    def first_line(self) -> int:
        """The number of the first line with a picture."""
        return 2 if self.header else 1


class Part(NamedTuple):
    """Some lines: numbers (k, 784), or (k, 783) between a first and a last field, one of which is the label.

    read: the bytes of the file that are read by now.
    """

    numbers: np.ndarray
    first: pyarrow.Array | None
    last: pyarrow.Array | None
    read: int


def layout_of(file: Path) -> Layout:
    """How a file is written, by its first line; raises OwnDataError for one that is none of pictures."""
    with opened(file) as content, readable(file.name):
        line = content.readline(LONGEST_LINE)
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
        delimiter = max(",;\t", key=text.count)
        fields = tuple(field.strip() for field in next(csv.reader([text], delimiter=delimiter), ()))
    except UnicodeDecodeError as error:
        raise OwnDataError(file.name, "line 1 is no text in UTF-8, as a csv is") from error
    except csv.Error as error:
        raise OwnDataError(file.name, f"line 1 cannot be read ({error}); {WIDTHS}") from error
    if len(fields) not in (PIXELS, PIXELS + 1):
        raise OwnDataError(file.name, f"line 1 has {_fields(len(fields))}; {WIDTHS}")
    is_header = sum(map(is_level, fields)) < len(fields) / 2  # else it is a picture, perhaps with a fault
    return Layout(delimiter, len(fields), fields if is_header else ())


def is_level(field: str) -> bool:
    """Whether a field is a number from 0 to 255."""
    return bool(NUMBER.fullmatch(field)) and 0 <= float(field) <= 255


def parts_of(file: Path, layout: Layout) -> Iterator[Part]:
    """All lines, a thousand or so at a time; raises OwnDataError with the line and the column of the first fault."""
    done = 0
    with opened(file) as content, readable(file.name):
        packed = getattr(content, "fileobj", content)
        try:
            for batch in _batches(content, layout):
                part = _part(batch, layout, packed.tell())
                check_not_too_many(file.name, done + len(part.numbers))
                yield part
                done += len(part.numbers)
        except pyarrow.ArrowInvalid as error:
            inner = range(1, layout.columns - 1) if layout.has_labels else range(layout.columns)
            refuse_line(file, layout, done, inner, error)
        if not done:
            raise OwnDataError(file.name, "no lines with pictures; allowed is a picture in each line")


def _batches(content: io.BufferedIOBase, layout: Layout) -> Iterator[pyarrow.RecordBatch]:
    names = [str(column) for column in range(layout.columns)]
    types = dict.fromkeys(names, pyarrow.float32())
    if layout.has_labels:
        types[names[0]] = types[names[-1]] = pyarrow.string()
    return open_csv(
        content,
        ReadOptions(use_threads=False, block_size=BLOCK, column_names=names, skip_rows=layout.first_line - 1),
        ParseOptions(delimiter=layout.delimiter, ignore_empty_lines=False),
        ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True),
    )


def _part(batch: pyarrow.RecordBatch, layout: Layout, read: int) -> Part:
    """Lines of which each field is a level, except for both ends where one of them is a label."""
    if any(column.null_count for column in batch.columns):
        raise pyarrow.ArrowInvalid("a field is empty")
    ends = [batch.column(0), batch.column(batch.num_columns - 1)] if layout.has_labels else []
    if any(pyarrow.compute.max(pyarrow.compute.utf8_length(end)).as_py() > LONGEST_NAME for end in ends):
        raise pyarrow.ArrowInvalid("a label is too long")
    inner = batch.columns[1:-1] if layout.has_labels else batch.columns
    numbers = np.column_stack([column.to_numpy() for column in inner])
    if not are_levels(numbers):
        raise pyarrow.ArrowInvalid("a number is out of range")
    return Part(numbers, *(ends or (None, None)), read)


def refuse_line(file: Path, layout: Layout, done: int, pixels: range, error: Exception | None = None) -> NoReturn:
    """Raises OwnDataError with the first line that is at fault, after `done` pictures that are not.

    pixels: the columns, from 0 on, that have to be levels; what pyarrow says stands in where no fault is found.
    """
    first = done + layout.first_line
    with opened(file) as content, io.TextIOWrapper(content, "utf-8-sig", "replace", newline="") as text:
        for _ in range(first - 1):
            text.readline()
        for number, line in enumerate(iter(lambda: text.readline(LONGEST_LINE), ""), first):
            if what := _fault(line.rstrip("\r\n"), layout, pixels):
                raise OwnDataError(file.name, f"line {number}{what}") from error
    raise OwnDataError(file.name, f"no picture can be read from line {first} on ({error})") from error


def _fault(line: str, layout: Layout, pixels: range) -> str:
    """What is wrong with a line, to stand behind its number; "" for nothing."""
    if not line.strip():
        return " is empty; allowed is a picture in each line, and an end after the last"
    if "\N{REPLACEMENT CHARACTER}" in line:
        return " is no text in UTF-8, as a csv is"
    try:
        fields = next(csv.reader([line], delimiter=layout.delimiter))
    except csv.Error as error:
        return f" cannot be read ({error})"
    if len(fields) != layout.columns:
        return f" has {_fields(len(fields))}; the first line has {layout.columns}, and so must all"
    for column in pixels:
        if not is_level(fields[column]):
            return f", column {column + 1} is {quoted(fields[column])}; {ALLOWED}"
    for column in {0, layout.columns - 1} - set(pixels):
        if not 1 <= len(fields[column]) <= LONGEST_NAME:
            what = f"has {len(fields[column]):,} letters; allowed are labels of 1 to {LONGEST_NAME}"
            return f", column {column + 1} {what}"
    return ""


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count:,} fields"
