"""The exercises of lab 11 that need the standard library only: the page runs them, too."""

from latentlab.exercise import Exercise, Exercises


def shifted_sigmas(steps, shift):
    even = [1 - k / steps for k in range(steps + 1)]
    return [shift * sigma / (1 + (shift - 1) * sigma) for sigma in even]


def place_of(token, number, side, patch, channels):
    place, channel = divmod(number, channels)
    row = token // side * patch + place // patch
    column = token % side * patch + place % patch
    return channel, row, column


def _shifted(points, shift):
    return [shift * sigma / (1 + (shift - 1) * sigma) for sigma in points]


def _channels_first(token, number, side, patch, channels):
    channel, place = divmod(number, patch**2)
    return channel, *place_of(token, place, side, patch, 1)[1:]


def _patch_turned(token, number, side, patch, channels):
    place, channel = divmod(number, channels)
    down, right = place % patch, place // patch
    return channel, token // side * patch + down, token % side * patch + right


def _grid_turned(token, number, side, patch, channels):
    return place_of(token % side * side + token // side, number, side, patch, channels)


def _patches_on_top(token, number, side, patch, channels):
    place, channel = divmod(number, channels)
    return channel, token // side + place // patch, token % side + place % patch


def _one_row_of_places(token, number, side, patch, channels):
    place, channel = divmod(number, channels)
    return channel, token // side * patch, token % side * patch + place


exercises = Exercises(
    Exercise(
        shifted_sigmas,
        cases=[(4, 1.0), (2, 3.0), (4, 3.0), (5, 0.5), (1, 2.0)],
        mistakes={
            "you counted the points; for n steps you need n + 1 of them": (
                lambda steps, shift: _shifted([1 - k / (steps - 1) for k in range(steps)], shift)
            ),
            "you left out the last point, 0, where the walk arrives": (
                lambda steps, shift: shifted_sigmas(steps, shift)[:-1]
            ),
            "you forgot the shift": lambda steps, shift: shifted_sigmas(steps, 1.0),
            "you shifted the other way, by one over the shift": (
                lambda steps, shift: shifted_sigmas(steps, 1 / shift)
            ),
            "you went up, from 0 to 1; the walk begins with noise, at 1": (
                lambda steps, shift: shifted_sigmas(steps, shift)[::-1]
            ),
            "you multiplied by the shift and did not divide, so the walk begins beyond 1": (
                lambda steps, shift: [shift * (1 - k / steps) for k in range(steps + 1)]
            ),
        },
        hints=(
            "Steps lie between points: for n steps you need one point more.",
            "The points before the shift are 1, 1 − 1/n, 1 − 2/n and so on, down to 0.",
            "Put each of them into the formula of the shift. 1 and 0 stay where they are.",
        ),
    ),
    Exercise(
        place_of,
        cases=[
            (0, 0, 3, 2, 4),
            (0, 6, 3, 2, 4),
            (5, 9, 3, 2, 4),
            (7, 15, 3, 2, 4),
            (11, 3, 4, 1, 8),
            (3, 26, 2, 3, 3),
        ],
        mistakes={
            "you read each token channel by channel; a DiT writes channels last": _channels_first,
            "you turned each patch over its diagonal": _patch_turned,
            "you laid the tokens down the columns; they go row by row": _grid_turned,
            "you laid the patches on top of each other: a token is patch cells long": (
                _patches_on_top
            ),
            "you laid the places of a patch in one row": _one_row_of_places,
        },
        hints=(
            "Two steps: which place of the patch is it, and where does the patch lie in the grid?",
            "All channels of a place come together, so the channel is what changes most quickly.",
            "A token's row and column, times the patch, are where its upper left place lies.",
        ),
    ),
)
check = exercises.check
