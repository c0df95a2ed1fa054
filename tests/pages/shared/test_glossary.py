"""The words of the lab: linked where they stand, each to a meaning, and never inside what is no sentence."""

import re

import pytest

from pages.lessons import LESSONS
from pages.shared import component, glossary
from tests.pages.seen import sent

LINKED = re.compile(r"#(word-[\w-]+)")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Every nat of KL, and the KL.", "Every [nat](#word-nat) of [KL](#word-kl), and the KL."),
        ("the KL weight, and its KL ramp", "the [KL weight](#word-kl-weight), and its [KL ramp](#word-kl-ramp)"),
        ("−ELBO", "[−ELBO](#word-elbo)"),
        ("Codes are coded.", "[Codes](#word-code) are coded."),
        ("$KL$ and `KL` and [KL](x) and <b title=KL>", "$KL$ and `KL` and [KL](x) and <b title=KL>"),
        ("**KL(q(z|x) ‖ N(0, I))**", "**[KL](#word-kl)(q(z|x) ‖ [N(0, I)](#word-prior))**"),
        ("narrated, decoded, generate, seedy", "narrated, decoded, generate, seedy"),
    ],
)
def test_the_first_place_of_each_word_is_a_link(text, expected):
    assert glossary.marked(text) == expected
    assert re.sub(r"\[([^]]*)\]\(#word-[^)]*\)", r"\1", glossary.marked(text)) == text


def test_words_are_markdown_and_never_html():
    assert glossary.html_of("*z* <b>") == "<p><em>z</em> &lt;b&gt;</p>"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_every_link_to_a_word_on_a_page_has_its_meaning(shown, lesson):
    app = shown(lesson.name)
    card = sent(app, "steps")
    texts = [element.value for kind in ("markdown", "caption") for element in app.get(kind)]
    texts += [text for step in card["steps"] for text in (step["words"], step["answer"])]
    linked = {name for text in texts for name in LINKED.findall(text)}
    assert linked and linked <= glossary.meanings().keys()


def test_every_link_in_a_components_files_has_its_meaning_and_each_word_a_place():
    files = [path.read_text(encoding="utf-8") for path in component.BROWSER.rglob("*.html")]
    assert {name for text in files for name in LINKED.findall(text)} <= glossary.meanings().keys()
    assert len(glossary.meanings()) == len(glossary.WORDS) == len(set(map(glossary.name, glossary.WORDS)))
