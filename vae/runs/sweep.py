"""Sweeps over the KL weight: the same pair with one weight after another."""

import dataclasses
import functools

from vae.config import ConfigError, RunConfig

# The weights of which trained runs come with the project, for each latent_dim: from an AE with noise to collapse.
LADDER = {2: (0.0, 0.01, 0.1, 0.3, 1.0, 2.0, 4.0, 10.0, 30.0), 10: (0.0, 0.1, 1.0, 4.0, 10.0)}
# Beside the 10-D run of weight 1, which comes with the project too: the KL term at full weight from the first step.
RAMPLESS = RunConfig(latent_dim=10, kl_ramp=0.0)
# The pair that never saw an 8, and the VAE of its size that saw all: small ones, for they are there for one step alone.
WITH_8 = RunConfig(hidden_dims=(64, 32))
WITHOUT_8 = RunConfig(hidden_dims=(64, 32), classes=(0, 1, 2, 3, 4, 5, 6, 7, 9))
MOST_WEIGHTS = 12
MOST_SEEDS = 3
SWEPT = ("model", "kl_weight", "seed")  # the fields of RunConfig that a sweep sets


@functools.lru_cache(maxsize=1000)
def sweep(base: RunConfig, kl_weights: tuple[float, ...], seeds: tuple[int, ...]) -> tuple[RunConfig, ...]:
    """The VAEs of every weight and seed, and the AE of every seed, which comes before its VAEs.

    Raises ConfigError for more than 12 weights, more than 3 seeds, none, or a weight twice.
    """
    for name, values, most in (("kl_weights", kl_weights, MOST_WEIGHTS), ("seeds", seeds, MOST_SEEDS)):
        if not 1 <= len(values) <= most or len(set(values)) < len(values):
            raise ConfigError(name, values, f"1 to {most} different values")
    configs = []
    for seed in seeds:
        vae = dataclasses.replace(base, model="vae", seed=seed)
        vaes = [dataclasses.replace(vae, kl_weight=weight) for weight in kl_weights]
        configs += [vae.autoencoder, *sorted(vaes, key=lambda config: config.kl_weight)]
    return tuple(configs)


@functools.cache
def ladder(latent_dim: int) -> tuple[RunConfig, ...]:
    """The VAEs of the ladder, the smallest weight first."""
    return sweep(RunConfig(latent_dim=latent_dim), LADDER[latent_dim], (0,))[1:]
