"""The two networks differ in the bottleneck and in nothing else."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from vae import data
from vae.config import ConfigError, RunConfig
from vae.models import (
    Autoencoder,
    VariationalAutoencoder,
    build_model,
    convert,
    freeze,
    pixel_means,
    reconstruct,
    reparameterize,
)

SHAPES = [((16,), 1), ((32, 16), 2), ((256, 128, 64), 2), ((64, 32, 16, 8), 32)]


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    return data.load("mnist", "test").images[:5]


def same_bits(one: nn.Module, other: nn.Module) -> bool:
    pairs = list(zip(one.state_dict().items(), other.state_dict().items(), strict=True))
    return all(names[0] == names[1] and torch.equal(*tensors) for names, tensors in (zip(*pair) for pair in pairs))


@pytest.mark.parametrize("hidden_dims, latent_dim", SHAPES)
def test_ae_and_vae_of_one_seed_start_with_the_same_trunk_decoder_and_f_as_g(hidden_dims, latent_dim):
    config = RunConfig(hidden_dims=hidden_dims, latent_dim=latent_dim, seed=3)
    mean_image = data.load("mnist", "train").images.mean(0)
    vae, ae = build_model(config, mean_image), build_model(config.autoencoder, mean_image)
    assert same_bits(vae.trunk, ae.trunk) and same_bits(vae.decoder, ae.decoder) and same_bits(vae.g, ae.f)
    other = dict(build_model(replace(config, seed=4)).named_children())
    weights = {name: next(part.parameters()) for name, part in vae.named_children()}
    assert all(not torch.equal(weight, next(other[name].parameters())) for name, weight in weights.items())


def test_a_vae_has_h_more_than_an_ae_and_nothing_else():
    vae, ae = build_model(RunConfig()).state_dict(), build_model(RunConfig(model="ae")).state_dict()
    assert {name.replace("f.", "g.") for name in ae} == {name for name in vae if not name.startswith("h.")}
    assert {name for name in vae if name.startswith("h.")} == {"h.weight", "h.bias"}


@pytest.mark.parametrize("hidden_dims, latent_dim", SHAPES)
def test_codes_and_logits_have_their_shapes(hidden_dims, latent_dim, x):
    config = RunConfig(hidden_dims=hidden_dims, latent_dim=latent_dim)
    z = build_model(config.autoencoder).encode(x)
    mu, log_sigma = build_model(config).encode(x)
    assert z.shape == mu.shape == log_sigma.shape == (5, latent_dim)
    assert build_model(config).decode(mu).shape == (5, 784)
    layers = [layer for layer in build_model(config).modules() if isinstance(layer, nn.Linear)]
    widths = [(layer.in_features, layer.out_features) for layer in layers]
    encoder = list(zip((784, *hidden_dims), hidden_dims))
    bottleneck = [(hidden_dims[-1], latent_dim)] * 2
    decoder = [(latent_dim, hidden_dims[-1]), *((b, a) for a, b in reversed(encoder))]
    assert sorted(widths) == sorted(encoder + bottleneck + decoder)


@pytest.mark.parametrize("name, function", [("relu", torch.relu), ("gelu", nn.functional.gelu), ("tanh", torch.tanh)])
def test_hidden_layers_have_the_activation_of_the_config(name, function, x):
    model = build_model(RunConfig(activation=name, hidden_dims=(16, 8)))
    first, second = (layer for layer in model.trunk if isinstance(layer, nn.Linear))
    y = function(second(function(first(x))))
    torch.testing.assert_close(model.trunk(x), y)
    z = model.g(y)
    hidden_1, hidden_2, output = (layer for layer in model.decoder if isinstance(layer, nn.Linear))
    torch.testing.assert_close(model.decode(z), output(function(hidden_2(function(hidden_1(z))))))


@pytest.mark.parametrize(
    "name, function",
    [("identity", lambda t: t), ("sigmoid", torch.sigmoid), ("relu", torch.relu), ("tanh", torch.tanh)],
)
def test_f_and_g_have_the_activation_of_the_bottleneck_and_h_has_none(name, function, x):
    config = RunConfig(bottleneck=name)
    ae, vae = build_model(config.autoencoder), build_model(config)
    y = vae.trunk(x)
    expected = function(y @ vae.g[0].weight.T + vae.g[0].bias)
    mu, log_sigma = vae.encode(x)
    torch.testing.assert_close(mu, expected)
    torch.testing.assert_close(ae.encode(x), expected)
    torch.testing.assert_close(log_sigma, y @ vae.h.weight.T + vae.h.bias)


def test_encoding_and_decoding_are_deterministic(x):
    for model in (build_model(RunConfig()), build_model(RunConfig(model="ae"))):
        state = torch.get_rng_state()
        first, second = reconstruct(model, x), reconstruct(model, x)
        assert torch.equal(first, second)
        assert torch.equal(state, torch.get_rng_state())  # nothing was drawn


def test_eps_moves_a_vaes_code_and_leaves_an_aes_alone(x):
    eps = torch.ones(5, 2)
    vae, ae = build_model(RunConfig()), build_model(RunConfig(model="ae"))
    mu, log_sigma = vae.encode(x)
    torch.testing.assert_close(reconstruct(vae, x, eps), pixel_means(vae.decode(mu + log_sigma.exp())))
    assert not torch.equal(reconstruct(vae, x, eps), reconstruct(vae, x))
    assert torch.equal(reconstruct(ae, x, eps), reconstruct(ae, x))


def test_reparameterised_draws_have_mean_mu_and_deviation_sigma():
    mu, log_sigma = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, -3.0]])
    z = reparameterize(mu, log_sigma, torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0)))
    torch.testing.assert_close(z.mean(0, keepdim=True), mu, atol=0.02, rtol=0)
    torch.testing.assert_close(z.std(0, keepdim=True), log_sigma.exp(), atol=0, rtol=0.01)


def test_an_untrained_network_answers_close_to_the_mean_image_with_sigma_close_to_one(x):
    mean_image = data.load("mnist", "train").images.mean(0)
    model = build_model(RunConfig(), mean_image)
    model.decoder[-1].weight.data.zero_()
    torch.testing.assert_close(reconstruct(model, x)[0], mean_image.clamp(1e-3, 1 - 1e-3))
    assert model.encode(x)[1].abs().max() < 0.5


@pytest.mark.parametrize("activation", ["relu", "gelu", "tanh"])
@pytest.mark.parametrize("bottleneck", ["identity", "relu", "sigmoid"])
def test_initial_weights_have_the_variance_of_what_follows_and_no_layer_has_anothers_draws(activation, bottleneck):
    """2 / inputs before a rectifier, else 1 / inputs; the output's halved, and h's a tenth: both start quietly."""
    config = RunConfig(hidden_dims=(300, 256), latent_dim=32, activation=activation, bottleneck=bottleneck)
    rectified = 1.0 if activation == "tanh" else 2.0
    scales = {
        "trunk.0": (rectified / 784) ** 0.5,
        "trunk.2": (rectified / 300) ** 0.5,
        "g.0": ((2.0 if bottleneck == "relu" else 1.0) / 256) ** 0.5,
        "h": 0.1 * (1 / 256) ** 0.5,
        "decoder.0": (rectified / 32) ** 0.5,
        "decoder.2": (rectified / 256) ** 0.5,
        "decoder.4": 0.5 * (1 / 300) ** 0.5,
    }
    state = build_model(config).state_dict()
    assert state.keys() == {f"{layer}.{kind}" for layer in scales for kind in ("weight", "bias")}
    assert all((state[f"{layer}.bias"] == 0).all() for layer in scales)
    drawn = {layer: state[f"{layer}.weight"] / scale for layer, scale in scales.items()}
    for weight in drawn.values():  # at least 8,192 draws from N(0, 1)
        assert weight.std().item() == pytest.approx(1.0, rel=0.04)
        assert weight.mean().item() == pytest.approx(0.0, abs=0.04)
    first = torch.stack([weight.flatten()[:16] for weight in drawn.values()])
    assert torch.cdist(first, first).fill_diagonal_(math.inf).min() > 1


def test_building_a_model_leaves_the_global_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    build_model(RunConfig(seed=9))
    initial = build_model(RunConfig()).trunk[0].weight
    assert torch.equal(build_model(RunConfig()).trunk[0].weight, initial)
    torch.manual_seed(0)
    assert torch.equal(torch.rand(3), expected)


def test_the_models_are_of_the_two_classes():
    assert type(build_model(RunConfig(model="ae"))) is Autoencoder
    assert type(build_model(RunConfig(model="vae"))) is VariationalAutoencoder


@pytest.mark.parametrize(
    "kind, sigma_of", [("log", torch.exp), ("softplus", lambda h: torch.log1p(h.exp())), ("raw", lambda h: h)]
)
def test_sigma_is_what_the_head_is_said_to_give_and_starts_close_to_one(kind, sigma_of, x):
    model = build_model(RunConfig(sigma=kind))
    _, log_sigma = model.encode(x)
    torch.testing.assert_close(log_sigma.exp(), sigma_of(model.h(model.trunk(x))))
    assert log_sigma.abs().max() < 0.5
    torch.testing.assert_close(sigma_of(model.h.bias), torch.ones(2))


def test_a_raw_sigma_below_zero_has_no_logarithm(x):
    model = build_model(RunConfig(sigma="raw"))
    model.h.bias.data[1] = -5.0
    mu, log_sigma = model.encode(x)
    assert mu.isfinite().all() and log_sigma[:, 0].isfinite().all() and log_sigma[:, 1].isnan().all()


def test_a_conversion_copies_trunk_decoder_and_f_and_makes_a_new_head(x):
    config = RunConfig(model="ae", seed=1)
    ae = build_model(config)
    for parameter in ae.parameters():
        parameter.data += 0.1  # as if trained: no part is as a new model's
    vae = convert(ae, config.converted())
    assert same_bits(vae.trunk, ae.trunk) and same_bits(vae.decoder, ae.decoder) and same_bits(vae.g, ae.f)
    assert same_bits(vae.h, build_model(config.converted()).h)
    assert torch.equal(vae.encode(x)[0], ae.encode(x))
    assert torch.equal(reconstruct(vae, x), reconstruct(ae, x))


def test_a_conversion_is_a_copy(x):
    ae = build_model(RunConfig(model="ae"))
    vae = convert(ae, RunConfig(model="ae").converted())
    before = ae.encode(x)
    for parameter in vae.parameters():
        parameter.data.zero_()
    assert torch.equal(ae.encode(x), before)


def test_an_f_that_is_not_linear_gives_way_to_a_new_linear_g(x):
    config = RunConfig(model="ae", bottleneck="sigmoid", seed=1)
    ae = build_model(config)
    ae.f[0].weight.data += 1  # as if trained
    vae, new = convert(ae, config.converted()), build_model(config.converted())
    assert same_bits(vae.g, new.g) and same_bits(vae.trunk, ae.trunk)
    same = convert(ae, RunConfig(bottleneck="sigmoid"))
    assert torch.equal(same.encode(x)[0], ae.encode(x))


@pytest.mark.parametrize("other", [{"latent_dim": 3}, {"hidden_dims": (9,)}, {"activation": "relu"}])
def test_an_ae_of_other_layers_is_refused(other):
    with pytest.raises(ConfigError, match=r"^init_from = '.+' is not allowed: an AE with the same layers"):
        convert(build_model(RunConfig(model="ae", **other)), RunConfig(model="ae").converted())


@pytest.mark.parametrize("trainable, parts", [("all", "trunk g h decoder"), ("encoder", "trunk g h"), ("heads", "g h")])
def test_gradients_are_left_to_what_is_trained_alone(trainable, parts):
    model = build_model(RunConfig())
    freeze(model, trainable)
    assert {name.split(".")[0] for name, p in model.named_parameters() if p.requires_grad} == set(parts.split())
    assert all(p.requires_grad == (name.split(".")[0] in parts.split()) for name, p in model.named_parameters())
