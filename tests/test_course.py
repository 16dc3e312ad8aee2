"""The files of the course hold together; and when they do not, the complaint says what to do."""

import shutil
from collections.abc import Callable
from pathlib import Path

import inspection
import nbformat
import notebooks
import pytest
from latentlab import stated_shapes

ROOT = Path(__file__).parents[1]
LABS = sorted(ROOT.glob("labs/lab-*.ipynb"))
CHAPTERS = sorted(ROOT.glob("handbook/*.md"))
each_lab = pytest.mark.parametrize("lab", LABS, ids=[lab.stem for lab in LABS])

LAB = "labs/lab-03-latent-shape-tracking.ipynb"
CHAPTER = "handbook/03-latent-shape-tracking.md"
STARTER = "code/lab-03-latent-shape-tracking/latent_shapes.py"


def test_chapter_lab_and_starter_belong_together() -> None:
    assert not list(inspection.triples(ROOT))


@each_lab
def test_lab_is_complete_and_up_to_date(lab: Path) -> None:
    assert not list(inspection.notebook(lab))


@each_lab
def test_starter_states_true_shapes_and_needs_nothing(lab: Path) -> None:
    assert not list(inspection.starter(notebooks.starter(lab.stem)))


@each_lab
def test_lab_has_its_questions(lab: Path) -> None:
    assert not list(inspection.questions(ROOT, lab.stem))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[chapter.stem for chapter in CHAPTERS])
def test_chapter_describes_itself_and_its_pictures(chapter: Path) -> None:
    assert not list(inspection.page(chapter))


PAGES = [*CHAPTERS, *LABS, ROOT / "index.md"]


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_figures_of_real_models_are_computed(page: Path) -> None:
    assert not list(inspection.typed_figures(page))


@each_lab
def test_starter_states_at_least_three_shapes(lab: Path) -> None:
    source = notebooks.starter(lab.stem).read_text(encoding="utf-8")
    stated = [
        text for _, text in stated_shapes.comments(source) if stated_shapes.SHAPE.fullmatch(text)
    ]
    assert len(stated) >= 3


# The other half: break a copy of the course on purpose, and read the complaint.


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("handbook", "labs", "code"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("_toc.yml", "_config.yml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def edit(path: Path, cell_id: str, change: Callable[[nbformat.NotebookNode], object]) -> None:
    notebook = nbformat.read(path, as_version=4)
    change(next(cell for cell in notebook.cells if cell.id == cell_id))
    nbformat.write(notebook, path)


def test_lab_without_chapter(course: Path) -> None:
    (course / CHAPTER).unlink()
    assert f"{LAB} has no chapter: write {CHAPTER}" in inspection.triples(course)


def test_chapter_without_lab(course: Path) -> None:
    (course / LAB).unlink()
    assert f"{CHAPTER} has no lab: write {LAB}" in inspection.triples(course)


def test_lab_without_starter(course: Path) -> None:
    shutil.rmtree(course / "code/lab-03-latent-shape-tracking")
    complaint = f"{LAB} has no starter: write one in code/lab-03-latent-shape-tracking/"
    assert complaint in inspection.triples(course)


@pytest.mark.parametrize(("page", "other"), [(CHAPTER, LAB), (LAB, CHAPTER)])
def test_missing_link(course: Path, page: str, other: str) -> None:
    replace(course / page, f"](../{other})", "](../index.md)")
    (complaint,) = inspection.triples(course)
    assert complaint.startswith(f"{page} does not link")
    assert f"(../{other})" in complaint


def test_page_left_out_of_the_contents(course: Path) -> None:
    replace(course / "_toc.yml", "      - file: labs/lab-03-latent-shape-tracking\n", "")
    assert list(inspection.triples(course)) == [
        "_toc.yml does not list labs/lab-03-latent-shape-tracking: add it"
    ]


def test_malformed_notebook(course: Path) -> None:
    (course / LAB).write_text('{"cells": [', encoding="utf-8")
    (complaint,) = inspection.notebook(course / LAB)
    assert complaint.startswith(f"{LAB} is no valid notebook: restore it from git")
    assert "\n" not in complaint


def test_starter_that_no_longer_matches_its_cell(course: Path) -> None:
    replace(course / STARTER, "TEMPORAL = 4", "TEMPORAL = 8")
    complaint = f"{LAB}: cell 'starter' is out of date: run `make notebooks`"
    assert list(inspection.notebook(course / LAB)) == [complaint]


def test_first_cell_follows_the_repository(course: Path) -> None:
    replace(course / "_config.yml", "github.com/latent-shapes/", "github.com/somebody/")
    complaints = list(inspection.notebook(course / LAB))
    assert f"{LAB}: cell 'setup' is out of date: run `make notebooks`" in complaints
    assert f"{LAB}: cell 'launch' is out of date: run `make notebooks`" in complaints


def blank_alt(cell: nbformat.NotebookNode) -> None:
    cell.outputs[0].data["text/html"] = '<img src="data:," alt="">'


def blank_label(cell: nbformat.NotebookNode) -> None:
    cell.outputs[0].data["text/html"] = '<div class="ls-body" aria-label=""></div>'


def draw_form(cell: nbformat.NotebookNode) -> None:
    cell.outputs[0].data["application/vnd.jupyter.widget-view+json"] = {"model_id": "1"}


def warn(cell: nbformat.NotebookNode) -> None:
    cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text="careful"))


def fail(cell: nbformat.NotebookNode) -> None:
    cell.outputs.append(nbformat.v4.new_output("error", ename="KeyError", evalue="", traceback=[]))


@pytest.mark.parametrize(
    ("cell_id", "change", "complaint"),
    [
        ("way", blank_alt, "image without alt text"),
        ("way", blank_label, "figure without alt text"),
        ("groups", lambda cell: cell.update(execution_count=None), "was not executed"),
        ("groups", lambda cell: cell.update(source="x = 1\n" * 16), "more than 15 lines"),
        ("groups", lambda cell: cell.update(source="#" * 89), "wider than 88 columns"),
        ("loop", warn, "wrote to stderr"),
        ("loop", fail, "raised KeyError"),
        ("loop", lambda cell: cell.metadata.update(collapsed=True), "not in normal form"),
        ("predict-shape", draw_form, "not in normal form"),
        ("see", lambda cell: cell.update(source="## Look"), "expected The mechanism"),
        ("sizes-ruler-drawn", lambda cell: cell.update(outputs=[]), "has no axis ruler"),
        ("starter", lambda cell: cell.update(id="file"), "has no cell 'starter'"),
        ("solution-nearest-valid", lambda cell: cell.update(id="x"), "has no cell 'solution-"),
    ],
)
def test_broken_cell(
    course: Path, cell_id: str, change: Callable[[nbformat.NotebookNode], object], complaint: str
) -> None:
    edit(course / LAB, cell_id, change)
    (found,) = [one for one in inspection.notebook(course / LAB) if complaint in one]
    assert found.startswith(LAB)
    assert "\n" not in found


QUESTIONS = "labs/lab-03-latent-shape-tracking-questions.toml"
TOO_FEW = f"{QUESTIONS} has 4 questions: expected 5 or more"
UNASKED = f"{LAB} has no cell 'predict-eighty': add one with `ask(\"eighty\")`"
STALE = f"{LAB}: cell 'predict-eighty' is out of date: run `make notebooks`"
UNKNOWN = f"{LAB}: cell 'predict-eighty' asks what {QUESTIONS} does not have"


def test_question_that_is_gone_from_the_file(course: Path) -> None:
    text = (course / QUESTIONS).read_text(encoding="utf-8")
    entries = text.split("[[question]]")
    kept = [entry for entry in entries if 'id = "eighty"' not in entry]
    (course / QUESTIONS).write_text("[[question]]".join(kept), encoding="utf-8")
    assert list(inspection.questions(course, Path(LAB).stem)) == [TOO_FEW, UNKNOWN]


def test_question_that_is_not_asked(course: Path) -> None:
    edit(course / LAB, "predict-eighty", lambda cell: cell.update(id="eighty"))
    assert list(inspection.questions(course, Path(LAB).stem)) == [UNASKED]


def test_question_that_was_changed(course: Path) -> None:
    replace(course / QUESTIONS, "does not check, and decode", "does not check and decode")
    assert list(inspection.questions(course, Path(LAB).stem)) == [STALE]


def test_faulty_question(course: Path) -> None:
    replace(course / QUESTIONS, 'right = "1 + groups * TEMPORAL"', 'right = "1 + group"')
    (complaint,) = inspection.questions(course, Path(LAB).stem)
    assert complaint.startswith(f"{QUESTIONS}: question 'eighty', `right`: 1 + group raises")


def test_lab_without_questions(course: Path) -> None:
    (course / QUESTIONS).unlink()
    (complaint,) = inspection.questions(course, Path(LAB).stem)
    assert complaint == f"{QUESTIONS} is missing: it holds the questions of {Path(LAB).stem}"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("# (1, 16, 21, 90, 160)", "# (1, 16, 20, 90, 160)", "states (1, 16, 20, 90, 160), but"),
        ("# 77", "# 80", "states 80, but frames_back is 77"),
        ("# (1) The", "import numpy\n# (1) The", "imports numpy"),
        ("# (5) A tensor", "# (1, 2, 3) A tensor", "a shape that nothing computes"),
    ],
)
def test_untrue_starter(course: Path, old: str, new: str, complaint: str) -> None:
    replace(course / STARTER, old, new)
    assert any(complaint in found for found in inspection.starter(course / STARTER))


def test_picture_without_words(course: Path) -> None:
    (course / CHAPTER).write_text("# Title\n\n![ ](picture.png)\n", encoding="utf-8")
    assert list(inspection.page(course / CHAPTER)) == [
        "03-latent-shape-tracking.md has an image without alt text: write it between the brackets",
        "03-latent-shape-tracking.md has no description: add one under myst: html_meta:",
    ]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (
            "Its latent is (1, 16, 31, 88, 160).",
            "(1, 16, 31, 88, 160) is typed: use the {trace} role",
        ),
        ("It becomes 1 by 27280 by 192.", "1 by 27280 by 192 is typed"),
        ("A latent of 48 × 31 × 44 × 80.", "48 × 31 × 44 × 80 is typed"),
        ("Multiply by 0.13025.", "0.13025 is typed: take it from `atlas.family(name).scaling`"),
    ],
)
def test_typed_figure_in_prose(course: Path, typed: str, told: str) -> None:
    page = course / CHAPTER
    page.write_text(page.read_text(encoding="utf-8") + typed, encoding="utf-8")
    (complaint,) = inspection.typed_figures(page)
    assert told in complaint


@pytest.mark.parametrize("code", ["x = (1, 48, 31, 44, 80)", "torch.empty(1, 16, 90, 160)"])
def test_typed_figure_in_a_cell(course: Path, code: str) -> None:
    edit(course / LAB, "sizes", lambda cell: cell.update(source=code))
    (complaint,) = inspection.typed_figures(course / LAB)
    assert "cell 'sizes'" in complaint and "from `atlas.trace`" in complaint
