"""Entries of a lab's TOML file: texts whose numbers are worked out, with each set of numbers.

What stands in braces in a text is a Python expression, as are the fields that the reader of a file
calls so. They know `math`, `atlas`, the modules that the file lists as `modules`, each by the last
part of its name, the names of the lab's starter, the numbers drawn, and the names of `let`.

- `draw`: the values to draw from. The first of each are shown first, every combination is one set
  of numbers, and `where` is true for those that make sense;
- `let`: names for expressions, worked out in order, for all that follows;
- `holds`: what has to be true for the words to be true.
"""

import math
import pkgutil
import re
import runpy
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from html import escape
from importlib import import_module
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Any, ClassVar

import latentlab
from latentlab import atlas

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
KINDS: dict[type, str] = {str: "a text", dict: "a table", list: "a list"}


def read(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """The `modules` of a file and its [[question]] entries.

    Raises ValueError, which names the file, for one that holds anything else.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} is no TOML: {error}") from error
    modules, entries = table.pop("modules", []), table.pop("question", [])
    if not isinstance(entries, list):
        raise ValueError(f"{path.name}: expected [[question]] entries, each in double brackets")
    if table or not entries:
        what = f"unknown: {', '.join(table)}" if table else "there is no question"
        raise ValueError(f"{path.name} holds `modules` and [[question]] entries; {what}")
    return modules, entries


def identity(file: str, number: int, fields: Mapping[str, Any], taken: Mapping[str, str]) -> str:
    """The id of the entry of this number; `taken` tells the files of those that there are."""
    name = fields.get("id")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"{file}: the id of question {number}, {name!r}, is not in kebab-case")
    if name in taken:
        where = "" if taken[name] == file else f": {taken[name]} has it, too"
        raise ValueError(f"{file}: the id of question {number}, {name!r}, is there twice{where}")
    return name


def known(course: Path, lab: str, file: str, modules: Iterable[str]) -> dict[str, Any]:
    """What every expression of a lab's file knows."""
    folder = course / "code" / lab
    (starter,) = (path for path in folder.glob("*.py") if not path.name.endswith("exercises.py"))
    public = {
        name: value
        for name, value in runpy.run_path(str(starter), run_name="starter").items()
        if not name.startswith("_")
    }
    listed = {name.rpartition(".")[2]: _module(file, name) for name in modules}
    return {"math": math, "atlas": atlas, **listed, **public}


def _module(file: str, name: str) -> object:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        ours = [f"latentlab.{module.name}" for module in pkgutil.iter_modules(latentlab.__path__)]
        near = get_close_matches(name, ours, n=1, cutoff=0)[0]
        raise ValueError(
            f"{file}, `modules`: no module {name!r}; the nearest is {near!r}"
        ) from error


@dataclass(frozen=True)
class Entry:
    """One entry as it stands in the file, checked for having the fields of an entry."""

    lab: str
    file: str
    fields: Mapping[str, Any]

    required: ClassVar[Mapping[str, type]] = {"id": str, "title": str}
    optional: ClassVar[Mapping[str, type]] = {"draw": dict, "let": dict, "where": str, "holds": str}

    def __post_init__(self) -> None:
        self.check("", self.fields, self.required, self.optional)
        for name, values in self.fields.get("draw", {}).items():
            if not isinstance(values, list) or len(values) < 1:
                raise self.error("draw", f"{name} = {values!r}, expected a list of values")

    def check(
        self,
        within: str,
        fields: Mapping[str, Any],
        required: Mapping[str, type],
        optional: Mapping[str, type],
    ) -> None:
        """Raise ValueError unless `fields` has what is required, and nothing unknown."""
        kinds = {**required, **optional}
        for field, value in fields.items():
            if field not in kinds:
                near = get_close_matches(field, kinds, n=1, cutoff=0)[0]
                raise self.error(f"{within}{field}", f"unknown; the nearest is `{near}`")
            if not isinstance(value, kinds[field]) or not value:
                raise self.error(f"{within}{field}", f"{value!r}, expected {KINDS[kinds[field]]}")
        for field in required:
            if field not in fields:
                raise self.error(f"{within}{field}", "missing")

    def draws(
        self, names: Mapping[str, Any], most: int
    ) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Each set of numbers, and all that expressions know with it.

        The first set comes first, the others as if shuffled.
        """
        first, *rest = self._sets()
        rest.sort(key=lambda drawn: digest(self.lab, self.fields["id"], drawn))
        where = self.fields.get("where", "True")
        sets = [one for one in (first, *rest) if self.value("where", where, {**names, **one})]
        if not sets or sets[0] is not first:
            raise self.error("where", "it leaves out the first values, which are shown first")
        if len(sets) > most:
            raise self.error("draw", f"{len(sets)} sets of numbers, expected {most} at most")
        return [(drawn, self._known(drawn, names)) for drawn in sets]

    def _sets(self) -> list[dict[str, Any]]:
        draw = self.fields.get("draw", {})
        values = (
            [tuple(value) if isinstance(value, list) else value for value in values]
            for values in draw.values()
        )
        return [dict(zip(draw, drawn, strict=True)) for drawn in product(*values)]

    def _known(self, drawn: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
        all_names = {**names, **drawn}
        for name, expression in self.fields.get("let", {}).items():
            all_names[name] = self.value(f"let.{name}", expression, all_names)
        if not self.value("holds", self.fields.get("holds", "True"), all_names):
            raise self.error("holds", f"not so{with_numbers(drawn)}")
        return all_names

    def value(self, field: str, expression: object, names: Mapping[str, Any]) -> Any:
        """What an expression gives. Raises ValueError where it raises anything."""
        if not isinstance(expression, str):
            kind = type(expression).__name__
            raise self.error(field, f"{expression} is a {kind}, expected an expression in quotes")
        try:
            return eval(expression, dict(names))
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise self.error(field, f"{expression} raises {said}") from error

    def text(self, field: str, template: str, names: Mapping[str, Any]) -> str:
        """A text of the entry, with its braces replaced by what the expressions in them give."""
        parts = []
        try:
            for literal, expression, spec, _ in Formatter().parse(template):
                parts.append(literal)
                if expression is not None:
                    parts.append(format(self.value(field, expression, names), spec or ""))
        except (TypeError, ValueError) as error:
            told = str(error).startswith(self.file)
            raise error if told else self.error(field, str(error)) from error
        return "".join(parts)

    def error(self, field: str, what: str) -> ValueError:
        """What is wrong with a field, with the file and the entry."""
        return ValueError(f"{self.file}: question {self.fields['id']!r}, `{field}`: {what}")


def with_numbers(drawn: Mapping[str, Any]) -> str:
    """A set of numbers as the end of a sentence."""
    return "".join(f", with {name} = {value}" for name, value in drawn.items())


def digest(*parts: object) -> str:
    """A place in an order that looks like chance and stays."""
    return sha256(repr(parts).encode()).hexdigest()


def plain(drawn: Mapping[str, Any]) -> str:
    """A set of numbers in short, which tells it from the others."""
    return " ".join(
        "×".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for value in drawn.values()
    )


def marked(text: str) -> str:
    """Markup of a text: code between backticks, and axes that stay on one line."""
    markup = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return markup.replace("B C T H W", "B&nbsp;C&nbsp;T&nbsp;H&nbsp;W")
