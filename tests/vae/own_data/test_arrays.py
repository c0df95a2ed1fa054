"""Arrays are found by name and shape, read whatever their order, and never unpickled."""

import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from tests.vae.own_data.makers import holds, scribbles, write_npy, write_npz
from vae.own_data import OwnDataError, read
from vae.own_data.arrays import chunks, of_npy

PICTURES, LABELS = scribbles(300)


class Trap:
    """What leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("key", ["x", "y", "other"])
def test_nothing_is_unpickled(key, tmp_path):
    trap = np.array([Trap(tmp_path / "mark")] * 300, object)
    file = write_npz(tmp_path / "a.npz", **{"x": PICTURES, "y": LABELS, key: trap})
    with pytest.raises(OwnDataError, match=rf"a.npz: {key}.npy: holds objects.*nothing is unpickled"):
        read([file])
    np.save(tmp_path / "a.npy", trap, allow_pickle=True)
    with pytest.raises(OwnDataError, match=r"a\.npy: holds objects"):
        read([tmp_path / "a.npy"])
    assert not (tmp_path / "mark").exists()
    np.load(tmp_path / "a.npy", allow_pickle=True)
    assert (tmp_path / "mark").exists()  # so the trap is one


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("xTrain", "yTrain", "xTest", "yTest"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("trainX", "trainY", "testX", "testY"),
        ("training_images", "training_labels", "testing_images", "testing_labels"),
    ],
)
def test_halves_are_taken_as_given(names, tmp_path):
    arrays = dict(zip(names, (PICTURES[:150], LABELS[:150], PICTURES[150:], LABELS[150:])))
    dataset = read([write_npz(tmp_path / "a.npz", **arrays)])
    assert sorted(map(bytes, dataset.train.levels)) == sorted(map(bytes, PICTURES[:150].reshape(-1, 784)))
    assert holds(dataset, PICTURES, LABELS)
    assert dataset.done[-1] == "150 to train with and 150 to test with, as given."


def test_the_validation_pictures_of_medmnist_are_trained_with(tmp_path):
    parts = {"train": slice(200), "val": slice(200, 260), "test": slice(260, 300)}
    arrays = {f"{name}_images": PICTURES[part] for name, part in parts.items()}
    arrays |= {f"{name}_labels": LABELS[part, None].astype(np.uint8) for name, part in parts.items()}
    dataset = read([write_npz(tmp_path / "a.npz", **arrays)])
    assert len(dataset.train.levels) == 260 and len(dataset.test.levels) == 40
    assert holds(dataset, PICTURES, LABELS)


def test_one_half_alone_is_split_by_the_rule(tmp_path):
    dataset = read([write_npz(tmp_path / "a.npz", train_images=PICTURES, train_labels=LABELS, mean=PICTURES[0])])
    assert len(dataset.test.levels) == 48  # 16 of each 100
    assert "Left out: mean." in dataset.done


@pytest.mark.parametrize(
    "labels, names",
    [
        (LABELS, ("0", "1", "2")),
        (LABELS == 1, ("0", "1")),
        (LABELS * 10.0 - 5, ("-5", "5", "15")),
        (np.eye(3, dtype=bool)[LABELS], ("0", "1", "2")),
        (np.array(["b 10", "b 9", " a "])[LABELS], ("a", "b 9", "b 10")),
        (np.array([b"x", "é".encode(), b"z"])[LABELS], ("x", "z", "é")),
    ],
)
def test_labels_may_be_numbers_texts_or_one_hot(labels, names, tmp_path):
    dataset = read([write_npz(tmp_path / "a.npz", images=PICTURES, labels=labels)])
    assert dataset.names == names
    assert dataset.done[-2] == f"{len(names)} classes: {', '.join(names)}."


@pytest.mark.parametrize(
    "arrays, words",
    [
        ({"z": np.zeros((300, 785))}, r"a.npz: no pictures.*Found: z \(300, 785\) float64"),
        ({"z": np.zeros((300, 28, 28, 28), "u1")}, r"no pictures.*\(300, 28, 28, 28\) uint8"),
        ({"z": np.zeros((300, 3, 3), "u1")}, "no pictures"),
        ({"z": np.zeros((300, 28, 28), complex)}, "no pictures.*complex128"),
        ({"z": np.zeros((), "u1")}, r"no pictures.*z \(\) uint8"),
        ({"a": PICTURES, "b": PICTURES}, r"which array holds the pictures cannot be told.*Found: a .*; b "),
        ({"images": PICTURES, "a": LABELS, "b": LABELS}, "which array holds the labels of images cannot be told"),
        ({"images": PICTURES, "labels": LABELS[1:]}, r"labels does not fit the 300 pictures of images.*\(299,\)"),
        ({"images": PICTURES, "labels": np.full(300, "")}, "labels does not fit|label 1 is ''"),
        ({"images": PICTURES, "labels": np.ones((300, 3))}, "row 1 of its 3 columns is not one 1 among 0s"),
        ({"images": PICTURES, "labels": LABELS + 0.5}, "a.npz: labels.npy: label 1 is 0.5; allowed are whole numbers"),
        ({"images": PICTURES, "labels": np.where(LABELS, 1, np.nan)}, "label 1 is nan"),
        ({"images": PICTURES, "labels": LABELS * 0}, "all labels are '0'; at least 2 classes"),
        ({"images": PICTURES, "labels": np.arange(300)}, r"300 classes \('0', '1', …\), but at most 100"),
        (
            {"images": PICTURES, "labels": np.arange(300) < 1},
            "the class '1' has 1 picture; each class needs at",
        ),
        (
            {"images": PICTURES, "labels": np.array(["a", "", "b"])[LABELS]},
            "label 2 is ''; allowed are texts of 1",
        ),
        ({"images": PICTURES, "labels": np.array(["a", "b" * 61])[LABELS % 2]}, "label 2 is 'bbb"),
        ({"images": PICTURES, "labels": np.array([b"a", b"\xff"])[LABELS % 2]}, "a label is no UTF-8 text"),
        (
            {"x_train": PICTURES, "y_train": LABELS, "x_test": PICTURES[:19], "y_test": LABELS[:19]},
            "19 pictures to test with, but at least 20",
        ),
        (
            {"x_train": PICTURES, "y_train": LABELS, "x_test": PICTURES, "y_test": LABELS + 1},
            "no picture of the class '3' in the training half; each half needs all classes",
        ),
        ({"x_train": PICTURES, "y_train": LABELS, "x_test": PICTURES}, "x_test.npy: no labels, which the others have"),
    ],
)
def test_what_cannot_be_told_or_taken_is_refused_with_what_was_found(arrays, words, tmp_path):
    with pytest.raises(OwnDataError, match=words):
        read([write_npz(tmp_path / "a.npz", **arrays)])


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0, 255.5, 1e9])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_out_of_range_are_refused_with_their_picture(value, order, tmp_path):
    numbers = np.asarray(PICTURES, np.float64, order=order)
    numbers[123, 4, 5] = value
    with pytest.raises(OwnDataError, match=rf"a.npy: picture 124 holds {value}; allowed are numbers from 0 to 1, or"):
        read([write_npy(tmp_path / "a.npy", numbers)])


@pytest.mark.parametrize("dtype", ["?", "u1", "i4", "f4", "f8"])
def test_numbers_up_to_one_are_levels_up_to_255(dtype, tmp_path):
    dataset = read([write_npy(tmp_path / "a.npy", (PICTURES > 99).astype(dtype))])
    assert holds(dataset, (PICTURES > 99) * np.uint8(255))
    assert "Numbers from 0 to 1 were taken as levels from 0 to 255." in dataset.done


def test_one_number_above_one_makes_levels_of_all(tmp_path):
    train, test = (PICTURES[:200] > 99).astype("f4"), PICTURES[200:].astype("f4")
    dataset = read([write_npz(tmp_path / "a.npz", x_train=train, x_test=test)])
    assert dataset.train.levels.max() == 1 and dataset.test.levels.max() == 255


@pytest.mark.parametrize("bytes_at_a_time", [1, 5_000, 100_000])
@pytest.mark.parametrize("shape", [(7, 5, 4), (13, 2, 3, 3), (11, 6), (9,)])
def test_an_array_is_read_in_parts_whatever_its_order(shape, bytes_at_a_time, monkeypatch, tmp_path):
    monkeypatch.setattr("vae.own_data.arrays.CHUNK", bytes_at_a_time // 10 + 1)
    monkeypatch.setattr("vae.own_data.arrays.GROUP", bytes_at_a_time)
    whole = np.random.default_rng(0).normal(size=shape)
    for order in "CF":
        file = write_npy(tmp_path / f"{order}.npy", np.asarray(whole, ">f4", order=order))
        assert np.array_equal(np.concatenate(list(chunks(of_npy(file)))), whole.astype("f4"))


def test_an_array_that_is_cut_short_or_too_long_is_refused(tmp_path):
    for order in "CF":
        data = write_npy(tmp_path / "a.npy", np.asarray(PICTURES, order=order)).read_bytes()
        for changed, words in [(data[:-1], "1 bytes are missing"), (data + b"\0", "holds more bytes than it says")]:
            (tmp_path / "a.npy").write_bytes(changed)
            with pytest.raises(OwnDataError, match=f"a.npy: .*{words}"):
                read([tmp_path / "a.npy"])


def test_a_damaged_entry_of_an_npz_is_refused(tmp_path):
    file = write_npz(tmp_path / "a.npz", x=PICTURES)
    data = bytearray(file.read_bytes())
    data[5_000] ^= 255
    file.write_bytes(data)
    with pytest.raises(OwnDataError, match=r"a\.npz: x\.npy: it cannot be read: it is damaged.*CRC"):
        read([file])


def says(shape: str, more: str = "") -> bytes:
    """The beginning of an .npy file that says it has a shape."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}{more}\n".encode()
    return b"\x93NUMPY\2\0" + struct.pack("<I", len(text)) + text


@pytest.mark.parametrize(
    "data, words",
    [
        (says("(200000, 2000, 2000)"), "800,000,000,000 bytes once unpacked, but at most"),
        (says("(-9, 28, 28)"), r"says that its shape is \(-9, 28, 28\)"),
        (says("(300, 28, 28)", " " * 11_000), "what it says at its beginning cannot be read"),
        (says("(300, 28, 28)").replace(b"'|u1'", b"'<U0'"), "no pictures"),
    ],
)
def test_what_an_array_says_of_itself_is_not_believed(data, words, tmp_path):
    (tmp_path / "a.npy").write_bytes(data)
    with pytest.raises(OwnDataError, match=rf"a\.npy: {words}"):
        read([tmp_path / "a.npy"])


def test_a_beginning_that_never_ends_does_not_fill_the_memory(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("x.npy", b"\x93NUMPY\2\0" + struct.pack("<I", 50_000_000) + bytes(50_000_000))
    tracemalloc.start()
    with pytest.raises(OwnDataError, match=r"a\.npz: x\.npy: what it says at its beginning cannot be read"):
        read([tmp_path / "a.npz"])
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_may_fill_the_memory_are_refused(packing, tmp_path):
    array = write_npy(tmp_path / "a.npy", PICTURES)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", packing) as whole:
        whole.write(array, "x.npy")
    with pytest.raises(OwnDataError, match=r"a\.npz: x\.npy is packed in an unusual way; allowed are deflate"):
        read([tmp_path / "a.npz"])


def test_an_entry_may_be_longer_than_the_list_of_entries(monkeypatch, tmp_path):
    monkeypatch.setattr("vae.own_data.packed.MOST_OF_A_LIST", 10_000)
    assert holds(read([write_npz(tmp_path / "a.npz", x=PICTURES)]), PICTURES)
