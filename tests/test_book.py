"""What a reader of the built book notices: its links, figures, questions, colors and weight."""

import gzip
import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import notebooks
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    Response,
    ViewportSize,
)

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "_build" / "html"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))

ARTICLE = "article.bd-article"
KINDS = ("computed here", "recorded", "illustrative")
FONT = "IBM Plex Sans"
TEXTS = (".css", ".html", ".js", ".mjs", ".svg")  # the files that a server compresses on the way
HEAVY, HEAVY_LAB = 400_000, 500_000  # bytes of a first visit
DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
# Wait for all that comes after the page itself: fonts, movement.
SETTLE = """async () => {
  await document.fonts.ready;
  await Promise.all(document.getAnimations().map(animation => animation.finished));
}"""

# The fonts that have arrived, the one that prose is set in, and what became of the formulas.
TYPE = """article => ({
  loaded: [...document.fonts].filter(face => face.status === "loaded")
    .map(face => face.family.replaceAll('"', "")),
  prose: getComputedStyle(article.querySelector("p")).fontFamily.replaceAll('"', ""),
  formulas: article.querySelectorAll(".math").length,
  raw: article.querySelectorAll(".math:not(:has(> svg + math))").length,
})"""

# Without its name, a <details> no longer closes when another opens.
UNFOLD = """article => article.querySelectorAll("details").forEach(details => {
  details.removeAttribute("name");
  details.open = true;
})"""

# How bright, from 0 to 1, are paper and ink of the main parts, and all boxes filled with a color?
BRIGHTNESS = """article => {
  const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const brightness = color => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = color;
    brush.fillRect(0, 0, 1, 1);
    const [red, green, blue, opacity] = brush.getImageData(0, 0, 1, 1).data;
    return opacity < 128 ? null : (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  };
  const area = element => {
    const { width, height } = element.getBoundingClientRect();
    return width * height;
  };
  const filling = element => {
    const { backgroundColor, fill } = getComputedStyle(element);
    if (!(element instanceof SVGGeometryElement)) return brightness(backgroundColor);
    const large = area(element) > area(element.ownerSVGElement) / 2;
    return large && fill !== "none" ? brightness(fill) : null;
  };
  const paper = element => (element ? filling(element) ?? paper(element.parentElement) : 1);
  const ink = element => brightness(getComputedStyle(element).color);
  const name = element => [element.localName, ...element.classList].join(".");
  return {
    parts: [article, ...article.querySelectorAll(".ls-figure, .ls-predict")]
      .map(part => [name(part), paper(part), ink(part)]),
    boxes: [...article.querySelectorAll(":not(.math *)")].map(box => [name(box), filling(box)])
      .filter(([, brightness]) => brightness !== null),
  };
}"""


def listed(contents: Any) -> Iterator[str]:
    """Name each page of a table of contents, in order."""
    if isinstance(contents, list):
        for entry in contents:
            yield from listed(entry)
    elif isinstance(contents, dict):
        for key, value in contents.items():
            if key in ("root", "file"):
                yield value
            else:
                yield from listed(value)


PAGES = list(listed(CONTENTS))
LABS = [name for name in PAGES if name.startswith("labs/")]
each_page = pytest.mark.parametrize("name", PAGES)
each_lab = pytest.mark.parametrize("name", LABS)


def demand(advice: str, problems: Iterable[str]) -> None:
    """Fail if there are problems, in one line that says what to do and names the first few."""
    if found := list(dict.fromkeys(" ".join(problem.split()) for problem in problems)):
        more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
        pytest.fail(f"{advice}: {'; '.join(found[:5])}{more}", pytrace=False)


@pytest.fixture(scope="module")
def book() -> dict[str, BeautifulSoup]:
    """Return every page of the built book, by the path of its file."""
    if not (BOOK / "index.html").exists():
        pytest.fail("There is no book in _build/html: run `make book`.", pytrace=False)
    paths = {path.relative_to(BOOK).as_posix(): path for path in sorted(BOOK.rglob("*.html"))}
    return {
        address: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for address, path in paths.items()
        if not address.startswith("_static/")  # These are templates of the theme.
    }


@pytest.fixture
def soup(book: dict[str, BeautifulSoup], name: str) -> BeautifulSoup:
    """Return one page of the built book."""
    if f"{name}.html" not in book:
        pytest.fail(f"The book has no {name}.html: run `make book`.", pytrace=False)
    return book[f"{name}.html"]


@each_page
def test_page_is_built_and_has_its_title(soup: BeautifulSoup) -> None:
    titles = len(soup.select(f"{ARTICLE} h1"))
    demand("Begin the page with one title", [f"it has {titles}"] if titles != 1 else [])


def broken_links(book: dict[str, BeautifulSoup]) -> Iterator[str]:
    """Name each link within the book whose file or anchor is missing."""
    files = {path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*") if path.is_file()}
    anchors = {
        address: {tag["id"] for tag in soup.select("[id]")} for address, soup in book.items()
    }
    for address, soup in book.items():
        found = [tag.get(kind) for tag in soup.find_all() for kind in ("href", "src", "xlink:href")]
        for link in dict.fromkeys(str(link) for link in found if link is not None):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = posixpath.join(posixpath.dirname(address), unquote(parts.path))
            target = posixpath.normpath(path) if parts.path else address
            anchor = unquote(parts.fragment)
            if target not in files or (anchor and anchor not in anchors.get(target, ())):
                yield f"{address} has {link}"


def test_links_lead_somewhere(book: dict[str, BeautifulSoup]) -> None:
    demand("Correct the links whose target is missing", broken_links(book))


def says(tag: Tag | None, attribute: str) -> bool:
    """Tell whether there is a tag with words in an attribute."""
    return bool(tag and str(tag.get(attribute, "")).strip())


def untold_pictures(soup: BeautifulSoup) -> Iterator[str]:
    """Name each picture of which a reader who does not see it learns nothing."""
    for image in soup.select("img"):
        if not says(image, "alt"):
            yield f"no alt in {str(image)[:80]}"
    for drawing in soup.select(f"{ARTICLE} svg:not(svg svg)"):
        hidden = drawing.get("aria-hidden") == "true"
        labeled = drawing.find_parent(attrs={"aria-label": True}) if hidden else drawing
        spelled = hidden and drawing.find_next_sibling("math")
        if not (spelled or says(labeled, "aria-label")):
            yield f"no aria-label for {str(drawing)[:80]}"
    for number, figure in enumerate(soup.select("figure.ls-figure"), 1):
        caption = figure.select_one(":scope > figcaption")
        if not (caption and any(kind in caption.get_text() for kind in KINDS)):
            yield f"no caption with one of {', '.join(KINDS)} in figure {number}"
        if not says(figure.select_one(":scope > .ls-body"), "aria-label"):
            yield f"no body with an aria-label in figure {number}"


@each_page
def test_pictures_are_told_in_words(soup: BeautifulSoup) -> None:
    demand("Say in words what is seen", untold_pictures(soup))


@each_lab
def test_lab_has_three_figures(soup: BeautifulSoup) -> None:
    count = len(soup.select(f"{ARTICLE} figure.ls-figure"))
    demand("Show at least three figures", [f"there are {count}"] if count < 3 else [])


@each_lab
def test_lab_opens_on_binder_and_colab(soup: BeautifulSoup, name: str) -> None:
    launch, repository = CONFIG["launch_buttons"], CONFIG["repository"]
    slug, branch = urlsplit(repository["url"]).path.strip("/"), repository["branch"]
    addresses = [
        f"{launch['binderhub_url']}/v2/gh/{slug}/{branch}?urlpath=lab/tree/{name}.ipynb",
        f"{launch['colab_url']}/github/{slug}/blob/{branch}/{name}.ipynb",
    ]
    places = {"header": ".article-header-buttons a", "text under the title": f"{ARTICLE} h1 ~ p a"}
    missing = [
        f"the {place} does not link to {address}"
        for place, selector in places.items()
        for address in addresses
        if address not in [link.get("href") for link in soup.select(selector)]
    ]
    demand("Run `make notebooks` and `make book`", missing)


# From here on, the book is open in Chromium.


def load(page: Page, address: str) -> None:
    """Load a page of the book and wait until all of it is there and at rest."""
    response = page.goto(address)
    if not (response and response.ok):
        pytest.fail(f"The book has no {urlsplit(address).path}: run `make book`.", pytrace=False)
    page.evaluate(SETTLE)


def unfold(page: Page) -> None:
    """Open everything that is folded away in the article."""
    page.locator(ARTICLE).evaluate(UNFOLD)
    page.evaluate(SETTLE)


@dataclass
class Visit:
    """A page opened in a new profile, and what happened on it."""

    name: str
    scheme: str
    page: Page
    requests: list[Request] = field(default_factory=list)
    failures: list[Request] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    messages: list[ConsoleMessage] = field(default_factory=list)
    errors: list[Error] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda found: self.requests.append(found))
        self.page.on("requestfailed", lambda found: self.failures.append(found))
        self.page.on("response", lambda found: self.responses.append(found))
        self.page.on("console", lambda found: self.messages.append(found))
        self.page.on("pageerror", lambda found: self.errors.append(found))

    def faults(self, site: str) -> Iterator[str]:
        """Name each request that failed or left the site, and each complaint of the browser."""
        for request in self.requests:
            if not request.url.startswith((site, "data:", "blob:")):
                yield f"{request.url} is on another host"
        for request in self.failures:
            yield f"{request.url} failed: {request.failure}"
        for response in self.responses:
            if response.status >= 400:
                yield f"{response.url} answers {response.status}"
        for message in self.messages:
            if message.type in ("error", "warning"):
                yield f"console {message.type}: {message.text}"
        for error in self.errors:
            yield f"script error: {error.message}"


@pytest.fixture(scope="module", params=product(PAGES, ("light", "dark")), ids="-".join)
def visit(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Visit]:
    """Open a page on a large screen, for a reader who prefers light or dark colors."""
    name, scheme = request.param
    with browser.new_context(viewport=DESKTOP, color_scheme=scheme) as context:
        visit = Visit(name, scheme, context.new_page())
        load(visit.page, f"{site}{name}.html")
        visit.page.wait_for_load_state("networkidle")  # Something might load late.
        yield visit


@pytest.fixture(scope="module")
def unfolded(visit: Visit) -> Visit:
    """Unfold the open page; the tests that want it folded stand before those that use this."""
    unfold(visit.page)
    return visit


@pytest.mark.slow
def test_nothing_fails_and_nothing_leaves_the_site(visit: Visit, site: str) -> None:
    demand("Correct what the page loads or runs", visit.faults(site))


@pytest.mark.slow
def test_page_weighs_little(
    visit: Visit, site: str, record_property: Callable[[str, object], None]
) -> None:
    loaded = {answer.url for answer in visit.responses if answer.ok and answer.url.startswith(site)}
    files = {BOOK / unquote(urlsplit(url).path).lstrip("/") for url in loaded}
    weight = sum(
        len(gzip.compress(file.read_bytes())) if file.suffix in TEXTS else file.stat().st_size
        for file in files
    )
    print(f"{visit.name}: {weight / 1000:.0f} kB in {len(files)} files")
    record_property("bytes", weight)
    most = HEAVY_LAB if visit.name in LABS else HEAVY
    demand("Make the page lighter", [f"it has {weight} bytes"] if weight > most else [])


def foreign_type(visit: Visit, site: str) -> Iterator[str]:
    """Name what is not set, or not typeset, with the book's own files."""
    found = visit.page.locator(ARTICLE).evaluate(TYPE)
    ready = visit.page.evaluate("font => document.fonts.check(font)", f'16px "{FONT}"')
    if not ready or FONT not in found["loaded"]:
        yield f"{FONT} is not loaded"
    if not found["prose"].startswith(FONT):
        yield f"prose is set in {found['prose']}"
    if found["raw"]:
        yield f"{found['raw']} of {found['formulas']} formulas are not typeset"


@pytest.mark.slow
def test_fonts_and_formulas_are_of_the_book(visit: Visit, site: str) -> None:
    demand("Correct what `make web` builds or _static/ uses of it", foreign_type(visit, site))


def barriers(page: Page) -> Iterator[str]:
    """Name what axe objects to."""
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False})
    for violation in found.response["violations"]:
        for node in violation["nodes"]:
            yield f"{violation['id']} at {node['target']}: {node['failureSummary']}"


@pytest.mark.slow
def test_page_is_accessible(visit: Visit) -> None:
    demand("Make this accessible", barriers(visit.page))


@pytest.mark.slow
def test_unfolded_page_is_accessible(unfolded: Visit) -> None:
    demand("Make this accessible", barriers(unfolded.page))


def foreign_colors(visit: Visit) -> Iterator[str]:
    """Name what is dark in the light or light in the dark."""
    found = visit.page.locator(ARTICLE).evaluate(BRIGHTNESS)
    wanted = {"light": 1, "dark": 0}[visit.scheme]
    for part, paper, ink in found["parts"]:
        if abs(paper - wanted) > 0.2 or abs(ink - wanted) < 0.7:
            yield f"{part} has ink of brightness {ink:.2f} on paper of {paper:.2f}"
    for box, brightness in found["boxes"]:
        if abs(brightness - wanted) > 0.8:
            yield f"{box} is a box of brightness {brightness:.2f}"


@pytest.mark.slow
def test_article_keeps_to_its_color_scheme(unfolded: Visit) -> None:
    demand("Set these colors for the scheme", foreign_colors(unfolded))


@pytest.mark.slow
@each_page
def test_page_fits_a_phone(name: str, browser: Browser, site: str) -> None:
    with browser.new_page(viewport=PHONE) as page:
        load(page, f"{site}{name}.html")
        unfold(page)
        width = page.evaluate("document.documentElement.scrollWidth")
    wide = [f"{width} px at {PHONE['width']}"] if width > PHONE["width"] else []
    demand("Let wide parts wrap, or scroll by themselves", wide)


@pytest.mark.slow
@each_page
def test_page_can_be_read_without_javascript(name: str, browser: Browser, site: str) -> None:
    with browser.new_page(viewport=DESKTOP, java_script_enabled=False) as page:
        load(page, f"{site}{name}.html")
        parts = page.locator(f"{ARTICLE} :is(h1, h2, h3, p, li, dd, pre, img, svg, .ls-figure)")
        missing = parts.and_(page.locator(":not(details *)")).filter(visible=False)
        problems = missing.evaluate_all("parts => parts.map(part => part.outerHTML.slice(0, 80))")
        programs = page.locator(f"{ARTICLE} pre").filter(visible=True).all_inner_texts()
    if name in LABS:
        starter = notebooks.starter(Path(name).name)
        if starter.read_text(encoding="utf-8").strip() not in [text.strip() for text in programs]:
            problems.append(f"all of {starter.name}")
    demand("Show this without JavaScript, too", problems)


WAYS: dict[str, Callable[[Locator], object]] = {
    "a click": Locator.click,
    "Enter": lambda option: option.press("Enter"),
}


def mute_questions(page: Page) -> Iterator[str]:
    """Name each way in which the questions of a lab do not answer as they should."""
    questions = page.locator(f"{ARTICLE} .ls-predict")
    shown = questions.locator("details > :not(summary)").filter(visible=True)
    if not questions.count():
        yield "there is none"
    if shown.count():
        yield "answers show before a choice"
    for number, question in enumerate(questions.all(), 1):
        for way, choose in WAYS.items():
            answers = []
            for option in question.locator("details").all():
                choose(option.locator("summary"))
                answer = option.locator(":scope > :not(summary)").filter(visible=True)
                if (answer.count(), shown.count()) != (1, number):
                    yield f"after {way}, question {number} does not show that answer and no other"
                answers += answer.all_inner_texts()
            if sum(answer.startswith("Right.") for answer in answers) != 1:
                yield f"after {way}, question {number} does not have one right answer"


@pytest.mark.slow
@each_lab
def test_questions_answer_without_javascript(name: str, browser: Browser, site: str) -> None:
    with browser.new_page(viewport=DESKTOP, java_script_enabled=False) as page:
        load(page, f"{site}{name}.html")
        demand("Correct the questions", mute_questions(page))
