"""The reader's progress: what there is to do on each page, for the marks in the contents and for
the page of its own.
"""

import json
import tomllib
from html import escape
from pathlib import Path
from typing import Any

import exercise_places
import page_parts
import question_bank
import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

MARKS = "../parts/marks.mjs"
DRILL = "handbook/drill"
WITHOUT = (
    "With JavaScript, this page shows what you have read, run, predicted and solved, which "
    "answers are worth another look, how far the drill has come, and where to go on. It is kept "
    "in your browser only. All of the labs can be read without it:"
)


class ProgressPlace(nodes.General, nodes.Element):
    """Where the page comes to stand, once the titles of all pages are known."""


class Progress(SphinxDirective):
    """`{progress}`: the reader's progress; without JavaScript, what it is and a list of labs."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        for path in (root / "_toc.yml", *_sources(root)):
            self.env.note_dependency(str(path))
        return [ProgressPlace()]


def pages(root: Path) -> dict[str, dict[str, Any]]:
    """What can be done on each chapter and lab, in the order of the book, by its document's name.

    A chapter has nothing to do but to be read. A lab has `questions`, the title of each by its
    id, and `exercises`, the names of those that the page checks.
    """
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    files = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    chapters = {path.stem for path in root.glob("handbook/[0-9][0-9]-*.md")}
    found: dict[str, dict[str, Any]] = {}
    for docname in files:
        name = Path(docname).name
        if docname.startswith("labs/"):
            exercises = exercise_places.checked(root / f"{docname}.ipynb")
            found[docname] = {"questions": _questions(root, name), "exercises": exercises}
        elif name in chapters:
            found[docname] = {"questions": {}, "exercises": []}
    return found


def _sources(root: Path) -> list[Path]:
    patterns = ("labs/lab-*.ipynb", "labs/lab-*-questions.toml", "code/lab-*/*exercises.py")
    return sorted(path for pattern in patterns for path in root.glob(pattern))


def _questions(root: Path, lab: str) -> dict[str, str]:
    path = root / "labs" / f"{lab}-questions.toml"
    if not path.exists():
        return {}
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("question", [])
    return {entry["id"]: entry["title"] for entry in entries}


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the part in its place."""
    for place in list(doctree.findall(ProgressPlace)):
        entries = [
            {
                "name": Path(name).name,
                "title": app.env.titles[name].astext(),
                "address": app.builder.get_relative_uri(docname, name),
                "questions": list(work["questions"]),
                "titles": work["questions"],
                "exercises": work["exercises"],
            }
            for name, work in pages(Path(app.srcdir)).items()
        ]
        drill = {
            "address": app.builder.get_relative_uri(docname, DRILL),
            "title": app.env.titles[DRILL].astext(),
            "ids": [question.id for question in question_bank.questions(Path(app.srcdir))],
        }
        labs = "".join(
            f'<li><a href="{escape(entry["address"])}">{escape(entry["title"])}</a></li>'
            for entry in entries
            if entry["name"].startswith("lab-")
        )
        inside = f"<noscript><p>{WITHOUT}</p><ul>{labs}</ul></noscript>"
        place.replace_self(
            page_parts.place(
                docname, "progress", data={"pages": entries, "drill": drill}, inside=inside
            )
        )


def add_marks(app: Sphinx) -> None:
    """Give every page the marks, with what there is to do."""
    app.add_js_file(None, body=_counted(app), type="application/json", id="ls-course")
    app.add_js_file(MARKS, type="module")


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> set[str]:
    """Write every page again when there is something else to do."""
    before, env.course = getattr(env, "course", None), _counted(app)  # type: ignore[attr-defined]
    return set() if before == env.course else set(env.found_docs)  # type: ignore[attr-defined]


def _counted(app: Sphinx) -> str:
    work = {
        Path(name).name: {"questions": list(work["questions"]), "exercises": work["exercises"]}
        for name, work in pages(Path(app.srcdir)).items()
    }
    return json.dumps(work, separators=(",", ":")).replace("</", "<\\/")


def setup(app: Sphinx) -> dict[str, object]:
    app.add_node(ProgressPlace)
    app.add_directive("progress", Progress)
    app.connect("builder-inited", add_marks)
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-resolved", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
