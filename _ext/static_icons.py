"""The theme's icons, drawn in the pages when the book is built, so that no page draws them anew."""

import json
import re
import subprocess
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

PROGRAM = Path(__file__).parents[1] / "web" / "icons.mjs"
DRAWS = "_static/scripts/fontawesome.js"  # what the theme would have each page do
SCRIPT = re.compile(rf'<(script|link) [^>]*"[^"]*{DRAWS}[^>]*>(</script>)?\s*')
ICON = re.compile(r'<(i|span) class="(?P<words>[^"]*\bfa-[a-z][^"]*)"(?P<rest>[^>]*)></\1>')
LOOKS = {"fa-solid", "fa-brands", "fa-lg"}  # what else the classes of an icon say


def name(words: str) -> str:
    """Which icon such classes ask for. Raises ExtensionError where that is not one."""
    found = sorted({word for word in words.split() if word.startswith("fa-")} - LOOKS)
    if len(found) != 1:
        raise ExtensionError(f"{words!r} asks for {found or 'no icon'}, expected one icon's name")
    return found[0]


def draw_icons(app: Sphinx, exception: Exception | None) -> None:
    """Put the SVG of each icon in its place. Raises ExtensionError for one that there is not."""
    if exception:
        return
    pages = {path: path.read_text(encoding="utf-8") for path in Path(app.outdir).rglob("*.html")}
    names = {name(found["words"]) for html in pages.values() for found in ICON.finditer(html)}
    asked = ["node", str(PROGRAM), *sorted(names)]
    told = subprocess.run(asked, check=True, capture_output=True, text=True, encoding="utf-8")
    icons = json.loads(told.stdout)
    if missing := names - icons.keys():
        raise ExtensionError(f"no icon is called {', '.join(sorted(missing))}")

    def draw(found: re.Match[str]) -> str:
        svg: str = icons[name(found["words"])]
        begin, end = svg.split('class="', 1)
        rest = re.sub(r' title="[^"]*"', "", found["rest"])
        return f'{begin.rstrip()}{rest} class="{found["words"]} {end}'

    for path, html in pages.items():
        drawn = ICON.sub(draw, SCRIPT.sub("", html))
        if drawn != html:
            path.write_text(drawn, encoding="utf-8")
    for file in Path(app.outdir).glob(f"{DRAWS}*"):
        file.unlink()


def setup(app: Sphinx) -> dict[str, object]:
    app.connect("build-finished", draw_icons)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
