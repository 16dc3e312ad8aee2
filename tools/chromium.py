"""Find a Chromium for the browser tests, or install one."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
PLAYWRIGHT = (sys.executable, "-m", "playwright", "install", "chromium")
APT = (("apt-get", "update"), ("apt-get", "install", "-y", "chromium"))
# A process of its own, because Playwright does not start inside a test that already runs it.
ASK_PLAYWRIGHT = """
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    print(p.chromium.executable_path)
"""


def find() -> str:
    """Return the path of a Chromium: $CHROMIUM, else one on PATH, else Playwright's own."""
    if wanted := os.environ.get("CHROMIUM"):
        if path := shutil.which(wanted):
            return path
        raise FileNotFoundError(
            f"CHROMIUM is set to {wanted}, which is not a program: correct it or unset it."
        )
    for name in NAMES:
        if path := shutil.which(name):
            return path
    if find_spec("playwright"):
        answer = subprocess.run(
            [sys.executable, "-c", ASK_PLAYWRIGHT],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        path = answer.stdout.strip()
        if Path(path).exists():
            return path
    raise FileNotFoundError("There is no Chromium: run `python tools/chromium.py` to install one.")


def run(*command: str) -> bool:
    """Run a command in full view and say whether it succeeded."""
    print("Running:", *command, flush=True)
    return subprocess.run(command, check=False).returncode == 0


def install() -> None:
    """Install a Chromium by the first way that works here."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if run(*PLAYWRIGHT, *(["--with-deps"] if root else [])):
        return
    if root and shutil.which("apt-get") and all(run(*command) for command in APT):
        return
    sys.exit(
        "No Chromium could be installed: get one with `sudo apt-get install chromium` (Debian), "
        "`sudo snap install chromium` (Ubuntu), `brew install --cask chromium` (macOS) or "
        "`winget install Google.Chrome` (Windows). If it is not on PATH after that, "
        "set the environment variable CHROMIUM to the full path of the program."
    )


def main() -> None:
    """Make sure that there is a Chromium and print where it is."""
    print("Looking for Chromium.", flush=True)
    try:
        path = find()
    except FileNotFoundError as error:
        if os.environ.get("CHROMIUM"):
            sys.exit(str(error))
        print("None found; installing one.", flush=True)
        install()
        path = find()
    print(f"Using {path}.")


if __name__ == "__main__":
    main()
