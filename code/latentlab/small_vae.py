"""Two small VAEs of the same 64 numbers: one keeps them as a grid, the other as a vector.

Both are trained on clothes of 32 x 32 pixels and share every layer of the convolutional trunk. The
grid one is a plain `diffusers.AutoencoderKL`. The vector one lays the last features of its encoder
in a row and multiplies by a matrix, and its decoder begins with a matrix: two linear layers that
know every position, in the place of two convolutions that know none.
"""

import json
import math
from pathlib import Path
from typing import Any, Literal, get_args

from diffusers import AutoencoderKL
from diffusers.configuration_utils import register_to_config
from jaxtyping import Float
from torch import Tensor, nn

from latentlab import model_folder

FOLDER = Path(__file__).parent / "data" / "small_vae"
SIDE = 32  # pixels of a picture
CELLS = 4  # along a side of the grid: f = 8
LATENT_CHANNELS = 4  # of the grid, which makes 4 x 4 x 4 = 64 numbers
WIDTHS = (16, 32, 32, 32)

Kind = Literal["grid", "vector"]


def grid_vae(latent_channels: int = LATENT_CHANNELS) -> AutoencoderKL:
    """A VAE with random weights whose latent is a grid: (b, 1, 8h, 8w) becomes (b, c, h, w)."""
    levels = len(WIDTHS)
    return AutoencoderKL(
        in_channels=1,
        out_channels=1,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=WIDTHS,
        layers_per_block=1,
        latent_channels=latent_channels,
        norm_num_groups=1,
        sample_size=SIDE,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
    )


class Flatten(nn.Module):
    """A grid in a row, times a matrix: (b, c, h, w) becomes (b, values, 1, 1).

    Raises ValueError when the grid has not the size that the matrix was made for.
    """

    def __init__(self, channels: int, cells: int, values: int) -> None:
        super().__init__()
        self.grid = (channels, cells, cells)
        self.linear = nn.Linear(math.prod(self.grid), values)

    def forward(self, grid: Float[Tensor, "b c h w"]) -> Float[Tensor, "b values 1 1"]:
        if tuple(grid.shape[1:]) != self.grid:
            _, height, width = grid.shape[1:]
            raise ValueError(
                f"the matrix was made for {self.grid[1]} × {self.grid[2]} cells, "
                f"got {height} × {width}"
            )
        return self.linear(grid.flatten(1))[:, :, None, None]


class Unflatten(nn.Module):
    """A row of numbers times a matrix, cut into a grid: (b, values, 1, 1) becomes (b, c, h, w)."""

    def __init__(self, values: int, channels: int, cells: int) -> None:
        super().__init__()
        self.grid = (channels, cells, cells)
        self.linear = nn.Linear(values, math.prod(self.grid))

    def forward(self, row: Float[Tensor, "b values 1 1"]) -> Float[Tensor, "b c h w"]:
        return self.linear(row.flatten(1)).unflatten(1, self.grid)


class VectorVAE(AutoencoderKL):
    """The same VAE whose latent is a vector: (b, 1, 32, 32) becomes (b, values, 1, 1).

    A vector is kept as a grid of one cell, so that all of the interface stays: `encode`,
    `latent_dist` with its `kl()`, `decode`.
    """

    @register_to_config
    def __init__(self, values: int = LATENT_CHANNELS * CELLS**2) -> None:
        parent = grid_vae(values)
        # Not super().__init__(), which would register the parent's configuration over this one.
        nn.Module.__init__(self)
        self.encoder, self.decoder = parent.encoder, parent.decoder
        self.quant_conv = self.post_quant_conv = None
        self.use_slicing = self.use_tiling = False
        self.encoder.conv_out = Flatten(WIDTHS[-1], CELLS, 2 * values)
        self.decoder.conv_in = Unflatten(values, WIDTHS[-1], CELLS)


def build(kind: str) -> AutoencoderKL:
    """One of the two with random weights.

    Raises ValueError for another kind than "grid" or "vector".
    """
    if kind not in get_args(Kind):
        raise ValueError(f"there is no small VAE {kind!r}: expected one of {get_args(Kind)}")
    return grid_vae() if kind == "grid" else VectorVAE()


def load(kind: str, folder: Path = FOLDER) -> AutoencoderKL:
    """One of the two as the course trained it, at full precision, its parameters frozen.

    Raises ValueError for another kind than "grid" or "vector", and when its folder is incomplete
    or its weights are damaged.
    """
    return model_folder.load(type(build(kind)), folder / kind)


def report(folder: Path = FOLDER) -> dict[str, Any]:
    """What `latentlab.report_small_vae` measured on all 10,000 pictures of the test split."""
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found
