"""What several tests share."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromium
import pytest
import serve
import torch
import yaml
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

# How long an example takes depends on what else the machine does.
settings.register_profile("course", deadline=None)
settings.load_profile("course")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository's root."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def config(root: Path) -> dict[str, Any]:
    """Return the book's configuration, _config.yml."""
    loaded: dict[str, Any] = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Let torch use one thread: for pictures and networks this small, more are slower."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def site(root: Path) -> Iterator[str]:
    """Serve the built book and give its address."""
    book = root / "_build" / "html"
    if not (book / "index.html").exists():
        pytest.fail("There is no book in _build/html: run `make book`.", pytrace=False)
    with serve.listen(0, book) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{serve.HOST}:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def refused_storage() -> str:
    """Return a script that does what a browser does that may keep nothing."""
    return """Object.defineProperty(window, "localStorage", {
      configurable: true,
      get() { throw new DOMException("Access is denied.", "SecurityError"); },
    });"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Chromium."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS) as browser,
    ):
        yield browser
