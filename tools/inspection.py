"""What is wrong with the files of the course: each complaint is one line that says what to do."""

import ast
import copy
import io
import json
import re
import runpy
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from math import prod
from pathlib import Path

import nbformat
import notebooks
import yaml
from bs4 import BeautifulSoup
from latentlab import atlas, stated_shapes
from latentlab.predict import STORED, Questions
from latentlab.stated_shapes import SHAPE
from nbformat import NotebookNode

SECTIONS = (
    "The mechanism",
    "Predict",
    "The starter file",
    "See it",
    "Break it",
    "Checkpoints",
    "Exercises",
    "Say it out loud",
    "Where the truth is",
)
TENSOR_LABS = {"lab-06-latent-diffusion", "lab-11-end-to-end"}  # whose starters compute with numpy
QUESTIONS = 5  # of a lab, or more
COLUMNS, LINES = 88, 15  # of a code cell that a reader sees
WRITTEN_SHAPE = re.compile(r"\((\d+, ){2,}\d+\)|\b\d+( by \d+){2,}|\b\d+( ?× ?\d+){2,}")


def triples(root: Path) -> Iterator[str]:
    """Chapter, lab and code folder share number and slug, link to each other, and are listed."""
    chapters = {path.stem for path in root.glob("handbook/[0-9][0-9]-*.md")}
    labs = {path.stem.removeprefix("lab-") for path in root.glob("labs/lab-*.ipynb")}
    folders = {path.name.removeprefix("lab-") for path in root.glob("code/lab-*") if path.is_dir()}
    toc = (root / "_toc.yml").read_text(encoding="utf-8")
    listed = {
        chapter["file"]
        for part in yaml.safe_load(toc).get("parts", [])
        for chapter in part["chapters"]
    }
    for name in sorted(chapters | labs | folders):
        chapter, lab = f"handbook/{name}.md", f"labs/lab-{name}.ipynb"
        if name not in chapters:
            yield f"{lab} has no chapter: write {chapter}"
        elif f"](../{lab})" not in (root / chapter).read_text(encoding="utf-8"):
            yield f"{chapter} does not link to its lab: add [lab](../{lab})"
        if name not in labs:
            yield f"{chapter} has no lab: write {lab}"
        elif f"](../{chapter})" not in (root / lab).read_text(encoding="utf-8"):
            yield f"{lab} does not link to its chapter: add [chapter](../{chapter})"
        if name not in folders:
            yield f"{lab} has no starter: write one in code/lab-{name}/"
        for file in (chapter.removesuffix(".md"), lab.removesuffix(".ipynb")):
            if file not in listed:
                yield f"_toc.yml does not list {file}: add it"


def notebook(path: Path) -> Iterator[str]:
    """A lab is a valid notebook in normal form, with the sections and cells that a lab has."""
    name = f"labs/{path.name}"
    try:
        lab = nbformat.read(path, as_version=4)
        nbformat.validate(lab)
    except (ValueError, nbformat.ValidationError) as error:
        yield f"{name} is no valid notebook: restore it from git ({str(error).splitlines()[0]})"
        return
    for cell in lab.cells:
        if notebooks.generated(path.stem, cell.id) not in (None, cell.source):
            yield f"{name}: cell {cell.id!r} is out of date: run `make notebooks`"
        if cell.cell_type == "code":
            yield from (f"{name}: cell {cell.id!r} {what}" for what in code_cell(cell))
    ids = [cell.id for cell in lab.cells]
    for cell_id in ("launch", "setup", "starter"):
        if cell_id not in ids:
            yield f"{name} has no cell {cell_id!r}: add an empty one and run `make notebooks`"
    for exercise in notebooks.exercises(path.stem).by_name:
        if (cell_id := f"solution-{exercise.replace('_', '-')}") not in ids:
            yield f"{name} has no cell {cell_id!r}: add an empty one and run `make notebooks`"
    prose = "\n".join(cell.source for cell in lab.cells if cell.cell_type == "markdown")
    if (found := tuple(re.findall(r"^## (.+)$", prose, re.MULTILINE))) != SECTIONS:
        yield f"{name} has the sections {', '.join(found)}: expected {', '.join(SECTIONS)}"
    if not any(_draws_a_ruler(cell) for cell in lab.cells):
        yield f"{name} has no axis ruler: draw its tensors with `plots.axis_ruler`"
    normal = copy.deepcopy(lab)
    notebooks.normalize(normal)
    if normal != lab:
        yield f"{name} is not in normal form: run `make notebooks`"


def _draws_a_ruler(cell: NotebookNode) -> bool:
    return any(
        'class="ls-ruler"' in output.get("data", {}).get("text/html", "")
        for output in cell.get("outputs", [])
    )


def questions(root: Path, lab: str) -> Iterator[str]:
    """A lab has five questions or more, worked out without a fault, each asked in its notebook."""
    try:
        found = Questions(root, lab)
    except ValueError as error:
        yield f"labs/{error}"
        return
    if len(found.entries) < QUESTIONS:
        count = len(found.entries)
        yield f"labs/{found.file} has {count} questions: expected {QUESTIONS} or more"
    cells = nbformat.read(root / "labs" / f"{lab}.ipynb", as_version=4).cells
    asked = {cell.id: cell for cell in cells if cell.id.startswith("predict-")}
    for name in found:
        cell = asked.pop(f"predict-{name}", None)
        try:
            question = json.loads(json.dumps(found[name].as_json()))
        except ValueError as error:
            yield f"labs/{error}"
            continue
        if cell is None:
            yield f"labs/{lab}.ipynb has no cell 'predict-{name}': add one with `ask(\"{name}\")`"
        elif [output.get("metadata", {}).get(STORED) for output in cell.outputs] != [question]:
            yield f"labs/{lab}.ipynb: cell {cell.id!r} is out of date: run `make notebooks`"
    for cell_id in asked:
        yield f"labs/{lab}.ipynb: cell {cell_id!r} asks what labs/{found.file} does not have"


def code_cell(cell: NotebookNode) -> Iterator[str]:
    """A code cell was executed, fits the page, raises nothing, and its pictures have alt texts."""
    if cell.execution_count is None:
        yield "was not executed: run `make notebooks`"
    seen = not {"hide-input", "remove-input"} & set(cell.metadata.get("tags", []))
    lines = cell.source.splitlines()
    if seen and max(map(len, lines), default=0) > COLUMNS:
        yield f"is wider than {COLUMNS} columns: break its lines, or tag it hide-input"
    if seen and cell.id != "starter" and sum(map(bool, lines)) > LINES:
        yield f"has more than {LINES} lines: split it, or tag it hide-input"
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"raised {output.ename}: catch it where it is the point, or mend the cell"
        if output.output_type == "stream" and output.name == "stderr":
            yield "wrote to stderr: a reader would see a warning"
        markup = BeautifulSoup(output.get("data", {}).get("text/html", ""), "html.parser")
        for image in markup.find_all("img"):
            if not str(image.get("alt", "")).strip():
                yield "shows an image without alt text: give its tile a title"
        for body in markup.select(".ls-body"):
            if not str(body.get("aria-label", "")).strip():
                yield "shows a figure without alt text: say in `alt` what it shows"


def page(path: Path) -> Iterator[str]:
    """A chapter describes itself to search engines, and each of its pictures in words."""
    text = path.read_text(encoding="utf-8")
    if re.search(r"!\[\s*\]\(", text):
        yield f"{path.name} has an image without alt text: write it between the brackets"
    if "description:" not in text.partition("\n# ")[0]:
        yield f"{path.name} has no description: add one under myst: html_meta:"


def typed_figures(path: Path) -> Iterator[str]:
    """Figures of real models that were typed, where the atlas or a cell should give them.

    A shape in prose must be among those that its lab computes. In a cell there may be none. The
    starters and the solutions of exercises are exempt: tests hold what they state.
    """
    lab = path if path.suffix == ".ipynb" else path.parents[1] / "labs" / f"lab-{path.stem}.ipynb"
    cells = nbformat.read(lab, as_version=4).cells if lab.exists() else []
    known = {found for cell in cells for found in _computed_shapes(cell)}
    if path.suffix != ".ipynb":
        prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
        yield from (f"{path.name}: {what}" for what in _typed_in_prose(prose, known))
        return
    for cell in cells:
        if cell.id.startswith("solution-"):
            continue
        found = (
            _typed_in_prose(cell.source, known)
            if cell.cell_type == "markdown"
            else _typed_in_code(cell)
        )
        yield from (f"{path.name}: cell {cell.id!r}: {what}" for what in found)


def _typed_in_prose(text: str, known: set[tuple[int, ...]]) -> Iterator[str]:
    for match in WRITTEN_SHAPE.finditer(text):
        shape = tuple(int(number) for number in re.findall(r"\d+", match.group()))
        if _is_of_a_real_family(shape) and shape not in known:
            yield f"{match.group()} is typed: use the {{trace}} role, or compute it in a cell"
    for number in re.findall(r"\b\d+\.\d{3,}\b", text):
        if float(number) in _normalizations():
            yield f"{number} is typed: take it from `atlas.family(name).scaling`"


def _typed_in_code(cell: NotebookNode) -> Iterator[str]:
    if cell.id in ("starter", "setup"):
        return
    for node in ast.walk(ast.parse(re.sub(r"(?m)^\s*[!%].*$", "", cell.source))):
        if not isinstance(node, ast.Tuple | ast.Call):
            continue
        items = node.elts if isinstance(node, ast.Tuple) else node.args
        numbers = [item.value for item in items if isinstance(item, ast.Constant)]
        shape = tuple(number for number in numbers if type(number) is int)
        if len(shape) == len(items) and _is_of_a_real_family(shape):
            yield f"{ast.unparse(node)[:60]} is typed: take the shape from `atlas.trace`"


def _computed_shapes(cell: NotebookNode) -> Iterator[tuple[int, ...]]:
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        text = output.get("text", "") + data.get("text/plain", "")
        markup = BeautifulSoup(data.get("text/html", ""), "html.parser")
        shapes = [chips.get_text(" ") for chips in markup.select(".ls-shape")]
        shapes += [match.group() for match in SHAPE.finditer(text)]
        for shape in shapes:
            numbers = tuple(map(int, re.findall(r"\d+", shape)))
            yield numbers
            yield numbers[1:]  # without the batch, as prose often has it


def _is_of_a_real_family(shape: tuple[int, ...]) -> bool:
    """Whether a model of the atlas could have this shape, as pixels, latent or tokens."""
    if 0 in shape:
        return False
    families = atlas.families().values()
    channels = {3} | {family.latent_channels for family in families}
    if len(shape) in (4, 5):
        return min(shape[-2:]) >= 16 and bool(channels & set(shape[:3]))
    widths = {family.latent_channels * prod(family.patch) for family in families if family.patch}
    return len(shape) == 3 and shape[1] >= 256 and shape[2] in widths


def _normalizations() -> set[float]:
    values = (
        family.scaling.get(key)
        for family in atlas.families().values()
        for key in ("factor", "shift")
    )
    return {value for value in values if value}


def starter(path: Path) -> Iterator[str]:
    """A starter uses the standard library only, and each shape in its comments is what it makes.

    Where the lab is about tensors, it also uses numpy.
    """
    allowed = sys.stdlib_module_names | ({"numpy"} if path.parent.name in TENSOR_LABS else set())
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    for node in ast.walk(tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for module in modules:
            if module.partition(".")[0] not in allowed:
                yield f"{path.name}:{node.lineno} imports {module}: use the standard library only"  # type: ignore[attr-defined]
    with redirect_stdout(io.StringIO()):
        values = runpy.run_path(str(path), run_name="__main__")
    for stated in stated_shapes.compare(source, values):
        if not stated["holds"]:
            where = f"{path.name}:{stated['line']}"
            yield f"{where} states {stated['stated']}, but {stated['name']} is {stated['found']}"
    for line in stated_shapes.idle(source):
        yield f"{path.name}:{line} states a shape that nothing computes: assign it on that line"
