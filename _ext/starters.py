"""Where a page shows a lab's starter, or a piece of it, the file can be run and edited there."""

import ast
import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import page_parts
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform

ROOT = Path(__file__).parents[1]
RUNTIME = {
    "worker": "parts/python-worker.js",
    "wasm": "vendor/pyodide/pyodide.asm.wasm",
    "stdlib": "vendor/pyodide/python_stdlib.zip",
}
LAUNCH = re.compile(r"\[open in (Binder|Colab)\]\((\S+)\)")


class StarterPlaces(SphinxTransform):
    """Put each shown starter in a place of the part `starter`, with the file as its data."""

    default_priority = 400

    def apply(self, **kwargs: object) -> None:
        for shown, path, first in list(self._shown()):
            self.env.note_dependency(str(path))
            data = {"file": described(path, first)} | self._means(path)
            page_parts.place_around(shown, self.env.docname, "starter", data=data)

    def _shown(self) -> Iterator[tuple[nodes.Element, Path, int]]:
        """What shows a starter, the starter's path, and the line with which the piece begins."""
        page = Path(self.env.doc2path(self.env.docname))
        for block in self.document.findall(nodes.literal_block):
            text = block.astext().rstrip("\n")
            if page.suffix == ".ipynb":
                path = starter(page.stem)
                if text == path.read_text(encoding="utf-8").rstrip("\n"):
                    yield block.parent.parent, path, 1  # the cell, with its output
                continue
            path = Path(block.get("source", ""))
            if path.match("code/lab-*/*.py") and not path.stem.endswith("exercises"):
                above, _ = path.read_text(encoding="utf-8").split(text, maxsplit=1)
                yield block, starter(path.parent.name), above.count("\n") + 1

    def _means(self, path: Path) -> dict[str, object]:
        """What runs it: the page itself or, where it asks for more than Python, other places."""
        if asks_for_packages(path):
            return {"elsewhere": launches(path.parent.name)}
        return {"runtime": runtime(self.env)}


def starter(lab: str) -> Path:
    """The starter file of a lab."""
    files = (ROOT / "code" / lab).glob("*.py")
    (path,) = (path for path in files if not path.stem.endswith("exercises"))
    return path


def described(path: Path, first: int) -> dict[str, object]:
    return program(path.parent.name, path.name, path.read_text(encoding="utf-8"), first)


def program(lab: str, name: str, code: str, first: int = 1) -> dict[str, object]:
    """A program as the page edits it: a file of that name, shown from line `first` on."""
    digest = hashlib.sha256(code.encode()).hexdigest()[:16]
    return {"lab": lab, "name": name, "code": code, "digest": digest, "first": first}


def runtime(env: BuildEnvironment) -> dict[str, object]:
    """What runs programs in a page."""
    for name in RUNTIME.values():
        env.note_dependency(str(page_parts.SERVED / name))
    root = page_parts.root(env.docname)
    files = {role: page_parts.file(name, root) for role, name in RUNTIME.items()}
    return {"sandbox": f"{root}parts/python-sandbox.html", "files": files}


def asks_for_packages(path: Path) -> bool:
    """Whether a starter imports more than the standard library."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return not {name.partition(".")[0] for name in found} <= sys.stdlib_module_names


def launches(lab: str) -> dict[str, str]:
    """The addresses of Colab and Binder, as the lab's first cell has them."""
    cells = nbformat.read(ROOT / "labs" / f"{lab}.ipynb", as_version=4).cells
    (launch,) = (cell.source for cell in cells if cell.id == "launch")
    return {name: address for name, address in LAUNCH.findall(launch)}


def setup(app: Sphinx) -> dict[str, object]:
    app.add_node(page_parts.Around, html=(page_parts.visit, page_parts.depart))
    app.add_transform(StarterPlaces)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
