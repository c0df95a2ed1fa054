"""The words of the lab, each once: for the pop-ups where they stand, the list below each page, and the handout.

A word in a text is a link to "#word-…", which the browser opens as a pop-up (assets/browser/shared/glossary.js).
"""

import functools
import re
from typing import NamedTuple

import streamlit as st
from markdown_it import MarkdownIt

_markdown = MarkdownIt("commonmark", {"html": False})


class Word(NamedTuple):
    """A word of the field: what it means (Markdown, one or two short sentences), and how else it stands in texts."""

    means: str
    others: tuple[str, ...] = ()


WORDS = {
    "encoder": Word(
        "The network that turns a picture *x* into a code: its trunk gives *y*, and its heads the code, or where its "
        "cloud is."
    ),
    "trunk": Word("The encoder's hidden layers, from *x* to *y*. An AE and a VAE have the same."),
    "head": Word("The encoder's last layer: *f* in an AE; *g* for *μ* and *h* for *log σ* in a VAE.", ("heads",)),
    "bottleneck": Word("Where the network is narrowest: all that the decoder gets to know of *x* goes through *z*."),
    "decoder": Word("The network that paints a picture *x̂* from a code *z*.", ("decoders",)),
    "code": Word("The few numbers *z* that stand for a picture.", ("codes",)),
    "prior": Word(
        "N(0, I), the standard Gaussian: its middle is 0, its width 1 each way. Codes are drawn from it when there is "
        "no picture.",
        ("N(0, I)",),
    ),
    "posterior": Word(
        "p(z|x): which codes could have made the picture *x*, and how likely each is. *q(z|x)* stands in for it."
    ),
    "q(z|x)": Word(
        "The cloud of codes that the encoder gives for a picture: a Gaussian with the middle *μ* and the widths *σ*."
    ),
    "amortisation": Word("One encoder answers for all pictures, instead of a fit for each.", ("amortised",)),
    "nat": Word("The unit of information with the natural logarithm. 1 nat is 1.44 bits.", ("nats",)),
    "reconstruction loss": Word(
        "−log p(x|z): how surprised the decoder is by the picture *x*, summed over its 784 pixels, in nats.",
        ("reconstruction",),
    ),
    "KL": Word(
        "KL(q(z|x) ‖ N(0, I)): how far a picture's cloud of codes is from the prior N(0, I). What *z* may know of *x* "
        "is paid here."
    ),
    "KL weight": Word(
        "What a nat of KL counts in the loss, β. With 0 nothing holds the clouds near the prior.", ("KL weight β",)
    ),
    "KL ramp": Word("The share of a training over which the KL weight rises from 0 to its full value.", ("ramp",)),
    "−ELBO": Word(
        "Reconstruction loss, the mean over *z* from *q(z|x)*, + KL. It is at least −log p(x): the lower, the better a "
        "VAE explains pictures. Of its codes and of fresh samples it says less.",
        ("ELBO",),
    ),
    "log p(x)": Word(
        "A score here, not a probability: our pixels are grey, and over grey levels the Bernoulli form is not "
        "normalised, so no figure compares with those of black-and-white MNIST. (The Gaussian likelihood leaves out a "
        "constant of 720.4 nats.)"
    ),
    "rate": Word("Another word for the KL: a code says at most so many nats of its picture."),
    "distortion": Word("Another word for the reconstruction loss: what a code does not say of its picture."),
    "MMD²": Word(
        "How far a set of codes is from draws of N(0, I): about 0 for the same cloud, by chance also a little below."
    ),
    "active": Word(
        "A dimension of *z* whose *μ* varies over the digits (its variance is above 0.01): it says something of *x*."
    ),
    "collapsed": Word(
        "The posterior has collapsed where *q(z|x)* is N(0, I) for every picture: then *z* says nothing of *x*."
    ),
    "entropy of the test pixels": Word(
        "The least reconstruction loss that there can be: grey pixels are never quite certain, even if *x̂* = *x*."
    ),
    "epoch": Word("One pass of a training over all its pictures.", ("epochs",)),
    "batch": Word("The pictures that one step of a training looks at.", ("batches",)),
    "seed": Word("The number that all chance in a training begins with: the same seed gives the same run.", ("seeds",)),
    "learning rate": Word("How far one step of a training moves the weights.", ("learning rates",)),
}
OWN = {form: word for word, (_, others) in WORDS.items() for form in (word, *others)}
# Longer ones first; nothing within formulas, code, links or HTML is a word.
_FORMS = "|".join(sorted(map(re.escape, OWN), key=len, reverse=True))
_FOUND = re.compile(rf"\$[^$]*\$|`[^`]*`|\[[^\]]*\]\([^)]*\)|<[^>]*>|(?<![\w−(])(?i:({_FORMS}))(?![\w-])")


def say(markdown: str) -> None:
    """A text of a page, in which the words of the lab can be asked what they mean."""
    st.markdown(marked(markdown))


@functools.lru_cache(maxsize=2_000)
def marked(markdown: str) -> str:
    """The text with a link at the first place of each word of the lab."""
    met = set()

    def link(found: re.Match) -> str:
        word = _word(found)
        if not word or word in met:
            return found[0]
        met.add(word)
        return f"[{found[0]}](#{name(word)})"

    return _FOUND.sub(link, markdown)


def words_in(markdown: str) -> list[str]:
    """The words of the lab that a text has, in their own order."""
    met = set(map(_word, _FOUND.finditer(markdown)))
    return [word for word in WORDS if word in met]


def _word(found: re.Match) -> str | None:
    """The word that was found; a sentence may begin with it."""
    form = found[1]
    return form and (OWN.get(form) or OWN.get(form[0].lower() + form[1:]))


def name(word: str) -> str:
    """What a word's links name: "KL ramp" -> "word-kl-ramp"."""
    return "word-" + "-".join(re.findall("[a-z]+", word.lower()))


@functools.cache
def meanings() -> dict[str, str]:
    """What each word means, as HTML, by the name in its links."""
    return {name(word): f"<strong>{word}</strong>: {html_of(one.means, inline=True)}" for word, one in WORDS.items()}


@functools.cache
def all_words() -> str:
    """Every word with what it means, as a list in Markdown."""
    return "\n".join(f"- **{word}**: {one.means}" for word, one in WORDS.items())


@functools.lru_cache(maxsize=1_000)
def html_of(markdown: str, inline: bool = False) -> str:
    """A short text in Markdown as HTML; HTML in it stays text. inline: without a paragraph around it."""
    render = _markdown.renderInline if inline else _markdown.render
    return render(markdown).strip()
