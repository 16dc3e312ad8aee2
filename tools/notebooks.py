"""Bring the lab notebooks up to date: generated cells, outputs, and one normal form.

`python tools/notebooks.py` rewrites every lab; name notebooks to rewrite only those. Cells whose
id is `launch`, `setup`, `starter` or `solution-NAME` are generated from the files of the course.
"""

import argparse
import copy
import importlib.util
import inspect
import sys
import time
from pathlib import Path

import nbformat
import yaml
from latentlab.exercise import Exercises
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "name": "python",
        "pygments_lexer": "ipython3",
    },
}

WIDGET = "application/vnd.jupyter.widget-view+json"

SETUP = """\
# On Colab, fetch the course and install what Colab lacks. Elsewhere, find the course.
import sys
from pathlib import Path

URL = "{url}"
LAB = "{lab}"
if "google.colab" in sys.modules and not Path("{folder}").exists():
    !git clone --quiet --depth 1 {{URL}}
    %pip install --quiet ./{folder}
places = [Path("{folder}"), Path.cwd(), *Path.cwd().parents]
COURSE = next((place for place in places if (place / "_toc.yml").exists()), None)
assert COURSE, f"open this notebook inside a copy of the course: {{URL}}"
sys.path.insert(0, str(COURSE.resolve() / "code" / LAB))"""

LAUNCH = """\
**Run it yourself:** \
[open in Colab](https://colab.research.google.com/github/{slug}/blob/{branch}/labs/{lab}.ipynb) · \
[open in Binder](https://mybinder.org/v2/gh/{slug}/{branch}?urlpath=lab/tree/labs/{lab}.ipynb) · \
or clone the course and start `jupyter lab`; there, choose *Run → Run All Cells* first, which \
draws the figures. It needs no GPU. On this book's page every output is already there."""

SOLUTION = """\
<details>
<summary>Solution: {name}</summary>

```python
{code}
```

</details>"""


def starter(lab: str) -> Path:
    """The one file of a lab's code folder that is its starter."""
    found = [
        path
        for path in sorted((ROOT / "code" / lab).glob("*.py"))
        if not path.stem.endswith("exercises")
    ]
    if len(found) != 1:
        raise SystemExit(f"code/{lab} must hold one starter file, found {len(found)}")
    return found[0]


def exercises(lab: str) -> Exercises:
    """The exercises of a lab, loaded from its code folder."""
    return _loaded(ROOT / "code" / lab / "exercises.py")


def page_exercises(lab: str) -> Exercises:
    """Those of them that the page can run, too."""
    return _loaded(page_file(lab))


def page_file(lab: str) -> Path:
    """The file with the exercises of a lab that need the standard library only."""
    folder = ROOT / "code" / lab
    plain = folder / "plain_exercises.py"
    return plain if plain.exists() else folder / "exercises.py"


def _loaded(path: Path) -> Exercises:
    lab = path.parent.name
    spec = importlib.util.spec_from_file_location(f"exercises of {lab}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where `inspect` looks for the source of a class
    sys.modules.pop("plain_exercises", None)  # another lab's
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module.exercises


def generated(lab: str, cell_id: str) -> str | None:
    """What a generated cell must contain, or None for a cell that is written by hand."""
    repository = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]
    url, branch = repository["url"], repository["branch"]
    match cell_id.partition("-"):
        case ("setup", _, ""):
            return SETUP.format(folder=url.rsplit("/", 1)[1], url=url, lab=lab)
        case ("launch", _, ""):
            slug = url.removeprefix("https://github.com/")
            return LAUNCH.format(slug=slug, branch=branch, lab=lab)
        case ("starter", _, ""):
            return starter(lab).read_text(encoding="utf-8").removesuffix("\n")
        case ("solution", _, name):
            name = name.replace("-", "_")
            code = inspect.getsource(exercises(lab).by_name[name].solution).strip()
            return SOLUTION.format(name=name, code=code)
    return None


def regenerate(notebook: NotebookNode, lab: str) -> None:
    """Rewrite the generated cells in place."""
    for cell in notebook.cells:
        if (source := generated(lab, cell.id)) is not None:
            cell.source = source


def normalize(notebook: NotebookNode) -> None:
    """Remove from a notebook, in place, whatever changes from one run to the next."""
    notebook.metadata = nbformat.from_dict(copy.deepcopy(KERNEL))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        keys = ("tags", "jupyter", "mystnb")
        kept = {key: cell.metadata[key] for key in keys if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
        for output in cell.get("outputs", ()):  # a form lives as long as the kernel that drew it
            output.get("data", {}).pop(WIDGET, None)


def refresh(path: Path) -> None:
    """Regenerate, execute and normalize one notebook. It is written when all went well."""
    notebook = nbformat.read(path, as_version=4)
    regenerate(notebook, path.stem)
    began = time.perf_counter()
    client = NotebookClient(
        notebook,
        timeout=600,
        coalesce_streams=True,
        resources={"metadata": {"path": path.parent}},
    )
    client.execute()
    normalize(notebook)
    nbformat.write(notebook, path)
    print(f"{path.relative_to(ROOT)}: executed in {time.perf_counter() - began:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every lab")
    paths = parser.parse_args().notebooks or sorted((ROOT / "labs").glob("lab-*.ipynb"))
    for path in paths:
        if not path.exists():
            sys.exit(f"{path} does not exist: expected a notebook such as labs/lab-NN-slug.ipynb")
        refresh(path.resolve())


if __name__ == "__main__":
    main()
