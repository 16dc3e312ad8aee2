"""One latent, kept as a grid or as a vector: shapes, weights, order, a draw, a price.

A grid is B C H W. A vector is B C: numbers without a place.
"""

from math import exp, prod

# (1) The contract: a picture, the last features of its encoder, one cell for 8 x 8
#     pixels, and how many numbers may leave it.
PICTURE = (1, 1, 32, 32)
FEATURES = (1, 32, 4, 4)
CHANNELS = 4  # numbers that a cell of the grid may keep
VALUES = CHANNELS * FEATURES[2] * FEATURES[3]  # 64

# (2) The main transition: moments, a mean and a log-variance for each number.


def as_grid(features, channels):
    """A 3 x 3 convolution looks at a cell and its neighbors. H and W stay."""
    batch, _, height, width = features
    return (batch, 2 * channels, height, width)


def as_vector(features, values):
    """A matrix looks at everything at once, laid in a row. H and W are gone."""
    return (features[0], 2 * values)


grid = as_grid(FEATURES, CHANNELS)  # (1, 8, 4, 4)
row = (1, prod(FEATURES[1:]))  # (1, 512)
vector = as_vector(FEATURES, VALUES)  # (1, 128)
grid_weights = 2 * CHANNELS * (FEATURES[1] * 3 * 3 + 1)  # 2312
vector_weights = 2 * VALUES * (row[1] + 1)  # 65664

# Twice the height and width: the same convolution makes a larger grid. The matrix does
# not fit any longer; one that does has sixteen times as many weights.
LARGER = (1, 32, 8, 8)
larger_grid = as_grid(LARGER, CHANNELS)  # (1, 8, 8, 8)
larger_weights = 2 * (4 * VALUES) * (prod(LARGER[1:]) + 1)  # 1049088


# (3) Laid in a row, a grid keeps every number. Who was whose neighbor is arithmetic.
def place(channel, row, column):
    """Where a number of FEATURES lies in the row that the matrix reads."""
    _, _, height, width = FEATURES
    return (channel * height + row) * width + column


right = place(0, 0, 1) - place(0, 0, 0)
below = place(0, 1, 0) - place(0, 0, 0)
deeper = place(1, 0, 0) - place(0, 0, 0)
steps = (right, below, deeper)  # (1, 4, 16)


# (4) The lines an interviewer asks about: a draw, and what one number costs in nats.
def draw(mean, log_variance, noise):
    return mean + exp(0.5 * log_variance) * noise


def kl(mean, log_variance):
    return 0.5 * (mean**2 + exp(log_variance) - 1 - log_variance)


silent = kl(0.0, 0.0)  # 0.0

if __name__ == "__main__":
    print("moments ", grid, "or", vector)
    print("weights ", f"{grid_weights:,} or {vector_weights:,}")
    print("larger  ", larger_grid, "with the same weights, or", f"{larger_weights:,}")
    print("steps   ", steps, "to the right, below, and one channel deeper")
    print("a draw  ", f"{draw(mean=2.0, log_variance=-4.0, noise=1.0):.2f}")
    print("its cost", f"{kl(2.0, -4.0):.2f} nats;", "one that says nothing:", silent)
