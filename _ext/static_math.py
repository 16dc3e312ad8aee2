"""Formulas typeset when the book is built: drawn for the eye, and as MathML for a screen reader.

MathJax does it in Node, so that no page has to load it.
"""

import json
import re
import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

LETTER = re.compile(r'<path data-c="\w+" d="(?P<outline>[^"]+)"></path>')
PROGRAM = Path(__file__).parents[1] / "web" / "math.mjs"


class Typesetter:
    """Node with MathJax, started at the first formula and asked a line at a time."""

    def __init__(self) -> None:
        self.node: subprocess.Popen[str] | None = None

    def __call__(self, tex: str, *, display: bool) -> str:
        """The markup of a formula. Raises ExtensionError for what is no TeX."""
        self.node = self.node or subprocess.Popen(
            ["node", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        asked, told = self.node.stdin, self.node.stdout
        assert asked is not None
        assert told is not None
        asked.write(json.dumps({"tex": tex, "display": display}) + "\n")
        asked.flush()
        line = told.readline()
        if not line:
            raise ExtensionError(f"{PROGRAM.name} ended at ${tex}$ with {self.node.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise ExtensionError(f"${tex}$ is no TeX: {answer['error']}")
        html: str = answer["html"]
        return html

    def stop(self, app: Sphinx, exception: Exception | None) -> None:
        """At the end of the build."""
        if self.node:
            self.node.communicate()
            self.node = None


typeset = Typesetter()


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    html = lettered(self, typeset(node.astext(), display=False))
    self.body.append(f'<span class="math">{html}</span>')
    raise nodes.SkipNode


def visit_block(self: HTML5Translator, node: nodes.math_block) -> None:
    html = lettered(self, typeset(node.astext(), display=True))
    self.body.append(f"{self.starttag(node, 'div', CLASS='math')}{html}</div>\n")
    raise nodes.SkipNode


def lettered(page: HTML5Translator, html: str) -> str:
    """A formula in which a letter that the page has drawn before refers to it."""
    drawn: dict[str, str] = page.__dict__.setdefault("letters", {})

    def letter(found: re.Match[str]) -> str:
        outline = found["outline"]
        if outline in drawn:
            return f'<use href="#{drawn[outline]}"/>'
        drawn[outline] = f"letter-{len(drawn)}"
        return f'<path id="{drawn[outline]}" d="{outline}"/>'

    return LETTER.sub(letter, html)


def setup(app: Sphinx) -> dict[str, object]:
    app.add_html_math_renderer("static", (visit_inline, None), (visit_block, None))
    app.connect("build-finished", typeset.stop)
    return {"parallel_read_safe": True, "parallel_write_safe": False, "version": "1"}
