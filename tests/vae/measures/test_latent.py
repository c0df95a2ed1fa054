"""Planes, grids and samples against linear algebra done another way."""

import hashlib

import numpy as np
import pytest
import torch

from vae import data
from vae.config import RunConfig
from vae.measures import latent
from vae.measures.chunks import decode_all, encode_all
from vae.models import build_model


@pytest.fixture
def codes():
    """Correlated codes of different variances, with a dead dimension: (5000, 4)."""
    generator = torch.Generator().manual_seed(3)
    mixing = torch.tensor([[3.0, 1.0, 0.2, 0], [0, 1.0, 0.5, 0], [0, 0, 0.3, 0], [0, 0, 0, 0]])
    return torch.randn(5000, 4, generator=generator) @ mixing + torch.tensor([1.0, -2.0, 0.0, 5.0])


def test_the_fitted_gaussian_has_the_codes_mean_and_covariance(codes):
    fitted = latent.fit_gaussian(codes)
    np.testing.assert_allclose(fitted.mean, codes.numpy().mean(0), atol=1e-4)
    np.testing.assert_allclose(fitted.covariance, np.cov(codes.numpy().T, bias=True), atol=1e-3)


def test_samples_of_a_fitted_gaussian_have_its_mean_and_covariance(codes):
    fitted = latent.fit_gaussian(codes)
    samples = latent.gaussian_samples(fitted, 100_000, seed=0).numpy()
    np.testing.assert_allclose(samples.mean(0), fitted.mean, atol=0.05)
    np.testing.assert_allclose(np.cov(samples.T), fitted.covariance, atol=0.2)
    assert np.ptp(samples[:, 3]) < 0.01  # a dead dimension stays dead


def test_samples_of_a_fitted_gaussian_are_those_of_the_prior_moved_and_stretched(codes):
    """By one eps: the two pictures beside each other differ by the Gaussian alone."""
    fitted = latent.fit_gaussian(codes[:, :3])
    away = (latent.gaussian_samples(fitted, 50, seed=4) - fitted.mean).double()
    squares = (away @ torch.linalg.inv(fitted.covariance.double()) * away).sum(1)
    torch.testing.assert_close(squares, latent.prior_samples(50, 3, seed=4).double().square().sum(1), rtol=1e-3, atol=0)


def test_a_one_dimensional_code_has_a_fitted_gaussian_too():
    codes = torch.linspace(-1, 3, 1000)[:, None]
    samples = latent.gaussian_samples(latent.fit_gaussian(codes), 50_000, seed=1)
    assert samples.shape == (50_000, 1)
    assert samples.mean().item() == pytest.approx(1.0, abs=0.05)
    assert samples.std().item() == pytest.approx(codes.std().item(), rel=0.02)


def test_prior_samples_are_standard_normal_and_their_seed_decides_them():
    samples = latent.prior_samples(100_000, 3, seed=5)
    np.testing.assert_allclose(samples.mean(0), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(samples.T.numpy()), np.eye(3), atol=0.03)
    assert torch.equal(samples, latent.prior_samples(100_000, 3, seed=5))
    assert not torch.equal(samples, latent.prior_samples(100_000, 3, seed=6))


def test_the_principal_plane_has_the_largest_variances_of_an_svd(codes):
    plane = latent.principal_plane(codes)
    _, singular, vectors = np.linalg.svd(codes.numpy() - codes.numpy().mean(0), full_matrices=False)
    projected = latent.project(codes, plane).numpy()
    np.testing.assert_allclose(projected.var(0), singular[:2] ** 2 / len(codes), rtol=1e-3)
    np.testing.assert_allclose(np.abs((plane.axes.numpy() * vectors[:2]).sum(1)), 1, atol=1e-4)


def test_the_prior_is_the_prior_in_every_plane(codes):
    prior = latent.prior_samples(100_000, 4, seed=0)
    for plane in (latent.principal_plane(codes), latent.coordinate_plane(4, 2, 0)):
        flat = latent.project(prior, plane).numpy()
        np.testing.assert_allclose(flat.mean(0), 0, atol=0.02)
        np.testing.assert_allclose(np.cov(flat.T), np.eye(2), atol=0.03)


def test_the_aggregate_posterior_has_a_draw_of_each_codes_own_gaussian():
    """Mean and variance of a mixture: E[mu] and E[sigma^2] + Var[mu], of known mu and sigma."""
    many = 100_000
    mu = torch.tensor([[1.0, -2.0], [3.0, -2.0]]).repeat(many, 1)
    log_sigma = torch.tensor([[0.5, 3.0], [0.5, 1.0]]).log().repeat(many, 1)
    drawn = latent.aggregate_samples(mu, log_sigma, seed=0)
    np.testing.assert_allclose(drawn.mean(0), [2.0, -2.0], atol=0.02)
    np.testing.assert_allclose(drawn.var(0), [0.25 + 1.0, (9.0 + 1.0) / 2], rtol=0.02)
    for own, deviations in ((drawn[::2], [0.5, 3.0]), (drawn[1::2], [0.5, 1.0])):
        np.testing.assert_allclose(own.std(0), deviations, rtol=0.02)
    digest = hashlib.sha256(b"7/aggregate posterior/0").digest()
    eps = torch.randn(6, 2, generator=torch.Generator().manual_seed(int.from_bytes(digest[:8], "little")))
    torch.testing.assert_close(latent.aggregate_samples(mu[:6], log_sigma[:6], 7), mu[:6] + log_sigma[:6].exp() * eps)
    assert torch.equal(latent.aggregate_samples(mu, None, seed=0), mu)  # an AE's codes are points


def test_the_plane_is_the_chosen_dimensions_in_their_order_or_the_principal_one(codes):
    third, first = torch.eye(4)[2], torch.eye(4)[0]
    plane = latent.choose_plane(codes, (2, 0))
    assert torch.equal(plane.axes, torch.stack([third, first])) and not plane.origin.any()
    assert torch.equal(latent.project(codes, plane), codes[:, [2, 0]])
    chosen, principal = latent.choose_plane(codes, None), latent.principal_plane(codes)
    assert torch.equal(chosen.axes, principal.axes) and not chosen.origin.any()
    for flat in (latent.choose_plane(codes[:, :2], None), latent.choose_plane(codes[:, :2], (1, 0))):
        assert torch.equal(flat.axes, torch.eye(2))  # codes of two dimensions are their own plane


def test_an_axis_of_the_principal_plane_points_where_its_largest_entry_is_positive(codes):
    for turned in (codes, -codes, codes * torch.tensor([-1.0, 1, 1, 1]), codes[:, [2, 1, 0, 3]]):
        axes = latent.principal_plane(turned).axes
        assert (axes.gather(1, axes.abs().argmax(1, keepdim=True)) > 0).all()
        torch.testing.assert_close(axes @ axes.T, torch.eye(2))


@torch.no_grad()
def test_codes_and_answers_of_more_than_one_chunk_are_those_of_all_at_once():
    images = data.load("mnist", "test").images[:2_300]
    vae, ae = build_model(RunConfig(latent_dim=3)), build_model(RunConfig(latent_dim=3, model="ae"))
    (mu, log_sigma), (z, nothing) = encode_all(vae, images), encode_all(ae, images)
    torch.testing.assert_close(mu, vae.g(vae.trunk(images)))
    torch.testing.assert_close(log_sigma, vae.h(vae.trunk(images)))
    torch.testing.assert_close(z, ae.f(ae.trunk(images)))
    assert nothing is None
    torch.testing.assert_close(decode_all(ae, z), ae.decoder(z).sigmoid())
