"""Lab 01: its ten mistakes and their assertions, its starter against torch, its figure."""

import runpy
from itertools import pairwise
from math import prod

import nbformat
import notebooks
import pytest
import torch
from bs4 import BeautifulSoup
from einops import rearrange
from hypothesis import given
from hypothesis import strategies as st
from latentlab.axis_mistakes import MISTAKES, evaluate, pan, picture, scene

LAB = "lab-01-pixels-and-axes"
STARTER = runpy.run_path(str(notebooks.starter(LAB)))
EXERCISES = notebooks.exercises(LAB).by_name

PHOTOGRAPHS = {
    "square": scene(),
    "wide": scene(photo=(108, 144), frame=(81, 81), frames=5),
    "tall": scene(photo=(144, 100), frame=(50, 70), frames=6),
}
each_mistake = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
each_scene = pytest.mark.parametrize("where", PHOTOGRAPHS)


def noise(where, seed=0):
    """A scene of the same shapes, of random numbers."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(value.shape, generator=generator)
        if isinstance(value, torch.Tensor) and name != "ramp"
        else value
        for name, value in PHOTOGRAPHS[where].items()
    }


def test_there_are_ten_mistakes_with_names_of_their_own():
    assert len({mistake.name for mistake in MISTAKES}) == 10
    assert len({mistake.sees for mistake in MISTAKES}) == 10


@each_scene
@each_mistake
def test_assertion_fires_on_its_mistake_and_is_silent_on_the_right_array(mistake, where):
    for arrays in (PHOTOGRAPHS[where], noise(where)):
        assert not mistake.caught(mistake.right, arrays)
        if mistake.outcome(arrays) in ("silent", "other shape"):
            assert mistake.caught(mistake.wrong, arrays)


@each_mistake
def test_in_the_lab_a_mistake_raises_nothing_and_does_harm(mistake):
    assert mistake.outcome(PHOTOGRAPHS["square"]) in ("silent", "other shape")


def test_what_other_sizes_tell():
    outcomes = {mistake.name: mistake.outcome(PHOTOGRAPHS["wide"]) for mistake in MISTAKES}
    assert outcomes["Broadcast over the wrong axis"] == "error"
    assert outcomes["Height and width traded"] == "other shape"
    assert outcomes["Frames taken for channels"] == "other shape"
    assert outcomes["Width given before height"] == "harmless"
    assert list(outcomes.values()).count("silent") == 6


@each_mistake
def test_each_mistake_can_be_drawn_and_looks_wrong(mistake):
    arrays = PHOTOGRAPHS["square"]
    wrong, right = (
        picture(evaluate(line, arrays), mistake.axes) for line in (mistake.wrong, mistake.right)
    )
    assert wrong.shape[2] == right.shape[2] == 3
    assert abs(wrong).max() <= 1
    assert wrong.shape != right.shape or abs(wrong - right).mean() > 0.05


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"photo": (200, 144)}, "200 × 144: .* from 2 to 144; the nearest is 144 × 144"),
        ({"photo": (143, 100)}, "143 × 100: expected even sides .* the nearest is 142 × 100"),
        ({"photo": (-4, 0)}, "-4 × 0: .* the nearest is 2 × 2"),
        ({"frame": (1, 1)}, "a frame of 1 × 1: expected at least 2 a side"),
        ({"frames": 7}, "a clip of 7 frames: expected 1 to 6"),
        ({"frames": 0}, "a clip of 0 frames: expected 1 to 6"),
    ],
)
def test_a_scene_that_cannot_be_made_is_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        scene(**sizes)


def test_a_pan_moves_and_stays_on_its_photograph():
    frames = pan(6, (9, 16)).unbind(1)
    assert len(frames) == 6
    assert all((one - other).abs().mean() > 0.01 for one, other in pairwise(frames))
    for count in (0, 97):
        with pytest.raises(ValueError, match=f"a pan of {count} frames: expected 1 to 96"):
            pan(count, (9, 16))


@pytest.mark.parametrize(
    ("shape", "axes", "message"),
    [
        ((3, 4, 4), "H W C", "axes 'H W C' cannot be drawn: expected 'C H W' or 'T C H W'"),
        ((10, 3, 4, 4), "T C H W", "a clip of 10 frames: expected 3 for each row"),
        ((0, 3, 4, 4), "T C H W", "a clip of 0 frames"),
        ((4, 4), "C H W", r"shape \(4, 4\): expected C H W with C = 3"),
    ],
)
def test_what_cannot_be_drawn_is_refused(shape, axes, message):
    with pytest.raises(ValueError, match=message):
        picture(torch.zeros(shape), axes)


def test_the_lab_names_every_mistake_before_and_in_the_answers_only():
    cells = {
        cell.id: cell
        for cell in nbformat.read(notebooks.ROOT / f"labs/{LAB}.ipynb", as_version=4).cells
    }
    names = sorted(mistake.name for mistake in MISTAKES)
    assert cells["break-names"].outputs[0].text.split("\n")[:-1] == names
    shown = BeautifulSoup(cells["break-sight"].outputs[0].data["text/html"], "html.parser")
    answers = [details.p.contents[0].rstrip(". ") for details in shown.find_all("details")]
    assert sorted(answers) == names
    for details in shown.find_all("details"):
        details.decompose()
    assert not [name for name in names if name in str(shown)]
    assert len(shown.select(".ls-riddles > div > p > span")) == 10
    table = BeautifulSoup(cells["break-table"].outputs[0].data["text/html"], "html.parser")
    rows = [[cell.text for cell in row.find_all(["th", "td"])] for row in table.select("tbody tr")]
    here, there = PHOTOGRAPHS["square"], PHOTOGRAPHS["wide"]
    assert rows == [
        [one.name, one.sees, one.outcome(here), one.outcome(there), one.proof] for one in MISTAKES
    ]


@st.composite
def permuted(draw):
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=5)))
    return shape, tuple(draw(st.permutations(range(len(shape)))))


@given(permuted())
def test_starter_and_exercise_have_the_strides_of_torch(case):
    shape, order = case
    sizes = [size + 1 for size in shape]  # torch may give an axis of size 1 any stride
    made = torch.arange(prod(sizes)).reshape(sizes)
    theirs = made.permute(order)
    mine = STARTER["permute"](sizes, STARTER["strides_of"](sizes), order)
    assert mine == (tuple(theirs.shape), theirs.stride())
    assert EXERCISES["permuted_strides"].solution(tuple(sizes), order) == theirs.stride()
    assert STARTER["read"](made.flatten().tolist(), *mine) == theirs.flatten().tolist()
    row, strides = STARTER["reshape"](made.flatten().tolist(), *mine, (prod(sizes), 1))
    assert row == theirs.reshape(-1, 1).flatten().tolist()
    assert strides == (1, 1)


def test_starter_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"\(0, 0, 1\) is not an order of the axes 0 to 2"):
        STARTER["permute"]((2, 3, 4), (12, 4, 1), (0, 0, 1))
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(5,\) do not hold equally many numbers"):
        STARTER["reshape"](list(range(6)), (2, 3), (3, 1), (5,))


@given(*[st.integers(1, 4)] * 5)
def test_fold_and_unfold_are_those_of_einops(b, c, t, h, w):
    clip = torch.randn(b, c, t, h, w).numpy()
    folded = EXERCISES["fold"].solution(clip)
    assert (folded == rearrange(clip, "b c t h w -> (b t) c h w")).all()
    assert (EXERCISES["unfold"].solution(folded, b) == clip).all()
