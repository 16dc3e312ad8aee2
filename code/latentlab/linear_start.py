"""Weights from which a VAE begins as a linear one: it shrinks the picture and enlarges it again.

A random AutoencoderKL has to find out first that a picture has colors. This one begins with a
latent of one brightness and two colors, each the mean of 8 x 8 pixels, and a decoder that
enlarges them smoothly. All nonlinear parts are there, but add nothing yet.
"""

import math
from collections.abc import Callable

import torch
from diffusers import AutoencoderKL
from jaxtyping import Float
from torch import Tensor, nn

LINEAR = 4.0  # silu(4 + x) is nearly 4 + x for x in [-1, 1]
STEADY = 8.0  # a constant this large fixes what a group norm divides by
POSTERIOR_STD = 0.05  # of the latents, whose own standard deviation is 1
TENT = (0.25, 0.5, 0.25)  # after nearest-neighbor enlarging: linear interpolation

# Brightness, red against blue, green against magenta: orthonormal rows.
OPPONENT: Float[Tensor, "3 3"] = torch.tensor(
    [
        [1 / math.sqrt(3), 1 / math.sqrt(3), 1 / math.sqrt(3)],
        [1 / math.sqrt(2), 0, -1 / math.sqrt(2)],
        [-1 / math.sqrt(6), 2 / math.sqrt(6), -1 / math.sqrt(6)],
    ]
)


@torch.no_grad()
def linear_start(vae: AutoencoderKL, pictures: Float[Tensor, "n 3 height width"]) -> None:
    """Set the weights of a fresh `vae`, in place; `pictures` in [-1, 1] set the scales.

    Its group norms must have one group. The first three latents of `pictures` then have mean 0
    and standard deviation 1; what further latents hold is random, and the decoder learns to use it.
    """
    encoder, decoder = vae.encoder, vae.decoder
    _center(encoder.conv_in, OPPONENT)
    for block in (*encoder.down_blocks, *decoder.up_blocks, encoder.mid_block, decoder.mid_block):
        for resnet in block.resnets:
            nn.init.zeros_(resnet.conv2.weight)
            nn.init.zeros_(resnet.conv2.bias)
            if resnet.conv_shortcut is not None:
                _pass_through(resnet.conv_shortcut)
        for sampler in getattr(block, "downsamplers", None) or ():
            _halve(sampler.conv)
        for sampler in getattr(block, "upsamplers", None) or ():
            _smooth(sampler.conv)
    _hold_steady(encoder.mid_block.resnets[-1].conv2)
    _hold_steady(decoder.up_blocks[-1].resnets[-1].conv2)
    for convolution in (vae.quant_conv, vae.post_quant_conv):
        _center(convolution, torch.eye(convolution.weight.shape[0]))
        _unbias(convolution)

    channels = vae.config.latent_channels
    out = encoder.conv_out
    nn.init.zeros_(out.bias)
    _make_linear(encoder.conv_norm_out, lambda: vae.encode(pictures))
    _center(out, torch.eye(3))
    nn.init.zeros_(out.weight[channels:])
    nn.init.constant_(out.bias[channels:], 2 * math.log(POSTERIOR_STD))
    latents = vae.encode(pictures).latent_dist.mode()
    mean, std = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
    out.weight[:channels] /= std[:, None, None, None]
    out.bias[:channels] = -mean / std

    _center(decoder.conv_in, torch.diag(std[:3]))
    nn.init.zeros_(decoder.conv_in.bias)
    decoder.conv_in.bias[:3] = mean[:3] - LINEAR
    latents = vae.encode(pictures).latent_dist.mode()
    _make_linear(decoder.conv_norm_out, lambda: vae.decode(latents))
    nn.init.zeros_(decoder.conv_out.weight)
    _center(decoder.conv_out, OPPONENT.T)
    decoder.conv_out.bias.copy_(-LINEAR * OPPONENT.sum(dim=0))
    residue = vae.decode(latents).sample - pictures
    decoder.conv_out.bias -= residue.mean(dim=(0, 2, 3))


def _center(convolution: nn.Conv2d, matrix: Float[Tensor, "rows columns"]) -> None:
    """Let the first outputs be `matrix` times the first inputs, pixel by pixel."""
    rows, columns = matrix.shape
    middle = convolution.kernel_size[0] // 2
    convolution.weight[:rows] = 0
    convolution.weight[:rows, :columns, middle, middle] = matrix


def _pass_through(shortcut: nn.Conv2d) -> None:
    _center(shortcut, torch.eye(*shortcut.weight.shape[:2])[: shortcut.weight.shape[1]])
    _unbias(shortcut)


def _halve(convolution: nn.Conv2d) -> None:
    """The mean of 2 x 2 pixels, then the three other Haar patterns of the colors, then the rest."""
    mean = torch.tensor([[1.0, 1.0], [1.0, 1.0]]) / 4
    patterns = (
        mean,
        torch.tensor([[1.0, -1.0], [1.0, -1.0]]) / 4,
        torch.tensor([[1.0, 1.0], [-1.0, -1.0]]) / 4,
        torch.tensor([[1.0, -1.0], [-1.0, 1.0]]) / 4,
    )
    width = convolution.weight.shape[0]
    _unbias(convolution)
    nn.init.zeros_(convolution.weight)
    for channel in range(width):
        pattern = patterns[channel // 3] if channel < 12 else mean
        origin = channel % 3 if channel < 12 else channel - 9
        convolution.weight[channel, origin, :2, :2] = pattern


def _smooth(convolution: nn.Conv2d) -> None:
    _unbias(convolution)
    tent = torch.tensor(TENT)
    convolution.weight[:3] = 0
    for channel in range(3):
        convolution.weight[channel, channel] = tent[:, None] * tent


def _hold_steady(convolution: nn.Conv2d) -> None:
    """Add a large constant to one channel and take it from another."""
    assert convolution.bias is not None
    convolution.bias[-2:] = torch.tensor([STEADY, -STEADY])


def _unbias(convolution: nn.Conv2d) -> None:
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)


def _make_linear(norm: nn.GroupNorm, run: Callable[[], object]) -> None:
    """Undo the division by the group norm before the last SiLU; go where that SiLU is linear."""
    seen: list[Tensor] = []
    handle = norm.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    run()
    handle.remove()
    norm.weight[:3] = seen[0].std(dim=(1, 2, 3)).mean()
    norm.bias[:3] = LINEAR
