"""RunConfig: everything that decides a run, and nothing else. Same config, same run_id, same weights."""

import dataclasses
import functools
import hashlib
import json
import re
from dataclasses import dataclass

from vae.activations import BOTTLENECKS, HIDDEN
from vae.sizes import BUILT_IN, EXAMPLE, is_own, size_of
from vae.texts import on_one_line, quoted

# Part of every run_id: raise it when the training recipe changes, so that no old run answers for a new one.
RECIPE = 2
# Fields that came when runs had names already: at their defaults they leave no trace in a run's name.
LATER = ("sigma", "init_from", "trainable", "classes")
FEWEST = 100  # training images of own pictures
# What an AE, which has no sigma and no KL term, has in a VAE's fields: the VAEs of every weight thus share one AE.
OF_AN_AE = {"kl_weight": 0.0, "kl_ramp": 0.0, "sigma": "log", "init_from": "", "trainable": "all"}
AE_RUN_ID = re.compile(r"(ae-\d{1,2}d-[0-9a-f]{12})?", re.ASCII)


class ConfigError(ValueError):
    """A setting outside its range; the message names the field, the value and what is allowed."""

    def __init__(self, name: str, value: object, allowed: str):
        super().__init__(f"{on_one_line(name, 60)} = {quoted(value)} is not allowed: {allowed}")
        self.name, self.value, self.allowed = name, value, allowed


def _choice(default: str, choices: tuple[str, ...], help: str):
    return dataclasses.field(default=default, metadata={"choices": choices, "help": help})


def _number(default: float, low: float, high: float, help: str):
    return dataclasses.field(default=default, metadata={"low": low, "high": high, "help": help})


@dataclass(frozen=True)
class RunConfig:
    """The only input of a run.

    An AE's fields of OF_AN_AE are set to the values there. Raises ConfigError for a value outside its range.
    """

    model: str = _choice("vae", ("ae", "vae"), "autoencoder or variational autoencoder")
    dataset: str = _choice("mnist", tuple(BUILT_IN), "the images")
    train_size: int = _number(
        60_000, 1_000, 60_000, "training images, the first ones of the set; of fewer own pictures: all of them"
    )
    classes: tuple[int, ...] = dataclasses.field(
        default=(),
        metadata={"low": 0, "help": "labels of the training images; none named: all of them"},
    )
    latent_dim: int = _number(2, 1, 32, "dimensions of z")
    hidden_dims: tuple[int, ...] = dataclasses.field(
        default=(256, 128, 64),
        metadata={
            "low": 4,
            "high": 2048,
            "most": 4,
            "help": "widths of the encoder's hidden layers; the decoder mirrors them",
        },
    )
    activation: str = _choice("gelu", HIDDEN, "activation of the hidden layers")
    bottleneck: str = _choice("identity", BOTTLENECKS, "activation of f (AE) and g (VAE)")
    sigma: str = _choice("log", ("log", "softplus", "raw"), "what h(y) is: log sigma, or sigma by softplus or raw")
    likelihood: str = _choice("bernoulli", ("bernoulli", "gaussian"), "p(x|z), which decides the reconstruction loss")
    kl_weight: float = _number(1.0, 0.0, 1000.0, "weight of the KL term; 1 is the VAE")
    kl_ramp: float = _number(0.3, 0.0, 1.0, "share of the training over which the KL weight rises from 0")
    epochs: int = _number(3, 1, 200, "passes over the training images")
    batch_size: int = _number(128, 16, 1024, "images a step")
    learning_rate: float = _number(6e-3, 1e-6, 10.0, "peak of the learning rate's one cycle")
    seed: int = _number(0, 0, 2**31 - 1, "decides the initial weights, the batches and eps")
    init_from: str = dataclasses.field(
        default="", metadata={"help": "the trained AE whose weights a VAE starts with; none: it starts from scratch"}
    )
    trainable: str = _choice("all", ("all", "encoder", "heads"), "what is trained: all, trunk with g and h, or g and h")

    def __post_init__(self):
        for field in dataclasses.fields(self):  # the dataset comes before what it bounds
            object.__setattr__(self, field.name, _validated(field, getattr(self, field.name), self.dataset))
        if self.batch_size > self.train_size:
            raise ConfigError("batch_size", self.batch_size, f"at most train_size, {self.train_size:,}")
        if self.model == "ae":
            for name, value in OF_AN_AE.items():
                object.__setattr__(self, name, value)

    @functools.cached_property
    def run_id(self) -> str:
        """The run's name everywhere: folder, cache key, URL parameter, Dask key."""
        is_told = {name: getattr(self, name) != getattr(RunConfig, name) for name in LATER}
        told = {name: value for name, value in self.to_dict().items() if is_told.get(name, True)}
        canonical = json.dumps({"recipe": RECIPE, **told}, sort_keys=True)
        return f"{self.model}-{self.latent_dim}d-{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"

    def __hash__(self) -> int:
        """Of its name, which is made once: a page looks up what it knows of a config a hundred times."""
        return hash(self.run_id)

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in a pass; the incomplete last batch is left out, and the shuffle makes up for it."""
        return self.train_size // self.batch_size

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole run."""
        return self.steps_per_epoch * self.epochs

    def to_dict(self) -> dict:
        """The config as JSON-ready values."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: dict) -> "RunConfig":
        """The config of `to_dict`; raises ConfigError for unknown names and bad values."""
        names = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in names:
                raise ConfigError(name, values[name], f"the fields are {', '.join(names)}")
        return cls(**values)

    @functools.cached_property
    def autoencoder(self) -> "RunConfig":
        """The AE with the same settings: the other half of a VAE's pair."""
        return dataclasses.replace(self, model="ae")

    def converted(self, trainable: str = "all") -> "RunConfig":
        """The VAE that starts from this AE once it is trained, its g linear, all or a part of it trained."""
        plain = {"bottleneck": RunConfig.bottleneck, "kl_weight": RunConfig.kl_weight, "kl_ramp": RunConfig.kl_ramp}
        return dataclasses.replace(self, model="vae", **plain, init_from=self.run_id, trainable=trainable)


def bounds(field: dataclasses.Field, dataset: str = "mnist") -> tuple[float, float]:
    """The least and the greatest number that a field takes, or each of its numbers; a dataset's size is one of them."""
    if field.name == "classes":
        return 0, max(size_of(dataset).classes - 1, 0)
    if field.name == "train_size" and is_own(dataset):
        return min(FEWEST, size_of(dataset).train), size_of(dataset).train
    return field.metadata["low"], field.metadata["high"]


def _validated(field: dataclasses.Field, value, dataset: str):
    """The value in its field's type, or a ConfigError."""
    if field.name == "dataset" and isinstance(value, str) and is_own(value):
        return value
    if "choices" in field.metadata:
        if value not in field.metadata["choices"]:
            raise ConfigError(field.name, value, allowed_values(field))
        return value
    if field.name == "init_from":
        if not isinstance(value, str) or not AE_RUN_ID.fullmatch(value):
            raise ConfigError(field.name, value, allowed_values(field))
        return value
    if isinstance(field.default, tuple):
        if not isinstance(value, (tuple, list)):
            raise ConfigError(field.name, value, allowed_values(field, dataset))
        values = tuple(value)
        is_counted = field.name == "classes" or 1 <= len(values) <= field.metadata["most"]
        if not is_counted or (values and not _has_classes(field, dataset)):
            raise ConfigError(field.name, values, allowed_values(field, dataset))
        numbers = tuple(_number_in_range(field, int, one, dataset) for one in values)
        return _named_classes(numbers, field, dataset) if field.name == "classes" else numbers
    if field.name == "train_size" and value == field.default and type(value) is int:
        value = min(value, size_of(dataset).train)
    return _number_in_range(field, type(field.default), value, dataset)


def _has_classes(field: dataclasses.Field, dataset: str) -> bool:
    return field.name != "classes" or size_of(dataset).classes > 0


def _named_classes(labels: tuple[int, ...], field: dataclasses.Field, dataset: str) -> tuple[int, ...]:
    """In their order, so that one choice is one run; all of them are as none."""
    if len(set(labels)) != len(labels):
        raise ConfigError(field.name, labels, allowed_values(field, dataset))
    return () if len(labels) == size_of(dataset).classes else tuple(sorted(labels))


def _number_in_range(field: dataclasses.Field, kind: type, value, dataset: str):
    low, high = bounds(field, dataset)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    in_range = is_number and low <= value <= high  # which NaN never is
    if not in_range or kind(value) != value:
        raise ConfigError(field.name, value, allowed_values(field, dataset))
    return kind(value) + 0  # -0.0 is 0.0, so that both are one run


def allowed_values(field: dataclasses.Field, dataset: str = "mnist") -> str:
    """What a field of RunConfig takes, in words: for error messages, the command line and the pages."""
    if "choices" in field.metadata:
        own = f", or own pictures, such as {EXAMPLE}" if field.name == "dataset" else ""
        return f"one of {', '.join(field.metadata['choices'])}{own}"
    if field.name == "init_from":
        return "the run_id of an AE, such as ae-2d-0123456789ab, or nothing"
    low, high = bounds(field, dataset)
    if not _has_classes(field, dataset):
        return "none, for these pictures have no labels"
    if field.name == "classes":
        return f"labels from {low} to {high}, each once, or none for all"
    if field.name == "hidden_dims":
        return f"1 to {field.metadata['most']} widths, each a whole number from {low} to {high}"
    kind = "a whole number" if isinstance(field.default, int) else "a number"
    return f"{kind} from {low:,} to {high:,}" if kind != "a number" else f"{kind} from {low:g} to {high:g}"
