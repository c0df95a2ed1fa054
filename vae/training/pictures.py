"""What a snapshot shows of a model: codes, reconstructions and samples, of the same images and draws all along."""

import torch
from torch import Tensor, nn

from vae import data
from vae.config import RunConfig
from vae.measures.chunks import encode_all
from vae.measures.pulls import reconstruction_pull
from vae.models import pixel_means, reconstruct
from vae.randomness import seeded

SAMPLES = 20
PULLED = 500  # of the test images that are followed: where the reconstruction loss pulls at their codes


class Pictured:
    """The same test images for every snapshot of a run, and what a model makes of them."""

    def __init__(self, config: RunConfig, device: str):
        test = data.load(config.dataset, "test")
        self.likelihood = config.likelihood
        self.followed = test.images[: data.TEST_CODES].to(device)
        self.digits = test.images[data.one_per_class(test.labels)].to(device)
        self.z = torch.randn(SAMPLES, config.latent_dim, generator=seeded(0, "samples")).to(device)

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, Tensor]:
        """A model's pictures, by name: mu, log_sigma of a VAE, reconstructions, samples, and the pull at codes."""
        mu, log_sigma = encode_all(model, self.followed)
        pictures = {
            "mu": mu,
            "reconstructions": reconstruct(model, self.digits),
            "samples": pixel_means(model.decode(self.z)),
        }
        if log_sigma is not None:
            pictures["log_sigma"] = log_sigma
        code = (mu[:PULLED], None if log_sigma is None else log_sigma[:PULLED])
        pull = reconstruction_pull(model, self.followed[:PULLED], *code, self.likelihood)
        pictures["pull"] = pull.nan_to_num()  # where a head has gone wrong for a digit there is none
        return pictures
