"""Places for the parts that run in the page, with their data and what stands there without."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.environment import BuildEnvironment

SERVED = Path(__file__).parents[1] / "web" / "dist"  # what the book's root will hold


def place(docname: str, part: str, *, data: Mapping[str, object], inside: str) -> nodes.raw:
    """Markup in which the host puts `part`. `inside` is what a reader without JavaScript sees."""
    begin, end = _ends(docname, part, data)
    return nodes.raw("", f"{begin}{inside}{end}", format="html")


def around(
    docname: str, part: str, *, data: Mapping[str, object], shown: nodes.Element
) -> list[nodes.Element]:
    """The same around something that the page has already, to which `part` will add."""
    begin, end = _ends(docname, part, data)
    return [nodes.raw("", begin, format="html"), shown, nodes.raw("", end, format="html")]


@cache
def file(name: str, root: str) -> dict[str, object]:
    """Where a part finds a file of web/dist, and how it knows that it got the whole of it."""
    return _described((SERVED / name).read_bytes(), f"{root}{name}")


def source(env: BuildEnvironment, path: Path) -> dict[str, object]:
    """The same for a file of the course, which the book then hands out."""
    env.note_dependency(str(path))
    place = env.dlfiles.add_file(env.docname, path.relative_to(env.srcdir).as_posix())
    return _described(path.read_bytes(), f"{root(env.docname)}_downloads/{place}")


def root(docname: str) -> str:
    """The way from a page to the book's root."""
    return "../" * docname.count("/")


def _described(content: bytes, address: str) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    return {
        "name": Path(address).name,
        "address": f"{address}?{digest[:8]}",
        "bytes": len(content),
        "sha256": digest,
    }


def _ends(docname: str, part: str, data: Mapping[str, object]) -> tuple[str, str]:
    state = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
    return (
        f'<div data-part="{escape(part)}"><script type="application/json">{state}</script>',
        f'</div><script type="module" src="{root(docname)}parts/host.mjs"></script>',
    )
