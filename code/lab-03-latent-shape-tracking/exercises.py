"""The exercises of lab 03, each with its solution and the mistakes it recognizes."""

from latentlab.exercise import Exercise, Exercises


def decoded_frames(frames):
    return 1 + (frames - 1) // 4 * 4


def place_in_folded_batch(b, t, clips, frames):
    return b * frames + t


def nearest_valid(frames):
    if frames < 1:
        raise ValueError(f"{frames} frames: expected at least 1")
    below = 1 + (frames - 1) // 4 * 4
    above = below if below == frames else below + 4
    return below, above


def _takes_multiples_of_four_for_valid(frames):
    if frames < 1:
        raise ValueError
    below = frames // 4 * 4
    return (below, below) if below == frames else (below, below + 4)


def _moves_off_a_valid_count(frames):
    if frames < 1:
        raise ValueError
    below = 1 + (frames - 1) // 4 * 4
    return below, below + 4


def _accepts_a_clip_of_no_frames(frames):
    below = 1 + (frames - 1) // 4 * 4
    return (below, below) if below == frames else (below, below + 4)


exercises = Exercises(
    Exercise(
        decoded_frames,
        cases=[(81,), (80,), (1,), (17,), (16,), (18,), (4,)],
        mistakes={
            "you expect every frame to come back": lambda frames: frames,
            "you forgot that the first frame stands alone": lambda frames: frames // 4 * 4,
            "you rounded up to the next valid count": lambda frames: 1 - (1 - frames) // 4 * 4,
            "you counted latent frames, not decoded ones": lambda frames: 1 + (frames - 1) // 4,
        },
        hints=(
            "The first frame stands alone. Only the others come in groups of 4.",
            "Count the whole groups after the first frame; what fills no group is lost.",
            "Each whole group comes back as 4 frames, and the first frame as one.",
        ),
    ),
    Exercise(
        place_in_folded_batch,
        cases=[
            (0, 0, 2, 81),
            (0, 5, 2, 81),
            (1, 0, 2, 81),
            (1, 80, 2, 81),
            (3, 2, 4, 5),
        ],
        mistakes={
            "you folded as (T B): time outside, batch inside": lambda b, t, clips, frames: (
                t * clips + b
            ),
            "you stepped over whole clips by the number of clips": lambda b, t, clips, frames: (
                b * clips + t
            ),
            "you left the batch out": lambda b, t, clips, frames: t,
        },
        hints=(
            "(B T) says that the batch is outside: all frames of clip 0 come first.",
            "How many frames lie before the first frame of clip b?",
        ),
    ),
    Exercise(
        nearest_valid,
        cases=[(80,), (81,), (82,), (79,), (1,), (2,), (77,), (0,), (-3,)],
        mistakes={
            "you took multiples of 4 for valid": _takes_multiples_of_four_for_valid,
            "you moved off a count that was valid already": _moves_off_a_valid_count,
            "you accept a clip of no frames": _accepts_a_clip_of_no_frames,
        },
        hints=(
            "Valid counts are 1, 5, 9, 13: one more than a multiple of 4.",
            (
                "Take the 1 away, round down to a multiple of 4, and put it back: that is the "
                "count below."
            ),
            "The count above is 4 more, unless the count below is the one you were given.",
        ),
    ),
)
check = exercises.check
