"""The exercises of lab 01, each with its solution and the mistakes it recognizes."""

import numpy as np
from latentlab.exercise import Exercise, Exercises


def permuted_strides(shape, order):
    strides = [1]
    for size in shape[:0:-1]:
        strides.insert(0, strides[0] * size)
    return tuple(strides[axis] for axis in order)


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
            "you counted bytes, as numpy does": lambda shape, order: (
                np.empty(shape).transpose(order).strides
            ),
            "you traded the sizes, and not the strides": lambda shape, order: tuple(
                shape[axis] for axis in order
            ),
        },
    ),
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
    ),
)
check = exercises.check
