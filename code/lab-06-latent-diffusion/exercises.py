"""The exercises of lab 06, each with its solution and the mistakes it recognizes.

Nothing here fixes where an answer takes its random numbers from. What is random is measured on
many numbers and rounded, so any source of standard normal noise will do.
The exercises that need the standard library only are in `plain_exercises`, which the page loads
alone.
"""

import math
import weakref

import numpy as np
from latentlab.exercise import Exercise, Exercises
from plain_exercises import exercises as plain


def reparameterize(mean, log_variance, noise):
    return mean + np.exp(0.5 * log_variance) * noise


def add_noise(z, t, alpha_bars, noise):
    kept = np.reshape(alpha_bars[t], (-1,) + (1,) * (z.ndim - 1))
    return np.sqrt(kept) * z + np.sqrt(1 - kept) * noise


def predict_z0(z_t, output, alpha_bar, kind):
    signal, rest = np.sqrt(alpha_bar), np.sqrt(1 - alpha_bar)
    if kind == "epsilon":
        return (z_t - rest * output) / signal
    return signal * z_t - rest * output


def measure_factor(batches):
    count, total, squares = 0, 0.0, 0.0
    for latent in batches:
        latent = latent.astype(np.float64)
        count += latent.size
        total += latent.sum()
        squares += (latent**2).sum()
    variance = squares / count - (total / count) ** 2
    return 1 / np.sqrt(variance)


class LatentDiffusion:
    def __init__(self, encoder_fn, decoder_fn, scale_factor=0.18215):
        self.encoder_fn = encoder_fn
        self.decoder_fn = decoder_fn
        self.scale_factor = scale_factor

    def encode(self, x):
        mean, log_variance = self.encoder_fn(x)
        std = np.exp(0.5 * log_variance)
        return (mean + std * np.random.standard_normal(mean.shape)) * self.scale_factor

    def decode(self, z):
        return self.decoder_fn(z / self.scale_factor)

    def forward_diffusion(self, z, t, alpha_bars):
        noise = np.random.standard_normal(z.shape)
        kept = np.reshape(np.asarray(alpha_bars)[t], (-1,) + (1,) * (z.ndim - 1))
        return np.sqrt(kept) * z + np.sqrt(1 - kept) * noise, noise


# The class is asked in words. Each answer is a number that no seed changes.

_ALPHA_BARS = np.array([0.96, 0.64, 0.36, 0.04])


def _doubtful(x):
    return x + 3, np.zeros_like(x)


def _very_doubtful(x):
    return 0 * x, np.full_like(x, math.log(2.56))


def _same(latent):
    return latent


def _pictures():
    # A seed nobody types: noise equal to the pictures could not be told from them.
    return np.random.default_rng(20_061_123).standard_normal((2, 4, 128, 128))


def _line(x, z):
    """Slope and intercept of z over x."""
    slope, intercept = np.polyfit(x.ravel(), z.ravel(), 1)
    return round(float(slope), 1), round(float(intercept), 1)


def _alike(z):
    """The correlation of two pictures' numbers."""
    first, second = z.reshape(2, -1)
    if not (first.std() and second.std()):
        return "nothing is drawn"
    return round(float(np.corrcoef(first, second)[0, 1]), 1) + 0.0


def _shares(z, z_t, noise):
    """How much of z and of the noise is in z_t, for each picture, by least squares."""
    found = []
    for kept, made, added in zip(z, z_t, noise, strict=True):
        parts = np.stack([kept.ravel(), added.ravel()])
        shares = np.linalg.solve(parts @ parts.T, parts @ made.ravel())
        if abs(shares @ parts - made.ravel()).max() > 1e-6:
            return "z_t is no sum of z and the noise"
        found.append(tuple(round(float(share), 3) for share in shares))
    return tuple(found)


def _encode(encoder_fn, measure, *factor):
    def asked(answer):
        x = _pictures()
        z = answer(encoder_fn, _same, *factor).encode(x)
        return None if z is None else measure(x, z)

    return asked


def _noise(t, measure):
    def asked(answer):
        z = _pictures()
        made = answer(_doubtful, _same, 0.5).forward_diffusion(z, t, _ALPHA_BARS)
        return None if made is None else measure(z, *made)

    return asked


def _decode(answer):
    z = np.array([[[[1.0, -2.0], [0.0, 0.5]]]])
    return answer(_doubtful, lambda latent: 10 * latent + 1, 0.5).decode(z)


def _deviation(z):
    return round(float(z.std()), 1)


_QUESTIONS = {
    "slope and intercept of encode over x, for mean x + 3, log-variance 0 and factor 0.5": (
        _encode(_doubtful, _line, 0.5)
    ),
    "the mean of encode with the default factor, for mean 10": (
        _encode(lambda x: (0 * x + 10, 0 * x), lambda x, z: round(float(z.mean()), 1))
    ),
    "the standard deviation of encode, for log-variance log(2.56) and factor 0.5": (
        _encode(_very_doubtful, lambda x, z: _deviation(z), 0.5)
    ),
    "the correlation of two pictures' draws in encode": (
        _encode(_very_doubtful, lambda x, z: _alike(z), 0.5)
    ),
    "decode with factor 0.5 and the decoder 10 × latent + 1": _decode,
    "the shares of z and noise in two pictures, for alpha_bars[t] = 0.64": _noise(1, _shares),
    "the shares of z and noise in two pictures, for alpha_bars[t] = 0.64 and 0.04": (
        _noise(np.array([1, 3]), _shares)
    ),
    "the standard deviation of the noise": _noise(1, lambda z, z_t, noise: _deviation(noise)),
    "the correlation of two pictures' noise": _noise(1, lambda z, z_t, noise: _alike(noise)),
}


def _ask(answer, question):
    if not isinstance(answer, type):
        raise TypeError(f"expected a class, got {answer!r}")
    return _QUESTIONS[question](answer)


def _drawn(moments):
    mean, log_variance = moments
    return mean, log_variance, np.random.standard_normal(mean.shape)


class _NeverUnscaled(LatentDiffusion):
    def decode(self, z):
        return self.decoder_fn(z)


class _ScaledAgain(LatentDiffusion):
    def decode(self, z):
        return self.decoder_fn(z * self.scale_factor)


class _NeverScaled(LatentDiffusion):
    def encode(self, x):
        mean, log_variance, noise = _drawn(self.encoder_fn(x))
        return mean + np.exp(0.5 * log_variance) * noise


class _ScaledTheMeanOnly(LatentDiffusion):
    def encode(self, x):
        mean, log_variance, noise = _drawn(self.encoder_fn(x))
        return mean * self.scale_factor + np.exp(0.5 * log_variance) * noise


class _NoHalf(LatentDiffusion):
    def encode(self, x):
        mean, log_variance, noise = _drawn(self.encoder_fn(x))
        return (mean + np.exp(log_variance) * noise) * self.scale_factor


class _LogVarianceAsStd(LatentDiffusion):
    def encode(self, x):
        mean, log_variance, noise = _drawn(self.encoder_fn(x))
        return (mean + log_variance * noise) * self.scale_factor


class _MeanOnly(LatentDiffusion):
    def encode(self, x):
        return self.encoder_fn(x)[0] * self.scale_factor


class _HalfLogVarianceAsStd(LatentDiffusion):
    def encode(self, x):
        mean, log_variance, noise = _drawn(self.encoder_fn(x))
        return (mean + 0.5 * log_variance * noise) * self.scale_factor


class _DividedOnTheWayIn(LatentDiffusion):
    def encode(self, x):
        return super().encode(x) / self.scale_factor**2

    def decode(self, z):
        return self.decoder_fn(z * self.scale_factor)


class _OneDrawForAll(LatentDiffusion):
    def encode(self, x):
        mean, log_variance = self.encoder_fn(x)
        std = np.exp(0.5 * log_variance)
        return (mean + std * np.random.standard_normal(mean.shape[1:])) * self.scale_factor


class _SwappedRoots(LatentDiffusion):
    def forward_diffusion(self, z, t, alpha_bars):
        return super().forward_diffusion(z, t, 1 - np.asarray(alpha_bars))


class _NoRoots(LatentDiffusion):
    def forward_diffusion(self, z, t, alpha_bars):
        noise = np.random.standard_normal(z.shape)
        kept = np.reshape(np.asarray(alpha_bars)[t], (-1, 1, 1, 1))
        return kept * z + (1 - kept) * noise, noise


class _FirstStepForAll(LatentDiffusion):
    def forward_diffusion(self, z, t, alpha_bars):
        return super().forward_diffusion(z, np.ravel(t)[0], alpha_bars)


class _OneNoiseForAll(LatentDiffusion):
    def forward_diffusion(self, z, t, alpha_bars):
        noise = np.broadcast_to(np.random.standard_normal(z.shape[1:]), z.shape)
        kept = np.reshape(np.asarray(alpha_bars)[t], (-1, 1, 1, 1))
        return np.sqrt(kept) * z + np.sqrt(1 - kept) * noise, noise


class _UniformNoise(LatentDiffusion):
    def forward_diffusion(self, z, t, alpha_bars):
        noise = np.random.uniform(size=z.shape)
        kept = np.reshape(np.asarray(alpha_bars)[t], (-1, 1, 1, 1))
        return np.sqrt(kept) * z + np.sqrt(1 - kept) * noise, noise


class _ScaledBeforeTheNoise(LatentDiffusion):
    def forward_diffusion(self, z, t, alpha_bars):
        return super().forward_diffusion(z * self.scale_factor, t, alpha_bars)


class _NoiseFirst(LatentDiffusion):
    def forward_diffusion(self, z, t, alpha_bars):
        return super().forward_diffusion(z, t, alpha_bars)[::-1]


def _one_step_for_all(z, t, alpha_bars, noise):
    return add_noise(z, np.ravel(t)[0], alpha_bars, noise)


def _no_roots(z, t, alpha_bars, noise):
    kept = np.reshape(alpha_bars[t], (-1,) + (1,) * (z.ndim - 1))
    return kept * z + (1 - kept) * noise


def _root_of_the_noise_only(z, t, alpha_bars, noise):
    kept = np.reshape(alpha_bars[t], (-1,) + (1,) * (z.ndim - 1))
    return kept * z + np.sqrt(1 - kept) * noise


def _root_of_z_only(z, t, alpha_bars, noise):
    kept = np.reshape(alpha_bars[t], (-1,) + (1,) * (z.ndim - 1))
    return np.sqrt(kept) * z + (1 - kept) * noise


def _always_epsilon(z_t, output, alpha_bar, kind):
    return predict_z0(z_t, output, alpha_bar, "epsilon")


def _never_divided(z_t, output, alpha_bar, kind):
    signal = np.sqrt(alpha_bar) if kind == "epsilon" else 1.0
    return predict_z0(z_t, output, alpha_bar, kind) * signal


def _noise_from_velocity(z_t, output, alpha_bar, kind):
    if kind == "epsilon":
        return predict_z0(z_t, output, alpha_bar, kind)
    return np.sqrt(1 - alpha_bar) * z_t + np.sqrt(alpha_bar) * output


def _noise_added(z_t, output, alpha_bar, kind):
    return predict_z0(z_t, -output if kind == "epsilon" else output, alpha_bar, kind)


def _velocity_added(z_t, output, alpha_bar, kind):
    return predict_z0(z_t, output if kind == "epsilon" else -output, alpha_bar, kind)


class Stream:
    """Batches that come once, one at a time, to an answer that keeps none of them."""

    def __init__(self, *batches):
        self.batches = list(batches)
        self.given = []  # weak references to all but the last
        self.latest = None
        self.ended = False

    def __iter__(self):
        if self.ended:
            raise RuntimeError("the batches come once, and have been read")
        return self

    def __next__(self):
        if any(one() is not None for one in self.given):
            raise MemoryError("more than one batch is kept")
        if not self.batches:
            self.ended = True
            raise StopIteration
        if self.latest is not None:
            self.given.append(self.latest)
        batch = self.batches.pop(0)
        self.latest = weakref.ref(batch)
        return batch

    def __repr__(self):
        shown = ", ".join(
            f"array({batch.tolist()})" if batch.size <= 4 else f"an array of shape {batch.shape}"
            for batch in self.batches
        )
        return f"iter([{shown}])"


def _sums(batches):
    """Count, sum and sum of squares."""
    return np.sum([(latent.size, latent.sum(), (latent**2).sum()) for latent in batches], axis=0)


def _mean_left_in(batches):
    count, _, squares = _sums(batches)
    return np.sqrt(count / squares)


def _one_less(batches):
    count, total, squares = _sums(batches)
    return np.sqrt((count - 1) / (squares - total**2 / count))


def _all_kept(batches):
    return 1 / np.concatenate([latent.ravel() for latent in batches]).std()


def _read_twice(batches):
    count, total, _ = _sums(batches)
    return np.sqrt(count / sum(((latent - total / count) ** 2).sum() for latent in batches))


_VALUES = np.random.default_rng(1)


def _array(*shape):
    return _VALUES.standard_normal(shape).round(2)


_SMALL, _SMALL_NOISE = np.array([[[[2.0, -1.0]]]]), np.array([[[[1.0, 3.0]]]])
_LATENTS, _NOISES = _array(3, 2, 2, 2), _array(3, 2, 2, 2)
_CLIP, _CLIP_NOISE = _array(2, 2, 2, 2, 2), _array(2, 2, 2, 2, 2)

exercises = Exercises(
    *plain,
    Exercise(
        reparameterize,
        cases=[
            (np.array([0.0, 1.0]), np.array([0.0, math.log(4.0)]), np.array([1.0, -1.0])),
            (np.array([2.0]), np.array([-1.5]), np.array([0.5])),
            (_array(2, 3, 2, 2), _array(2, 3, 2, 2), _array(2, 3, 2, 2)),
        ],
        mistakes={
            "you forgot the 0.5: exp(log_variance) is the variance": (
                lambda mean, log_variance, noise: mean + np.exp(log_variance) * noise
            ),
            "you took the log-variance for the standard deviation": (
                lambda mean, log_variance, noise: mean + log_variance * noise
            ),
            "you took half of the log-variance and forgot the exponential": (
                lambda mean, log_variance, noise: mean + 0.5 * log_variance * noise
            ),
            "you returned the mean, and drew nothing": lambda mean, log_variance, noise: mean,
        },
        hints=(
            "A draw is the mean, moved by noise that is as wide as the standard deviation.",
            "The log-variance, halved and put through the exponential, is the standard deviation.",
        ),
    ),
    Exercise(
        add_noise,
        cases=[
            (_SMALL, 1, _ALPHA_BARS, _SMALL_NOISE),
            (_LATENTS, np.array([0, 3, 1]), _ALPHA_BARS, _NOISES),
            (_CLIP, np.array([2, 1]), _ALPHA_BARS, _CLIP_NOISE),
        ],
        mistakes={
            "you swapped the square roots": (
                lambda z, t, alpha_bars, noise: add_noise(z, t, 1 - alpha_bars, noise)
            ),
            "you forgot the square roots": _no_roots,
            "you took the root for the noise and not for z": _root_of_the_noise_only,
            "you took the root for z and not for the noise": _root_of_z_only,
            "you used the first picture's step for all of them": _one_step_for_all,
            "you counted steps from 1": (
                lambda z, t, alpha_bars, noise: add_noise(z, np.asarray(t) - 1, alpha_bars, noise)
            ),
        },
        hints=(
            "Of z the root of alpha_bar is kept; of the noise, the root of what is missing to 1.",
            (
                "With one step for each of the batch there is one alpha_bar for each: give it "
                "further axes of size 1."
            ),
            (
                "The number of axes to add is one less than z has, so that a clip works like a "
                "picture."
            ),
        ),
    ),
    Exercise(
        predict_z0,
        cases=[
            (np.array([2.2]), np.array([1.0]), 0.64, "epsilon"),
            (np.array([2.2]), np.array([-0.4]), 0.64, "v_prediction"),
            (_array(2, 2, 2, 2), _array(2, 2, 2, 2), 0.36, "epsilon"),
            (_array(2, 2, 2, 2), _array(2, 2, 2, 2), 0.36, "v_prediction"),
        ],
        mistakes={
            "you swapped the square roots": (
                lambda z_t, output, alpha_bar, kind: predict_z0(z_t, output, 1 - alpha_bar, kind)
            ),
            "you read a velocity as if it were the noise": _always_epsilon,
            "you took the noise away and forgot to divide by the root of alpha_bar": _never_divided,
            "you returned the noise, where a velocity was given": _noise_from_velocity,
            "you added the noise; it is taken away": _noise_added,
            "you added the velocity; it is taken away": _velocity_added,
        },
        hints=(
            "For epsilon, take the noise out of z_t, and then undo what was done to z.",
            (
                "For a velocity, write z_t and v beneath each other: two equations, and z and "
                "the noise are unknown."
            ),
            (
                "Multiply z_t by one root and v by the other, and subtract: the noise falls "
                "out, and no division is left."
            ),
        ),
    ),
    Exercise(
        measure_factor,
        cases=[
            (Stream(np.array([[1.0, 3.0]])),),
            (Stream(np.array([[1.0, 3.0]]), np.array([[5.0, 7.0], [-1.0, 0.0]])),),
            (Stream(_array(2, 4, 2, 2) + 1, 3 * _array(1, 4, 2, 2), _array(1, 4, 2, 2)),),
        ],
        mistakes={
            "you returned the standard deviation, not one over it": (
                lambda batches: 1 / measure_factor(batches)
            ),
            "you divided by the variance, not by the standard deviation": (
                lambda batches: measure_factor(batches) ** 2
            ),
            "you averaged the standard deviations of the batches": (
                lambda batches: 1 / float(np.mean([latent.std() for latent in batches]))
            ),
            "you left the mean in: the root of the mean square is no standard deviation": (
                _mean_left_in
            ),
            "you averaged the factors of the batches": (
                lambda batches: float(np.mean([1 / latent.std() for latent in batches]))
            ),
            "you divided by one less than the count; torch's std does that by default": _one_less,
            "you kept batches, where memory for one is allowed": _all_kept,
            "you read the batches twice, where they come once": _read_twice,
        },
        hints=(
            "A batch that has gone leaves only what you counted: which three numbers are enough?",
            "Keep the count, the sum and the sum of squares of all numbers.",
            "The variance is the mean of the squares less the square of the mean.",
        ),
    ),
    Exercise(
        LatentDiffusion,
        cases=[(question,) for question in _QUESTIONS],
        trial=_ask,
        mistakes={
            "decode forgot to unscale": _NeverUnscaled,
            "decode multiplied by the factor once more": _ScaledAgain,
            "encode forgot to scale": _NeverScaled,
            "encode divided by the factor, where it should multiply": _DividedOnTheWayIn,
            "encode scaled the mean and not the draw": _ScaledTheMeanOnly,
            "encode forgot the 0.5, so this is the variance": _NoHalf,
            "encode took the log-variance for the standard deviation": _LogVarianceAsStd,
            "encode took half of the log-variance and forgot the exponential": (
                _HalfLogVarianceAsStd
            ),
            "encode returned the mean and drew nothing": _MeanOnly,
            "encode drew the same for every picture": _OneDrawForAll,
            "forward_diffusion swapped the square roots": _SwappedRoots,
            "forward_diffusion forgot the square roots": _NoRoots,
            "forward_diffusion used the first picture's step for all": _FirstStepForAll,
            "forward_diffusion used one noise for the whole batch": _OneNoiseForAll,
            "forward_diffusion drew from a uniform distribution, not from a normal one": (
                _UniformNoise
            ),
            "forward_diffusion scaled z, which encode had scaled already": _ScaledBeforeTheNoise,
            "forward_diffusion returned the noise first": _NoiseFirst,
        },
        hints=(
            "Write encode and decode so that one undoes the factor of the other.",
            "encode draws: the mean, plus noise times the standard deviation of each number.",
            (
                "forward_diffusion gets latents that are scaled already. Draw noise of their "
                "shape, and return it, too."
            ),
        ),
    ),
)
check = exercises.check
