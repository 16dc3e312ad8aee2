"""Places for the parts that run in the page, with their data and what stands there without."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.environment import BuildEnvironment
from sphinx.writers.html5 import HTML5Translator

SERVED = Path(__file__).parents[1] / "web" / "dist"  # what the book's root will hold


def place(docname: str, part: str, *, data: Mapping[str, object], inside: str) -> nodes.raw:
    """Markup in which the host puts `part`. `inside` is what a reader without JavaScript sees."""
    begin, end = _ends(docname, part, data)
    return nodes.raw("", f"{begin}{inside}{end}", format="html")


class Around(nodes.General, nodes.Element):
    """The same place around something that the page has already, to which the part will add."""


def place_around(
    shown: nodes.Element, docname: str, part: str, *, data: Mapping[str, object]
) -> None:
    """Put what the page shows into the place of a part."""
    begin, end = _ends(docname, part, data)
    around = Around("", begin=begin, end=end)
    shown.replace_self(around)
    around += shown


def visit(writer: HTML5Translator, node: Around) -> None:
    writer.body.append(node["begin"])


def depart(writer: HTML5Translator, node: Around) -> None:
    writer.body.append(node["end"])


@cache
def file(name: str, root: str) -> dict[str, object]:
    """Where a part finds a file of web/dist, and how it knows that it got the whole of it."""
    return described((SERVED / name).read_bytes(), f"{root}{name}")


def source(env: BuildEnvironment, path: Path) -> dict[str, object]:
    """The same for a file of the course, which the book then hands out."""
    env.note_dependency(str(path))
    target = env.dlfiles.add_file(env.docname, path.relative_to(env.srcdir).as_posix())
    return described(path.read_bytes(), f"{root(env.docname)}_downloads/{target}")


def root(docname: str) -> str:
    """The way from a page to the book's root."""
    return "../" * docname.count("/")


def described(content: bytes, address: str) -> dict[str, object]:
    """Where a part finds this content, and how it knows that it got the whole of it."""
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
