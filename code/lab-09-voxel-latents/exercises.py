"""The exercises of lab 09, each with its solution and the mistakes it recognizes.

Those that need the standard library only are in `plain_exercises`, which the page loads alone.
"""

import numpy as np
from latentlab.exercise import Exercise, Exercises
from plain_exercises import exercises as plain


def iou_each(original, other):
    axes = tuple(range(1, original.ndim))
    both = (original & other).sum(axes)
    either = (original | other).sum(axes)
    return both / either


def moved_right(latent, voxels, factor):
    if voxels < 0 or voxels % factor:
        raise ValueError(f"{voxels} voxels are no whole number of cells of {factor}, 0 or more")
    cells = min(voxels // factor, latent.shape[-1])
    moved = np.zeros_like(latent)
    moved[..., cells:] = latent[..., : latent.shape[-1] - cells]
    return moved


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
    *plain,
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
        hints=(
            "Where both are full is the intersection; where at least one is, the union.",
            "On boolean arrays & and | do that, number by number.",
            "Count over all axes but the first, so that each shape keeps a number of its own.",
        ),
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
        hints=(
            "A latent moves by cells: how many voxels is one cell long?",
            "If the voxels are no whole number of cells, raise before you move.",
            (
                "Begin with zeros of the same shape, and copy what still fits, from the left, "
                "to its new place."
            ),
        ),
    ),
)
check = exercises.check
