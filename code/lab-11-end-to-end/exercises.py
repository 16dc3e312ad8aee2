"""The exercises of lab 11, each with its solution and the mistakes it recognizes.

Those that need the standard library only are in `plain_exercises`, which the page loads alone.
"""

from itertools import pairwise

import numpy as np
from latentlab.exercise import Exercise, Exercises
from plain_exercises import exercises as plain


def flow_loss(denoise, z, classes, sigma, noise, hidden):
    told = np.where(hidden, 10, classes)
    share = sigma.reshape(-1, 1, 1, 1)
    z_sigma = (1 - share) * z + share * noise
    return np.mean((denoise(z_sigma, sigma, told) - (noise - z)) ** 2)


def walk(denoise, z, steps, shift=1.0):
    even = np.linspace(1, 0, steps + 1)
    sigmas = shift * even / (1 + (shift - 1) * even)
    for k in range(steps):
        z = z + (sigmas[k + 1] - sigmas[k]) * denoise(z, sigmas[k])
    return z


def guide(both, guidance):
    with_class, without = np.split(both, 2)
    return without + guidance * (with_class - without)


def unpatchify(tokens, patch):
    batch, count, numbers = tokens.shape
    side, channels = round(count**0.5), numbers // patch**2
    cut = tokens.reshape(batch, side, side, patch, patch, channels)
    return cut.transpose(0, 5, 1, 3, 2, 4).reshape(batch, channels, side * patch, side * patch)


def frechet(one, other):
    c, d = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    between = ((one.mean(0) - other.mean(0)) ** 2).sum()
    roots = np.sqrt(np.linalg.eigvals(c @ d).real.clip(0))
    return between + np.trace(c) + np.trace(d) - 2 * roots.sum()


class Formula:
    """A denoiser that is one line of arithmetic, and shows it in messages."""

    def __init__(self, text):
        self.text = text
        self.call = eval(text)

    def __call__(self, *arguments):
        return self.call(*map(np.asarray, arguments))

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return self.text


_NOUGHT = Formula("lambda z, sigma, told: 0 * z")
_ALL_THREE = Formula("lambda z, sigma, told: z * (sigma - 0.1 * told).reshape(-1, 1, 1, 1)")
_BENT = Formula("lambda z, sigma: 1 + sigma * z")


def _swapped_ends(denoise, z, classes, sigma, noise, hidden):
    told = np.where(hidden, 10, classes)
    share = sigma.reshape(-1, 1, 1, 1)
    z_sigma = share * z + (1 - share) * noise
    return np.mean((denoise(z_sigma, sigma, told) - (noise - z)) ** 2)


def _target(wanted, point=None):
    def wrong(denoise, z, classes, sigma, noise, hidden):
        share = sigma.reshape(-1, 1, 1, 1)
        z_sigma = (1 - share) * z + share * noise
        told = np.where(hidden, 10, classes)
        return np.mean((denoise(z_sigma, sigma, told) - wanted(z, noise, z_sigma)) ** 2)

    return wrong


def _first_sigma_for_all(denoise, z, classes, sigma, noise, hidden):
    return flow_loss(denoise, z, classes, np.full_like(sigma, sigma[0]), noise, hidden)


def _summed(denoise, z, classes, sigma, noise, hidden):
    return z.size * flow_loss(denoise, z, classes, sigma, noise, hidden)


def _walk(sigmas_of, step=lambda sigma, after, steps: after - sigma, at_end=False):
    def wrong(denoise, z, steps, shift=1.0):
        sigmas = sigmas_of(steps, shift)
        for sigma, after in pairwise(sigmas):
            z = z + step(sigma, after, steps) * denoise(z, after if at_end else sigma)
        return z

    return wrong


def _shifted(steps, shift, count=1):
    even = np.linspace(1, 0, steps + count)
    return shift * even / (1 + (shift - 1) * even)


def _channels_first(tokens, patch):
    batch, count, numbers = tokens.shape
    side, channels = round(count**0.5), numbers // patch**2
    cut = tokens.reshape(batch, side, side, channels, patch, patch)
    return cut.transpose(0, 3, 1, 4, 2, 5).reshape(batch, channels, side * patch, side * patch)


def _patch_turned(tokens, patch):
    batch, count, numbers = tokens.shape
    side, channels = round(count**0.5), numbers // patch**2
    cut = tokens.reshape(batch, side, side, patch, patch, channels)
    return cut.transpose(0, 5, 1, 4, 2, 3).reshape(batch, channels, side * patch, side * patch)


def _grid_turned(tokens, patch):
    batch, count, numbers = tokens.shape
    side, channels = round(count**0.5), numbers // patch**2
    cut = tokens.reshape(batch, side, side, patch, patch, channels)
    return cut.transpose(0, 5, 2, 3, 1, 4).reshape(batch, channels, side * patch, side * patch)


def _only_reshaped(tokens, patch):
    batch, count, numbers = tokens.shape
    side = round(count**0.5) * patch
    return tokens.reshape(batch, numbers // patch**2, side, side)


def _frechet(trace_of_root, *, less=1, squared=True, mean=True):
    def wrong(one, other):
        c = np.cov(one, rowvar=False, ddof=less)
        d = np.cov(other, rowvar=False, ddof=less)
        between = ((one.mean(0) - other.mean(0)) ** 2).sum()
        between = mean * (between if squared else np.sqrt(between))
        return between + np.trace(c) + np.trace(d) - trace_of_root(c, d)

    return wrong


def _right_root(c, d):
    return 2 * np.sqrt(np.linalg.eigvals(c @ d).real.clip(0)).sum()


_VALUES = np.random.default_rng(11)


def _array(*shape):
    return _VALUES.standard_normal(shape).round(2)


_ONE, _ITS_NOISE = np.array([[[[2.0]]]]), np.array([[[[0.5]]]])
_LATENTS, _NOISES = _array(3, 2, 2, 2), _array(3, 2, 2, 2)
_CLASSES, _SIGMAS = np.array([3, 5, 7]), np.array([0.25, 0.9, 0.6])
_HIDDEN = [False, True, False]
_MIXED = _array(40, 3) @ _array(3, 3)

exercises = Exercises(
    *plain,
    Exercise(
        flow_loss,
        cases=[
            (_NOUGHT, _ONE, np.array([3]), np.array([0.25]), _ITS_NOISE, [False]),
            (_ALL_THREE, _ONE, np.array([3]), np.array([0.25]), _ITS_NOISE, [False]),
            (_ALL_THREE, _LATENTS, _CLASSES, _SIGMAS, _NOISES, _HIDDEN),
        ],
        mistakes={
            "you swapped sigma and 1 - sigma: at sigma = 1 nothing but noise is left": (
                _swapped_ends
            ),
            "you asked for z - noise; the direction leads to the noise": (
                _target(lambda z, noise, z_sigma: z - noise)
            ),
            "you asked for the noise alone, as a denoiser of lab 06 would be": (
                _target(lambda z, noise, z_sigma: noise)
            ),
            "you took the direction from z_sigma on, where it is that of the whole line": (
                _target(lambda z, noise, z_sigma: noise - z_sigma)
            ),
            "you used the first latent's sigma for all of them": _first_sigma_for_all,
            "you hid the classes that should be told, and told the hidden ones": (
                lambda denoise, z, classes, sigma, noise, hidden: flow_loss(
                    denoise, z, classes, sigma, noise, np.logical_not(hidden)
                )
            ),
            "you told every class, and guidance will have nothing to lean on": (
                lambda denoise, z, classes, sigma, noise, hidden: flow_loss(
                    denoise, z, classes, sigma, noise, np.zeros_like(hidden)
                )
            ),
            "you hid the class as 0, which is a class; 10 is nothing": (
                lambda denoise, z, classes, sigma, noise, hidden: flow_loss(
                    denoise, z, np.where(hidden, 0, classes), sigma, noise, np.zeros_like(hidden)
                )
            ),
            "you hid the class as -1, which is the starter's nothing; this network's is 10": (
                lambda denoise, z, classes, sigma, noise, hidden: flow_loss(
                    denoise, z, np.where(hidden, -1, classes), sigma, noise, np.zeros_like(hidden)
                )
            ),
            "you summed the squares, where their mean is wanted": _summed,
        },
        hints=(
            "Make z_sigma first: on the straight line from z, at sigma 0, to the noise, at 1.",
            "The direction to hit is the one of the whole line: from z to the noise.",
            "np.where hides classes; sigma needs axes of size 1 before it can meet z.",
        ),
    ),
    Exercise(
        walk,
        cases=[
            (_BENT, np.array([[[[2.0, -1.0]]]]), 2),
            (_BENT, np.array([[[[2.0, -1.0]]]]), 2, 3.0),
            (_BENT, _array(2, 2, 2, 2), 5, 0.5),
        ],
        mistakes={
            "you walked away from the data: the step, after - sigma, is negative": (
                _walk(_shifted, lambda sigma, after, steps: sigma - after)
            ),
            "you made all steps equal, but the shift makes them unequal": (
                _walk(_shifted, lambda sigma, after, steps: -1 / steps)
            ),
            "you spread the points and not the steps: for n steps you need n + 1 sigmas": (
                _walk(lambda steps, shift: _shifted(steps, shift, count=0))
            ),
            "you took sigma itself as the step; it is the difference to the next sigma": (
                _walk(_shifted, lambda sigma, after, steps: -sigma)
            ),
            "you forgot the last step, the one to sigma = 0": (
                _walk(lambda steps, shift: _shifted(steps, shift)[:-1])
            ),
            "you told the denoiser the sigma of the next point, where it stands at this one": (
                _walk(_shifted, at_end=True)
            ),
            "you forgot the shift": _walk(lambda steps, shift: _shifted(steps, 1.0)),
            "you shifted the other way, by one over the shift": (
                _walk(lambda steps, shift: _shifted(steps, 1 / shift))
            ),
            "you went up, from sigma 0 to 1": (
                _walk(lambda steps, shift: _shifted(steps, shift)[::-1])
            ),
        },
        hints=(
            "np.linspace gives the points; for n steps you need one more than n.",
            "Shift all the points first. The steps are then not equal.",
            "A step is the next sigma less this one, times the direction at this one.",
        ),
    ),
    Exercise(
        guide,
        cases=[
            (np.array([[[[3.0]]], [[[1.0]]]]), 1.5),
            (_array(4, 2, 2, 2), 2.0),
            (_array(6, 4, 1, 1), 0.0),
        ],
        mistakes={
            "you took the halves the other way round: the first is the one with the class": (
                lambda both, guidance: guide(np.roll(both, len(both) // 2, axis=0), guidance)
            ),
            "you counted from the half with the class: 0 would then mean the class alone": (
                lambda both, guidance: guide(both, 1 + guidance)
            ),
            "you added the direction with the class, where its difference to the other is wanted": (
                lambda both, guidance: np.split(both, 2)[1] + guidance * np.split(both, 2)[0]
            ),
            "you pushed the wrong way, from with to without the class": (
                lambda both, guidance: guide(both, -guidance)
            ),
            "you split the channels; it is the batch that was doubled": (
                lambda both, guidance: (
                    np.split(both, 2, axis=1)[1]
                    + guidance * -np.subtract(*np.split(both, 2, axis=1)[::-1])
                )
            ),
            "you took every other item; the halves lie one after the other": (
                lambda both, guidance: both[1::2] + guidance * (both[::2] - both[1::2])
            ),
            "you forgot to add what was without the class": (
                lambda both, guidance: guide(both, guidance) - np.split(both, 2)[1]
            ),
        },
        hints=(
            "np.split cuts the doubled batch into its halves.",
            "Start without the class, and go along the difference that the class makes.",
        ),
    ),
    Exercise(
        unpatchify,
        cases=[
            (np.array([[[1.0, 2.0, 3.0, 4.0]]]), 2),
            (np.arange(16.0).reshape(1, 4, 4), 2),
            (_array(2, 9, 8), 2),
            (_array(1, 16, 4), 1),
        ],
        mistakes={
            "you read each token channel by channel; a DiT writes channels last": _channels_first,
            "you turned each patch over its diagonal": _patch_turned,
            "you laid the tokens down the columns; they go row by row": _grid_turned,
            "you reshaped and moved no axis": _only_reshaped,
        },
        hints=(
            (
                "Cut the tokens first: S becomes rows and columns of tokens, C becomes two of "
                "the patch, and channels."
            ),
            (
                "Then move axes so that each row of tokens stands beside the rows within a "
                "patch, and columns likewise."
            ),
            (
                "The order to reach is batch, channels, token row, patch row, token column, "
                "patch column."
            ),
        ),
    ),
    Exercise(
        frechet,
        cases=[
            (
                np.array([[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]]),
                np.array([[1.0, 6.0], [3.0, 0.0], [5.0, 6.0]]),
            ),
            (_array(30, 3), 2 * _array(25, 3) + 1),
            (_MIXED, _array(30, 3) + 0.5),
        ],
        mistakes={
            "you divided by the count; one less is the rule for a covariance from samples": (
                _frechet(_right_root, less=0)
            ),
            "you forgot the root of the product of the covariances": (
                _frechet(lambda c, d: 2 * np.trace(c @ d))
            ),
            "you took the root of each entry; it is a root of the matrix": (
                _frechet(lambda c, d: 2 * np.sqrt(np.diag(c @ d)).sum())
            ),
            "you forgot the 2 before the root": (_frechet(lambda c, d: _right_root(c, d) / 2)),
            "you compared the means and left out how the sets spread": (
                lambda one, other: ((one.mean(0) - other.mean(0)) ** 2).sum()
            ),
            "you left out the means": _frechet(_right_root, mean=False),
            "you forgot to square the distance of the means": (
                _frechet(_right_root, squared=False)
            ),
            "you took the root at the end; what is reported is the squared distance": (
                lambda one, other: np.sqrt(frechet(one, other))
            ),
        },
        hints=(
            "np.cov with rowvar=False, for features in columns, gives a covariance.",
            (
                "The trace of the root needs no root of a matrix: sum the roots of the "
                "eigenvalues of the product."
            ),
            (
                "Eigenvalues can come out with tiny imaginary parts, or a little below 0: take "
                ".real and clip."
            ),
        ),
    ),
)
check = exercises.check
