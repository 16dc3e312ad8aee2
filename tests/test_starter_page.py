"""The starter in the page: run, edited, checked, tied to its notes; faults are told in words."""

import json
from collections.abc import Iterator

import inspection
import notebooks
import pytest
import starters
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page

LAB = "lab-09-voxel-latents"
PAGE = f"labs/{LAB}.html"
CHAPTER = "handbook/03-latent-shape-tracking.html"
TENSORS = "labs/lab-06-latent-diffusion.html"
PATIENCE = 120_000  # milliseconds, for machines that do much else
EDITED = "GRID = (1, 1, 64, 32, 32)\nvolume = GRID[2:]  # (64, 32, 32)\nwrong = (1, 2)  # (1, 3)\n"
KEY = f"latent-shapes/edit/{LAB}"
PASTE = """(content, text) => {
    content.focus();
    document.execCommand("selectAll");
    const data = new DataTransfer();
    data.setData("text/plain", text);
    content.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
}"""


@pytest.mark.parametrize("path", sorted(notebooks.ROOT.glob("labs/lab-*.ipynb")))
def test_what_needs_numpy_is_sent_elsewhere(path):
    lab = path.stem
    assert starters.asks_for_packages(starters.starter(lab)) == (lab in inspection.TENSOR_LABS)
    assert starters.starter(lab) == notebooks.starter(lab)
    assert set(starters.launches(lab)) == {"Binder", "Colab"}


# From here on, the pages are open in Chromium.


def visit(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address, wait_until="domcontentloaded")
    return page


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def write(page: Page, code: str) -> None:
    """Replace what is in the editor."""
    page.locator(".cm-content").evaluate(PASTE, code)


def settle(page: Page) -> str:
    """Wait until a run has ended; return what the page says of it."""
    page.locator(".ls-starter button:text-is('Stop'):disabled").wait_for()
    return status(page)


def status(page: Page) -> str:
    return page.locator(".ls-starter .ls-status").inner_text()


def text(page: Page) -> str:
    return str(page.locator(".ls-starter .ls-outcome").inner_text())


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        yield context


@pytest.fixture(scope="module")
def warm(browser: Browser, site: str) -> Iterator[Page]:
    """A lab page on which the starter has run once."""
    with browser.new_context() as context:
        page = visit(context, site + PAGE)
        press(page, "Run")
        assert settle(page).startswith("Done in")
        yield page


@pytest.fixture
def page(warm: Page) -> Page:
    """The same page with the original text."""
    reset = warm.get_by_role("button", name="Reset to the original")
    if reset.count() and reset.is_enabled():
        reset.click()
    warm.set_viewport_size({"width": 1280, "height": 900})
    return warm


@pytest.mark.slow
def test_the_original_runs_without_the_editor(page: Page, context: BrowserContext, site: str):
    press(page, "Run")
    assert settle(page).startswith("Done in")
    with visit(context, site + PAGE) as fresh:
        stored = fresh.locator(".ls-starter .cell_output").inner_text()
    assert stored.strip() in text(page)
    assert page.locator(".ls-starter .cell_output").is_hidden()
    stated = page.locator(".ls-starter .ls-mark")
    assert stated.count() >= 5
    assert {mark.get_attribute("data-text") for mark in stated.all()} == {"✓"}
    assert not page.locator(".cm-content").count()
    code = page.locator(".ls-starter pre").first.text_content() or ""
    assert code.strip() == notebooks.starter(LAB).read_text(encoding="utf-8").strip()


@pytest.mark.slow
def test_nothing_heavy_comes_before_something_is_pressed(context: BrowserContext, site: str):
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site + PAGE)
    page.get_by_role("button", name="Run", exact=True).wait_for()
    heavy = ("python", "pyodide", "editor", ".wasm", ".zip")
    assert not [url for url in asked if any(part in url for part in heavy)]


@pytest.mark.slow
def test_an_edit_runs_and_its_shapes_are_checked(page: Page):
    press(page, "Edit")
    assert page.locator(".cm-content").evaluate("content => content === document.activeElement")
    write(page, EDITED)
    page.keyboard.press("Control+Enter")
    assert settle(page).startswith("Done in")
    marks = page.locator(".ls-starter .ls-mark")
    assert [mark.get_attribute("data-text") for mark in marks.all()] == ["✓", "is (1, 2)"]
    assert "wrong is (1, 2), not (1, 3)" in text(page)
    page.get_by_role("button", name="line 3").click()
    cursor = "document.getSelection().anchorNode.parentElement.closest('.cm-line').textContent"
    assert page.evaluate(cursor).startswith("wrong = ")


@pytest.mark.slow
def test_an_error_is_marked_and_can_be_reached(page: Page):
    press(page, "Edit")
    write(page, "print('begun')\nfor count in (1, 0):\n    print(3 / count)\n")
    press(page, "Run")
    assert settle(page) == "ZeroDivisionError on line 3."
    assert page.locator(".ls-starter .ls-printed").inner_text() == "begun\n3.0\n"
    assert (
        "ZeroDivisionError: division by zero"
        in page.locator(".ls-starter .ls-traceback").inner_text()
    )
    assert page.locator(".cm-line.ls-faulty").inner_text().strip() == "print(3 / count)"
    page.locator(".ls-starter .ls-traceback").get_by_role("button").click()
    assert page.locator(".cm-content").evaluate("content => content === document.activeElement")
    page.keyboard.press("End")
    page.keyboard.type(" / 1")  # a slash is for the editor, and not for the page's search
    assert "print(3 / count) / 1" in page.locator(".cm-content").inner_text()


@pytest.mark.slow
def test_stop_ends_a_loop_and_the_page_stays_awake(page: Page):
    press(page, "Edit")
    write(page, "while True: pass")
    press(page, "Run")
    page.locator(".ls-starter .ls-status:text-is('Running…')").wait_for()
    stop = page.get_by_role("button", name="Stop", exact=True)
    assert stop.evaluate("button => button === document.activeElement")
    stop.press("Enter")
    assert settle(page) == "Stopped."
    write(page, "print('after')")
    press(page, "Run")
    settle(page)
    assert page.locator(".ls-starter .ls-printed").inner_text() == "after\n"


@pytest.mark.slow
def test_an_edit_outlives_a_reload_and_a_reset_can_be_undone(context: BrowserContext, site: str):
    page = visit(context, site + PAGE)
    press(page, "Edit")
    write(page, EDITED)
    page.reload()
    page.locator(".cm-content").wait_for()
    assert "GRID = (1, 1, 64, 32, 32)" in page.locator(".cm-content").inner_text()
    press(page, "Reset to the original")
    assert not page.locator(".cm-content").count()
    assert page.evaluate(f"localStorage.getItem('{KEY}')") is None
    press(page, "Bring my text back")
    assert "GRID = (1, 1, 64, 32, 32)" in page.locator(".cm-content").inner_text()


@pytest.mark.slow
def test_an_edit_of_an_older_original_is_kept_and_said(context: BrowserContext, site: str):
    entry = {"version": 1, "at": 1, "value": {"code": EDITED, "digest": "of another"}}
    context.add_init_script(f"localStorage.setItem('{KEY}', {json.dumps(json.dumps(entry))})")
    page = visit(context, site + PAGE)
    page.get_by_text("The course has changed this file since you edited it.").wait_for()
    page.locator(".cm-content").wait_for()
    assert "GRID = (1, 1, 64, 32, 32)" in page.locator(".cm-content").inner_text()


@pytest.mark.slow
@pytest.mark.parametrize("stored", ["{", '{"version": 1, "at": 1, "value": [3]}'])
def test_what_is_no_edit_leaves_the_original(context: BrowserContext, site: str, stored: str):
    context.add_init_script(f"localStorage.setItem('{KEY}', {json.dumps(stored)})")
    page = visit(context, site + PAGE)
    press(page, "Edit")
    assert "Follow a grid of voxels" in page.locator(".cm-content").inner_text()


@pytest.mark.slow
def test_without_storage_an_edit_lasts_as_long_as_the_page(
    context: BrowserContext, site: str, refused_storage: str
):
    context.add_init_script(refused_storage)
    page = visit(context, site + PAGE)
    press(page, "Edit")
    write(page, EDITED)
    page.locator(".ls-notice", has_text="lasts until the page is closed").wait_for()


@pytest.mark.slow
def test_a_text_written_in_one_tab_is_followed_in_another(context: BrowserContext, site: str):
    one, other = visit(context, site + PAGE), visit(context, site + PAGE)
    for tab in (one, other):
        press(tab, "Edit")
    other.get_by_role("button", name="Edit", exact=True).focus()
    write(one, EDITED)
    other.locator(".cm-line", has_text="GRID = (1, 1, 64, 32, 32)").wait_for()


@pytest.mark.slow
def test_notes_and_lines_light_up_each_other(page: Page):
    lit = page.locator(".ls-starter .ls-line.ls-lit")
    page.mouse.move(0, 0)
    page.get_by_role("button", name="(2)", exact=True).focus()
    assert lit.first.inner_text().startswith("# (2) The main transition.")
    assert lit.last.inner_text().startswith("vector = ")
    page.get_by_role("button", name="(2)", exact=True).blur()
    assert not lit.count()
    number = page.get_by_role("button", name="(4)", exact=True)
    number.click()
    page.mouse.move(0, 0)
    assert number.get_attribute("aria-pressed") == "true"
    assert lit.first.inner_text().startswith("# (4) The line")
    number.click()
    page.locator(".ls-line", has_text="GRID = (1, 1, 32").hover()
    assert page.locator(".ls-note.ls-lit").inner_text().startswith("(1)")
    page.mouse.move(0, 0)
    page.locator(".ls-starter .ls-to-note").nth(2).focus()
    assert page.locator(".ls-note.ls-lit").inner_text().startswith("(3)")
    press(page, "Edit")
    page.get_by_role("button", name="(1)", exact=True).click()
    assert page.locator(".cm-line.ls-lit").first.inner_text().startswith("# (1)")


@pytest.mark.slow
def test_the_keyboard_gets_in_and_out_of_the_editor(page: Page):
    page.get_by_role("button", name="Edit", exact=True).press("Enter")
    page.locator(".cm-content:focus").wait_for()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Tab")
    assert page.locator(".cm-line").first.inner_text().startswith("    ")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.get_by_role("button", name="Run", exact=True).evaluate(
        "button => button === document.activeElement"
    )
    hint = page.locator(".cm-content").get_attribute("aria-describedby")
    assert "Escape and then Tab leaves it" in page.locator(f"#{hint}").inner_text()


@pytest.mark.slow
def test_a_chapter_runs_the_whole_file_and_edits_it(context: BrowserContext, site: str):
    page = visit(context, site + CHAPTER)
    shown = page.locator(".ls-starter pre").first.text_content() or ""
    assert shown.startswith("def causal_latent(")
    press(page, "Run")
    assert settle(page).startswith("Done in")
    assert "80 frames   20 latent frames" in text(page)
    press(page, "Edit")
    write(page, "x = 1 / 0")
    assert page.evaluate("localStorage.length") >= 1
    page.goto(site + "labs/lab-03-latent-shape-tracking.html")
    assert page.locator(".cm-content").inner_text().strip() == "x = 1 / 0"


@pytest.mark.slow
def test_a_starter_with_numpy_names_the_places_that_run_it(context: BrowserContext, site: str):
    page = visit(context, site + TENSORS)
    sentence = page.locator(".ls-starter .ls-elsewhere")
    assert "numpy, which the page does not have" in sentence.inner_text()
    links = sentence.get_by_role("link")
    assert {link.inner_text() for link in links.all()} == {"Colab", "Binder"}
    assert all("lab-06" in (link.get_attribute("href") or "") for link in links.all())
    assert not page.locator(".ls-starter .ls-tools").count()
    page.get_by_role("button", name="(1)", exact=True).focus()
    assert page.locator(".ls-line.ls-lit").count()


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["editor.mjs", "python.mjs", "python_stdlib.zip"])
def test_what_cannot_be_loaded_is_told(context: BrowserContext, site: str, missing: str):
    page = visit(context, site + PAGE)
    page.route(f"**/{missing}*", lambda route: route.abort())
    press(page, "Edit" if missing == "editor.mjs" else "Run")
    alert = page.locator(".ls-starter").get_by_role("alert")
    alert.locator("p").wait_for()
    assert "could not be loaded" in alert.inner_text()
    assert page.get_by_role("button", name="Run", exact=True).is_enabled()
    assert page.locator(".ls-starter .cell_output").is_visible()


@pytest.mark.slow
def test_a_part_that_is_missing_is_told_and_keeps_nothing_from_the_others(
    context: BrowserContext, site: str
):
    context.route("**/parts/question.mjs", lambda route: route.abort())
    page = visit(context, site + PAGE)
    page.locator(".ls-starter").get_by_role("button", name="Run", exact=True).wait_for()
    question = page.locator("[data-part=question]").first
    question.get_by_role("alert").wait_for()
    assert "could not be loaded: reload the page" in question.inner_text()
    assert question.locator("details").count() >= 3


@pytest.mark.slow
def test_a_run_is_noted(page: Page):
    press(page, "Run")
    settle(page)
    noted = json.loads(page.evaluate(f"localStorage.getItem('latent-shapes/run/{LAB}')"))["value"]
    assert noted["ok"] is True
    assert noted["runs"] >= 1


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_is_accessible_and_fits(page: Page, scheme: str, width: int):
    page.set_viewport_size({"width": width, "height": 844})
    page.reload(wait_until="domcontentloaded")
    page.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
    for code in ("print(1)\n", EDITED + "1 / 0\n"):
        press(page, "Edit")
        write(page, code)
        press(page, "Run")
        settle(page)
        found = Axe().run(page, context=".ls-starter")
        assert not found.response["violations"], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = "button => button.getBoundingClientRect().height < 44"
    assert not any(
        button.evaluate(small) for button in page.locator(".ls-starter .ls-tools button").all()
    )


@pytest.mark.slow
def test_without_javascript_the_starter_and_its_output_are_there(browser: Browser, site: str):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + PAGE)
        starter = page.locator("[data-part=starter]")
        assert "Follow a grid of voxels" in starter.locator("pre").first.inner_text()
        assert "volume (1, 8, 4, 4, 4)  512 numbers" in starter.inner_text()
        assert not starter.get_by_role("button", name="Run").count()
