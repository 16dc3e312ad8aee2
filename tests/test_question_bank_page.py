"""The page of the question bank: what stands there, before and after a question unfolds."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import question_bank
from bs4 import BeautifulSoup
from latentlab.bank import Question
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "_build" / "html"
LABS = sorted(path.stem for path in ROOT.glob("labs/lab-*.ipynb"))
ADDRESS = "handbook/question-bank.html"
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def questions() -> tuple[Question, ...]:
    return question_bank.questions(ROOT)


@pytest.fixture(scope="module")
def written(site: str) -> BeautifulSoup:
    return BeautifulSoup((BOOK / ADDRESS).read_text(encoding="utf-8"), "html.parser")


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """Open the page on a phone that runs no scripts."""
    with browser.new_context(viewport=PHONE, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{site}{ADDRESS}")
        yield page


@pytest.mark.slow
def test_each_question_is_there_whole(written: BeautifulSoup, questions: tuple[Question, ...]):
    for question in questions:
        place = written.select_one(f"details.ls-asked#{question.id}")
        assert place, question.id
        version = question.versions[0]
        said = " ".join(place.get_text(" ").replace("\xa0", " ").split())
        told = [question.title, question.depth, version.ask, *version.steps, *version.rubric]
        told += [part for follow in version.follow for part in (follow.ask, follow.answer)]
        for text in (*told, *version.answer.split("\n\n"), question.probes):
            plain = BeautifulSoup(question_bank.told(text), "html.parser").get_text(" ")
            assert " ".join(plain.replace("\xa0", " ").split()) in said, (question.id, text)
        linked = [link["href"] for link in place.find_all("a")]
        assert linked == [source.url for source in question.sources], question.id


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS)
def test_each_lab_and_its_questions_lead_to_each_other(written: BeautifulSoup, lab: str):
    name = question_bank.anchor(lab)
    section = written.select_one(f"section#{name}")
    assert section and section.select("details.ls-asked")
    links = [link["href"] for link in section.select(":scope > p a")]
    assert links == [f"../handbook/{lab.removeprefix('lab-')}.html", f"../labs/{lab}.html"]
    there = BeautifulSoup(
        (BOOK / "labs" / f"{lab}.html").read_text(encoding="utf-8"), "html.parser"
    )
    assert there.select(f'#say-it-out-loud a[href="../{ADDRESS}#{name}"]')


@pytest.mark.slow
def test_the_file_beside_the_pages_holds_the_bank(site: str, questions: tuple[Question, ...]):
    kept = json.loads((BOOK / question_bank.FILE).read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps([question.as_json() for question in questions]))
    described = question_bank.file(ROOT, "../")
    assert described["bytes"] == (BOOK / question_bank.FILE).stat().st_size


@pytest.mark.slow
def test_an_answer_is_read_without_scripts(page: Page, questions: tuple[Question, ...]):
    question = questions[0]
    page.goto(f"{page.url}#{question.id}")
    one = page.locator(f"details.ls-asked#{question.id}")
    assert one.locator("> summary").is_visible()
    assert not one.get_by_role("heading", name="A model answer").is_visible()
    one.locator("> summary").click()
    assert one.get_by_role("heading", name="A model answer").is_visible()
    follow = one.locator("details").first
    assert not follow.locator("p").is_visible()
    follow.locator("summary").click()
    assert follow.locator("p").is_visible()
