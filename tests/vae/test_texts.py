"""What others have written is on one line, bounded, and holds no control."""

from hypothesis import given, settings, strategies

from tests import outside
from vae.config import ConfigError
from vae.runs.layers import DamagedRun
from vae.texts import on_one_line, quoted

seeded = settings(derandomize=True, max_examples=300, deadline=None, database=None)
anything = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.floats() | strategies.integers() | outside.texts,
    lambda inner: strategies.lists(inner, max_size=30) | strategies.dictionaries(outside.texts, inner, max_size=30),
    max_leaves=60,
)


@seeded
@given(outside.texts, strategies.integers(1, 80))
def test_a_text_is_on_one_line_without_controls_and_is_cut(text, most):
    assert on_one_line(text, most) == outside.on_one_line(text, most)


def test_every_character_of_unicode_is_on_one_line_and_can_be_printed():
    assert [n for n in range(0x110000) if on_one_line(chr(n)) != outside.on_one_line(chr(n), 9)] == []


@settings(seeded, max_examples=60)
@given(anything)
def test_a_value_is_quoted_on_one_bounded_line(value):
    said = quoted(value)
    assert said.isprintable() and len(said) <= 202
    assert str(ConfigError("x", value, "nothing")) == f"x = {said} is not allowed: nothing"


def test_short_values_are_quoted_as_python_writes_them_and_monsters_at_all():
    for value in ("a", "x" * 50, 1.5, None, True, (8, 8.5), (8,) * 13, b"88", float("nan"), [1, "2"]):
        assert quoted(value) == repr(value)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, "\r# x" * 1_000_000, 10**5_000, [10**400] * 1_000, {"x" * 999: {"y" * 999: {}}}):
        assert len(quoted(value)) <= 202 and quoted(value).isprintable()


def test_what_the_library_says_of_names_from_outside_is_on_one_line():
    said = str(DamagedRun("vae\r\n\x1b[2J", outside.WORST, "it is\u2028bad" * 999))
    assert said.isprintable() and len(said) <= 402
    assert said.startswith("run vae \ufffd[2J is damaged: ")
    assert str(ConfigError("\r\u202e", 1, "x")) == " \ufffd = 1 is not allowed: x"
