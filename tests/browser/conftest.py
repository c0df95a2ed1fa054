"""One browser and one server for all tests here, and pages that tolerate no error and no request to anywhere else."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser import chromium
from tests.browser.server import PATIENCE, Server

BROWSER = Path(__file__).parents[2] / "assets" / "browser"
# Under a sub-path Streamlit asks for these beside the page first, and then at the root.
PROBES = re.compile(r"/\w+/_stcore/(health|host-config)$")


@pytest.fixture(scope="package")
def browser():
    """A headless Chromium; without one the tests are skipped, or fail where CI=true."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        try:
            browser = chromium.launch(playwright)
        except chromium.NoBrowser as error:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    """The server that most tests share."""
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.close()


@pytest.fixture
def own_server(tmp_path):
    """A server that has had no visitor yet, for one test alone."""
    server = Server(tmp_path)
    yield server
    server.close()


@pytest.fixture
def visit(browser, server):
    """Opens an address of the app as a new visitor does; in the end nothing may have gone wrong in any of the pages."""
    complaints, contexts = [], []

    def visit(address: str = "/", allowed: str = "$^", **options) -> Page:
        """allowed: a pattern of console errors that the test itself brings about."""
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE * 1000)
        context.on("weberror", lambda error: complaints.append(f"page error: {error.error}"))
        context.on("request", lambda request: complaints.extend(_elsewhere(request.url)))
        context.on("console", lambda message: complaints.extend(_error(message, allowed)))
        page = context.new_page()
        page.goto(address if address.startswith("http") else server.url + address)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="package")
def modules(browser):
    """An empty page of an address at which the files of assets/browser can be imported one by one."""
    page = browser.new_page()
    page.route("http://lab.test/", lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
    page.route("http://lab.test/*.js", lambda route: route.fulfill(path=BROWSER / route.request.url.split("/")[-1]))
    page.goto("http://lab.test/")
    yield page
    page.close()


def _elsewhere(url: str) -> list[str]:
    parts = urlsplit(url)
    is_here = parts.scheme in ("data", "blob") or parts.hostname in ("localhost", "127.0.0.1")
    return [] if is_here else [f"request to {url}"]


def _error(message, allowed: str) -> list[str]:
    source = message.location["url"]
    is_probe = "404" in message.text and PROBES.search(source)
    if message.type != "error" or is_probe or re.search(allowed, message.text):
        return []
    return [f"console error: {message.text} ({source})"]
