"""The questions of a lab: read from its file, and worked out with all their numbers.

`labs/lab-NN-slug-questions.toml` holds them, one entry each:

    [[question]]
    id = "eighty"
    title = "A count off the rule"
    draw = { frames = [80, 50] }
    prompt = "{frames} frames go in, four to a group. How many come back?"
    right = "1 + (frames - 1) // TEMPORAL * TEMPORAL"
    because = "{frames} = 1 + 4 × {(frames - 1) // 4} + {(frames - 1) % 4}."
    [question.wrong]
    "every frame is expected to come back" = "frames"
    "the first frame is forgotten when decoding" = "(frames - 1) // TEMPORAL * TEMPORAL"

`right`, what `wrong` gives, and what stands in braces are Python expressions. They know the names
of the lab's starter, `atlas`, `math`, the numbers drawn, and the modules that the file lists as
`modules`, each by the last part of its name. The keys of `wrong` are rules, worded to follow "that
is what you get when". An entry may also have

- `draw`: the values to draw from. The first of each are shown first, every combination is one set
  of numbers, and `where` is true for those that make sense;
- `let`: names for expressions, worked out in order, for all that follows;
- `run`: a call for the starter that gives the right answer;
- `holds`: what has to be true for the answer to be right, where the answers are words.
"""

import math
import re
import runpy
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from html import escape
from importlib import import_module
from itertools import product
from numbers import Integral, Real
from pathlib import Path
from string import Formatter
from typing import Any

from latentlab import atlas
from latentlab.figure import style

FIELDS: dict[str, type] = {
    **dict.fromkeys(("id", "title", "prompt", "right", "because"), str),
    "wrong": dict,
}
OPTIONAL: dict[str, type] = {
    **{"draw": dict, "let": dict},
    **dict.fromkeys(("where", "run", "holds"), str),
}
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MOST = 36  # sets of numbers of one question
STORED = "latent-shapes/question"  # where the metadata of a notebook's output hold a question


@dataclass(frozen=True)
class Option:
    """An answer, and the wrong rule that gives it; None for the right one."""

    answer: str
    rule: str | None


@dataclass(frozen=True)
class Instance:
    """A question with one set of numbers. `drawn` tells the sets of a question apart."""

    drawn: str
    prompt: str
    options: tuple[Option, ...]
    because: str
    run: str | None = None


@dataclass(frozen=True)
class Question:
    """A prompt to commit to an answer of, with one set of numbers or more."""

    lab: str
    id: str
    title: str
    instances: tuple[Instance, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data, as the page's part takes it."""
        return asdict(self)

    @property
    def html(self) -> str:
        """The first set of numbers, answered by unfolding: what a reader without scripts has."""
        instance = self.instances[0]
        drawn = "".join(
            f'<details name="{self.lab}-{self.id}"><summary>{_marked(option.answer)}</summary>'
            f"<p>{_feedback(option, instance)}</p></details>"
            for option in instance.options
        )
        return (
            f'<style>{style()}</style><div class="ls-predict" role="group" '
            f'aria-label="Prediction: {escape(self.title)}"><p>{_marked(instance.prompt)}</p>'
            f"{drawn}</div>"
        )

    def __str__(self) -> str:
        instance = self.instances[0]
        return "\n".join([instance.prompt, *(f"  - {one.answer}" for one in instance.options)])


class Questions:
    """The questions of one lab, by their ids.

        Questions(course, "lab-03-latent-shape-tracking")["shape"]

    `course` is the folder of the course. Raises ValueError for a file that is not as described
    above: it names the file, the entry and the field, and says what was expected.
    """

    def __init__(self, course: Path, lab: str) -> None:
        self.course, self.lab = course, lab
        self.file = f"{lab}-questions.toml"
        path = course / "labs" / self.file
        if not path.exists():
            raise ValueError(f"{self.file} is missing: it holds the questions of {lab}")
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{self.file} is no TOML: {error}") from error
        self.modules: list[str] = table.pop("modules", [])
        self.entries: dict[str, _Entry] = {}
        entries = table.pop("question", [])
        if not isinstance(entries, list):
            raise ValueError(f"{self.file}: expected [[question]] entries, each in double brackets")
        for number, fields in enumerate(entries, 1):
            name = fields.get("id")
            if not isinstance(name, str) or not NAME.fullmatch(name) or name in self.entries:
                what = "there twice" if name in self.entries else "not in kebab-case"
                raise ValueError(f"{self.file}: the id of question {number}, {name!r}, is {what}")
            self.entries[name] = _Entry(lab, self.file, fields)
        if table or not self.entries:
            what = f"unknown: {', '.join(table)}" if table else "there is no question"
            raise ValueError(f"{self.file} holds `modules` and [[question]] entries; {what}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __getitem__(self, name: str) -> Question:
        if name not in self.entries:
            near = get_close_matches(name, self.entries, n=1, cutoff=0) or list(self.entries)
            raise ValueError(f"{self.file} has no question {name!r}; the nearest is {near[0]!r}")
        return self.entries[name].question(self._names)

    @cached_property
    def _names(self) -> dict[str, Any]:
        """What every expression of the file knows."""
        folder = self.course / "code" / self.lab
        (starter,) = (
            path for path in folder.glob("*.py") if not path.name.endswith("exercises.py")
        )
        public = {
            name: value
            for name, value in runpy.run_path(str(starter), run_name="starter").items()
            if not name.startswith("_")
        }
        modules = {name.rpartition(".")[2]: import_module(name) for name in self.modules}
        return {"math": math, "atlas": atlas, **modules, **public}


@dataclass(frozen=True)
class _Entry:
    """One entry as it stands in the file, checked for having the fields of an entry."""

    lab: str
    file: str
    fields: Mapping[str, Any]

    def __post_init__(self) -> None:
        known = FIELDS | OPTIONAL
        for field, value in self.fields.items():
            if field not in known:
                near = get_close_matches(field, known, n=1, cutoff=0)[0]
                raise self._error(field, f"unknown; the nearest is `{near}`")
            if not isinstance(value, known[field]) or not value:
                kind = "a table" if known[field] is dict else "a text"
                raise self._error(field, f"{value!r}, expected {kind}")
        for field in FIELDS:
            if field not in self.fields:
                raise self._error(field, "missing")
        for name, values in self.fields.get("draw", {}).items():
            if not isinstance(values, list) or len(values) < 1:
                raise self._error("draw", f"{name} = {values!r}, expected a list of values")
        if len(self.fields["wrong"]) < 2:
            raise self._error("wrong", "one rule, expected 2 or more")
        for rule in self.fields["wrong"]:
            if rule.endswith("."):
                raise self._error(f"wrong.{rule}", "ends with a full stop, where the page has one")

    def question(self, names: Mapping[str, Any]) -> Question:
        """The question with each set of numbers: the first, and the others as if shuffled."""
        name = self.fields["id"]
        first, *rest = self._sets()
        rest.sort(key=lambda drawn: _digest(self.lab, name, drawn))
        made = [self._instance(drawn, dict(names)) for drawn in (first, *rest)]
        if made[0] is None:
            raise self._error("where", "it leaves out the first values, which are shown first")
        instances = tuple(instance for instance in made if instance)
        if len(instances) > MOST:
            raise self._error("draw", f"{len(instances)} sets of numbers, expected {MOST} at most")
        return Question(self.lab, name, self.fields["title"], instances)

    def _sets(self) -> list[dict[str, Any]]:
        draw = self.fields.get("draw", {})
        values = (
            [tuple(value) if isinstance(value, list) else value for value in values]
            for values in draw.values()
        )
        return [dict(zip(draw, drawn, strict=True)) for drawn in product(*values)]

    def _instance(self, drawn: dict[str, Any], names: dict[str, Any]) -> Instance | None:
        """With these numbers; None where `where` leaves them out."""
        names |= drawn
        if not self._value("where", self.fields.get("where", "True"), names):
            return None
        for name, expression in self.fields.get("let", {}).items():
            names[name] = self._value(f"let.{name}", expression, names)
        right = self._value("right", self.fields["right"], names)
        options = [Option(self._word("right", right), None)]
        for rule, expression in self.fields["wrong"].items():
            wrong = self._value(f"wrong.{rule}", expression, names)
            options.append(Option(self._word(f"wrong.{rule}", wrong), rule))
        self._tell_apart(options, drawn)
        if not self._value("holds", self.fields.get("holds", "True"), names):
            raise self._error("holds", f"not so{_with(drawn)}")
        run = self._text("run", names) if "run" in self.fields else None
        if run and (gives := self._value("run", run, names)) != right:
            raise self._error("run", f"{run} gives {gives}, where {right} is right")
        return Instance(
            drawn=" ".join(map(_plain, drawn.values())),
            prompt=self._text("prompt", names),
            options=tuple(
                sorted(options, key=lambda one: _digest(self.fields["id"], drawn, one.answer))
            ),
            because=self._text("because", names),
            run=run,
        )

    def _value(self, field: str, expression: object, names: dict[str, Any]) -> Any:
        if not isinstance(expression, str):
            kind = type(expression).__name__
            raise self._error(field, f"{expression} is a {kind}, expected an expression in quotes")
        try:
            return eval(expression, dict(names))
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise self._error(field, f"{expression} raises {said}") from error

    def _text(self, field: str, names: dict[str, Any]) -> str:
        """A text of the entry, with its braces replaced by what the expressions in them give."""
        parts = []
        try:
            for literal, expression, spec, _ in Formatter().parse(self.fields[field]):
                parts.append(literal)
                if expression is not None:
                    parts.append(format(self._value(field, expression, names), spec or ""))
        except (TypeError, ValueError) as error:
            known = str(error).startswith(self.file)
            raise error if known else self._error(field, str(error)) from error
        return "".join(parts)

    def _word(self, field: str, answer: object) -> str:
        """An answer as a reader sees it."""
        if isinstance(answer, bool) or not isinstance(answer, str | tuple | Real):
            kind = type(answer).__name__
            raise self._error(field, f"{answer} is a {kind}, expected a number, a shape or words")
        if isinstance(answer, Integral):
            return f"{answer:,}"
        return f"{answer:g}" if isinstance(answer, Real) else str(answer)

    def _tell_apart(self, options: list[Option], drawn: dict[str, Any]) -> None:
        seen: dict[str, Option] = {}
        for option in options:
            if other := seen.get(option.answer):
                one = f"the rule {other.rule!r} gives" if other.rule else "is right"
                raise self._error(
                    f"wrong.{option.rule}",
                    f"{option.answer}, as {one}{_with(drawn)}; mend it, or say `where` it holds",
                )
            seen[option.answer] = option

    def _error(self, field: str, what: str) -> ValueError:
        return ValueError(f"{self.file}: question {self.fields['id']!r}, `{field}`: {what}")


def _with(drawn: Mapping[str, Any]) -> str:
    return "".join(f", with {name} = {value}" for name, value in drawn.items())


def _digest(*parts: object) -> str:
    """A place in an order that looks like chance and stays."""
    return sha256(repr(parts).encode()).hexdigest()


def _plain(value: object) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _feedback(option: Option, instance: Instance) -> str:
    if option.rule is None:
        return f'<span class="ls-right">Right.</span> {_marked(instance.because)}'
    return (
        '<span class="ls-wrong">Not this one.</span> '
        f"That is what you get when {_marked(option.rule)}."
    )


def _marked(text: str) -> str:
    """Markup of a text: code between backticks, and axes that stay on one line."""
    markup = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return markup.replace("B C T H W", "B&nbsp;C&nbsp;T&nbsp;H&nbsp;W")
