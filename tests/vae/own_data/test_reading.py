"""The same pictures come out whatever the kind of file; what is no file of pictures is refused."""

import numpy as np
import pytest

from tests.vae.own_data.makers import (
    content,
    holds,
    in_folders,
    picture_file,
    scribbles,
    write_csv,
    write_folder,
    write_idx,
    write_npy,
    write_npz,
    write_zip,
)
from vae.own_data import OwnDataError, of_drawings, read

KINDS = ("npz", "npy", "idx", "csv", "zip", "folder")
TYPES = {
    "npz": ("u1", "i8", "<f4", ">f8", ">u2", "f2"), "npy": ("u1", "i8", "<f4", ">f8", ">u2", "f2"),
    "idx": ("u1", "i2", "i4", "f4", "f8"), "csv": ("u1", "f4"), "zip": ("u1",), "folder": ("u1",),
}  # fmt: skip


def written(folder, random, kind, pictures, labels):
    """Files of a kind that hold pictures (n, h, w[, 3]) uint8, of a type and in an order by chance."""
    folder.mkdir()
    dtype = random.choice(TYPES[kind])
    numbers = pictures / 255 if dtype[-2] == "f" and random.random() < 0.5 and dtype != "f2" else pictures
    numbers = numbers.astype(dtype)
    if pictures.ndim == 4 and random.random() < 0.5:
        numbers = numbers.transpose(0, 3, 1, 2)
    if pictures.shape[1:] == (28, 28) and random.random() < 0.5:
        numbers = numbers.reshape(-1, 784)
    order = random.choice(["C", "F"])
    if kind == "npz":
        compressed = bool(random.integers(2))
        names = [("x", "y"), ("images", "labels"), ("arr_0", "arr_1"), ("data", "target")][random.integers(4)]
        given = np.eye(labels.max() + 1)[labels] if random.random() < 0.5 else labels[:, None]
        return [write_npz(folder / "a.npz", compressed, **dict(zip(names, [np.asarray(numbers, order=order), given])))]
    if kind == "npy":
        return [write_npy(folder / "x.npy", np.asarray(numbers, order=order)), write_npy(folder / "y.npy", labels)]
    if kind == "idx":
        end = random.choice(["", ".gz"])
        numbers = numbers.reshape(-1, *pictures.shape[1:3])
        answers = labels.astype("u1")
        return [write_idx(folder / f"a-labels{end}", answers), write_idx(folder / f"an-image{end}", numbers)]
    if kind == "csv":
        lines = [[label, *row] for label, row in zip(labels, numbers.reshape(-1, 784).tolist())]
        end = random.choice([".csv", ".csv.gz", ".txt"])
        return [write_csv(folder / f"a{end}", lines, (), random.choice([",", ";", "\t"]))]
    entries = in_folders(pictures, labels, random.choice(["", "top/"]))
    return [(write_zip if kind == "zip" else write_folder)(folder / f"a.{kind}", entries)]


@pytest.mark.parametrize("seed", range(3))
def test_pictures_of_28_by_28_come_out_as_they_are_whatever_the_kind_of_file(seed, tmp_path):
    random = np.random.default_rng(seed)
    pictures, labels = scribbles(200 + int(random.integers(60)), seed, 2 + seed)
    for kind in KINDS:
        dataset = read(written(tmp_path / kind, random, kind, pictures, labels))
        assert holds(dataset, pictures, labels), kind
        assert dataset.names == tuple(map(str, range(2 + seed)))


SHAPES = [(56, 56), (20, 28), (45, 30), (9, 12), (8, 8, 3), (30, 31, 3), (28, 28, 3)]


@pytest.mark.parametrize("seed, shape", enumerate(SHAPES))
def test_pictures_of_all_sizes_and_colours_come_out_the_same_whatever_the_kind_of_file(seed, shape, tmp_path):
    random = np.random.default_rng(seed)
    pictures, labels = scribbles(200 + seed, seed, shape=shape)
    kinds = ("npz", "npy", "idx", "zip", "folder") if len(shape) == 2 else ("npz", "npy", "zip", "folder")
    all_of = [content(read(written(tmp_path / kind, random, kind, pictures, labels))) for kind in kinds]
    assert all(one == all_of[0] for one in all_of)
    assert len(all_of[0]) == len(pictures)  # each another one


def test_the_same_file_gives_the_same_halves_and_other_labels_others(tmp_path):
    pictures, labels = scribbles(300)
    one = read([write_npz(tmp_path / "a.npz", x=pictures, y=labels)])
    same = read([write_npz(tmp_path / "b.npz", x=pictures, y=labels)])
    other = read([write_npz(tmp_path / "c.npz", x=pictures)])
    for first, second in zip((*one.train, *one.test), (*same.train, *same.test)):
        assert first.dtype == second.dtype and (first == second).all()
    assert one.train.levels.dtype == np.uint8 and one.train.labels.dtype == np.int64
    assert not np.array_equal(one.train.levels, other.train.levels)


@pytest.mark.parametrize("kind", KINDS)
def test_the_share_that_is_read_grows_to_one(kind, tmp_path):
    shares = []
    read(written(tmp_path / "a", np.random.default_rng(1), kind, *scribbles(400)), on_progress=shares.append)
    assert shares and shares == sorted(shares) and shares[-1] == 1 and min(shares) > 0


def test_pictures_in_files_side_by_side_have_no_labels(tmp_path):
    pictures, _ = scribbles(210)
    folder = write_folder(tmp_path, {f"{number}.png": picture_file(one) for number, one in enumerate(pictures)})
    dataset = read(sorted(folder.iterdir()))
    assert holds(dataset, pictures) and dataset.names == ()
    assert not dataset.train.labels.any() and not dataset.test.labels.any()
    assert "No labels." in dataset.done


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "no file of a kind that is known"),
        (b"\x80\x04\x95\0\0\0\0\0", "nothing is unpickled"),
        (b"%PDF-1.4\n\xe2\n\0\0", "line 1 has 1 field;"),
        (b"\x89HDF\r\n\x1a\n", "no file of a kind that is known"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\0", "damaged or cut short"),
        (b"PK\3\4 and no more", "damaged or cut short"),
        (b"\x93NUMPY\1", "at its beginning cannot be read: it is damaged"),
        (b"\x93NUMPY\1\0\x10\x27" + b"(" * 10_000, "at its beginning cannot be read: it is damaged"),
        (b"\x93NUMPY\1\0\x28\x23" + b"-" * 9_000, "at its beginning cannot be read: it is damaged"),
        (b"1" * 200_000, "line 1 cannot be read"),
        (b"\x93NUMPY\3\0\x10\0\0\0" + b" " * 16, "version 3.0"),
        (b"\0\0\x08\3\0\0\1", "damaged or cut short"),
    ],
)
def test_what_holds_no_pictures_is_refused_by_name(data, words, tmp_path):
    (file := tmp_path / "strange.bin").write_bytes(data)
    with pytest.raises(OwnDataError, match=rf"^strange\.bin.*{words}"):
        read([file])


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    pictures, _ = scribbles(200)
    npz, npy = write_npz(tmp_path / "a.npz", x=pictures), write_npy(tmp_path / "b.npy", pictures)
    for files, words in [
        ([], "none is given"),
        ([tmp_path / "no.npz"], "no.npz: there is no such file"),
        ([npz, npy], r"a.npz, b.npy: files of several kinds \(npz, npy\)"),
        ([npz, npz], "several of the kind npz"),
        ([npy, write_npy(tmp_path / "c.npy", pictures)], "which array holds the pictures cannot be told"),
    ]:
        with pytest.raises(OwnDataError, match=words):
            read(files)


@pytest.mark.parametrize("count, words", [(199, "199 pictures, but at least 200"), (200_001, "more than 200,000")])
def test_too_few_and_too_many_are_refused_before_they_are_read(count, words, tmp_path):
    file = tmp_path / "a.npy"
    np.lib.format.open_memmap(file, "w+", np.uint8, (count, 28, 28))
    with pytest.raises(OwnDataError, match=f"a.npy: {words}"):
        read([file])


def test_a_file_of_more_than_two_gigabytes_is_refused(tmp_path):
    with (file := tmp_path / "a.npy").open("wb") as large:
        large.truncate(2_000_000_001)
    with pytest.raises(OwnDataError, match=r"a.npy: 2,000,000,001 bytes, but at most 2,000,000,000"):
        read([file])


def test_pictures_with_nothing_in_them_are_refused(tmp_path):
    with pytest.raises(OwnDataError, match="each picture is one even grey"):
        read([write_npy(tmp_path / "a.npy", np.full((200, 28, 28), 7, np.uint8))])


def test_drawings_are_a_dataset_like_any_other():
    pictures, labels = scribbles(240, classes=3)
    dataset = of_drawings(pictures, labels, ["ten 10", "ten 9", "a", "nobody's"])
    assert dataset.names == ("a", "ten 9", "ten 10")
    assert holds(dataset, pictures, np.array(["ten 10", "ten 9", "a"])[labels])
    assert dataset.done == (
        "3 classes: a, ten 9, ten 10.",
        "201 to train with and 39 to test with, by a fixed rule: one in six to test with, of each class its part.",
    )
    assert dataset.offers == ()
    assert of_drawings(pictures.reshape(-1, 784), labels, "012").names == ("0", "1", "2")


def test_drawings_that_cannot_be_taken_are_refused():
    pictures, labels = scribbles(240)
    for levels, numbers, names, words in [
        (pictures[:199], labels[:199], "012", "drawings: 199 pictures, but at least 200"),
        (pictures[:, :20], labels, "012", r"levels of the shape \(240, 20, 28\)"),
        (pictures, labels[1:], "012", r"with labels of \(239,\)"),
        (pictures, labels, "01", "labels from 0 to 2; allowed are whole numbers from 0 to 1"),
        (pictures, labels / 2, "012", "labels from 0.0 to 1.0; allowed are whole numbers"),
        (pictures - 1.0, labels, "012", r"picture 1 holds -1.0; allowed are"),
        (pictures, labels * 0, "012", "all labels are '0'; at least 2 classes"),
    ]:
        with pytest.raises(OwnDataError, match=words):
            of_drawings(levels, numbers, names)
