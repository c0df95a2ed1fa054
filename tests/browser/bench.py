"""`python -m tests.browser.bench`: how fast the networks answer in a real Chromium, and what that costs the wire.

From a pointer event to both decoders' answers painted; messages to the server during a drag; bytes from the server.
"""

import tempfile
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
  while (ae.home !== vae.home) await new Promise(requestAnimationFrame);
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


def main() -> None:
    """Prints a table, a row a pretrained pair."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server, browser = Server(Path(folder)), chromium.launch(playwright)
        try:
            for latent_dim in (2, 10):
                row = measure(browser, server, RunConfig(latent_dim=latent_dim).run_id)
                print(f"{latent_dim:>2}-D  " + "  ".join(f"{name} {value:.3g}" for name, value in row.items()))
        finally:
            browser.close()
            server.close()


if __name__ == "__main__":
    main()
