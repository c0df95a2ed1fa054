"""Planes, grids and samples against linear algebra done another way."""

import numpy as np
import pytest
import torch

from vae import latent


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
