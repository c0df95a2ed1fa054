"""Both halves are fair, fixed, and no larger than they may be."""

import numpy as np
import pytest

from vae.own_data.checks import OwnDataError
from vae.own_data.split import split


def drawn(labels, is_test=None):
    return split(labels, np.zeros(len(labels), bool) if is_test is None else is_test, "a")


@pytest.mark.parametrize("sizes", [(100, 101, 7, 5, 2), (60_000, 6_000, 4_000), (6, 6), (150_000, 49_900, *[2] * 50)])
def test_one_in_six_of_each_class_is_tested_with_and_never_more_than_ten_thousand(sizes):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    train, test, _ = drawn(labels)
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(len(labels)))
    counts = np.bincount(labels[test], minlength=len(sizes))
    share = min(1 / 6, 10_000 / len(labels))
    assert len(test) <= 10_000 and (counts >= 1).all()
    assert all(abs(count - size * share) <= 1 or size * share < 1 for count, size in zip(counts[1:], sizes[1:]))
    assert abs(counts[0] - sizes[0] * share) <= 50


def test_the_first_of_each_half_are_a_fair_mix():
    labels = np.repeat(np.arange(10), 600)
    for half in drawn(labels)[:2]:
        counts = np.bincount(labels[half[:500]], minlength=10)
        assert counts.min() >= 25 and counts.max() <= 80


def test_the_same_labels_always_give_the_same_halves():
    train, test, said = drawn(np.zeros(240, int))
    assert said == "200 to train with and 40 to test with, by a fixed rule: one in six to test with."
    assert all(np.array_equal(a, b) for a, b in zip((train, test), drawn(np.zeros(240, int))[:2]))
    assert test[:5].tolist() == [205, 234, 13, 154, 24]  # on every machine


def test_halves_that_are_given_are_kept_and_shuffled():
    is_test = np.arange(300) >= 270
    train, test, said = drawn(np.arange(300) % 3, is_test)
    assert np.array_equal(np.sort(test), np.arange(270, 300)) and not np.array_equal(test, np.arange(270, 300))
    assert np.array_equal(np.sort(train), np.arange(270)) and said.endswith("as given.")


def test_the_rule_says_how_many_where_there_are_very_many():
    assert "by a fixed rule: 10,000 to test with, of each class its part." in drawn(np.arange(120_000) % 2)[2]


@pytest.mark.parametrize("trained, tested, what", [(99, 200, "99 pictures to train"), (300, 19, "19 pictures to test")])
def test_halves_that_are_too_small_are_refused(trained, tested, what):
    labels = np.arange(trained + tested) % 2
    with pytest.raises(OwnDataError, match=f"{what} with, but at least"):
        drawn(labels, np.arange(trained + tested) >= trained)


def test_of_a_large_test_half_ten_thousand_are_kept_with_one_of_each_class():
    labels = np.concatenate([np.arange(200) % 3, np.zeros(20_800, int), [1, 2]])
    is_test = np.arange(len(labels)) >= 200
    train, test, said = drawn(labels, is_test)
    assert len(train) == 200 and len(test) == len(set(test)) == 10_000 and test.min() >= 200
    assert np.bincount(labels[test]).tolist() == [9_998, 1, 1]
    assert "10,000 to test with, as given. 10,802 of the test half are left out." in said
    assert not set(np.flatnonzero(labels[test])) <= {0, 1}  # mixed
