"""The 2-D layers of diffusers' image autoencoder, for one frame, whole or in horizontal bands.

In bands the answer is the same, to rounding: a convolution is given the rows around its band, and
a normalization the statistics of the whole frame. Only the input and the output of one layer are
ever whole. The layers are diffusers' own, with their weights; what is ours is the way through
them, which leaves out copies that a decoder does not need.
"""

import torch
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.unets.unet_2d_blocks import UNetMidBlock2D
from jaxtyping import Float
from torch import Tensor, nn

KERNEL = 3


def convolve(
    conv: nn.Conv2d,
    x: Float[Tensor, "n c h w"],
    bands: int,
    norm: nn.GroupNorm | None = None,
    enlarge: int = 1,
) -> Float[Tensor, "n d p q"]:
    """A 3 x 3 convolution, of silu(norm(x)) if there is a norm, of the picture enlarged if asked.

    Of stride 1 it pads by one on every side; of stride 2 by one below and at the right, as
    diffusers' encoders do.
    """
    stride = conv.stride[0]
    low = 1 if stride == 1 else 0
    if bands == 1:
        x = _prepared(x, norm, None, enlarge)
        return conv(x if stride == 1 else nn.functional.pad(x, (0, 1, 0, 1)))
    statistics = None if norm is None else _statistics(norm, x)
    n, _, height, width = x.shape
    height, width = height * enlarge, width * enlarge
    out = x.new_empty(n, conv.out_channels, height // stride, width // stride)
    rows = -(-out.shape[2] // bands)
    for top in range(0, out.shape[2], rows):
        bottom = min(top + rows, out.shape[2])
        first, last = top * stride - low, (bottom - 1) * stride - low + KERNEL
        inner, outer = max(first, 0), min(last, height)
        start = inner // enlarge
        part = _prepared(x[:, :, start : -(-outer // enlarge)], norm, statistics, enlarge)
        part = part[:, :, inner - start * enlarge : outer - start * enlarge]
        part = nn.functional.pad(part, (low, 1, inner - first, last - outer))
        out[:, :, top:bottom] = nn.functional.conv2d(part, conv.weight, conv.bias, stride)
    return out


def residual(
    block: ResnetBlock2D, x: Float[Tensor, "n c h w"], bands: int
) -> Float[Tensor, "n d h w"]:
    """What the block answers without a time embedding."""
    out = convolve(block.conv1, x, bands, block.norm1)
    out = convolve(block.conv2, out, bands, block.norm2)
    if block.conv_shortcut is None:
        return out.add_(x)
    if bands == 1:
        return out.add_(block.conv_shortcut(x))
    rows = -(-x.shape[2] // bands)
    for top in range(0, x.shape[2], rows):
        out[:, :, top : top + rows] += block.conv_shortcut(x[:, :, top : top + rows])
    return out


def middle(
    block: UNetMidBlock2D, x: Float[Tensor, "n c h w"], bands: int
) -> Float[Tensor, "n c h w"]:
    """What a `UNetMidBlock2D` answers; its attention always sees the whole frame."""
    x = residual(block.resnets[0], x, bands)
    for attention, resnet in zip(block.attentions, block.resnets[1:], strict=True):
        x = residual(resnet, x if attention is None else attention(x), bands)
    return x


def _prepared(
    x: Tensor, norm: nn.GroupNorm | None, statistics: tuple[Tensor, Tensor] | None, enlarge: int
) -> Tensor:
    if norm is not None:
        x = norm(x) if statistics is None else torch.addcmul(statistics[1], x, statistics[0])
        x = nn.functional.silu(x, inplace=not torch.is_grad_enabled())
    return (
        x
        if enlarge == 1
        else nn.functional.interpolate(x, scale_factor=float(enlarge), mode="nearest")
    )


def _statistics(
    norm: nn.GroupNorm, x: Float[Tensor, "n c h w"]
) -> tuple[Float[Tensor, "n c 1 1"], Float[Tensor, "n c 1 1"]]:
    """The factor and the summand that the norm of the whole frame has for each channel."""
    groups = x.unflatten(1, (norm.num_groups, -1))
    variance, mean = torch.var_mean(groups, dim=(2, 3, 4), correction=0, keepdim=True)
    factor = norm.weight.view(norm.num_groups, -1, 1, 1) * (variance + norm.eps).rsqrt()
    summand = norm.bias.view(norm.num_groups, -1, 1, 1) - mean * factor
    return factor.flatten(1, 2), summand.flatten(1, 2)
