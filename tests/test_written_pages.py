"""What is done to pages after they are written: formulas, the policy, what no page needs."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import static_icons
import static_math
import strict_pages
from playwright.sync_api import Browser
from sphinx.errors import ExtensionError

BOOK = Path(__file__).parents[1] / "_build" / "html"
PAGES = sorted(path for path in BOOK.rglob("*.html") if not {"_static", "parts"} & {*path.parts})


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(BOOK)))
def test_a_page_has_the_policy_and_no_code_in_its_markup(path):
    html = path.read_text(encoding="utf-8")
    assert strict_pages.POLICY in html.split("<script", 1)[0]
    for script in re.findall(r"<script[^>]*>", html):
        assert "src=" in script or 'type="application/json"' in script, script
    assert not re.findall(r"<[^>]*\son[a-z]+=", html)


def test_only_the_search_page_has_the_index():
    having = {path.name for path in PAGES if "searchindex.js" in path.read_text(encoding="utf-8")}
    assert having == {"search.html"}


def test_what_is_no_tex_stops_the_build():
    for tex, told in ((r"\frac{1}{", "Missing close brace"), (r"\foo", "Undefined control")):
        with pytest.raises(ExtensionError, match=told):
            static_math.typeset(tex, display=True)
    assert "<math" in static_math.typeset("x^2", display=False)
    static_math.typeset.stop(None, None)


def test_a_letter_is_drawn_once_on_a_page():
    class Page:
        pass

    page = Page()
    once = static_math.lettered(page, static_math.typeset("x + x", display=False))
    again = static_math.lettered(page, static_math.typeset("x", display=False))
    assert once.count("<path") == 2
    assert once.count("<use") == 1
    assert again.count("<path") == 0
    assert again.count("<use") == 1
    static_math.typeset.stop(None, None)


@pytest.mark.slow
@pytest.mark.parametrize("refused", [False, True], ids=["storage kept", "storage refused"])
def test_buttons_and_search_work_under_the_policy(
    refused: bool, refused_storage: str, browser: Browser, site: str
):
    with browser.new_page() as page:
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: said.type == "error" and faults.append(said.text))
        page.add_init_script(refused_storage if refused else "0")
        page.add_init_script("window.print = () => { document.title = 'printed'; }")
        page.goto(f"{site}handbook/04-frame-rules.html")
        page.locator("[data-press=print]").evaluate("button => button.click()")
        assert page.title() == "printed"
        page.locator("[data-press=fullscreen]").click()
        page.wait_for_timeout(200)
        assert page.evaluate("() => document.fullscreenElement !== null")
        page.evaluate("() => document.exitFullscreen()")
        page.get_by_role("button", name="Color mode").click()
        assert page.evaluate("() => document.documentElement.dataset.mode") in ("light", "dark")
        page.goto(f"{site}search.html?q=causal")
        page.locator("#search-results li").first.wait_for()
        assert not faults


def test_icons_are_drawn_and_an_unknown_one_stops_the_build(tmp_path: Path):
    page = tmp_path / "page.html"
    page.write_text('<i class="theme-switch fa-solid fa-sun fa-lg" data-mode="light"></i>')
    app = SimpleNamespace(outdir=tmp_path)
    static_icons.draw_icons(app, None)
    drawn = page.read_text()
    assert drawn.startswith("<svg ") and "<path " in drawn
    assert 'data-mode="light"' in drawn and 'class="theme-switch ' in drawn
    page.write_text('<span class="fas fa-sunn"></span>')
    with pytest.raises(ExtensionError, match="no icon is called fa-sunn"):
        static_icons.draw_icons(app, None)
    page.write_text('<span class="fas fa-sun fa-moon"></span>')
    with pytest.raises(ExtensionError, match="expected one icon's name"):
        static_icons.draw_icons(app, None)
