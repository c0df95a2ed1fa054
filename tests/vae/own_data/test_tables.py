"""Tables with a picture a line: where the label is found, and which line is at fault."""

import gzip

import numpy as np
import pytest

from tests.vae.own_data.makers import holds, scribbles, write_csv
from vae.own_data import OwnDataError, read

PICTURES, LABELS = scribbles(240)
ROWS = PICTURES.reshape(-1, 784).tolist()
PIXELS = [f"pixel{number}" for number in range(784)]
FIRST = [[label, *row] for label, row in zip(LABELS, ROWS)]
LAST = [[*row, label] for label, row in zip(LABELS, ROWS)]
TEXTS = np.array(["b", "a", "c"])[LABELS]


@pytest.mark.parametrize(
    "lines, header, labels, said",
    [
        (ROWS, (), None, None),
        (ROWS, PIXELS, None, None),
        (ROWS, range(784), None, None),
        (FIRST, (), LABELS, "The first column was taken as the label."),
        (FIRST, ["label", *PIXELS], LABELS, "The first column was taken as the label: the header says so."),
        (FIRST, ["label", *range(784)], LABELS, "The first column was taken as the label: the header says so."),
        (FIRST, ["what", *PIXELS], LABELS, "The first column was taken as the label."),
        (LAST, (), LABELS, "The last column was taken as the label."),
        (LAST, [*PIXELS, "Class"], LABELS, "The last column was taken as the label: the header says so."),
        ([[text, *row] for text, row in zip(TEXTS, ROWS)], (), TEXTS, "The first column was taken as the label."),
        ([[*row, text] for text, row in zip(TEXTS, ROWS)], (), TEXTS, "The last column was taken as the label."),
        (
            [[f"{label}.0", *row] for label, row in zip(LABELS, ROWS)],
            (),
            LABELS,
            "The first column was taken as the label.",
        ),
    ],
)
def test_the_label_is_found_first_or_last_with_a_header_or_without(lines, header, labels, said, tmp_path):
    dataset = read([write_csv(tmp_path / "a.csv", lines, header)])
    assert holds(dataset, PICTURES, labels)
    assert [sentence for sentence in dataset.done if "column" in sentence] == ([said] if said else [])
    assert dataset.offers == ("transpose", "invert")


def test_where_both_ends_can_be_the_label_it_is_the_first_and_that_is_said(tmp_path):
    lines = [[*row[:-1], label % 2] for label, row in zip(LABELS, FIRST)]
    dataset = read([write_csv(tmp_path / "a.csv", lines)])
    assert dataset.names == ("0", "1", "2")
    assert "The first column was taken as the label; the last could be it, too." in dataset.done
    named = read([write_csv(tmp_path / "b.csv", lines, [*PIXELS, "label"])])
    assert named.names == ("0", "1")


def test_two_tables_are_two_halves(tmp_path):
    train, test = write_csv(tmp_path / "my_train.csv", FIRST[:200]), write_csv(tmp_path / "my_test.csv.gz", FIRST[200:])
    dataset = read([test, train])
    assert holds(dataset, PICTURES, LABELS)
    assert len(dataset.train.levels) == 200 and len(dataset.test.levels) == 40
    with pytest.raises(OwnDataError, match=r"my_train.csv, my_train.csv: allowed are one csv, or two"):
        read([train, train])


def test_numbers_up_to_one_are_levels_and_so_is_the_pixel_at_the_end(tmp_path):
    lines = np.round(np.array(ROWS) / 255, 6)
    lines[:, -1] = np.arange(240) % 2 / 2
    dataset = read([write_csv(tmp_path / "a.csv", [[label, *row] for label, row in zip(TEXTS, lines.tolist())])])
    wanted = PICTURES.copy()
    wanted[:, 27, 27] = np.arange(240) % 2 * 128
    assert holds(dataset, wanted, TEXTS)
    lines[7, -1] = 3
    with pytest.raises(OwnDataError, match=r"b.csv: column 785 holds 3.0, and no other pixel is above 1"):
        read([write_csv(tmp_path / "b.csv", [[label, *row] for label, row in zip(TEXTS, lines.tolist())])])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_marks_of_other_systems_are_read(end, mark, tmp_path):
    text = end.join(",".join(map(str, line)) for line in FIRST)
    (tmp_path / "a.csv").write_bytes(mark + text.encode())
    assert holds(read([tmp_path / "a.csv"]), PICTURES, LABELS)


def changed(row: int, column: int, value) -> list[list]:
    lines = [list(line) for line in FIRST]
    lines[row][column] = value
    return lines


@pytest.mark.parametrize("header, at_a_time", [((), 30_000), (["label", *PIXELS], 2_000_000)], ids=["parts", "header"])
@pytest.mark.parametrize(
    "column, value, words",
    [
        (5, "x", ", column 6 is 'x'; allowed are numbers from 0 to 1, or levels from 0 to 255"),
        (5, "", ", column 6 is ''"),
        (5, "256", ", column 6 is '256'"),
        (5, "-1", ", column 6 is '-1'"),
        (5, "nan", ", column 6 is 'nan'"),
        (5, "inf", ", column 6 is 'inf'"),
        (5, "1_0", ", column 6 is '1_0'"),
        (5, "<b>", ", column 6 is '<b>'"),
        (784, "x", ", column 785 is 'x'"),
        (784, "256", ", column 785 is '256'"),
        (0, "", ", column 1 has 0 letters; allowed are labels of 1 to 60"),
        (0, "b" * 61, ", column 1 has 61 letters"),
    ],
)
def test_a_field_at_fault_is_named_by_line_and_column(header, at_a_time, column, value, words, monkeypatch, tmp_path):
    monkeypatch.setattr("vae.own_data.lines.BLOCK", at_a_time)
    file = write_csv(tmp_path / "a.csv", changed(234, column, value), header)
    with pytest.raises(OwnDataError, match=f"^a.csv: line {236 if header else 235}{words}"):
        read([file])


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize(
    "line, words",
    [
        (b"", " is empty"),
        (b"1,2,3", " has 3 fields; the first line has 785, and so must all"),
        (b"1" + b",0" * 785, " has 786 fields"),
        (b"\xff" + b",0" * 784, " is no text in UTF-8"),
        (b'"1' + b",0" * 784, " has 1 field;"),
    ],
    ids=["empty", "short", "long", "no text", "open quote"],
)
def test_a_line_at_fault_is_named_by_its_number(line, words, end, tmp_path):
    file = write_csv(tmp_path / f"a.csv{end}", FIRST)
    lines = write_csv(tmp_path / "plain.csv", FIRST).read_bytes().splitlines()
    lines[199] = line
    data = b"\n".join(lines) + b"\n"
    file.write_bytes(gzip.compress(data, 1) if end else data)
    with pytest.raises(OwnDataError, match=f"^a.csv{end}: line 200{words}"):
        read([file])


@pytest.mark.parametrize(
    "lines, words",
    [
        ([row[:783] for row in ROWS], r"line 1 has 783 fields; allowed are 784 \(the pixels\) or 785"),
        ([[number, *row] for number, row in enumerate(ROWS)], "neither the first nor the last column can be labels"),
        ([[7, *row] for row in ROWS], "neither the first nor the last column can be labels"),
        (FIRST[:150], "150 pictures, but at least 200"),
        ([], "no file of a kind that is known"),
        ([["label", *PIXELS]], "no lines with pictures"),
    ],
)
def test_tables_of_other_things_are_refused(lines, words, tmp_path):
    with pytest.raises(OwnDataError, match=f"^a.csv: {words}"):
        read([write_csv(tmp_path / "a.csv", lines)])


def test_a_table_that_never_ends_is_given_up(monkeypatch, tmp_path):
    file = write_csv(tmp_path / "a.csv.gz", FIRST)
    monkeypatch.setattr("vae.own_data.checks.MOST", 239)
    with pytest.raises(OwnDataError, match=r"a.csv.gz: more than 239 pictures"):
        read([file])


def test_a_packed_table_that_is_cut_short_is_refused(tmp_path):
    file = write_csv(tmp_path / "a.csv.gz", FIRST)
    file.write_bytes(file.read_bytes()[:-1_000])
    with pytest.raises(OwnDataError, match=r"a.csv.gz: it cannot be read: it is damaged or cut short"):
        read([file])
