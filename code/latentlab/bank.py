"""The question bank: interview questions with model answers, worked out with all their numbers.

`labs/lab-NN-slug-interview.toml` holds those of a lab, one entry each:

    [[question]]
    id = "wan-request"
    title = "A request to Wan 2.1"
    depth = "core"
    draw = { frames = [81, 49], size = [[480, 832]] }
    ask = "Wan 2.1 gets {frames} frames of {size[0]} × {size[1]}. What is the latent?"
    gives = "request.latent"
    executed = "real.latent('wan-2-1', 1, frames, *size)"
    steps = ["Channels: {request.latent[1]}.", "…"]
    answer = "…"
    rubric = ["…", "…", "…"]
    probes = "That the first frame is one of a group."
    sources = [{ paper = "2503.20314", title = "Wan" }]
    [question.let]
    request = "atlas.trace('wan-2-1', height=size[0], width=size[1], frames=frames)"
    [[question.follow]]
    ask = "…"
    answer = "…"

What `draw`, `where`, `let` and `holds` are is told in `latentlab.entries`. Every text may have
expressions in braces, and no other number than 0 and 1: not a figure is typed. Expressions know
`in_bytes`, too. With more than one set of numbers a question has `gives`, its answer as a value,
`steps`, which work it out, and `executed`: the same value by running the real thing, which only
tests do. A source is one of

    { library = "diffusers", file = "models/…", line = "what stands in that line" }
    { project = "modelscope/DiffSynth-Studio", version = "fed7b18fac2e", file = "diffsynth/…" }
    { issue = "huggingface/diffusers#8887" }
    { paper = "2112.10752", title = "High-Resolution Image Synthesis with Latent Diffusion Models" }
    { code = "code/latentlab/atlas.py", name = "trace" }

    python -m latentlab.bank [lab-NN-slug]

checks the whole bank, or the questions of a lab.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cache
from numbers import Real
from pathlib import Path
from string import Formatter
from typing import Any, ClassVar

from latentlab import atlas, entries, source
from latentlab.entries import Entry, plain, with_numbers

DEPTHS = ("warm-up", "core", "expert")
MOST = 12  # versions of one question
WORDS = range(60, 141)  # of a model answer
GENERATED = ("gives", "executed", "steps")
FORMS: dict[str, frozenset[str]] = {
    "library": frozenset({"library", "file", "line"}),
    "project": frozenset({"project", "version", "file"}),
    "issue": frozenset({"issue"}),
    "paper": frozenset({"paper", "title"}),
    "code": frozenset({"code", "name"}),
}
PROJECT = r"[\w.-]+/[\w.-]+"
# Names with a number that are no figures, beside the titles and names of the atlas.
PRODUCTS = (
    *("SD 1.5", "SD 1", "SD 2.1", "SD 2", "SD 3.5", "SD 3", "Stable Diffusion 1.5"),
    *("Stable Diffusion 1", "Stable Diffusion 2", "Stable Diffusion 3.5", "FLUX.1-dev"),
    *("CogVideoX 1.0", "CogVideoX 1.5", "CogVideoX 2B", "CogVideoX 5B", "CogVideoX-2B"),
    *("CogVideoX-5B", "CogVideoX1.5-5B", "Wan 2.2-5B", "Wan 2.2-A14B", "Wan 2.2", "Wan 2"),
    *("LTX-Video 0.9.7", "LTX-Video 0.9", "Cosmos 1.0", "Sana f32c32", "DC-AE f32c32", "H.264"),
)
# What has a digit and states no figure: words such as fp16, 2-D, the rule 4k+1, an issue's number.
NO_FIGURE = re.compile(r"(?<![\w.])[^\W\d]\w*|\d-?D\b|\d*[kNn](?=\s*[+−-])|#\d+")
FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def in_bytes(count: int | float) -> str:
    """A number of bytes as a reader says it: `3.95 GiB`."""
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if count >= 1024**power:
            size = count / 1024**power
            return f"{size:{'.3g' if size < 999.5 else ',.0f'}} {unit}"
    return f"{count:,.0f} bytes"


def typed_figures(text: str) -> list[str]:
    """The figures of a text that stand outside its braces, but for 0 and 1 and names with a number.

    Raises ValueError for a text whose braces do not match.
    """
    literal = " {} ".join(part for part, *_ in Formatter().parse(text))
    found = FIGURE.findall(NO_FIGURE.sub(" ", _products().sub(" ", literal)))
    return [figure for figure in found if figure not in ("0", "1")]


@dataclass(frozen=True)
class Source:
    """Where the truth of an answer stands."""

    text: str
    url: str


@dataclass(frozen=True)
class Follow:
    """What is asked next, and its answer."""

    ask: str
    answer: str


@dataclass(frozen=True)
class Version:
    """A question with one set of numbers. `drawn` tells the versions of a question apart."""

    drawn: str
    ask: str
    answer: str
    steps: tuple[str, ...]
    rubric: tuple[str, ...]
    follow: tuple[Follow, ...]
    gives: object = None


@dataclass(frozen=True)
class Question:
    """An interview question. Its first version comes first, the others as if shuffled."""

    id: str
    lab: str
    title: str
    depth: str
    probes: str
    sources: tuple[Source, ...]
    versions: tuple[Version, ...]

    @property
    def generated(self) -> bool:
        """Whether there is more than one version."""
        return len(self.versions) > 1

    def as_json(self) -> dict[str, Any]:
        """Plain data, as the parts of the page take it."""
        data = asdict(self)
        for version in data["versions"]:
            del version["gives"]
        return data


class Bank:
    """The questions of all labs, in their order, or of one.

        Bank(course)["wan-request"]

    `course` is the folder of the course, `repository` the address of its files on the web. Raises
    ValueError for a file that is not as described above: it names the file, the entry and the
    field, and says what was expected.
    """

    def __init__(self, course: Path, lab: str | None = None, *, repository: str = "") -> None:
        self.course, self.repository = course, repository
        files = {
            path.name.removesuffix("-interview.toml"): path
            for path in sorted(course.glob("labs/lab-*-interview.toml"))
        }
        if lab is not None and lab not in files:
            near = get_close_matches(lab, files, n=1, cutoff=0)
            nearest = f"; the nearest is {near[0]!r}" if near else ""
            raise ValueError(f"there are no interview questions of {lab!r}{nearest}")
        self._modules: dict[str, list[str]] = {}
        self._entries: dict[str, _Entry] = {}
        self._questions: dict[str, Question] = {}
        self._names: dict[str, dict[str, Any]] = {}
        taken: dict[str, str] = {}
        for name in files if lab is None else (lab,):
            file = files[name].name
            self._modules[name], listed = entries.read(files[name])
            for number, fields in enumerate(listed, 1):
                identity = entries.identity(file, number, fields, taken)
                taken[identity] = file
                self._entries[identity] = _Entry(name, file, fields)

    def __iter__(self) -> Iterator[Question]:
        return (self[name] for name in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, name: str) -> Question:
        if name not in self._questions:
            entry = self._entry(name)
            self._questions[name] = entry.question(
                self._known(entry.lab), self.course, self.repository
            )
        return self._questions[name]

    def executed(self, name: str, also: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
        """Of each version: what is drawn, what it gives, and what running the real thing gives.

        `also` holds what the expression `executed` knows besides.
        """
        entry = self._entry(name)
        return entry.executed(self._known(entry.lab), also)

    def _entry(self, name: str) -> "_Entry":
        if name not in self._entries:
            near = get_close_matches(name, self._entries, n=1, cutoff=0)
            nearest = f"; the nearest is {near[0]!r}" if near else ""
            raise ValueError(f"the bank has no question {name!r}{nearest}")
        return self._entries[name]

    def _known(self, lab: str) -> dict[str, Any]:
        if lab not in self._names:
            file = f"{lab}-interview.toml"
            names = entries.known(self.course, lab, file, self._modules[lab])
            self._names[lab] = {**names, "in_bytes": in_bytes}
        return self._names[lab]


class _Entry(Entry):
    """One entry as it stands in the file."""

    required: ClassVar[Mapping[str, type]] = {
        **Entry.required,
        **dict.fromkeys(("depth", "ask", "answer", "probes"), str),
        **dict.fromkeys(("rubric", "sources", "follow"), list),
    }
    optional: ClassVar[Mapping[str, type]] = {
        **Entry.optional,
        **{"gives": str, "executed": str, "steps": list},
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        depth = self.fields["depth"]
        if depth not in DEPTHS:
            near = get_close_matches(depth, DEPTHS, n=1, cutoff=0)[0]
            raise self.error("depth", f"{depth!r}, the nearest is {near!r}")
        for field in ("draw", "let"):
            if "in_bytes" in self.fields.get(field, ()):
                raise self.error(f"{field}.in_bytes", "hides the bank's own; give it another name")
        self._count("rubric", 3, 5)
        self._count("steps", 2, 6)
        self._count("follow", 2, 2)
        for number, follow in enumerate(self.fields["follow"], 1):
            if not isinstance(follow, dict):
                raise self.error("follow", f"{follow!r}, expected [[question.follow]] tables")
            self.check(f"follow {number}.", follow, {"ask": str, "answer": str}, {})
        for field, text in self._texts():
            if not isinstance(text, str) or not text:
                raise self.error(field, f"{text!r}, expected a text")
            self._check_figures(field, text)

    def _count(self, field: str, least: int, most: int) -> None:
        found = len(self.fields.get(field, range(least)))
        if not least <= found <= most:
            expected = f"{least}" if least == most else f"{least} to {most}"
            raise self.error(field, f"there are {found}, expected {expected}")

    def _texts(self) -> Iterator[tuple[str, Any]]:
        """All that a reader reads, each with its field."""
        for field in ("title", "ask", "answer", "probes"):
            yield field, self.fields[field]
        for field in ("steps", "rubric"):
            for number, text in enumerate(self.fields.get(field, ()), 1):
                yield f"{field} {number}", text
        for number, follow in enumerate(self.fields["follow"], 1):
            for field in ("ask", "answer"):
                yield f"follow {number}.{field}", follow[field]

    def _check_figures(self, field: str, text: str) -> None:
        try:
            typed = typed_figures(text)
        except ValueError as error:
            raise self.error(field, str(error)) from error
        for figure in typed:
            raise self.error(
                field, f"{figure} is typed; expected an expression in braces that gives it"
            )

    def question(self, names: Mapping[str, Any], course: Path, repository: str) -> Question:
        """The question with each set of numbers."""
        draws = self.draws(names, MOST)
        made = tuple(self._version(*drawn) for drawn in draws)
        if len(made) > 1:
            for field in GENERATED:
                if field not in self.fields:
                    raise self.error(field, "missing, where there is more than one set of numbers")
        asked: dict[str, Version] = {}
        for version in made:
            if other := asked.get(version.ask):
                raise self.error("ask", f"the same with {version.drawn} as with {other.drawn}")
            asked[version.ask] = version
        return Question(
            **{field: self.fields[field] for field in ("id", "title", "depth")},
            lab=self.lab,
            probes=self.text("probes", self.fields["probes"], draws[0][1]),
            sources=tuple(self._source(one, course, repository) for one in self.fields["sources"]),
            versions=made,
        )

    def _version(self, drawn: dict[str, Any], names: dict[str, Any]) -> Version:
        def told(field: str, text: str) -> str:
            return self.text(field, text, names)

        def listed(field: str) -> tuple[str, ...]:
            texts = self.fields.get(field, ())
            return tuple(told(f"{field} {number}", text) for number, text in enumerate(texts, 1))

        answer = told("answer", self.fields["answer"])
        if len(answer.split()) not in WORDS:
            expected = f"expected {WORDS[0]} to {WORDS[-1]}"
            raise self.error(
                "answer", f"{len(answer.split())} words{with_numbers(drawn)}; {expected}"
            )
        return Version(
            drawn=plain(drawn),
            ask=told("ask", self.fields["ask"]),
            answer=answer,
            steps=listed("steps"),
            rubric=listed("rubric"),
            follow=tuple(
                Follow(
                    told(f"follow {number}.ask", follow["ask"]),
                    told(f"follow {number}.answer", follow["answer"]),
                )
                for number, follow in enumerate(self.fields["follow"], 1)
            ),
            gives=self._given("gives", names) if "gives" in self.fields else None,
        )

    def executed(
        self, names: Mapping[str, Any], also: Mapping[str, Any]
    ) -> Iterator[tuple[str, object, object]]:
        """Of each version: what is drawn, what it gives, and what running the real thing gives."""
        if "executed" in self.fields:
            for drawn, known in self.draws(names, MOST):
                given = self._given("gives", known)
                yield plain(drawn), given, self._given("executed", {**known, **also})

    def _given(self, field: str, names: Mapping[str, Any]) -> object:
        value = self.value(field, self.fields.get(field), dict(names))
        if isinstance(value, bool) or not isinstance(value, str | tuple | Real):
            kind = type(value).__name__
            raise self.error(field, f"{value!r} is a {kind}, expected a number, a tuple or words")
        return tuple(value) if isinstance(value, tuple) else value

    def _source(self, stated: object, course: Path, repository: str) -> Source:
        for form, fields in FORMS.items():
            if isinstance(stated, dict) and form in stated:
                if stated.keys() != fields or not all(isinstance(v, str) for v in stated.values()):
                    expected = f"expected the texts {', '.join(sorted(fields))}"
                    raise self.error("sources", f"{stated!r}; {expected}")
                break
        else:
            raise self.error("sources", f"{stated!r}, expected one of {', '.join(FORMS)}")
        try:
            return _found(form, stated, course, repository)
        except (ValueError, OSError) as error:
            raise self.error("sources", str(error)) from error


def _found(form: str, stated: Mapping[str, str], course: Path, repository: str) -> Source:
    """A source that is there, with its address. Raises ValueError or OSError if it is not."""
    if form == "library":
        quote = source.quote(stated["library"], stated["file"], stated["line"])
        return Source(f"{quote.library} {quote.version}, {quote.file}:{quote.line}", quote.url)
    if form == "project":
        project = _matched("project", PROJECT, stated["project"], "owner/name")
        version = _matched("version", r"[\w.-]+", stated["version"], "a commit or a tag")
        url = f"https://github.com/{project}/blob/{version}/{stated['file']}"
        return Source(f"{project} {version}, {stated['file']}", url)
    if form == "issue":
        issue = _matched("issue", rf"{PROJECT}#[1-9]\d*", stated["issue"], "owner/name#number")
        return Source(issue, f"https://github.com/{issue.replace('#', '/issues/')}")
    if form == "paper":
        paper = _matched("paper", r"\d{4}\.\d{4,5}", stated["paper"], "arXiv's, such as 2112.10752")
        return Source(f"{stated['title']}, arXiv {paper}", f"https://arxiv.org/abs/{paper}")
    line = _line(course, stated["code"], stated["name"])
    return Source(f"{stated['name']} in {stated['code']}", f"{repository}{stated['code']}#L{line}")


def _matched(field: str, pattern: str, value: str, expected: str) -> str:
    if not re.fullmatch(pattern, value):
        raise ValueError(f"{field} {value!r}, expected {expected}")
    return value


def _line(course: Path, file: str, name: str) -> int:
    """The line of a file of the course that defines a name; `Class.method` for a method."""
    path = course / file
    if path.suffix != ".py" or not path.is_file():
        there = [one.relative_to(course).as_posix() for one in course.glob("code/*/*.py")]
        near = get_close_matches(file, there, n=1, cutoff=0)
        raise ValueError(f"{file!r} is no Python file of the course; the nearest is {near[0]!r}")
    lines = dict(_definitions(ast.parse(path.read_text(encoding="utf-8")).body))
    if name not in lines:
        near = get_close_matches(name, lines, n=1, cutoff=0) or ["nothing"]
        raise ValueError(f"{file} defines no {name!r}; the nearest is {near[0]!r}")
    return lines[name]


def _definitions(body: list[ast.stmt], within: str = "") -> Iterator[tuple[str, int]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield f"{within}{node.name}", node.lineno
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node.body, f"{node.name}.")
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name):
                yield f"{within}{target.id}", node.lineno


@cache
def _products() -> re.Pattern[str]:
    """The names with a number that are no figures, longest first."""
    families = atlas.families()
    titles = {family.title for family in families.values()}
    short = {title.partition(" (")[0] for title in titles}
    names = sorted({*PRODUCTS, *titles, *short, *families}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?![\w]|\.\d)")


def main() -> None:
    """Check the bank, or the questions of a lab, and say how many there are."""
    try:
        bank = Bank(Path(__file__).parents[2], *sys.argv[1:2])
        questions = list(bank)
    except ValueError as error:
        sys.exit(str(error))
    generated = [question for question in questions if question.generated]
    versions = sum(len(question.versions) for question in questions)
    print(f"{len(questions)} questions, {len(generated)} generated, {versions} versions")


if __name__ == "__main__":
    main()
