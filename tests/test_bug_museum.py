"""Lab 12: what its checks find and let pass, on numpy and torch; its exhibits and reports."""

import re
import runpy
from collections.abc import Callable

import nbformat
import notebooks
import numpy as np
import pytest
import torch
from latentlab.predict import Questions

LAB = "lab-12-bug-museum"
STARTER = runpy.run_path(str(notebooks.starter(LAB)))
CELLS = {
    cell.id: cell
    for cell in nbformat.read(notebooks.ROOT / f"labs/{LAB}.ipynb", as_version=4).cells
}
EXHIBITS = [name.removesuffix("-told") for name in CELLS if name.endswith("-told")]
each_exhibit = pytest.mark.parametrize("name", EXHIBITS)
both = pytest.mark.parametrize("library", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


def halved(steps: int) -> np.ndarray:
    """A ramp of eight columns, with a step before the fifth."""
    return np.arange(8.0).reshape(1, 1, 1, 8) + steps * (np.arange(8) >= 4)


SPOILED = np.where(normal(1, 3, 8, 8) > 2, np.nan, 0.5)
Library = Callable[[np.ndarray], object]


@both
@pytest.mark.parametrize(
    ("check", "given", "told"),
    [
        ("numbers", SPOILED, "the tensor has NaN or infinity"),
        ("numbers", np.array([1.0, np.inf]), "the tensor has NaN or infinity"),
        ("pixels", SPOILED, "the picture has NaN or infinity"),
        ("pixels", np.linspace(0, 1, 9), "pixels lie in 0.00 to 1.00: expected -1 to 1"),
        ("pixels", np.linspace(0, 255, 9), "pixels lie in 0.00 to 255.00"),
        ("pixels", np.linspace(-2, 1, 9), "pixels lie in -2.00 to 1.00"),
        ("red", np.reshape([0.0, 0.0, 1.0], (3, 1, 1)), "red is in channel 2"),
        ("latent", normal(4, 4, 16, 16) / 2, "the latent's deviation is 0.50"),
        ("latent", normal(4, 4, 64, 64) * 2, "the latent's deviation is 2.0"),
        ("latent", normal(4, 4, 16, 16) - 0.5, "the latent's mean is -0.5"),
        ("latent", SPOILED, "the latent has NaN or infinity"),
    ],
)
def test_a_check_says_what_it_found(library: Library, check: str, given: np.ndarray, told: str):
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        STARTER[f"check_{check}"](library(given))
    assert "expected" in str(caught.value) and "\n" not in str(caught.value)


@both
def test_what_is_right_passes(library: Library):
    STARTER["check_numbers"](library(normal(3)))
    STARTER["check_pixels"](library(np.linspace(-1, 1, 9)))
    STARTER["check_red"](library(np.reshape([1.0, 0.0, 0.0], (3, 1, 1))))
    STARTER["check_latent"](library(normal(4, 4, 16, 16)))
    STARTER["check_close"](library(normal(3)), library(normal(3)))
    STARTER["check_seam"](library(halved(2)), 4)


@both
def test_known_answers_and_seams(library: Library):
    answer = library(np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"14\.0 dB from the known answer: expected 20 or more"):
        STARTER["check_close"](library(np.full((3, 4), 0.4)), answer)
    with pytest.raises(ValueError, match="the answer has NaN"):
        STARTER["check_close"](library(np.full((3, 4), np.nan)), answer)
    with pytest.raises(ValueError, match="the step at column 4 is 6 times those beside it"):
        STARTER["check_seam"](library(halved(5)), 4)


def test_counts_shapes_and_savings():
    for frames in (1, 5, 17, 81):
        STARTER["check_frames"](frames, 4)
    with pytest.raises(ValueError, match=r"80 frames leave 3 over: .* the nearest are 77 and 81"):
        STARTER["check_frames"](80, 4)
    with pytest.raises(ValueError, match=r"^T is 20: expected 21$"):
        STARTER["check_shape"]((1, 16, 20, 2, 3), (1, 16, 21, 2, 3), "B C T H W")
    with pytest.raises(ValueError, match=r"^4 axes: expected 5, B C T H W$"):
        STARTER["check_shape"]((1, 16, 2, 3), (1, 16, 1, 2, 3), "B C T H W")
    STARTER["check_saved"](50, 100)
    with pytest.raises(ValueError, match="the peak is 100% of what it was"):
        STARTER["check_saved"](100, 100)


@pytest.mark.parametrize(
    ("bug", "speak"),
    [
        (None, []),
        ("range", ["pixels"]),
        ("colors", ["red"]),
        ("frames", ["frames", "shape"]),
        ("scale", ["answer"]),
        ("twice", ["latent"]),
    ],
)
def test_each_bug_of_the_starter_is_seen_by_its_check(bug: str | None, speak: list[str]):
    said = dict(STARTER["pipeline"](STARTER["picture"], bug))
    assert [name for name in said if said[name] != "passes"] == speak


def test_there_are_fifteen_exhibits_in_the_order_of_their_letters():
    titles = [CELLS[name].source.splitlines()[0] for name in EXHIBITS]
    assert [title[: len("### Exhibit A")] for title in titles] == [
        f"### Exhibit {letter}" for letter in "ABCDEFGHIJKLMNO"
    ]


@each_exhibit
def test_an_exhibit_goes_from_symptom_to_fix(name: str):
    order = [name, f"{name}-seen", f"predict-{name}", f"{name}-told", f"{name}-fixed"]
    start = list(CELLS).index(name)
    assert list(CELLS)[start : start + 5] == order
    assert "hide-input" in CELLS[f"{name}-seen"].metadata["tags"]
    assert "hide-cell" in CELLS[f"{name}-fixed"].metadata["tags"]
    told = CELLS[f"{name}-told"].source
    assert told.startswith("<details>")
    for part in ("**Cause.**", "**Fix.**", "**Asked in an interview:**"):
        assert part in told
    assert re.search(
        r"\]\(https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+\)", CELLS[name].source
    )


def printed(cell: str) -> str:
    return "".join(output.get("text", "") for output in CELLS[cell].outputs)


@each_exhibit
def test_a_check_or_an_error_speaks_first_and_passes_in_the_end(name: str):
    seen, fixed = printed(f"{name}-seen"), printed(f"{name}-fixed")
    assert "FAILS" in seen or "must match" in seen or "got 3 channels" in seen
    assert "passes" in fixed
    after = [line for line in fixed.splitlines() if line.startswith("after")]
    assert all("passes" in line for line in after)


@each_exhibit
def test_what_is_seen_does_not_name_the_cause(name: str):
    question = Questions(notebooks.ROOT, LAB)[name].instances[0]
    (right,) = [option.answer for option in question.options if option.rule is None]
    assert len(question.options) >= 4
    shown = CELLS[name].source + printed(f"{name}-seen")
    assert right not in shown
