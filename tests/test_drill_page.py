"""The drill in Chromium: reviews, ways to answer, interviews, and what is kept of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromium
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from conftest import FLAGS
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Locator,
    Page,
    expect,
    sync_playwright,
)

pytestmark = pytest.mark.slow

BOOK = Path(__file__).parents[1] / "_build" / "html"
PAGE = "handbook/drill.html"
MINUTE, DAY = 60_000, 86_400_000
MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
KEPT = """kind => Object.fromEntries(
  Object.entries(localStorage)
    .filter(([key]) => key.startsWith(`latent-shapes/${kind}/`))
    .map(([key, text]) => [key.slice(`latent-shapes/${kind}/`.length), JSON.parse(text).value])
)"""
SEED = """values => {
  for (const [key, value] of Object.entries(values)) {
    const entry = { version: 1, at: Date.now(), value };
    localStorage.setItem(`latent-shapes/${key}`, JSON.stringify(entry));
  }
}"""
# What the page asks of the microphone, and what it lets go of.
WATCHED = """
  window.streams = [];
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    window.streams.push(stream);
    return stream;
  };
"""
PLAYS = """address => new Promise((told) => {
  const audio = new Audio(address);
  audio.oncanplay = () => told(true);
  audio.onerror = () => told(false);
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=chromium.find(), args=[*FLAGS, *MICROPHONE]
        ) as browser,
    ):
        yield browser


@pytest.fixture(scope="module")
def bank() -> dict[str, dict[str, Any]]:
    """The questions by their title, as the page gets them."""
    path = BOOK / "question-bank.json"
    assert path.exists(), "There is no book in _build/html: run `make book`."
    return {one["title"]: one for one in json.loads(path.read_text(encoding="utf-8"))}


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    with browser.new_context(accept_downloads=True) as context:
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        opened(page, site)
        yield page
        assert not faults


def opened(page: Page, site: str, query: str = "") -> None:
    page.goto(f"{site}{PAGE}{query}")
    drill(page).locator("button").first.wait_for()


def drill(page: Page) -> Locator:
    return page.locator(".ls-drill")


def button(page: Page, name: str) -> Locator:
    return drill(page).get_by_role("button", name=name)


def title(page: Page) -> str:
    return page.locator(".ls-card h2").inner_text()


def counts(page: Page) -> dict[str, str]:
    pairs = page.locator(".ls-counts div").all()
    return {one.locator("dt").inner_text(): one.locator("dd").inner_text() for one in pairs}


def start(page: Page) -> str:
    """Begin a session and give the title of its first question."""
    button(page, "Start").click()
    page.locator(".ls-answering").wait_for()
    return title(page)


def reveal(page: Page) -> None:
    button(page, "Show the answer").click()
    page.locator(".ls-ratings").wait_for()


def test_a_whole_review_by_keyboard(page: Page, bank: dict[str, dict[str, Any]]):
    focused = drill(page).locator(":focus")
    button(page, "Start").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".ls-card h2")).to_be_focused()
    first = bank[title(page)]
    version = first["versions"][0]
    page.keyboard.press("1")
    assert not page.locator(".ls-ratings").count(), "nothing is rated before it is shown"
    page.keyboard.press("Space")
    expect(focused).to_have_text("A model answer")
    asked = page.locator(".ls-rubric label")
    assert asked.count() == len(version["rubric"])
    page.keyboard.press("a")
    page.keyboard.press("b")
    page.keyboard.press("a")
    assert page.locator(".ls-score").inner_text() == f"1 of {len(version['rubric'])} points"
    for key in "acde"[: len(version["rubric"]) - 1]:
        page.keyboard.press(key)
    assert page.locator("[data-suggested]").get_attribute("data-rating") == "4"
    assert page.locator(".ls-card details").count() == 2
    page.keyboard.press("3")
    expect(page.locator(".ls-card h2")).not_to_have_text(first["title"])
    expect(page.locator(".ls-card h2")).to_be_focused()
    assert page.locator(".ls-top").inner_text().startswith("Question 2 of")
    card = page.evaluate(KEPT, "card")[first["id"]]
    assert card["past"][0] == {
        "at": card["first"],
        "got": len(version["rubric"]),
        "of": len(version["rubric"]),
        "rating": 3,
    }


def test_keys_are_not_taken_from_the_text(page: Page):
    start(page)
    page.get_by_label("In writing").check()
    text = page.get_by_role("textbox", name="Your answer")
    text.press_sequentially("a 1 b")
    assert text.input_value() == "a 1 b"
    assert not page.locator(".ls-ratings").count()
    text.press("Control+Enter")
    expect(page.locator(".ls-written")).to_have_text("a 1 b")
    assert page.locator(".ls-score").inner_text().startswith("0 of")


def test_each_rating_says_when_and_keeps_it(page: Page, site: str):
    page.clock.set_fixed_time("2026-11-22T10:00:00")
    opened(page, site)
    start(page)
    reveal(page)
    said = page.locator(".ls-ratings small").all_inner_texts()
    assert said[0] == "10 minutes" and said[2].endswith("days"), said
    button(page, "Again").click()
    assert page.locator(".ls-top").inner_text().startswith("Question 2 of 6"), "it comes back"
    reveal(page)
    button(page, "Good").click()
    again, good = sorted(page.evaluate(KEPT, "card").values(), key=lambda card: card["due"])
    now = page.evaluate("() => Date.now()")
    assert again["due"] - now == 10 * MINUTE
    assert good["due"] - now == int(said[2].split()[0]) * DAY
    opened(page, site)
    assert counts(page)["learned"].startswith("2 of ")
    assert counts(page) | {"learned": ""} == {
        "due now": "0", "new today": "3", "weak": "1", "learned": "",
    }  # fmt: skip
    page.clock.set_fixed_time("2026-11-22T10:10:00")
    opened(page, site)
    assert counts(page)["due now"] == "1"


def test_a_rating_can_be_taken_back(page: Page):
    first = start(page)
    reveal(page)
    button(page, "Again").click()
    button(page, "Undo the last rating").click()
    assert title(page) == first
    assert page.evaluate(KEPT, "card") == {}
    assert page.locator(".ls-top").inner_text().startswith("Question 1 of 5")


def test_numbers_are_fresh_at_each_review(page: Page, bank: dict[str, dict[str, Any]]):
    one = next(one for one in bank.values() if len(one["versions"]) > 1)
    button(page, "Start").wait_for()
    page.locator("[data-size=fresh]").fill("100")
    page.locator("[data-size=size]").fill("100")
    page.locator("[data-size=size]").blur()
    drill(page).get_by_label("Lab").select_option(one["lab"])
    drill(page).get_by_label("Depth").select_option(one["depth"])
    button(page, "Start").click()
    page.locator(".ls-answering").wait_for()
    seen = []
    while len(seen) < 2:
        if title(page) == one["title"]:
            seen.append(page.locator(".ls-ask").inner_text())
        reveal(page)
        page.keyboard.press("1" if title(page) == one["title"] else "4")
        page.locator(".ls-answering").wait_for()
    plain = [version["ask"].replace("`", "") for version in one["versions"][:2]]
    assert [" ".join(text.split()) for text in seen] == [" ".join(text.split()) for text in plain]


def test_a_session_ends_and_nothing_due_says_what_can_be_done(page: Page):
    page.locator("[data-size=fresh]").fill("1")
    page.locator("[data-size=fresh]").blur()
    expect(button(page, "Start")).to_have_text("Start: 1 question")
    start(page)
    reveal(page)
    button(page, "Easy").click()
    expect(page.locator(".ls-card h2")).to_have_text("That was the session")
    button(page, "Back to the drill").click()
    empty = page.locator(".ls-empty")
    expect(empty).to_contain_text("Nothing is due. The next one is due on ")
    assert button(page, "Review 1 early").is_visible()
    button(page, "Learn 15 new").click()
    assert page.locator(".ls-top").inner_text().startswith("Question 1 of 15")


def test_filters_stand_in_the_address(page: Page, site: str, bank: dict[str, dict[str, Any]]):
    lab = next(iter(bank.values()))["lab"]
    drill(page).get_by_label("Lab").select_option(lab)
    drill(page).get_by_label("Depth").select_option("expert")
    assert page.url.endswith(f"?filter.lab={lab}&filter.depth=expert")
    page.reload()
    start(page)
    kicker = page.locator(".ls-kicker").inner_text()
    assert kicker.startswith(f"Lab {lab.split('-')[1]} · expert")
    opened(page, site, "?filter.weak=true&filter.lab=lab-99-nowhere")
    expect(page.locator(".ls-empty")).to_contain_text("None of these questions is weak.")
    button(page, "All questions").click()
    assert button(page, "Start").is_visible()


def test_a_draft_is_kept_until_it_is_rated(page: Page, site: str):
    start(page)
    page.get_by_label("In writing").check()
    page.get_by_role("textbox", name="Your answer").fill("Time is divided, but …")
    opened(page, site)
    start(page)
    expect(page.get_by_role("textbox", name="Your answer")).to_have_value("Time is divided, but …")
    reveal(page)
    expect(page.locator(".ls-yours")).to_contain_text("Time is divided, but …")
    button(page, "Good").click()
    page.locator(".ls-answering").wait_for()
    assert page.evaluate(KEPT, "written") == {}


def test_a_recording_is_heard_and_gone_and_never_leaves(page: Page, site: str):
    page.add_init_script(WATCHED)
    opened(page, site)
    start(page)
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url))
    page.get_by_label("Aloud").check()
    assert page.evaluate("() => window.streams.length") == 0, "asked before the reader asked for it"
    button(page, "Record").click()
    expect(page.get_by_role("timer", name="Speaking for")).to_have_text("0:01")
    reveal(page)
    player = page.locator(".ls-yours audio")
    address = player.get_attribute("src") or ""
    assert address.startswith("blob:") and page.evaluate(PLAYS, address)
    ended = "() => window.streams[0].getTracks().every((track) => track.readyState === 'ended')"
    assert page.evaluate(ended), "the microphone is let go"
    button(page, "Good").click()
    page.locator(".ls-aloud").wait_for()
    assert not page.evaluate(PLAYS, address)
    assert not page.locator("audio").count()
    assert all(one.startswith("blob:") for one in sent), sent


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("NotAllowedError", "The microphone was not allowed."),
        ("NotFoundError", "No microphone was found."),
        ("NotReadableError", "another program may have it"),
        (None, "This browser cannot record here"),
    ],
)
def test_without_a_microphone_the_other_ways_go_on(
    page: Page, site: str, error: str | None, says: str
):
    refuses = f"async () => {{ throw new DOMException('', '{error}'); }}"
    page.add_init_script(
        f"navigator.mediaDevices.getUserMedia = {refuses};" if error else "delete MediaRecorder;"
    )
    opened(page, site)
    start(page)
    page.get_by_label("Aloud").check()
    button(page, "Record").click()
    expect(page.locator(".ls-aloud")).to_contain_text(says)
    page.get_by_label("In writing").check()
    page.get_by_role("textbox", name="Your answer").fill("so be it")
    reveal(page)
    expect(page.locator(".ls-written")).to_have_text("so be it")


def play(page: Page, *, questions: int, points: int, had: bool) -> list[str]:
    """Answer so many questions of an interview, each with the first points; their titles."""
    played = []
    for _ in range(questions):
        played.append(title(page))
        button(page, "Show the rubric").click()
        for box in page.locator(".ls-rubric input").all()[:points]:
            box.check()
        button(page, "On to the follow-up").click()
        button(page, "Show its answer").click()
        button(page, "I had it" if had else "I did not").click()
    return played


def test_an_interview_ends_in_a_report(page: Page, site: str, bank: dict[str, dict[str, Any]]):
    button(page, "Begin an interview").click()
    page.locator(".ls-mock").wait_for()
    asked = play(page, questions=3, points=9, had=True) + play(
        page, questions=3, points=1, had=False
    )
    assert page.locator(".ls-report h2").is_visible()
    questions = [bank[name] for name in asked]
    depths = ["warm-up", *["core"] * 3, *["expert"] * 2]
    assert [one["depth"] for one in questions] == depths
    assert len({one["lab"] for one in questions}) == len(depths)
    rows = page.locator(".ls-report tbody tr").all_inner_texts()
    assert [row.split("\n")[0] for row in rows] == asked
    assert ["yes" in row for row in rows] == [True] * 3 + [False] * 3
    missed = page.locator(".ls-missed > li")
    assert missed.count() == 3
    last = page.evaluate(KEPT, "mock").popitem()[1]["asked"][-1]
    version = next(one for one in questions[-1]["versions"] if one["drawn"] == last["drawn"])
    words = [point.replace("`", "") for point in version["rubric"][1:]]
    assert missed.last.locator("li").all_inner_texts() == words
    revisit = page.locator(".ls-revisit a").evaluate_all("all => all.map((one) => one.href)")
    expected = {f"{site}labs/{one['lab']}.html" for one in questions[3:]}
    assert expected <= set(revisit) and len(revisit) == 2 * len(expected)
    page.emulate_media(media="print")
    assert not button(page, "Print").is_visible()
    assert page.locator(".ls-report tbody tr").last.is_visible()
    assert not page.get_by_role("heading", name="How it works").is_visible()
    page.emulate_media(media="screen")

    button(page, "Back to the drill").click()
    assert counts(page)["weak"] == "3"
    opened(page, site)
    button(page, "Report of the interview").click()
    assert page.locator(".ls-report tbody tr").all_inner_texts() == rows
    page.goto(f"{site}handbook/progress.html")
    expect(page.locator(".ls-progress")).to_contain_text("Mock interview of")


def test_an_interview_goes_on_after_a_reload(page: Page, site: str):
    button(page, "Begin an interview").click()
    page.locator(".ls-mock").wait_for()
    play(page, questions=1, points=1, had=True)
    second = title(page)
    page.get_by_label("In writing").check()
    page.get_by_role("textbox", name="Your answer").fill("half an answer")
    expect(page.get_by_role("timer", name="Time left")).to_contain_text("19:")
    opened(page, site)
    expect(page.locator(".ls-held")).to_contain_text("question 2 of 6, 19:")
    button(page, "Go on with the interview").click()
    expect(page.get_by_role("textbox", name="Your answer")).to_have_value("half an answer")
    assert title(page) == second
    button(page, "Show the rubric").click()
    page.locator(".ls-rubric input").first.check()
    opened(page, site)
    button(page, "Go on with the interview").click()
    assert page.locator(".ls-rubric input").first.is_checked()
    expect(page.locator(".ls-written")).to_have_text("half an answer")
    drill(page).get_by_role("button", name="End", exact=True).click()
    rows = page.locator(".ls-report tbody tr").all_inner_texts()
    assert sum("not reached\tnot reached" in row for row in rows) == 4
    button(page, "Go on with it").click()
    assert page.locator(".ls-rubric input").first.is_checked()


def test_the_clock_can_stand_still_and_forces_nothing(page: Page, site: str):
    page.clock.install()
    opened(page, site)
    button(page, "Begin an interview").click()
    clock = page.get_by_role("timer", name="Time left")
    clock.wait_for()
    page.clock.run_for(60_000)
    expect(clock).to_have_text("19:00")
    button(page, "Pause").click()
    page.clock.run_for(60_000)
    expect(clock).to_have_text("19:00")
    button(page, "Continue").click()
    page.clock.run_for(19 * 60_000)
    expect(page.locator(".ls-up")).to_contain_text("Nothing is cut off")
    expect(drill(page).get_by_role("status").first).to_contain_text("The twenty minutes are over.")
    page.clock.run_for(30_000)
    expect(clock).to_have_text("+0:30")
    assert button(page, "Show the rubric").is_enabled()


def test_damaged_cards_are_told_and_break_nothing(page: Page, site: str):
    first = start(page)
    reveal(page)
    button(page, "Good").click()
    (key,) = page.evaluate(KEPT, "card")
    wrong = {f"card/{key}": {"due": "soon"}, "card/other": 7, "mock/2026": [], "setting/drill": 3}
    page.evaluate(SEED, wrong)
    opened(page, site)
    told = page.locator(".ls-problem")
    expect(told).to_contain_text("3 entries of the drill cannot be read")
    expect(told).to_contain_text(key)
    assert counts(page)["learned"].startswith("0 of")
    assert start(page) == first
    reveal(page)
    button(page, "Good").click()
    opened(page, site)
    expect(told).to_contain_text("2 entries")
    page.goto(f"{site}handbook/progress.html")
    expect(page.locator(".ls-progress")).to_contain_text("1 of ")


def test_a_bank_that_does_not_load_is_told_and_tried_again(page: Page):
    page.route("**/question-bank.json*", lambda route: route.abort())
    button(page, "Start").click()
    loading = page.locator(".ls-loading")
    expect(loading).to_contain_text("question-bank.json could not be loaded")
    expect(button(page, "Try again")).to_be_focused()
    page.unroute("**/question-bank.json*")
    page.route("**/question-bank.json*", lambda route: route.fulfill(body="[]"))
    button(page, "Try again").click()
    expect(loading).to_contain_text("question-bank.json is damaged")
    page.unroute("**/question-bank.json*")
    button(page, "Try again").click()
    assert page.locator(".ls-answering").is_visible() or title(page)


def exported(page: Page) -> dict[str, Any]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save to a file").click()
    file: dict[str, Any] = json.loads(download.value.path().read_text(encoding="utf-8"))
    return file


def take(page: Page, file: object) -> None:
    payload = FilePayload(
        name="progress.json", mimeType="application/json", buffer=json.dumps(file).encode()
    )
    page.locator(".ls-progress input[type=file]").set_input_files(payload)


def test_cards_and_interviews_go_out_and_in_with_the_rest(page: Page, site: str):
    start(page)
    reveal(page)
    button(page, "Again").click()
    page.locator(".ls-answering").wait_for()
    button(page, "Leave").click()
    button(page, "Begin an interview").click()
    drill(page).get_by_role("button", name="End", exact=True).click()
    kinds = ("card", "mock")
    before = {kind: page.evaluate(KEPT, kind) for kind in kinds}
    page.goto(f"{site}handbook/progress.html")
    shown = page.locator(".ls-progress")
    expect(shown).to_contain_text("questions learned, 0 due now, 1 weak")
    file = exported(page)
    page.get_by_role("button", name="Erase everything").click()
    page.get_by_role("button", name="Yes, erase it").click()
    assert page.evaluate(KEPT, "card") == {}
    damaged = json.loads(json.dumps(file))
    key = next(key for key in file["entries"] if key.startswith("card/"))
    damaged["entries"][key]["value"]["due"] = "soon"
    take(page, damaged)
    expect(shown).to_contain_text(f"its entry '{key}' is no card of the drill. Nothing was changed")
    assert page.evaluate(KEPT, "card") == {}
    take(page, file)
    expect(shown).to_contain_text("1 question learned, 1 mock interview")
    page.get_by_role("button", name="Take it over").click()
    assert {kind: page.evaluate(KEPT, kind) for kind in kinds} == before


def looked_at(page: Page, width: int) -> None:
    found = Axe().run(page, context=".ls-drill")
    assert not found.response["violations"], found.generate_report()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_is_accessible_and_fits(browser: Browser, site: str, scheme: Any, width: int):
    viewport: Any = {"width": width, "height": 844}
    with browser.new_context(
        color_scheme=scheme, viewport=viewport, reduced_motion="reduce"
    ) as context:
        page = context.new_page()
        opened(page, site)
        looked_at(page, width)
        start(page)
        page.get_by_label("Aloud").check()
        button(page, "Record").click()
        button(page, "Stop").wait_for()
        looked_at(page, width)
        reveal(page)
        looked_at(page, width)
        button(page, "Again").click()
        button(page, "Leave").click()
        button(page, "Begin an interview").click()
        page.get_by_label("In writing").check()
        looked_at(page, width)
        play(page, questions=1, points=1, had=True)
        button(page, "Leave").click()
        looked_at(page, width)
        button(page, "Go on with the interview").click()
        drill(page).get_by_role("button", name="End", exact=True).click()
        looked_at(page, width)


def test_without_javascript_it_leads_to_the_bank(browser: Browser, site: str):
    with browser.new_page(java_script_enabled=False) as page:
        page.goto(site + PAGE)
        article = page.locator("article.bd-article")
        assert "With JavaScript, this page asks the questions" in article.inner_text()
        assert article.locator("noscript a").get_attribute("href") == "question-bank.html"


def test_storage_switched_off_is_said_and_the_drill_goes_on(
    context_without_storage: BrowserContext, site: str
):
    page = context_without_storage.new_page()
    opened(page, site)
    expect(page.locator(".ls-unkept")).to_contain_text("lasts until the page is closed")
    start(page)
    reveal(page)
    button(page, "Good").click()
    page.locator(".ls-answering").wait_for()
    button(page, "Leave").click()
    assert counts(page)["learned"].startswith("1 of")


@pytest.fixture
def context_without_storage(browser: Browser, refused_storage: str) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        context.add_init_script(refused_storage)
        yield context
