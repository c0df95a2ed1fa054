"""How large a dataset is, by its name."""

import pytest

from vae.sizes import BUILT_IN, EXAMPLE, Size, is_own, own_name, size_of

SHA256 = "0123456789abcdef" * 4


@pytest.mark.parametrize("size", [Size(167, 33, 0), Size(100, 20, 2), Size(166_667, 10_000, 100), Size(999, 99, 12)])
def test_the_name_of_own_pictures_says_their_size(size):
    name = own_name(SHA256, size)
    assert is_own(name) and size_of(name) == size


@pytest.mark.parametrize("size", [Size(9, 20, 2), Size(1_000_000, 20, 2), Size(100, 100_000, 2), Size(100, 20, 101)])
def test_a_size_that_no_name_can_say_is_refused(size):
    with pytest.raises(ValueError, match="no own pictures"):
        own_name(SHA256, size)


@pytest.mark.parametrize(
    "name",
    [
        "own",
        "own-0123456789ab",
        "own-0123456789AB-100-20-2",
        "own-0123456789ab-0100-20-2",
        "own-0123456789ab-100-20-101",
        "own-0123456789ab-100-20-02",
        "own-0123456789ab-100-20-2 ",
        "own-0123456789ab-1²0-20-2",
        "imagenet",
        "",
    ],
)
def test_what_is_no_name_has_no_size(name):
    assert not is_own(name)
    with pytest.raises(KeyError):
        size_of(name)


def test_the_known_sets_are_of_mnists_size_and_the_example_is_a_name():
    assert {size_of(name) for name in BUILT_IN} == {Size(60_000, 10_000, 10)}
    assert size_of(EXAMPLE) == Size(1_000, 200, 26)
