"""Where a lab's page has an exercise, it can be written and checked there."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import page_parts
import starters
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

sys.path.append(str(starters.ROOT / "tools"))

import notebooks


class Stub(NamedTuple):
    """An exercise's cell: the answer's name, the cell's text, and the text as a program."""

    name: str
    cell: str
    code: str


class ExercisePlaces(SphinxTransform):
    """Put each exercise's cell in a place of the part `exercise`."""

    default_priority = 400

    def apply(self, **kwargs: object) -> None:
        page = Path(self.env.doc2path(self.env.docname))
        if not page.match("labs/lab-*.ipynb"):
            return
        found = {stub.cell: stub for stub in stubs(page)}
        exercises = notebooks.exercises(page.stem).by_name
        self.env.note_dependency(str(starters.ROOT / "code" / page.stem / "exercises.py"))
        for block in list(self.document.findall(nodes.literal_block)):
            if stub := found.get(block.astext().rstrip("\n")):
                shown = block.parent.parent  # the cell, with its output
                data = {
                    "exercise": {"lab": page.stem, "name": stub.name},
                    "hints": exercises[stub.name].hints,
                } | self._means(page.stem, stub)
                page_parts.place_around(shown, self.env.docname, "exercise", data=data)

    def _means(self, lab: str, stub: Stub) -> dict[str, object]:
        """What checks it: the page itself or, where it is about arrays, other places."""
        if stub.name not in notebooks.page_exercises(lab).by_name:
            return {"elsewhere": starters.launches(lab)}
        return {
            "file": starters.program(lab, f"{stub.name}.py", stub.code),
            "exercises": page_parts.source(self.env, notebooks.page_file(lab)),
            "runtime": starters.runtime(self.env),
        }


def checked(path: Path) -> list[str]:
    """The exercises of a lab's notebook that its page checks, in their order."""
    in_page = notebooks.page_exercises(path.stem).by_name
    return [stub.name for stub in stubs(path) if stub.name in in_page]


def stubs(path: Path) -> Iterator[Stub]:
    """The exercise cells of a lab's notebook.

    As a program, a cell begins with the imports of the cells before, as far as the page has them,
    and ends without its `check(...)`: the page has a button for that.
    """
    imports: set[str] = set()
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code" or not cell.id.startswith("exercise-"):
            continue
        body = ast.parse(cell.source).body
        imports |= {ast.unparse(node) for node in body if _imports_the_standard_library(node)}
        answer = next(node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef))
        lines = cell.source.splitlines()[answer.lineno - 1 : answer.end_lineno]
        above = [*sorted(imports), "", ""] if imports else []
        yield Stub(answer.name, cell.source, "\n".join([*above, *lines, ""]))


def _imports_the_standard_library(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    return bool(names) and {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def setup(app: Sphinx) -> dict[str, object]:
    app.add_transform(ExercisePlaces)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
