"""What the classes of a dataset are called, and their colours, alike on every page."""

from pages.shared.colors import CLASS_COLORS, GREY
from pages.shared.once import recent
from pages.shared.plain import plain
from pages.shared.readings import store
from vae.runs.shelf import About
from vae.sizes import is_own, size_of


@recent(5.0)
def own() -> tuple[About, ...]:
    """The sets of own pictures of this server's store."""
    return tuple(store().datasets())


def about(dataset: str) -> About | None:
    """What is said of own pictures; None where the store has none of this name."""
    if not is_own(dataset):
        return None
    return next((found for found in own() if found.dataset == dataset), None) or store().about(dataset)


def names(dataset: str) -> tuple[str, ...]:
    """The names of the classes, in the order of their labels; none for pictures without labels."""
    if found := about(dataset):
        return found.names
    return tuple(map(str, range(size_of(dataset).classes)))


def said(dataset: str) -> tuple[str, ...]:
    """The names of the classes, fit for Markdown: own ones are from outside."""
    return tuple(map(plain, names(dataset))) if is_own(dataset) else names(dataset)


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
    """What a dataset is called on a page: own pictures by their title, with a part of their checksum if two have it."""
    found = about(dataset)
    if not found:
        return dataset
    is_alone = all(other.dataset == dataset or other.title != found.title for other in own())
    return found.title if is_alone else f"{found.title} {checksum(dataset)}"


def checksum(dataset: str) -> str:
    """The beginning of the checksum of own pictures."""
    return dataset.split("-")[1][:4]
