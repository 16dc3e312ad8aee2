"""The exercises of lab 02, each with its solution and the mistakes it recognizes."""

import math
from math import prod

from latentlab.exercise import Exercise, Exercises


def kl_map(mean, log_variance):
    channels, rows, columns = len(mean), len(mean[0]), len(mean[0][0])

    def kl(c, h, w):
        m, v = mean[c][h][w], log_variance[c][h][w]
        return (m**2 + math.exp(v) - 1 - v) / 2

    return [
        [sum(kl(c, h, w) for c in range(channels)) for w in range(columns)] for h in range(rows)
    ]


def unflatten(row, channels, height, width):
    if len(row) != channels * height * width:
        raise ValueError(f"{len(row)} numbers do not make {channels} × {height} × {width}")
    return [
        [[row[(c * height + h) * width + w] for w in range(width)] for h in range(height)]
        for c in range(channels)
    ]


def matrix_weights(features, values):
    inputs = prod(features[1:])
    return 2 * values * (inputs + 1)


def _one(mean, log_variance):
    return (mean**2 + math.exp(log_variance) - 1 - log_variance) / 2


def _map_by(combine, one=_one):
    def wrong(mean, log_variance):
        return [
            [
                combine([one(m[h][w], v[h][w]) for m, v in zip(mean, log_variance, strict=True)])
                for w in range(len(mean[0][0]))
            ]
            for h in range(len(mean[0]))
        ]

    return wrong


def _per_channel(mean, log_variance):
    return [
        sum(_one(a, b) for r, s in zip(m, v, strict=True) for a, b in zip(r, s, strict=True))
        for m, v in zip(mean, log_variance, strict=True)
    ]


def _reads(index):
    def wrong(row, channels, height, width):
        unflatten(row, channels, height, width)
        sizes = (channels, height, width)
        return [
            [[row[index(c, h, w, *sizes)] for w in range(width)] for h in range(height)]
            for c in range(channels)
        ]

    return wrong


_SMALL = ([[[0.0, 1.0], [2.0, 0.0]]], [[[0.0, 0.0], [-1.0, -2.0]]])
_TWO = (
    [[[0.5, -1.0, 3.0]], [[0.0, 2.0, -2.0]]],
    [[[-3.0, 0.5, -6.0]], [[0.0, -1.5, 1.0]]],
)

exercises = Exercises(
    Exercise(
        kl_map,
        cases=[_SMALL, _TWO],
        mistakes={
            "you took the mean over channels, and a cell pays their sum": _map_by(
                lambda each: sum(each) / len(each)
            ),
            "you summed over positions, and kept one number a channel": _per_channel,
            "you took the log-variance for the logarithm of the standard deviation": _map_by(
                sum, lambda m, v: (m**2 + math.exp(2 * v) - 1 - 2 * v) / 2
            ),
            "you left out the −1, and silence is not free any longer": _map_by(
                sum, lambda m, v: (m**2 + math.exp(v) - v) / 2
            ),
        },
        hints=(
            "One number has the KL divergence (mean² + exp(log_variance) − 1 − log_variance) / 2.",
            "A cell pays for all of its channels: add them up at each row and column.",
            "Let two comprehensions run over rows and columns, and a sum over channels within.",
        ),
    ),
    Exercise(
        unflatten,
        cases=[
            (list(range(12)), 2, 2, 3),
            (list(range(6)), 3, 1, 2),
            (list(range(8)), 2, 4, 1),
            (list(range(5)), 1, 2, 3),
        ],
        mistakes={
            "you read the channels as if they were written last": _reads(
                lambda c, h, w, channels, height, width: (h * width + w) * channels + c
            ),
            "you stepped by the height from row to row": _reads(
                lambda c, h, w, channels, height, width: c * height * width + w * height + h
            ),
            "you began each channel where the first one begins": _reads(
                lambda c, h, w, channels, height, width: h * width + w
            ),
        },
        hints=(
            (
                "Columns are the quick axis, then rows, then channels: each channel is height × "
                "width numbers long."
            ),
            "The number at (c, h, w) stands after c whole channels, h whole rows and w numbers.",
            "Compare the length of the row with the product of the sizes before you read it.",
        ),
    ),
    Exercise(
        matrix_weights,
        cases=[((1, 32, 4, 4), 64), ((8, 32, 8, 8), 256), ((1, 512, 7, 5), 10)],
        mistakes={
            "you forgot the log-variance, which needs as many rows as the mean": (
                lambda features, values: values * (prod(features[1:]) + 1)
            ),
            "you let the matrix look at one cell, as a 1 × 1 convolution does": (
                lambda features, values: 2 * values * (features[1] + 1)
            ),
            "you forgot the biases": lambda features, values: 2 * values * prod(features[1:]),
            "you counted the batch among the features": (
                lambda features, values: 2 * values * (prod(features) + 1)
            ),
        },
        hints=(
            "A linear layer looks at every number of one picture; the batch is none of them.",
            "For each number it makes, it has one weight for each input, and one bias.",
            "It makes means and log-variances: twice as many numbers as the latent has.",
        ),
    ),
)
check = exercises.check
