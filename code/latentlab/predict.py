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

`right`, what `wrong` gives, and what stands in braces are Python expressions, which know what
`latentlab.entries` tells, as it does of `draw`, `where`, `let` and `holds`. The keys of `wrong` are
rules, worded to follow "that is what you get when". An entry may also have `run`: a call for the
starter that gives the right answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cached_property
from html import escape
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar

from latentlab import entries
from latentlab.entries import Entry, digest, marked, plain, with_numbers
from latentlab.figure import style

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
            f'<details name="{self.lab}-{self.id}"><summary>{marked(option.answer)}</summary>'
            f"<p>{_feedback(option, instance)}</p></details>"
            for option in instance.options
        )
        return (
            f'<style>{style()}</style><div class="ls-predict" role="group" '
            f'aria-label="Prediction: {escape(self.title)}"><p>{marked(instance.prompt)}</p>'
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
        self.modules, listed = entries.read(path)
        self.entries: dict[str, _Entry] = {}
        for number, fields in enumerate(listed, 1):
            name = entries.identity(
                self.file, number, fields, dict.fromkeys(self.entries, self.file)
            )
            self.entries[name] = _Entry(lab, self.file, fields)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __getitem__(self, name: str) -> Question:
        if name not in self.entries:
            near = get_close_matches(name, self.entries, n=1, cutoff=0) or list(self.entries)
            raise ValueError(f"{self.file} has no question {name!r}; the nearest is {near[0]!r}")
        return self.entries[name].question(self._names)

    @cached_property
    def _names(self) -> dict[str, Any]:
        return entries.known(self.course, self.lab, self.file, self.modules)


class _Entry(Entry):
    """One entry as it stands in the file."""

    required: ClassVar[Mapping[str, type]] = {
        **Entry.required,
        **dict.fromkeys(("prompt", "right", "because"), str),
        "wrong": dict,
    }
    optional: ClassVar[Mapping[str, type]] = {**Entry.optional, "run": str}

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.fields["wrong"]) < 2:
            raise self.error("wrong", "one rule, expected 2 or more")
        for rule in self.fields["wrong"]:
            if rule.endswith("."):
                raise self.error(f"wrong.{rule}", "ends with a full stop, where the page has one")

    def question(self, names: Mapping[str, Any]) -> Question:
        """The question with each set of numbers."""
        made = tuple(self._instance(*drawn) for drawn in self.draws(names, MOST))
        return Question(self.lab, self.fields["id"], self.fields["title"], made)

    def _instance(self, drawn: dict[str, Any], names: dict[str, Any]) -> Instance:
        right = self.value("right", self.fields["right"], names)
        options = [Option(self._word("right", right), None)]
        for rule, expression in self.fields["wrong"].items():
            wrong = self.value(f"wrong.{rule}", expression, names)
            options.append(Option(self._word(f"wrong.{rule}", wrong), rule))
        self._tell_apart(options, drawn)
        run = self.text("run", self.fields["run"], names) if "run" in self.fields else None
        if run and (gives := self.value("run", run, names)) != right:
            raise self.error("run", f"{run} gives {gives}, where {right} is right")
        return Instance(
            drawn=plain(drawn),
            prompt=self.text("prompt", self.fields["prompt"], names),
            options=tuple(
                sorted(options, key=lambda one: digest(self.fields["id"], drawn, one.answer))
            ),
            because=self.text("because", self.fields["because"], names),
            run=run,
        )

    def _word(self, field: str, answer: object) -> str:
        """An answer as a reader sees it."""
        if isinstance(answer, bool) or not isinstance(answer, str | tuple | Real):
            kind = type(answer).__name__
            raise self.error(field, f"{answer} is a {kind}, expected a number, a shape or words")
        if isinstance(answer, Integral):
            return f"{answer:,}"
        return f"{answer:g}" if isinstance(answer, Real) else str(answer)

    def _tell_apart(self, options: list[Option], drawn: dict[str, Any]) -> None:
        seen: dict[str, Option] = {}
        for option in options:
            if other := seen.get(option.answer):
                one = f"the rule {other.rule!r} gives" if other.rule else "is right"
                told = f"{option.answer}, as {one}{with_numbers(drawn)}"
                raise self.error(
                    f"wrong.{option.rule}", f"{told}; mend it, or say `where` it holds"
                )
            seen[option.answer] = option


def _feedback(option: Option, instance: Instance) -> str:
    if option.rule is None:
        return f'<span class="ls-right">Right.</span> {marked(instance.because)}'
    return (
        '<span class="ls-wrong">Not this one.</span> '
        f"That is what you get when {marked(option.rule)}."
    )
