"""What the classes of a dataset are called, and their colours, alike on every page."""

from pages.shared.colors import CLASS_COLORS, GREY
from pages.shared.once import recent
from pages.shared.readings import store
from vae.sizes import is_own, size_of


@recent(60.0)
def names(dataset: str) -> tuple[str, ...]:
    """The names of the classes, in the order of their labels; none for pictures without labels."""
    if is_own(dataset) and (about := store().about(dataset)):
        return about.names
    return tuple(map(str, range(size_of(dataset).classes)))


def colors(dataset: str) -> list[str]:
    """One colour a class; grey beyond the twelve that eyes tell apart, and for pictures without labels."""
    count = size_of(dataset).classes
    if not count:
        return [GREY]
    return [*CLASS_COLORS[:count], *[GREY] * (count - len(CLASS_COLORS))]


def in_browser(dataset: str) -> dict:
    """What a component needs to name classes (assets/browser/shared/class_names.js): nothing where they are digits."""
    return {"classNames": list(names(dataset))} if is_own(dataset) else {}


def title(dataset: str) -> str:
    """What a dataset is called on a page."""
    about = store().about(dataset) if is_own(dataset) else None
    return about.title if about else dataset
