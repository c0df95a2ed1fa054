"""Pictures of any size fit into 28 x 28, and may be turned around."""

import numpy as np
import pytest

from tests.vae.own_data.makers import holds, scribbles, write_npy
from vae.own_data import read
from vae.own_data.sizes import fit, words_of_size

RANDOM = np.random.default_rng(0)


def test_a_picture_three_times_as_large_becomes_the_means_of_its_squares():
    pictures = RANDOM.integers(0, 256, (5, 84, 84), np.uint8)
    means = pictures.reshape(5, 28, 3, 28, 3).mean((2, 4)).reshape(5, 784)
    assert np.abs(fit(pictures) - means).max() <= 1


@pytest.mark.parametrize(
    "high, wide, within", [(56, 28, np.s_[:, 7:21]), (28, 56, np.s_[7:21, :]), (14, 28, np.s_[7:21, :])]
)
def test_proportions_stay_and_the_rest_has_the_grey_of_the_border(high, wide, within):
    picture = np.full((1, high, wide), 40, np.uint8)
    picture[0, 2:-2, 2:-2] = 200
    square = fit(picture).reshape(28, 28)
    outside = np.ones((28, 28), bool)
    outside[within] = False
    assert (square[outside] == 40).all()
    assert square[13, 13] == 200 and square[within].mean() > 100


@pytest.mark.parametrize("high, wide", [(2_000, 4), (4, 2_000), (4, 4), (29, 28), (27, 28)])
def test_strange_sizes_fit_too(high, wide):
    levels = fit(RANDOM.integers(0, 256, (3, high, wide), np.uint8))
    assert levels.shape == (3, 784) and levels.dtype == np.uint8 and len(np.unique(levels)) > 3


def test_an_even_picture_stays_even_however_it_is_scaled():
    assert (fit(np.full((2, 9, 30), 77, np.uint8)) == 77).all() and (
        fit(np.full((2, 300, 31), 77, np.uint8)) == 77
    ).all()


def test_what_was_done_to_the_size_is_said():
    assert words_of_size({(28, 28)}) == "" == words_of_size(set())
    assert (
        words_of_size({(32, 32)}) == "Pictures of 32 × 32 pixels were scaled to fit 28 × 28, whole and in proportion."
    )
    assert words_of_size({(28, 28), (9, 60)}).startswith("Pictures of 9 × 28 to 28 × 60 pixels were scaled")
    assert words_of_size({(32, 30)}).endswith("The rest of the square has the grey of the border.")


@pytest.mark.parametrize("invert", [None, True, False])
@pytest.mark.parametrize("is_paper", [True, False])
def test_ink_on_paper_becomes_white_on_black_unless_somebody_wants_it_otherwise(is_paper, invert, tmp_path):
    pictures, _ = scribbles(200)
    given = 255 - pictures if is_paper else pictures
    dataset = read([write_npy(tmp_path / "a.npy", given)], invert=invert)
    is_swapped = is_paper if invert is None else invert
    assert holds(dataset, 255 - given if is_swapped else given)
    said = [sentence for sentence in dataset.done if sentence.startswith("Light and dark")]
    assert [("swapped" in one, "borders are light" in one) for one in said] == (
        [(is_swapped, is_paper)] if is_swapped or is_paper else []
    )


def test_light_is_judged_by_all_pictures_together(tmp_path):
    pictures, _ = scribbles(300)
    pictures[:149] = 255 - pictures[:149]
    assert holds(read([write_npy(tmp_path / "a.npy", pictures)]), pictures)
    pictures[149:152] = 255 - pictures[149:152]
    assert holds(read([write_npy(tmp_path / "b.npy", pictures)]), 255 - pictures)


@pytest.mark.parametrize("axis", [1, -1])
def test_four_channels_in_an_array_are_colours_seen_through(axis, tmp_path):
    pictures = np.zeros((200, 28, 28, 4), np.uint8)
    pictures[:, 5:9, 5:9] = RANDOM.integers(0, 256, (200, 4, 4, 4))
    pictures[..., 3][pictures[..., 3] == 0] = 255
    wanted = pictures[..., :3] @ np.array([0.299, 0.587, 0.114])
    if axis == 1:
        pictures = pictures[..., :3].transpose(0, 3, 1, 2)
    else:
        wanted = wanted * (pictures[..., 3] / 255) + 255 * (1 - pictures[..., 3] / 255)
    dataset = read([write_npy(tmp_path / "a.npy", pictures)])
    found = np.concatenate([dataset.train.levels, dataset.test.levels]).astype(int)
    assert abs(found.sum(0) - wanted.reshape(200, 784).sum(0)).max() <= 200
    assert any(sentence.startswith("Colours were made grey") for sentence in dataset.done)
    assert any("laid on white" in sentence for sentence in dataset.done) == (axis == -1)
