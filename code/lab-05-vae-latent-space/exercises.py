"""The exercises of lab 05, each with its solution and the mistakes it recognizes."""

import math

from latentlab.exercise import Exercise, Exercises


def compression(image, latent):
    positions = (image[-2] * image[-1]) / (latent[-2] * latent[-1])
    elements = math.prod(image[1:]) / math.prod(latent[1:])
    return positions, elements


def standard_deviation(log_variance):
    return math.exp(0.5 * log_variance)


def decibels(mean_squared_error):
    return 10 * math.log10(2**2 / mean_squared_error)


def _swapped(image, latent):
    positions, elements = compression(image, latent)
    return elements, positions


def _one_side_only(image, latent):
    return image[-1] / latent[-1], compression(image, latent)[1]


def _no_channels(image, latent):
    positions, _ = compression(image, latent)
    return positions, positions


exercises = Exercises(
    Exercise(
        compression,
        cases=[
            ((1, 3, 1024, 1024), (1, 4, 128, 128)),
            ((1, 3, 1024, 1024), (1, 16, 128, 128)),
            ((2, 3, 512, 768), (2, 32, 64, 96)),
            ((1, 3, 512, 512), (1, 5, 32, 64)),
            ((1, 3, 1024, 1024), (1, 32, 32, 32)),
        ],
        mistakes={
            "you returned elements first and positions second": _swapped,
            "you counted positions along one side only": _one_side_only,
            "you left the channels out of the elements": _no_channels,
        },
        hints=(
            "Positions are height times width; elements are those times the channels.",
            "Leave the batch out: it is the same on both sides.",
            "Each of the two is what the image has divided by what the latent has.",
        ),
    ),
    Exercise(
        standard_deviation,
        cases=[(0.0,), (-12.0,), (2.0,), (-1.5,)],
        mistakes={
            "you forgot the 0.5, so this is the variance": math.exp,
            "you took the log-variance itself for the standard deviation": lambda v: v,
            "you took the square root of the log-variance": lambda v: math.sqrt(abs(v)),
        },
        hints=(
            "First make a variance of its logarithm.",
            "A standard deviation is the root of the variance, and a root halves the exponent.",
        ),
    ),
    Exercise(
        decibels,
        cases=[(4.0,), (0.04,), (0.0025,), (1.0,)],
        mistakes={
            "you took 1 for the peak, but [-1, 1] spans 2": lambda mse: 10 * math.log10(1 / mse),
            "you forgot to square the peak": lambda mse: 10 * math.log10(2 / mse),
            "you used the natural logarithm": lambda mse: 10 * math.log(2**2 / mse),
            "you took 255 for the peak": lambda mse: 10 * math.log10(255**2 / mse),
        },
        hints=(
            "Decibels are 10 times the logarithm, to base 10, of a ratio.",
            "The ratio is the peak squared over the mean squared error.",
            "The peak is how far black and white lie apart: from −1 to 1.",
        ),
    ),
)
check = exercises.check
