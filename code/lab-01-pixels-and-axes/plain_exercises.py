"""The exercises of lab 01 that need the standard library only: the page runs them, too."""

from latentlab.exercise import Exercise, Exercises


def permuted_strides(shape, order):
    strides = [1]
    for size in shape[:0:-1]:
        strides.insert(0, strides[0] * size)
    return tuple(strides[axis] for axis in order)


def layouts_that_fit(shape, channels=3):
    known = ("B C T H W", "B T C H W", "B T H W C")
    return [axes for axes in known if shape[axes.split().index("C")] == channels]


def _row_major(shape):
    return permuted_strides(shape, range(len(shape)))


def _first_axis_quick(shape, order):
    strides = [1]
    for size in shape[:-1]:
        strides.append(strides[-1] * size)
    return tuple(strides[axis] for axis in order)


def _inverse(shape, order):
    strides = _row_major(shape)
    return tuple(strides[order.index(axis)] for axis in range(len(order)))


exercises = Exercises(
    Exercise(
        permuted_strides,
        cases=[
            ((4, 6, 3), (2, 0, 1)),
            ((3, 4, 6), (1, 2, 0)),
            ((2, 3, 5, 4, 6), (0, 2, 1, 3, 4)),
            ((5, 7), (1, 0)),
            ((9,), (0,)),
        ],
        mistakes={
            "you gave the new shape the strides of an array just made": lambda shape, order: (
                _row_major([shape[axis] for axis in order])
            ),
            "you let the first axis be the quick one": _first_axis_quick,
            "you went the other way: order says which old axis comes first": _inverse,
            "you counted bytes, as numpy does": lambda shape, order: tuple(
                8 * stride for stride in permuted_strides(shape, order)
            ),
            "you traded the sizes, and not the strides": lambda shape, order: tuple(
                shape[axis] for axis in order
            ),
        },
        hints=(
            "Begin with the strides before anything was permuted: the last axis has 1.",
            (
                "Each axis to the left steps over all that lies to its right: the stride there "
                "times the size there."
            ),
            (
                "A permutation moves no number in memory. Every axis keeps its stride and takes "
                "it to its new place."
            ),
        ),
    ),
    Exercise(
        layouts_that_fit,
        cases=[
            ((1, 3, 9, 64, 96),),
            ((1, 9, 3, 64, 96),),
            ((1, 3, 3, 64, 96),),
            ((2, 16, 16, 8, 8), 16),
            ((1, 9, 64, 96, 3),),
            ((1, 9, 4, 64, 96),),
        ],
        mistakes={
            "you stopped at the first that fits": lambda shape, channels=3: layouts_that_fit(
                shape, channels
            )[:1],
            "you took 3 channels for granted": lambda shape, channels=3: layouts_that_fit(shape),
            "you said what fits when nothing does": lambda shape, channels=3: (
                layouts_that_fit(shape, channels) or ["B C T H W"]
            ),
        },
        hints=(
            "Write each layout as text and find the place of C in it.",
            "axes.split() makes a list of letters, and a list knows the index of each.",
            "Keep a layout where the shape has, at that place, the number of channels.",
        ),
    ),
)
check = exercises.check
