"""The images as tensors: their shapes, their numbers, and that they are read once."""

import gzip

import pytest
import torch

from tests.vae.test_datasets import COUNTS
from vae import data, datasets
from vae.config import ConfigError


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_images_are_rows_of_784_pixels_from_0_to_1_with_their_labels(split):
    images, labels = data.load("mnist", split)
    count = sum(COUNTS[split])
    assert images.shape == (count, 784) and images.dtype == torch.float32
    assert (images.min(), images.max()) == (0, 1)
    assert labels.shape == (count,) and labels.dtype == torch.int64
    assert labels.bincount().tolist() == COUNTS[split]


@pytest.mark.parametrize("split, prefix", [("train", "train"), ("test", "t10k")])
def test_the_pixels_are_the_bytes_of_the_file_divided_by_255(split, prefix):
    content = gzip.decompress((datasets.BUNDLED / f"{prefix}-images-idx3-ubyte.gz").read_bytes())[16:]
    pixels = torch.frombuffer(bytearray(content), dtype=torch.uint8).reshape(-1, 784)
    assert torch.equal((data.load("mnist", split).images * 255).round().to(torch.uint8), pixels)


def test_the_images_are_read_once_a_process():
    assert data.load("mnist", "test") is data.load("mnist", "test")


def test_one_image_of_each_class_is_the_first_of_its_class():
    labels = data.load("mnist", "test").labels
    assert data.one_per_class(labels).tolist() == [labels.tolist().index(digit) for digit in range(10)]


@pytest.mark.parametrize(
    "labels, found",
    [
        ([0] * 12, list(range(10))),  # without labels
        ([0, 1] * 8, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ([1, 1, 0, 1, 2, 1, 0, 0, 2, 1, 1, 1, 1], [2, 0, 4, 6, 1, 8, 7, 3, 5, 9]),
        ([*range(25, -1, -1)] * 2, [25, 24, 23, 22, 21, 20, 19, 18, 17, 16]),
    ],
)
def test_of_other_numbers_of_classes_ten_images_are_shown(labels, found):
    assert data.one_per_class(torch.tensor(labels)).tolist() == found


def test_classes_of_which_there_are_none_among_the_first_images_are_refused_with_both_numbers(monkeypatch):
    few = data.Levels(torch.zeros(300, 784, dtype=torch.uint8), torch.arange(300) // 100)
    monkeypatch.setattr(data, "levels", lambda *_: few)
    data.training.cache_clear()
    with pytest.raises(ConfigError, match=r"labels of which there are some among the first 200 images"):
        data.training("mnist", 200, (2,))
    assert len(data.training("mnist", 201, (2,)).labels) == 1
    data.training.cache_clear()


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_levels_are_those_of_which_the_images_are_made(split):
    images, labels = data.load("mnist", split)
    levels, same = data.levels("mnist", split)
    assert levels.dtype == torch.uint8 and torch.equal(labels, same)
    assert torch.equal(data.pixels(levels), images)
    assert data.pixels(images) is images


@pytest.mark.parametrize("count", [1_000, 12_345, 60_000])
def test_the_mean_image_is_that_of_the_images_to_the_last_bit(count):
    assert torch.equal(data.mean_image("mnist", count), data.load("mnist", "train").images[:count].mean(0))
