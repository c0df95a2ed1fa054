"""Settings in words."""

import pytest

from pages.shared import in_words
from vae.config import RunConfig


@pytest.mark.parametrize("classes, words", [((1, 8), "only 1, 8"), (tuple(range(8)), "without 8, 9"), ((), "seed 0")])
def test_a_choice_of_classes_is_said_in_few_words(classes, words):
    assert in_words.describe(RunConfig(classes=classes)).endswith(words)
