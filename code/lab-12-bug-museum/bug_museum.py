"""Checks to keep: each asks one question of a tensor, and answers with one sentence.

They take arrays of numpy and tensors of torch alike. Beneath them is a small pipeline
with a bug to plant: which check speaks first? The axes are B C T H W.
"""

import math
import random
from itertools import product
from statistics import fmean, pstdev

# (1) The contract: what is right about each tensor on the way. Change BUG to "range",
#     "colors", "frames", "scale" or "twice".
BUG = None


def check_numbers(x, name="the tensor"):
    """Neither NaN nor infinity: the smallest and the largest would be one, too."""
    if not math.isfinite(float(x.min()) + float(x.max())):
        raise ValueError(f"{name} has NaN or infinity: expected numbers")


def check_pixels(x):
    """Numbers that use both halves of -1 to 1."""
    check_numbers(x, "the picture")
    low, high = float(x.min()), float(x.max())
    if low < -1.01 or high > 1.01 or low > -0.1:
        raise ValueError(f"pixels lie in {low:.2f} to {high:.2f}: expected -1 to 1")


def check_red(picture):
    """Of a red picture that went through a loader, C H W: is red still channel 0?"""
    means = [float(channel.mean()) for channel in picture]
    found = means.index(max(means))
    if found != 0:
        raise ValueError(f"red is in channel {found}: expected it in channel 0")


def check_frames(frames, temporal):
    """A count that a causal encoder takes without a rest."""
    if over := (frames - 1) % temporal:
        near = f"{frames - over} and {frames - over + temporal}"
        rule = f"expected {temporal}k + 1, the nearest are {near}"
        raise ValueError(f"{frames} frames leave {over} over: {rule}")


# (2) The main transition: what a denoiser is given. The band is for a batch of several
#     pictures; a flat one alone may stray further.
def check_latent(z):
    """Numbers of about mean 0 and standard deviation 1."""
    check_numbers(z, "the latent")
    mean, std = float(z.mean()), float(z.std())
    if abs(mean) > 0.05:
        raise ValueError(f"the latent's mean is {mean:.2f}: expected -0.05 to 0.05")
    if not 0.75 < std < 1.35:
        raise ValueError(f"the latent's deviation is {std:.2f}: expected 0.75 to 1.35")


# (3) Give the letters, too, and the message can name the axis.
def check_shape(found, wanted, axes):
    """Two shapes agree. `axes` names their axes, such as B C T H W."""
    if len(found) != len(wanted):
        raise ValueError(f"{len(found)} axes: expected {len(wanted)}, {axes}")
    for name, one, other in zip(axes.split(), found, wanted, strict=True):
        if one != other:
            raise ValueError(f"{name} is {one}: expected {other}")


# (4) The line an interviewer asks about: a known answer. It finds what no shape and no
#     statistic tells.
def check_close(found, wanted, least=20):
    """At least so many decibels of PSNR, for pixels in -1 to 1."""
    check_numbers(found, "the answer")
    error = float(((found - wanted) ** 2).mean())
    decibels = 10 * math.log10(4 / error) if error else math.inf
    if decibels < least:
        far = f"{decibels:.1f} dB from the known answer"
        raise ValueError(f"{far}: expected {least} or more")


def check_seam(picture, column):
    """B C H W: no step between two columns that is three times those beside it."""
    one, two, three, four = (picture[..., column + k] for k in (-2, -1, 0, 1))
    step = float(abs(three - two).mean())
    beside = float((abs(two - one) + abs(four - three)).mean()) / 2
    if step > 3 * beside:
        times = f"{step / beside:.0f} times those beside it"
        raise ValueError(f"the step at column {column} is {times}: expected 3 at most")


def check_saved(after, before):
    """A remedy for memory takes at least a tenth off the peak."""
    share = after / before
    if share > 0.9:
        raise ValueError(f"the peak is {share:.0%} of what it was: expected less")


def verdict(check, *given, **options):
    """What a check says: its sentence, or that it passes."""
    try:
        check(*given, **options)
    except ValueError as error:
        return f"FAILS: {error}"
    return "passes"


# (5) The toy, without numpy: a tensor of few methods, and an autoencoder with cells of
#     8 x 8 pixels, frame 0 by itself and then groups of four.
class Tensor:
    """A shape, and the number that `value` gives for each place."""

    def __init__(self, shape, value):
        self.shape = shape
        self.places = list(product(*map(range, shape)))
        self.at = {place: value(*place) for place in self.places}

    def map(self, change):
        return Tensor(self.shape, lambda *place: change(self.at[place]))

    def min(self):
        return min(self.at.values())

    def max(self):
        return max(self.at.values())

    def mean(self):
        return fmean(self.at.values())

    def std(self):
        return pstdev(self.at.values())

    def __sub__(self, other):
        return Tensor(self.shape, lambda *place: self.at[place] - other.at[place])

    def __pow__(self, power):
        return self.map(lambda value: value**power)


def encode(x):
    """Means of cells and groups of frames. What is left over drops out in silence."""
    b, c, t, h, w = x.shape

    def mean(b, c, t, h, w):
        frames = range(4 * t - 3, 4 * t + 1) if t else [0]
        cell = product(frames, range(8 * h, 8 * h + 8), range(8 * w, 8 * w + 8))
        return fmean(x.at[b, c, *place] for place in cell)

    return Tensor((b, c, 1 + (t - 1) // 4, h // 8, w // 8), mean)


def decode(z):
    """Each number once for every pixel and frame that it stands for."""
    b, c, t, h, w = z.shape
    shape = (b, c, 4 * t - 3, 8 * h, 8 * w)
    return Tensor(shape, lambda b, c, t, h, w: z.at[b, c, (t + 3) // 4, h // 8, w // 8])


def pipeline(picture, bug=None):
    """From bytes, C H W, to a still clip, its latent and back: what checks say."""

    def load(colors, frames):
        order = (2, 1, 0) if bug == "colors" else (0, 1, 2)
        white, black = (255, 0) if bug == "range" else (127.5, 1)
        shape = (1, 3, frames, len(colors[0]), len(colors[0][0]))

        def pixel(b, c, t, h, w):
            return colors[order[c]][h][w] / white - black

        return Tensor(shape, pixel)

    red = load([[[255] * 8] * 8, [[0] * 8] * 8, [[0] * 8] * 8], frames=1)

    def channel(c):
        return Tensor((8, 8), lambda h, w: red.at[0, c, 0, h, w])

    yield "red", verdict(check_red, [channel(c) for c in range(3)])
    x = load(picture, frames=16 if bug == "frames" else 17)
    yield "pixels", verdict(check_pixels, x)
    yield "frames", verdict(check_frames, x.shape[2], 4)

    latent = encode(x)
    mean, std = latent.mean(), latent.std() ** (2 if bug == "twice" else 1)
    z = latent.map(lambda value: (value - mean) / std)
    yield "latent", verdict(check_latent, z)
    back = decode(z if bug == "scale" else z.map(lambda value: value * std + mean))
    yield "shape", verdict(check_shape, back.shape, x.shape, "B C T H W")
    yield "answer", verdict(check_close, back, Tensor(back.shape, lambda *at: x.at[at]))


# A picture of squares, as a loader gives it: bytes, red first.
draw = random.Random(0)
squares = [[[draw.uniform(0, 255) for _ in "abc"] for _ in "ab"] for _ in "rgb"]
picture = [[[c[h // 8][w // 8] for w in range(24)] for h in range(16)] for c in squares]

clip = Tensor((1, 3, 17, 16, 24), lambda *place: 0)
latent = encode(clip).shape  # (1, 3, 5, 2, 3)
of_17 = decode(encode(clip)).shape  # (1, 3, 17, 16, 24)
short = Tensor((1, 3, 16, 16, 24), lambda *place: 0)
of_16 = decode(encode(short)).shape  # (1, 3, 13, 16, 24)

if __name__ == "__main__":
    print("bug:", BUG)
    for name, said in pipeline(picture, BUG):
        print(f"  {name:7}", said)
