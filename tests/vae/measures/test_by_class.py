"""What a model makes of each class: a plain loop over the images of the class, and over all that are near."""

import pytest
import torch

from vae import data
from vae.config import RunConfig
from vae.measures.by_class import looks_like, losses_by_class
from vae.measures.evaluation import evaluate, evaluation_eps
from vae.objective import reconstruction_loss
from vae.runs.store import RunStore


@pytest.mark.parametrize("config", [RunConfig(), RunConfig(model="ae")], ids=lambda config: config.model)
@torch.no_grad()
def test_a_class_is_worth_the_mean_of_its_images(tmp_path, config):
    model = RunStore(str(tmp_path)).model(config.run_id)
    images, labels = data.load("mnist", "test")
    found = {one.label: one for one in losses_by_class(model, images, labels, config.likelihood)}
    assert list(found) == list(range(10))
    of_class = (labels == 4).nonzero()[:, 0]
    if config.model == "ae":
        losses = reconstruction_loss(model.decode(model.encode(images[of_class])), images[of_class], config.likelihood)
    else:
        mu, log_sigma = model.encode(images[of_class])
        z = mu + log_sigma.exp() * evaluation_eps(10_000, 2)[of_class]
        q, p = torch.distributions.Normal(mu, log_sigma.exp()), torch.distributions.Normal(0.0, 1.0)
        kl = torch.distributions.kl_divergence(q, p).sum(1)
        losses = reconstruction_loss(model.decode(z), images[of_class], config.likelihood) + kl
    assert found[4].mean == pytest.approx(losses.mean().item(), rel=1e-4)
    assert found[4].error == pytest.approx(losses.std().item() / len(losses) ** 0.5, rel=1e-3)
    test = evaluate(model, images, config.likelihood)
    counts = [(labels == label).sum().item() for label in range(10)]
    whole = sum(count * found[label].mean for label, count in enumerate(counts)) / 10_000
    expected = test.reconstruction if config.model == "ae" else test.negative_elbo
    assert whole == pytest.approx(expected, abs=0.2)  # of one draw


def test_a_picture_looks_like_the_class_of_the_nearest_image():
    images, labels = data.load("mnist", "test")
    assert looks_like(images[:300], images, labels) == {
        label: count / 300
        for label, count in sorted(
            ((label, (labels[:300] == label).sum().item()) for label in range(10)), key=lambda one: -one[1]
        )
    }
    shares = looks_like(images[300:340] * 0.9, images[:300], labels[:300])
    slow = [labels[((x - images[:300]) ** 2).sum(1).argmin()].item() for x in images[300:340] * 0.9]
    assert shares == {label: slow.count(label) / 40 for label in shares} and sum(shares.values()) == pytest.approx(1.0)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
