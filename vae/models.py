"""The two networks. They share trunk and decoder; the bottleneck between them is the whole difference.

AE:   x -> trunk -> y -f-> z -> decoder -> logits
VAE:  x -> trunk -> y -(g, h)-> mu, log_sigma;  z = mu + sigma * eps -> decoder -> logits
"""

import math
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from vae.activations import ACTIVATIONS, activation_of
from vae.config import ConfigError, RunConfig
from vae.datasets import PIXELS
from vae.randomness import seeded

# What h(y) may be -> how log sigma comes of it, and the h(y) at which sigma = 1, where every VAE starts.
SIGMA_HEADS = {
    "log": (lambda h: h, 0.0),
    "softplus": (lambda h: softplus(h).log(), math.log(math.e - 1)),
    "raw": (torch.log, 1.0),  # of a negative sigma there is none: NaN
}
TRAINABLE = {"all": ("trunk", "g", "h", "decoder"), "encoder": ("trunk", "g", "h"), "heads": ("g", "h")}


class Encoder(nn.Sequential):
    """The trunk: images x (batch, 784) -> the last hidden layer y (batch, hidden_dims[-1])."""

    def __init__(self, config: RunConfig):
        super().__init__(*_hidden_layers((PIXELS, *config.hidden_dims), config.activation))


class Decoder(nn.Sequential):
    """Codes z (batch, latent_dim) -> logits (batch, 784); the encoder's widths in reverse."""

    def __init__(self, config: RunConfig):
        widths = (config.latent_dim, *reversed(config.hidden_dims))
        super().__init__(*_hidden_layers(widths, config.activation), nn.Linear(widths[-1], PIXELS))


class Bottleneck(nn.Sequential):
    """f of the AE and g of the VAE: act(W y + b), (batch, hidden_dims[-1]) -> (batch, latent_dim)."""

    def __init__(self, config: RunConfig):
        super().__init__(nn.Linear(config.hidden_dims[-1], config.latent_dim), _activation(config.bottleneck))


class Autoencoder(nn.Module):
    """x -> z = f(y) -> logits."""

    def __init__(self, config: RunConfig):
        super().__init__()
        self.trunk, self.f, self.decoder = Encoder(config), Bottleneck(config), Decoder(config)

    def encode(self, x: Tensor) -> Tensor:
        """Images (batch, 784) -> codes z (batch, latent_dim)."""
        return self.f(self.trunk(x))

    def decode(self, z: Tensor) -> Tensor:
        """Codes (batch, latent_dim) -> logits (batch, 784)."""
        return self.decoder(z)


class VariationalAutoencoder(nn.Module):
    """x -> mu = g(y), log_sigma = h(y) -> z = mu + sigma * eps -> logits.

    With another config.sigma h(y) is not log_sigma itself, but what SIGMA_HEADS makes log_sigma of.
    """

    def __init__(self, config: RunConfig):
        super().__init__()
        self.trunk, self.g, self.decoder = Encoder(config), Bottleneck(config), Decoder(config)
        self.h = nn.Linear(config.hidden_dims[-1], config.latent_dim)
        self.log_sigma_of, _ = SIGMA_HEADS[config.sigma]

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (batch, 784) -> mu and log_sigma of q(z|x), each (batch, latent_dim): parameters, never a sample."""
        y = self.trunk(x)
        # Autocast to bfloat16 is too coarse for exp and log, and for sums of many terms.
        return self.g(y).to(x.dtype), self.log_sigma_of(self.h(y).to(x.dtype))

    def decode(self, z: Tensor) -> Tensor:
        """Codes (batch, latent_dim) -> logits (batch, 784)."""
        return self.decoder(z)


def reparameterize(mu: Tensor, log_sigma: Tensor, eps: Tensor) -> Tensor:
    """z = mu + sigma * eps, a draw from q(z|x) that gradients pass through (Kingma and Welling 2014, 2.4)."""
    return mu + log_sigma.exp() * eps


def pixel_means(logits: Tensor) -> Tensor:
    """x_hat, the mean of p(x|z), in [0, 1]: the one place that applies the sigmoid."""
    return torch.sigmoid(logits)


def encode_parameters(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor | None]:
    """Where a model puts images: (z, None) of an AE, (mu, log_sigma) of a VAE, each (batch, latent_dim)."""
    if isinstance(model, VariationalAutoencoder):
        return model.encode(x)
    return model.encode(x), None


def reconstruct(model: nn.Module, x: Tensor, eps: Tensor | None = None) -> Tensor:
    """Images (batch, 784) -> x_hat (batch, 784); a VAE decodes mu + sigma * eps, and mu itself without eps."""
    mu, log_sigma = encode_parameters(model, x)
    z = mu if eps is None or log_sigma is None else reparameterize(mu, log_sigma, eps)
    return pixel_means(model.decode(z))


def build_model(config: RunConfig, mean_image: Tensor | None = None) -> nn.Module:
    """The config's network with its initial weights; mean_image (784,) sets where the decoder's answer starts.

    Each part draws from a generator of its own, so that an AE and a VAE of one seed start with the same trunk, the same
    decoder, and f = g.
    """
    model = Autoencoder(config) if config.model == "ae" else VariationalAutoencoder(config)
    bottleneck = model.f if config.model == "ae" else model.g
    _initialise(model.trunk, config.seed, "trunk")
    _initialise(bottleneck, config.seed, "bottleneck")
    _initialise(model.decoder, config.seed, "decoder")
    with torch.no_grad():
        output = model.decoder[-1]
        output.weight *= 0.5  # the first answers then stay near the mean image
        if mean_image is not None:
            output.bias.copy_(torch.logit(mean_image, eps=1e-3))
        if config.model == "vae":
            _initialise(nn.Sequential(model.h), config.seed, "log_sigma")
            model.h.weight *= 0.1  # sigma starts close to 1, the prior's
            _, unit = SIGMA_HEADS[config.sigma]
            model.h.bias.fill_(unit)
    return model


def with_weights(config: RunConfig, weights: dict[str, np.ndarray]) -> nn.Module:
    """The config's network with the weights of a run, by their names in it, ready for use; nothing is trained on."""
    model = build_model(config)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return model.eval().requires_grad_(False)


def convert(autoencoder: Autoencoder, config: RunConfig) -> VariationalAutoencoder:
    """The first change alone: the VAE of a config with a trained AE's trunk and decoder, f as g, and a new head h.

    Where g has another activation than f, it is new too. Raises ConfigError when the AE has other layers.
    """
    model = build_model(config)
    parts = [(model.trunk, autoencoder.trunk), (model.decoder, autoencoder.decoder)]
    if repr(model.g[1]) == repr(autoencoder.f[1]):
        parts.append((model.g, autoencoder.f))
    for ours, theirs in parts:
        if repr(ours) != repr(theirs):
            raise ConfigError("init_from", config.init_from, "an AE with the same layers, activation and latent_dim")
        ours.load_state_dict(theirs.state_dict())
    return model


def freeze(model: VariationalAutoencoder, trainable: str) -> None:
    """Leaves gradients only to what is trained: all, encoder (trunk, g and h) or heads (g and h)."""
    for name, part in model.named_children():
        part.requires_grad_(name in TRAINABLE[trainable])


def _hidden_layers(widths: tuple[int, ...], activation: str) -> list[nn.Module]:
    layers = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), _activation(activation)]
    return layers


def _activation(name: str) -> nn.Module:
    return getattr(nn, ACTIVATIONS[name].module)()


def _initialise(layers: nn.Sequential, seed: int, purpose: str) -> None:
    """Weights of variance 2 / inputs where a rectifier follows, else 1 / inputs (He et al. 2015)."""
    generator = seeded(seed, f"initial {purpose}")
    for layer, following in zip(layers, [*list(layers)[1:], None]):
        if isinstance(layer, nn.Linear):
            after = activation_of(following)
            kind = "relu" if after and after.is_rectifier else "linear"
            nn.init.kaiming_normal_(layer.weight, nonlinearity=kind, generator=generator)
            nn.init.zeros_(layer.bias)
