"""Lists of numbers as people type them, with a comma or a point for the decimals."""

import pytest
from hypothesis import given, settings, strategies

from tests import outside
from vae.config import ConfigError
from vae.typed import read_numbers

PLAIN = {
    "0, 0.3, 1, 4": (0, 0.3, 1, 4),
    "0,0.1,1,10": (0, 0.1, 1, 10),
    "0 0.3;1": (0, 0.3, 1),
    "0,0.1, 1": (0, 0.1, 1),
    "1e-3;2,": (1e-3, 2),
    "1": (1,),
    "": (),
    " , ; ": (),
    "-0.5; .5": (-0.5, 0.5),
}
A_CHOICE = {
    "0,3; 1": ((0.3, 1), "0.3 and 1"),
    "0,3 1": ((0.3, 1), "0.3 and 1"),
    "0;0,1;1;10": ((0, 0.1, 1, 10), "0, 0.1, 1 and 10"),
    "0,3;": ((0.3,), "0.3"),
    "-0,5; 2": ((-0.5, 2), "-0.5 and 2"),
    "0,3": ((0, 3), "0 and 3"),
    "0,3,1": ((0, 3, 1), "0, 3 and 1"),
}
AMBIGUOUS = {
    "0,3, 1": ("0, 3 and 1", "0.3 and 1"),
    "1, 2,5, 3": ("1, 2, 5 and 3", "1, 2.5 and 3"),
    "0,3 ,1": ("0, 3 and 1", "0.3 and 1"),
}


def test_what_can_be_read_in_one_way_is_read_without_a_word():
    assert {text: read_numbers("x", text) for text in PLAIN} == {text: (values, "") for text, values in PLAIN.items()}


def test_where_a_comma_has_two_meanings_it_is_said_which_was_taken():
    assert {text: read_numbers("x", text) for text in A_CHOICE} == A_CHOICE


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_what_is_ambiguous_is_refused_with_both_readings(text):
    first, second = AMBIGUOUS[text]
    with pytest.raises(ConfigError) as refused:
        read_numbers("kl_weights", text)
    said = f"kl_weights = {text!r} is not allowed: it can be read as {first}, or as {second}; "
    assert str(refused.value).startswith(said)
    assert read_numbers("x", "0; 0.3; 1").values == (0, 0.3, 1) and "0; 0.3; 1" in str(refused.value)  # the way out


@pytest.mark.parametrize("text", ["0,0.1;1", "1,2,3;4", "1.000,5; 2", "0;1,5;x"])
def test_commas_beside_semicolons_that_cannot_be_decimal_are_refused(text):
    with pytest.raises(ConfigError, match="commas stand in it beside other signs"):
        read_numbers("x", text)


def test_whole_numbers_have_no_decimals_and_may_have_thousands():
    for text in ("256,128,64", "256, 128, 64", "256 128;64", "512,256,128"):
        values, reading = read_numbers("x", text, int)
        assert values == tuple(map(int, text.replace(",", " ").replace(";", " ").split())) and reading == ""
    assert all(type(value) is int for value in values)
    for text, second in (("2,048, 64", "2048 and 64"), ("64, 1,024", "64 and 1024")):
        with pytest.raises(ConfigError, match=f"or as {second}"):
            read_numbers("x", text, int)
    with pytest.raises(ConfigError, match="beside other signs"):
        read_numbers("x", "256,128;64", int)


def test_what_is_no_number_stays_for_others_to_refuse():
    for text in ("nan", "inf", "1_0", "٣", "0x1", "a", "1e9999", "²"):
        assert read_numbers("x", f"1; {text}").values == (1, text)
    assert read_numbers("x", "0.5;" + "9" * 5_000, int).values == ("0.5", "9" * 5_000)


@settings(derandomize=True, max_examples=300, deadline=None, database=None)
@given(strategies.lists(strategies.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=1, max_size=9))
def test_numbers_come_back_with_either_decimal_sign(numbers):
    texts = [f"{number:.3f}" for number in numbers]
    for decimal, between in ((".", ","), (".", ", "), (".", " "), (",", ";"), (",", "; "), (",", " ;")):
        typed = between.join(text.replace(".", decimal) for text in texts) + (";" if decimal == "," else "")
        assert read_numbers("x", typed).values == tuple(numbers)


@settings(derandomize=True, max_examples=300, deadline=None, database=None)
@given(outside.texts)
def test_whatever_is_typed_is_read_or_refused_in_words(text):
    for kind in (int, float):
        try:
            assert all(type(value) in (kind, str) for value in read_numbers("x", text, kind).values)
        except ConfigError as error:
            assert str(error).isprintable()
