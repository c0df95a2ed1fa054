"""The settings of a run in a few words, alike wherever a run is named."""

from collections.abc import Callable

from pages.shared import class_names, controls, readings
from vae.config import OF_AN_AE, RunConfig
from vae.runs.store import DamagedRun
from vae.sizes import is_own, size_of


def describe(config: RunConfig, outside: Callable[[str], str] = str) -> str:
    """A run or its pair in a few words: its dimensions, epochs and seed, and what is not the default.

    outside: what makes titles and names of own pictures fit for where the words stand: `plain` in Markdown.
    """
    epochs = "1 epoch" if config.epochs == 1 else f"{config.epochs} epochs"
    words = [outside(class_names.title(config.dataset))] * is_own(config.dataset)
    words += [f"{config.latent_dim}-D", epochs, f"seed {config.seed}"]
    for name, label in {"kl_weight": "KL weight β", "sigma": "h gives", **controls.MORE}.items():
        value = getattr(config, name)
        if value != controls.FIELDS[name].default and not (config.model == "ae" and name in OF_AN_AE):
            shown = ", ".join(map(str, value)) if isinstance(value, tuple) else value
            is_all = name == "train_size" and value == size_of(config.dataset).train
            if is_own(config.dataset) and (name == "dataset" or is_all):
                continue  # said first; all of them
            said = f"{label} {f'{shown:g}' if isinstance(shown, float) else shown}"
            if name == "classes":  # of own pictures in front, where it is seen in a narrow field too
                words.insert(int(is_own(config.dataset)) or len(words), _choice_of(config, outside))
            else:
                words.append(said)
    if config.init_from:
        trained = {"all": "all of it", "encoder": "only its encoder", "heads": "only its heads"}[config.trainable]
        words.append(f"a converted AE ({_origin(config.init_from)}), {trained} trained")
    return " · ".join(words)


def _choice_of(config: RunConfig, outside: Callable[[str], str]) -> str:
    """A choice of classes in as few words as there are."""
    names = [*map(outside, class_names.names(config.dataset))]
    left_out = [name for label, name in enumerate(names) if label not in config.classes]
    if len(left_out) < len(config.classes):
        return f"without {', '.join(left_out)}"
    return f"only {', '.join(names[label] for label in config.classes)}"


def _origin(run_id: str) -> str:
    """The AE that a VAE was converted from, in a few words."""
    try:
        ae = readings.store().config(run_id)
    except (KeyError, DamagedRun):
        return run_id
    activation = "" if ae.bottleneck == controls.FIELDS["bottleneck"].default else f", f = {ae.bottleneck}"
    return f"{ae.epochs} epoch{'s' * (ae.epochs > 1)}, seed {ae.seed}{activation}"
