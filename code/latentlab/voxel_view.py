"""Voxels as pictures: blocks seen from a corner above, cuts, and the smooth surface of logits.

A picture is H W 4, colors and opacity in [-1, 1]; what is empty is transparent, so that it stands
on a light page and on a dark one. Rays are parallel. The grid's axes are those of
`latentlab.voxel_shapes`: D from the front, H from the top, W from the left.
"""

from collections.abc import Callable
from math import ceil, cos, radians, sin

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor
from torch.nn import functional

from latentlab.video_checks import check_values

Block = Bool[Tensor, "d h w"]
Given = Shaped[Tensor, "..."]  # what is refused in words is not refused by its type before
Field = Float[Tensor, "d h w"]
Picture = Float[np.ndarray, "height width 4"]
Clip = Float[np.ndarray, "frames height width 4"]
Color = Callable[[Int[np.ndarray, "faces 3"], int], Float[np.ndarray, "faces 3"]]

TURN, TILT = 32.0, 24.0  # degrees: the view from the front, a little from the right, from above
REACH = 0.75  # of the grid's side, from the middle of a picture to its border
FINE = 2  # dots a pixel, along each side, before it is made smooth
PLAIN, MISSING, EXTRA = (160, 171, 192), (232, 119, 34), (24, 133, 222)  # red, green, blue
SHADES = (0.76, 1.12, 0.54)  # of faces across D, H and W
SUN = (-0.5, -0.8, -0.33)  # where light comes from, along D H W
FINER = 3  # points of a smooth surface to a voxel, along each side
AIR = 4.0  # logits beyond it are cut to it, for nothing has to be surer


def blocks(
    voxels: Given, original: Given | None = None, *, turn: float = TURN, size: int = 200
) -> Picture:
    """The full voxels, as blocks. Beside an original, the differences have colors of their own.

    Orange is what the original has and the voxels miss, blue what they have in addition. `turn` is
    where one stands, in degrees around the vertical axis, 0 in front.

    Raises ValueError for a grid that is no cube D H W, an original of another shape, and a size
    below 1; TypeError for other values than bool.
    """
    _check_cube(voxels)
    for grid in (voxels, original):
        if grid is not None and grid.dtype != torch.bool:
            raise TypeError(f"the voxels are {grid.dtype}: expected torch.bool, as voxels > 0.5")
    if size < 1:
        raise ValueError(f"size is {size}: expected 1 pixel or more")
    other = voxels if original is None else original
    if other.shape != voxels.shape:
        raise ValueError(
            f"the original has shape {tuple(other.shape)}: expected {tuple(voxels.shape)}"
        )
    full = (voxels | other).numpy()
    hues = np.full((*full.shape, 3), PLAIN, dtype=np.float32)
    hues[(other & ~voxels).numpy()] = MISSING
    hues[(voxels & ~other).numpy()] = EXTRA
    hues *= (1.15 - 0.6 * _crowded(voxels | other))[..., None]  # corners lie in shadow

    def color(cells: Int[np.ndarray, "faces 3"], axis: int) -> Float[np.ndarray, "faces 3"]:
        return SHADES[axis] * hues[tuple(cells.T)]

    return _painted(full, color, turn, size)


def turntable(voxels: Given, frames: int = 24, *, size: int = 160) -> Clip:
    """The full voxels from all sides, in one turn around the vertical axis.

    Raises as `blocks`, and ValueError for less than 1 frame.
    """
    if frames < 1:
        raise ValueError(f"frames is {frames}: expected 1 or more")
    turns = (TURN + 360 * frame / frames for frame in range(frames))
    return np.stack([blocks(voxels, turn=turn, size=size) for turn in turns])


def section(cut: Bool[Tensor, "height width"]) -> Picture:
    """A cut through a grid, a pixel a voxel: full ones in color, empty ones almost clear."""
    picture = np.empty((*cut.shape, 4), dtype=np.float32)
    picture[..., :3] = PLAIN
    picture[..., 3] = np.where(cut.numpy(), 255, 30)
    return picture / 127.5 - 1


def surface(logits: Given, *, size: int = 200) -> Picture:
    """Where a field of logits is zero: the surface between full and empty, between the voxels.

    Raises ValueError for a grid that is no cube D H W, NaN, infinity, and a size below 1; TypeError
    for what is not floats.
    """
    _check_cube(logits)
    check_values(logits, "the field")
    if size < 1:
        raise ValueError(f"size is {size}: expected 1 pixel or more")
    field = functional.pad(logits.clamp(-AIR, AIR), (1,) * 6, value=-AIR)
    slopes = torch.stack(torch.gradient(functional.avg_pool3d(field[None], 3, 1, 1)[0]))
    fine, *out = _finer(torch.cat((field[None], -slopes)))
    sun = np.asarray(SUN, dtype=np.float32)

    def color(cells: Int[np.ndarray, "faces 3"], axis: int) -> Float[np.ndarray, "faces 3"]:
        normals = np.stack([along[tuple(cells.T)] for along in out], 1)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-6
        lit = 0.5 + 0.65 * np.clip(normals @ sun, 0, None)
        return lit[:, None] * np.asarray(PLAIN, dtype=np.float32)

    return _painted(fine > 0, color, TURN, size)


def _finer(fields: Float[Tensor, "n d h w"]) -> Float[np.ndarray, "n fine_d fine_h fine_w"]:
    """Padded fields with more points between the voxels, by trilinear interpolation."""
    fine = functional.interpolate(fields[None], scale_factor=FINER, mode="trilinear")[0]
    return fine[:, FINER:-FINER, FINER:-FINER, FINER:-FINER].numpy()


def _check_cube(grid: Given) -> None:
    if grid.ndim != 3:
        hint = "; take one with grid[0, 0]" if grid.ndim == 5 else ""
        raise ValueError(f"the grid has shape {tuple(grid.shape)}: expected D H W{hint}")
    if len(set(grid.shape)) > 1:
        raise ValueError(
            f"the grid is {' × '.join(map(str, grid.shape))}: expected a cube; "
            f"pad it to a side of {max(grid.shape)}"
        )


def _crowded(full: Block) -> Float[np.ndarray, "d h w"]:
    """The share of full voxels around each."""
    near: Tensor = functional.avg_pool3d(full[None].float(), 5, 1, 2)[0]
    return near.numpy()


def _painted(full: Bool[np.ndarray, "d h w"], color: Color, turn: float, size: int) -> Picture:
    """The faces that can be seen, the farthest first, so that the nearest remain.

    Of two voxels on one ray the nearer one is nearer with its middle, too. A face is painted as
    dots that lie closer than the picture's own.
    """
    side, across = len(full), FINE * size
    a, e = radians(turn), radians(TILT)
    way = (cos(e) * cos(a), sin(e), -cos(e) * sin(a))  # of the rays, along D H W
    axes = ((-sin(e) * cos(a), cos(e), sin(e) * sin(a)), (sin(a), 0, cos(a)))  # down, right
    screen = np.array(axes, dtype=np.float32).T
    scale = across / (2 * REACH * side)  # dots a voxel
    steps = ceil(1.45 * scale)
    grid = np.meshgrid(*[(np.arange(steps, dtype=np.float32) + 0.5) / steps] * 2)
    inside = np.stack(grid, -1).reshape(-1, 2)
    padded = np.pad(full, 1)
    places, depths, colors = [], [], []
    for axis in range(3):
        toward = -1 if way[axis] > 0 else 1  # the neighbor between this voxel and the eye
        cells = np.argwhere(full & ~np.roll(padded, -toward, axis)[1:-1, 1:-1, 1:-1])
        on_face = np.insert(inside, axis, (toward + 1) / 2, axis=1)
        corner = scale * (cells.astype(np.float32) - side / 2) @ screen + across / 2
        dots = np.floor(corner[:, None] + scale * on_face @ screen).astype(np.int32)
        places.append(dots @ (across, 1))
        depths.append(cells @ way)
        colors.append(color(cells, axis))
    order = np.argsort(-np.concatenate(depths), kind="stable")
    paint = np.full(across * across, len(order))
    where = np.concatenate(places)[order]
    paint[where] = np.broadcast_to(order[:, None], where.shape)
    hues = np.append(np.concatenate(colors), np.zeros((1, 3)), axis=0)
    return _smooth(hues[paint], paint < len(order), size)


def _smooth(
    hues: Float[np.ndarray, "dots 3"], painted: Bool[np.ndarray, " dots"], size: int
) -> Picture:
    """Several dots to a pixel, and colors of 0..255 to [-1, 1]."""
    opaque = painted[:, None].astype(float)
    dots = np.concatenate((np.clip(hues, 0, 255) / 255 * opaque, opaque), 1)
    pixels = dots.reshape(size, FINE, size, FINE, 4).mean((1, 3))
    pixels[..., :3] /= np.maximum(pixels[..., 3:], 1e-6)
    return 2 * pixels - 1
