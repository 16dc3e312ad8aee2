"""The interview page: dialogues with computed numbers, and plans made of this course's pages.

Both stand in handbook/interview.toml. `{dialogue} ID` writes a dialogue, in which each turn says
who speaks; what stands in braces is computed, as in the question bank, with the names of the
dialogue's lab. `{plan} NAME` writes the sittings of a plan, with the minutes of their pages: a
lab's are those that it states, a chapter's are counted from its words.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from docutils import nodes
from docutils.statemachine import StringList
from latentlab import atlas, bank, entries
from latentlab.entries import Entry
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FILE = Path("handbook", "interview.toml")
SPEAKERS = ("interviewer", "candidate")
STATED = re.compile(r"\*(\d+) minutes(?:, and (as much again|half as much) for the exercises)?\.")
SHARES = {None: 0.0, "half as much": 0.5, "as much again": 1.0}
WORDS_A_MINUTE = 150  # of a reader who stops to think
ROUND = 5  # minutes


class Dialogue(Entry):
    """One [[dialogue]]: `turns` of { interviewer = "…" } and { candidate = "…" }."""

    required: ClassVar[Mapping[str, type]] = {**Entry.required, "lab": str, "turns": list}
    optional: ClassVar[Mapping[str, type]] = {"let": dict, "holds": str}

    def __post_init__(self) -> None:
        super().__post_init__()
        for number, turn in enumerate(self.fields["turns"], 1):
            field = f"turns {number}"
            if not isinstance(turn, dict) or len(turn) != 1 or not {*turn} <= {*SPEAKERS}:
                raise self.error(field, f"{turn!r}, expected one of {' or '.join(SPEAKERS)}")
            (text,) = turn.values()
            if not isinstance(text, str) or not text:
                raise self.error(field, f"{text!r}, expected a text")
            for figure in bank.typed_figures(text):
                raise self.error(field, f"{figure} is typed; expected an expression in braces")

    def html(self, names: Mapping[str, Any]) -> str:
        """The turns, in each who speaks."""
        ((_, known),) = self.draws(names, 1)
        turns = []
        for number, turn in enumerate(self.fields["turns"], 1):
            ((speaker, text),) = turn.items()
            said = entries.marked(self.text(f"turns {number}", text, known))
            said = said.replace("\n\n", "</p><p>")
            turns.append(
                f'<div class="ls-turn ls-{speaker}">'
                f"<p><b>{speaker.capitalize()}:</b> {said}</p></div>"
            )
        title = escape(self.fields["title"])
        return (
            f'<div class="ls-dialogue" role="group" aria-label="Dialogue: {title}">'
            f"{''.join(turns)}</div>"
        )

    def error(self, field: str, what: str) -> ValueError:
        """What is wrong with a field, with the file and the dialogue."""
        return ValueError(f"{self.file}: dialogue {self.fields['id']!r}, `{field}`: {what}")


def read(course: Path) -> tuple[list[str], dict[str, Dialogue], dict[str, list[dict[str, Any]]]]:
    """The modules, the dialogues by id and the plans by name. Raises ValueError, with the file."""
    try:
        table = tomllib.loads((course / FILE).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{FILE.name} is no TOML: {error}") from error
    modules, listed = table.pop("modules", []), table.pop("dialogue", [])
    plans = table.pop("plan", {})
    if table:
        raise ValueError(
            f"{FILE.name} holds `modules`, [[dialogue]] and [[plan.NAME]] entries; "
            f"unknown: {', '.join(table)}"
        )
    dialogues: dict[str, Dialogue] = {}
    for number, fields in enumerate(listed, 1):
        name = entries.identity(FILE.name, number, fields, dict.fromkeys(dialogues, FILE.name))
        dialogues[name] = Dialogue(fields.get("lab", ""), FILE.name, fields)
    return modules, dialogues, plans


def dialogue(course: Path, name: str) -> str:
    """A dialogue as HTML. Raises ValueError, with file, entry and field, for a fault in it."""
    modules, dialogues, _ = read(course)
    found = dialogues[_known("dialogue", name, dialogues)]
    names = entries.known(course, found.lab, FILE.name, modules)
    return found.html({**names, "in_bytes": bank.in_bytes})


def plan(course: Path, name: str) -> str:
    """A plan as Markdown, with the minutes of each step, each sitting, and of all."""
    _, _, plans = read(course)
    sittings = plans[_known("plan", name, plans)]
    counted = [(one, [minutes(course, name, step) for step in one["steps"]]) for one in sittings]
    lines = [f"All in all about {_hours(sum(sum(each) for _, each in counted))}.", ""]
    for sitting, each in counted:
        lines += [f"**{sitting['title']}** · {sum(each)} minutes", ""]
        lines += [
            f"- [](/{step['page']}): {step['do']} *{time} min*"
            for step, time in zip(sitting["steps"], each, strict=True)
        ]
        lines.append("")
    return "\n".join(lines)


def minutes(course: Path, plan: str, step: Mapping[str, Any]) -> int:
    """Of a step: its own, a lab's stated ones, or those of reading a chapter."""
    page = str(step.get("page"))
    path = course / page
    if not path.is_file():
        there = [str(one.relative_to(course)) for one in pages(course)]
        near = get_close_matches(page, there, n=1, cutoff=0)[0]
        raise ValueError(
            f"{FILE.name}: plan {plan!r}, `page`: no {page!r}; the nearest is {near!r}"
        )
    if "minutes" in step:
        return int(step["minutes"])
    if path.suffix == ".ipynb":
        title = nbformat.read(path, as_version=4).cells[0].source
        stated = STATED.search(title)
        if stated is None:
            raise ValueError(f"{FILE.name}: plan {plan!r}, `page`: {page} states no minutes")
        extra = SHARES[stated[2]] if step.get("exercises") else 0
        return _rounded(int(stated[1]) * (1 + extra))
    return _rounded(len(path.read_text(encoding="utf-8").split()) / WORDS_A_MINUTE)


def pages(course: Path) -> Iterator[Path]:
    """What a plan may list: chapters and labs."""
    yield from sorted(course.glob("handbook/*.md"))
    yield from sorted(course.glob("labs/*.ipynb"))


def _rounded(exact: float) -> int:
    """Up to whole steps of ROUND minutes."""
    return -int(-exact // ROUND) * ROUND


def _hours(total: int) -> str:
    """Minutes as a reader plans with them, up to the next half hour."""
    hours = -(-total // 30) / 2
    return f"{hours:g} hour{'s' * (hours != 1)}"


def _known(kind: str, name: str, there: Mapping[str, Any]) -> str:
    if name not in there:
        near = get_close_matches(name, there, n=1, cutoff=0)
        nearest = f"; the nearest is {near[0]!r}" if near else ""
        raise ValueError(f"{FILE.name} has no {kind} {name!r}{nearest}")
    return name


class InterviewDirective(SphinxDirective):
    """What both directives do: depend on the file, and tell its faults at their line."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        course = Path(self.env.srcdir)
        for path in (course / FILE, atlas.TABLE):
            self.env.note_dependency(str(path))
        try:
            return self.made(course, self.arguments[0])
        except ValueError as error:
            raise self.error(str(error)) from error

    def made(self, course: Path, name: str) -> list[nodes.Node]:
        raise NotImplementedError


class DialogueDirective(InterviewDirective):
    """`{dialogue} ID`."""

    def made(self, course: Path, name: str) -> list[nodes.Node]:
        return [nodes.raw("", dialogue(course, name), format="html")]


class PlanDirective(InterviewDirective):
    """`{plan} NAME`: its links are checked as those of any page."""

    def made(self, course: Path, name: str) -> list[nodes.Node]:
        for path in pages(course):
            self.env.note_dependency(str(path))
        box = nodes.container(classes=["ls-plan"])
        lines = plan(course, name).splitlines()
        self.state.nested_parse(StringList(lines, source=str(FILE)), self.content_offset, box)
        return [box]


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("dialogue", DialogueDirective)
    app.add_directive("plan", PlanDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "version": "1"}
