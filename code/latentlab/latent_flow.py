"""A small class-conditional flow: a genuine DiT of diffusers, and the way from noise to a sample.

The denoiser takes a latent at noise level sigma, 1000 sigma as its timestep and a class, and
answers the direction from the latent to the noise. Class `NOTHING` stands for no class at all,
which is what guidance needs.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import torch
from diffusers import DiTTransformer2DModel, FlowMatchEulerDiscreteScheduler
from jaxtyping import Float, Int
from torch import Tensor

# Latent, timestep and classes to an object whose `sample` is the direction, as diffusers' models.
Denoiser: TypeAlias = Callable[[Tensor, Tensor, Tensor], Any]

CLASSES = 10
NOTHING = 10  # the class that says nothing
STEPS = 1000  # what sigma = 1 is as a timestep
HEAD = 32  # numbers of an attention head


def denoiser(
    channels: int, side: int, patch: int = 1, width: int = 128, layers: int = 6
) -> DiTTransformer2DModel:
    """A transformer with random weights for (b, channels, side, side), cut into patches.

    Raises ValueError when the sides do not fit: `side` is a multiple of `patch`, `width` of 32.
    """
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


@torch.no_grad()
def way(
    model: Denoiser,
    noise: Float[Tensor, "b c h w"],
    classes: Int[Tensor, " b"],
    steps: int = 25,
    guidance: float = 1.5,
) -> Iterator[tuple[float, Float[Tensor, "b c h w"]]]:
    """Sigma and latent at each point of the way, from the noise at sigma 1 to the sample at 0.

    The steps are those of `diffusers.FlowMatchEulerDiscreteScheduler`, evenly spaced.

    Raises ValueError for fewer than one step, or classes that are not in 0..10.
    """
    if steps < 1:
        raise ValueError(f"{steps} steps: expected 1 or more")
    if classes.min() < 0 or classes.max() > NOTHING:
        raise ValueError(f"classes must be in 0..{NOTHING}, got {classes.min()} to {classes.max()}")
    scheduler = FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps).tolist())
    z = noise
    yield 1.0, z
    for index, timestep in enumerate(scheduler.timesteps):
        sigma = scheduler.sigmas[index].expand(len(z))
        z = scheduler.step(direction(model, z, sigma, classes, guidance), timestep, z).prev_sample
        yield scheduler.sigmas[index + 1].item(), z


def sample(
    model: Denoiser,
    noise: Float[Tensor, "b c h w"],
    classes: Int[Tensor, " b"],
    steps: int = 25,
    guidance: float = 1.5,
) -> Float[Tensor, "b c h w"]:
    """The end of the `way`."""
    *_, (_, z) = way(model, noise, classes, steps, guidance)
    return z
