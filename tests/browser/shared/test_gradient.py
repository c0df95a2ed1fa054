"""Gradients in JavaScript against torch's autograd, of every activation and likelihood."""

import base64

import pytest
import torch

from pages.shared.component import base64_of
from tests.weights import weights_of
from vae import data
from vae.config import RunConfig
from vae.model_bytes import pack_model
from vae.models import build_model, encode_parameters
from vae.objective import kl_divergence, reconstruction_loss

PULLS = """async ([packed, images, eps, latentDim]) => {
  const { readModel, encode } = await import("./shared/model.js");
  const { lossGradient, pulls } = await import("./shared/gradient.js");
  const { bytesOf, floatsOf } = await import("./shared/bytes.js");
  const model = readModel(bytesOf(packed)), numbers = floatsOf(images), noise = floatsOf(eps);
  const draws = Array.from({ length: noise.length / latentDim }, (_, n) =>
    noise.subarray(n * latentDim, (n + 1) * latentDim));
  return Array.from({ length: numbers.length / 784 }, (_, n) => {
    const x = numbers.subarray(784 * n, 784 * (n + 1)), code = encode(model, x);
    const { reconstruction, kl } = pulls(model, code, x, draws);
    const { loss, gradient } = lossGradient(model, code.mu, x);
    const list = (numbers) => numbers && Array.from(numbers);
    return {
      loss, gradient: list(gradient), mu: list(reconstruction.mu), logSigma: list(reconstruction.logSigma),
      klMu: list(kl && kl.mu), klLogSigma: list(kl && kl.logSigma),
    };
  });
}"""
CONFIGS = [
    RunConfig("ae", latent_dim=2),
    RunConfig("vae", latent_dim=2),
    RunConfig("vae", latent_dim=3, hidden_dims=(31, 18), activation="tanh", likelihood="gaussian"),
    RunConfig("vae", latent_dim=5, hidden_dims=(40,), activation="relu", bottleneck="relu"),
    RunConfig("vae", latent_dim=2, hidden_dims=(20,), sigma="softplus"),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.model}-{config.activation}-{config.sigma}")
def test_gradients_are_those_of_torch(modules, config):
    x = data.load("mnist", "test").images[:6]
    model = build_model(config, x.mean(0))
    for parameter in model.parameters():  # far from where training starts: all units take part
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(parameter.numel()))
    eps = torch.randn(4, config.latent_dim, generator=torch.Generator().manual_seed(1))
    packed = base64.b64encode(pack_model(weights_of(model), config, exact=True)).decode()
    found = modules.evaluate(PULLS, [packed, base64_of(x.numpy()), base64_of(eps.numpy()), config.latent_dim])
    for image, said in zip(x, found):
        with torch.no_grad():
            mu, log_sigma = encode_parameters(model, image[None])
        z = mu.clone().requires_grad_()
        loss = reconstruction_loss(model.decode(z), image[None], config.likelihood)
        loss.backward()
        assert said["loss"] == pytest.approx(loss.item(), rel=1e-4)
        assert said["gradient"] == pytest.approx(z.grad[0].tolist(), rel=1e-3, abs=1e-3)
        mu.requires_grad_()
        if log_sigma is None:
            assert said["mu"] == pytest.approx((-z.grad[0]).tolist(), rel=1e-3, abs=1e-3)
            assert said["logSigma"] is said["klMu"] is said["klLogSigma"] is None
            continue
        log_sigma.requires_grad_()
        drawn = mu + log_sigma.exp() * eps
        reconstruction_loss(model.decode(drawn), image.expand(len(eps), -1), config.likelihood).mean().backward()
        assert said["mu"] == pytest.approx((-mu.grad[0]).tolist(), rel=1e-3, abs=2e-3)
        assert said["logSigma"] == pytest.approx((-log_sigma.grad[0]).tolist(), rel=1e-3, abs=2e-3)
        mu.grad = log_sigma.grad = None
        kl_divergence(mu, log_sigma).sum().backward()
        assert said["klMu"] == pytest.approx((-mu.grad[0]).tolist(), rel=1e-4, abs=1e-5)
        assert said["klLogSigma"] == pytest.approx((-log_sigma.grad[0]).tolist(), rel=1e-4, abs=1e-5)
