"""What the server serves beside pages, and where it still works: below a folder, behind a proxy, in a frame."""

import asyncio
import contextlib
import gzip
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import psutil
import pytest
import websockets
import websockets.sync.client
from playwright.sync_api import expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.shared import bundles, component
from pages.shared.parcels import of_images
from tests.browser import parcels
from tests.browser.navigation import go
from tests.browser.nginx import Nginx, NoNginx
from tests.browser.proxy import Proxy
from tests.browser.server import ROOT, Server, wait_for
from tests.load import run
from tests.student import PATIENCE, Seen, Student, http_sessions
from vae import data
from vae.config import RunConfig
from vae.model_bytes import pack_model
from vae.runs.lease import newest
from vae.runs.line import SLICE
from vae.runs.store import RunStore

VAE = RunConfig(latent_dim=10)


def ask(server, path: str, **headers) -> tuple[int, dict, bytes]:
    """The answer's status, its headers and its body as it came over the wire."""
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{server.url}/{path}", headers=headers)) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


@pytest.fixture
def name(server) -> str:
    """The checksum in the names of all that is made of one model."""
    return f"{VAE.run_id}/{server.store.metrics(VAE.run_id)['model_sha256']}"


def test_a_module_is_sent_compressed_or_not_and_kept_for_ever(server):
    path = f"browser/{component.version()}/shared/plane.js"
    text = component.read("shared/plane.js").encode()
    status, headers, body = ask(server, path, **{"Accept-Encoding": "gzip"})
    assert status == 200 and gzip.decompress(body) == text and len(body) < len(text) / 2
    assert headers["content-encoding"] == "gzip" and headers["content-type"].startswith("text/javascript")
    assert headers["cache-control"] == "public, max-age=31536000, immutable" and headers["vary"] == "Accept-Encoding"
    status, headers, body = ask(server, path)
    assert (status, body) == (200, text) and "content-encoding" not in headers


def test_streamlits_own_files_are_sent_compressed_once_the_server_has_come_to_rest(server):
    path = re.search(r"static/js/index\.[^\"]*\.js", ask(server, "")[2].decode())[0]
    text = (bundles.FOLDER.parent / path).read_bytes()
    status, headers, body = ask(server, path)
    assert (status, body) == (200, text) and headers["content-type"].startswith("text/javascript")
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    wait_for(lambda: "content-encoding" in ask(server, path, **{"Accept-Encoding": "gzip"})[1])
    status, headers, body = ask(server, path, **{"Accept-Encoding": "gzip"})
    assert status == 200 and gzip.decompress(body) == text and len(body) < len(text) / 2
    status, headers, body = ask(server, "static/js/none.js")
    assert status == 404 and headers["cache-control"] == "no-store" and b"Load the page again" in body


def test_models_codes_and_digits_come_under_names_that_say_all(server, name):
    status, headers, body = ask(server, f"parcels/model/{name}", **{"Accept-Encoding": "gzip"})
    store = RunStore()
    assert status == 200 and headers["cache-control"].endswith("immutable")
    assert gzip.decompress(body) == pack_model(store.weights(VAE.run_id), VAE)
    test = data.load("mnist", "test")
    mu, log_sigma = store.model(VAE.run_id).encode(test.images[:300])
    sent = np.frombuffer(ask(server, f"parcels/codes/{name}/9-2/300")[2], "<f4").reshape(4, 300)
    np.testing.assert_allclose(sent[:2], mu.detach()[:, [9, 2]].T, atol=1e-4)
    np.testing.assert_allclose(sent[2:], log_sigma.detach().exp()[:, [9, 2]].T, rtol=1e-3)


@pytest.mark.parametrize("page", ["", "latent_space", "kl_weight"])
def test_a_browser_is_told_by_a_header_what_it_will_fetch_and_finds_it_there(server, page):
    async def visit() -> None:
        async with http_sessions(1) as http:
            student = Student(server.url, Seen(), 0, http)
            async with student.connected():
                await student.open(page)

    run(visit())
    said = ask(server, page)[1]["link"]
    assert len(said) < 4_000  # what nginx takes for all headers of an answer
    links = dict(re.fullmatch(r"<([^>]+)>;rel=(\w+);.*", link).groups() for link in said.split(","))
    assert {*links.values()} == {"modulepreload", "preload"}
    for path, how in links.items():
        status, headers, body = ask(server, path)
        assert status == 200 and headers["cache-control"].endswith("immutable") and body
        assert headers["content-type"].startswith("text/javascript") == (how == "modulepreload")
    assert "link" not in ask(server, f"{page}?seed=1")[1]  # where other runs may be on show
    assert "link" not in ask(server, "nowhere")[1]


@pytest.mark.parametrize(
    "path",
    [
        "browser/0123456789abcdef/shared/plane.js",
        "browser/VERSION/shared/gone.js",
        "browser/VERSION/shared/lab.css",
        "parcels/",
        "parcels/model/vae-10d-000000000000/" + "0" * 64,
        "parcels/model/NAME0",
        "parcels/model/RUN/" + "0" * 64,
        "parcels/codes/RUN/" + "0" * 64 + "/0-1/300",
        "parcels/images/mnist/0/" + "0" * 64,
        "parcels/labels/mnist/0/" + "0" * 64,
        "parcels/codes/NAME/9-10/300",
        "parcels/codes/NAME/0-1/10001",
        "parcels/codes/NAME/0-1/0",
        "parcels/images/mnist/10/" + "0" * 64,
        "parcels/images/no..such/0/" + "0" * 64,
        "parcels/labels/fashion-mnist/0/" + "0" * 64,
    ],
)
def test_a_name_that_is_not_here_is_said_in_words_and_not_kept(server, name, path):
    for word, meant in (("VERSION", component.version()), ("NAME", name), ("RUN", VAE.run_id)):
        path = path.replace(word, meant)
    status, headers, body = ask(server, path)
    assert status == 404 and headers["cache-control"] == "no-store"
    assert body.decode().startswith("There is no ") and "Traceback" not in body.decode()


@pytest.mark.parametrize("path", ["browser/VERSION/../../app.py", "parcels/images/..%2f..%2fetc/0/" + "0" * 64])
def test_nothing_outside_can_be_had(server, path):
    status, _, body = ask(server, path.replace("VERSION", component.version()))
    assert status == 404 and b"import" not in body


@pytest.mark.parametrize("path", ["news", "parcels/model", "browser/0/shared/plane.js"])
def test_who_would_write_is_refused_and_the_log_has_no_fault(server, path):
    request = urllib.request.Request(f"{server.url}/{path}", data=b"x", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert 400 <= refused.value.code < 500


def test_where_runs_are_is_asked_by_name(server):
    status, headers, body = ask(server, f"news?watcher=me&name={VAE.run_id}&name=vae-2d-000000000000&name=nonsense")
    steps = server.store.status(VAE.run_id).step
    assert status == 200 and headers["cache-control"] == "no-store"
    assert json.loads(body) == {"now": f"complete-{steps} absent-0", "wait": 4.0}


def test_a_server_that_is_started_from_another_folder_has_the_projects_settings(server):
    assert Path(server.process.args[4]) == ROOT / "app.py" and psutil.Process(server.process.pid).cwd() != str(ROOT)
    log = (server.folder / "server.log").read_text()
    assert "You can now view" in log and "usage statistics" not in log  # which are off, for they need a network


@pytest.fixture(scope="module")
def below(tmp_path_factory):
    """A server that is told to answer below a folder."""
    server = Server(tmp_path_factory.mktemp("below"), options=("--server.baseUrlPath", "lessons/vae"))
    yield f"{server.url}/lessons/vae"
    server.close()


@pytest.fixture
def proxied(server, tmp_path):
    """The shared server, behind nginx, which has it below a folder, of which the server knows nothing."""
    try:
        proxy = Nginx(server.port, tmp_path)
    except NoNginx as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
    yield proxy.url
    proxy.close()


def look_around(page, url: str, requests: list[str]) -> None:
    """A page by its own address, with a parameter; another by a click, and back at the root; all below the folder."""
    reading = page.locator(".latent-space .reading")
    expect(reading).to_contain_text("=")
    go(page, "Sample again")
    expect(page.locator(".resampling canvas.digit.vae")).to_be_visible()
    go(page, "One digit twice")
    expect(page.locator(".networks .picker .name")).to_have_text("Test digit 11, labelled 6")
    ours = [address for address in requests if "/parcels/" in address or "/browser/" in address]
    assert len(ours) > 20 and all(address.startswith(url) for address in ours)
    assert len(ours) == len(set(ours))


@pytest.mark.parametrize("place", ["below", "proxied"])
def test_the_lab_works_below_a_folder_and_behind_a_proxy(request, visit, place):
    url, requests = request.getfixturevalue(place), []
    page = visit("/_stcore/health")
    page.on("request", lambda asked: requests.append(asked.url))
    page.goto(f"{url}/latent_space?x=11")
    look_around(page, url, requests)
    page.close()  # before the proxy goes: pictures still come


def test_the_lab_works_in_a_frame_of_another_page(visit, server):
    page = visit("/_stcore/health")
    page.set_content(f'<iframe src="{server.url}/latent_space?embed=true" width="1000" height="700"></iframe>')
    framed = page.frame_locator("iframe")
    expect(framed.locator(".latent-space .reading")).to_contain_text("=")
    expect(framed.get_by_test_id("stMainMenu")).to_have_count(0)  # embedded, as Streamlit does it


@pytest.fixture
def two_servers(tmp_path):
    """Two servers on one store."""
    servers = [Server(tmp_path), Server(tmp_path)]
    yield servers
    for server in servers:
        server.close()


def test_when_a_server_dies_another_on_the_same_store_goes_on_for_those_who_look(two_servers, visit):
    first, second = two_servers
    proxy = Proxy(("127.0.0.1", first.port), "lab")
    gone = "ERR_|WebSocket|Failed to load resource|disconnected from server|in reaching server endpoint|not responding"
    page = visit(f"{proxy.url}/latent_space?x=11", allowed=gone)
    expect(page.locator(".latent-space .reading")).to_contain_text("=")
    first.kill()
    page.wait_for_selector("[data-testid='stApp']:not([data-test-connection-state='CONNECTED'])")
    proxy.target = ("127.0.0.1", second.port)
    page.wait_for_selector("[data-testid='stApp'][data-test-connection-state='CONNECTED']")
    go(page, "Sample again")
    expect(page.locator(".resampling canvas.digit.vae")).to_be_visible()
    expect(page.locator(".resampling .picker .name")).to_have_text("Test digit 11, labelled 6")
    expect(page).to_have_url(re.compile("x=11"))
    page.reload()
    expect(page.locator(".resampling .picker .name")).to_have_text("Test digit 11, labelled 6")
    page.close()  # before the proxy goes: pictures still come
    proxy.close()


def test_two_servers_on_one_store_train_each_run_once_and_all_who_look_see_it(two_servers, visit):
    config = RunConfig(train_size=2_000, epochs=5)
    store, halves, has_ended = two_servers[0].store, (config.autoencoder, config), threading.Event()
    began: dict[str, dict[int, float]] = {"ae": {}, "vae": {}}  # model: its writers' processes, and when each began

    def look() -> None:
        while not has_ended.wait(0.01):
            for half in halves:
                if "pid" in (holder := newest(store.upper, half.run_id)[1]):
                    began[half.model].setdefault(holder["pid"], time.monotonic())

    looking = threading.Thread(target=look)
    looking.start()
    pages = [visit(f"{server.url}/train?train_size=2000&epochs=5") for server in two_servers for _ in range(2)]
    for page in pages[::2]:  # one at each server asks, another one there looks on
        page.get_by_role("button", name="Train both").click(no_wait_after=True)
    for page in pages:
        expect(page.get_by_text(re.compile("trained in"))).to_have_count(2)
    has_ended.set()
    looking.join()
    for half in halves:  # each by one worker; on a busy machine another one may follow it after its turn
        turns = sorted(began[half.model].values())
        assert turns and all(after - before > 0.9 * SLICE for before, after in itertools.pairwise(turns))
        store.verify(half.run_id)


class Leaver(Student):
    """Leaves a page while a part of it is on its way to the server, as a look for news may be."""

    def __init__(self, *given):
        super().__init__(*given)
        self.part, self.began, self.shown = "", [], []  # the page's part; runs, and components, since the click

    def take(self, message: ForwardMsg, size: int) -> set[str]:
        """Also notes which page each run is of, and which components the browser has then."""
        self.part = message.delta.fragment_id or self.part
        if message.WhichOneof("type") == "new_session":
            self.began.append(message.new_session.page_script_hash)
        if message.delta.new_element.WhichOneof("type") == "bidi_component":
            self.shown.append(message.delta.new_element.bidi_component.component_name)
        return super().take(message, size)

    async def leave(self, page: str, left: str, has_begun: bool) -> None:
        """Clicks on a page, and has a part of the one that is left asked for: at once, or when its run has begun."""
        late = self.request(left, self.part)
        self.messages.clear()  # all is sent again, under its name
        self.began, self.shown = [], []
        await self.socket.send(self.request(page).SerializeToString())
        while has_begun and not self.began:
            self.take(ForwardMsg.FromString(await self.socket.recv()), 0)
        await self.run(late)  # to the end of the run that is under way
        with contextlib.suppress(TimeoutError):
            while True:  # what is not to come has no sign; it would come at once
                self.take(ForwardMsg.FromString(await asyncio.wait_for(self.socket.recv(), 0.5)), 0)


@pytest.mark.parametrize("has_begun", [False, True])
def test_what_is_asked_of_a_page_that_was_left_neither_clears_the_new_page_nor_undoes_the_click(server, has_begun):
    async def leave() -> Leaver:
        async with http_sessions(1) as http:
            leaver = Leaver(server.url, Seen(), 0, http)
            async with leaver.connected():
                for page in ("train", "true_posterior", "train"):  # what is made once is made
                    await leaver.open(page)
                await leaver.leave("true_posterior", "train", has_begun)
        return leaver

    left = run(leave())
    assert left.part and left.began == [left.pages["true_posterior"]]
    assert "posterior" in left.shown


def test_what_is_asked_of_the_page_on_show_is_answered_and_garbage_is_refused(server):
    async def look() -> list[str]:
        async with http_sessions(1) as http:
            looker = Leaver(server.url, Seen(), 0, http)
            async with looker.connected():
                await looker.open("train")  # by its address: the server says what it calls the page
                looker.shown = []
                looker.messages.clear()  # all is sent again, under its name
                await looker.run(looker.request("train", looker.part))
                shown = looker.shown
                await looker.socket.send(b"garbage")
                with pytest.raises(websockets.ConnectionClosed):
                    while True:  # what was on its way
                        await asyncio.wait_for(looker.socket.recv(), PATIENCE)
        return shown

    assert run(look()).count("scatter") == 2


def test_the_readmes_command_starts_servers_that_compress_no_message_of_a_page(server, tmp_path):
    [options] = re.findall("`(uvicorn app:app --workers.*?)`", (ROOT / "README.md").read_text())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", *options.split(), "--port", address.split(":")[1]]
    env = os.environ | {"VAE_STORE": str(tmp_path), "VAE_WORKERS": "0"}
    with subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL) as several:
        try:
            for place in (address, f"127.0.0.1:{server.port}"):  # as `streamlit run` does it
                assert wait_for(lambda place=place: extensions(place)) == [None]
        finally:
            several.terminate()


def extensions(address: str) -> list[str | None]:
    """What a server and a browser that can compress agree upon; nothing while there is no server."""
    try:
        with websockets.sync.client.connect(f"ws://{address}/_stcore/stream", subprotocols=["streamlit"]) as session:
            return [session.response.headers.get("Sec-WebSocket-Extensions")]
    except OSError:
        return []


FAILS = """
import streamlit as st

if __name__ == "__main__":
    raise RuntimeError("the secret of /etc/lab")
elif __name__ != "__mp_main__":
    from pages.shared import server

    app = st.App(__file__, on_script_error=server.say_in_words)
"""


def test_a_fault_is_said_in_words_and_the_log_has_it_whole(tmp_path, visit):
    (tmp_path / "fails.py").write_text(FAILS)
    server = Server(tmp_path, str(tmp_path / "fails.py"))
    try:
        page = visit(server.url)
        expect(page.get_by_role("alert")).to_contain_text("This page has stumbled over a fault of the lab")
        assert "secret" not in page.content() and "Traceback" not in page.content()
        log = (tmp_path / "server.log").read_text()
        assert "Traceback" in log and "RuntimeError: the secret of /etc/lab" in log
    finally:
        server.close()


def test_what_was_fetched_once_is_not_fetched_again_after_a_reload(visit):
    page, sizes = visit("/latent_space"), []
    expect(page.locator(".latent-space .reading")).to_contain_text("=")
    page.locator(".latent-space").evaluate("root => root.view.digits.fetchAll()")  # those that nobody needs yet too
    page.on("response", lambda response: sizes.append(response) if "/parcels/" in response.url else None)
    page.reload()
    expect(page.locator(".latent-space .reading")).to_contain_text("=")
    page.locator(".latent-space").evaluate("root => root.view.digits.fetchAll()")
    assert len(sizes) >= 14  # labels, two models, their codes, ten parts of the digits
    assert [response.url for response in sizes if response.request.sizes()["responseBodySize"] > 0] == []


@pytest.mark.parametrize("module", ["shared/mount.js", "latent_space/latent_space.js"])
def test_a_module_that_cannot_be_had_is_said_in_words_and_tried_again(visit, server, module):
    page, asked = visit("/_stcore/health", allowed="Failed to load resource|Failed to fetch dynamically imported"), []

    def away_at_first(route) -> None:
        asked.append(route.request.url)
        route.abort() if len(asked) == 1 else route.continue_()

    page.route(f"**/browser/*/{module}", away_at_first)
    page.goto(f"{server.url}/latent_space?x=11")
    said = page.get_by_role("alert").filter(has_text="This part of the page could not be loaded")
    expect(said).to_have_count(1)
    expect(page.get_by_text("on their way")).to_have_count(0)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".latent-space .reading")).to_contain_text("=")
    expect(said).to_have_count(0)
    expect(page).to_have_url(re.compile("x=11"))


def test_every_parcel_that_is_named_can_be_had(server):
    images = parcels.images(0, 999, 1000, 9_999)
    parts = [ask(server, f"parcels/{part}")[2] for part in of_images("mnist")]
    found = np.frombuffer(b"".join(parts), "u1").reshape(10_000, 784)[[0, 999, 1000, 9_999]]
    np.testing.assert_allclose(found / 255, images, atol=1e-6)
