"""One browser and one server for all tests here, and pages that tolerate no error and no request to anywhere else."""

import base64
import functools
import json
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from pages.ui import browser as assembled
from tests.browser import chromium
from tests.browser.server import PATIENCE, Server

BROWSER = Path(__file__).parents[2] / "assets" / "browser"
VIEWPORT = {"width": 1280, "height": 900}
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


@pytest.fixture(scope="package")
def known(browser):
    """A browser of some options that has been here: it has Streamlit's 5 MB in its cache, and compiled."""

    @functools.cache
    def known(options: tuple[tuple[str, object], ...]) -> BrowserContext:
        return browser.new_context(**{"viewport": VIEWPORT} | {name: json.loads(value) for name, value in options})

    return known


@pytest.fixture
def visit(browser, known, server):
    """Opens an address of the app as a visitor does; in the end nothing may have gone wrong in any of the pages.

    A test's first visit is in a browser that all tests share, without a cookie in it; every other one in a new browser.
    """
    complaints, contexts = [], []

    def visit(address: str = "/", allowed: str = "$^", **options) -> Page:
        """allowed: a pattern of console errors that the test itself brings about."""
        if contexts:
            context = browser.new_context(**{"viewport": VIEWPORT} | options)
        else:
            context = known(tuple((name, json.dumps(value)) for name, value in sorted(options.items())))
        contexts.append(context)
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.on("request", lambda request: complaints.extend(_elsewhere(request.url)))
        page.on("console", lambda message: complaints.extend(_error(message, allowed)))
        page.goto(address if address.startswith("http") else server.url + address)
        return page

    yield visit
    for shared in contexts[:1]:
        shared.clear_cookies()
        for page in shared.pages:
            page.evaluate("localStorage.clear()")
            page.close()
    for context in contexts[1:]:
        context.close()
    assert complaints == []


@pytest.fixture(scope="package")
def modules(browser):
    """An empty page of an address at which the files of assets/browser can be imported one by one."""
    page = browser.new_page(viewport=VIEWPORT)
    page.set_default_timeout(PATIENCE * 1000)
    page.route("http://lab.test/", lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
    page.route("http://lab.test/*.js", lambda route: route.fulfill(path=BROWSER / route.request.url.split("/")[-1]))
    page.goto("http://lab.test/")
    yield page
    page.close()


MOUNT = """async ([name, html, css, data, parcels]) => {
  const [{ default: component }, { put, unpack }, { bytesOf }] =
    await Promise.all([name, "shelf", "bytes"].map((module) => import(`/${module}.js`)));
  document.head.innerHTML = `<style>body { margin: 8px; } ${css}</style>`;
  document.body.innerHTML = html;
  for (const [key, content] of Object.entries(parcels)) {
    unpack(key);
    put(key, bytesOf(content));
  }
  globalThis.said = []; // what the server would hear
  const say = (...words) => said.push(words);
  const names = Object.fromEntries(Object.keys(parcels).map((key) => [key, key]));
  globalThis.give = (data) => component({
    data: { subject: "test", parcels: names, given: {}, ...data },
    parentElement: document.body, setStateValue: say, setTriggerValue: say,
  });
  give(data);
}"""


@pytest.fixture
def mounted(modules):
    """Puts a component on the empty page, with data and parcels as the server sends them: no server is needed.

    `said` in the page collects what the component tells the server, `give(data)` is what comes from there.
    """
    complaints = []

    def listen(error) -> None:
        complaints.append(str(error))

    def mounted(name: str, data: dict, parcels: dict[str, bytes] | None = None, html: str | None = None) -> Page:
        modules.goto("http://lab.test/")  # whatever was there is forgotten
        texts = {key: base64.b64encode(content).decode() for key, content in (parcels or {}).items()}
        markup = assembled.read(f"{name}.html") if html is None else html
        modules.evaluate(MOUNT, [name, markup, assembled.styles(name), data, texts])
        return modules

    modules.on("pageerror", listen)
    yield mounted
    modules.remove_listener("pageerror", listen)
    assert complaints == []


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
