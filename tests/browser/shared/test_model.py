"""The networks in JavaScript against torch: the same numbers, of every architecture that can be trained."""

import base64

import numpy as np
import pytest
import torch

from pages.shared.component import base64_of
from tests.weights import weights_of
from vae import data
from vae.config import RunConfig
from vae.model_bytes import pack_model
from vae.models import build_model, encode_parameters, pixel_means
from vae.runs.store import RunStore

ANSWERS = """async ([packed, codes, images, latentDim]) => {
  const { readModel, encode, decode } = await import("./shared/model.js");
  const { bytesOf, floatsOf } = await import("./shared/bytes.js");
  const model = readModel(bytesOf(packed));
  const rows = (text, width) => {
    const numbers = floatsOf(text);
    return Array.from({ length: numbers.length / width }, (_, row) => numbers.subarray(row * width, (row + 1) * width));
  };
  const text = (numbers) => {  // as base64
    const bytes = new Uint8Array(Float32Array.from(numbers.flatMap((row) => Array.from(row))).buffer);
    let characters = "";
    for (const byte of bytes) characters += String.fromCharCode(byte);
    return btoa(characters);
  };
  const encoded = rows(images, 784).map((x) => encode(model, x));
  return {
    pixels: text(rows(codes, latentDim).map((z) => decode(model, z).slice())),
    mu: text(encoded.map(({ mu }) => mu)),
    logSigma: encoded[0].logSigma && text(encoded.map(({ logSigma }) => logSigma)),
  };
}"""
PRETRAINED = [RunConfig(model=model, latent_dim=d) for d in (2, 10) for model in ("ae", "vae")]
OTHERS = [
    RunConfig(model, latent_dim=d, hidden_dims=hidden, activation=activation, bottleneck=bottleneck, likelihood=kind)
    for model, d, hidden, activation, bottleneck, kind in (
        ("ae", 1, (5,), "relu", "sigmoid", "bernoulli"),
        ("vae", 3, (31, 18, 7), "tanh", "tanh", "gaussian"),
        ("ae", 32, (64, 32, 16, 9), "gelu", "relu", "gaussian"),
        ("vae", 20, (288, 224), "gelu", "identity", "bernoulli"),
    )
] + [RunConfig(sigma=sigma) for sigma in ("softplus", "raw")]


def numbers_of(text: str, like: torch.Tensor) -> torch.Tensor:
    """Base64 of float32 as a tensor of the same shape as another."""
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), "<f4").copy()).reshape(like.shape)


@torch.no_grad()
def largest_differences(modules, model, config: RunConfig, exact: bool) -> tuple[float, float]:
    """Of a decoded pixel and of a code, over 200 random codes and 200 test digits."""
    generator = torch.Generator().manual_seed(0)
    z, x = 2 * torch.randn(200, config.latent_dim, generator=generator), data.load("mnist", "test").images[:200]
    packed = base64.b64encode(pack_model(weights_of(model), config, exact)).decode()
    answers = modules.evaluate(ANSWERS, [packed, base64_of(z.numpy()), base64_of(x.numpy()), config.latent_dim])
    expected = {"pixels": pixel_means(model.decode(z)), **dict(zip(("mu", "logSigma"), encode_parameters(model, x)))}
    assert (answers["logSigma"] is None) == (config.model == "ae")
    differences = {
        name: (numbers_of(answers[name], tensor) - tensor).abs().max().item()
        for name, tensor in expected.items()
        if tensor is not None
    }
    return differences.pop("pixels"), max(differences.values())


@pytest.mark.parametrize("config", PRETRAINED, ids=lambda config: f"{config.model}-{config.latent_dim}d")
def test_a_pretrained_model_answers_as_in_torch(modules, config):
    model = RunStore().model(config.run_id)
    pixel, code = largest_differences(modules, model, config, exact=False)
    assert pixel <= 2e-3 and code <= 2e-2
    pixel, code = largest_differences(modules, model, config, exact=True)
    assert pixel <= 1e-5 and code <= 1e-4


@pytest.mark.parametrize("config", OTHERS, ids=lambda config: f"{config.model}-{config.bottleneck}-{config.sigma}")
def test_any_architecture_answers_as_in_torch(modules, config):
    pixel, code = largest_differences(modules, build_model(config, torch.rand(784)), config, exact=True)
    assert pixel <= 1e-5 and code <= 1e-4


TERMS = """async ([likelihood, logits, x, mu, logSigma, eps]) => {
  const { klPerDimension, reconstructionLoss, reparameterize } = await import("./shared/model.js");
  const code = { mu: Float32Array.from(mu), logSigma: Float32Array.from(logSigma) };
  return {
    loss: reconstructionLoss({ likelihood }, Float32Array.from(logits), Float32Array.from(x)),
    kl: klPerDimension(code).reduce((a, b) => a + b),
    z: Array.from(reparameterize(code, eps)),
    far: Array.from(reparameterize(code, eps, 2.5)),
    ae: Array.from(reparameterize({ mu: code.mu, logSigma: null }, eps)),
  };
}"""


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_both_terms_of_the_objective_and_the_draw_are_torchs(modules, likelihood):
    generator = torch.Generator().manual_seed(0)
    logits, x = 5 * torch.randn(784, generator=generator), torch.rand(784, generator=generator)
    logits[:2] = torch.tensor([80.0, -80.0])
    mu, log_sigma, eps = torch.randn(3, 6, generator=generator)
    given = [tensor.tolist() for tensor in (logits, x, mu, log_sigma, eps)]
    answer = modules.evaluate(TERMS, [likelihood, *given])
    if likelihood == "bernoulli":
        expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    else:  # minus the log density, less its constant
        normal = torch.distributions.Normal(logits.sigmoid(), 1.0)
        expected = -normal.log_prob(x).sum() - 784 / 2 * np.log(2 * np.pi)
    assert answer["loss"] == pytest.approx(expected.item(), rel=1e-5)
    q, prior = torch.distributions.Normal(mu, log_sigma.exp()), torch.distributions.Normal(0.0, 1.0)
    assert answer["kl"] == pytest.approx(torch.distributions.kl_divergence(q, prior).sum().item(), rel=1e-5)
    np.testing.assert_allclose(answer["z"], mu + log_sigma.exp() * eps, rtol=1e-5)
    np.testing.assert_allclose(answer["far"], mu + 2.5 * log_sigma.exp() * eps, rtol=1e-5)
    np.testing.assert_allclose(answer["ae"], mu)
