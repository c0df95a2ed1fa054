"""Who visits: a browser, and an address in the network; and how often each may have something worked out."""

import threading
import time

import streamlit as st
from cachetools import LRUCache
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.web.server.starlette.starlette_app_utils import decode_xsrf_token_string

AT_ONCE, A_SECOND = 30, 5  # pages of one browser
# Of one address: a school's whole class may be behind it, a hundred who come at a time and then change pages every two
# seconds. It is for those who drop their cookies, and are a new browser each time.
OF_A_CLASS_AT_ONCE, OF_A_CLASS_A_SECOND = 600, 60
LONGEST = 20.0  # seconds that a page waits at most; beyond, it is refused: each that waits has a thread
REMEMBERED = 10_000  # browsers, and addresses
ASKED = "runs that were asked for"  # in the session's state: their names


class TooManyPages(RuntimeError):
    """A page comes too soon after many others; the message says when it may come."""


class Pace:
    """How often something may be had: so many times without a pause, then so many times every second."""

    def __init__(self, at_once: int = AT_ONCE, a_second: float = A_SECOND):
        self.at_once, self.a_second = at_once, a_second
        self._left, self._at = float(at_once), 0.0

    def wait(self, now: float) -> float:
        """Seconds until what is asked for now may come. Raises TooManyPages where that is too long, and forgets it."""
        self._left = min(self.at_once, self._left + (now - self._at) * self.a_second) - 1
        self._at = now
        seconds = max(0.0, -self._left / self.a_second)
        if seconds > LONGEST:
            self._left += 1
            raise TooManyPages(
                f"More pages were asked for than this server works out, and {-self._left:.0f} wait already: by this "
                f"browser, or by all from where you are. Wait for {seconds:.0f} seconds, then load the page again."
            )
        return seconds


class Paces:
    """The paces of many, by their names; who has not been here for longest is forgotten, and begins anew."""

    def __init__(self, at_once: int, a_second: float):
        self._new = at_once, a_second
        self._paces: LRUCache[str, Pace] = LRUCache(REMEMBERED)
        self._lock = threading.Lock()

    def wait(self, name: str, now: float) -> float:
        """Seconds until what one asks for now may come; as Pace does."""
        with self._lock:
            if name not in self._paces:
                self._paces[name] = Pace(*self._new)
            return self._paces[name].wait(now)


_browsers, _addresses = Paces(AT_ONCE, A_SECOND), Paces(OF_A_CLASS_AT_ONCE, OF_A_CLASS_A_SECOND)


def keep_pace() -> None:
    """Has whoever asks without a pause wait, before it comes to anybody's turn; raises TooManyPages.

    For the browser first: one that floods takes no more of its class's share than any other browser can. Who is refused
    waits before he hears of it, or to be refused would be a way to ask without a pause.
    """
    try:
        for paces, name in ((_browsers, browser), (_addresses, address)):
            if seconds := paces.wait(name(), time.monotonic()):
                time.sleep(seconds)
    except TooManyPages:
        time.sleep(LONGEST)
        raise


def browser() -> str:
    """A name for the visitor's browser that lasts as long as its cookie does; the session's where there is none."""
    cookie = st.context.cookies.get("_streamlit_xsrf", "")
    token, _ = decode_xsrf_token_string(cookie)  # the cookie is masked anew at every visit, the token stays
    return token.hex() if token else get_script_run_ctx().session_id


def is_at_the_server() -> bool:
    """Whether the visitor sits at the machine on which the lab runs."""
    return address() in ("", "127.0.0.1", "::1")


def address() -> str:
    """The visitor's address in the network, by which who clears his cookies is still known; empty on this machine.

    Behind a proxy it is what the proxy says in X-Forwarded-For, if the proxy is on this machine or is named by
    FORWARDED_ALLOW_IPS: the server (uvicorn) has put it in place of the proxy's own by then. Whoever else sends such a
    header is not believed.
    """
    return st.context.ip_address or ""
