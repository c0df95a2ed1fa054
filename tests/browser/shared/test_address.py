"""What a component keeps in the address, and what it forgets with the digit."""

import pytest

from tests.browser.conftest import EMPTY

NEW = """async ([page, given]) => {
  const { Address } = await import("./shared/address.js");
  return (globalThis.address = new Address(page, given)).state;
}"""
QUERY = "Object.fromEntries(new URLSearchParams(location.search))"


@pytest.fixture
def page(modules):
    """The empty page, where nothing is remembered."""
    modules.goto(EMPTY)
    return modules


def opened(page, name: str, **given) -> dict:
    """What a component of that name knows when it is opened."""
    return page.evaluate(NEW, [name, given])


def test_z_goes_with_the_digit_that_another_page_has_chosen_and_all_else_stays(page):
    mine = {"x": "3", "z": "1,2", "z_ae": "1", "z_vae": "2", "layers": "holes"}
    opened(page, "first")
    page.evaluate("values => address.keep(values)", mine)
    assert opened(page, "second") == {"x": "3"}
    assert opened(page, "first") == mine  # it is the same digit yet
    assert opened(page, "second", x="5") == {"x": "5"}
    assert opened(page, "first") == {"x": "5", "layers": "holes"}
    page.evaluate("address.keep({ x: null, z: '3,4' })")  # back to the digit that every page begins with
    assert opened(page, "second") == {"x": None}
    assert opened(page, "first") == {"x": None, "z": "3,4", "layers": "holes"}


def test_what_a_link_brings_counts_more_than_what_was(page):
    opened(page, "first", x="3", z="1,2")
    assert opened(page, "first", x="4", z="5,6") == {"x": "4", "z": "5,6"}
    assert opened(page, "first", z="7,8") == {"x": "4", "z": "7,8"}


def test_the_address_is_written_once_and_leaves_what_is_others(page):
    page.evaluate("history.replaceState(null, '', '?run=vae&z=1')")
    opened(page, "first", z="1")
    count = """() => {
      globalThis.writes = 0;
      const replace = history.replaceState.bind(history);
      history.replaceState = (...all) => (writes++, replace(...all));
    }"""
    page.evaluate(count)
    for value in "345":
        page.evaluate("value => address.keep({ x: value, z: null })", value)
    page.wait_for_url("**/?run=vae&x=5")
    assert page.evaluate("writes") == 1
    page.evaluate("address.write()")
    assert page.evaluate("writes") == 1  # there is nothing new


def test_nothing_is_written_into_another_pages_address(page):
    opened(page, "first")
    page.evaluate("history.pushState(null, '', 'elsewhere?x=1')")
    page.evaluate("address.keep({ x: '9' }), address.write()")
    assert page.evaluate(QUERY) == {"x": "1"}
