"""The drill: the questions of the bank as cards that come back, and mock interviews."""

from hashlib import sha256
from html import escape
from pathlib import Path

import page_parts
import question_bank
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

LISTING = {"handbook/drill", "handbook/progress"}  # the pages that name all questions
WITHOUT = (
    "With JavaScript, this page asks the questions of the bank until they stick: you answer, score "
    "yourself against a rubric, and what you are about to forget comes back. All of them can be "
    "read without it, each with its model answer:"
)


class DrillPlace(nodes.General, nodes.Element):
    """Where the drill comes to stand, once the titles of all pages are known."""


class Drill(SphinxDirective):
    """`{drill}`: the drill; without JavaScript, what it is and where the questions are."""

    def run(self) -> list[nodes.Node]:
        return [DrillPlace()]


def entries(course: Path) -> list[dict[str, str]]:
    """The questions as a list names them, in the order of the bank."""
    return [
        {"id": one.id, "lab": one.lab, "depth": one.depth, "title": one.title}
        for one in question_bank.questions(course)
    ]


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the part in its place."""
    for place in list(doctree.findall(DrillPlace)):
        listed = entries(Path(app.srcdir))
        page = app.builder.get_relative_uri(docname, question_bank.PAGE)
        data = {
            "entries": listed,
            "labs": {lab: _lab(app, docname, lab) for lab in {one["lab"]: None for one in listed}},
            "bank": question_bank.file(Path(app.srcdir), page_parts.root(docname)),
            "page": page,
            "linked": ["filter"],
            "filter": {"lab": None, "depth": None, "weak": None},
        }
        bank = f'<a href="{escape(page)}">{escape(app.env.titles[question_bank.PAGE].astext())}</a>'
        inside = f"<noscript><p>{WITHOUT} {bank}.</p></noscript>"
        place.replace_self(page_parts.place(docname, "drill", data=data, inside=inside))


def _lab(app: Sphinx, docname: str, lab: str) -> dict[str, object]:
    """A lab's title and address, and those of its chapter."""
    chapter = _page(app, docname, f"handbook/{lab.removeprefix('lab-')}")
    return {**_page(app, docname, f"labs/{lab}"), "chapter": chapter}


def _page(app: Sphinx, docname: str, name: str) -> dict[str, str]:
    title = app.env.titles[name].astext()
    return {"title": title, "address": app.builder.get_relative_uri(docname, name)}


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> set[str]:
    """Write the pages again that name the questions when these have changed."""
    found = sha256(question_bank.content(Path(app.srcdir))).hexdigest()
    before, env.drilled = getattr(env, "drilled", None), found  # type: ignore[attr-defined]
    return set() if before == found else LISTING & env.found_docs


def setup(app: Sphinx) -> dict[str, object]:
    app.add_node(DrillPlace)
    app.add_directive("drill", Drill)
    app.connect("env-get-outdated", outdated)
    app.connect("doctree-resolved", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
