"""Voxels as pictures: the near hides the far, and each direction is where it says."""

import numpy as np
import pytest
import torch
from latentlab import plots, voxel_view
from latentlab.voxel_view import EXTRA, MISSING, blocks, section, surface, turntable

SIDE, SIZE = 8, 60


def one(d: int, h: int, w: int) -> torch.Tensor:
    voxels = torch.zeros(SIDE, SIDE, SIDE, dtype=torch.bool)
    voxels[d, h, w] = True
    return voxels


def middle(picture: np.ndarray) -> np.ndarray:
    """Row and column of the middle of what is opaque."""
    return np.argwhere(picture[..., 3] > 0).mean(0)


def has(picture: np.ndarray, color: tuple[int, int, int]) -> bool:
    """Whether an opaque pixel has this hue, whatever its brightness."""
    shown = (picture[picture[..., 3] > 0.9][:, :3] + 1) / 2
    wanted = np.array(color) / np.linalg.norm(color)
    return bool((shown @ wanted / np.linalg.norm(shown, axis=1) > 0.999).any())


def test_nothing_is_transparent_and_a_voxel_is_not():
    empty = blocks(torch.zeros(SIDE, SIDE, SIDE, dtype=torch.bool), size=SIZE)
    assert empty.shape == (SIZE, SIZE, 4)
    assert (empty[..., 3] == -1).all()
    assert (blocks(one(4, 4, 4), size=SIZE)[..., 3] == 1).any()


@pytest.mark.parametrize("draw", [blocks, lambda v, size: surface(v * 8.0 - 4, size=size)])
def test_top_is_up_and_right_is_right(draw):
    low, high = (middle(draw(one(4, h, 4), size=SIZE)) for h in (6, 1))
    left, right = (middle(draw(one(4, 4, w), size=SIZE)) for w in (1, 6))
    assert high[0] < low[0] - 10 and left[1] < right[1] - 10


def test_from_above_the_back_is_higher_than_the_front():
    front, back = (middle(blocks(one(d, 4, 4), size=SIZE)) for d in (0, 7))
    assert back[0] < front[0] - 5


def test_what_is_behind_is_hidden():
    wall = torch.zeros(SIDE, SIDE, SIDE, dtype=torch.bool)
    wall[0] = True
    hidden = wall | one(1, 7, 0)
    assert not has(blocks(hidden, wall, size=SIZE), EXTRA)
    assert has(blocks(wall | one(1, 0, 4), wall, size=SIZE), EXTRA)  # over the edge from above


def test_differences_have_colors_of_their_own():
    a, b = one(2, 4, 2), one(2, 4, 5)
    same, differs = blocks(a, a, size=SIZE), blocks(a, b, size=SIZE)
    assert not has(same, MISSING) and not has(same, EXTRA)
    assert has(differs, MISSING) and has(differs, EXTRA)
    assert has(blocks(a, a | b, size=SIZE), MISSING)
    assert not has(blocks(a, a | b, size=SIZE), EXTRA)


def test_a_solid_has_no_holes():
    full = torch.ones(SIDE, SIDE, SIDE, dtype=torch.bool)
    opaque = blocks(full, size=SIZE)[..., 3] > -1
    for row in opaque:
        (at,) = np.nonzero(row)
        assert len(at) == 0 or len(at) == at[-1] - at[0] + 1


def test_the_surface_of_a_ball_is_as_large_as_a_disc():
    axis = torch.arange(16) - 7.5
    distance = sum(a.square() for a in torch.meshgrid(axis, axis, axis, indexing="ij")).sqrt()
    ball = 5 - distance
    share = (surface(ball, size=96)[..., 3] + 1).mean() / 2
    assert share == pytest.approx(np.pi * 5**2 / (2 * voxel_view.REACH * 16) ** 2, rel=0.1)


def test_a_turn_goes_once_around():
    clip = turntable(one(4, 4, 7), 8, size=SIZE)
    assert clip.shape == (8, SIZE, SIZE, 4)
    columns = [middle(frame)[1] for frame in clip]
    assert max(columns) > SIZE / 2 + 5 and min(columns) < SIZE / 2 - 5
    again = blocks(one(4, 4, 7), turn=voxel_view.TURN + 360, size=SIZE)
    assert np.allclose(clip[0], again)


def test_a_section_shows_full_ones_opaque():
    shown = section(torch.tensor([[True, False]]))
    assert shown[0, 0, 3] == 1 and shown[0, 1, 3] < -0.5


def test_pictures_keep_what_is_clear():
    figure = plots.pictures(
        [(blocks(one(4, 4, 4), size=SIZE), "a voxel", "")], alt="A voxel.", caption="A voxel."
    )
    assert "data:image/webp" in figure.body


def test_what_cannot_be_drawn_is_told():
    flat = torch.zeros(8, 4, 8, dtype=torch.bool)
    for draw in (blocks, turntable):
        with pytest.raises(ValueError, match="8 × 4 × 8: expected a cube; pad it to a side of 8"):
            draw(flat)
    with pytest.raises(ValueError, match="expected a cube"):
        surface(flat.float())
    with pytest.raises(ValueError, match=r"shape \(4, 4, 4\): expected \(8, 8, 8\)"):
        blocks(one(1, 1, 1), torch.zeros(4, 4, 4, dtype=torch.bool))


@pytest.mark.parametrize(
    ("draw", "error", "told"),
    [
        (
            lambda v: blocks(v[None, None]),
            ValueError,
            r"\(1, 1, 8, 8, 8\): expected D H W; take one",
        ),
        (lambda v: blocks(v.float()), TypeError, "torch.float32: expected torch.bool, as voxels >"),
        (lambda v: blocks(v, v.float()), TypeError, "torch.float32: expected torch.bool"),
        (lambda v: blocks(v, size=0), ValueError, "size is 0: expected 1 pixel or more"),
        (lambda v: turntable(v, 0), ValueError, "frames is 0: expected 1 or more"),
        (lambda v: surface(v / 0.0), ValueError, "the field: 512 values are NaN or infinite"),
        (lambda v: surface(v), TypeError, "the field"),
        (lambda v: surface(v.float(), size=0), ValueError, "size is 0"),
    ],
)
def test_what_is_no_grid_is_told(draw, error, told):
    with pytest.raises(error, match=told):
        draw(one(4, 4, 4))
