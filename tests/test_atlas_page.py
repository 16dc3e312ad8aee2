"""The atlas page shows what the table says."""

from pathlib import Path

import inspection
from bs4 import BeautifulSoup
from latentlab import atlas

ROOT = Path(__file__).parents[1]


def tables() -> list[list[list[str]]]:
    page = ROOT / "_build" / "html" / "handbook" / "atlas.html"
    assert page.exists(), "There is no book in _build/html: run `make book`."
    markup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return [
        [[cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])] for row in rows]
        for rows in (table.select("tbody tr") for table in markup.select(".ls-table table"))
    ]


def test_page_has_a_row_for_each_family():
    rows, _ = tables()
    assert len(rows) == len(atlas.families())
    for row, family in zip(rows, atlas.families().values(), strict=True):
        frames = None if family.medium == "image" else 49
        found = atlas.trace(
            family.name, height=768, width=1280, frames=frames, on_invalid="nearest"
        )
        assert row[0] == f"{family.title} {family.class_name}"
        assert row[1] == str(found.latent)
        assert row[2] == str(family.latent_channels)


def test_page_has_a_row_for_each_source_and_one_for_what_is_executed():
    _, rows = tables()
    wanted = atlas.families().values()
    assert len(rows) == sum(1 + len(family.sources) for family in wanted)
    assert sum(row[2] == "executed" for row in rows) == len(wanted)
    assert all(all(cell for cell in row) for row in rows)


def test_example_on_the_page_says_what_it_returns():
    text = (ROOT / "handbook" / "atlas.md").read_text(encoding="utf-8")
    example = text.split("```python\n")[1].split("```")[0]
    namespace: dict = {}
    exec(example, namespace)
    stated = dict(inspection.comments(example))
    assert len(stated) == 3
    for line, comment in stated.items():
        expression = example.splitlines()[line - 1].partition("#")[0]
        assert eval(expression, namespace) == inspection.literal(comment)
