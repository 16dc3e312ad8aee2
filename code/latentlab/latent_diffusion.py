"""Latent diffusion around any autoencoder: encode, scale, add noise, take it away, unscale, decode.

Arrays are `B C ...` with two or three axes of space or time after the channels (a picture, a
video, a voxel grid), of numpy or of torch; what goes in decides what comes out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from array_api_compat import array_namespace, is_torch_array
from jaxtyping import Float, Shaped
from torch import Tensor

from latentlab.noise_schedule import alphas_cumprod as stable_diffusion_schedule

Array: TypeAlias = np.ndarray | Tensor
# What is refused in words is not refused by its type before: hence the dots and the free dtype.
Pixels: TypeAlias = Shaped[Array, "..."]
Given: TypeAlias = Float[Array, "..."]
Claimed: TypeAlias = Shaped[Array, "..."]
Latent: TypeAlias = Float[Array, "b c *cells"]
Generator: TypeAlias = np.random.Generator | torch.Generator
Number: TypeAlias = float | int
Steps: TypeAlias = int | Sequence[int] | np.ndarray | Tensor
Encoder: TypeAlias = Callable[[Any], tuple[Any, Any]]
Decoder: TypeAlias = Callable[[Any], Any]

RANKS = (4, 5)
SCALING_FACTOR = 0.18215  # of Stable Diffusion 1 and 2
NO_SPREAD = 1e-12  # a variance below this share of the mean square is rounding
BRIGHTEST = 2.0  # beyond this, pixels are surely not in [-1, 1]


@dataclass(frozen=True)
class Posterior:
    """What an encoder answers: a normal distribution for each number of the latent, unscaled.

    Attributes:
        mean: `B C ...`
        log_variance: Of the same shape: the logarithm of the variance, not of the deviation.
    """

    mean: Latent
    log_variance: Latent

    @property
    def std(self) -> Latent:
        """Standard deviations: exp(log_variance / 2)."""
        return array_namespace(self.mean).exp(0.5 * self.log_variance)

    def sample(self, generator: Generator | None = None) -> Latent:
        """One draw, mean + std * noise (Kingma and Welling, arXiv 1312.6114, section 2.4)."""
        return self.mean + self.std * noise_like(self.mean, generator)


@dataclass(frozen=True)
class Statistics:
    """What a set of unscaled latents asks for.

    Attributes:
        scaling_factor: One over the standard deviation of all numbers together.
        latents_mean: The mean of each channel.
        latents_std: The standard deviation of each channel.
    """

    scaling_factor: float
    latents_mean: tuple[float, ...]
    latents_std: tuple[float, ...]


def noise_like(z: Latent, generator: Generator | None = None) -> Latent:
    """Standard normal numbers in the shape, type and library of `z`.

    Raises TypeError when the generator is of the other library.
    """
    wanted = torch.Generator if is_torch_array(z) else np.random.Generator
    if generator is not None and not isinstance(generator, wanted):
        module = "torch.Generator" if is_torch_array(z) else "numpy.random.Generator"
        raise TypeError(f"the generator is a {type(generator).__module__} one: expected a {module}")
    if isinstance(z, Tensor):
        return torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)  # type: ignore[arg-type]
    source = np.random.default_rng() if generator is None else generator
    return source.standard_normal(z.shape).astype(z.dtype)  # type: ignore[union-attr]


class LatentDiffusion:
    """The arithmetic between a picture and what a denoiser sees, and back.

    `encoder` maps pixels to (mean, log-variance), `decoder` an unscaled latent to pixels. Between
    them and the denoiser stands the scaling, as diffusers' pipelines do it:

        z = (latent - mean) / std * scaling_factor

    where mean is `latents_mean`, a number for each channel, or the one `shift_factor`, and std is
    `latents_std`. Without either, z = latent * scaling_factor, and the factor is Stable
    Diffusion's; with `latents_std` it is 1 unless given.

    Raises ValueError for a factor that is not above 0, a schedule that is empty or does not fall
    between 1 and 0, a shift beside means, means and deviations of different lengths, or any of
    these that is no number.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        scaling_factor: Number | None = None,
        *,
        shift_factor: Number | None = None,
        latents_mean: Sequence[Number] | None = None,
        latents_std: Sequence[Number] | None = None,
        alphas_cumprod: Sequence[Number] | np.ndarray | None = None,
    ) -> None:
        if scaling_factor is None:
            scaling_factor = SCALING_FACTOR if latents_std is None else 1.0
        if not 0 < scaling_factor < float("inf"):
            raise ValueError(f"scaling_factor is {scaling_factor}: expected a number above 0")
        if latents_mean is not None and shift_factor is not None:
            raise ValueError("both shift_factor and latents_mean are given: expected one of them")
        if (
            latents_mean is not None
            and latents_std is not None
            and len(latents_mean) != len(latents_std)
        ):
            raise ValueError(
                f"latents_mean has {len(latents_mean)} channels and latents_std has "
                f"{len(latents_std)}: expected as many"
            )
        for value in () if latents_std is None else latents_std:
            if not 0 < value < float("inf"):
                raise ValueError(f"latents_std has {value}: expected numbers above 0")
        for value in () if latents_mean is None else latents_mean:
            if not np.isfinite(value):
                raise ValueError(f"latents_mean has {value}: expected numbers")
        if shift_factor is not None and not np.isfinite(shift_factor):
            raise ValueError(f"shift_factor is {shift_factor}: expected a number")
        kept = stable_diffusion_schedule() if alphas_cumprod is None else alphas_cumprod
        self.alphas_cumprod = np.asarray(kept)
        if self.alphas_cumprod.ndim != 1 or not self.alphas_cumprod.size:
            raise ValueError(
                f"alphas_cumprod has shape {self.alphas_cumprod.shape}: expected one number a step"
            )
        falling = np.all(np.diff(self.alphas_cumprod) <= 0)
        if not (falling and self.alphas_cumprod[-1] >= 0 and self.alphas_cumprod[0] <= 1):
            raise ValueError("alphas_cumprod must fall from 1 at most to 0 at least")
        self.encoder, self.decoder = encoder, decoder
        self.scaling_factor = scaling_factor
        self.shift_factor = shift_factor
        self.latents_mean = None if latents_mean is None else tuple(map(float, latents_mean))
        self.latents_std = None if latents_std is None else tuple(map(float, latents_std))

    @classmethod
    def from_autoencoder(
        cls, vae: Any, alphas_cumprod: Sequence[Number] | np.ndarray | None = None
    ) -> "LatentDiffusion":
        """Around an autoencoder of diffusers, with the scaling that its configuration states."""

        def encode(pixels: Any) -> tuple[Any, Any]:
            posterior = vae.encode(pixels).latent_dist
            return posterior.mean, posterior.logvar

        return cls(
            encode,
            lambda latent: vae.decode(latent).sample,
            getattr(vae.config, "scaling_factor", None),
            shift_factor=getattr(vae.config, "shift_factor", None),
            latents_mean=getattr(vae.config, "latents_mean", None),
            latents_std=getattr(vae.config, "latents_std", None),
            alphas_cumprod=alphas_cumprod,
        )

    # From pixels to what a denoiser sees.

    def encode_distribution(self, x: Pixels) -> Posterior:
        """The posterior of pixels in [-1, 1], unscaled.

        Raises ValueError for another rank, values that are no numbers or far outside [-1, 1], or
        an encoder whose mean and log-variance differ in shape; TypeError for integers.
        """
        _check_rank(x, "pixels")
        xp = array_namespace(x)
        if not xp.isdtype(x.dtype, "real floating"):
            raise TypeError(f"pixels are {x.dtype}: expected floats in [-1, 1], as x / 127.5 - 1")
        _check_finite(x, "pixels")
        largest = float(xp.max(xp.abs(x)))
        if largest > BRIGHTEST:
            raise ValueError(f"pixels reach {largest:g}: expected values in [-1, 1]")
        mean, log_variance = self.encoder(x)
        if tuple(mean.shape) != tuple(log_variance.shape):
            raise ValueError(
                f"the encoder's mean is {tuple(mean.shape)} and its log-variance "
                f"{tuple(log_variance.shape)}: expected the same shape"
            )
        return Posterior(mean, log_variance)

    def encode(self, x: Pixels, sample: bool = True, generator: Generator | None = None) -> Latent:
        """The scaled latent of pixels in [-1, 1]: one draw, or the mean when `sample` is False."""
        posterior = self.encode_distribution(x)
        return self.scale(posterior.sample(generator) if sample else posterior.mean)

    def scale(self, latent: Claimed) -> Latent:
        """From the encoder's numbers to the denoiser's. Raises as `unscale` does."""
        self._check_latent(latent)
        shift, spread = self._shift(latent), self._spread(latent)
        return (latent - shift) / spread * self.scaling_factor

    # What a denoiser is trained on.

    def add_noise(
        self,
        z: Claimed,
        t: Steps,
        noise: Given | None = None,
        generator: Generator | None = None,
    ) -> tuple[Latent, Latent]:
        """The latent at step `t`, one for all or one for each of the batch, and its noise.

        z_t = sqrt(alphas_cumprod[t]) z + sqrt(1 - alphas_cumprod[t]) noise
        (Ho and others, arXiv 2006.11239, equation 4). Raises ValueError for a step that the
        schedule does not have or noise of another shape; TypeError for integers.
        """
        self._check_latent(z)
        noise = noise_like(z, generator) if noise is None else noise
        _check_shapes(z, noise, "noise")
        signal, rest = self._weights(z, t)
        return signal * z + rest * noise, noise

    def velocity(self, z: Claimed, noise: Given, t: Steps) -> Latent:
        """v = sqrt(alphas_cumprod[t]) noise - sqrt(1 - alphas_cumprod[t]) z.

        (Salimans and Ho, arXiv 2202.00512, section 4.)
        """
        _check_shapes(z, noise, "noise")
        signal, rest = self._weights(z, t)
        return signal * noise - rest * z

    def predict_x0(
        self, z_t: Claimed, output: Given, t: Steps, prediction: str = "epsilon"
    ) -> Latent:
        """The clean latent that a denoiser's `output` stands for: "epsilon" or "v_prediction".

        Raises ValueError for another kind of prediction, or where epsilon says nothing because
        no signal is left.
        """
        _check_shapes(z_t, output, "the denoiser's output")
        signal, rest = self._weights(z_t, t)
        if prediction == "v_prediction":
            return signal * z_t - rest * output
        if prediction != "epsilon":
            raise ValueError(f"prediction {prediction!r}: expected epsilon or v_prediction")
        if float(array_namespace(signal).min(signal)) == 0:
            raise ValueError(f"t = {t}: no signal is left, and epsilon does not tell the latent")
        return (z_t - rest * output) / signal

    @staticmethod
    def flow(z: Claimed, sigma: Number | Sequence[Number], noise: Given) -> tuple[Latent, Latent]:
        """The straight line of flow matching: (1 - sigma) z + sigma noise, and its direction.

        The direction, noise - z, is what the denoiser learns, so z = z_sigma - sigma * direction
        (Lipman and others, arXiv 2210.02747, whose time runs the other way, from noise to data;
        sigma is that of FlowMatchEulerDiscreteScheduler). Raises ValueError for a sigma outside 0
        to 1.
        """
        _check_shapes(z, noise, "noise")
        values = _one_axis(np.asarray(sigma, np.float64), "sigma")
        if not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(f"sigma is {sigma}: expected 0 to 1")
        share = _over_batch(z, values, "sigma")
        return (1 - share) * z + share * noise, noise - z

    # From what a denoiser leaves to pixels.

    def unscale(self, z: Claimed) -> Latent:
        """From the denoiser's numbers to the decoder's.

        Raises ValueError for another rank, channels that do not fit `latents_mean` or
        `latents_std`, or values that are no numbers; TypeError for integers.
        """
        self._check_latent(z)
        return z / self.scaling_factor * self._spread(z) + self._shift(z)

    def decode(self, z: Claimed) -> Pixels:
        """Pixels of a scaled latent. Raises as `unscale` does."""
        return self.decoder(self.unscale(z))

    def measure(self, batches: Iterable[Pixels]) -> Statistics:
        """The scaling that the means of these pixels ask for.

        Sums are kept in double precision, and no batch is kept. Raises ValueError when there are
        none, or when the means are no numbers or all one number.
        """
        count, total, squares = 0, np.zeros(0), np.zeros(0)
        for x in batches:
            mean = self.encode_distribution(x).mean
            _check_finite(mean, "the latent")
            xp = array_namespace(mean)
            rows = xp.reshape(xp.moveaxis(xp.astype(mean, xp.float64), 1, 0), (mean.shape[1], -1))
            sums = [[float(v) for v in xp.sum(power, axis=1)] for power in (rows, rows**2)]
            total, squares = (total + sums[0], squares + sums[1]) if count else np.array(sums)
            count += rows.shape[1]
        if not count:
            raise ValueError("there are no pixels to measure: expected one batch at least")
        means = total / count
        stds = np.sqrt(np.maximum(squares / count - means**2, 0))
        square = squares.mean() / count
        variance = square - means.mean() ** 2
        if variance <= NO_SPREAD * square:
            raise ValueError("all latents are one number: no factor can be measured")
        return Statistics(float(1 / np.sqrt(variance)), tuple(means.tolist()), tuple(stds.tolist()))

    def _shift(self, like: Latent) -> Any:
        return self._per_channel(self.latents_mean, like, float(self.shift_factor or 0))

    def _spread(self, like: Latent) -> Any:
        return self._per_channel(self.latents_std, like, 1.0)

    @staticmethod
    def _per_channel(values: tuple[float, ...] | None, like: Latent, default: float) -> Any:
        if values is None:
            return default
        xp = array_namespace(like)
        column = xp.asarray(values, dtype=like.dtype, device=like.device)
        return xp.reshape(column, (1, -1, *(1,) * (like.ndim - 2)))

    def _weights(self, like: Latent, t: Steps) -> tuple[Any, Any]:
        steps = _one_axis(np.asarray(t), "t")
        last = len(self.alphas_cumprod) - 1
        if not np.issubdtype(steps.dtype, np.integer) or steps.min() < 0 or steps.max() > last:
            raise ValueError(f"t = {t}: expected whole numbers from 0 to {last}")
        kept = self.alphas_cumprod[steps]
        return (
            _over_batch(like, np.sqrt(kept), "t"),
            _over_batch(like, np.sqrt(1 - kept), "t"),
        )

    def _check_latent(self, latent: Claimed) -> None:
        _check_rank(latent, "the latent")
        _check_floats(latent)
        for name in ("latents_mean", "latents_std"):
            values = getattr(self, name)
            if values is not None and latent.shape[1] != len(values):
                raise ValueError(
                    f"the latent has {latent.shape[1]} channels: expected {len(values)}, "
                    f"as {name} has"
                )
        _check_finite(latent, "the latent")


def _one_axis(values: np.ndarray, name: str) -> np.ndarray:
    values = np.atleast_1d(values)
    if values.ndim != 1 or not values.size:
        raise ValueError(
            f"{name} has shape {values.shape}: expected one, or one for each of the batch"
        )
    return values


def _over_batch(like: Latent, values: np.ndarray, name: str) -> Any:
    """One value for all, or one for each of the batch, in the library and type of `like`."""
    if len(values) not in (1, like.shape[0]):
        raise ValueError(f"{name} has {len(values)} values: expected 1 or {like.shape[0]}")
    xp = array_namespace(like)
    column = xp.asarray(values, dtype=like.dtype, device=like.device)
    return xp.reshape(column, (-1, *(1,) * (like.ndim - 1)))


def _check_rank(x: Array, name: str) -> None:
    if x.ndim not in RANKS:
        raise ValueError(
            f"{name} have shape {tuple(x.shape)}: expected B C H W, B C T H W or B C D H W"
        )


def _check_floats(latent: Array) -> None:
    """Weights take the type of the latent, and as integers most of them would be 0."""
    if not array_namespace(latent).isdtype(latent.dtype, "real floating"):
        raise TypeError(f"the latent is {latent.dtype}: expected floats")


def _check_shapes(z: Claimed, other: Given, name: str) -> None:
    _check_floats(z)
    if tuple(z.shape) != tuple(other.shape):
        raise ValueError(f"{name} has shape {tuple(other.shape)}: expected {tuple(z.shape)}")


def _check_finite(x: Array, name: str) -> None:
    xp = array_namespace(x)
    wrong = int(xp.sum(xp.astype(~xp.isfinite(x), xp.int64)))
    if wrong:
        raise ValueError(f"{name}: {wrong} values are NaN or infinite; expected numbers")
