"""The atlas as tables: one row a family, and where each fact that was read was read."""

from collections.abc import Mapping
from html import escape
from importlib.metadata import version

from docutils import nodes
from latentlab import atlas
from latentlab.atlas import Family
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

REPOSITORY = "https://github.com/huggingface/diffusers/blob/v{version}/src/diffusers/{file}"
HEAD = (
    "Family",
    "768 × 1280, 49 frames",
    "Channels",
    "Pixels a cell",
    "A rest",
    "Frames",
    "A rest",
    "Tokens",
    "Scaling",
    "Tiles",
    "Parameters",
)
REST = {
    "floor": "drops it",
    "ceil": "pads",
    "exact": "raises",
    "cosmos": "pads or raises",
    "cogvideox": "decodes more",
    "allegro": "drops it",
}


class AtlasFamilies(SphinxDirective):
    """`{atlas-families}`: the families, their factors and rules, and an example request."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(atlas.TABLE))
        rows = [_row(family) for family in atlas.families().values()]
        return [_table("Model families", HEAD, rows)]


class AtlasSources(SphinxDirective):
    """`{atlas-sources}`: the facts that were read and not executed, each with its place."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(atlas.TABLE))
        rows = [
            [escape(family.title), escape(source["fact"]), _place(source)]
            for family in atlas.families().values()
            for source in family.sources
        ]
        return [_table("Where facts were read", ("Family", "Fact", "Read in"), rows)]


def _row(family: Family) -> list[str]:
    frames = None if family.medium == "image" else 49
    found = atlas.trace(family.name, height=768, width=1280, frames=frames, on_invalid="nearest")
    time = family.time
    scaling = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in family.scaling.items())
    return [
        f'<span id="{family.name}">{escape(family.title)}</span> <code>{family.class_name}</code>',
        f"<code>{found.latent}</code>",
        str(family.latent_channels),
        f"{family.space['factor']}²",
        REST[family.space["rule"]],
        "image"
        if frames is None
        else "each by itself"
        if time is None
        else atlas.frame_rule(family),
        "" if time is None else REST[time["rule"]],
        "" if found.tokens is None else f"{found.tokens[1]:,} × {found.tokens[2]}",
        escape(scaling) or "none",
        "yes" if family.tiles else "no",
        f"{family.parameters / 1e6:,.1f} M",
    ]


def _place(source: Mapping[str, str]) -> str:
    if "line" not in source:
        return f"{escape(source['project'])}, <code>{escape(source['file'])}</code>"
    link = REPOSITORY.format(version=version("diffusers"), file=source["file"])
    return (
        f'<a href="{link}">diffusers {version("diffusers")}, {escape(source["file"])}</a><br>'
        f"<code>{escape(source['line'])}</code>"
    )


def _table(label: str, head: tuple[str, ...], rows: list[list[str]]) -> nodes.raw:
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f"<td>{cell}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    html = (
        f'<div class="ls-table" role="region" aria-label="{label}" tabindex="0">'
        f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    return nodes.raw("", html, format="html")


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("atlas-families", AtlasFamilies)
    app.add_directive("atlas-sources", AtlasSources)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
