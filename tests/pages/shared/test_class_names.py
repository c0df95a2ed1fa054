"""What classes are called, and their colours."""

import pytest

from pages.shared import class_names
from pages.shared.colors import CLASS_COLORS, GREY
from tests.vae.own_pictures import NAMES, animals


def test_digits_are_called_by_their_numbers_and_a_browser_is_told_nothing():
    for dataset in ("mnist", "kmnist"):
        assert class_names.names(dataset) == tuple("0123456789") and class_names.title(dataset) == dataset
        assert class_names.in_browser(dataset) == {} and class_names.colors(dataset) == list(CLASS_COLORS[:10])


def test_own_pictures_have_the_names_that_their_file_gave(lab, tmp_path):
    dataset = lab.add_dataset(animals(tmp_path), "our animals")
    assert class_names.names(dataset) == NAMES and class_names.title(dataset) == "our animals"
    assert class_names.in_browser(dataset) == {"classNames": list(NAMES)}
    assert [about.dataset for about in class_names.own()] == [dataset]
    bare = lab.add_dataset(animals(tmp_path, names=()), "no labels")
    assert class_names.names(bare) == () and class_names.in_browser(bare) == {"classNames": []}


@pytest.mark.parametrize("classes, greys", [(2, 0), (12, 0), (13, 1), (100, 88)])
def test_twelve_classes_have_a_colour_each_and_further_ones_are_grey(classes, greys):
    colors = class_names.colors(f"own-0123456789ab-2000-400-{classes}")
    assert len(colors) == classes and colors.count(GREY) == greys
    assert len(set(colors)) == min(classes, 12) + bool(greys)
    assert class_names.colors("own-0123456789ab-2000-400-0") == [GREY]


def test_pictures_that_are_not_there_are_called_by_numbers(lab):
    assert class_names.names("own-0123456789ab-200-40-2") == ("0", "1")
    assert class_names.title("own-0123456789ab-200-40-2") == "own-0123456789ab-200-40-2"
