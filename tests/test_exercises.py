"""The contract of every exercise: the stub fails, the solution passes, mistakes are named."""

import inspect
import re
from pathlib import Path

import nbformat
import notebooks
import numpy as np
import pytest
import torch
from latentlab.exercise import Exercise, Exercises

ROOT = Path(__file__).parents[1]
DEFINED = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)  # the first is the answer's name
LABS = [path.stem for path in sorted(ROOT.glob("labs/lab-*.ipynb"))]
EXERCISES = [
    pytest.param(lab, exercise, id=f"{lab[:6]}-{exercise.name}")
    for lab in LABS
    for exercise in notebooks.exercises(lab).by_name.values()
]
each_exercise = pytest.mark.parametrize(("lab", "exercise"), EXERCISES)


@pytest.mark.parametrize("lab", LABS)
def test_lab_has_three_exercises(lab):
    assert len(notebooks.exercises(lab).by_name) >= 3


@pytest.mark.parametrize("lab", LABS)
def test_lab_has_two_exercises_that_the_page_can_run(lab):
    assert len(notebooks.page_exercises(lab).by_name) >= 2
    assert notebooks.page_exercises(lab).by_name.keys() <= notebooks.exercises(lab).by_name.keys()


@each_exercise
def test_hints_lead_to_the_solution_and_are_not_it(lab, exercise):
    assert 1 <= len(exercise.hints) <= 3
    assert len(set(exercise.hints)) == len(exercise.hints)
    solution = inspect.getsource(exercise.solution).splitlines()[1:]
    lines = [line.strip().removeprefix("return ") for line in solution]
    for hint in exercise.hints:
        assert hint.endswith(".") or hint.endswith("?")
        assert not [line for line in lines if len(line) > 8 and line in hint]


@each_exercise
def test_stub_in_the_notebook_is_not_yet_a_solution(lab, exercise):
    cells = nbformat.read(ROOT / f"labs/{lab}.ipynb", as_version=4).cells
    (stub,) = [
        cell.source
        for cell in cells
        if cell.cell_type == "code"
        and cell.id.startswith("exercise-")
        and DEFINED.search(cell.source)[1] == exercise.name
    ]
    assert f"check({exercise.name})" in stub
    namespace: dict = {"check": lambda answer: answer}
    exec(stub.replace("from exercises import check", ""), namespace)
    assert not exercise.check(namespace[exercise.name]).solved


@each_exercise
def test_solution_passes(lab, exercise):
    assert exercise.check(exercise.solution).solved


@each_exercise
def test_printed_solution_runs_where_it_is_printed(lab, exercise):
    cells = nbformat.read(ROOT / f"labs/{lab}.ipynb", as_version=4).cells
    namespace: dict = {"check": lambda answer: answer}
    for cell in cells:
        if cell.id.startswith("exercise-") and cell.cell_type == "code":
            exec(cell.source.replace("from exercises import check", ""), namespace)
    printed = next(
        cell.source
        for cell in cells
        if cell.source.startswith("<details>\n<summary>Solution:")
        and DEFINED.search(cell.source)[1] == exercise.name
    )
    exec(printed.split("```python")[1].split("```")[0], namespace)
    assert exercise.check(namespace[exercise.name]).solved


@each_exercise
def test_mistakes_fail_and_are_named(lab, exercise):
    assert len(exercise.mistakes) >= 3
    for mistake, wrong in exercise.mistakes.items():
        verdict = exercise.check(wrong)
        assert not verdict.solved
        assert f"it looks as if {mistake}." in verdict.message


@each_exercise
def test_an_unforeseen_answer_gets_the_first_case_it_fails(lab, exercise):
    verdict = exercise.check(lambda *case: "something else")
    if exercise.trial:  # a class, asked in words
        assert verdict.message.startswith(f"Not yet. {exercise.name}: {exercise.cases[0][0]}")
        assert "yours raised TypeError: expected a class" in verdict.message
    else:
        assert verdict.message.startswith(f"Not yet. {exercise.name}(")
        assert verdict.message.endswith("yours returned 'something else'.")


def double(x):
    return 2 * x


DOUBLE = Exercise(double, cases=[(1,), (2.5,)], mistakes={"you squared": lambda x: x * x})


def test_an_answer_that_raises_is_told_so():
    def clumsy(x):
        raise KeyError(x)

    assert "should return 2; yours raised KeyError" in DOUBLE.check(clumsy).message


def test_numbers_count_by_value_and_other_types_do_not():
    assert DOUBLE.check(lambda x: x / 0.5).solved
    assert DOUBLE.check(lambda x: np.float32(2 * x)).solved
    assert not DOUBLE.check(lambda x: str(2 * x)).solved
    assert not DOUBLE.check(lambda x: 2 * x + 1e-3).solved


def test_sequences_are_compared_number_by_number():
    pair = Exercise(lambda x: (x, x / 3), cases=[(1,)], mistakes={})
    assert pair.check(lambda x: (1.0, 0.33333333)).solved
    assert pair.check(lambda x: [x, x / 3]).solved
    assert not pair.check(lambda x: (x,)).solved


HALVE = Exercise(
    lambda x: x / 2, cases=[(np.arange(3.0),), (np.arange(12.0).reshape(3, 4),)], mistakes={}
)


def test_arrays_are_compared_number_by_number_and_shape_by_shape():
    assert HALVE.check(lambda x: np.float32(0.5) * x + 1e-12).solved
    assert not HALVE.check(lambda x: (x / 2)[None]).solved
    assert not HALVE.check(lambda x: (x / 2).tolist()).solved
    small = HALVE.check(lambda x: x).message
    assert "(array([0.0, 1.0, 2.0])) should return array([0.0, 0.5, 1.0]); yours" in small
    assert "\n" not in small
    large = HALVE.check(lambda x: np.where(x == 11, 7, x / 2)).message
    assert "shape (3, 4) with 7 at [2, 3], where 5.5 is right." in large


def test_numbers_are_shown_so_that_they_differ():
    low = HALVE.check(lambda x: x / 2 + (x == 11) * 1e-3).message
    assert "with 5.501 at [2, 3], where 5.5 is right" in low
    close = Exercise(lambda x: x - 0.99215686, cases=[(np.zeros((3, 4)),)], mistakes={})
    assert "-0.992188 at [0, 0], where -0.992157 is" in close.check(lambda x: x - 0.9921875).message
    short = HALVE.check(lambda x: np.float32(0.0039) + x).message
    assert "yours returned array([0.0039, 1.0039, 2.0039])" in short


def test_a_dtype_counts_where_the_exercise_says_so():
    cases = [(np.array([0, 64]),), (np.arange(20),)]
    for typed in (False, True):
        bytes_ = Exercise(lambda x: x.astype(np.uint8), cases, {"you left them": abs}, typed=typed)
        assert bytes_.check(lambda x: torch.tensor(x, dtype=torch.uint8)).solved
        assert bytes_.check(lambda x: x.astype(np.int64)).solved is not typed
    assert "as if you left them." in bytes_.check(lambda x: x).message
    said = bytes_.check(lambda x: x.astype(np.float32)).message
    assert "yours returned array([0.0, 64.0]) of float32, where uint8 is right." in said


def test_an_error_of_many_lines_is_shown_in_one():
    def wordy(x):
        raise KeyError("first\nsecond\n" + 100 * "more ")

    said = DOUBLE.check(wordy).message
    assert "\n" not in said and "first" in said and "second" in said and len(said) < 400


def test_a_right_answer_may_be_a_tensor_or_an_array_without_axes():
    half = Exercise(lambda x: x / 2, cases=[(3.0,), (4.0,)], mistakes={})
    pair = Exercise(lambda x: np.array([x, 2 * x]), cases=[(3.0,)], mistakes={})
    assert half.check(lambda x: np.array(x / 2)).solved
    assert half.check(lambda x: torch.tensor(x / 2)).solved
    assert not half.check(lambda x: torch.tensor(x)).solved
    assert not half.check(lambda x: np.array([x / 2])).solved
    assert pair.check(lambda x: torch.tensor([x, 2 * x])).solved
    assert not pair.check(lambda x: torch.tensor([2 * x, x])).solved


def test_an_answer_may_change_what_it_is_given():
    def in_place(x):
        x /= 2
        return x

    assert HALVE.check(in_place).solved
    assert HALVE.check(in_place).solved


class Pair:
    def first(self):
        return 1

    def second(self):
        return 2


class WrongFirst(Pair):
    def first(self):
        return 10


class BothWrong(WrongFirst):
    def second(self):
        return 20


PAIR = Exercise(
    Pair,
    cases=[("second",), ("first",)],
    trial=lambda answer, question: getattr(answer(), question)(),
    mistakes={"the first is ten": WrongFirst},
)


def test_a_class_is_asked_in_words_and_told_the_first_mistake():
    assert PAIR.check(Pair).solved
    assert "as if the first is ten. Pair: first should return 1" in PAIR.check(WrongFirst).message
    assert "Pair: second should return 2; yours returned 20." in PAIR.check(BothWrong).message
    both = Exercise(Pair, PAIR.cases[::-1], PAIR.mistakes, PAIR.trial).check(BothWrong)
    assert "it looks as if the first is ten." in both.message


def test_check_finds_the_exercise_by_the_name_of_the_function():
    assert Exercises(DOUBLE).check(double).solved


@pytest.mark.parametrize("wrong", [3, None, double(2), str])
def test_check_of_anything_else_names_what_it_takes(wrong):
    verdict = Exercises(DOUBLE).check(wrong)
    assert not verdict.solved
    assert "takes one of the functions double" in verdict.message


def test_verdict_is_shown_escaped():
    shown = DOUBLE.check(lambda x: "<b>")._repr_mimebundle_()
    assert "&lt;b&gt;" in shown["text/html"]
    assert "'<b>'" in shown["text/plain"]
