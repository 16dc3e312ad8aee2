"""The exercises of lab 07, each with its solution and the mistakes it recognizes.

Those that need the standard library only are in `plain_exercises`, which the page loads alone.
"""

import numpy as np
from latentlab.exercise import Exercise, Exercises
from plain_exercises import exercises as plain


def fold(video):
    b, c, t, h, w = video.shape
    return video.transpose(0, 2, 1, 3, 4).reshape(b * t, c, h, w)


def flicker_of(original, other):
    return float(np.abs(np.diff(other, axis=2) - np.diff(original, axis=2)).mean())


def _viewed(video):
    b, c, t, h, w = video.shape
    return video.reshape(b * t, c, h, w)


def _time_outside(video):
    b, c, t, h, w = video.shape
    return video.transpose(2, 0, 1, 3, 4).reshape(b * t, c, h, w)


def _channels_folded(video):
    b, c, t, h, w = video.shape
    return video.reshape(b * c, t, h, w)


def _values(*shape):
    return np.random.default_rng(7).integers(-9, 10, shape).astype(float)


_MOVES = np.array([[[[[0.0]], [[1.0]], [[1.0]]]]])
_SHAKES = np.array([[[[[0.5]], [[0.5]], [[1.5]]]]])

exercises = Exercises(
    *plain,
    Exercise(
        fold,
        cases=[
            (_values(1, 2, 3, 1, 1),),
            (_values(2, 3, 4, 2, 2),),
            (_values(2, 3, 1, 2, 4),),
        ],
        mistakes={
            "you reshaped without moving T to B; colors and frames are mixed": _viewed,
            "you put T outside and B inside; samples are interleaved": _time_outside,
            "you folded the channels into the batch, and left T where they were": _channels_folded,
        },
        hints=(
            "T has to stand beside B before the two become one axis.",
            "A transpose moves T, and then a reshape joins it with B.",
        ),
    ),
    Exercise(
        flicker_of,
        cases=[
            (_MOVES, _SHAKES),
            (_MOVES, _MOVES),
            (_values(1, 3, 4, 2, 2), _values(1, 3, 4, 2, 2)[:, :, ::-1]),
        ],
        mistakes={
            "you measured how much the other clip moves; the original moves, too": (
                lambda original, other: float(np.abs(np.diff(other, axis=2)).mean())
            ),
            "you measured how far each frame is off, and not how it changes": (
                lambda original, other: float(np.abs(other - original).mean())
            ),
            "you let changes up and down cancel: the absolute value comes before the mean": (
                lambda original, other: float(
                    abs((np.diff(other, axis=2) - np.diff(original, axis=2)).mean())
                )
            ),
            "you compared how much each moves, whatever the direction": (
                lambda original, other: float(
                    np.abs(
                        np.abs(np.diff(other, axis=2)) - np.abs(np.diff(original, axis=2))
                    ).mean()
                )
            ),
        },
        hints=(
            (
                "A change is the difference of a frame and the one before: np.diff along the "
                "axis of time."
            ),
            (
                "Subtract the changes of the original from those of the other, and only then "
                "take absolute values."
            ),
            "The mean over all of it is one number.",
        ),
    ),
)
check = exercises.check
