"""Cut a latent into tokens, follow one number to its place, and count what it costs.

A token is a patch of cells with all their channels. The axes are B C T H W before and
B S C after.
"""

from math import prod

# (1) The contract: the latent of a clip, and the patch of the denoiser that reads it.
LATENT = (1, 16, 21, 90, 160)
PATCH = (1, 2, 2)  # cells along T, H and W that share one token


def patches(latent, patch=PATCH):
    """How many patches fit along T, H and W; a latent that cannot be cut is refused."""
    sides = latent[2:]
    for side, size, axis in zip(sides, patch, "THW", strict=True):
        if side % size:
            raise ValueError(f"{axis} = {side} cannot be cut into patches of {size}")
    return tuple(side // size for side, size in zip(sides, patch, strict=True))


def sequence(latent, patch=PATCH):
    """The shape of the sequence: B, S tokens, and the numbers that each token holds."""
    return latent[0], prod(patches(latent, patch)), latent[1] * prod(patch)


# (2) The main transition. T, H and W become one axis, S. Nothing is averaged, and
#     nothing is lost: both shapes hold the same numbers.
grid = patches(LATENT)  # (21, 45, 80)
tokens = sequence(LATENT)  # (1, 75600, 64)


# (3) The order: time outermost, then rows, then columns. What lay one row below is one
#     row of patches further on.
def token_at(t, h, w):
    """The index in S of the token that holds this cell of LATENT."""
    _, rows, columns = grid
    return (t // PATCH[0] * rows + h // PATCH[1]) * columns + w // PATCH[2]


first, right, below, later = (
    token_at(0, 0, 0),
    token_at(0, 0, 2),
    token_at(0, 2, 0),
    token_at(1, 0, 0),
)
steps = (right - first, below - first, later - first)  # (1, 80, 3600)


# (4) The line an interviewer asks about: each token attends to each.
def pairs(latent, patch=PATCH):
    """How many pairs of tokens one attention layer scores, for one head."""
    return sequence(latent, patch)[1] ** 2


doubled = (*LATENT[:3], 2 * LATENT[3], 2 * LATENT[4])  # (1, 16, 21, 180, 320)
growth = (sequence(doubled)[1] // tokens[1], pairs(doubled) // pairs(LATENT))  # (4, 16)

if __name__ == "__main__":
    print("latent  ", LATENT, "cut by", PATCH, "into", grid)
    print("sequence", tokens)
    print("steps   ", steps, "to the right, below, and one latent frame later")
    print("pairs   ", f"{pairs(LATENT):,}")
    print("twice as high and wide: tokens and pairs times", growth)
