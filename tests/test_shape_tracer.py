"""The shape tracer of the page against `latentlab.atlas.trace`, and the table beside it."""

import json
import math
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from latentlab import atlas
from latentlab.shape_tracer import ShapeTracer
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
NODE = ROOT / ".venv" / "bin" / "node"
REQUESTS = 4000
PROGRAM = """
import { readFileSync } from "node:fs";
import { trace } from "./web/shape-tracer/trace.mjs";
const { table, requests } = JSON.parse(readFileSync(0, "utf8"));
const answer = (request) => {
  try {
    return trace(table, request);
  } catch (error) {
    return { error: error.message };
  }
};
console.log(JSON.stringify(requests.map(answer)));
"""


def random_request(chance: random.Random) -> dict:
    """Anything a reader may ask: valid and invalid, small and absurd."""
    family = chance.choice(list(atlas.families().values()))
    factor = family.space["factor"]

    def side() -> int:
        any_size = round(math.exp(chance.uniform(3, 8)))
        odd = chance.choice([any_size, chance.randint(-2, 99_999)])
        return factor * chance.randint(1, 40) if chance.random() < 0.7 else odd

    request = {
        "family": family.name,
        "height": side(),
        "width": side(),
        "batch": chance.choice([1] * 8 + [2, 3, 0, 5000]),
        "dtype": chance.choice([*atlas.BYTES] * 5 + ["int4"]),
        "on_invalid": chance.choice(["error", "library", "library", "nearest", "nearest"]),
        "library": chance.choice(["diffusers", "diffsynth" if family.diffsynth else "diffusers"]),
    }
    if family.medium != "image" or chance.random() < 0.05:
        request["frames"] = chance.choice([1, *chance.sample(range(200), 4), 70_000])
    return request


def expected(request: dict) -> dict:
    asked = dict(request)
    try:
        found = atlas.trace(asked.pop("family"), **asked)
    except ValueError as error:
        return {"error": str(error)}
    steps = [{**vars(step), "shape": list(step.shape)} for step in found.steps]
    return {"steps": steps, "warnings": list(found.warnings)}


def test_page_computes_what_python_computes():
    chance = random.Random("requests")
    requests = [random_request(chance) for _ in range(REQUESTS)]
    ran = subprocess.run(
        [NODE, "--input-type=module", "--eval", PROGRAM],
        input=json.dumps({"table": atlas.as_json(), "requests": requests}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    answers = json.loads(ran.stdout)
    wanted = [expected(request) for request in requests]
    for request, answer, want in zip(requests, answers, wanted, strict=True):
        for step, other in zip(answer.get("steps", ()), want.get("steps", ()), strict=True):
            assert math.isclose(step.pop("bytes"), other.pop("bytes"), rel_tol=1e-12), request
        assert answer == want, request
    assert sum("error" in answer for answer in wanted) > REQUESTS / 10
    assert sum("steps" in answer for answer in wanted) > REQUESTS / 3


def test_notebook_has_the_module_of_the_page():
    built = ROOT / "web" / "dist" / "parts" / "shape-tracer.mjs"
    kept = ROOT / "code" / "latentlab" / "parts" / "shape-tracer.mjs"
    assert kept.read_text(encoding="utf-8") == built.read_text(encoding="utf-8"), (
        "run `make widgets`"
    )


def test_widget_holds_what_was_asked():
    widget = ShapeTracer("wan-2-1", height=480, width=832, frames=81, other="sd-1")
    assert widget.request["family"] == "wan-2-1" and widget.request["frames"] == 81
    assert widget.other == {"family": "sd-1", "library": "diffusers"}
    assert widget.atlas == atlas.as_json()


def test_widget_refuses_what_trace_refuses():
    with pytest.raises(ValueError, match=r"80 frames: Wan 2\.1"):
        ShapeTracer("wan-2-1", height=480, width=832, frames=80)
    with pytest.raises(ValueError, match="Mochi 1 encodes 6k"):
        ShapeTracer("wan-2-1", height=480, width=832, frames=81, other="mochi-1")
    with pytest.raises(ValueError, match="no family 'wan'"):
        ShapeTracer("sd-1", height=512, width=512, other="wan")


# From here on, the atlas page is open in Chromium.


@pytest.fixture
def tracer(browser: Browser, site: str) -> Iterator[Page]:
    with browser.new_page() as page:
        page.goto(f"{site}handbook/atlas.html")
        page.locator(".ls-tracer .ls-shape").first.wait_for()
        yield page


def follow(page: Page, field: str, value: str) -> None:
    control = page.locator(f".ls-tracer [data-field={field}] :is(input, select)")
    if control.evaluate("control => control.localName") == "select":
        control.select_option(value)
    else:
        control.fill(value)


def shapes(page: Page) -> list[str]:
    return [
        text.replace("\n", " ") for text in page.locator(".ls-tracer .ls-shape").all_inner_texts()
    ]


@pytest.mark.slow
def test_form_follows_a_request(tracer: Page):
    follow(tracer, "family", "mochi-1")
    follow(tracer, "height", "480")
    follow(tracer, "width", "848")
    follow(tracer, "frames", "85")
    found = atlas.trace("mochi-1", height=480, width=848, frames=85)
    drawn = shapes(tracer)
    for step in (found.pixels, found.latent, found.tokens, found.decoded):
        assert any([int(n) for n in shape.split()[::2]] == list(step) for shape in drawn)


@pytest.mark.slow
def test_off_the_rule_is_told_and_the_last_way_stays(tracer: Page):
    before = shapes(tracer)
    assert before
    follow(tracer, "frames", "80")
    alert = tracer.get_by_role("alert")
    assert alert.inner_text().startswith(
        "80 frames: Wan 2.1 encodes 4k+1; the nearest are 77 and 81."
    )
    assert shapes(tracer) == before
    assert tracer.get_by_label("Frames").get_attribute("aria-invalid") == "true"
    assert tracer.get_by_label("Height").get_attribute("aria-invalid") == "false"
    alert.get_by_role("button").press("Enter")
    assert tracer.get_by_label("Frames").input_value() == "81"
    assert alert.inner_text() == ""


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["", "0", "-8", "1.5", "1000000000"])
def test_a_size_that_is_none_is_told(tracer: Page, typed: str):
    follow(tracer, "height", typed)
    assert "eight" in tracer.get_by_role("alert").inner_text()
    assert tracer.get_by_label("Height").get_attribute("aria-invalid") == "true"
    tracer.get_by_role("button", name="Take the nearest valid").click()
    assert tracer.get_by_role("alert").inner_text() == ""


@pytest.mark.slow
def test_two_families_take_the_nearest_request_that_fits_both(tracer: Page):
    tracer.get_by_label("Compare with").check()
    follow(tracer, "otherFamily", "ltx-video-0-9-5")
    follow(tracer, "frames", "78")
    assert tracer.locator(".ls-tracer .ls-lanes > div").count() == 2
    tracer.get_by_role("button", name="Take the nearest valid").click()
    assert tracer.get_by_role("alert").inner_text() == ""
    size = {
        name: int(tracer.get_by_label(name).input_value()) for name in ("Height", "Width", "Frames")
    }
    asked = {name.lower(): value for name, value in size.items()}
    for name in ("wan-2-1", "ltx-video-0-9-5"):
        atlas.trace(name, **asked)


@pytest.mark.slow
def test_address_brings_the_request_back(tracer: Page):
    tracer.get_by_label("Compare with").check()
    follow(tracer, "otherLibrary", "diffsynth")
    follow(tracer, "on_invalid", "library")
    follow(tracer, "frames", "18")
    before = shapes(tracer)
    tracer.goto(tracer.url)
    assert shapes(tracer) == before
    times = [shape.split()[4] for shape in before if shape.split()[2] == "16"]
    assert times == ["5", "6"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("request.family=wan-9", "family 'wan-9', which does not exist; it stays Wan 2.1."),
        ("request.frames=abc", "frames 'abc', which does not exist; it stays 81."),
        ("request.on_invalid=maybe", "'maybe', which does not exist; it stays Refuse it."),
        (
            "request.family=mochi-1&request.library=diffsynth&request.frames=85",
            "Mochi 1 in DiffSynth-Studio is not in the atlas; this is diffusers.",
        ),
    ],
)
def test_a_bad_address_is_told(tracer: Page, state: str, told: str):
    tracer.goto(f"{tracer.url.split('?')[0]}?{state}")
    assert told in tracer.get_by_role("alert").inner_text()
    assert shapes(tracer)
    follow(tracer, "batch", "2")
    assert tracer.get_by_role("alert").inner_text() == ""


@pytest.mark.slow
def test_two_families_without_a_common_count_are_told(tracer: Page):
    tracer.get_by_label("Compare with").check()
    follow(tracer, "height", "640")
    follow(tracer, "otherFamily", "mochi-1")
    follow(tracer, "frames", "80")
    tracer.get_by_role("button", name="Take the nearest valid").click()
    assert int(tracer.get_by_label("Frames").input_value()) in (73, 85)
    follow(tracer, "otherFamily", "allegro")
    alert = tracer.get_by_role("alert")
    assert "No request nearby suits both families." in alert.inner_text()
    assert not alert.get_by_role("button").count()


@pytest.mark.slow
def test_table_is_searched_and_sorted(tracer: Page):
    rows = tracer.locator("[data-part=atlas-table] tbody tr").filter(visible=True)
    tracer.get_by_label("Find").fill("ltx 8k+1")
    assert rows.count() == 4
    assert tracer.get_by_role("status").inner_text() == f"4 of {len(atlas.families())} families"
    tracer.get_by_label("Find").fill("nothing like this")
    assert tracer.get_by_role("status").inner_text() == "No family has all of these words."
    tracer.get_by_label("Find").fill("")
    tracer.get_by_label("Show").select_option("video")
    assert rows.count() == sum(entry.medium != "image" for entry in atlas.families().values())
    channels = tracer.get_by_role("button", name="Channels")
    for order in (sorted, lambda found: sorted(found, reverse=True)):
        channels.press("Enter")
        found = [int(row.locator("td").nth(1).inner_text()) for row in rows.all()]
        assert found == order(found)
