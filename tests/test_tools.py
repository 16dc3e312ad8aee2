"""The tools that serve the book and find a browser."""

import re
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import sync_playwright

TYPES = {
    "index.html": "text/html",
    "page.js": "text/javascript",
    "page.mjs": "text/javascript",
    "page.svg": "image/svg+xml",
    "page.wasm": "application/wasm",
    "page.webp": "image/webp",
    "page.woff2": "font/woff2",
}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a folder with a file of each type."""
    folder = tmp_path / "html"
    folder.mkdir()
    for name in TYPES:
        (folder / name).write_text(f"This is {name}.")
    return folder


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.fixture
def free() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
    return port


def command(root: Path, tool: str, *options: object) -> list[str]:
    """Return the command line of a tool."""
    return [sys.executable, str(root / "tools" / tool), *map(str, options)]


def failure(root: Path, tool: str, *options: object) -> str:
    """Run a tool that must fail with exit code 1 and return what it says."""
    line = command(root, tool, *options)
    ended = subprocess.run(line, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    return ended.stderr


@contextmanager
def serving(root: Path, *options: object) -> Iterator[tuple[str, list[str]]]:
    """Run the server, give the address and all lines it printed, stop it with Ctrl-C."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command(root, "serve.py", *options), stdout=pipe, stderr=pipe, text=True
    ) as server:
        assert server.stdout
        assert server.stderr
        lines: list[str] = []
        while not (address := re.search(r"http://\S+", "".join(lines))):
            line = server.stdout.readline()
            assert line, server.stderr.read()
            lines.append(line)
        try:
            yield address.group(), lines
        finally:
            server.send_signal(signal.SIGINT)
            rest, log = server.communicate(timeout=10)
        assert (server.returncode, rest, log) == (0, "", "")


def test_serve_prints_its_address_and_serves_with_mime_types(
    root: Path, book: Path, free: int
) -> None:
    with serving(root, "--port", free, "--directory", book) as (address, lines):
        assert address == f"http://127.0.0.1:{free}/"
        assert len(lines) == 1
        with urlopen(address) as page:
            assert page.read() == b"This is index.html."
        for name, mime in TYPES.items():
            with urlopen(address + name) as page:
                assert page.headers.get_content_type() == mime


def test_serve_takes_the_next_port_when_one_is_taken(root: Path, book: Path, taken: int) -> None:
    with serving(root, "--port", taken, "--directory", book) as (address, lines):
        match = re.fullmatch(rf"Port {taken} is taken; using (\d+)\.\n", lines[0])
        assert match
        assert int(match[1]) > taken
        assert address == f"http://127.0.0.1:{match[1]}/"
        with urlopen(address) as page:
            assert page.status == 200


def test_serve_gives_up_after_fifty_ports(root: Path, book: Path) -> None:
    with ExitStack() as others:
        for port in range(65486, 65536):
            with suppress(OSError):  # A port that is taken already serves as well.
                others.enter_context(socket.create_server(("127.0.0.1", port)))
        message = failure(root, "serve.py", "--port", 65486, "--directory", book)
    assert message == "Ports 65486 to 65535 are all taken: choose another with --port.\n"


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_serve_refuses_a_port_out_of_range(root: Path, book: Path, port: int) -> None:
    message = failure(root, "serve.py", f"--port={port}", "--directory", book)
    assert message == f"Port {port} does not exist: choose one from 1 to 65535.\n"


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_serve_asks_for_the_book(root: Path, tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    message = failure(root, "serve.py", "--directory", tmp_path / folder)
    assert message == f"There is no book in {tmp_path / folder}: run `make book` first.\n"


@pytest.fixture
def find(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Return chromium.find as it is on a computer that has no Chromium yet."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    found: Callable[[], str] = runpy.run_path(str(root / "tools" / "chromium.py"))["find"]
    return found


def program(path: Path) -> str:
    """Make a file that counts as a program and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return str(path)


def test_find_goes_by_its_order(
    find: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileNotFoundError, match=r"run `python tools/chromium\.py`"):
        find()
    with sync_playwright() as p:
        own = Path(p.chromium.executable_path)
        assert own.is_relative_to(tmp_path)
        program(own)
        assert find() == str(own)
    for name in ("google-chrome", "chromium-browser", "chromium"):
        path = program(tmp_path / name)
        assert find() == path
    wanted = program(tmp_path / "elsewhere" / "browser")
    monkeypatch.setenv("CHROMIUM", wanted)
    assert find() == wanted


def test_find_says_when_the_wanted_chromium_is_missing(
    find: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "chromium")
    monkeypatch.setenv("CHROMIUM", "/no/such/file")
    with pytest.raises(FileNotFoundError, match="CHROMIUM is set to /no/such/file, which is not"):
        find()


def test_chromium_prints_where_it_is(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = program(tmp_path / "browser")
    monkeypatch.setenv("CHROMIUM", wanted)
    ended = subprocess.run(
        command(root, "chromium.py"),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ended.stdout == f"Looking for Chromium.\nUsing {wanted}.\n"


@pytest.mark.usefixtures("find")
def test_chromium_says_how_to_get_one_when_nothing_works(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")
    message = failure(root, "chromium.py").splitlines()[-1]
    for way in (
        "apt-get install chromium",
        "brew install",
        "winget install",
        "CHROMIUM",
    ):
        assert way in message
