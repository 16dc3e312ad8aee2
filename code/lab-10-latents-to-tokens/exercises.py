"""The exercises of lab 10, each with its solution and the mistakes it recognizes."""

from latentlab.exercise import Exercise, Exercises


def token_count(time, rows, columns, patch):
    for side, size in zip((time, rows, columns), patch, strict=True):
        if side % size:
            raise ValueError(f"{side} cannot be cut into patches of {size}")
    return (time // patch[0]) * (rows // patch[1]) * (columns // patch[2])


def token_of(row, column, columns, patch):
    return row // patch * (columns // patch) + column // patch


def pack(latent):
    rows, columns = len(latent[0]), len(latent[0][0])
    return [
        [channel[row + p][column + q] for channel in latent for p in (0, 1) for q in (0, 1)]
        for row in range(0, rows, 2)
        for column in range(0, columns, 2)
    ]


def _counts_cells(time, rows, columns, patch):
    token_count(time, rows, columns, patch)
    return time * rows * columns


def _drops_a_rest(time, rows, columns, patch):
    return (time // patch[0]) * (rows // patch[1]) * (columns // patch[2])


def _cuts_space_only(time, rows, columns, patch):
    token_count(time, rows, columns, patch)
    return time * (rows // patch[1]) * (columns // patch[2])


def _channels_last(latent):
    rows, columns = len(latent[0]), len(latent[0][0])
    return [
        [channel[row + p][column + q] for p in (0, 1) for q in (0, 1) for channel in latent]
        for row in range(0, rows, 2)
        for column in range(0, columns, 2)
    ]


def _down_the_columns(latent):
    rows, columns = len(latent[0]), len(latent[0][0])
    return [
        [channel[row + p][column + q] for channel in latent for p in (0, 1) for q in (0, 1)]
        for column in range(0, columns, 2)
        for row in range(0, rows, 2)
    ]


def _one_cell_a_token(latent):
    rows, columns = len(latent[0]), len(latent[0][0])
    return [
        [channel[row][column] for channel in latent]
        for row in range(rows)
        for column in range(columns)
    ]


_SMALL = [[[1, 2, 3, 4], [5, 6, 7, 8]], [[10, 20, 30, 40], [50, 60, 70, 80]]]
_TALL = [[[10 * row + column for column in range(2)] for row in range(4)]]
_SQUARE = [[[c + 10 * row + column for column in range(4)] for row in range(4)] for c in (0, 100)]

exercises = Exercises(
    Exercise(
        token_count,
        cases=[
            (21, 90, 160, (1, 2, 2)),
            (1, 128, 128, (1, 2, 2)),
            (22, 96, 170, (2, 2, 2)),
            (16, 16, 24, (1, 1, 1)),
            (21, 135, 240, (1, 2, 2)),
            (21, 90, 160, (2, 2, 2)),
        ],
        mistakes={
            "you counted cells, not patches": _counts_cells,
            "you dropped a row that fills no patch": _drops_a_rest,
            "you left the patch along time out": _cuts_space_only,
        },
        hints=(
            "Along each axis, divide the cells by the side of the patch.",
            "Test each axis for a rest, and raise before you divide.",
            "The counts of the three axes are multiplied.",
        ),
    ),
    Exercise(
        token_of,
        cases=[(0, 0, 128, 2), (0, 2, 128, 2), (2, 0, 128, 2), (127, 127, 128, 2), (5, 7, 24, 1)],
        mistakes={
            "you stepped over cells, not over patches, from row to row": (
                lambda row, column, columns, patch: row // patch * columns + column // patch
            ),
            "you divided the row by the patch, and not the column": (
                lambda row, column, columns, patch: row // patch * (columns // patch) + column
            ),
            "you forgot that several cells share a token": (
                lambda row, column, columns, patch: row * columns + column
            ),
        },
        hints=(
            "Several cells share a token: find the row and the column of the patch first.",
            "One row of patches has fewer tokens than the latent has columns.",
            "As with cells: whole rows above times tokens a row, and then the place in the row.",
        ),
    ),
    Exercise(
        pack,
        cases=[(_SMALL,), (_TALL,), (_SQUARE,)],
        mistakes={
            "you put the channels last within a token": _channels_last,
            "you went down the columns first": _down_the_columns,
            "you gave each cell a token of its own": _one_cell_a_token,
        },
        hints=(
            "Go over the upper left cells of the patches: every second row, every second column.",
            "Within a token the channel is outside, and the four places of the patch inside.",
            "The places are row + p and column + q, where q changes more quickly than p.",
        ),
    ),
)
check = exercises.check
