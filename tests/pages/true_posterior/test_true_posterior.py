"""The page of the exact posterior: what it sends for the digit of its address, and for the first 1,000 test images."""

import base64
import functools
import math
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from pages.shared.lab import trained
from pages.true_posterior import gaps, posteriors
from tests.browser.server import wait_for
from tests.pages.seen import losses_of, model_parcel, numbers_of, sent, unlinked
from vae import data
from vae.config import RunConfig
from vae.runs.worker import advance

OWN = "own-" + "A" * 522 + "Q"  # one grey pixel
BLANK = "own-" + "A" * 523
NODES, WEIGHTS = (torch.from_numpy(part).float() for part in np.polynomial.hermite_e.hermegauss(20))
EPS = torch.cartesian_prod(NODES, NODES)  # of an expectation under N(0, I), by Gauss and Hermite
SHARES = torch.outer(WEIGHTS, WEIGHTS).flatten() / WEIGHTS.sum() ** 2


def log_joint(model: nn.Module, x: Tensor, z: Tensor, beta: float) -> Tensor:
    """log p(x|z) / beta + log p(z) of an image x (784,) at codes z (n, 2): (n,) nats."""
    logits = model.decode(z)
    return (logits @ x - softplus(logits).sum(1)) / beta - 0.5 * z.square().sum(1) - math.log(2 * math.pi)


@torch.no_grad()
def on_a_plane(model: nn.Module, x: Tensor, beta: float) -> tuple[float, Tensor, float]:
    """log p(x) by a plain sum over cells of a hundredth, the most probable cell, and log p(x, z) there.

    The cells are those near the best of a coarse plane; the others have no mass that counts.
    """
    line = torch.arange(-4.95, 5, 0.1)
    coarse = torch.cartesian_prod(line, line)
    values = torch.cat([log_joint(model, x, part, beta) for part in coarse.split(2_000)])
    some, fine = coarse[values > values.max() - 40], torch.arange(-0.045, 0.05, 0.01)
    z = (some[:, None] + torch.cartesian_prod(fine, fine)).reshape(-1, 2)
    values = torch.cat([log_joint(model, x, part, beta) for part in z.split(2_000)])
    return values.logsumexp(0).item() + math.log(1e-4), z[values.argmax()], values.max().item()


def bound_of(model: nn.Module, x: Tensor, mean: Tensor, lower: Tensor, beta: float) -> Tensor:
    """E_q[log p(x|z)] / beta - KL(q || N(0, I)) of q = N(mean, L L^T), nats."""
    entropy = math.log(2 * math.pi) + 1 + lower.diagonal().log().sum()
    return SHARES @ log_joint(model, x, mean + EPS @ lower.T, beta) + entropy


def best_bound(model: nn.Module, x: Tensor, beta: float, is_full: bool, starts: list[tuple[Tensor, Tensor]]) -> float:
    """The largest ELBO that a Gaussian can have, with independent dimensions or any covariance, by L-BFGS."""
    return max(_climbed(model, x, beta, is_full, *start) for start in starts)


@torch.enable_grad()
def _climbed(model: nn.Module, x: Tensor, beta: float, is_full: bool, mean: Tensor, sigma: Tensor) -> float:
    own = torch.cat([mean, sigma.log(), torch.zeros(1)]).requires_grad_()
    optimizer = torch.optim.LBFGS([own], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        lower = torch.diag(own[2:4].exp())
        if is_full:
            lower = lower + own[4] * torch.tensor([[0.0, 0.0], [1.0, 0.0]])
        value = -bound_of(model, x, own[:2], lower, beta)
        value.backward()
        return value

    optimizer.step(loss)
    return -loss().item()


class Expected(NamedTuple):
    """What is exact of a digit x (784,) under a model: q's mu and sigma (2,), the posterior's mode, and all bounds."""

    model: nn.Module
    x: Tensor
    mu: Tensor
    sigma: Tensor
    mode: Tensor
    highest: float
    evidence: float
    full: float
    diagonal: float
    encoder: float


@pytest.fixture(scope="module")
def expected(stored):
    """What is exact of test digit 6 under the pretrained run of a KL weight, each once."""

    @functools.cache
    def expected(beta: float) -> Expected:
        model, x = (
            stored.model(RunConfig(kl_weight=beta).run_id).requires_grad_(False),
            data.load("mnist", "test").images[6],
        )
        with torch.no_grad():
            (mu,), (log_sigma,) = model.encode(x[None])
        sigma = log_sigma.exp()
        evidence, mode, highest = on_a_plane(model, x, beta)
        full, diagonal = (best_bound(model, x, beta, f, [(mu, sigma), (mode, sigma)]) for f in (True, False))
        encoder = bound_of(model, x, mu, sigma.diag(), beta).item()
        return Expected(model, x, mu, sigma, mode, highest, evidence, full, diagonal, encoder)

    return expected


BETAS = pytest.mark.parametrize("beta", [1.0, 4.0])


@torch.no_grad()
@BETAS
def test_what_is_sent_of_a_digit_is_its_exact_posterior_and_the_encoders_q(shown, parcel, stored, expected, beta):
    content = sent(shown("true_posterior", run=RunConfig(kl_weight=beta).run_id, x=6), "posterior")
    answer, exact = content["answer"], expected(beta)
    assert (answer["digit"], content["weight"]) == ("6", beta)
    assert answer["mu"] == pytest.approx(exact.mu.tolist(), abs=1e-4)
    assert answer["sigma"] == pytest.approx(exact.sigma.tolist(), rel=1e-3)
    assert answer["evidence"] == pytest.approx(exact.evidence, abs=0.01)
    assert answer["encoder"] == pytest.approx(exact.encoder, abs=0.02)
    assert answer["mode"] == pytest.approx(exact.mode.tolist(), abs=0.02)
    z, density, width = (torch.from_numpy(numbers_of(answer[name]).copy()) for name in ("z", "density", "width"))
    values = log_joint(exact.model, exact.x, z.reshape(2, -1).T, beta)
    assert density.numpy() == pytest.approx((values - values.max()).exp().numpy(), rel=0.01, abs=1e-6)
    assert density.max() == 1 and values.max() == pytest.approx(exact.highest, abs=0.05)
    mass = (density * width.square()).sum() * (values.max() - answer["evidence"]).exp()
    assert mass.item() == pytest.approx(1, abs=0.01)
    furthest = exact.model.encode(data.load("mnist", "test").images)[0].abs().max().item()
    assert content["reach"] == pytest.approx(max(5, furthest + 1), rel=0.01)  # the outermost cell's centre
    hard = exact.model.encode(data.load("mnist", "test").images)[0]
    losses = losses_of(exact.model.decode(hard), data.load("mnist", "test").images)
    assert numbers_of(parcel(content["hard"]), "<u2").tolist() == losses.argsort(descending=True)[:50].tolist()
    assert content["parcels"]["vae"] == model_parcel(stored, RunConfig(kl_weight=beta).run_id)


@BETAS
def test_the_fits_are_the_best_gaussians_and_the_way_of_q_goes_up_to_the_diagonal_one(visit, lab, expected, beta):
    config, exact = RunConfig(kl_weight=beta), expected(beta)
    visit("true_posterior", run=config.run_id, x=6)
    fits = posteriors._fits(trained(config.run_id), "6")
    for name, best in (("diagonal", exact.diagonal), ("full", exact.full)):
        mean, covariance = (torch.tensor(fits[name][part]) for part in ("mean", "covariance"))
        own = bound_of(exact.model, exact.x, mean, torch.linalg.cholesky(covariance), beta).item()
        assert (fits[f"{name}Bound"], own) == pytest.approx((best, best), abs=0.05)
        assert (covariance[0, 1] == 0) == (name == "diagonal") and fits[f"{name}Bound"] <= exact.evidence + 0.02
    path = numbers_of(fits["path"]).reshape(-1, 5)
    assert path[0] == pytest.approx([*exact.mu.tolist(), *exact.sigma.tolist(), exact.encoder], abs=0.02)
    assert path[-1, 4] == pytest.approx(exact.diagonal, abs=0.1)
    for place in torch.from_numpy(path[[10, -1]].copy()):
        mean, sigma, (bound,) = place.split([2, 2, 1])
        assert bound.item() == pytest.approx(bound_of(exact.model, exact.x, mean, sigma.diag(), beta).item(), abs=0.05)


def test_q_goes_a_long_way_for_a_digit_that_the_encoder_puts_far_away(visit, lab):
    app = visit("true_posterior", x=597)
    fits = posteriors._fits(trained(RunConfig().run_id), "597")
    path = numbers_of(fits["path"]).reshape(-1, 5)
    assert path[-1, 4] == pytest.approx(fits["diagonalBound"], abs=0.5)
    assert fits["diagonalBound"] - sent(app, "posterior")["answer"]["encoder"] > 100


@pytest.mark.parametrize("name", ["7", "own"])
def test_the_digit_that_an_address_names_is_that_digit(name):
    images = data.load("mnist", "test").images
    if name == "7":
        assert torch.equal(posteriors.pixels("7", images), images[7])
    else:  # 784 levels of 16, two in a byte, the first one in the upper half
        levels = torch.arange(784) % 16
        packed = bytes((16 * levels[0::2] + levels[1::2]).tolist())
        text = "own-" + base64.urlsafe_b64encode(packed).decode().rstrip("=")
        assert torch.equal(posteriors.pixels(text, images), levels / 15)


def test_a_drawing_in_the_address_is_the_digit(shown, stored):
    app = shown("true_posterior", x=OWN)
    assert not app.exception
    answer = sent(app, "posterior")["answer"]
    with torch.no_grad():
        mu, log_sigma = stored.model(RunConfig().run_id).encode(posteriors.pixels(OWN, None)[None])
    assert answer["digit"] == OWN and answer["mu"] == pytest.approx(mu[0].tolist(), abs=1e-4)
    assert answer["sigma"] == pytest.approx(log_sigma[0].exp().tolist(), rel=1e-3)


def test_of_a_blank_sheet_nothing_is_known_but_the_prior(shown):
    app = shown("true_posterior", x=BLANK)
    assert not app.exception
    assert sent(app, "posterior")["answer"] == {"digit": BLANK}


def test_a_run_without_an_exact_posterior_says_so(shown):
    app = shown("true_posterior", run=RunConfig(latent_dim=10).run_id)
    assert not app.exception
    assert "two dimensions" in app.info[0].value
    assert not app.subheader


@pytest.mark.parametrize("beta, posterior", [(1.0, "exact"), (4.0, "tempered")])
def test_histograms_gallery_and_words_are_of_the_numbers_that_come_with_the_project(shown, expected, beta, posterior):
    app = shown("true_posterior", run=RunConfig(kl_weight=beta).run_id, x=6)
    content = sent(app, "gaps")
    assert content["done"] == 1_000 and content["tempered"] == (beta != 1)
    rows = {row["part"]: row | {"nats": numbers_of(row["values"])} for row in content["rows"]}
    assert list(rows) == ["all", "amortisation", "independence", "shape"]
    exact = expected(beta)
    parts = exact.diagonal - exact.encoder, exact.full - exact.diagonal, exact.evidence - exact.full
    assert [row["nats"][6] for row in rows.values()] == pytest.approx([sum(parts), *parts], abs=0.06)
    for part, row in rows.items():
        in_order = sorted(row["nats"].tolist())
        assert row["mean"] == pytest.approx(math.fsum(in_order) / 1_000, abs=1e-4)
        assert row["median"] == pytest.approx((in_order[499] + in_order[500]) / 2, abs=1e-4)
        most = [] if part == "all" else row["most"]
        assert [digit["nats"] for digit in most] == pytest.approx(in_order[: -len(most) - 1 : -1])
        assert all(row["nats"][digit["index"]] == pytest.approx(digit["nats"]) for digit in most)
        assert len(most) == (0 if part == "all" else 10)
    total = rows["all"]["nats"]
    low, high = content["decades"]
    assert low == -3 and 10 ** (high - 1) < max(total.max(), 1.1) <= 10**high
    [words] = [text for text in paragraphs(app) if text.startswith("q loses")]
    nats = "nats" if beta == 1 else "tempered nats"
    assert f"**{rows['all']['mean']:.2f} {nats}** on average against the {posterior} posterior" in words
    assert f"{rows['all']['median']:.2f} in the median" in words
    assert any("tempered" in caption.value for caption in app.caption) == (beta != 1)
    names = {"amortisation": "amortisation", "independence": "independence", "shape": "the Gaussian shape"}
    found = re.findall(r"(\d+|under 1)\s%(?: of it is)? (amortisation|independence|the Gaussian shape)", words)
    said = {name: 0.5 if share == "under 1" else float(share) for share, name in found}
    shares = {name: 100 * rows[part]["mean"] / rows["all"]["mean"] for part, name in names.items()}
    assert said == pytest.approx(shares, abs=0.6)
    assert list(said.values()) == sorted(said.values(), reverse=True)
    worst = 100 * np.sort(total)[-100:].sum() / total.sum()
    assert float(re.search(r"for which q is worst have (\d+)\s%", words)[1]) == pytest.approx(worst, abs=0.6)


def parts_of(bounds: dict) -> dict[str, np.ndarray]:
    evidence, full, diagonal, encoder = (
        np.array(bounds[name]) for name in ("log_evidence", "full", "diagonal", "encoder")
    )
    return {"amortisation": diagonal - encoder, "independence": full - diagonal, "the Gaussian shape": evidence - full}


def of_training_digits(app) -> str:
    [words] = [text for text in paragraphs(app) if "**training**" in text] or [""]
    return words


def paragraphs(app) -> list[str]:
    return [paragraph for text in app.markdown for paragraph in unlinked(text.value).split("\n\n")]


@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_what_training_digits_lose_is_said_part_by_part(shown, stored, beta):
    config = RunConfig(kl_weight=beta)
    sha256, nats = stored.metrics(config.run_id)["model_sha256"], "nats" if beta == 1 else "tempered nats"
    test, train = (parts_of(stored.gap(config.run_id, sha256, split)) for split in ("test", "train"))
    words, total = of_training_digits(shown("true_posterior", run=config.run_id)), sum(train.values()).mean()
    assert f"Over the first 1,000 **training** digits it loses {total:.2f} {nats}: " in words
    found = re.findall(r"(\d+|under 1)\s% (amortisation|independence|the Gaussian shape)", words)
    said = {name: 0.5 if share == "under 1" else float(share) for share, name in found}
    assert list(said) == list(train)
    for name, share in said.items():
        assert share == pytest.approx(100 * train[name].mean() / total, abs=0.6)
    a, b = test["amortisation"], train["amortisation"]
    margin = 1.96 * math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 1_000)
    assert f"lose {a.mean():.2f} and the training digits {b.mean():.2f}, a difference of" in words
    assert f"{a.mean() - b.mean():+.2f} ± {margin:.2f} {nats} (95 %)".replace("-", "−") in words
    assert words.endswith(gaps_verdict(a.mean() - b.mean(), margin))


def gaps_verdict(more: float, margin: float) -> str:
    if abs(more) <= margin:
        return "too few digits to tell whether the encoder is worse for those that it has never seen."
    return f"the encoder is {'worse' if more > 0 else 'better'} for digits that it has never seen."


@pytest.mark.parametrize("more, verdict", [(2.0, "is worse"), (-2.0, "is better"), (0.01, "too few digits to tell")])
def test_the_encoder_is_called_worse_or_better_only_beyond_chance(more, verdict):
    lost = np.linspace(0.5, 2.5, 1_000)  # nats; its mean is known within 0.036

    def bounds(amortisation: np.ndarray) -> gaps._Bounds:
        full = np.full(1_000, -100.0)
        rows = {"log_evidence": full + 1, "full": full, "diagonal": full, "encoder": full - amortisation}
        return gaps._Bounds({name: row.tolist() for name, row in rows.items()})

    vae = RunConfig()
    words = gaps._of_training_digits(vae, f"of {more}", bounds(lost + max(more, 0)), bounds(lost + max(-more, 0)))
    assert verdict in words and f"{more:+.2f} ± 0.05 nats".replace("-", "−") in words
    few = gaps._Bounds({name: values[:25] for name, values in bounds(lost).bounds.items()})
    assert gaps._of_training_digits(vae, "few", bounds(lost), few) == ""


def test_a_run_of_ones_own_is_measured_stopped_and_gone_on_with(visit, lab, small):
    for config in (small.autoencoder, small):
        lab.create(config)
        list(advance(config, lab))
    model = small.run_id, lab.metrics(small.run_id)["model_sha256"]

    def press(label: str):
        [button] = [button for button in app.button if button.label == label]
        return button.click().run()

    app = visit("true_posterior", run=small.run_id)
    app = press("Measure 2,000 digits")
    wait_for(lambda: lab.gap(*model))
    app = press("Stop")
    app.run()
    assert not app.exception
    done = sent(app, "gaps")["done"]
    assert 0 < done < 1_000
    assert any(f"{done:,} of 2,000 are measured" in caption.value for caption in app.caption)
    app = press("Go on")
    assert lab.gap_control(*model)["want"] == "measure"
    press("Stop")


def test_a_page_whose_answer_is_kept_needs_no_grid(visit):
    first = sent(visit("true_posterior", x=11), "posterior")
    posteriors._grid.cache_clear()  # as other runs' push it out
    assert sent(visit("true_posterior", x=11), "posterior") == first
    assert len(posteriors._grid.cache) == 0


def test_one_grid_is_decoded_at_a_time(visit, monkeypatch):
    visit("home")  # the server has started
    now, most = [], []

    def decode(model, *_):
        now.append(model)
        most.append(len(now))
        time.sleep(0.05)  # in which another one could begin
        now.remove(model)

    monkeypatch.setattr(posteriors, "decode_grid", decode)
    posteriors._grid.cache_clear()
    runs = [trained(RunConfig(kl_weight=weight).run_id) for weight in (1.0, 4.0)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(posteriors._grid, runs))
    posteriors._grid.cache_clear()  # these are none
    assert most == [1, 1]
