"""What a program states in its comments, read and held to what it makes."""

import runpy

import notebooks
import pytest
from latentlab import stated_shapes

SOURCE = '''\
"""Not (1, 2): a text is no comment."""
grid = (1, 8, 4, 4)  # (1, 8, 4, 4)
row = (1, 512)  # (1, 511)
steps = {1: 2}  # two of them
weights = (  # 3
    1
    + 2
)  # 3
FRAMES = 81  # frames
never = grid  # (1, 8)
'''


def test_each_statement_is_held_to_its_name():
    values = {"grid": (1, 8, 4, 4), "row": (1, 512), "weights": 3}
    found = stated_shapes.compare(SOURCE, values)
    assert [(one["line"], one["name"], one["holds"]) for one in found] == [
        (2, "grid", True),
        (3, "row", False),
        (8, "weights", True),
    ]
    assert found[1]["stated"] == "(1, 511)"
    assert found[1]["found"] == "(1, 512)"


def test_a_long_value_is_cut():
    (found,) = stated_shapes.compare("many = list(range(99))  # 99\n", {"many": list(range(99))})
    assert len(str(found["found"])) == stated_shapes.LONGEST
    assert str(found["found"]).endswith("…")


@pytest.mark.parametrize("source", ["# (1, 2, 3) alone\n", "def f():\n    x = 1  # (1, 2)\n"])
def test_a_shape_that_no_assignment_confirms_is_idle(source: str):
    assert stated_shapes.idle(source) == [source.count("\n")]


def test_a_program_that_does_not_parse_is_refused():
    with pytest.raises(SyntaxError):
        stated_shapes.compare("x = (1,  # (1,)\n", {})


@pytest.mark.parametrize("lab", ["lab-03-latent-shape-tracking", "lab-09-voxel-latents"])
def test_starters_state_what_they_make(lab: str):
    path = notebooks.starter(lab)
    found = stated_shapes.compare(path.read_text(encoding="utf-8"), runpy.run_path(str(path)))
    assert len(found) >= 4
    assert all(one["holds"] for one in found)
