"""The question bank in the book: a page to read it on, and a file of it for other parts."""

import json
import re
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from html import escape
from itertools import groupby
from pathlib import Path

import nbformat
import page_parts
import yaml
from docutils import nodes
from latentlab.bank import Bank, Question
from latentlab.entries import marked
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

FILE = "question-bank.json"
PAGE = "handbook/question-bank"


class QuestionBank(SphinxDirective):
    """`{question-bank}`: the questions of each lab, each unfolding to its answer."""

    def run(self) -> list[nodes.Node]:
        course = Path(self.env.srcdir)
        labs = groupby(questions(course), key=lambda question: question.lab)
        root = page_parts.root(self.env.docname)
        sections = [_section(title(course, lab), lab, list(asked), root) for lab, asked in labs]
        contents = nodes.bullet_list()
        for section in sections:
            link = nodes.reference("", section[0].astext(), refid=section["ids"][0], internal=True)
            contents += nodes.list_item("", nodes.paragraph("", "", link))
        return [contents, *sections]


@cache
def questions(course: Path) -> tuple[Question, ...]:
    """All questions, in the order of the labs, worked out once."""
    config = yaml.safe_load((course / "_config.yml").read_text(encoding="utf-8"))["repository"]
    return tuple(Bank(course, repository=f"{config['url']}/blob/{config['branch']}/"))


@cache
def content(course: Path) -> bytes:
    """What FILE holds: the questions as plain data."""
    data = [question.as_json() for question in questions(course)]
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()


def file(course: Path, root: str) -> dict[str, object]:
    """Where a part finds FILE, and how it knows that it got the whole of it."""
    return page_parts.described(content(course), f"{root}{FILE}")


@cache
def title(course: Path, lab: str) -> str:
    """The title of a lab."""
    cells = nbformat.read(course / "labs" / f"{lab}.ipynb", as_version=4).cells
    return cells[0].source.splitlines()[0].removeprefix("# ")


def anchor(lab: str) -> str:
    """Where the page has the questions of a lab: `lab-NN`."""
    return "-".join(lab.split("-")[:2])


def told(text: str) -> str:
    """Markup of a text, with shapes and sizes that stay on one line."""
    whole = re.sub(r"(?<=\d) × (?=\d)", "&nbsp;×&nbsp;", marked(text))
    return re.sub(r"(?<=\d), (?=\d)", ",&nbsp;", whole)


def _section(heading: str, lab: str, asked: list[Question], root: str) -> nodes.section:
    section = nodes.section("", nodes.title("", heading), ids=[anchor(lab)])
    chapter = lab.removeprefix("lab-").partition("-")
    pages = (
        f'<p>Read <a href="{root}handbook/{"".join(chapter)}.html">the chapter</a>, '
        f'or do <a href="{root}labs/{lab}.html">the lab</a>.</p>'
    )
    section += nodes.raw("", pages + "".join(map(_shown, asked)), format="html")
    return section


def _shown(question: Question) -> str:
    version = question.versions[0]
    steps = f"<h3>Worked</h3>{_list('ol', version.steps)}" if version.steps else ""
    follow = "".join(
        f"<details><summary>{told(one.ask)}</summary><p>{told(one.answer)}</p></details>"
        for one in version.follow
    )
    sources = (f'<a href="{escape(one.url)}">{escape(one.text)}</a>' for one in question.sources)
    return (
        f'<details class="ls-asked" id="{question.id}">'
        f"<summary>{escape(question.title)} <small>{question.depth}</small>"
        f"<span>{told(version.ask)}</span></summary>"
        f"{steps}<h3>A model answer</h3>{_paragraphs(version.answer)}"
        f"<h3>Score yourself, one point each</h3>{_list('ul', version.rubric)}"
        f"<h3>What comes next</h3>{follow}"
        f"<h3>What it probes</h3><p>{told(question.probes)}</p>"
        f"<h3>Where the truth is</h3>{_items('ul', sources)}</details>"
    )


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{told(part)}</p>" for part in re.split(r"\n\s*\n", text.strip()))


def _list(kind: str, texts: Iterable[str]) -> str:
    return _items(kind, map(told, texts))


def _items(kind: str, items: Iterable[str]) -> str:
    return f"<{kind}>{''.join(f'<li>{item}</li>' for item in items)}</{kind}>"


def name_anchors(app: Sphinx, doctree: nodes.document) -> None:
    """Let links such as `question-bank.md#lab-03` find the sections that the directive made."""
    if app.env.docname == PAGE:
        app.env.metadata[PAGE]["myst_slugs"] = {
            name: (0, name, section[0].astext())
            for section in doctree.findall(nodes.section)
            for name in section["ids"]
        }


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> set[str]:
    """Write the page again when anything that a question tells has changed."""
    found = sha256(content(Path(app.srcdir))).hexdigest()
    before, env.bank = getattr(env, "bank", None), found  # type: ignore[attr-defined]
    return set() if before == found else {PAGE} & env.found_docs


def write(app: Sphinx, error: Exception | None) -> None:
    """Hand the questions out beside the pages."""
    if error is None:
        (Path(app.outdir) / FILE).write_bytes(content(Path(app.srcdir)))


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("question-bank", QuestionBank)
    app.connect("doctree-read", name_anchors)
    app.connect("env-get-outdated", outdated)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
