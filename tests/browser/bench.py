"""`python -m tests.browser.bench`: how fast the lab is in a real Chromium, and what that costs the wire.

From the start of a server, and in a second browser, to the title and to the numbers in the first page's picture, beside
a page of one st.title; from a pointer event to both decoders' answers painted; messages in a drag; bytes.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.server import Server
from vae.config import RunConfig

MOVES = 400
# Milliseconds from each event until what it changed is painted on the canvases; one event a frame, as a finger does.
TIMES = """async (root, moves) => {
  const canvas = root.querySelector(".half.vae canvas"), box = canvas.getBoundingClientRect(), times = [];
  for (let i = 0; i < moves; i++) {
    await new Promise(requestAnimationFrame);
    const angle = (i / moves) * 12 * Math.PI, radius = (0.05 + (0.4 * i) / moves) * box.width;
    const [clientX, clientY] = [
      box.left + box.width / 2 + radius * Math.cos(angle),
      box.top + box.height / 2 + radius * Math.sin(angle),
    ];
    const began = performance.now();
    canvas.dispatchEvent(new PointerEvent("pointermove", { pointerId: 1, bubbles: true, clientX, clientY }));
    root.querySelector("canvas.digit.vae").getContext("2d").getImageData(0, 0, 1, 1); // the picture is there
    times.push(performance.now() - began);
  }
  return times;
}"""

# Resolves once the server's answer has come: both planes as wide.
SHARED = """async (root) => {
  const { ae, vae } = root.view.planes;
  while (ae.view.home !== vae.view.home) await new Promise(requestAnimationFrame);
}"""


def measure(browser, server: Server, run_id: str) -> dict[str, float]:
    """Times in milliseconds, messages and bytes for one pair on the latent space page."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    sent, received = [], []

    def listen(socket) -> None:
        socket.on("framesent", lambda payload: sent.append(len(payload)))
        socket.on("framereceived", lambda payload: received.append(len(payload)))

    def settle() -> None:
        page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")

    page.on("websocket", listen)
    page.goto(f"{server.url}/latent_space?run={run_id}")
    page.locator(".latent-space .reading", has_text="=").wait_for(timeout=60_000)
    settle()
    first, messages = sum(received), len(sent)
    times = page.locator(".latent-space").evaluate(TIMES, MOVES)
    drag_messages = len(sent) - messages
    received.clear()
    page.get_by_test_id("stCheckbox").filter(has_text="The same axes for both").click()
    page.locator(".latent-space").evaluate(SHARED)
    settle()
    page.close()
    return {
        "pointer to picture: median ms": float(np.median(times)),
        "95 % ms": float(np.quantile(times, 0.95)),
        "messages in a drag": drag_messages,
        "MB at first": first / 1e6,
        "MB a rerun": sum(received) / 1e6,
    }


# Whether an element with a text is there, in a component too; asked in every frame, a locator asks every half second.
IS_THERE = """([selector, text]) => {
  const roots = [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean)];
  return roots.some((root) => root.querySelector(selector)?.textContent.includes(text));
}"""

TRIVIAL = """import streamlit as st

st.title("A page of one title")
"""


def first_looks(browser, script: str, picture: str = "") -> Iterator[tuple[str, float]]:
    """Seconds from the start of a server, and then in a second browser, to the title and to the picture's numbers."""
    with tempfile.TemporaryDirectory() as folder:
        if not Path(script).exists():
            Path(folder, "page.py").write_text(script)
        began = time.monotonic()
        server = Server(Path(folder), script if Path(script).exists() else str(Path(folder, "page.py")))
        try:
            for visit in ("first", "second"):
                page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
                began = began if visit == "first" else time.monotonic()
                page.goto(server.url)
                page.wait_for_function(IS_THERE, arg=["h1", ""], timeout=60_000)
                yield f"{visit}: title", time.monotonic() - began
                if picture:
                    page.wait_for_function(IS_THERE, arg=[picture, "of the same digit"], timeout=60_000)
                    yield f"{visit}: numbers", time.monotonic() - began
                page.context.close()
        finally:
            server.close()


def compare_starts(browser, times: int) -> None:
    """Prints the medians of so many starts of both, taken in turn, and by how much the lab is later."""
    seconds: dict[str, list[float]] = {}
    for _ in range(times):
        for name, script, picture in (("trivial", TRIVIAL, ""), ("lab", "app.py", ".networks .count")):
            for what, took in first_looks(browser, script, picture):
                seconds.setdefault(f"{name}, {what}", []).append(took)
    for what, took in seconds.items():
        trivial = seconds[f"trivial, {what.split(', ')[1].split(':')[0]}: title"]
        later = statistics.median(took) - statistics.median(trivial)
        spread = f"{min(took):.2f} to {max(took):.2f}"
        print(f"{what:24} {statistics.median(took):5.2f} s ({spread}), {later:+.2f} s beside the trivial page's title")


def main(arguments: list[str] | None = None) -> None:
    """Prints the starts, then a row a pretrained pair."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one start of each, and the pair of two dimensions")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        compare_starts(browser, 1 if given.quick else 5)
        server = Server(Path(folder))
        try:
            for latent_dim in (2,) if given.quick else (2, 10):
                row = measure(browser, server, RunConfig(latent_dim=latent_dim).run_id)
                print(f"{latent_dim:>2}-D  " + "  ".join(f"{name} {value:.3g}" for name, value in row.items()))
        finally:
            browser.close()
            server.close()


if __name__ == "__main__":
    main()
