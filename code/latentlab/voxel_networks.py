"""The layers of `VoxelVAE`: a trunk that all three kinds share, and the neck that tells them apart.

A trunk sees blocks of 4 x 4 x 4 voxels as the channels of one cell. A neck makes 512 numbers of a
trunk's cells, a volume, a plane or a vector of them, and cells of the numbers.
"""

from typing import TypeAlias

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

BLOCK = 4  # voxels a side that become the channels of one cell, without a layer
LATENT_CHANNELS = 8  # of the volume, in 4 x 4 x 4 cells, and of the plane, in 8 x 8
FEATURES = {2: nn.Conv2d, 3: nn.Conv3d}

Voxels: TypeAlias = Float[Tensor, "b 1 d h w"]
Cells: TypeAlias = Float[Tensor, "b channels d h w"]
Moments: TypeAlias = Float[Tensor, "b ..."]


class ChannelNorm(nn.Module):
    """Every position divided by the root mean square of its channels, times a gain a channel.

    It sees one position only, so what stands far away changes nothing. Zhang and Sennrich (2019).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))

    def forward(self, x: Float[Tensor, "b c ..."]) -> Float[Tensor, "b c ..."]:
        size = x.float().square().mean(dim=1, keepdim=True)
        gain = self.gain.reshape(-1, *(1,) * (x.ndim - 2))
        return x * (size + 1e-6).rsqrt().to(x.dtype) * gain.to(x.dtype)


class Residual(nn.Module):
    """Two convolutions beside a shortcut, in 2 or 3 dimensions; fresh, it is the identity."""

    def __init__(self, channels: int, dimensions: int = 3) -> None:
        super().__init__()
        convolution = FEATURES[dimensions]
        self.norm = ChannelNorm(channels)
        self.first = convolution(channels, channels, 3, padding=1)
        self.second = convolution(channels, channels, 3, padding=1)
        for parameter in self.second.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Float[Tensor, "b c ..."]) -> Float[Tensor, "b c ..."]:
        return x + self.second(nn.functional.silu(self.first(self.norm(x))))


class Encoder(nn.Module):
    """Voxels to moments: trunk, then neck."""

    def __init__(self, width: int, neck: nn.Module) -> None:
        super().__init__()
        self.conv_in = nn.Conv3d(BLOCK**3, width, 3, padding=1)
        self.block = Residual(width)
        self.neck = neck

    def forward(self, voxels: Voxels) -> Moments:
        cells = rearrange(
            voxels, "b 1 (d i) (h j) (w k) -> b (i j k) d h w", i=BLOCK, j=BLOCK, k=BLOCK
        )
        moments: Tensor = self.neck(self.block(self.conv_in(cells)))
        return moments


class Decoder(nn.Module):
    """A latent to logits, one a voxel: neck, then trunk."""

    def __init__(self, width: int, neck: nn.Module) -> None:
        super().__init__()
        self.neck = neck
        self.block = Residual(width)
        self.conv_out = nn.Conv3d(width, BLOCK**3, 3, padding=1)

    def forward(self, z: Moments) -> Voxels:
        cells = self.conv_out(self.block(self.neck(z)))
        return rearrange(
            cells, "b (i j k) d h w -> b 1 (d i) (h j) (w k)", i=BLOCK, j=BLOCK, k=BLOCK
        )


def certain(layer: nn.Conv2d | nn.Conv3d | nn.Linear) -> nn.Module:
    """A layer of moments whose standard deviations begin at e^-3, for any input.

    With those of chance, about 1, a training begins with more noise than signal.
    """
    assert layer.bias is not None
    half = layer.bias.shape[0] // 2
    with torch.no_grad():
        layer.weight[half:] = 0
        layer.bias[half:] = -6
    return layer


def volume_necks(width: int, cells: int, hidden: int = 56) -> tuple[nn.Module, nn.Module]:
    """Cells to a volume (b, 2 * 8, cells / 2, cells / 2, cells / 2) of moments, and back.

    Convolutions know no position and no size: `cells` may be any even number.
    """
    down = nn.Sequential(
        nn.Conv3d(width, hidden, 2, stride=2),
        Residual(hidden),
        Residual(hidden),
        ChannelNorm(hidden),
        certain(nn.Conv3d(hidden, 2 * LATENT_CHANNELS, 1)),
    )
    up = nn.Sequential(
        nn.Conv3d(LATENT_CHANNELS, hidden, 1),
        Residual(hidden),
        Residual(hidden),
        nn.ConvTranspose3d(hidden, width, 2, stride=2),
    )
    return down, up


class HeightToChannels(nn.Module):
    """What stands above one another becomes the channels of one place, seen from above."""

    def forward(self, x: Cells) -> Float[Tensor, "b stacked d w"]:
        return rearrange(x, "b c d h w -> b (c h) d w")


class ChannelsToHeight(nn.Module):
    """The way back, to `height` cells above one another."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self.height = height

    def forward(self, x: Float[Tensor, "b stacked d w"]) -> Cells:
        return rearrange(x, "b (c h) d w -> b c d h w", h=self.height)


def plane_necks(width: int, cells: int, hidden: int = 96) -> tuple[nn.Module, nn.Module]:
    """Cells to a plane (b, 2 * 8, cells, cells) of moments, seen from above, and back."""
    down = nn.Sequential(
        HeightToChannels(),
        nn.Conv2d(width * cells, hidden, 1),
        Residual(hidden, dimensions=2),
        Residual(hidden, dimensions=2),
        ChannelNorm(hidden),
        certain(nn.Conv2d(hidden, 2 * LATENT_CHANNELS, 1)),
    )
    up = nn.Sequential(
        nn.Conv2d(LATENT_CHANNELS, hidden, 1),
        Residual(hidden, dimensions=2),
        Residual(hidden, dimensions=2),
        nn.Conv2d(hidden, width * cells, 1),
        ChannelsToHeight(cells),
    )
    return down, up


class Certainty(nn.Module):
    """Beside the means of a vector, log-variances that do not depend on the input.

    Predicting them would take one more matrix of the size of that which predicts the means.
    """

    def __init__(self, values: int) -> None:
        super().__init__()
        self.log_variance = nn.Parameter(torch.full((values,), -6.0))

    def forward(self, mean: Float[Tensor, "b values"]) -> Float[Tensor, "b moments"]:
        return torch.cat((mean, self.log_variance.to(mean.dtype).expand_as(mean)), dim=1)


def vector_necks(width: int, cells: int, hidden: int = 32) -> tuple[nn.Module, nn.Module]:
    """Cells to a vector (b, 2 * 512) of moments, and back.

    It is a volume's neck, narrower, and a matrix after it that takes away all places: each number
    of the vector is a sum over all of the volume. For 8 cells a side; other numbers make another
    vector.
    """
    grid = (LATENT_CHANNELS, cells // 2, cells // 2, cells // 2)
    values = LATENT_CHANNELS * (cells // 2) ** 3
    down = nn.Sequential(
        nn.Conv3d(width, hidden, 2, stride=2),
        Residual(hidden),
        Residual(hidden),
        ChannelNorm(hidden),
        nn.Conv3d(hidden, LATENT_CHANNELS, 1),
        nn.Flatten(),
        nn.Linear(values, values),
        Certainty(values),
    )
    up = nn.Sequential(
        nn.Linear(values, values),
        nn.Unflatten(1, grid),
        nn.Conv3d(LATENT_CHANNELS, hidden, 1),
        Residual(hidden),
        Residual(hidden),
        nn.ConvTranspose3d(hidden, width, 2, stride=2),
    )
    return down, up
