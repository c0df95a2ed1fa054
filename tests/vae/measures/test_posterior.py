"""The exact posterior against quadrature, a closed form and importance sampling."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import cubature
from torch.distributions import MultivariateNormal, Normal

from tests.vae.linear import Linear, LinearVAE
from vae import data
from vae.config import RunConfig
from vae.measures.chunks import decoded_losses, encode_all
from vae.measures.posterior import MOST, decode_grid, exact_posteriors, log_likelihood, posteriors_on
from vae.models import build_model
from vae.objective import reconstruction_loss
from vae.runs.store import RunStore


@pytest.fixture
def tiny():
    """An untrained VAE with a small decoder."""
    return build_model(RunConfig(hidden_dims=(8,), activation="tanh"))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_log_likelihood_is_minus_the_reconstruction_loss(tiny, likelihood):
    x = data.load("mnist", "test").images[:2]
    with torch.no_grad():
        cells = decode_grid(tiny, likelihood, torch.zeros(1, 2))
        some = torch.arange(0, len(cells.z), 997)
        logits = tiny.decode(cells.z[some])
        expected = [-reconstruction_loss(logits, image.expand(len(some), -1), likelihood) for image in x]
    assert torch.allclose(log_likelihood(cells, x, likelihood)[:, some], torch.stack(expected), atol=2e-3)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@torch.no_grad()
def test_the_evidence_is_that_of_scipys_quadrature(tiny, likelihood, temperature):
    x = data.load("mnist", "test").images[3]
    cells = decode_grid(tiny, likelihood, torch.zeros(1, 2))
    [posterior] = posteriors_on(cells, x[None], likelihood, temperature)
    top = posterior.log_joint.max().item()

    def joint(z: np.ndarray) -> np.ndarray:
        z = torch.tensor(z, dtype=torch.float32)
        losses = reconstruction_loss(tiny.decode(z), x.expand(len(z), -1), likelihood)
        return (Normal(0.0, 1.0).log_prob(z).sum(1) - losses / temperature - top).double().exp().numpy()

    integral = cubature(joint, [-5, -5], [5, 5], rtol=1e-5, atol=1e-5).estimate
    assert posterior.log_evidence == pytest.approx(math.log(integral) + top, abs=1e-3)


@pytest.mark.parametrize("reach, mu", [(5.0, [[3.0, -3.9]]), (8.5, [[0.0, 1.0], [-7.5, 2.0]])])
def test_the_grid_holds_the_prior_and_every_mu_in_square_cells_that_are_decoded(tiny, reach, mu):
    """It reaches 5, or 1 beyond the farthest mu."""
    for likelihood in ("bernoulli", "gaussian"):
        cells = decode_grid(tiny, likelihood, torch.tensor(mu))
        side = 2 * reach / 200
        centres = (torch.arange(200) + 0.5) * side - reach
        torch.testing.assert_close(cells.z, torch.cartesian_prod(centres, centres), atol=1e-4, rtol=0)
        assert cells.area == pytest.approx(side**2)
        some = torch.arange(0, 40_000, 1_499)
        with torch.no_grad():
            logits = tiny.decoder(cells.z[some])
        told = logits if likelihood == "bernoulli" else logits.sigmoid()
        torch.testing.assert_close(cells.features[some], told)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_a_linear_gaussian_models_posterior_is_the_known_gaussian_tempered_or_not(temperature):
    decoder, x = Linear(), data.load("mnist", "test").images[0]
    [posterior] = posteriors_on(decoder.cells(), x[None], "gaussian", temperature)
    precision = torch.eye(2) + decoder.weight.T @ decoder.weight / temperature
    mean = torch.linalg.solve(precision, decoder.weight.T @ (x - decoder.bias) / temperature)
    weight = posterior.density() * posterior.area
    assert weight.sum() == pytest.approx(1.0, abs=1e-4)
    assert torch.allclose(weight @ posterior.z, mean, atol=1e-3)
    assert torch.allclose(posterior.mode, mean, atol=0.03)  # a cell is 0.05 wide
    known = MultivariateNormal(mean, precision_matrix=precision)
    assert torch.allclose(posterior.density(), known.log_prob(posterior.z).exp(), atol=0.02)
    # x ~ N(b, temperature I + W W^T), without the constant that the loss leaves out
    noise = temperature * torch.eye(784)
    evidence = MultivariateNormal(decoder.bias, noise + decoder.weight @ decoder.weight.T).log_prob(x)
    constant = 392 * math.log(2 * math.pi * temperature)
    assert posterior.log_evidence == pytest.approx(evidence.item() + constant, abs=0.01)


@torch.no_grad()
def test_the_evidence_is_that_of_importance_sampling_with_a_wide_proposal(trained):
    model, images, _, _, cells = trained
    eps = torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0))
    for index in (0, 2, 6, 9):
        x = images[index]
        [posterior] = exact_posteriors(model, cells, x[None], "bernoulli")
        weight = posterior.density() * posterior.area
        centre = weight @ posterior.z
        wide = 3 * (weight @ (posterior.z - centre).square()).sqrt()
        proposal = Normal(centre, wide)
        z = centre + wide * eps
        losses = torch.cat(
            [reconstruction_loss(model.decode(p), x.expand(1_000, -1), "bernoulli") for p in z.split(1_000)]
        )
        terms = -losses + Normal(0.0, 1.0).log_prob(z).sum(1) - proposal.log_prob(z).sum(1)
        ratio = (terms - posterior.log_evidence).exp()
        error = ratio.std().item() / math.sqrt(len(z))
        assert ratio.mean().item() == pytest.approx(1.0, abs=5 * error + 0.01)


@torch.no_grad()
def test_a_wide_posterior_is_shown_on_fewer_cells_that_say_the_same(trained):
    model, images, _, _, cells = trained
    [fine] = posteriors_on(cells, images[:1], "bernoulli", temperature=30.0)
    [joined] = exact_posteriors(model, cells, images[:1], "bernoulli", temperature=30.0)
    assert joined.matters.all() and MOST / 4 <= len(joined.z) <= MOST < fine.matters.sum()
    assert joined.log_evidence == fine.log_evidence
    means = [(posterior.density() * posterior.area) @ posterior.z for posterior in (fine, joined)]
    assert torch.allclose(*means, atol=1e-3)
    assert joined.density() @ joined.area == pytest.approx(1.0, abs=1e-4)


class Needle(LinearVAE):
    """A VAE for one grey image: p(x|z) has a peak of sigma 0.003, and a hill that is wide, but lower."""

    peak = torch.tensor([1.0, 0.5])  # where four of the grid's cells meet

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        peak = (z - self.peak).square().sum(1) / (2 * 0.003**2)
        hill = 20 + (z + 2).square().sum(1) / (2 * 0.06**2)
        loss = torch.minimum(peak, hill).clamp(max=70)  # nats
        return torch.logit(0.5 + (2 * loss).sqrt() / 28)[:, None].expand(-1, 784)  # 784 pixels off by as much


@pytest.mark.parametrize("mu", [(1.01, 0.51), (1.07, 0.52)], ids=["in its cell", "in the next"])
def test_a_peak_that_no_cell_of_the_grid_sees_is_found_near_where_the_encoder_expects_it(mu):
    model, x = Needle(mu), torch.full((1, 784), 0.5)
    grid = decode_grid(model, "gaussian", torch.zeros(1, 2))
    [seen] = posteriors_on(grid, x, "gaussian")
    assert (seen.mode + 2).abs().max() < 0.1  # of all that the grid sees the hill is the highest
    [posterior] = exact_posteriors(model, grid, x, "gaussian")
    torch.testing.assert_close(posterior.mode, model.peak, atol=0.002, rtol=0)
    # N(peak; 0, I) times the integral of the peak, and the hill's e^-20 of nothing beside it
    expected = 2 * math.log(0.003) - model.peak.square().sum().item() / 2
    assert posterior.log_evidence == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("index", [137, 171])
@torch.no_grad()
def test_peaks_that_the_first_cells_cannot_tell_are_split_until_their_mass_is_exact(tmp_path, index):
    """With g = ReLU the decoder turns within a hundredth: with cells of one size these were 1.7 and 0.1 nats wrong."""
    config, test = RunConfig(bottleneck="relu"), data.load("mnist", "test")
    model, x = RunStore(str(tmp_path)).model(config.run_id), test.images[index : index + 1]
    grid = decode_grid(model, "bernoulli", encode_all(model, test.images)[0])
    [posterior] = exact_posteriors(model, grid, x, "bernoulli")
    assert len(posterior.area.unique()) > 1
    assert posterior.density() @ posterior.area == pytest.approx(1.0, abs=1e-3)
    near = posterior.only(posterior.log_joint > posterior.log_joint.max() - 12)
    half = near.area.sqrt()[:, None] / 2
    low, high = (near.z - half).amin(0), (near.z + half).amax(0)
    sides = ((high - low) / 0.004).ceil().int().tolist()
    step = (high - low) / torch.tensor(sides)
    z = low + step * (torch.cartesian_prod(*map(torch.arange, sides)) + 0.5)
    log_joint = Normal(0.0, 1.0).log_prob(z).sum(1) - decoded_losses(model, z, x.expand(len(z), -1), "bernoulli")
    evidence = log_joint.double().logsumexp(0) + step.log().sum()
    assert posterior.log_evidence == pytest.approx(evidence.item(), abs=0.02)
