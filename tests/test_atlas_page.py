"""The atlas page shows what the table says."""

from pathlib import Path

import atlas_values
import pytest
from bs4 import BeautifulSoup
from latentlab import atlas, stated_shapes

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


def test_page_says_what_becomes_of_leftover_frames():
    """Each word of the table against what trace() does with some counts off the rule."""
    rows, _ = tables()
    for row, family in zip(rows, atlas.families().values(), strict=True):
        if family.time is None:
            continue
        seen = set()
        for frames in range(49, 74):
            asked = {"height": 320, "width": 320, "frames": frames, "on_invalid": "library"}
            try:
                found = atlas.trace(family.name, **asked)
            except atlas.RefusedError:
                seen.add("raise")
                continue
            decoded = found.step("decoded")
            back = decoded.shape[decoded.axes.split().index("T")]
            if back != frames:
                seen.add("dropped" if back < frames else "more come back")
            elif any("stays blank" in warning for warning in found.warnings):
                seen.add("left blank")
        assert row[6] == ", or ".join(sorted(seen)), family.name


def test_page_says_where_pixels_beyond_the_last_tile_stay_blank():
    rows, _ = tables()
    for row, family in zip(rows, atlas.families().values(), strict=True):
        asked = {"height": 800, "width": 800, "on_invalid": "library"}
        if family.medium != "image":
            asked["frames"] = 24
        try:
            said = atlas.trace(family.name, **asked).warnings
        except atlas.RefusedError:
            said = ()
        assert ("left blank" in row[4]) == any("stays blank" in one for one in said)


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
    stated = dict(stated_shapes.comments(example))
    assert len(stated) == 3
    for line, comment in stated.items():
        expression = example.splitlines()[line - 1].partition("#")[0]
        assert eval(expression, namespace) == stated_shapes.literal(comment)


def test_figures_in_prose_are_computed_and_lead_to_the_tracer():
    page = ROOT / "_build" / "html" / "handbook" / "04-frame-rules.html"
    markup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    traced = {link["href"].split("?")[1]: link.get_text() for link in markup.select("a.ls-traced")}
    found = atlas.trace("mochi-1", height=1088, width=1920, frames=85, on_invalid="library")
    sizes = "request.frames=85&request.height=1088&request.width=1920"
    state = f"request.family=mochi-1&{sizes}&request.on_invalid=library#trace-a-request"
    assert traced[state] in (str(found.latent[2]), str(found.decoded[2]))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("wan-2-1 latent", "expected `family"),
        ("wan-9 81×480×832 latent", "there is no family 'wan-9'"),
        ("wan-2-1 80×480×832 latent", "80 frames: Wan 2.1 encodes 4k"),
        ("sd-1 512×512 tokens", "there is no step 'tokens'; there are pixels, latent"),
        ("sd-1 512×512 latent.T", "latent has no axis T; it has B C H W"),
    ],
)
def test_a_figure_that_cannot_be_computed_is_told(text, told):
    with pytest.raises(ValueError) as caught:
        atlas_values.computed(text)
    assert told in str(caught.value)
