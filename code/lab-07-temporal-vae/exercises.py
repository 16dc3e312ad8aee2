"""The exercises of lab 07, each with its solution and the mistakes it recognizes."""

from math import prod

import numpy as np
from latentlab.exercise import Exercise, Exercises


def depends_on(frame, frames, kernels, causal):
    reach = sum(kernel - 1 for kernel in kernels)
    back, ahead = (reach, 0) if causal else (reach // 2, reach // 2)
    return max(frame - back, 0), min(frame + ahead, frames - 1)


def stream_layer(chunks, taps):
    made, kept = [], None
    for chunk in chunks:
        early = [chunk[0]] * (len(taps) - 1) if kept is None else kept
        seen = early + chunk
        made.append(
            [
                sum(tap * x for tap, x in zip(taps, seen[t : t + len(taps)], strict=True))
                for t in range(len(chunk))
            ]
        )
        kept = seen[len(chunk) :]
    return made


def fold(video):
    b, c, t, h, w = video.shape
    return video.transpose(0, 2, 1, 3, 4).reshape(b * t, c, h, w)


def flicker_of(original, other):
    return float(np.abs(np.diff(other, axis=2) - np.diff(original, axis=2)).mean())


def _reach(multiply):
    def wrong(frame, frames, kernels, causal):
        reach = prod(kernels) - 1 if multiply else sum(kernels)
        back, ahead = (reach, 0) if causal else (reach // 2, reach // 2)
        return max(frame - back, 0), min(frame + ahead, frames - 1)

    return wrong


def _both_ways(frame, frames, kernels, causal):
    return depends_on(frame, frames, kernels, causal=False)


def _one_layer(frame, frames, kernels, causal):
    return depends_on(frame, frames, [max(kernels)], causal)


def _beyond_the_clip(frame, frames, kernels, causal):
    reach = sum(kernel - 1 for kernel in kernels)
    return (frame - reach, frame) if causal else (frame - reach // 2, frame + reach // 2)


def _streamed(chunks, taps, early, keep):
    """Wrong streams: `early` stands before the first chunk, `keep` is what each leaves."""
    made, kept = [], early(chunks[0])
    for chunk in chunks:
        seen = (kept or early(chunk)) + chunk
        made.append(
            [
                sum(tap * x for tap, x in zip(taps, seen[t:], strict=False))
                for t in range(len(chunk))
            ]
        )
        kept = keep(seen, chunk, made[-1])
    return made


def _forgotten(chunks, taps):
    return [stream_layer([chunk], taps)[0] for chunk in chunks]


def _zeros(chunks, taps):
    count = len(taps) - 1
    return _streamed(chunks, taps, lambda _: [0] * count, lambda seen, chunk, _: seen[len(chunk) :])


def _outputs_kept(chunks, taps):
    made, kept, count = [], [], len(taps) - 1
    for chunk in chunks:
        early = ([chunk[0]] * count + kept)[-count:]
        made += stream_layer([early, chunk], taps)[1:]
        kept += made[-1]
    return made


def _whole_chunk_needed(chunks, taps):
    """Takes what is kept from the last chunk alone, which may be shorter than that."""
    made, last, count = [], None, len(taps) - 1
    for chunk in chunks:
        source = [chunk[0]] if last is None else last
        early = ([source[0]] * count + source)[-count:]
        made += stream_layer([early, chunk], taps)[1:]
        last = chunk
    return made


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
    Exercise(
        depends_on,
        cases=[
            (20, 48, [3, 3, 3, 3, 3], True),
            (20, 48, [3, 3, 3, 3, 3], False),
            (20, 48, [5, 3, 3], True),
            (4, 48, [3, 3, 3, 3, 3], True),
            (45, 48, [5, 5, 5], False),
            (2, 48, [5, 5, 5], False),
        ],
        mistakes={
            "you multiplied the kernels; reaches add up": _reach(multiply=True),
            "you added the kernels and counted the present frame once a layer": (
                _reach(multiply=False)
            ),
            "you looked both ways in a causal stack": _both_ways,
            "you counted one layer": _one_layer,
            "you let the frame look beyond the clip": _beyond_the_clip,
        },
    ),
    Exercise(
        stream_layer,
        cases=[
            ([[1, 2, 3, 4], [5, 6, 8]], [1, 10, 100]),
            ([[7, 1], [2], [5], [4, 4]], [1, 10, 100]),
            ([[3], [1], [4], [1], [5]], [2, 0, 0, 1]),
            ([[4], [1, 2]], [3]),
        ],
        mistakes={
            "you began each chunk as a new clip, and forgot what came before": _forgotten,
            "you put zeros before the clip, where its first frame is repeated": _zeros,
            "you kept what the layer made; it needs what it was given": _outputs_kept,
            "you kept frames of the last chunk alone, which may have too few": _whole_chunk_needed,
        },
    ),
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
    ),
)
check = exercises.check
