"""Folders and zip files of pictures: which folders are classes, what is left out, and what is refused."""

import io
import os
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.vae.own_data.makers import (
    holds,
    in_folders,
    picture_file,
    scribbles,
    write_folder,
    write_zip,
)
from vae.own_data import OwnDataError, read

PICTURES, LABELS = scribbles(240)
NAMES = np.array(["10", "9", "2"])[LABELS]
FILES = in_folders(PICTURES, NAMES)


@pytest.mark.parametrize("write", [write_zip, write_folder])
@pytest.mark.parametrize("top", ["", "top/", "my/pictures/"])
def test_a_folder_is_a_class_and_names_are_sorted_as_one_counts(write, top, tmp_path):
    dataset = read([write(tmp_path / "a", in_folders(PICTURES, NAMES, top))])
    assert dataset.names == ("2", "9", "10")
    assert holds(dataset, PICTURES, NAMES)
    assert dataset.offers == ("invert",)


@pytest.mark.parametrize("write", [write_zip, write_folder])
@pytest.mark.parametrize("top", ["", "top/"])
def test_folders_train_and_test_are_the_halves(write, top, tmp_path):
    parts = {"train": slice(150), "valid": slice(150, 200), "test": slice(200, 240)}
    entries = {}
    for name, part in parts.items():
        entries |= in_folders(PICTURES[part], NAMES[part], f"{top}{name}/")
    dataset = read([write(tmp_path / "a", entries)])
    assert len(dataset.train.levels) == 200 and len(dataset.test.levels) == 40
    assert holds(dataset, PICTURES, NAMES)
    assert dataset.done[-1] == "200 to train with and 40 to test with, as given."


@pytest.mark.parametrize("write", [write_zip, write_folder])
@pytest.mark.parametrize("top", ["", "all of them/"])
def test_pictures_in_one_folder_have_no_labels(write, top, tmp_path):
    dataset = read([write(tmp_path / "a", {f"{top}{n}.png": picture_file(p) for n, p in enumerate(PICTURES)})])
    assert holds(dataset, PICTURES) and dataset.names == ()


def test_the_order_of_the_entries_changes_nothing(tmp_path):
    one = read([write_zip(tmp_path / "a.zip", FILES)])
    other = read([write_zip(tmp_path / "b.zip", dict(reversed(FILES.items())))])
    folder = read([write_folder(tmp_path / "c", FILES)])
    for same in (other, folder):
        assert all(np.array_equal(a, b) for a, b in zip((*one.train, *one.test), (*same.train, *same.test)))


def test_what_is_no_picture_is_left_out_and_counted(tmp_path):
    others = ["__MACOSX/9/._1.png", ".hidden/x.png", "9/.DS_Store", "Thumbs.db", "readme.txt", "9/list.csv"]
    for write in (write_zip, write_folder):
        dataset = read([write(tmp_path / f"{write.__name__}.zip", FILES | dict.fromkeys(others, b"no picture"))])
        assert holds(dataset, PICTURES, NAMES)
        assert any(sentence.startswith("Left out: 6 files that are no pictures (") for sentence in dataset.done)


def test_links_in_a_folder_are_not_followed(tmp_path):
    outside = write_folder(tmp_path / "outside", {"secret.png": picture_file(PICTURES[0])})
    folder = write_folder(tmp_path / "a", FILES)
    os.symlink(outside / "secret.png", folder / "9" / "link.png")
    os.symlink(outside, folder / "C")
    assert holds(read([folder]), PICTURES, NAMES)


@pytest.mark.parametrize(
    "more, words",
    [
        ({"9/deep/1.png": b""}, "9/deep/1.png lies too deep; allowed are pictures in a folder for each class"),
        ({"1.png": b""}, "lie at different depths; allowed are"),
        ({"9/bad.png": b"no picture"}, "9/bad.png: it cannot be read as a picture"),
        ({"9/cut.png": picture_file(PICTURES[0])[:-40]}, "9/cut.png: it cannot be read as a picture"),
        ({"C/1.png": picture_file(PICTURES[0])}, "the class 'C' has 1 picture; each class needs at least 2"),
        ({f"{'c' * 61}/1.png": picture_file(PICTURES[0])}, "is 'ccc.*allowed are texts of 1 to 60"),
    ],
)
@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_pictures_that_cannot_be_taken_are_refused_by_name(write, more, words, tmp_path):
    with pytest.raises(OwnDataError, match=f"^a: .*{words}"):
        read([write(tmp_path / "a", FILES | more)])


def test_a_zip_without_pictures_says_what_it_holds(tmp_path):
    file = write_zip(tmp_path / "a.zip", {"mnist_train.csv": b"1", "mnist_test.csv": b"2"})
    with pytest.raises(OwnDataError, match=r"a.zip: no pictures \(.png, .*\) but mnist_train.csv, mnist_test.csv"):
        read([file])


@pytest.mark.parametrize("name", ["../out.png", "9/../../out.png", "/etc/out.png", "C:/out.png", "..\\out.png"])
def test_paths_that_lead_out_of_a_zip_are_refused(name, tmp_path):
    with pytest.raises(OwnDataError, match=r"a.zip: the path of .*out.png leads out of the zip file"):
        read([write_zip(tmp_path / "a.zip", FILES | {name: b""})])


def test_a_zip_with_a_password_is_refused(tmp_path):
    data = bytearray(write_zip(tmp_path / "a.zip", FILES).read_bytes())
    at = data.index(b"PK\1\2")
    data[at + 8] |= 1  # the flag of the first entry
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(OwnDataError, match=r"a.zip: 10/0.png is locked with a password"):
        read([tmp_path / "a.zip"])


def said_to_be(wide: int, high: int) -> bytes:
    """A png file that says it has so many pixels; it holds no more than before."""
    data = bytearray(picture_file(PICTURES[0]))
    data[16:24] = struct.pack(">II", wide, high)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


@pytest.mark.parametrize(
    "wide, high, words",
    [
        (8_000, 7_000, "8,000 × 7,000 pixels, but at most 50,000,000 in all"),
        (80_000, 70_000, "it cannot be read as a picture .*decompression bomb"),
    ],
)
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(wide, high, words, tmp_path):
    with pytest.raises(OwnDataError, match=f"a: 9/a.png: {words}"):
        read([write_zip(tmp_path / "a", FILES | {"9/a.png": said_to_be(wide, high)})])


def test_a_zip_bomb_is_refused_by_what_it_says_and_by_what_it_holds(tmp_path):
    bomb = FILES | {"9/bomb.bmp": bytes(60_000_000)}
    with pytest.raises(OwnDataError, match=r"a.zip: 9/bomb.bmp: 58,\d+ bytes unpack to 60,000,000; allowed are 200"):
        read([write_zip(tmp_path / "a.zip", bomb)])
    data = bytearray((tmp_path / "a.zip").read_bytes())
    for mark, at in ((b"PK\1\2", 24), (b"PK\3\4", 22)):  # the size unpacked, in the list and in front of the entry
        entry = data.rindex(mark)
        data[entry + at : entry + at + 4] = struct.pack("<I", 1_000)
    (tmp_path / "a.zip").write_bytes(data)
    tracemalloc.start()
    with pytest.raises(OwnDataError, match=r"a.zip: 9/bomb.bmp: it cannot be read"):
        read([tmp_path / "a.zip"])
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "size, words", [(100_000_001, "100,000,001 bytes, but at most 100,000,000"), (4_000_000_000, "bytes once unpacked")]
)
def test_a_zip_that_says_it_is_huge_is_refused(size, words, tmp_path):
    data = bytearray(write_zip(tmp_path / "a.zip", FILES).read_bytes())
    at = data.rindex(b"PK\1\2")
    data[at + 24 : at + 28] = struct.pack("<I", size)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(OwnDataError, match=f"a.zip: .*{words}"):
        read([tmp_path / "a.zip"])


def test_too_many_entries_and_too_long_a_list_of_them_are_refused(monkeypatch, tmp_path):
    file = write_zip(tmp_path / "a.zip", FILES)
    monkeypatch.setattr("vae.own_data.packed.MOST_ENTRIES", 239)
    with pytest.raises(OwnDataError, match=r"a.zip: 240 entries, but at most 239"):
        read([file])
    monkeypatch.setattr("vae.own_data.packed.MOST_OF_A_LIST", 5_000)
    with pytest.raises(OwnDataError, match=r"a.zip: its list of entries has more than 5,000 bytes"):
        read([file])
    monkeypatch.setattr("vae.own_data.folders.MOST_ENTRIES", 239)
    with pytest.raises(OwnDataError, match=r"b: 240 files, but at most 239"):
        read([write_folder(tmp_path / "b", FILES)])


def test_more_pixels_than_can_be_read_in_minutes_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("vae.own_data.folders.MOST_PIXELS_IN_ALL", 240 * 784 - 1)
    with pytest.raises(OwnDataError, match=r"a: more than 188,159 pixels"):
        read([write_zip(tmp_path / "a", FILES)])


def test_a_folder_whose_name_is_no_text_is_refused(tmp_path):
    folder = write_folder(tmp_path / "a", FILES)
    os.rename(folder / "2", os.fsencode(folder) + b"/\xff")
    with pytest.raises(OwnDataError, match=r"a: label .* allowed are texts"):
        read([folder])


def test_an_archive_of_archives_is_not_opened(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as whole:
        whole.writestr("9/1.png", b"")
    with pytest.raises(OwnDataError, match=r"a.zip: no pictures .*but inner.zip"):
        read([write_zip(tmp_path / "a.zip", {"inner.zip": inner.getvalue()})])


def test_pictures_of_many_sizes_are_said_to_be_so(tmp_path):
    entries = FILES | {"9/large.png": picture_file(np.zeros((100, 60), np.uint8)), "9/small.jpg": _jpg(10, 40)}
    dataset = read([write_folder(tmp_path / "a", entries)])
    said = "Pictures of 10 × 28 to 100 × 60 pixels were scaled to fit 28 × 28, whole and in proportion."
    assert any(sentence.startswith(said) for sentence in dataset.done)


def _jpg(high: int, wide: int) -> bytes:
    return picture_file(np.asarray(Image.new("L", (wide, high), 9)), "JPEG")
