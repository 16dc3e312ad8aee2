"""Show a lab's figures: in chapters by name, and everywhere with the stylesheet the page has."""

import re
from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

STYLE = re.compile(r"<style>\.ls-figure.*?</style>", re.DOTALL)
STYLESHEET = Path(__file__).parents[1] / "code" / "latentlab" / "figure.css"


class LabFigure(SphinxDirective):
    """`{lab-figure} lab-NN-slug cell-id`: the figure that this cell of the lab has computed."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        lab, cell_id = self.arguments
        path = Path(self.env.srcdir) / "labs" / f"{lab}.ipynb"
        if not path.exists():
            raise self.error(f"there is no lab {lab!r}: expected {path.name} in labs/")
        self.env.note_dependency(str(path))
        cells = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
        if cell_id not in cells:
            raise self.error(f"{lab} has no cell {cell_id!r}; its cells are {', '.join(cells)}")
        for output in cells[cell_id].get("outputs", []):
            if html := output.get("data", {}).get("text/html"):
                return [nodes.raw("", html, format="html")]
        raise self.error(f"cell {cell_id!r} of {lab} has no figure: run `make notebooks`")


def strip_styles(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Drop the stylesheet that every figure carries for notebooks: the page loads it once."""
    for raw in doctree.findall(nodes.raw):
        if raw.get("format") == "html" and "<style>.ls-figure" in raw.astext():
            html = STYLE.sub("", raw.astext())
            raw.rawsource = html
            raw.children = [nodes.Text(html)]


def serve_stylesheet(app: Sphinx, config: Config) -> None:
    config.html_static_path.append(str(STYLESHEET))


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("lab-figure", LabFigure)
    app.connect("doctree-resolved", strip_styles)
    app.connect("config-inited", serve_stylesheet)
    app.add_css_file(STYLESHEET.name, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
