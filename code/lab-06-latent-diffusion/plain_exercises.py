"""The exercises of lab 06 that need the standard library only: the page runs them, too."""

import math

from latentlab.exercise import Exercise, Exercises


def unscale(z, factor, shift=0.0):
    return z / factor + shift


def spread_of_noised(deviation, alpha_bar):
    return math.sqrt(alpha_bar * deviation**2 + 1 - alpha_bar)


exercises = Exercises(
    Exercise(
        unscale,
        cases=[
            (-2.0, 0.5),
            (-2.0, 0.5, 0.25),
            (0.75, 1.25, -0.75),
        ],
        mistakes={
            "you scaled once more, where you should undo it": (
                lambda z, factor, shift=0.0: z * factor + shift
            ),
            "you scaled once more, shift and all, where you should undo both": (
                lambda z, factor, shift=0.0: (z - shift) * factor
            ),
            "you forgot to unscale": lambda z, factor, shift=0.0: z + shift,
            "you forgot the shift": lambda z, factor, shift=0.0: z / factor,
            "you added the shift before dividing; it was subtracted first, so it comes back last": (
                lambda z, factor, shift=0.0: (z + shift) / factor
            ),
            "you subtracted the shift, as on the way in": (
                lambda z, factor, shift=0.0: z / factor - shift
            ),
        },
        hints=(
            "What was done last is undone first.",
            "On the way in, the shift was subtracted first and the factor multiplied last.",
        ),
    ),
    Exercise(
        spread_of_noised,
        cases=[(1.0, 0.64), (5.0, 0.64), (0.5, 0.36), (2.0, 0.04), (3.0, 1.0)],
        mistakes={
            "you added deviations; of independent parts the variances add up": (
                lambda deviation, alpha_bar: (
                    math.sqrt(alpha_bar) * deviation + math.sqrt(1 - alpha_bar)
                )
            ),
            "you returned the variance, where its root is wanted": (
                lambda deviation, alpha_bar: alpha_bar * deviation**2 + 1 - alpha_bar
            ),
            "you multiplied by alpha_bar, where the forward process takes its root": (
                lambda deviation, alpha_bar: math.hypot(alpha_bar * deviation, 1 - alpha_bar)
            ),
            "you swapped the shares: alpha_bar is the latent's": (
                lambda deviation, alpha_bar: math.sqrt((1 - alpha_bar) * deviation**2 + alpha_bar)
            ),
            "you forgot the noise": lambda deviation, alpha_bar: math.sqrt(alpha_bar) * deviation,
            "you took it for granted that the latent has a deviation of 1": (
                lambda deviation, alpha_bar: 1.0
            ),
        },
        hints=(
            (
                "What is added is independent of the latent: then the variances add up, and not "
                "the deviations."
            ),
            (
                "The latent is multiplied by the root of alpha_bar, so its variance by "
                "alpha_bar itself."
            ),
            (
                "The noise has variance 1 before its share is taken. At the end, return to a "
                "deviation by a root."
            ),
        ),
    ),
)
check = exercises.check
