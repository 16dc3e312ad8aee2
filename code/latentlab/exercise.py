"""Exercises that check themselves and recognize the mistakes people make.

This file needs the standard library only, so that the page runs the very same checks as a notebook.
What it knows of arrays is in `exercise_arrays`, loaded with the first value that is one.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from itertools import compress
from numbers import Real
from textwrap import shorten
from types import ModuleType
from typing import Literal

WIDEST = 240  # characters of an error that it can hold


@dataclass(frozen=True)
class Verdict:
    """What `check` found, and one sentence for the learner."""

    state: Literal["solved", "wrong", "untouched"]
    message: str

    @property
    def solved(self) -> bool:
        return self.state == "solved"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from latentlab.figure import style  # which only a notebook needs

        html = (
            f"<style>{style()}</style>"
            f'<div class="ls-verdict ls-{self.state}">{escape(self.message)}</div>'
        )
        return {"text/html": html, "text/plain": self.message}


@dataclass(frozen=True)
class Exercise:
    """A function or class to write: its solution, the cases it is tried on, and known wrong ways.

    `mistakes` maps the name of a mistake, worded to follow "it looks as if", to a function that
    makes it. An answer that agrees with one of them on every case is told which one it is.

    A function is called with each case. A class needs a `trial`, which is called with the answer
    and the case, whose first item says in words what is tried, such as "decode(z)".

    With `typed`, an array also has to have the dtype of the solution's.

    The `hints` lead to the solution, from a gentle one to one that nearly is there.
    """

    solution: Callable
    cases: Sequence[tuple]
    mistakes: Mapping[str, Callable]
    trial: Callable | None = None
    typed: bool = False
    hints: Sequence[str] = ()

    @property
    def name(self) -> str:
        return self.solution.__name__

    def check(self, answer: Callable) -> Verdict:
        """Try `answer` on every case. An error that it raises becomes part of the message."""
        wanted, got = self._outcomes(self.solution), self._outcomes(answer)
        if all(map(self._alike, wanted, got)):
            return Verdict("solved", f"Solved: right on all {len(self.cases)} cases.")
        said = self._say(wanted, got)
        if all(one is None for one in got):
            return Verdict("untouched", f"Your turn: {said.partition(';')[0]}.")
        if mistake := self._recognize(wanted, got):
            return Verdict("wrong", f"Not yet: it looks as if {mistake}. {said}")
        return Verdict("wrong", f"Not yet. {said}")

    def _outcomes(self, answer: Callable) -> list[object]:
        """What comes of each case. The answer gets copies, so it may change what it is given."""
        first = () if self.trial is None else (answer,)
        return [
            _outcome(self.trial or answer, (*first, *copy.deepcopy(case))) for case in self.cases
        ]

    def _alike(self, wanted: object, got: object) -> bool:
        return _same(wanted, got) and not (self.typed and _kind(wanted) != _kind(got))

    def _recognize(self, wanted: list[object], got: list[object]) -> str | None:
        """The mistake that gives the same results: on all cases, or on those with an answer.

        What a class is asked stands alone, so there the first question that fails is enough: an
        answer with two mistakes is told one of them.
        """
        count = len(wanted)
        tries = [[True] * count, [not isinstance(one, _Raised) for one in wanted]]
        if self.trial:
            differs = [not self._alike(*pair) for pair in zip(wanted, got, strict=True)]
            tries.append([index == differs.index(True) for index in range(count)])
        for counts in tries:
            for mistake, wrong in self.mistakes.items():
                made = self._outcomes(wrong)
                alike = all(map(self._alike, compress(made, counts), compress(got, counts)))
                right = all(map(self._alike, compress(wanted, counts), compress(made, counts)))
                if alike and not right:
                    return mistake
        return None

    def _say(self, wanted: list[object], got: list[object]) -> str:
        for case, one_wanted, one_got in zip(self.cases, wanted, got, strict=True):
            if not self._alike(one_wanted, one_got):
                call = f"{self.name}({', '.join(map(_shown, case))})"
                if self.trial:
                    call = f"{self.name}: {case[0]}"
                return (
                    f"{call} should {_word(one_wanted)}; yours {_word(one_got, own=True)}"
                    f"{_where(one_wanted, one_got)}."
                )
        raise AssertionError("called without a difference")


class Exercises:
    """The exercises of one lab. `check(answer)` finds the one that bears the answer's name."""

    def __init__(self, *exercises: Exercise) -> None:
        self.by_name = {exercise.name: exercise for exercise in exercises}

    def __iter__(self) -> Iterator[Exercise]:
        return iter(self.by_name.values())

    def check(self, answer: object) -> Verdict:
        """Check a learner's function; anything that is no exercise of the lab is told so."""
        exercise = self.by_name.get(getattr(answer, "__name__", ""))
        if exercise is None or not callable(answer):
            names = ", ".join(self.by_name)
            return Verdict(
                "wrong",
                f"Not yet: check takes one of the functions {names}; got {answer!r}.",
            )
        return exercise.check(answer)


@dataclass(frozen=True)
class _Raised:
    error: str
    message: str = field(compare=False)


def _outcome(function: Callable, case: tuple) -> object:
    try:
        return _plain(function(*case))
    except Exception as error:  # whatever a learner's code raises is part of the verdict
        return _Raised(type(error).__name__, str(error))


def _arrays(*values: object) -> ModuleType | None:
    """The module that knows arrays, where all the values may be some: then numpy is there."""
    if all(hasattr(value, "__array__") for value in values):
        return import_module("latentlab.exercise_arrays")
    return None


def _plain(value: object) -> object:
    arrays = _arrays(value)
    return arrays.plain(value) if arrays else value


def _same(wanted: object, got: object) -> bool:
    if isinstance(wanted, tuple | list) and isinstance(got, tuple | list):
        return len(wanted) == len(got) and all(map(_same, wanted, got))
    if (arrays := _arrays(wanted, got)) and arrays.both(wanted, got):
        return arrays.same(wanted, got)
    if isinstance(wanted, Real) and isinstance(got, Real) and not isinstance(got, bool):
        return math.isclose(float(wanted), float(got), rel_tol=1e-6, abs_tol=1e-9)
    return type(wanted) is type(got) and wanted == got


def _word(outcome: object, *, own: bool = False) -> str:
    verb, thrown = ("returned", "raised") if own else ("return", "raise")
    if isinstance(outcome, _Raised):
        said = shorten(outcome.message, WIDEST, placeholder=" …")
        return f"{thrown} {outcome.error}" + (f": {said}" if own else "")
    return f"{verb} {_shown(outcome)}"


def _kind(value: object) -> object:
    arrays = _arrays(value)
    return arrays.kind(value) if arrays else None


def _shown(value: object) -> str:
    """A value as a message has it, in one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))}{',' if len(value) == 1 else ''})"
    arrays = _arrays(value)
    return arrays.shown(value) if arrays else repr(value)


def _where(wanted: object, got: object) -> str:
    arrays = _arrays(wanted, got)
    return arrays.where(wanted, got) if arrays and arrays.both(wanted, got) else ""
