"""Exercises that check themselves and recognize the mistakes people make."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import compress
from numbers import Real
from typing import Literal

from latentlab.figure import style


@dataclass(frozen=True)
class Verdict:
    """What `check` found, and one sentence for the learner."""

    state: Literal["solved", "wrong", "untouched"]
    message: str

    @property
    def solved(self) -> bool:
        return self.state == "solved"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        html = (
            f"<style>{style()}</style>"
            f'<div class="ls-verdict ls-{self.state}">{escape(self.message)}</div>'
        )
        return {"text/html": html, "text/plain": self.message}


@dataclass(frozen=True)
class Exercise:
    """A function to write: its solution, the cases it is tried on, and the known wrong ways.

    `mistakes` maps the name of a mistake, worded to follow "it looks as if", to a function that
    makes it. An answer that agrees with one of them on every case is told which one it is.
    """

    solution: Callable
    cases: Sequence[tuple]
    mistakes: Mapping[str, Callable]

    @property
    def name(self) -> str:
        return self.solution.__name__

    def check(self, answer: Callable) -> Verdict:
        """Try `answer` on every case. An error that it raises becomes part of the message."""
        wanted = [_outcome(self.solution, case) for case in self.cases]
        got = [_outcome(answer, case) for case in self.cases]
        if all(map(_same, wanted, got)):
            return Verdict("solved", f"Solved: right on all {len(self.cases)} cases.")
        said = self._say(wanted, got)
        if all(one is None for one in got):
            return Verdict("untouched", f"Your turn: {said.partition(';')[0]}.")
        if mistake := self._recognize(wanted, got):
            return Verdict("wrong", f"Not yet: it looks as if {mistake}. {said}")
        return Verdict("wrong", f"Not yet. {said}")

    def _recognize(self, wanted: list[object], got: list[object]) -> str | None:
        """The mistake that gives the same results: on all cases, or on those with an answer."""
        answered = [not isinstance(one, _Raised) for one in wanted]
        for counts in ([True] * len(wanted), answered):
            for mistake, wrong in self.mistakes.items():
                made = [_outcome(wrong, case) for case in self.cases]
                alike = all(map(_same, compress(made, counts), compress(got, counts)))
                right = all(map(_same, compress(wanted, counts), compress(made, counts)))
                if alike and not right:
                    return mistake
        return None

    def _say(self, wanted: list[object], got: list[object]) -> str:
        for case, one_wanted, one_got in zip(self.cases, wanted, got, strict=True):
            if not _same(one_wanted, one_got):
                call = f"{self.name}({', '.join(map(repr, case))})"
                return f"{call} should {_word(one_wanted)}; yours {_word(one_got, own=True)}."
        raise AssertionError("called without a difference")


class Exercises:
    """The exercises of one lab. `check(answer)` finds the one that bears the answer's name."""

    def __init__(self, *exercises: Exercise) -> None:
        self.by_name = {exercise.name: exercise for exercise in exercises}

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
        return function(*case)
    except Exception as error:  # whatever a learner's code raises is part of the verdict
        return _Raised(type(error).__name__, str(error))


def _same(wanted: object, got: object) -> bool:
    if isinstance(wanted, tuple | list) and isinstance(got, tuple | list):
        return len(wanted) == len(got) and all(map(_same, wanted, got))
    if isinstance(wanted, Real) and isinstance(got, Real) and not isinstance(got, bool):
        return math.isclose(float(wanted), float(got), rel_tol=1e-6, abs_tol=1e-9)
    return type(wanted) is type(got) and wanted == got


def _word(outcome: object, *, own: bool = False) -> str:
    verb, thrown = ("returned", "raised") if own else ("return", "raise")
    if isinstance(outcome, _Raised):
        return f"{thrown} {outcome.error}" + (f": {outcome.message}" if own else "")
    return f"{verb} {outcome!r}"
