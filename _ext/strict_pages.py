"""Written pages made strict and light: a content security policy, no code in the markup, no search
index before it is asked for, and the book's title in a landmark.

What the theme has in the markup is in _static/ here, as files of the book's own.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",  # the decoder and Python are WebAssembly
        "worker-src 'self' blob:",  # the sandbox of Python has its worker as a blob
        "style-src 'self' 'unsafe-inline'",  # figures carry lengths and colors as styles
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",  # what a reader has recorded is heard from memory
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)
HEADER = f"{POLICY}; frame-ancestors 'self'"  # what a page cannot state itself
CHARSET = '<meta charset="utf-8" />'
INLINE = re.compile(
    r"<script(?: data-cfasync=\"false\"| type=\"text/x-thebe-config\")?>.*?</script>\s*", re.S
)
BRAND = re.compile(r'(<div class="sidebar-primary-item")>(?=\s*<a class="navbar-brand)')
SEARCH = re.compile(
    r'<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>\s*'
)


def strict(html: str, *, searches: bool) -> str:
    """A page with the policy, without code in its markup, and without what a search needs."""
    html = INLINE.sub("", html)
    html = html.replace('onclick="window.print()"', 'data-press="print"')
    html = html.replace('onclick="toggleFullScreen()"', 'data-press="fullscreen"')
    html = BRAND.sub(r'\1 role="region" aria-label="The book">', html)
    if not searches:
        html = SEARCH.sub("", html)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}" />'
    return html.replace(CHARSET, f"{CHARSET}\n    {policy}", 1)


def make_strict(app: Sphinx, exception: Exception | None) -> None:
    for path in Path(app.outdir).rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        if CHARSET in html and POLICY not in html:
            path.write_text(strict(html, searches=path.name == "search.html"), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("build-finished", make_strict)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
