"""The server around the pages: what it starts with, what it serves beside them, and what is said when a page fails."""

import contextlib
import functools
import gc
import gzip
import logging
import re
import signal
import sys
import threading
import time
from collections.abc import Callable

import streamlit as st
from google.protobuf.message import DecodeError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from pages.shared import bundles, component, frame, glossary, parcels, readings, take_home
from pages.shared.once import known
from vae.runs import machine

FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
# Seconds for which the server waits for somebody who opens the lab at once; then until no browser has fetched anything
# for so long, but no longer than LATEST; and then until it compresses all that browsers may fetch.
AT_ONCE, QUIET, LATEST, AT_REST = 1.0, 2.0, 20.0, 20.0
GIVE_BACK = 30.0  # seconds between two times that freed memory is given back to the system
SWITCH = 5e-4  # seconds until a thread lets another one go on: what a browser waits for comes between the imports
NEVER = {"Cache-Control": "no-store"}
NEWS = re.compile(r"(ae|vae)-\d{1,2}d-[0-9a-f]{12}(/[0-9a-f]{64})?")  # a run, or the gaps of a run's model


@contextlib.asynccontextmanager
async def lifespan(app: st.App):
    """Has torch, the images and the workers start with the server, in a thread, and not with the first visitor."""
    machine.share_pools()
    _hear_of_the_end()
    _make_pages_known()
    sys.setswitchinterval(SWITCH)
    gc.disable()  # until all is imported: Python would look through it again and again, a quarter of the time it takes
    threading.Thread(target=_start, name="start of the lab", daemon=True).start()
    yield


ending = threading.Event()  # set once the server is to end, which waits for every answer that is not whole


def _hear_of_the_end() -> None:
    """Has whoever gives an answer without an end hear that the server is to end: uvicorn would wait for ever."""
    if threading.current_thread() is not threading.main_thread():
        return  # a test's server, which nobody stops by a signal
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)
        if callable(before):
            signal.signal(number, functools.partial(_end, before))


def _end(before: Callable, *signalled) -> None:
    ending.set()
    before(*signalled)


def _make_pages_known() -> None:
    """Until st.navigation is first called in a process, Streamlit looks into pages/ itself, and finds none of these."""
    logging.disable(logging.WARNING)  # that there is no visitor
    try:
        frame.navigation()
        frame.pages.cache_clear()  # they are not whole
    finally:
        logging.disable(logging.NOTSET)


_fetched = threading.Event()  # set whenever a browser fetches something that it keeps


def _wait_until_quiet(at_once: float, quiet: float, latest: float) -> None:
    """Returns where no browser fetches anything at once, or once none has for so long; all in seconds."""
    until, pause = time.monotonic() + latest, at_once
    while _fetched.wait(pause) and (left := until - time.monotonic()) > 0:
        _fetched.clear()
        pause = min(quiet, left)


def _start() -> None:
    """Gets ready what the other pages need, once the first page is whole for who opens the lab at once.

    That page needs no torch, and whatever it needs would come seconds later beside its import. Who opens another page
    meanwhile has it imported at once.
    """
    _wait_until_quiet(AT_ONCE, QUIET, LATEST)
    try:
        from pages.shared import lab
    finally:
        gc.enable()
    with contextlib.suppress(*readings.CANNOT_START):  # which every page says
        lab.start()
    time.sleep(AT_REST)
    bundles.compress()
    from pages.shared import figures  # noqa: F401  (plotly, before somebody waits for it)

    while machine.give_memory_back():
        time.sleep(GIVE_BACK)


def say_in_words(error: Exception) -> bool:
    """Tells a visitor of an error that nobody caught, without its traceback, which the log has."""
    if frame.says_store_error(error):
        return True
    logging.getLogger(__name__).error("a page failed", exc_info=error)
    st.error(
        "This page has stumbled over a fault of the lab; nothing that was trained is lost. Load the page again, or "
        "choose another page. The server's log says what happened.",
        icon=":material/error:",
    )
    return True


async def module(request: Request) -> Response:
    """A module of assets/browser, by the checksum of all and its path."""
    name = request.path_params["path"]
    found = component.modules().get(name) if request.path_params["version"] == component.version() else None
    if found is None:
        return missing(f"There is no {name} here: the lab has been renewed. Load the page again.")
    return _kept(request, found, "text/javascript")


async def bundle(request: Request) -> Response:
    """A file of Streamlit's own, by its name, which has a checksum in it."""
    name = request.path_params["path"]
    found, gzipped = bundles.content(name), bundles.gzipped(name)
    if found is None:
        return missing(f"There is no {name} here: the lab has been renewed. Load the page again.")
    return _kept(request, gzipped, bundles.kind(name), found)


async def parcel(request: Request) -> Response:
    """A parcel by its name (pages/shared/parcels.py)."""
    try:
        name = request.path_params["name"]
        found = known(parcels.content, name) or await run_in_threadpool(_make, name)
    except LookupError as error:
        return missing(str(error))
    return _kept(request, found, "application/octet-stream")


def _make(name: str) -> bytes:
    try:
        return parcels.content(name)
    except (readings.DamagedRun, *readings.CANNOT_START) as error:
        raise parcels.NoParcel(str(error)) from error


def news(request: Request) -> Response:
    """Where the named runs are (pages/shared/news.py); in a thread of its own, for it may look into the store."""
    from pages.shared import news

    names = tuple(name for name in request.query_params.getlist("name") if NEWS.fullmatch(name))[: news.MOST]
    watcher, address = request.query_params.get("watcher", "")[:40], request.client.host if request.client else ""
    return JSONResponse(news.answer(names, watcher, address), headers=NEVER)


def words(request: Request) -> Response:
    """What each word of the lab means (pages/shared/glossary.py), for the pop-ups: once a visit."""
    return JSONResponse(glossary.meanings(), headers=NEVER)


def missing(words: str) -> Response:
    """404, in words that a page can show."""
    return PlainTextResponse(words, 404, NEVER)


def _kept(request: Request, gzipped: bytes | None, kind: str, whole: bytes = b"") -> Response:
    """An answer that a browser keeps; whole: where there is nothing compressed."""
    _fetched.set()
    if gzipped and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(gzipped, 200, FOR_EVER | {"Content-Encoding": "gzip"}, kind)
    return Response(whole or gzip.decompress(gzipped), 200, FOR_EVER, kind)


class Beside:
    """What is served beside pages, below the path that server.baseUrlPath names.

    A middleware, and not routes of st.App, to which a request comes through six layers that nothing here needs: they
    cost more than the answer does.
    """

    def __init__(self, app: ASGIApp, more: Callable[[str], list[Route]] = lambda base: []):
        """more: further routes, by the server's own path."""
        self.app = app
        path = st.get_option("server.baseUrlPath").strip("/")
        self.base = base = f"/{path}" if path else ""
        routes = [
            Route(f"{base}/browser/{{version}}/{{path:path}}", module),
            Route(f"{base}/parcels/{{name:path}}", parcel),
            Route(f"{base}/news", news),
            Route(f"{base}/words", words),
            Route(f"{base}/take_home/{{run_id}}/{{name}}", take_home.file),
            Route(f"{base}/static/{{path:path}}", bundle),
            *more(base),
        ]
        self.posts = tuple(route.path.split("{")[0] for route in routes if "POST" in (route.methods or ()))
        self.router = Router(routes, redirect_slashes=False, default=app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request that is meant for one of the routes, and hands on all others."""
        if scope["type"] == "websocket":
            receive = _in_time(receive)
        method = scope["method"] if scope["type"] == "http" else ""
        is_posted = method == "POST" and bool(self.posts) and scope["path"].startswith(self.posts)
        is_asked = method in ("GET", "HEAD") or is_posted
        if is_asked and (links := component.fetched(scope["path"].removeprefix(self.base).strip("/"))):
            send = _with(send, links) if not scope["query_string"] else send
        await (self.router if is_asked else self.app)(scope, receive, send)


def _with(send: Send, links: str) -> Send:
    """Sends an answer with what its browser will fetch."""

    async def send_with_links(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            message = {**message, "headers": [*message["headers"], (b"link", links.encode())]}
        await send(message)

    return send_with_links


def _in_time(receive: Receive) -> Receive:
    """What a browser sends by its websocket, without what is asked for a part of a page that it has left.

    A look for news, or a picture of a training that is played, may be asked for between the click on another page and
    that page. Streamlit would take it for the click, or have the browser clear the new page away.
    """
    page = ""  # what was asked for last: a page's hash, empty where the address names the page

    async def next_in_time() -> Message:
        nonlocal page
        while True:
            message = await receive()
            asked = _rerun(message)
            if asked is None:
                return message
            if not asked.fragment_id:
                page = asked.page_script_hash
            if asked.page_script_hash == page or not page:
                return message

    return next_in_time


def _rerun(message: Message) -> ClientState | None:
    """What a browser asks the server to run; None where a message asks for nothing of that kind."""
    try:
        asked = BackMsg.FromString(message.get("bytes") or b"")
    except DecodeError:
        return None  # which Streamlit refuses
    return asked.rerun_script if asked.HasField("rerun_script") else None
