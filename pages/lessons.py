"""LESSONS: the path through the lab, in its order. app.py makes the navigation of it; tests over every page read it."""

from pathlib import Path
from typing import NamedTuple


class Lesson(NamedTuple):
    """A page.

    name: its folder and file in pages/; title: in the navigation; heading: over the page; icon: a Material symbol;
    minutes: what a class needs for it; learns: what one knows then; is_core: else it goes deeper.
    """

    name: str
    title: str
    heading: str
    icon: str
    minutes: int
    learns: str
    is_core: bool = False

    @property
    def file(self) -> Path:
        """The page's script."""
        return Path(__file__).parent / self.name / f"{self.name}.py"

    @property
    def address(self) -> str:
        """The path of its address, below the server's own."""
        return "/" if self is LESSONS[0] else f"/{self.name}"


LESSONS = (
    Lesson(
        "home",
        "One digit twice",
        "From autoencoder to variational autoencoder",
        "home",
        8,
        "What makes an AE a VAE: one change of structure, one of objective.",
        is_core=True,
    ),
    Lesson(
        "resampling",
        "Sample again: ε",
        "Sample again: ε",
        "casino",
        8,
        "Why one digit has many codes, and what μ, σ and ε do.",
        is_core=True,
    ),
    Lesson(
        "latent_space",
        "Latent space",
        "Latent space",
        "scatter_plot",
        10,
        "Where the codes of all digits are, and why one can sample from a VAE.",
        is_core=True,
    ),
    Lesson(
        "train",
        "Train side by side",
        "Train side by side",
        "play_circle",
        10,
        "How both terms of the loss shape the codes while the networks learn.",
        is_core=True,
    ),
    Lesson(
        "kl_weight",
        "KL weight β",
        "The KL weight β",
        "balance",
        9,
        "What is gained and what is lost when the KL counts more.",
        is_core=True,
    ),
    Lesson("walk", "Latent walk", "Latent walk", "tune", 8, "What each number of z does to the picture."),
    Lesson("conversion", "Convert", "Converting an AE", "transform", 15, "What of a trained AE is worth keeping."),
    Lesson("log_sigma", "Why log σ", "Why log σ", "show_chart", 12, "Why the network says log σ, and not σ."),
    Lesson(
        "true_posterior",
        "“Variational”",
        "What “variational” means",
        "blur_on",
        15,
        "What q(z|x) stands in for, and what that costs.",
    ),
    Lesson(
        "collapse",
        "Collapse",
        "Collapse and sweeps",
        "trending_down",
        12,
        "Which numbers of z a VAE gives up, when, and what a warm-up changes.",
    ),
)
