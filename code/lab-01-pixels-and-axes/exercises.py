"""The exercises of lab 01, each with its solution and the mistakes it recognizes.

Those that need the standard library only are in `plain_exercises`, which the page loads alone.
"""

import numpy as np
from latentlab.exercise import Exercise, Exercises
from plain_exercises import exercises as plain


def to_signed(pixels):
    return pixels.astype(np.float32) / 127.5 - 1


def to_bytes(signed):
    return np.rint((np.clip(signed, -1, 1) + 1) * 127.5).astype(np.uint8)


def fold(clip):
    b, c, t, h, w = clip.shape
    return clip.transpose(0, 2, 1, 3, 4).reshape(b * t, c, h, w)


def unfold(frames, batch):
    bt, c, h, w = frames.shape
    if bt % batch:
        raise ValueError(f"{bt} frames are not {batch} clips of equal length")
    return frames.reshape(batch, bt // batch, c, h, w).transpose(0, 2, 1, 3, 4)


def _in_bytes(pixels):
    return (pixels * np.uint8(2) - np.uint8(255)).astype(np.float32) / 255


def _cast(signed):
    with np.errstate(invalid="ignore"):
        return ((signed + 1) * 127.5).astype(np.uint8)


def _truncated(signed):
    return ((np.clip(signed, -1, 1) + 1) * 127.5).astype(np.uint8)


def _wrapped(signed):
    return (np.rint((signed + 1) * 127.5).astype(np.int64) % 256).astype(np.uint8)


def _reshaped(clip):
    b, c, t, h, w = clip.shape
    return clip.reshape(b * t, c, h, w)


def _time_outside(clip):
    b, c, t, h, w = clip.shape
    return clip.transpose(2, 0, 1, 3, 4).reshape(b * t, c, h, w)


def _channels_too(clip):
    b, c, t, h, w = clip.shape
    return clip.reshape(b * c * t, 1, h, w)


def _unfolded_time_outside(frames, batch):
    bt, c, h, w = frames.shape
    if bt % batch:
        raise ValueError
    return frames.reshape(bt // batch, batch, c, h, w).transpose(1, 2, 0, 3, 4)


def _left_as_b_t_c(frames, batch):
    bt, c, h, w = frames.shape
    if bt % batch:
        raise ValueError
    return frames.reshape(batch, bt // batch, c, h, w)


def _unfolded_by_reshape(frames, batch):
    bt, c, h, w = frames.shape
    if bt % batch:
        raise ValueError
    return frames.reshape(batch, c, bt // batch, h, w)


def _numbers(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


_BYTES = np.r_[0:96, 160:256].astype(np.uint8)  # near gray, float32 and float64 part too far
_SIGNED = _BYTES.astype(np.float32) / 127.5 - 1

exercises = Exercises(
    *plain,
    Exercise(
        to_signed,
        cases=[(np.array([0, 255], np.uint8),), (_BYTES.reshape(8, 8, 3),)],
        mistakes={
            "you computed in bytes, which begin again after 255": _in_bytes,
            "you divided by 255 and stopped at 0 to 1": lambda pixels: (
                pixels.astype(np.float32) / 255
            ),
            "you divided by 128, so white stays below 1": lambda pixels: (
                pixels.astype(np.float32) / 128 - 1
            ),
            "you left out the minus one": lambda pixels: pixels.astype(np.float32) / 127.5,
        },
        hints=(
            "Bytes end at 255 and begin again: make floats before you compute.",
            "The way from 0 to 255 must become the way from −1 to 1: two long, and one lower.",
        ),
    ),
    Exercise(
        to_bytes,
        cases=[
            (np.array([-1.0, -0.5, 0.25, 1.0], np.float32),),
            (_SIGNED,),
            (np.array([-1.5, 1.25], np.float32),),
        ],
        typed=True,
        mistakes={
            "you left them floats": lambda signed: np.rint((np.clip(signed, -1, 1) + 1) * 127.5),
            "you neither clipped nor rounded": _cast,
            "you cut the fraction off, where the nearest byte is wanted": _truncated,
            "you did not clip, so what is whiter than white comes out black": _wrapped,
            "you took the values to lie in 0 to 1": lambda signed: np.rint(
                np.clip(signed, 0, 1) * 255
            ).astype(np.uint8),
        },
        hints=(
            (
                "Four steps: keep what lies in [−1, 1], move it to 0 to 2, stretch it to 0 to "
                "255, and round."
            ),
            "A cast to uint8 cuts the fraction off, so round before it.",
            "np.clip and np.rint do two of the steps; astype does the last.",
        ),
    ),
    Exercise(
        fold,
        cases=[
            (_numbers(2, 3, 5, 2, 3),),
            (_numbers(1, 3, 4, 2, 2),),
            (_numbers(1, 1, 2, 1, 2),),
            (_numbers(2, 4, 4, 1, 1),),
        ],
        mistakes={
            "you reshaped before T stood beside B": _reshaped,
            "you put time outside, so the clips alternate": _time_outside,
            "you folded the channels in, too": _channels_too,
        },
        hints=(
            "Of the axes B C T H W, which two become one, and do they stand side by side?",
            "Move T beside B first; only then may a reshape join them.",
        ),
    ),
    Exercise(
        unfold,
        cases=[
            (_numbers(6, 3, 1, 2), 2),
            (_numbers(4, 3, 2, 2), 2),
            (_numbers(2, 1, 1, 2), 1),
            (_numbers(6, 3, 2, 1), 3),
            (_numbers(5, 3, 2, 2), 2),
        ],
        mistakes={
            "you took time to be outside": _unfolded_time_outside,
            "you left it B T C H W": _left_as_b_t_c,
            "you reshaped to B C T H W at once, across frames and channels": _unfolded_by_reshape,
        },
        hints=(
            (
                "Cut the first axis in two: the clip is the slow one of the two, the frame the "
                "quick one."
            ),
            "After the reshape the axes are B T C H W: C and T have to trade places.",
            (
                "Test what is left over when the frames are shared out among the clips, and "
                "raise before all else."
            ),
        ),
    ),
)
check = exercises.check
