"""The page of draws: what it sends to its component."""

import pytest

from tests.pages.seen import kl_of, losses_of, model_parcel, numbers_of, sent
from vae import data
from vae.config import RunConfig

TEN = RunConfig(latent_dim=10)


@pytest.mark.parametrize("config", [RunConfig(), TEN], ids=["2-D", "10-D"])
def test_the_pair_and_its_codes_on_the_dimensions_of_the_largest_kl_are_sent(parcel, shown, stored, q_of, config):
    app = shown("resampling", run=config.run_id)
    content, (mu, sigma) = sent(app, "resampling"), q_of(config.run_id)
    dims = sorted(kl_of(mu, sigma).mean(0).topk(2).indices.tolist())
    assert (content["dims"], content["latentDim"]) == (dims, config.latent_dim)
    parcels = content["parcels"]
    for half, run in (("ae", config.autoencoder), ("vae", config)):
        assert parcels[half] == model_parcel(stored, run.run_id)
    codes = numbers_of(parcel(parcels["codes_vae"])).reshape(4, 10_000)
    assert codes[:2] == pytest.approx(mu[:, dims].T.numpy(), abs=1e-4)
    assert codes[2:] == pytest.approx(sigma[:, dims].T.numpy(), rel=1e-3)
    codes = numbers_of(parcel(parcels["codes_ae"])).reshape(2, 10_000)
    assert codes == pytest.approx(q_of(config.autoencoder.run_id)[0][:, dims].T.numpy(), abs=1e-4)


def test_the_hard_digits_are_those_that_lose_most_the_worst_first(shown, parcel, stored, q_of):
    x = data.load("mnist", "test").images
    model = stored.model(TEN.run_id).requires_grad_(False)
    losses = losses_of(model.decode(q_of(TEN.run_id)[0]), x)
    content = sent(shown("resampling", run=TEN.run_id), "resampling")
    assert numbers_of(parcel(content["hard"]), "<u2").tolist() == losses.topk(50).indices.tolist()
