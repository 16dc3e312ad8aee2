"""The reader's progress: kept in the browser, marked in the contents, and shown on its own page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import notebooks
import progress
import pytest
import strict_pages
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, Route, expect

ROOT = Path(__file__).parents[1]
LABS = sorted(path.stem for path in ROOT.glob("labs/lab-*.ipynb"))
LAB = "lab-03-latent-shape-tracking"
CHAPTER = "03-latent-shape-tracking"
PAGE = "handbook/progress.html"
WEEK_AGO = 604_800_000  # milliseconds

# A reader of one chapter and one lab, who wrote on two pages; entries of another site stay its own.
VALUES: dict[str, object] = {
    f"read/{CHAPTER}": True,
    f"read/{LAB}": True,
    f"place/{LAB}": {"section": "break-it", "title": "Break <b>it</b>"},
    f"run/{LAB}": {"runs": 2, "ok": 1},
    f"edit/{LAB}": {"code": "print('é ☃')\n"},
    f"solved/{LAB}/decoded_frames": {"at": 1},
    f"draft/{LAB}/nearest_valid": {"code": "def nearest_valid(): ..."},
}
SEED = """([values, age]) => {
  for (const [key, value] of Object.entries(values)) {
    const entry = { version: 1, at: Date.now() - age, value };
    localStorage.setItem(`latent-shapes/${key}`, JSON.stringify(entry));
  }
  localStorage.setItem("somebody-else", "{");
}"""
KEPT = """() => Object.fromEntries(
  Object.entries(localStorage).filter(([key]) => key.startsWith("latent-shapes"))
)"""
FILL = """() => {
  for (let size = 2 ** 22; size >= 1; size /= 2) {
    try {
      for (;;) localStorage.setItem(`filler-${size}-${localStorage.length}`, "x".repeat(size));
    } catch {}
  }
}"""


@pytest.fixture(scope="module")
def work() -> dict[str, dict[str, Any]]:
    return progress.pages(ROOT)


def test_pages_are_those_of_the_book_in_its_order(work: dict[str, dict[str, Any]]):
    names = [Path(docname).name for docname in work]
    assert sorted(name for name in names if name.startswith("lab-")) == LABS
    assert sorted(name for name in names if not name.startswith("lab-")) == [
        lab.removeprefix("lab-") for lab in LABS
    ]
    assert all(names.index(lab.removeprefix("lab-")) < names.index(lab) for lab in LABS)


@pytest.mark.parametrize("lab", LABS)
def test_exercises_are_those_that_the_page_checks(work: dict[str, dict[str, Any]], lab: str):
    exercises = work[f"labs/{lab}"]["exercises"]
    assert sorted(exercises) == sorted(notebooks.page_exercises(lab).by_name)


def test_questions_are_those_of_the_file(tmp_path: Path):
    for name in ("_toc.yml", "handbook", "labs"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "labs").unlink()
    (tmp_path / "labs").mkdir()
    for lab in LABS:
        (tmp_path / "labs" / f"{lab}.ipynb").symlink_to(ROOT / "labs" / f"{lab}.ipynb")
    text = (
        '[[question]]\nid = "one-two"\ntitle = "The first"\n[[question]]\nid = "b"\ntitle = "B"\n'
    )
    (tmp_path / "labs" / f"{LAB}-questions.toml").write_text(text, encoding="utf-8")
    found = progress.pages(tmp_path)
    assert found[f"labs/{LAB}"]["questions"] == {"one-two": "The first", "b": "B"}
    assert found[f"labs/{LABS[-1]}"]["questions"] == {}


def soup(name: str) -> BeautifulSoup:
    page = ROOT / "_build" / "html" / name
    assert page.exists(), "There is no book in _build/html: run `make book`."
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("name", ["index.html", PAGE, f"labs/{LAB}.html", "genindex.html"])
def test_every_page_knows_what_there_is_to_do(work: dict[str, dict[str, Any]], name: str):
    told = json.loads(soup(name).select_one("#ls-course").get_text())  # type: ignore[union-attr]
    assert list(told) == [Path(docname).name for docname in work]
    for docname, known in work.items():
        here = told[Path(docname).name]
        assert here["exercises"] == known["exercises"]
        assert here["questions"] == list(known["questions"])


def test_build_holds_no_tests():
    built = [path.name for path in (ROOT / "web" / "dist").rglob("*") if path.is_file()]
    assert "marks.mjs" in built and "progress.mjs" in built
    assert not [name for name in built if ".test." in name or "fake" in name]
    served = (ROOT / "web" / "dist" / "parts" / "marks.mjs").read_text(encoding="utf-8")
    assert "node:test" not in served and len(served) < 8000


# From here on, the book is open in Chromium.


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(accept_downloads=True) as context:
        yield context


def opened(context: BrowserContext, address: str, *, seed: dict[str, object] | None = None) -> Page:
    page = context.new_page()
    page.goto(address)
    if seed is not None:
        page.evaluate(SEED, [seed, WEEK_AGO])
        page.reload()
    return page


def progress_page(context: BrowserContext, site: str, **how: Any) -> Page:
    page = opened(context, site + PAGE, **how)
    page.locator(".ls-progress").wait_for()
    return page


def mark(page: Page, name: str) -> str:
    """What the contents say of a page, to a screen reader."""
    link = page.locator("nav.bd-links a.reference").and_(page.locator(f"[href$='{name}.html']"))
    return (link.first.text_content() or "").partition(",")[2].strip()


def own_mark(page: Page) -> str:
    text = page.locator("nav.bd-links .current > a.reference").text_content() or ""
    return text.partition(",")[2].strip()


def table(page: Page) -> dict[str, list[str]]:
    """The first line of each cell, by lab."""
    rows = page.locator(".ls-progress tbody tr")
    cells = [row.locator("th, td").all_inner_texts() for row in rows.all()]
    return {name: [text.split("\n")[0] for text in found] for name, *found in cells}


def told(page: Page) -> str:
    return page.locator(".ls-outcome").get_by_role("status").inner_text()


def button(page: Page, name: str) -> Any:
    return page.locator(".ls-progress").get_by_role("button", name=name)


def exported(page: Page) -> dict[str, Any]:
    with page.expect_download() as download:
        button(page, "Save to a file").click()
    return json.loads(download.value.path().read_text(encoding="utf-8"))


def choose(page: Page, content: object, name: str = "progress.json") -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    payload = FilePayload(name=name, mimeType="application/json", buffer=text.encode())
    page.locator(".ls-progress input[type=file]").set_input_files(payload)
    page.locator(".ls-outcome [role=status]:not(:empty)").wait_for()


@pytest.mark.slow
def test_reading_to_the_end_is_marked_and_a_glance_is_not(context: BrowserContext, site: str):
    context.clock.install()
    page = opened(context, f"{site}handbook/{CHAPTER}.html")
    page.clock.run_for(30_000)
    assert own_mark(page) == ""
    page.evaluate("window.scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    page.clock.run_for(2_000)
    assert own_mark(page) == ""
    page.clock.run_for(3_000)
    assert own_mark(page) == "read"
    page.reload()
    assert own_mark(page) == "read"
    assert mark(page, LAB) == ""


@pytest.mark.slow
def test_marks_of_a_lab_say_how_far_it_is_done(context: BrowserContext, site: str):
    page = opened(context, f"{site}labs/{LAB}.html", seed=VALUES)
    exercises = len(notebooks.exercises(LAB).by_name)
    assert own_mark(page) == f"read, run, solved 1 of {exercises}"
    assert mark(page, CHAPTER) == "read"
    assert page.locator("nav.bd-links .ls-mark").count() == 2


@pytest.mark.slow
def test_place_is_kept_and_leads_back(context: BrowserContext, site: str):
    context.clock.install()
    page = opened(context, f"{site}labs/{LAB}.html#checkpoints")
    page.clock.run_for(8_000)
    page.goto(site + PAGE)
    link = page.locator(".ls-progress").get_by_role("link", name="Checkpoints")
    assert link.get_attribute("href") == f"../labs/{LAB}.html#checkpoints"


@pytest.mark.slow
def test_page_shows_what_is_done_and_what_is_next(context: BrowserContext, site: str):
    page = progress_page(context, site, seed=VALUES)
    exercises = len(notebooks.exercises(LAB).by_name)
    found = table(page)
    assert len(found) == len(LABS)
    read, ran, _, solved = found["Lab 03 · Latent shape tracking"]
    assert (read, ran, solved) == ("chapter, lab", "yes", f"1 of {exercises}")
    read, ran, _, solved = found["Lab 01 · Pixels and axes"]
    assert (read, ran) == ("–", "–") and solved.endswith("to solve")
    text = page.locator(".ls-progress").inner_text()
    assert "Lab 03 · Latent shape tracking: Break <b>it</b>, where you were on" in text
    assert "Next in the book: 04 · Frame rules." in text
    assert "Lab 03 · Latent shape tracking: nearest_valid: begun, not solved yet." in text


@pytest.mark.slow
def test_wrong_answers_are_named_with_their_rule_and_lead_back(context: BrowserContext, site: str):
    titles = {name: f"Question {name}" for name in ("shape", "eighty", "fold", "group", "numbers")}
    markup = soup(PAGE)
    data = markup.select_one("[data-part=progress] script")
    assert data
    state = json.loads(data.get_text())
    (lab,) = (page for page in state["pages"] if page["name"] == LAB)
    lab.update(questions=list(titles), titles=titles)
    data.string = json.dumps(state)
    context.route(f"{site}{PAGE}", lambda route: route.fulfill(body=str(markup)))
    answers = {
        "shape": {"first": "right", "last": "right", "tries": 1},
        "eighty": {"first": "frames are a batch", "last": "right", "tries": 2},
        "fold": {"first": "right", "last": "time is <i>left</i> alone", "tries": 2},
        "group": {"tries": 0, "over": "shown"},
    }
    page = progress_page(context, site, seed={f"answer/{LAB}/{k}": v for k, v in answers.items()})
    row = page.locator(".ls-progress tbody tr", has_text="Lab 03").locator("td")
    assert row.nth(2).inner_text().split("\n") == ["2 of 3", "2 to answer"]
    name = "Lab 03 · Latent shape tracking: Question"
    assert page.locator(".ls-progress h2 + ul > li").all_inner_texts() == [
        f"{name} fold: your answer is what you get when time is <i>left</i> alone.",
        f"{name} group: you had its answer shown.",
        f"{name} eighty: right by now; your first answer is what you get when frames are a batch.",
    ]
    page.get_by_role("link", name=f"{name} eighty").click()
    page.wait_for_url(f"{site}labs/{LAB}.html#predict-eighty")
    expect(page.locator("#predict-eighty")).to_be_in_viewport(timeout=30_000)


@pytest.mark.slow
def test_an_empty_page_is_of_use(context: BrowserContext, site: str):
    page = progress_page(context, site)
    text = page.locator(".ls-progress").inner_text()
    assert "Nothing is kept yet." in text
    assert page.locator(".ls-progress li a").count() == len(LABS)
    assert button(page, "Save to a file").is_disabled()
    assert button(page, "Erase everything").is_disabled()
    assert button(page, "Take over a file").is_enabled()


@pytest.mark.slow
def test_two_tabs_follow_each_other(context: BrowserContext, site: str):
    shown = progress_page(context, site)
    other = opened(context, f"{site}labs/{LAB}.html")
    other.evaluate(SEED, [VALUES, 0])
    expect(shown.locator(".ls-progress tbody tr")).to_have_count(len(LABS))
    assert table(shown)["Lab 03 · Latent shape tracking"][0] == "chapter, lab"
    assert mark(shown, LAB).startswith("read, run")
    button(shown, "Erase everything").click()
    button(shown, "Yes, erase it").click()
    expect(other.locator("nav.bd-links .ls-mark")).to_have_count(0)
    assert other.evaluate("localStorage.getItem('somebody-else')") == "{"


@pytest.mark.slow
def test_export_erase_undo_and_import_come_full_circle(context: BrowserContext, site: str):
    page = progress_page(context, site, seed=VALUES)
    before = page.evaluate(KEPT)
    assert len(before) == len(VALUES)
    file = exported(page)
    assert file["format"] == "latent-shapes progress" and file["version"] == 1
    assert {key: entry["value"] for key, entry in file["entries"].items()} == VALUES

    button(page, "Erase everything").click()
    assert told(page).startswith("Erase 2 pages read, 1 bookmark, 1 starter that was run")
    button(page, "No, keep it").click()
    assert page.evaluate(KEPT) == before
    button(page, "Erase everything").click()
    button(page, "Yes, erase it").click()
    assert page.evaluate(KEPT) == {}
    expect(page.get_by_text("Nothing is kept yet.")).to_be_visible()
    button(page, "Bring back what was erased").click()
    assert page.evaluate(KEPT) == before
    button(page, "Erase everything").click()
    button(page, "Yes, erase it").click()

    choose(page, file)
    assert "adds 2 pages read" in told(page)
    assert page.evaluate(KEPT) == {}, "nothing changes before it was said and agreed to"
    button(page, "Leave it").click()
    assert page.evaluate(KEPT) == {}
    choose(page, file)
    button(page, "Take it over").click()
    assert page.evaluate(KEPT) == before
    choose(page, file)
    assert told(page).endswith("Nothing was changed.")


@pytest.mark.slow
def test_import_merges_says_so_and_can_be_undone(context: BrowserContext, site: str):
    page = progress_page(context, site, seed=VALUES)
    before = page.evaluate(KEPT)
    file = exported(page)
    entries = file["entries"]
    edit = entries[f"edit/{LAB}"]
    edit["value"], edit["at"] = {"code": "later"}, "2126-01-01T00:00:00.000Z"
    run = entries[f"run/{LAB}"]
    run["value"], run["at"] = {"runs": 1, "ok": 0}, "2001-01-01T00:00:00.000Z"
    entries["read/04-frame-rules"] = {"at": "2026-01-01T00:00:00.000Z", "value": True}
    choose(page, file)
    assert "adds 1 page read, and replaces 1 edited starter by what is later" in told(page)
    assert "1 starter that was run" in told(page).partition("stays:")[2]
    button(page, "Take it over").click()
    after = exported(page)["entries"]
    assert after[f"edit/{LAB}"]["value"] == {"code": "later"}
    assert after[f"run/{LAB}"]["value"] == {"runs": 2, "ok": 1}
    assert "read/04-frame-rules" in after
    choose(page, "[]")
    choose(page, file)
    assert told(page).endswith("Nothing was changed.")

    page.evaluate("localStorage.clear()")
    page.evaluate(SEED, [VALUES, WEEK_AGO])
    page.reload()
    choose(page, file)
    button(page, "Take it over").click()
    button(page, "Undo the take-over").click()
    kept = {key: json.loads(text)["value"] for key, text in page.evaluate(KEPT).items()}
    assert kept == {key: json.loads(text)["value"] for key, text in before.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("Dear diary", "This is not a progress file"),
        ("", "This is not a progress file"),
        ('{"format": "latent-shapes progress", "version": 1, "entr', "is damaged: it ends early"),
        ({"cells": []}, "JSON of another kind"),
        ([1, 2], "JSON of another kind"),
        ({"format": "latent-shapes progress", "version": 2}, "version 2"),
        (
            {
                "format": "latent-shapes progress",
                "version": 1,
                "saved": "2026-11-22T00:00:00Z",
                "entries": {
                    f"read/{CHAPTER}": {"at": "2126-01-01T00:00:00Z", "value": True},
                    "../../x": {"at": "2126-01-01T00:00:00Z", "value": True},
                },
            },
            "'../../x' is no name of an entry",
        ),
    ],
    ids=["prose", "nothing", "cut", "notebook", "list", "newer", "stray key"],
)
def test_a_foreign_or_damaged_file_changes_nothing(
    context: BrowserContext, site: str, content: object, says: str
):
    page = progress_page(context, site, seed=VALUES)
    before = page.evaluate(KEPT)
    choose(page, content)
    assert says in told(page) and told(page).endswith("Nothing was changed.")
    assert page.evaluate(KEPT) == before
    assert not page.locator(".ls-outcome").get_by_role("button").count()


@pytest.mark.slow
def test_what_cannot_be_read_breaks_nothing_and_is_not_lost(context: BrowserContext, site: str):
    page = opened(context, site + PAGE, seed=VALUES)
    damaged = {
        f"run/{LAB}": "{not json",
        f"edit/{LAB}": '{"version": 99, "at": 1, "value": {"code": "of the future"}}',
        "weird key": "null",
    }
    stray = {f"answer/{LAB}/x": 17, f"place/{LAB}": "nowhere", f"read/{CHAPTER}": {}}
    for key, text in damaged.items():
        page.evaluate("([k, t]) => localStorage.setItem(`latent-shapes/${k}`, t)", [key, text])
    page.evaluate(SEED, [stray, 0])
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(error.message))
    page.reload()
    notice = page.locator(".ls-problem")
    assert "3 entries in this browser could not be read" in notice.inner_text()
    with page.expect_download() as download:
        notice.get_by_role("button").click()
    saved = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert saved == damaged
    assert table(page)["Lab 03 · Latent shape tracking"][1] != "yes"
    assert mark(page, LAB).startswith("read, solved")
    page.goto(f"{site}labs/{LAB}.html")
    page.goto(site + PAGE)
    assert "3 entries" in notice.inner_text()
    button(page, "Erase everything").click()
    assert told(page).endswith("and what could not be read?")
    button(page, "Yes, erase it").click()
    assert page.evaluate(KEPT) == {}
    choose(page, "what was erased can be brought back whatever is done in between")
    button(page, "Bring back what was erased").click()
    expect(notice).to_contain_text("3 entries")
    assert not errors


@pytest.mark.slow
def test_storage_switched_off_is_said_and_the_visit_goes_on(
    context: BrowserContext, site: str, refused_storage: str
):
    context.add_init_script(refused_storage)
    context.clock.install()
    page = opened(context, f"{site}handbook/{CHAPTER}.html")
    note = page.locator("nav.bd-links .ls-not-kept")
    assert note.inner_text() == ""
    page.evaluate("window.scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    page.clock.run_for(5_000)
    assert own_mark(page) == "read"
    assert "lasts until the page is closed" in note.inner_text()
    page.goto(site + PAGE)
    assert "lasts until the page is closed" in page.locator(".ls-problem").inner_text()
    assert button(page, "Erase everything").is_disabled()


@pytest.mark.slow
def test_a_full_storage_is_said_and_nothing_kept_is_lost(context: BrowserContext, site: str):
    page = progress_page(context, site, seed=VALUES)
    file = exported(page)
    before = page.evaluate(KEPT)
    file["entries"]["read/04-frame-rules"] = {"at": "2026-01-01T00:00:00.000Z", "value": True}
    page.evaluate(FILL)
    choose(page, file)
    button(page, "Take it over").click()
    expect(page.locator(".ls-problem")).to_contain_text("storage for this site is full")
    assert mark(page, "04-frame-rules") == "read"
    assert "read/04-frame-rules" in exported(page)["entries"]
    assert page.evaluate(KEPT) == before
    page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('filler'))"
                  ".forEach(k => localStorage.removeItem(k))")  # fmt: skip
    choose(page, file)
    assert "is here already" in told(page)


@pytest.mark.slow
def test_a_strict_content_security_policy_takes_nothing_away(context: BrowserContext, site: str):
    def strict(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer,
            headers={**answer.headers, "content-security-policy": strict_pages.HEADER},
        )

    context.route(f"{site}{PAGE}", strict)
    page = progress_page(context, site, seed=VALUES)
    assert mark(page, LAB).startswith("read, run, solved")
    bars = page.locator("nav.bd-links .ls-mark i")
    assert bars.nth(1).evaluate("bar => bar.style.getPropertyValue('--done')") == "1"
    assert len(exported(page)["entries"]) == len(VALUES)
    button(page, "Erase everything").click()
    button(page, "Yes, erase it").click()
    assert page.evaluate(KEPT) == {}


@pytest.mark.slow
def test_without_javascript_the_page_says_what_it_would_do(browser: Browser, site: str):
    with browser.new_page(java_script_enabled=False) as page:
        page.goto(site + PAGE)
        article = page.locator("article.bd-article")
        assert "With JavaScript, this page shows what you have read" in article.inner_text()
        addresses = [link.get_attribute("href") for link in article.locator("li a").all()]
        assert addresses == [
            f"../{docname}.html" for docname in progress.pages(ROOT) if docname.startswith("labs/")
        ]


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_accessible_full_and_fits(browser: Browser, site: str, scheme: Any, width: int):
    viewport: Any = {"width": width, "height": 844}
    with browser.new_context(color_scheme=scheme, viewport=viewport) as context:
        page = progress_page(context, site, seed=VALUES)
        page.evaluate("localStorage.setItem('latent-shapes/run/x', '{')")
        page.reload()
        button(page, "Erase everything").click()
        for part in (".ls-progress", "nav.bd-links"):
            found = Axe().run(page, context=part)
            assert not found.response["violations"], found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        inner = page.locator(".ls-progress .ls-table")
        assert inner.evaluate("part => part.scrollWidth <= part.clientWidth")


@pytest.mark.slow
def test_keyboard_asks_answers_and_never_loses_its_place(context: BrowserContext, site: str):
    page = progress_page(context, site, seed=VALUES)
    focused = page.locator(".ls-progress :focus")
    button(page, "Erase everything").press("Enter")
    assert focused.inner_text() == "No, keep it"
    page.keyboard.press("Tab")
    assert focused.inner_text() == "Yes, erase it"
    page.keyboard.press("Enter")
    assert focused.inner_text() == "Bring back what was erased"
    page.keyboard.press("Enter")
    assert focused.inner_text() == "Save to a file"
    assert told(page) == "All is back."
