"""Keep from a page what it does not use: scripts of features that are off, MathJax without math."""

from docutils import nodes
from sphinx.application import Sphinx

UNUSED = ("thebe", "togglebutton", "design-tabs")


def drop_unused(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    has_math = doctree is not None and (
        any(doctree.findall(nodes.math)) or any(doctree.findall(nodes.math_block))
    )
    unused = UNUSED if has_math else (*UNUSED, "mathjax")
    for kind in ("script_files", "css_files"):
        context[kind] = [asset for asset in context.get(kind, []) if not _is(asset, unused)]


def _is(asset: object, names: tuple[str, ...]) -> bool:
    parts = [str(getattr(asset, "filename", asset) or "")]
    parts += map(str, getattr(asset, "attributes", {}).values())
    return any(name in part.lower() for name in names for part in parts)


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("html-page-context", drop_unused, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
