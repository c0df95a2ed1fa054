"""Finds a browser for these tests: Chromium or Chrome of the system, playwright's own, or one that is fetched now."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
FLAGS = (
    "--disable-gpu",
    "--enable-unsafe-swiftshader",  # the scatters draw with WebGL, GPU or not
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
MISSING = (
    "The browser tests need Chromium or Google Chrome, and none was found or could be fetched. Install one (on Debian: "
    "apt-get install chromium; anywhere: python -m playwright install --with-deps chromium), or let CHROME_PATH name "
    "the program."
)


class NoBrowser(RuntimeError):
    """There is no browser to test with; the message says what to install."""


def find(own: str) -> str:
    """The path of a browser that starts; `own` is where playwright keeps the one it downloads. Raises NoBrowser."""
    if named := os.environ.get("CHROME_PATH"):
        if not _starts(named):
            raise NoBrowser(f"CHROME_PATH = {named!r} is no browser that starts. {MISSING}")
        return named
    for name in (*NAMES, own):
        if _starts(name):
            return name
    run(sys.executable, "-m", "playwright", "install", "chromium")
    if _starts(own):
        return own
    if IS_ROOT and Path("/etc/debian_version").exists():
        run("apt-get", "update") and run("apt-get", "install", "-y", "chromium")
        if _starts("chromium"):
            return "chromium"
    raise NoBrowser(MISSING)


def launch(playwright):
    """A headless browser; its sandbox is given up only where it cannot work, which is as root."""
    path = shutil.which(find(playwright.chromium.executable_path))
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS), chromium_sandbox=not IS_ROOT)


def _starts(name: str) -> bool:
    """Whether it is a program that can say its version: a stub, or one that lacks libraries, cannot."""
    return shutil.which(name) is not None and run(name, "--version")


def run(*command: str) -> bool:
    """Whether a command comes to a good end."""
    try:
        return subprocess.run(command, capture_output=True, timeout=600).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
