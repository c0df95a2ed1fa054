"""One browser and one server for all tests here, and pages that tolerate no error and no request to anywhere else."""

import functools
import json
import os
import re
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from pages.shared import component
from tests.browser import chromium
from tests.browser.server import PATIENCE, Server

EMPTY = "http://lab.test/browser/0/"
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
def served() -> dict[str, bytes]:
    """What `modules` serves: parcels by their names, and routes by their paths."""
    return {}


@pytest.fixture(scope="package")
def modules(browser, served):
    """An empty page beside the modules of assets/browser (import("./shared/model.js")) and some parcels; no server."""
    page = browser.new_page(viewport=VIEWPORT)
    page.set_default_timeout(PATIENCE * 1000)

    def answer(route) -> None:
        path = urlsplit(route.request.url).path
        name = unquote(path.removeprefix("/parcels/"))
        if path == urlsplit(EMPTY).path:
            route.fulfill(content_type="text/html", body="<!doctype html>")
        elif (module := component.BROWSER / path.removeprefix("/browser/0/")).is_file():
            route.fulfill(path=module)
        elif path.removeprefix("/") in served or name in served:
            route.fulfill(body=served.get(path.removeprefix("/"), served.get(name)))
        else:
            route.fulfill(status=404, body=f"There is no {name} here.")

    page.route("http://lab.test/**", answer)
    page.goto(EMPTY)
    yield page
    page.close()


MOUNT = """async ([path, html, css, data]) => {
  const { default: component } = await import(path);
  document.head.innerHTML = `<style>body { margin: 8px; } ${css}</style>`;
  document.body.innerHTML = html;
  globalThis.said = []; // what the server would hear
  const say = (...words) => said.push(words);
  globalThis.give = (data) => component({
    data: { subject: "test", given: {}, ...data },
    parentElement: document.body, setStateValue: say, setTriggerValue: say,
  });
  await give(data);
}"""


@pytest.fixture
def mounted(modules, served):
    """Puts a component on the empty page, with data as the server sends it, and parcels: no server is needed.

    `said` in the page collects what the component tells the server, `give(data)` is what comes from there.
    """
    complaints = []

    def listen(error) -> None:
        complaints.append(str(error))

    def mounted(name: str, data: dict, parcels: dict[str, bytes] | None = None, html: str | None = None) -> Page:
        modules.goto(EMPTY)  # whatever was there is forgotten
        served.clear()
        served.update(parcels or {})
        [module] = component.BROWSER.rglob(f"{name}.js")
        room = module.parent.name
        markup = component.read(f"{room}/{name}.html") if html is None else html
        names = {key: key for key in served if key != "images"}
        given = {"parcels": names, "images": ["images"], **data}
        modules.evaluate(MOUNT, [f"./{room}/{name}.js", markup, component.styles(room, name), given])
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
