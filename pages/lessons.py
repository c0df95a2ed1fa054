"""LESSONS: the pages in their order. app.py makes the navigation of it; tests over every page read it."""

from pathlib import Path
from typing import NamedTuple


class Lesson(NamedTuple):
    """A page.

    name: its folder and file in pages/; title: in the navigation; heading: over the page; icon: a Material symbol.
    """

    name: str
    title: str
    heading: str
    icon: str

    @property
    def file(self) -> Path:
        """The page's script."""
        return Path(__file__).parent / self.name / f"{self.name}.py"

    @property
    def address(self) -> str:
        """The path of its address, below the server's own."""
        return "/" if self is LESSONS[0] else f"/{self.name}"


LESSONS = (
    Lesson("home", "From AE to VAE", "From autoencoder to variational autoencoder", "home"),
    Lesson("train", "Train side by side", "Train side by side", "play_circle"),
    Lesson("latent_space", "Latent space", "Latent space", "scatter_plot"),
    Lesson("resampling", "Draw again: ε", "Draw again: ε", "casino"),
    Lesson("walk", "Latent walk", "Latent walk", "tune"),
    Lesson("kl_weight", "KL weight β", "The KL weight β", "balance"),
    Lesson("conversion", "Convert", "Converting an AE", "transform"),
    Lesson("log_sigma", "Why log σ", "Why log σ", "show_chart"),
    Lesson("true_posterior", "“Variational”", "What “variational” means", "blur_on"),
)
