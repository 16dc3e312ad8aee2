"""What a reader takes away, opened with what a reader opens it with."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
import serve
from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest
from bs4 import BeautifulSoup
from latentlab import atlas
from playwright.sync_api import Browser, Error, ViewportSize

from takeaway import __main__ as takeaway
from takeaway import archive, cheat_sheet, deck, offline

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "_build" / "html"
FONTS = ROOT / "web" / "dist" / "vendor" / "fonts"
NOTEBOOKS = "https://example.org/labs"
FRIDAY = 1_700_000_000  # seconds since 1970


def question(name: str = "grid", ask: str = "Why `(1, 4, 64, 64)`, if a < b?") -> dict[str, Any]:
    follow = [
        {"ask": "And at 80?", "answer": "It `drops` three."},
        {"ask": "Why?", "answer": "So."},
    ]
    version = {
        "drawn": "",
        "ask": ask,
        "answer": "Cells & channels.\n\nThe trade-off is detail.",
        "steps": ["Space: 512 / 8 = 64.", "Channels: 4."],
        "rubric": ["Names the cell.", "Names the axis.", "Names the price."],
        "follow": follow,
    }
    return {
        "id": name,
        "lab": "lab-03-latent-shape-tracking",
        "title": f"The {name} of <SD>",
        "depth": "core",
        "probes": "That 8 divides channels.",
        "sources": [{"text": "A & B", "url": "https://example.org/?a=1&b=2"}],
        "versions": [version, version | {"ask": "Another?"}],
    }


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    collection = Collection(str(tmp_path / "collection.anki2"))
    yield collection
    collection.close()


def take_in(collection: Collection, path: Path) -> None:
    """Import a file with the choices that Anki offers first."""
    request = ImportAnkiPackageRequest(
        package_path=str(path), options=ImportAnkiPackageOptions(merge_notetypes=False)
    )
    collection.import_anki_package(request)


def made(folder: Path, *questions: dict[str, Any], at: int = FRIDAY, **how: str) -> Path:
    path = folder / "deck.apkg"
    deck.write(path, questions, at=at, notebooks=NOTEBOOKS, **how)
    return path


def test_deck_has_one_card_a_question_in_the_order_of_the_bank(
    collection: Collection, tmp_path: Path
):
    take_in(collection, made(tmp_path, question("one"), question("two"), question("three")))
    titles = [collection.get_note(note)["Title"] for note in collection.find_notes("")]
    assert titles == [f"The {name} of &lt;SD&gt;" for name in ("one", "two", "three")]
    cards = collection.find_cards('"deck:Latent Shapes"', order="c.due")
    assert [collection.get_card(card).note()["Title"] for card in cards] == titles
    assert len(collection.find_cards("tag:core tag:lab-03-latent-shape-tracking")) == 3


def test_card_shows_all_that_the_bank_says(collection: Collection, tmp_path: Path):
    take_in(collection, made(tmp_path, question(), book="https://example.org/book/"))
    card = collection.get_card(collection.find_cards("")[0])
    front, back = (BeautifulSoup(side, "html.parser") for side in (card.question(), card.answer()))
    asked = question()["versions"][0]
    assert asked["ask"].replace("`", "") in front.get_text()
    assert asked["steps"][0] not in front.get_text()
    told = " ".join(back.get_text().split())
    plain = [*asked["steps"], *asked["rubric"], *asked["answer"].split("\n\n")]
    plain += [text.replace("`", "") for one in asked["follow"] for text in one.values()]
    for text in (*plain, "That 8 divides channels.", "A & B", "The grid of <SD>"):
        assert text in told
    assert [code.get_text() for code in front.select("code")] == ["(1, 4, 64, 64)"]
    links = [str(link["href"]) for link in back.select("a")]
    assert links == [
        "https://example.org/?a=1&b=2",
        "https://example.org/book/handbook/question-bank.html#grid",
        f"{NOTEBOOKS}/lab-03-latent-shape-tracking.ipynb",
    ]
    assert len(back.select("details")) == 2 and not back.select("details[open]")


def test_card_without_steps_or_published_book_has_no_place_for_them(
    collection: Collection, tmp_path: Path
):
    asked = question()
    asked["versions"][0]["steps"] = []
    take_in(collection, made(tmp_path, asked))
    back = collection.get_card(collection.find_cards("")[0]).answer()
    assert "Step by step" not in back
    assert "In the book" not in back and "The lab's notebook" in back


def test_later_deck_updates_its_notes_and_keeps_their_schedule(
    collection: Collection, tmp_path: Path
):
    take_in(collection, made(tmp_path, question("one"), question("two")))
    collection.decks.select(collection.decks.id("Latent Shapes"))
    card = collection.sched.getCard()
    assert card
    collection.sched.answerCard(card, 4)
    before = collection.get_card(card.id)
    later = [question(name, ask="What else?") for name in ("zero", "one", "two")]
    take_in(collection, made(tmp_path, *later, at=FRIDAY + 60))
    after = collection.get_card(card.id)
    notes = [collection.get_note(note) for note in collection.find_notes("")]
    assert [note["Ask"] for note in notes] == ["<p>What else?</p>"] * 3
    schedule = ("type", "queue", "due", "ivl", "factor", "reps")
    assert before.reps == 1 and before.type != 0
    assert [getattr(after, name) for name in schedule] == [
        getattr(before, name) for name in schedule
    ]


def test_the_same_deck_twice_changes_nothing(collection: Collection, tmp_path: Path):
    path = made(tmp_path, question("one"), question("two"))
    take_in(collection, path)
    notes = {note: collection.get_note(note).fields for note in collection.find_notes("")}
    take_in(collection, path)
    assert {note: collection.get_note(note).fields for note in collection.find_notes("")} == notes
    assert len(collection.models.all_names_and_ids()) == len(
        {entry.name for entry in collection.models.all_names_and_ids()}
    )


def test_what_a_reader_has_written_later_stays(collection: Collection, tmp_path: Path):
    take_in(collection, made(tmp_path, question()))
    note = collection.get_note(collection.find_notes("")[0])
    note["Answer"] = "In my own words."
    collection.update_note(note)
    take_in(collection, made(tmp_path, question(ask="What else?"), at=FRIDAY + 60))
    assert collection.get_note(note.id)["Answer"] == "In my own words."


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_questions_make_the_same_file(tmp_path: Path):
    first = digest(made(tmp_path, question("one"), question("two")))
    assert digest(made(tmp_path, question("one"), question("two"))) == first
    assert digest(made(tmp_path, question("one"))) != first


# The cheat sheet, rendered.


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sheet") / "sheet.pdf"
    cheat_sheet.write(path, FONTS, repository="https://example.org")
    return path


@pytest.fixture(scope="module")
def pages(sheet: Path) -> Iterator[pypdfium2.PdfDocument]:
    document = pypdfium2.PdfDocument(sheet)
    yield document
    document.close()


def words(page: pypdfium2.PdfPage) -> str:
    return " ".join(page.get_textpage().get_text_bounded().split())


def test_sheet_is_two_pages_of_a4(pages: pypdfium2.PdfDocument):
    assert len(pages) == 2
    for page in pages:
        assert [round(side / 72 * 25.4) for side in page.get_size()] == [210, 297]


def test_sheet_is_black_on_white_within_its_margins_and_full(pages: pypdfium2.PdfDocument):
    for page in pages:
        picture = np.asarray(page.render(scale=2).to_pil().convert("RGB")).astype(int)
        assert np.ptp(picture, axis=2).max() == 0
        ink = picture[:, :, 0] < 250
        millimeter = ink.shape[0] / 297
        rows, columns = (np.flatnonzero(ink.any(axis=axis)) / millimeter for axis in (1, 0))
        assert rows[0] > 8 and rows[-1] < 297 - 6
        assert columns[0] > 10 and columns[-1] < 210 - 10
        parts = np.array_split(ink[int(10 * millimeter) : int(270 * millimeter)], 8)
        assert all(0.01 < part.mean() < 0.35 for part in parts[:-1])


def test_sheet_has_each_family_as_the_atlas_has_it(pages: pypdfium2.PdfDocument):
    text = words(pages[0])
    for family in atlas.families().values():
        frames = None if family.medium == "image" else cheat_sheet.CLIP
        found = atlas.trace(family.name, **cheat_sheet.EXAMPLE, frames=frames, on_invalid="nearest")
        row = text.partition(family.title.partition(" (")[0])[2][:140]
        assert str(found.latent) in row, family.title
        assert f"{family.space['factor']}²" in row
        if family.time:
            assert atlas.frame_rule(family) in row
        if found.tokens:
            assert f"{found.tokens[1]:,} × {found.tokens[2]}" in row
        if "factor" in family.scaling:
            assert str(family.scaling["factor"]) in row


@pytest.mark.parametrize("family", [one for one in atlas.families().values() if one.time])
def test_sheet_says_what_a_class_does_to_each_number_of_frames(family: atlas.Family):
    title = family.title.partition(" (")[0]
    (row,) = [row for row in cheat_sheet.data()["frames"] if title in row["families"].split(", ")]
    side = max(family.smallest_decoded, family.tile["kernel"][1] if family.tile else 64)
    side += -side % family.space["factor"]
    for count, told in zip(cheat_sheet.COUNTS, row["results"], strict=True):
        try:
            found = atlas.trace(
                family.name, height=side, width=side, frames=count, on_invalid="library"
            )
        except atlas.RefusedError:
            assert told is None
            continue
        time = found.decoded[1 if family.name == "allegro" else 2]
        if told is None:
            said = "; ".join(found.warnings)
            assert "never computed" in said or "stays blank" in said
        else:
            assert told == {"latent": found.latent[2], "back": time}


def test_sheet_shows_its_requests_and_the_peak(pages: pypdfium2.PdfDocument):
    text = words(pages[1])
    for asked in cheat_sheet.REQUESTS:
        found = atlas.trace(**asked)
        for step in found.steps:
            assert step.name == "pipeline" or str(step.shape) in text
    assert "3 GiB" in text


def test_the_same_atlas_makes_the_same_sheet(sheet: Path, tmp_path: Path):
    cheat_sheet.write(tmp_path / "again.pdf", FONTS, repository="https://example.org")
    assert digest(tmp_path / "again.pdf") == digest(sheet)


# The page and the archive, as they stand in the built book.


@pytest.fixture(scope="module")
def built() -> Path:
    if not (BOOK / takeaway.OFFLINE).exists():
        pytest.fail(f"There is no {takeaway.OFFLINE}: run `make book`.", pytrace=False)
    return BOOK


def test_page_says_how_large_each_file_is(built: Path):
    page = BeautifulSoup((built / takeaway.PAGE).read_text(encoding="utf-8"), "html.parser")
    files = {str(link["href"]): link.parent for link in page.select("[data-made] > a[download]")}
    assert list(files) == [
        f"../{name}" for name in (takeaway.DECK, takeaway.SHEET, takeaway.OFFLINE)
    ]
    for address, place in files.items():
        assert place
        stated = re.search(r", ([\d.,]+) (KiB|MiB)", place.get_text())
        assert stated
        size = float(stated[1].replace(",", "")) * {"KiB": 2**10, "MiB": 2**20}[stated[2]]
        path = (built / takeaway.PAGE).parent / address
        assert path.stat().st_size == pytest.approx(size, rel=0.13)
    questions = json.loads((built / "question-bank.json").read_text(encoding="utf-8"))
    assert f"{len(questions)} cards" in page.get_text()


def test_deck_of_the_book_opens_and_its_cards_are_filled(built: Path, collection: Collection):
    take_in(collection, built / takeaway.DECK)
    questions = json.loads((built / "question-bank.json").read_text(encoding="utf-8"))
    cards = [collection.get_card(card) for card in collection.find_cards("")]
    assert sorted(card.note()["Title"] for card in cards) == sorted(
        deck.escape(one["title"]) for one in questions
    )
    for card in cards:
        note = card.note()
        assert all(note[name] for name in deck.FIELDS if name not in ("Steps", "Page"))
        back = BeautifulSoup(card.answer(), "html.parser")
        assert all(str(link["href"]).startswith("https://") for link in back.select("a"))


def unpacked(built: Path, folder: Path) -> Path:
    with zipfile.ZipFile(built / takeaway.OFFLINE) as packed:
        assert packed.testzip() is None
        packed.extractall(folder)
    (book,) = folder.iterdir()
    return book


def test_archive_holds_the_book_once_and_its_licenses(built: Path, tmp_path: Path):
    book = unpacked(built, tmp_path)
    assert book.name == offline.FOLDER
    there = {path.relative_to(book).as_posix() for path in book.rglob("*") if path.is_file()}
    served = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    extra = {"start-here.txt", "LICENSE", "LICENSE-CONTENT"}
    assert there == served - {takeaway.OFFLINE} | extra
    page = (book / takeaway.PAGE).read_text(encoding="utf-8")
    assert "the copy that you are reading" in page
    assert f'href="../{takeaway.OFFLINE}"' not in page
    for name in there - extra - {takeaway.PAGE}:
        assert (book / name).read_bytes() == (built / name).read_bytes()


def test_the_same_book_makes_the_same_archive(tmp_path: Path):
    book, licenses = tmp_path / "book", tmp_path / "licenses"
    for path in (book / "index.html", book / "labs" / "lab.html", licenses / "LICENSE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name, encoding="utf-8")
    target = book / "offline.zip"
    offline.write(target, book, licenses, {"index.html": "other"})
    first = digest(target)
    (book / "index.html").touch()
    offline.write(target, book, licenses, {"index.html": "other"})
    assert digest(target) == first
    with zipfile.ZipFile(target) as packed:
        assert packed.namelist() == [
            f"latent-shapes/{name}"
            for name in ("LICENSE", "index.html", "labs/lab.html", "start-here.txt")
        ]
        assert packed.read("latent-shapes/index.html") == b"other"


def test_archive_is_sorted_and_readable_by_all():
    target = io.BytesIO()
    archive.write(target, {"b": b"2", "a": b"1"})  # type: ignore[arg-type]
    with zipfile.ZipFile(target) as packed:
        assert packed.namelist() == ["a", "b"]
        assert all(entry.external_attr >> 16 == 0o100644 for entry in packed.infolist())


def test_page_without_a_place_is_told():
    with pytest.raises(ValueError, match="has 0 places for 'deck'"):
        takeaway.fill("<p></p>", {"deck": "4 KiB"})


def test_places_are_filled_again():
    once = takeaway.fill('<span data-made="deck">x</span>', {"deck": "<a>4 KiB</a>"})
    assert takeaway.fill(once, {"deck": "5 KiB"}) == '<span data-made="deck">5 KiB</span>'


def test_time_of_the_last_change(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "12")
    assert takeaway.changed() == 12
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    monkeypatch.setattr(takeaway, "COURSE", tmp_path)
    (tmp_path / "labs").mkdir()
    for name, time in (("old.toml", 34), ("new.toml", 56)):
        (tmp_path / "labs" / name).touch()
        os.utime(tmp_path / "labs" / name, (time, time))
    assert takeaway.changed() == 56


# From here on, in Chromium.


@pytest.mark.slow
def test_offline_book_reads_from_a_file(built: Path, tmp_path: Path, browser: Browser):
    book = unpacked(built, tmp_path)
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((book / "labs" / "lab-05-vae-latent-space.html").as_uri())
    assert len(page.locator("article").inner_text()) > 10_000
    assert page.locator("article svg").count() > 3
    assert page.evaluate(
        "document.fonts.ready.then(() => document.fonts.check('16px IBM Plex Sans'))"
    )
    page.locator(".ls-predict summary").first.click()
    assert page.locator(".ls-predict details[open] p").first.inner_text()
    page.goto((book / "search.html").as_uri() + "?q=causal")
    page.locator("#search-results li").first.wait_for()
    assert all(address.startswith(("file:", "data:")) for address in asked)
    page.close()


@pytest.mark.slow
def test_offline_book_runs_from_its_server(built: Path, tmp_path: Path, browser: Browser):
    book = unpacked(built, tmp_path)
    with serve.listen(8800, book) as free:
        port = free.server_port
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with subprocess.Popen(command, cwd=book, stderr=subprocess.DEVNULL) as server:
        page = browser.new_page()
        address = f"http://127.0.0.1:{port}/handbook/atlas.html"
        for _ in range(50):
            try:
                page.goto(address)
                break
            except Error:
                page.wait_for_timeout(100)
        page.get_by_role("combobox").first.wait_for()
        page.close()
        server.terminate()


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("look", ["card", "card nightMode"])
def test_card_fits_its_screen(
    collection: Collection, tmp_path: Path, browser: Browser, width: int, look: str
):
    asked = question(ask="What is `" + "latents_mean." * 12 + "`?")
    take_in(collection, made(tmp_path, asked))
    card = collection.get_card(collection.find_cards("")[0])
    page = browser.new_page(viewport=ViewportSize(width=width, height=800))
    page.set_content(f'<body class="{look}">{card.answer()}</body>')
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ink, paper = page.locator("body").evaluate(
        "body => [getComputedStyle(body).color, getComputedStyle(body).backgroundColor]"
    )
    dark = sum(map(int, re.findall(r"\d+", paper))) < 200
    assert dark == look.endswith("nightMode")
    assert ink != paper
    page.close()
