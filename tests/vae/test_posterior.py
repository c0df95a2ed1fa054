"""The exact posterior against quadrature, a closed form and importance sampling."""

import math

import pytest
import torch
from scipy.integrate import dblquad
from torch.distributions import MultivariateNormal, Normal

from tests.vae.linear import Linear
from vae import data
from vae.config import RunConfig
from vae.evaluation import decoded_losses
from vae.latent import encode_all
from vae.losses import reconstruction_loss
from vae.models import build_model
from vae.posterior import MOST, decode_grid, exact_posteriors, log_likelihood, posteriors_on
from vae.store import RunStore


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


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@torch.no_grad()
def test_the_evidence_is_that_of_scipys_quadrature(tiny, likelihood):
    x = data.load("mnist", "test").images[3]
    [posterior] = posteriors_on(decode_grid(tiny, likelihood, torch.zeros(1, 2)), x[None], likelihood)
    top = posterior.log_joint.max().item()

    def joint(b: float, a: float) -> float:
        z = torch.tensor([[a, b]])
        log_prior = Normal(0.0, 1.0).log_prob(z).sum()
        return math.exp(log_prior - reconstruction_loss(tiny.decode(z), x[None], likelihood)[0] - top)

    integral, _ = dblquad(joint, -5, 5, -5, 5, epsabs=1e-4, epsrel=1e-4)
    assert posterior.log_evidence == pytest.approx(math.log(integral) + top, abs=1e-3)


def test_a_linear_gaussian_models_posterior_is_the_known_gaussian():
    decoder, x = Linear(), data.load("mnist", "test").images[0]
    [posterior] = posteriors_on(decoder.cells(), x[None], "gaussian")
    precision = decoder.precision
    mean = torch.linalg.solve(precision, decoder.weight.T @ (x - decoder.bias))
    weight = posterior.density() * posterior.area
    assert weight.sum() == pytest.approx(1.0, abs=1e-5)
    assert torch.allclose(weight @ posterior.z, mean, atol=1e-3)
    known = MultivariateNormal(mean, precision_matrix=precision)
    assert torch.allclose(posterior.density(), known.log_prob(posterior.z).exp(), atol=0.01)
    # log p(x): x ~ N(b, I + W W^T), without the constant that the loss leaves out
    evidence = MultivariateNormal(decoder.bias, torch.eye(784) + decoder.weight @ decoder.weight.T).log_prob(x)
    assert posterior.log_evidence == pytest.approx(evidence.item() + 392 * math.log(2 * math.pi), abs=0.01)


def test_the_tempered_posterior_is_proportional_to_the_likelihoods_root_times_the_prior(trained):
    _, images, _, _, cells = trained
    [posterior] = posteriors_on(cells, images[:1], "bernoulli", temperature=4.0)
    log_density = log_likelihood(cells, images[:1], "bernoulli")[0] / 4 + Normal(0.0, 1.0).log_prob(cells.z).sum(1)
    difference = log_density - posterior.density().log()
    finite = posterior.density() > 1e-20
    assert difference[finite].std() < 1e-3


@torch.no_grad()
def test_the_evidence_is_that_of_importance_sampling_with_a_wide_proposal(trained):
    model, images, _, _, cells = trained
    torch.manual_seed(0)
    for index in (0, 2, 6, 9):
        x = images[index]
        [posterior] = exact_posteriors(model, cells, x[None], "bernoulli")
        weight = posterior.density() * posterior.area
        centre = weight @ posterior.z
        wide = 3 * (weight @ (posterior.z - centre).square()).sqrt()
        proposal = Normal(centre, wide)
        z = proposal.sample((20_000,))
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
