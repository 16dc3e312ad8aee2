"""The exercises of lab 09 that need the standard library only: the page runs them, too."""

from latentlab.exercise import Exercise, Exercises


def latent_of(kind, grid):
    b, _, d, h, w = grid
    if kind == "vector":
        return b, 8 * (d // 8) * (h // 8) * (w // 8)
    if kind == "plane":
        return b, 8, d // 4, w // 4
    return b, 8, d // 8, h // 8, w // 8


def best_constant(share, weight):
    return weight * share / (1 + (weight - 1) * share)


def _depth_is_time(kind, grid):
    b, _, d, h, w = grid
    if kind == "volume":
        return b, 8, (d - 1) // 4 + 1, h // 8, w // 8
    return latent_of(kind, grid)


def _seen_from_the_front(kind, grid):
    b, *_, h, w = grid
    return (b, 8, h // 4, w // 4) if kind == "plane" else latent_of(kind, grid)


def _seen_from_the_side(kind, grid):
    b, _, d, h, _ = grid
    return (b, 8, d // 4, h // 4) if kind == "plane" else latent_of(kind, grid)


def _slice_by_slice(kind, grid):
    b, _, d, h, w = grid
    return (b, 8, d, h // 8, w // 8) if kind == "volume" else latent_of(kind, grid)


def _batch_in_the_vector(kind, grid):
    shape = latent_of(kind, grid)
    return (shape[0] * shape[1],) if kind == "vector" else shape


exercises = Exercises(
    Exercise(
        latent_of,
        cases=[
            ("volume", (2, 1, 32, 32, 32)),
            ("plane", (2, 1, 32, 16, 64)),
            ("vector", (2, 1, 32, 32, 32)),
            ("volume", (1, 1, 64, 32, 16)),
            ("plane", (1, 1, 32, 32, 32)),
        ],
        mistakes={
            "you counted depth as a causal video VAE counts frames": _depth_is_time,
            "you looked at the plane from the front, not from above": _seen_from_the_front,
            "you looked at the plane from the side, not from above": _seen_from_the_side,
            "you left depth as long as it was, slice by slice": _slice_by_slice,
            "you put the batch into the vector": _batch_in_the_vector,
        },
        hints=(
            (
                "Each kind keeps other axes: the volume all three, the plane the two seen from "
                "above, the vector none."
            ),
            "From above one looks along H: depth and width are left.",
            (
                "The vector has as many numbers as the volume of one grid: multiply the "
                "volume's shape, without the batch."
            ),
        ),
    ),
    Exercise(
        best_constant,
        cases=[(0.1, 1.0), (0.1, 9.0), (0.25, 3.0), (0.02, 2.0)],
        mistakes={
            "you left the weight out": lambda share, weight: share,
            "you multiplied the probability, not the odds": lambda share, weight: weight * share,
            "you returned where the weight puts the threshold": lambda share, weight: (
                1 / (1 + weight)
            ),
            "you weighted the empty voxels": (
                lambda share, weight: share / (share + weight * (1 - share))
            ),
            "you returned odds, not a probability": (
                lambda share, weight: weight * share / (1 - share)
            ),
        },
        hints=(
            (
                "Write the loss of a constant p: full voxels give −log p, empty ones −log(1 − "
                "p), in their shares."
            ),
            "With weights, full and empty stand as weight × share to 1 − share.",
            "The best p is the full part of that whole, in numbers that add up to 1.",
        ),
    ),
)
check = exercises.check
