"""Keep from the pages what no reader uses: scripts for features of the theme that are off."""

from sphinx.application import Sphinx

UNUSED = ("thebe", "togglebutton", "design-tabs")


def drop_unused(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    for kind in ("script_files", "css_files"):
        context[kind] = [asset for asset in context.get(kind, []) if not _unused(asset)]


def _unused(asset: object) -> bool:
    parts = [str(getattr(asset, "filename", asset) or "")]
    parts += map(str, getattr(asset, "attributes", {}).values())
    return any(name in part.lower() for name in UNUSED for part in parts)


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("html-page-context", drop_unused, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
