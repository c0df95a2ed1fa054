"""No character of a stranger becomes Markdown, HTML or a link: asked of a parser that the lab does not use."""

from hypothesis import given, settings, strategies

from pages.shared.plain import message, plain
from tests import outside

seeded = settings(derandomize=True, max_examples=400, deadline=None, database=None)
PIECES = [*"aw9 _-:.,/()[]'\"=+%;", "www.", "Www.a", "://", " -- ", "[a 1]"]
sentences = strategies.lists(strategies.sampled_from(PIECES), max_size=20).map("".join).map("a".__add__)
PARAGRAPH = ["paragraph_open", "inline", "paragraph_close"]


def visible(text: str, most: int) -> str:
    """What plain.py says is seen: a line of it, with another quotation mark, and a joiner that nobody sees."""
    shown = outside.on_one_line(text, most).replace("`", "'").replace(":material/", ":material\u2060/")
    return shown if shown.strip() else "(nothing)"


@seeded
@given(outside.texts)
def test_a_text_alone_is_one_paragraph_of_code(text):
    assert outside.parsed(plain(text)) == (PARAGRAPH, [("code_inline", visible(text, 40))])


@seeded
@given(outside.texts | sentences)
def test_a_message_is_one_paragraph_of_words_or_of_code(text):
    blocks, [[kind, content]] = outside.parsed(message(text))
    assert blocks == PARAGRAPH and (kind == "code_inline" or (kind == "text" and "www." not in content.lower()))
    assert content.strip() == visible(outside.on_one_line(text, 400).strip(), 402)


def test_a_sentence_of_plain_words_stays_one():
    for text in (
        "run vae-2d-e0aa01d9ed63 is damaged: metrics.json: its checksum is wrong",
        "diverged at step 12: the KL term is no longer finite: h(y) is -17.2; a learning_rate below 0.03 is better",
        "OSError: [Errno 28] No space left on device: '/home/me/.cache/runs'. VAE_STORE or --store names another.",
    ):
        assert message(text) == text


@seeded
@given(outside.texts, outside.texts)
def test_two_texts_in_a_sentence_leave_the_sentence_as_it_is(first, second):
    sentence = f"**x** = {plain(first)} is not allowed: {plain(second, 400)}. The default is shown."
    blocks, inline = outside.parsed(sentence)
    assert blocks == PARAGRAPH
    assert [content for kind, content in inline if kind == "code_inline"] == [visible(first, 40), visible(second, 400)]
    kinds = [kind for kind, _ in inline if kind != "code_inline"]
    assert [kind for kind in kinds if kind != "text"] == ["strong_open", "strong_close"]
    words = "".join(content for kind, content in inline if kind == "text")
    assert words == "x =  is not allowed: . The default is shown."


def test_every_character_of_unicode_beside_the_worst_of_markdown():
    for start in range(0, 0x110000, 256):
        made = message(f"{''.join(map(chr, range(start, start + 256)))}# **x** <b> http://{outside.EVIL}")
        assert outside.parsed(made)[0] == PARAGRAPH and not outside.effects(made)


def test_the_oracle_finds_what_would_take_effect():
    assert outside.effects(outside.WORST)
    assert outside.effects(f"`x\r\rwww.{outside.EVIL}`") and not outside.effects(f"`www.{outside.EVIL}`")


def test_values_of_other_types_are_said_as_python_writes_them():
    assert plain(None) == "`None`" and plain([1, {}]) == "`[1, {}]`" and plain(1e308) == "`1e+308`"
    assert plain("") == plain(" ") == plain("\r\u2028") == "`(nothing)`"
    assert plain(" x ") == "`  x  `" and plain(" 1") == "` 1`"
