"""What the tests of the exact posterior and of the gap share."""

import pytest

from vae import data
from vae.config import RunConfig
from vae.measures.chunks import encode_all
from vae.measures.posterior import decode_grid
from vae.runs.store import RunStore


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The default VAE, the test images, their mu and log_sigma, and its grid."""
    model = RunStore(str(tmp_path_factory.mktemp("empty"))).model(RunConfig().run_id)
    images = data.load("mnist", "test").images
    mu, log_sigma = encode_all(model, images)
    return model, images, mu, log_sigma, decode_grid(model, "bernoulli", mu)
