"""The images are MNIST's, bit for bit, or there is an error that says what to do."""

import functools
import gzip
import hashlib
import http.server
import os
import shutil
import socket
import threading

import psutil
import pytest
import torch

from vae import data, datasets, downloads
from vae.datasets import DatasetError

# sha256 of the four files that Yann LeCun published, unpacked.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
COUNTS = {
    "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}


MNIST = list(datasets.MD5.items())


@pytest.fixture
def fresh():
    """Nothing remembered from earlier loads, before and after."""
    remembered = datasets.read, data.load, data.levels, data.mean_image
    for reading in remembered:
        reading.cache_clear()
    yield
    for reading in remembered:
        reading.cache_clear()


@pytest.fixture
def bundle(tmp_path, monkeypatch, fresh):
    """A copy of the bundled files, to be harmed."""
    copy = tmp_path / "mnist"
    shutil.copytree(datasets.BUNDLED, copy)
    monkeypatch.setattr(datasets, "BUNDLED", copy)
    return copy


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """An empty cache folder, and mirrors at an address of this machine that refuses every connection."""
    monkeypatch.setattr(datasets, "CACHE", tmp_path)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        for kind in downloads.KINDS.values():
            monkeypatch.setattr(kind, "mirrors", [f"http://127.0.0.1:{unheard.getsockname()[1]}/"])
        yield


def test_every_set_that_can_be_asked_for_can_be_had():
    assert set(datasets.DOWNLOADABLE) == set(downloads.KINDS)


@pytest.mark.parametrize("name", SHA256)
def test_a_bundled_file_is_the_published_one(name):
    content = gzip.decompress((datasets.BUNDLED / f"{name}.gz").read_bytes())
    assert hashlib.sha256(content).hexdigest() == SHA256[name]


def test_a_damaged_or_missing_file_is_named_with_the_way_out(bundle):
    for name, _ in MNIST:
        file = bundle / name
        content = file.read_bytes()
        middle = len(content) // 2
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        with pytest.raises(DatasetError, match=rf"assets/mnist/{name} is damaged .*git checkout assets/mnist"):
            data.load("mnist", "train")
        file.unlink()
        with pytest.raises(DatasetError, match=rf"assets/mnist/{name} is missing: .*git checkout assets/mnist"):
            data.load("mnist", "test")
        file.write_bytes(content)


def test_a_restored_file_is_found_without_a_restart(bundle):
    file = bundle / "t10k-labels-idx1-ubyte.gz"
    content = file.read_bytes()
    file.unlink()
    with pytest.raises(DatasetError):
        data.load("mnist", "test")
    file.write_bytes(content)
    assert data.load("mnist", "test").labels.bincount().tolist() == COUNTS["test"]


@pytest.mark.parametrize("dataset", datasets.DOWNLOADABLE)
def test_without_a_connection_the_other_sets_are_refused_in_words_and_mnist_loads(dataset, offline, fresh):
    assert not datasets.is_available(dataset)
    with pytest.raises(DatasetError, match=f"^{dataset} could not be downloaded: no connection.* mnist needs no"):
        datasets.download(dataset)
    with pytest.raises(DatasetError, match=f"^{dataset} is not on this machine yet: .* choose mnist"):
        data.load(dataset, "train")
    datasets.download("mnist")
    assert len(data.load("mnist", "test").images) == 10_000


@pytest.fixture
def mirror(tmp_path, monkeypatch, fresh):
    """A mirror on this machine that has a folder's files, and one that nobody hears before it."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, socket.socket() as unheard:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        unheard.bind(("127.0.0.1", 0))
        ports = unheard.getsockname()[1], server.server_port
        kind = downloads.KINDS["fashion-mnist"]
        monkeypatch.setattr(kind, "mirrors", [f"http://127.0.0.1:{port}/" for port in ports])
        monkeypatch.setattr(datasets, "CACHE", tmp_path / "cache")
        monkeypatch.setattr(datasets, "_seen_whole", set())
        yield folder
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args):
        pass


def test_a_set_is_downloaded_once_from_a_mirror_that_answers(mirror, monkeypatch):
    """MNIST's own files under the other's name: they are at hand, and as many."""
    monkeypatch.setattr(downloads.KINDS["fashion-mnist"], "resources", MNIST)
    for name, _ in MNIST:
        shutil.copy(datasets.BUNDLED / name, mirror)
    datasets.download("fashion-mnist")
    assert datasets.is_available("fashion-mnist") and not datasets.is_available("kmnist")
    for file in mirror.iterdir():
        file.unlink()
    datasets.download("fashion-mnist")  # what is there is not asked for again
    for split in ("train", "test"):
        for own, bundled in zip(data.load("fashion-mnist", split), data.load("mnist", split)):
            assert torch.equal(own, bundled)


def test_a_mirror_with_damaged_files_is_told_in_words(mirror):
    for name, _ in downloads.KINDS["fashion-mnist"].resources:
        (mirror / name).write_bytes(b"half a file")
    with pytest.raises(
        DatasetError, match=r"(?s)^fashion-mnist could not be downloaded \(.+\)\. mnist needs no download\."
    ):
        datasets.download("fashion-mnist")
    assert not datasets.is_available("fashion-mnist")


def test_a_damaged_download_is_not_taken_for_the_set(offline):
    kind = downloads.KINDS["fashion-mnist"]
    folder = datasets.CACHE / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, _ in kind.resources:
        (folder / name).write_bytes(b"half a file")
    assert not datasets.is_available("fashion-mnist")


@pytest.fixture
def cache(tmp_path, monkeypatch, fresh):
    """An empty cache folder."""
    monkeypatch.setattr(datasets, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def mapped_files() -> set[str]:
    """The files that this process has mapped into its memory."""
    return {mapping.path for mapping in psutil.Process().memory_maps()}


@pytest.mark.skipif(not hasattr(psutil.Process, "memory_maps"), reason="this system does not say what is mapped")
def test_the_training_images_are_mapped_from_one_file_that_is_made_anew_when_it_is_damaged(cache):
    levels = data.levels("mnist", "train").levels
    [file] = [path for path in cache.rglob("*") if path.is_file()]
    assert file == datasets.share() and str(file) in mapped_files()
    assert hashlib.sha256(file.read_bytes()).hexdigest() == SHA256[file.name]
    before = file.stat().st_ino
    assert datasets.share() == file and file.stat().st_ino == before  # what is whole stays
    kept = levels.clone()
    damaged = bytearray(file.read_bytes())
    damaged[10_000] ^= 1
    file.with_name("damaged").write_bytes(damaged)
    os.replace(file.with_name("damaged"), file)
    datasets.read.cache_clear()
    data.levels.cache_clear()
    assert torch.equal(data.levels("mnist", "train").levels, kept)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == SHA256[file.name]
    assert [path for path in cache.rglob("*") if path.is_file()] == [file]


def test_where_nothing_can_be_kept_the_training_images_are_there_all_the_same(cache):
    cache.write_text("a file where the folder should be")
    assert datasets.share() is None
    levels = data.levels("mnist", "train").levels
    assert levels.shape == (60_000, 784) and levels.sum() == 1_567_298_545  # of the published bytes
