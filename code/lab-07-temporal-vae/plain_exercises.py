"""The exercises of lab 07 that need the standard library only: the page runs them, too."""

from math import prod

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
        hints=(
            "A kernel of 3 adds 2 frames to what can be seen; a kernel of 5 adds 4.",
            "Reaches of layers one after the other add up.",
            (
                "A causal stack looks back only; a centered one half of the reach each way. "
                "Stop at the clip's ends."
            ),
        ),
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
        hints=(
            "For one output, the layer needs as many frames as it has taps, the present one last.",
            "Put what was kept before the chunk, and slide the taps over both together.",
            (
                "Keep the last frames of what was seen, one fewer than taps: also of a chunk "
                "that is shorter."
            ),
        ),
    ),
)
check = exercises.check
