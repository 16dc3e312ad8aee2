"""The exercises of lab 09, each with its solution and the mistakes it recognizes."""

import numpy as np
from latentlab.exercise import Exercise, Exercises


def latent_of(kind, grid):
    b, _, d, h, w = grid
    if kind == "vector":
        return b, 8 * (d // 8) * (h // 8) * (w // 8)
    if kind == "plane":
        return b, 8, d // 4, w // 4
    return b, 8, d // 8, h // 8, w // 8


def iou_each(original, other):
    axes = tuple(range(1, original.ndim))
    both = (original & other).sum(axes)
    either = (original | other).sum(axes)
    return both / either


def best_constant(share, weight):
    return weight * share / (1 + (weight - 1) * share)


def moved_right(latent, voxels, factor):
    if voxels < 0 or voxels % factor:
        raise ValueError(f"{voxels} voxels are no whole number of cells of {factor}, 0 or more")
    cells = min(voxels // factor, latent.shape[-1])
    moved = np.zeros_like(latent)
    moved[..., cells:] = latent[..., : latent.shape[-1] - cells]
    return moved


def _depth_is_time(kind, grid):
    b, _, d, h, w = grid
    if kind == "volume":
        return b, 8, (d - 1) // 4 + 1, h // 8, w // 8
    return latent_of(kind, grid)


def _seen_from_the_front(kind, grid):
    b, *_, h, w = grid
    return (b, 8, h // 4, w // 4) if kind == "plane" else latent_of(kind, grid)


def _seen_from_the_side(kind, grid):
    b, _, d, h, _ = grid
    return (b, 8, d // 4, h // 4) if kind == "plane" else latent_of(kind, grid)


def _slice_by_slice(kind, grid):
    b, _, d, h, w = grid
    return (b, 8, d, h // 8, w // 8) if kind == "volume" else latent_of(kind, grid)


def _batch_in_the_vector(kind, grid):
    shape = latent_of(kind, grid)
    return (shape[0] * shape[1],) if kind == "vector" else shape


def _accuracy(original, other):
    return (original == other).mean(tuple(range(1, original.ndim)))


def _over_the_sum(original, other):
    axes = tuple(range(1, original.ndim))
    return (original & other).sum(axes) / (original.sum(axes) + other.sum(axes))


def _dice(original, other):
    return 2 * _over_the_sum(original, other)


def _recall(original, other):
    axes = tuple(range(1, original.ndim))
    return (original & other).sum(axes) / original.sum(axes)


def _pooled(original, other):
    return np.full(len(original), (original & other).sum() / (original | other).sum())


def _moved_by_voxels(latent, voxels, factor):
    moved_right(latent, voxels, factor)
    moved = np.zeros_like(latent)
    moved[..., voxels:] = latent[..., : max(latent.shape[-1] - voxels, 0)]
    return moved


def _rolled(latent, voxels, factor):
    moved_right(latent, voxels, factor)
    return np.roll(latent, voxels // factor, -1)


def _along(axis):
    def moved_along(latent, voxels, factor):
        return np.swapaxes(moved_right(np.swapaxes(latent, axis, -1), voxels, factor), axis, -1)

    return moved_along


def _moved_left(latent, voxels, factor):
    return moved_right(latent[..., ::-1], voxels, factor)[..., ::-1]


def _rounded_down(latent, voxels, factor):
    return moved_right(latent, max(voxels, 0) // factor * factor, factor)


def _grids(*rows):
    return np.array(rows, dtype=bool).reshape(len(rows), 1, 1, 2, -1)


_ORIGINAL = _grids([1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0])
_OTHER = _grids([1, 0, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0])
_MORE = _grids([1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1])
_CELLS = np.arange(1.0, 25).reshape(1, 1, 2, 3, 4)

exercises = Exercises(
    Exercise(
        latent_of,
        cases=[
            ("volume", (2, 1, 32, 32, 32)),
            ("plane", (2, 1, 32, 16, 64)),
            ("vector", (2, 1, 32, 32, 32)),
            ("volume", (1, 1, 64, 32, 16)),
            ("plane", (1, 1, 32, 32, 32)),
        ],
        mistakes={
            "you counted depth as a causal video VAE counts frames": _depth_is_time,
            "you looked at the plane from the front, not from above": _seen_from_the_front,
            "you looked at the plane from the side, not from above": _seen_from_the_side,
            "you left depth as long as it was, slice by slice": _slice_by_slice,
            "you put the batch into the vector": _batch_in_the_vector,
        },
    ),
    Exercise(
        iou_each,
        cases=[(_ORIGINAL, _OTHER), (_ORIGINAL, _MORE), (_OTHER, _MORE)],
        mistakes={
            "you measured accuracy, which counts empty voxels": _accuracy,
            "you divided by the sum of both, which counts the intersection twice": _over_the_sum,
            "you computed Dice, twice the intersection over the sum of both": _dice,
            "you divided by the original alone, which forgives whatever is added": _recall,
            "you pooled the batch, where large shapes drown small ones": _pooled,
        },
    ),
    Exercise(
        best_constant,
        cases=[(0.1, 1.0), (0.1, 9.0), (0.25, 3.0), (0.02, 2.0)],
        mistakes={
            "you left the weight out": lambda share, weight: share,
            "you multiplied the probability, not the odds": lambda share, weight: weight * share,
            "you returned where the weight puts the threshold": lambda share, weight: (
                1 / (1 + weight)
            ),
            "you weighted the empty voxels": (
                lambda share, weight: share / (share + weight * (1 - share))
            ),
            "you returned odds, not a probability": (
                lambda share, weight: weight * share / (1 - share)
            ),
        },
    ),
    Exercise(
        moved_right,
        cases=[
            (_CELLS, 8, 8),
            (_CELLS, 8, 4),
            (_CELLS, 0, 8),
            (_CELLS, 12, 8),
            (_CELLS, 40, 8),
            (_CELLS, -8, 8),
        ],
        mistakes={
            "you moved by as many cells as voxels": _moved_by_voxels,
            "you let what leaves on the right come in on the left": _rolled,
            "you moved along D": _along(2),
            "you moved along H": _along(3),
            "you moved to the left": _moved_left,
            "you rounded down where cells do not divide the move": _rounded_down,
        },
    ),
)
check = exercises.check
