"""The Python file of a run that is taken home: plain torch, without this project, written out of the run's config."""

from itertools import pairwise

from vae.activations import ACTIVATIONS
from vae.config import RunConfig
from vae.datasets import PIXELS

HEAD = '''"""{what} of run {run_id}, trained on {dataset}: {settings}.

It needs torch alone. `python model.py` checks that it answers as it did when it was taken home.
Images x are rows of 784 pixels in [0, 1], 28 x 28; codes z have {latent_dim} numbers.
"""

import json
import struct
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).parent
'''

READ = '''

def read(name):
    """The tensors of a .safetensors file: a length, a table of contents as JSON, then the numbers."""
    content = (HERE / name).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    table = json.loads(content[8 : 8 + length])
    table.pop("__metadata__", None)
    tensors = {{}}
    for key, entry in table.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[key] = torch.frombuffer(bytearray(content[start:end]), dtype=torch.float32).reshape(entry["shape"])
    return tensors
'''

OF_AN_AE = '''

class Autoencoder(nn.Module):
    """x -> trunk -> y, z = f(y), z -> decoder -> logits."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential({trunk})
        self.f = nn.Sequential({bottleneck})
        self.decoder = nn.Sequential({decoder})

    def encode(self, x):
        return self.f(self.trunk(x))

    def decode(self, z):
        return torch.sigmoid(self.decoder(z))

    def reconstruct(self, x):
        return self.decode(self.encode(x))
'''

OF_A_VAE = '''

class VariationalAutoencoder(nn.Module):
    """x -> trunk -> y, mu = g(y), log_sigma = h(y), z = mu + sigma * eps, z -> decoder -> logits."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential({trunk})
        self.g = nn.Sequential({bottleneck})
        self.h = {head}
        self.decoder = nn.Sequential({decoder})

    def encode(self, x):
        y = self.trunk(x)
        return self.g(y), {log_sigma}

    def decode(self, z):
        return torch.sigmoid(self.decoder(z))

    def reconstruct(self, x, eps=0.0):
        mu, log_sigma = self.encode(x)
        return self.decode(mu + log_sigma.exp() * eps)
'''

TAIL = '''
    def sample(self, count, seed=0):
        """Pictures of codes that are drawn from N(0, I)."""
        return self.decode(torch.randn(count, {latent_dim}, generator=torch.Generator().manual_seed(seed)))


@torch.no_grad()
def check():
    """How far the answers are from those that were stored, at most."""
    model, stored = load(), read("check.safetensors")
    code = model.encode(stored["x"])
    codes = torch.cat(code, 1) if isinstance(code, tuple) else code
    return max((codes - stored["codes"]).abs().max(), (model.reconstruct(stored["x"]) - stored["x_hat"]).abs().max())


def load():
    model = {name}()
    model.load_state_dict(read("model.safetensors"))
    return model.eval()


if __name__ == "__main__":
    difference = check().item()
    print(f"largest difference from the stored answers: {{difference:.1e}}")
    raise SystemExit(difference > 1e-4)
'''
# What becomes of h(y), by the field `sigma` of a config.
LOG_SIGMA = {"log": "self.h(y)", "softplus": "nn.functional.softplus(self.h(y)).log()", "raw": "self.h(y).log()"}


def source(config: RunConfig, settings: str) -> str:
    """The text of model.py. settings: the run in a few words."""
    name, body = ("Autoencoder", OF_AN_AE) if config.model == "ae" else ("VariationalAutoencoder", OF_A_VAE)
    trunk = _hidden((PIXELS, *config.hidden_dims), config.activation)
    decoder = _hidden((config.latent_dim, *reversed(config.hidden_dims)), config.activation)
    last = config.hidden_dims[-1]
    words = {
        "what": "The autoencoder" if config.model == "ae" else "The variational autoencoder",
        "run_id": config.run_id,
        "dataset": config.dataset,
        "settings": settings,
        "latent_dim": config.latent_dim,
        "name": name,
        "trunk": ", ".join(trunk),
        "decoder": ", ".join([*decoder, f"nn.Linear({config.hidden_dims[0]}, {PIXELS})"]),
        "bottleneck": f"nn.Linear({last}, {config.latent_dim}), {_activation(config.bottleneck)}",
        "head": f"nn.Linear({last}, {config.latent_dim})",
        "log_sigma": LOG_SIGMA[config.sigma],
    }
    return "".join(part.format(**words) for part in (HEAD, READ, body, TAIL))


def _hidden(widths: tuple[int, ...], activation: str) -> list[str]:
    return [text for sizes in pairwise(widths) for text in (f"nn.Linear{sizes}", _activation(activation))]


def _activation(name: str) -> str:
    return f"nn.{ACTIVATIONS[name].module}()"
