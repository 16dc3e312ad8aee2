"""Exercises that check themselves and recognize the mistakes people make."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from latentlab.figure import _style


@dataclass(frozen=True)
class Verdict:
    """What `check` found: `solved`, and one sentence for the learner."""

    solved: bool
    message: str

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        look = "ls-verdict ls-solved" if self.solved else "ls-verdict"
        html = f'<style>{_style()}</style><div class="{look}">{escape(self.message)}</div>'
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
        if _agree(wanted, got):
            return Verdict(True, f"Solved: {self.name} is right on all {len(self.cases)} cases.")
        for mistake, wrong in self.mistakes.items():
            if _agree([_outcome(wrong, case) for case in self.cases], got):
                return Verdict(
                    False,
                    f"Not yet: it looks as if {mistake}. {self._say(wanted, got)}",
                )
        return Verdict(False, f"Not yet. {self._say(wanted, got)}")

    def _say(self, wanted: list[object], got: list[object]) -> str:
        for case, one_wanted, one_got in zip(self.cases, wanted, got, strict=True):
            if not _agree([one_wanted], [one_got]):
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
                False,
                f"Not yet: check takes one of the functions {names}; got {answer!r}.",
            )
        return exercise.check(answer)


@dataclass(frozen=True)
class _Raised:
    error: str


def _outcome(function: Callable, case: tuple) -> object:
    try:
        return function(*case)
    except Exception as error:  # whatever a learner's code raises is part of the verdict
        return _Raised(type(error).__name__)


def _agree(wanted: list[object], got: list[object]) -> bool:
    return all(map(_same, wanted, got))


def _same(wanted: object, got: object) -> bool:
    if isinstance(wanted, float) and isinstance(got, (int, float)) and not isinstance(got, bool):
        return math.isclose(wanted, got, rel_tol=1e-6, abs_tol=1e-9)
    return type(wanted) is type(got) and wanted == got


def _word(outcome: object, *, own: bool = False) -> str:
    verb, thrown = ("returned", "raised") if own else ("return", "raise")
    if isinstance(outcome, _Raised):
        return f"{thrown} {outcome.error}"
    return f"{verb} {outcome!r}"
