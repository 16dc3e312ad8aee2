"""The predictions of a lab: where its notebook stores a question, the page gets the form for it."""

from pathlib import Path

import nbformat
import page_parts
from docutils import nodes
from latentlab.predict import STORED
from sphinx.application import Sphinx


def give_forms(app: Sphinx, doctree: nodes.document) -> None:
    """Put each stored question into the place of its part. Without JavaScript it stays as it is.

    `lab-NN-slug.html#predict-ID` leads to it.
    """
    docname = app.env.docname
    path = Path(app.env.doc2path(docname))
    if path.suffix != ".ipynb":
        return
    stored = {
        output.data["text/html"]: output.metadata[STORED]
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", ())
        if STORED in output.get("metadata", ())
    }
    for raw in list(doctree.findall(nodes.raw)):
        if question := stored.get(raw.astext()):
            data, inside = {"question": question}, raw.astext()
            target = nodes.raw("", f'<span id="predict-{question["id"]}"></span>', format="html")
            form = page_parts.place(docname, "question", data=data, inside=inside)
            raw.replace_self([target, form])


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("doctree-read", give_forms)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
