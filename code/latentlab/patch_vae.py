"""A linear autoencoder in the place of a VAE: 8 x 8 patches in their principal components.

It is computed, not trained: for the photographs it is fitted to, no four linear numbers a patch
rebuild them better. That makes it the baseline beside which a trained VAE is read.
"""

import math

import torch
from diffusers import AutoencoderKL
from jaxtyping import Float
from torch import Tensor, nn

PATCH = 8
ROUNDING_VARIANCE = (2 / 255) ** 2 / 12  # of an 8-bit pixel on [-1, 1]


def principal_patches(
    photographs: Float[Tensor, "n 3 height width"], latent_channels: int
) -> tuple[Float[Tensor, "latent_channels 3 8 8"], Float[Tensor, "3"]]:
    """The orthonormal patches that explain most of the photographs, and their mean color.

    Patches come in falling order of variance. Their sign is fixed: the sum is positive, or, where
    it is next to nothing (below 0.5), the first value is.

    Raises ValueError when a side is no multiple of 8 or `latent_channels` is not in 1..192.
    """
    _, _, height, width = photographs.shape
    if height % PATCH or width % PATCH:
        raise ValueError(f"{height} x {width}: both sides must be multiples of {PATCH}")
    dimensions = 3 * PATCH * PATCH
    if not 1 <= latent_channels <= dimensions:
        raise ValueError(f"latent_channels must be in 1..{dimensions}, got {latent_channels}")
    color = photographs.double().mean(dim=(0, 2, 3))
    centered = photographs.double() - color[:, None, None]
    patches = nn.functional.unfold(centered, PATCH, stride=PATCH).transpose(1, 2).flatten(0, 1)
    _, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    vectors = vectors.flip(1)[:, :latent_channels].T
    sums = vectors.sum(1)
    decides = torch.where(sums.abs() > 0.5, sums, vectors[:, 0])
    vectors = vectors * decides.sign()[:, None]
    return vectors.reshape(-1, 3, PATCH, PATCH).float(), color.float()


def patch_vae(
    photographs: Float[Tensor, "n 3 height width"], latent_channels: int = 4
) -> AutoencoderKL:
    """A `diffusers.AutoencoderKL` whose encoder and decoder are one linear layer each.

    The encoder is one 8 x 8 convolution of stride 8: mean = component . (patch - mean color).
    The decoder is its transpose. The log-variance is a constant, the logarithm of the variance
    that rounding pixels to 8 bits gives to each coefficient. `config.scaling_factor` is one over
    the standard deviation of the latents of `photographs`.
    """
    components, color = principal_patches(photographs, latent_channels)
    levels = int(math.log2(PATCH)) + 1
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=(1,) * levels,
        norm_num_groups=1,
        latent_channels=latent_channels,
        sample_size=256,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
    )
    vae.encoder = _encoder(components, color)
    vae.decoder = _decoder(components, color)
    vae.requires_grad_(False)
    latents = vae.encode(photographs).latent_dist.mode()
    vae.register_to_config(scaling_factor=1 / latents.std().item())
    return vae


def _encoder(components: Float[Tensor, "k 3 8 8"], color: Float[Tensor, "3"]) -> nn.Conv2d:
    channels = len(components)
    encoder = nn.Conv2d(3, 2 * channels, PATCH, stride=PATCH)
    weight = torch.cat([components, torch.zeros_like(components)])
    mean_bias = -torch.einsum("kchw,c->k", components, color)
    log_variance = torch.full((channels,), math.log(ROUNDING_VARIANCE))
    encoder.weight.data.copy_(weight)
    encoder.bias.data.copy_(torch.cat([mean_bias, log_variance]))  # type: ignore[union-attr]
    return encoder


def _decoder(components: Float[Tensor, "k 3 8 8"], color: Float[Tensor, "3"]) -> nn.ConvTranspose2d:
    decoder = nn.ConvTranspose2d(len(components), 3, PATCH, stride=PATCH)
    decoder.weight.data.copy_(components)
    decoder.bias.data.copy_(color)  # type: ignore[union-attr]
    return decoder
