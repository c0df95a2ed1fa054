"""The navigation over every page."""

from playwright.sync_api import Page


def go(page: Page, title: str) -> None:
    """To the page of a title, by a click."""
    page.get_by_role("navigation", name="App pages").get_by_role("link", name=title).click()
