"""Files of the IDX format, in ones, twos and fours, and EMNIST's that lie on their side."""

import pytest

from tests.vae.own_data.makers import holds, scribbles, write_idx
from vae.own_data import OwnDataError, read

PICTURES, LABELS = scribbles(300)


@pytest.mark.parametrize("end", ["", ".gz"])
def test_four_files_are_two_halves(end, tmp_path):
    files = [
        write_idx(tmp_path / f"t10k-labels-idx1-ubyte{end}", LABELS[260:].astype("u1")),
        write_idx(tmp_path / f"train-images-idx3-ubyte{end}", PICTURES[:260]),
        write_idx(tmp_path / f"t10k-images-idx3-ubyte{end}", PICTURES[260:]),
        write_idx(tmp_path / f"train-labels-idx1-ubyte{end}", LABELS[:260].astype("u1")),
    ]
    dataset = read(files)
    assert holds(dataset, PICTURES, LABELS)
    assert len(dataset.train.levels) == 260 and len(dataset.test.levels) == 40


def test_pictures_alone_have_no_labels(tmp_path):
    dataset = read([write_idx(tmp_path / "train-images-idx3-ubyte", PICTURES)])
    assert holds(dataset, PICTURES) and dataset.names == ()


@pytest.mark.parametrize("transpose, swapped", [(None, True), (True, True), (False, False)])
def test_emnist_is_recognised_by_its_name_and_can_be_left(transpose, swapped, tmp_path):
    files = [
        write_idx(tmp_path / "emnist-letters-train-images-idx3-ubyte.gz", PICTURES),
        write_idx(tmp_path / "emnist-letters-train-labels-idx1-ubyte.gz", LABELS.astype("u1")),
    ]
    dataset = read(files, transpose=transpose)
    assert holds(dataset, PICTURES.transpose(0, 2, 1) if swapped else PICTURES, LABELS)
    said = [sentence for sentence in dataset.done if "Rows and columns" in sentence]
    assert len(said) == 1 and ("swapped" in said[0]) == swapped and "EMNIST" in said[0]
    assert "transpose" in dataset.offers


@pytest.mark.parametrize("transpose", [None, False, True])
def test_others_are_turned_only_when_somebody_wants_it(transpose, tmp_path):
    dataset = read([write_idx(tmp_path / "images", PICTURES)], transpose=transpose)
    assert holds(dataset, PICTURES.transpose(0, 2, 1) if transpose else PICTURES)
    assert ("Rows and columns were swapped." in dataset.done) == bool(transpose)


def test_what_does_not_fit_is_refused(tmp_path):
    images = write_idx(tmp_path / "images", PICTURES)
    for files, words in [
        ([write_idx(tmp_path / "labels", LABELS.astype("u1"))], "labels: no pictures"),
        ([images, write_idx(tmp_path / "labels", LABELS[:9].astype("u1"))], "labels does not fit the 300 pictures"),
        ([write_idx(tmp_path / name, PICTURES) for name in ("one", "two")], "one, two: which array holds the pictures"),
        ([write_idx(tmp_path / "none", PICTURES[:0])], "none: it says that it holds nothing"),
        ([write_idx(tmp_path / "minus", -PICTURES.astype(">i2"))], r"minus: picture 1 holds -\d+"),
    ]:
        with pytest.raises(OwnDataError, match=words):
            read(files)


@pytest.mark.parametrize("end", ["", ".gz"])
def test_a_file_that_is_cut_short_is_refused(end, tmp_path):
    file = write_idx(tmp_path / f"images{end}", PICTURES)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(OwnDataError, match=f"images{end}: it cannot be read: it is damaged or cut short"):
        read([file])
