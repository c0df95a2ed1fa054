"""The states of a run, as one table, and RunStatus: in which of them a run is, and how far."""

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """What a state means.

    is_active: more is to come without anybody's doing. has_ended: metrics.json is there. is_settled: who asks again
    changes nothing; otherwise a run that is not active goes on. has_model: there may be a model to look at. is_usable:
    of a training that went well so far.
    """

    is_active: bool = False
    has_ended: bool = False
    is_settled: bool = False
    has_model: bool = False
    is_usable: bool = False


STATES = {
    "absent": State(),
    "queued": State(is_active=True),
    "running": State(is_active=True),
    "pausing": State(is_active=True),
    "stopping": State(is_active=True),
    "paused": State(),
    "stopped": State(has_ended=True, has_model=True, is_usable=True),
    "complete": State(has_ended=True, is_settled=True, has_model=True, is_usable=True),
    "diverged": State(has_ended=True, is_settled=True, has_model=True),
    "failed": State(has_ended=True),
}


def _all(meaning: str) -> frozenset[str]:
    return frozenset(name for name, state in STATES.items() if getattr(state, meaning))


ACTIVE, ENDED, SETTLED = _all("is_active"), _all("has_ended"), _all("is_settled")
WITH_MODEL, USABLE = _all("has_model"), _all("is_usable")
STARTABLE = frozenset(STATES) - ACTIVE - SETTLED  # a run goes on, or begins, when somebody asks
UNFINISHED = ACTIVE | {"paused"}  # asked for, and not at its end


@dataclass(frozen=True)
class RunStatus:
    """Where a run is: one of STATES."""

    state: str
    step: int = 0
    total_steps: int = 0
    seconds: float = 0.0
    message: str = ""

    @property
    def is_active(self) -> bool:
        """Whether more is to come without anybody's doing."""
        return self.state in ACTIVE

    @property
    def has_model(self) -> bool:
        """Whether the run has ended with a model to look at."""
        return self.state in WITH_MODEL

    @property
    def seconds_left(self) -> float | None:
        """Training seconds still to come at the pace so far; None before there is a pace to go by."""
        has_pace = self.step > 0.05 * self.total_steps  # the first steps are slow: everything is touched once
        return self.seconds * (self.total_steps - self.step) / self.step if has_pace else None
