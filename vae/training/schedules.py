"""What changes with the step of a run: learning rate, KL weight, and whether somebody looks."""

from vae.config import RunConfig

WARM_UP = 0.05  # share of the steps over which the learning rate rises; it then falls linearly to 0


def snapshot_steps(config: RunConfig, pictures: bool = False) -> set[int]:
    """The steps at which a run is looked at: for its losses, or (fewer) for its pictures too."""
    last, per_epoch = config.total_steps, config.steps_per_epoch
    epochs = {per_epoch * epoch for epoch in range(config.epochs + 1)}
    log_spaced = {round(2 ** (power / 2)) for power in range(2 * last.bit_length())}
    if pictures:
        return {step for step in epochs | log_spaced if step <= last}
    tenths = {round(per_epoch * tenth / 10) for tenth in range(10 * config.epochs + 1)}
    return {step for step in epochs | log_spaced | tenths if step <= last}


def learning_rate_at(config: RunConfig, step: int) -> float:
    """One cycle: linear from 0 to the config's rate over the first 5 % of the steps, then linear to 0 (Smith 2018)."""
    progress = step / config.total_steps
    rising, falling = (step + 1) / (WARM_UP * config.total_steps), (1 - progress) / (1 - WARM_UP)
    return config.learning_rate * min(rising, falling, 1.0)


def kl_weight_at(config: RunConfig, step: int) -> float:
    """The KL weight at a step, risen linearly over the first kl_ramp of the run (Bowman et al. 2016)."""
    ramp_steps = config.kl_ramp * config.total_steps
    return config.kl_weight * (min(1.0, step / ramp_steps) if ramp_steps else 1.0)
