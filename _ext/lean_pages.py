"""Keep from a page what it does not use: scripts of features that are off, rules of no page."""

import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

PURGE = Path(__file__).parents[1] / "web" / "purge.mjs"
UNUSED = ("thebe", "togglebutton", "design-tabs")


def drop_unused(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    for kind in ("script_files", "css_files"):
        context[kind] = [asset for asset in context.get(kind, []) if not _is(asset, UNUSED)]


def _is(asset: object, names: tuple[str, ...]) -> bool:
    parts = [str(getattr(asset, "filename", asset) or "")]
    parts += map(str, getattr(asset, "attributes", {}).values())
    return any(name in part.lower() for name in names for part in parts)


def purge_styles(app: Sphinx, exception: Exception | None) -> None:
    if exception is None:
        subprocess.run(["node", PURGE, app.outdir], check=True)


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("html-page-context", drop_unused, priority=900)
    app.connect("build-finished", purge_styles)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
