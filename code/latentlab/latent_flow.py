"""A small class-conditional flow: a genuine DiT of diffusers, and the way from noise to a sample.

The denoiser takes a latent at noise level sigma, 1000 sigma as its timestep and a class, and
answers the direction from the latent to the noise. Class `NOTHING` stands for no class at all,
which is what guidance needs.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from diffusers import DiTTransformer2DModel, FlowMatchEulerDiscreteScheduler
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from latentlab import model_folder, small_vae
from latentlab.latent_diffusion import LatentDiffusion

# Latent, timestep and classes to an object whose `sample` is the direction, as diffusers' models.
Denoiser: TypeAlias = Callable[[Tensor, Tensor, Tensor], Any]

# What is refused in words is not refused by its type before.
Given: TypeAlias = Shaped[Tensor, "..."]

FOLDER = Path(__file__).parent / "data" / "latent_flow"
SPACES = ("latent", "pixels")
CLASSES = 10
NOTHING = 10  # the class that says nothing
STEPS = 1000  # what sigma = 1 is as a timestep
HEAD = 32  # numbers of an attention head


@dataclass(frozen=True)
class Flow:
    """A trained denoiser with what stands between it and pictures.

    Attributes:
        denoiser: Frozen, at full precision.
        diffusion: Encodes and scales, unscales and decodes; in pixels it leaves all as it is.
    """

    denoiser: DiTTransformer2DModel
    diffusion: LatentDiffusion

    def noise(self, count: int, seed: int) -> Float[Tensor, "count c h w"]:
        """Where the ways to `count` samples begin."""
        config = self.denoiser.config
        shape = (count, config.in_channels, config.sample_size, config.sample_size)
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    def pictures(self, z: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 32 32"]:
        """What samples look like, in [-1, 1]."""
        return torch.cat(
            [torch.as_tensor(self.diffusion.decode(part)) for part in z.split(100)]
        ).clamp(-1, 1)


def load(space: str = "latent", folder: Path = FOLDER) -> Flow:
    """The flow as the course trained it, in latents of the small grid VAE or in pixels.

    Raises ValueError for another space than "latent" or "pixels", and when its folder is
    incomplete or its weights are damaged.
    """
    if space not in SPACES:
        raise ValueError(f"there is no flow in {space!r}: expected one of {SPACES}")
    model = model_folder.load(DiTTransformer2DModel, folder / space)
    facts = json.loads((folder / space / "training.json").read_text(encoding="utf-8"))
    around = _as_pixels if space == "pixels" else _through_grid
    return Flow(model, around(facts["latents_mean"], facts["latents_std"]))


def report(folder: Path = FOLDER) -> dict[str, Any]:
    """What `latentlab.report_latent_flow` measured on 1,000 samples of each flow."""
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


def _through_grid(mean: Sequence[float], std: Sequence[float]) -> LatentDiffusion:
    """Between pictures and latents of the small grid VAE."""
    vae = small_vae.load("grid")
    vae.register_to_config(scaling_factor=None, latents_mean=mean, latents_std=std)
    return LatentDiffusion.from_autoencoder(vae)


def _as_pixels(mean: Sequence[float], std: Sequence[float]) -> LatentDiffusion:
    """Pictures themselves, each an exact one: its log-variance is minus infinity."""
    return LatentDiffusion(
        lambda pixels: (pixels, torch.full_like(pixels, -torch.inf)),
        lambda pixels: pixels,
        latents_mean=mean,
        latents_std=std,
    )


def denoiser(
    channels: int, side: int, patch: int = 1, width: int = 128, layers: int = 6
) -> DiTTransformer2DModel:
    """A transformer with random weights for (b, channels, side, side), cut into patches.

    Raises ValueError when the sides do not fit: `side` is a multiple of `patch`, `width` of 32;
    and for numbers below 1.
    """
    if min(channels, side, patch, width, layers) < 1:
        raise ValueError(
            f"channels {channels}, side {side}, patch {patch}, width {width}, layers {layers}: "
            "expected 1 or more of each"
        )
    if side % patch or width % HEAD:
        raise ValueError(
            f"side {side} and patch {patch}, width {width}: expected a side that is a multiple of "
            f"the patch, and a width that is one of {HEAD}"
        )
    model = DiTTransformer2DModel(
        num_attention_heads=width // HEAD,
        attention_head_dim=HEAD,
        in_channels=channels,
        out_channels=channels,
        num_layers=layers,
        sample_size=side,
        patch_size=patch,
        num_embeds_ada_norm=CLASSES,
    )
    for block in model.transformer_blocks:
        # Each block would forget the class by itself; the training decides it once for all.
        block.norm1.emb.class_embedder.dropout_prob = 0.0
    return model


def direction(
    model: Denoiser,
    z: Float[Tensor, "b c h w"],
    sigma: Float[Tensor, " b"],
    classes: Int[Tensor, " b"],
    guidance: float = 1.0,
) -> Float[Tensor, "b c h w"]:
    """From the latent to the noise, as the denoiser sees it.

    With guidance g it is u + g (c - u), c with the class and u without (Ho and Salimans, arXiv
    2207.12598): 1 is the class alone, more exaggerates it.
    """
    if guidance == 1:
        return model(z, sigma * STEPS, classes).sample
    nothing = torch.full_like(classes, NOTHING)
    both = model(
        torch.cat([z, z]), torch.cat([sigma, sigma]) * STEPS, torch.cat([classes, nothing])
    )
    with_class, without = both.sample.chunk(2)
    return without + guidance * (with_class - without)


def way(
    model: Denoiser,
    noise: Given,
    classes: Given,
    steps: int = 25,
    guidance: float = 1.5,
) -> Iterator[tuple[float, Float[Tensor, "b c h w"]]]:
    """Sigma and latent at each point of the way, from the noise at sigma 1 to the sample at 0.

    `noise` is (b, c, h, w), `classes` (b,). The steps are those of
    `diffusers.FlowMatchEulerDiscreteScheduler`, evenly spaced.

    Raises ValueError for fewer than one step, noise of another shape than the model's latents or
    with NaN, classes that are not one whole number in 0..10 for each latent, or a guidance that
    is no number.
    """
    _check(model, noise, classes, steps, guidance)
    return _steps(model, noise, classes, steps, guidance)


@torch.no_grad()
def _steps(
    model: Denoiser, noise: Tensor, classes: Tensor, steps: int, guidance: float
) -> Iterator[tuple[float, Tensor]]:
    scheduler = FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps).tolist())
    z = noise
    yield 1.0, z
    for index, timestep in enumerate(scheduler.timesteps):
        sigma = scheduler.sigmas[index].expand(len(z))
        z = scheduler.step(direction(model, z, sigma, classes, guidance), timestep, z).prev_sample
        yield scheduler.sigmas[index + 1].item(), z


def _check(model: Denoiser, noise: Given, classes: Given, steps: int, guidance: float) -> None:
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"{steps} steps: expected a whole number, 1 or more")
    if not math.isfinite(guidance):
        raise ValueError(f"guidance is {guidance}: expected a number")
    if noise.ndim != 4 or not noise.is_floating_point():
        raise ValueError(
            f"the noise is {noise.dtype} of shape {tuple(noise.shape)}: expected floats, B C H W"
        )
    if isinstance(model, DiTTransformer2DModel):
        config = model.config
        expected = (config.in_channels, config.sample_size, config.sample_size)
        if tuple(noise.shape[1:]) != expected:
            raise ValueError(
                f"the noise has C H W = {tuple(noise.shape[1:])}: expected {expected}, "
                "as the denoiser was made for"
            )
    if not noise.isfinite().all():
        raise ValueError("the noise has values that are NaN or infinite: expected numbers")
    if classes.is_floating_point() or tuple(classes.shape) != (len(noise),):
        raise ValueError(
            f"the classes are {classes.dtype} of shape {tuple(classes.shape)}: expected "
            f"{len(noise)} whole numbers, one for each latent"
        )
    if len(classes) and (classes.min() < 0 or classes.max() > NOTHING):
        raise ValueError(f"classes must be in 0..{NOTHING}, got {classes.min()} to {classes.max()}")


def sample(
    model: Denoiser,
    noise: Given,
    classes: Given,
    steps: int = 25,
    guidance: float = 1.5,
) -> Float[Tensor, "b c h w"]:
    """The end of the `way`. Raises as that does."""
    *_, (_, z) = way(model, noise, classes, steps, guidance)
    return z
