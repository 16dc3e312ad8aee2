"""The atlas in the book: families and sources as tables, and a place for the shape tracer."""

import importlib.util
import math
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.metadata import version
from pathlib import Path

import page_parts
from docutils import nodes
from latentlab import atlas, plots
from latentlab.atlas import Family
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

GITHUB = "https://github.com/{project}/blob/{version}/{file}"
HEAD = (
    "Family",
    "768 × 1280, 49 frames",
    "Channels",
    "Pixels a cell",
    "Leftover pixels",
    "Frames",
    "Leftover frames",
    "Tokens",
    "Scaling",
    "Tiles",
    "Parameters",
)
LEFTOVER_PIXELS = {
    "floor": "dropped",
    "ceil": "padded",
    "exact": "raise",
    "cosmos": "padded or raise",
    "tiles": "dropped, or left blank",
}
LEFTOVER_FRAMES = {
    "floor": "dropped",
    "exact": "raise",
    "cogvideox": "dropped, or more come back",
    "cosmos": "dropped, or more come back",
    "allegro": "dropped, or left blank",
}
EXAMPLES: tuple[dict, ...] = (
    {"family": "sd-1", "height": 512, "width": 512},
    {"family": "flux-1", "height": 1024, "width": 1024},
    {"family": "wan-2-1", "height": 720, "width": 1280, "frames": 81},
)


class AtlasFamilies(SphinxDirective):
    """`{atlas-families}`: the families, their factors and rules, and an example request."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(atlas.TABLE))
        rows = [_family_row(family) for family in atlas.families().values()]
        table = _table("Model families", HEAD, rows)
        return [page_parts.place(self.env.docname, "atlas-table", data={}, inside=table)]


class AtlasSources(SphinxDirective):
    """`{atlas-sources}`: where each fact about a family stands, and whether it is executed."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(atlas.TABLE))
        rows = [row for family in atlas.families().values() for row in _source_rows(family)]
        head = ("Family", "Fact", "Known by", "Stands in")
        return [nodes.raw("", _table("Where facts stand", head, rows), format="html")]


class ShapeTracer(SphinxDirective):
    """`{shape-tracer}`: the tracer, in whose place a reader without JavaScript sees examples."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(atlas.TABLE))
        data = {
            "atlas": atlas.as_json(),
            "request": EXAMPLES[-1] | {"batch": 1, "dtype": "bf16", "on_invalid": "error"},
            "other": None,
            "linked": ["request", "other"],
        }
        return [
            page_parts.place(self.env.docname, "shape-tracer", data=data, inside=_worked_examples())
        ]


ARROWS = {
    "folded": "fold the frames into the batch",
    "latent": "encode",
    "packed": "move cells into the channels",
    "tokens": "cut into patches, one token each",
    "decoded": "decode",
}


def _worked_examples() -> str:
    lanes = {}
    for example in EXAMPLES:
        asked = dict(example)
        found = atlas.trace(asked.pop("family"), **asked)
        lanes[found.family.title] = [
            (ARROWS.get(step.name, ""), step.shape, step.axes, f"{step.name}, {_size(step.bytes)}")
            for step in found.steps
            if step.name != "pipeline"
        ]
    figure = plots.path(
        lanes,
        alt="Three requests, each followed from pixels to latent, tokens and decoded pixels.",
        caption="Three requests in bf16, followed by the same rules as the tracer's.",
    )
    words = "Choosing needs JavaScript. Here are three requests as the tracer draws them."
    return f"<noscript><p>{words}</p></noscript>{figure._repr_mimebundle_()['text/html']}"


def _size(count: int) -> str:
    unit, power = ("KiB", 1) if count < 2**20 else ("MiB", 2)
    return f"{count / 1024**power:.4g} {unit}"


def _family_row(family: Family) -> str:
    frames = None if family.medium == "image" else 49
    found = atlas.trace(family.name, height=768, width=1280, frames=frames, on_invalid="nearest")
    time = family.time
    facts = {source["fact"] for source in family.sources}
    code = _class_link(family)

    def read(fact: str) -> str:
        return f"#{family.name}-{fact}" if fact in facts else code

    tokens = "" if found.tokens is None else f"{found.tokens[1]:,}&nbsp;×&nbsp;{found.tokens[2]}"
    rule = "each by itself" if time is None else atlas.frame_rule(family)
    cells = (
        (f"<code>{found.latent}</code>", math.prod(found.latent), code),
        (str(family.latent_channels), None, code),
        (f"{family.space['factor']}²", family.space["factor"], code),
        (LEFTOVER_PIXELS["tiles" if family.tile else family.space["rule"]], None, code),
        ("image" if frames is None else rule, None, code),
        ("" if time is None else LEFTOVER_FRAMES[time["rule"]], None, code),
        (tokens, found.tokens[1] if found.tokens else "", read("pack" if family.pack else "patch")),
        (escape(_scaling(family)), None, read("scaling")),
        ("yes" if family.tiles else "no", None, code),
        (f"{family.parameters / 1e6:,.1f} M", family.parameters, code),
    )
    names = escape(f"{family.name} {family.medium}")
    medium = "images" if family.medium == "image" else "video"
    return (
        f'<tr data-medium="{medium}" data-names="{names}">'
        f'<th scope="row" id="{family.name}">{escape(family.title)} '
        f"<code>{family.class_name}</code></th>" + "".join(_cell(*cell) for cell in cells) + "</tr>"
    )


def _cell(text: str, order: object, link: str) -> str:
    key = "" if order is None else f' data-sort="{order}"'
    inside = f'<a href="{link}">{text}</a>' if text else ""
    return f"<td{key}>{inside}</td>"


def _scaling(family: Family) -> str:
    known = family.scaling
    if "mean" in known:
        return f"mean and std of {len(known['mean'])} channels"
    if "mean_std" in known:
        return f"mean and std, from the {known['mean_std']}"
    said = (f"{key.replace('_', ' ')} {value}" for key, value in known.items())
    return ", ".join(said) or "none"


def _source_rows(family: Family) -> Iterator[str]:
    link = f'<a href="{_class_link(family)}">diffusers {version("diffusers")}, '
    yield _row(
        family,
        (
            "latent, channels, factors, rules, decoded frames, errors, tiling, parameters",
            "executed",
        ),
        f"{link}{_class_file(family.class_name)}</a><br><code>class {family.class_name}</code>",
    )
    for source in family.sources:
        held = "read; the line is looked up" if "line" in source else "read"
        yield _row(
            family, (source["fact"], held), _place(source), f"{family.name}-{source['fact']}"
        )


def _row(family: Family, texts: tuple[str, str], place: str, anchor: str = "") -> str:
    name = f' id="{escape(anchor.replace(" ", "-"))}"' if anchor else ""
    cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
    return f'<tr{name}><th scope="row">{escape(family.title)}</th>{cells}<td>{place}</td></tr>'


def _place(source: Mapping[str, str]) -> str:
    if "line" in source:
        said = f"diffusers {version('diffusers')}, {escape(source['file'])}"
        link = _diffusers_link(source["file"])
        return f'<a href="{link}">{said}</a><br><code>{escape(source["line"])}</code>'
    link = GITHUB.format(**source)
    said = f"{escape(source['project'])} {source['version']}, {escape(source['file'])}"
    return f'<a href="{link}">{said}</a>'


def _diffusers_link(file: str) -> str:
    return GITHUB.format(
        project="huggingface/diffusers",
        version=f"v{version('diffusers')}",
        file=f"src/diffusers/{file}",
    )


def _class_link(family: Family) -> str:
    return _diffusers_link(_class_file(family.class_name))


@cache
def _class_file(name: str) -> str:
    """Where the installed diffusers defines a class; found without importing it, which is slow."""
    spec = importlib.util.find_spec("diffusers")
    assert spec is not None
    assert spec.origin is not None
    library = Path(spec.origin).parent
    for path in sorted(library.glob("models/autoencoders/*.py")):
        if f"class {name}(" in path.read_text(encoding="utf-8"):
            return path.relative_to(library).as_posix()
    raise ValueError(f"diffusers {version('diffusers')} defines no class {name}")


def _table(label: str, head: tuple[str, ...], rows: list[str]) -> str:
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    return (
        f'<div class="ls-table" role="region" aria-label="{label}" tabindex="0">'
        f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("atlas-families", AtlasFamilies)
    app.add_directive("atlas-sources", AtlasSources)
    app.add_directive("shape-tracer", ShapeTracer)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
