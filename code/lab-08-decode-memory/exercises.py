"""The exercises of lab 08, each with its solution and the mistakes it recognizes."""

from latentlab.exercise import Exercise, Exercises


def largest_side(gib, number_bytes):
    pixels = gib * 2**30 // (3 * 256 * number_bytes)
    return int(pixels**0.5) // 8 * 8


def tile_count(rows, columns, tile, overlap):
    if max(rows, columns) <= tile:
        return 1
    step = tile - overlap
    return -(-rows // step) * -(-columns // step)


def batch_peak(batch, height, width, number_bytes, sliced):
    large = 3 * 256 * height * width
    picture = 3 * height * width
    numbers = large + (batch - 1) * picture if sliced else batch * large
    return numbers * number_bytes


def what_helps(batch, frames, side, tile, causal):
    return [
        name
        for name, helps in (
            ("slicing", batch > 1),
            ("tiling", side > tile),
            ("streaming", causal and frames > 1),
        )
        if helps
    ]


def _side(tensors=3, channels=256, unit=2**30, multiple=8):
    def answer(gib, number_bytes):
        pixels = gib * unit // (tensors * channels * number_bytes)
        return int(pixels**0.5) // multiple * multiple

    return answer


def _side_without_bytes(gib, number_bytes):
    return largest_side(gib, 1)


def _nearest_side(gib, number_bytes):
    return round((gib * 2**30 / (3 * 256 * number_bytes)) ** 0.5 / 8) * 8


def _area_for_side(gib, number_bytes):
    return gib * 2**30 // (3 * 256 * number_bytes) // 8 * 8


def _tiles_without_overlap(rows, columns, tile, overlap):
    return 1 if max(rows, columns) <= tile else -(-rows // tile) * -(-columns // tile)


def _tiles_always(rows, columns, tile, overlap):
    step = tile - overlap
    return -(-rows // step) * -(-columns // step)


def _tiles_along_one_side(rows, columns, tile, overlap):
    return 1 if max(rows, columns) <= tile else -(-rows // (tile - overlap))


def _tiles_until_covered(rows, columns, tile, overlap):
    if max(rows, columns) <= tile:
        return 1
    step = tile - overlap
    return max(1, -(-(rows - overlap) // step)) * max(1, -(-(columns - overlap) // step))


def _tiles_if_rows(rows, columns, tile, overlap):
    return 1 if rows <= tile else tile_count(rows, columns, tile, overlap)


def _overlap_for_step(rows, columns, tile, overlap):
    return 1 if max(rows, columns) <= tile else -(-rows // overlap) * -(-columns // overlap)


def _not_finished(batch, height, width, number_bytes, sliced):
    return (1 if sliced else batch) * 3 * 256 * height * width * number_bytes


def _never_sliced(batch, height, width, number_bytes, sliced):
    return batch * 3 * 256 * height * width * number_bytes


def _all_finished(batch, height, width, number_bytes, sliced):
    finished = batch * 3 * height * width * number_bytes if sliced else 0
    return _not_finished(batch, height, width, number_bytes, sliced) + finished


def _helps(slices=None, tiles=None, streams=None):
    """As `what_helps`, with another rule for one remedy."""

    def answer(batch, frames, side, tile, causal):
        rules = (
            ("slicing", slices or (lambda b, f, s, t, c: b > 1)),
            ("tiling", tiles or (lambda b, f, s, t, c: s > t)),
            ("streaming", streams or (lambda b, f, s, t, c: c and f > 1)),
        )
        return [name for name, rule in rules if rule(batch, frames, side, tile, causal)]

    return answer


def _backwards(batch, frames, side, tile, causal):
    return what_helps(batch, frames, side, tile, causal)[::-1]


def _by_alphabet(batch, frames, side, tile, causal):
    return sorted(what_helps(batch, frames, side, tile, causal))


exercises = Exercises(
    Exercise(
        largest_side,
        cases=[(1, 4), (3, 4), (8, 4), (8, 2), (24, 2), (12, 4)],
        mistakes={
            "you counted one tensor of 256 channels, not three": _side(tensors=1),
            "you took a GiB for 10^9 bytes": _side(unit=10**9),
            "you forgot that a side is a multiple of 8": _side(multiple=1),
            "you returned the area, not the side": _area_for_side,
            "you forgot the bytes of a number": _side_without_bytes,
            "you rounded to the nearest multiple, which no longer fits": _nearest_side,
            "you counted the 128 channels of the last level; its first block is handed 256": _side(
                channels=128
            ),
        },
        hints=(
            "The law counts three tensors of 256 channels at full resolution.",
            "Divide the bytes that you have by the bytes that one pixel takes: that is an area.",
            "The side is the root of the area, rounded down to a multiple of 8.",
        ),
    ),
    Exercise(
        tile_count,
        cases=[
            (128, 128, 64, 16),
            (64, 64, 64, 16),
            (96, 64, 64, 16),
            (64, 96, 64, 16),
            (48, 80, 64, 16),
            (256, 128, 64, 16),
            (128, 128, 64, 8),
        ],
        mistakes={
            "you laid the tiles side by side, without overlap": _tiles_without_overlap,
            "you cut a latent that is no larger than a tile": _tiles_always,
            "you counted along one side only": _tiles_along_one_side,
            "you stopped when the last tile reaches the edge; AutoencoderKL begins one more": (
                _tiles_until_covered
            ),
            "you asked the rows only whether to cut": _tiles_if_rows,
            "you stepped by the overlap, not by what is left of the tile": _overlap_for_step,
        },
        hints=(
            "A new tile begins every tile − overlap cells, as long as there are cells left.",
            "Along one side that is the size divided by the step, rounded up.",
            "Ask first whether the longer side fits a single tile.",
        ),
    ),
    Exercise(
        batch_peak,
        cases=[
            (4, 512, 512, 4, False),
            (4, 512, 512, 4, True),
            (1, 512, 512, 2, True),
            (8, 768, 512, 2, True),
        ],
        mistakes={
            "you forgot the finished pictures, which wait for the last one": _not_finished,
            "slicing changed nothing for you": _never_sliced,
            "you counted the last picture as finished while it is decoded": _all_finished,
        },
        hints=(
            "Without slices, the whole batch goes through the largest layer at once.",
            "With slices, one picture does, while others wait: finished, and with 3 channels only.",
            "While the last picture is decoded, one fewer than the batch are waiting.",
        ),
    ),
    Exercise(
        what_helps,
        cases=[
            (4, 1, 64, 64, False),
            (1, 1, 128, 64, False),
            (1, 81, 64, 64, True),
            (1, 81, 64, 64, False),
            (2, 81, 128, 64, True),
            (1, 1, 64, 64, True),
        ],
        mistakes={
            "you let slices take frames apart; they take the batch apart": _helps(
                slices=lambda b, f, s, t, c: b > 1 or f > 1
            ),
            "you tiled a latent that is no larger than a tile": _helps(
                tiles=lambda b, f, s, t, c: s >= t
            ),
            "you streamed a model that is not causal": _helps(streams=lambda b, f, s, t, c: f > 1),
            "you streamed an image": _helps(streams=lambda b, f, s, t, c: c),
            "you gave another order": _backwards,
            "you sorted the names; the order is slicing, tiling, streaming": _by_alphabet,
        },
        hints=(
            (
                "Each remedy takes something apart: slices the batch, tiles the area, streams "
                "the frames."
            ),
            "A remedy helps where there is more than one piece of what it takes apart.",
            "Streaming needs frames, and a decoder that never looks ahead.",
        ),
    ),
)
check = exercises.check
