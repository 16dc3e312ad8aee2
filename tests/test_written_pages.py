"""What is done to pages after they are written: formulas, the policy, what no page needs."""

import re
from pathlib import Path

import pytest
import static_math
import strict_pages
from sphinx.errors import ExtensionError

BOOK = Path(__file__).parents[1] / "_build" / "html"
PAGES = sorted(BOOK.rglob("*.html"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(BOOK)))
def test_a_page_has_the_policy_and_no_code_in_its_markup(path):
    html = path.read_text(encoding="utf-8")
    if "<html" not in html:
        return
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
