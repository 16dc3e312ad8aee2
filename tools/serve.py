"""Serve the built book on this computer."""

import argparse
import errno
import os
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BOOK = Path(__file__).resolve().parents[1] / "_build" / "html"
HOST = "127.0.0.1"
ATTEMPTS = 50


class Handler(SimpleHTTPRequestHandler):
    """Serves files with the right MIME types and logs only errors."""

    # The operating system's own table may lack these or get them wrong.
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".svg": "image/svg+xml",
        ".wasm": "application/wasm",
        ".webp": "image/webp",
        ".woff2": "font/woff2",
    }

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing about a request; `log_error` still reports those that fail."""


class Server(ThreadingHTTPServer):
    """A server that never shares its port and lets a browser hang up."""

    # On Windows, reusing an address would let two servers listen on the same port.
    allow_reuse_address = os.name != "nt"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error, unless it is only a browser that closed the page early."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def listen(port: int, directory: Path) -> Server:
    """Return a server listening on `port` or, where that is taken, on the next free one."""
    last = min(port + ATTEMPTS - 1, 65535)
    for candidate in range(port, last + 1):
        try:
            server = Server((HOST, candidate), partial(Handler, directory=str(directory)))
        except PermissionError:
            sys.exit(f"This account may not use port {candidate}: choose one above 1023.")
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            if candidate != port:
                print(f"Port {port} is taken; using {candidate}.", flush=True)
            return server
    sys.exit(f"Ports {port} to {last} are all taken: choose another with --port.")


def main() -> None:
    """Serve the book until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="first port to try (8000)")
    parser.add_argument("--directory", type=Path, default=BOOK, help="what to serve (_build/html)")
    options = parser.parse_args()
    if not 1 <= options.port <= 65535:
        sys.exit(f"Port {options.port} does not exist: choose one from 1 to 65535.")
    if not options.directory.is_dir() or not any(options.directory.iterdir()):
        sys.exit(f"There is no book in {options.directory}: run `make book` first.")
    with listen(options.port, options.directory) as server:
        try:
            print(
                f"The book is at http://{HOST}:{server.server_port}/ (Ctrl-C stops)",
                flush=True,
            )
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
