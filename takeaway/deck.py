"""The question bank as a deck for Anki: one note a question, which a later import updates.

Anki knows a note again by its guid, which is made of the question's id, and takes over what is
new if the note in the file is younger than the one that it has. So `at`, the time that is written
into the file, has to be that of the last change.
"""

import itertools
import re
import sqlite3
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import genanki

from takeaway import archive

# Chosen once. With other ids Anki would take the deck, or the look of its cards, for another.
DECK, NOTETYPE = 1_784_302_119, 1_784_302_120
NAME = "Latent Shapes"
FIELDS = (
    *("Title", "Lab", "Depth", "Ask", "Answer", "Steps", "Rubric", "Follow-ups"),
    *("Misconception", "Sources", "Page", "Notebook"),
)
HERE = Path(__file__).parent


def write(
    target: Path,
    questions: Sequence[Mapping[str, Any]],
    *,
    at: int,
    notebooks: str,
    book: str = "",
) -> None:
    """Write the deck of `questions`, each as the book's question-bank.json holds it.

    `at` is in seconds since 1970. `notebooks` is the address of the folder that holds the labs,
    `book` that of the published book; without it, cards lead to the notebook alone.
    """
    deck = genanki.Deck(DECK, NAME, "Questions about latent tensors, each with a rubric.")
    notetype = _notetype()
    for place, question in enumerate(questions):
        deck.add_note(
            genanki.Note(
                notetype,
                _fields(question, notebooks, book),
                guid=genanki.guid_for("latent-shapes", question["id"]),
                tags=[question["lab"], question["depth"]],
                due=place,
            )
        )
    collection = sqlite3.connect(":memory:")
    genanki.Package(deck).write_to_db(collection.cursor(), at, itertools.count(at * 1000))
    collection.commit()
    archive.write(target, {"collection.anki2": collection.serialize(), "media": b"{}"})
    collection.close()


def _notetype() -> genanki.Model:
    look, front, back = (
        (HERE / name).read_text(encoding="utf-8")
        for name in ("card.css", "card-front.html", "card-back.html")
    )
    template = {"name": "Say it out loud", "qfmt": front, "afmt": back}
    fields = [{"name": name} for name in FIELDS]
    return genanki.Model(NOTETYPE, NAME, fields=fields, templates=[template], css=look)


def _fields(question: Mapping[str, Any], notebooks: str, book: str) -> list[str]:
    version, lab = question["versions"][0], question["lab"]
    texts = {
        "Title": escape(question["title"]),
        "Lab": lab.split("-")[1],
        "Depth": question["depth"],
        "Ask": _paragraphs(version["ask"]),
        "Answer": _paragraphs(version["answer"]),
        "Steps": _items(version["steps"]),
        "Rubric": _items(version["rubric"]),
        "Follow-ups": "".join(
            f"<details><summary>{_marked(one['ask'])}</summary>{_paragraphs(one['answer'])}</details>"
            for one in version["follow"]
        ),
        "Misconception": _marked(question["probes"]),
        "Sources": "".join(f"<li>{_link(**source)}</li>" for source in question["sources"]),
        "Page": f"{book.rstrip('/')}/handbook/question-bank.html#{question['id']}" if book else "",
        "Notebook": f"{notebooks}/{quote(lab)}.ipynb",
    }
    return [texts[name] for name in FIELDS]


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_marked(part)}</p>" for part in text.split("\n\n"))


def _items(texts: Sequence[str]) -> str:
    return "".join(f"<li>{_marked(text)}</li>" for text in texts)


def _link(text: str, url: str) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>'


def _marked(text: str) -> str:
    """A text of the bank as markup, with code between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
