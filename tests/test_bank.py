"""The question bank: what its files may hold, what is told of a fault, and that answers hold."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diffusers
import numpy
import pytest
import real_classes
import torch
from latentlab.bank import DEPTHS, Bank, Question, in_bytes

ROOT = Path(__file__).parents[1]
LABS = sorted(path.stem for path in ROOT.glob("labs/lab-*.ipynb"))
ALSO = {"real": real_classes, "torch": torch, "diffusers": diffusers, "numpy": numpy}
WORDS = " ".join(["Frames are grouped along T, which costs nothing."] * 9)
ENTRY = f"""
modules = ["latentlab.layout"]

[[question]]
id = "groups"
title = "Groups of a clip"
depth = "warm-up"
draw = {{ frames = [81, 17, 49] }}
ask = "Wan 2.1 gets {{frames}} frames. How many groups?"
gives = "groups"
executed = "len(range(1, frames, TEMPORAL))"
steps = ["One frame is by itself.", "{{frames - 1}} / {{TEMPORAL}} = {{groups}}, the rule 4k+1."]
answer = "{{groups}} groups in fp16. {WORDS}"
rubric = ["Names T.", "Says {{groups}}.", "Names the trade-off."]
probes = "That the first frame is one of a group."
sources = [
  {{ library = "diffusers", file = "models/autoencoders/vae.py", line = "class Diagonal" }},
  {{ project = "modelscope/DiffSynth-Studio", version = "fed7b18", file = "diffsynth/a.py" }},
  {{ issue = "huggingface/diffusers#8887" }},
  {{ paper = "2112.10752", title = "Latent Diffusion" }},
  {{ code = "code/lab-00-try/starter.py", name = "TEMPORAL" }},
]
let = {{ groups = "(frames - 1) // TEMPORAL" }}
[[question.follow]]
ask = "Why 1 more?"
answer = "The first frame."
[[question.follow]]
ask = "How large?"
answer = "{{in_bytes(groups * 1024)}}."
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return the folder of a course with a starter, and with ENTRY as the bank of its lab."""
    (tmp_path / "labs").mkdir()
    (tmp_path / "code" / "lab-00-try").mkdir(parents=True)
    (tmp_path / "code" / "lab-00-try" / "starter.py").write_text("import math\nTEMPORAL = 4\n")
    write(tmp_path, ENTRY)
    return tmp_path


def write(course: Path, text: str, lab: str = "lab-00-try") -> None:
    (course / "labs" / f"{lab}-interview.toml").write_text(text, encoding="utf-8")


def test_each_version_is_worked_out(course: Path):
    bank = Bank(course, repository="https://example.org/")
    (question,) = bank
    assert question is bank["groups"] and question.generated and len(bank) == 1
    first, *rest = question.versions
    assert first.ask == "Wan 2.1 gets 81 frames. How many groups?"
    assert first.steps == ("One frame is by itself.", "80 / 4 = 20, the rule 4k+1.")
    assert first.answer.startswith("20 groups in fp16.") and first.gives == 20
    assert first.rubric[1] == "Says 20." and first.follow[1].answer == "20 KiB."
    assert [one.drawn for one in (first, *sorted(rest, key=lambda one: one.drawn))] == [
        *("81", "17", "49")
    ]
    assert question.sources[2].url == "https://github.com/huggingface/diffusers/issues/8887"
    assert question.sources[3].url == "https://arxiv.org/abs/2112.10752"
    assert question.sources[4].url == "https://example.org/code/lab-00-try/starter.py#L2"
    data = question.as_json()
    assert data["versions"][0]["follow"][0] == {"ask": "Why 1 more?", "answer": "The first frame."}
    assert "gives" not in data["versions"][0]


def test_what_is_given_is_what_is_executed(course: Path):
    assert sorted(Bank(course).executed("groups", {})) == [
        *(("17", 4, 4), ("49", 12, 12), ("81", 20, 20))
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('id = "groups"', 'id = "Groups"', "the id of question 1, 'Groups', is not in kebab-case"),
        ('title = "Groups of a clip"\n', "", "'groups', `title`: missing"),
        ("title", "titel", "`titel`: unknown; the nearest is `title`"),
        ('depth = "warm-up"', 'depth = "expret"', "`depth`: 'expret', the nearest is 'expert'"),
        ('depth = "warm-up"', "depth = 1", "`depth`: 1, expected a text"),
        ("[81, 17, 49]", "[]", r"`draw`: frames = \[\], expected a list of values"),
        ("[81, 17, 49]", "[81, 81]", "`ask`: the same with 81 as with 81"),
        ("[81, 17, 49]", str([*range(1, 99, 4)]), "`draw`: 25 sets of numbers, expected 12"),
        ("{ frames =", "{ in_bytes = [1], frames =", "`draw.in_bytes`: hides the bank's own"),
        ("let = {", "let = { in_bytes = '1',", "`let.in_bytes`: hides the bank's own"),
        ("let = {", "where = 'frames < 80'\nlet = {", "`where`: it leaves out the first values"),
        ("let = {", "holds = 'groups > 9'\nlet = {", "`holds`: not so, with frames = 17"),
        ("// TEMPORAL", "// SPATIAL", r"`let.groups`: .* raises NameError: name 'SPATIAL'"),
        ('gives = "groups"', 'gives = "[groups]"', r"`gives`: \[20\] is a list, expected a number"),
        ('gives = "groups"', 'gives = "groop"', "`gives`: groop raises NameError"),
        ('gives = "groups"\n', "", "`gives`: missing, where there is more than one set"),
        ("executed =", "# executed =", "`executed`: missing, where there is more than one set"),
        ("steps =", "# steps =", "`steps`: missing, where there is more than one set"),
        ('"One frame is by itself.", ', "", "`steps`: there are 1, expected 2 to 6"),
        ("Wan 2.1 gets {frames", "Wan gets 81 {frames", "`ask`: 81 is typed; expected an express"),
        ("Wan 2.1", "Wan 7.1", "`ask`: 7.1 is typed"),
        ("in fp16", "in `x[2]`", "`answer`: 2 is typed"),
        ("in fp16", "of 3x3", "`answer`: 3 is typed"),
        ("Why 1 more?", "Why 16 more?", "`follow 1.ask`: 16 is typed"),
        ("Says {groups}", "Says 20", "`rubric 2`: 20 is typed"),
        ("itself.", "itself, 1 + 80.", "`steps 1`: 80 is typed"),
        ("first frame is one", "first 4 are one", "`probes`: 4 is typed"),
        ("Groups of a clip", "Groups of 81", "`title`: 81 is typed"),
        ("{groups} groups", "{groups groups", "'groups', `answer`: "),
        ("{groups} groups", "{groups:.q} groups", "'groups', `answer`: "),
        ("{groups} groups", "{group} groups", "`answer`: group raises NameError"),
        (WORDS, "Few words.", "`answer`: 6 words, with frames = 81; expected 60 to 140"),
        (WORDS, WORDS * 3, "`answer`: .* words, with frames = 81; expected 60 to 140"),
        ('"Names T.", ', "", "`rubric`: there are 2, expected 3 to 5"),
        ('"Names T."', "7", "`rubric 1`: 7, expected a text"),
        ('ask = "Why 1 more?"\n', "", "`follow 1.ask`: missing"),
        ('ask = "Why 1 more?"', 'aks = "Why?"', "`follow 1.aks`: unknown; the nearest is `ask`"),
        (
            '[[question.follow]]\nask = "Why 1 more?"\nanswer = "The first frame."',
            "",
            "`follow`: there are 1, expected 2",
        ),
        (
            'line = "class Diagonal"',
            'line = "class Orthogonal"',
            "`sources`: no line of diffusers .*vae.py, contains 'class Orthogonal'",
        ),
        ("autoencoders/vae.py", "autoencoders/vea.py", "`sources`: .*vea.py"),
        ('library = "diffusers"', 'library = "comfy"', "`sources`: 'comfy' cannot be quoted"),
        ('line = "class Diagonal"', 'fact = "x"', "`sources`: .*; expected the texts file, lib"),
        ("modelscope/Diff", "Diff", "`sources`: project 'DiffSynth-Studio', expected owner/name"),
        ("diffusers#8887", "diffusers/8887", "`sources`: issue .*, expected owner/name#number"),
        ("2112.10752", "211210752", "`sources`: paper '211210752', expected arXiv's"),
        (
            "try/starter.py",
            "try/strater.py",
            "`sources`: .* is no Python file of the course; the nearest is 'code/lab-00-try",
        ),
        (
            '"TEMPORAL" }',
            '"TEMPORALS" }',
            "`sources`: .* defines no 'TEMPORALS'; the nearest is 'TE",
        ),
        ("{ issue =", "{ thread =", "`sources`: .*, expected one of library, project, issue"),
        (
            "latentlab.layout",
            "latentlab.layuot",
            "no module 'latentlab.layuot'; the nearest is 'latentlab.layout'",
        ),
        ("modules =", "module =", "; unknown: module"),
        ("[[question]]", "[question]]", "is no TOML"),
    ],
)
def test_a_fault_is_told_with_file_entry_and_field(course: Path, old: str, new: str, told: str):
    assert old in ENTRY
    write(course, ENTRY.replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"^lab-00-try-interview\.toml.*{told}") as caught:
        list(Bank(course))
    assert "\n" not in str(caught.value)


def test_an_id_is_there_once_in_the_whole_bank(course: Path):
    write(course, ENTRY, "lab-01-again")
    with pytest.raises(
        ValueError,
        match=r"^lab-01-again-interview\.toml: .* 'groups', is there twice: lab-00-try-interview",
    ):
        Bank(course)
    write(course, ENTRY + ENTRY.partition("\n\n")[2])
    with pytest.raises(ValueError, match=r"the id of question 2, 'groups', is there twice$"):
        Bank(course, "lab-00-try")


def test_what_is_not_there_offers_the_nearest(course: Path):
    with pytest.raises(ValueError, match="has no question 'group'; the nearest is 'groups'"):
        Bank(course)["group"]
    with pytest.raises(ValueError, match="of 'lab-0-try'; the nearest is 'lab-00-try'"):
        Bank(course, "lab-0-try")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (12, "12 bytes"),
        (2048, "2 KiB"),
        (1.5 * 2**20, "1.5 MiB"),
        (1023 * 2**20, "1,023 MiB"),
        (2**32, "4 GiB"),
    ],
)
def test_bytes_are_said_in_the_largest_unit(count: float, said: str):
    assert in_bytes(count) == said


# From here on, the bank of the course.


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank(ROOT)


def test_the_bank_is_large(bank: Bank):
    questions = list(bank)
    assert len(questions) >= 120
    assert sum(question.generated for question in questions) >= 30


@pytest.mark.parametrize("lab", LABS)
def test_each_lab_has_questions_of_each_depth(bank: Bank, lab: str):
    depths = Counter(question.depth for question in bank if question.lab == lab)
    assert all(depths[depth] >= 2 for depth in DEPTHS), depths


def test_versions_of_a_question_differ(bank: Bank):
    for question in bank:
        drawn = [version.drawn for version in question.versions]
        assert len(set(drawn)) == len(drawn), question.id
        if question.generated:
            assert len({version.gives for version in question.versions}) > 1, question.id


def test_no_text_has_braces_left(bank: Bank):
    for question in bank:
        for text in texts(question.as_json()):
            assert text.strip() == text, (question.id, text)
            assert not text.count("`") % 2, (question.id, text)


def texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list | tuple):
        for part in data.values() if isinstance(data, dict) else data:
            yield from texts(part)


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS)
def test_what_is_given_is_what_the_real_thing_gives(bank: Bank, lab: str):
    questions: list[Question] = [question for question in bank if question.lab == lab]
    assert any(question.generated for question in questions)
    for question in questions:
        for drawn, gives, executed in bank.executed(question.id, ALSO):
            assert gives == executed, f"{question.id}, {drawn}: {gives}, executed: {executed}"
