"""The exercises of lab 04, each with its solution and the mistakes it recognizes."""

from latentlab.exercise import Exercise, Exercises


def frames_behind(j, factor):
    if j == 0:
        return 0, 0
    return (j - 1) * factor + 1, j * factor


def rounded_request(frames, factor, leftover):
    over = (frames - 1) % factor
    if not over:
        return frames
    return frames - over if leftover == "drop" else frames - over + factor


def joined(first, second, factor):
    return 1 + (first + second - 1) * factor


def _groups_without_a_first_frame(j, factor):
    return j * factor, j * factor + factor - 1


def _first_frame_like_the_others(j, factor):
    return (j - 1) * factor + 1, j * factor


def _everything_so_far(j, factor):
    return 0, j * factor


def _rounds_to_multiples(frames, factor, leftover):
    down = frames // factor * factor
    return frames if down == frames else down if leftover == "drop" else down + factor


def _moves_a_valid_count(frames, factor, leftover):
    down = 1 + (frames - 1) // factor * factor
    return down if leftover == "drop" else down + factor


def _always_drops(frames, factor, leftover):
    return 1 + (frames - 1) // factor * factor


exercises = Exercises(
    Exercise(
        frames_behind,
        cases=[(0, 4), (1, 4), (2, 4), (20, 4), (1, 8), (15, 8), (3, 6)],
        mistakes={
            "you let the groups begin at frame 0": _groups_without_a_first_frame,
            "you gave the first latent frame a whole group": _first_frame_like_the_others,
            "you listed all that it may have seen, not what it stands for": _everything_so_far,
        },
        hints=(
            "Latent frame 0 stands for frame 0 alone; draw the next groups on paper for factor 4.",
            "Latent frame 1 stands for frames 1 to factor: where does its successor begin?",
            "The last frame of group j has the number j × factor.",
        ),
    ),
    Exercise(
        rounded_request,
        cases=[
            (n, t, rule) for t in (4, 8) for n in (1, 17, 18, 80, 81) for rule in ("drop", "fill")
        ],
        mistakes={
            "you took multiples of the factor for valid": _rounds_to_multiples,
            "you moved a count that was valid already": _moves_a_valid_count,
            "you drop leftover frames whatever was asked": _always_drops,
            "you rounded as the pipeline of diffusers does for Wan": (
                lambda frames, factor, leftover: frames // factor * factor + 1
            ),
        },
        hints=(
            "A count is valid when what follows the first frame is a multiple of the factor.",
            "How many frames are left over, after the first one and all whole groups?",
            (
                "Nothing left over: leave it. Otherwise drop what is over, or drop it and add a "
                "whole group."
            ),
        ),
    ),
    Exercise(
        joined,
        cases=[(21, 21, 4), (1, 1, 4), (16, 16, 8), (5, 9, 4), (3, 1, 6)],
        mistakes={
            "you counted a first frame for each part": lambda first, second, factor: (
                2 + (first + second - 2) * factor
            ),
            "you forgot the first frame altogether": lambda first, second, factor: (
                (first + second) * factor
            ),
            "you forgot the +1 at the front": lambda first, second, factor: (
                (first + second - 1) * factor
            ),
        },
        hints=(
            "Decoded as one latent, they have one first frame, and not two.",
            "All latent frames but the very first become factor frames each.",
        ),
    ),
)
check = exercises.check
