"""Places for the parts that run in the page, with their data and what stands there without."""

import json
from collections.abc import Mapping
from html import escape

from docutils import nodes


def place(docname: str, part: str, *, data: Mapping[str, object], inside: str) -> nodes.raw:
    """Markup in which the host puts `part`. `inside` is what a reader without JavaScript sees."""
    root = "../" * docname.count("/")
    state = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
    html = (
        f'<div data-part="{escape(part)}">'
        f'<script type="application/json">{state}</script>{inside}</div>'
        f'<script type="module" src="{root}parts/host.mjs"></script>'
    )
    return nodes.raw("", html, format="html")
