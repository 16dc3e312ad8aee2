"""`VoxelVAE`: an autoencoder of binary voxels whose latent is a volume, a plane or a vector.

Voxels (B, 1, D, H, W), 0 or 1, become 512 numbers, for a side of 32 voxels:

    volume  (B, 8, 4, 4, 4)   B C D H W, a cell for 8 x 8 x 8 voxels
    plane   (B, 8, 8, 8)      B C D W, seen from above, a cell for a column of 4 x 32 x 4 voxels
    vector  (B, 512)          B C, where no number has a place
"""

import json
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from diffusers.utils.accelerate_utils import apply_forward_hook
from jaxtyping import Bool, Float
from torch import Tensor

from latentlab import model_folder
from latentlab.video_checks import Given, check_values, nearest
from latentlab.voxel_networks import (
    BLOCK,
    LATENT_CHANNELS,
    Decoder,
    Encoder,
    Voxels,
    plane_necks,
    vector_necks,
    volume_necks,
)

FOLDER = Path(__file__).parent / "data" / "voxel_vae"
FACTOR = 2 * BLOCK  # voxels to a cell of the volume, along each axis

Kind: TypeAlias = Literal["volume", "plane", "vector"]
NECKS = {"volume": volume_necks, "plane": plane_necks, "vector": vector_necks}


class Posterior(DiagonalGaussianDistribution):
    """diffusers' Gaussian, whose `kl` counts pictures only, for latents of any number of axes."""

    def kl(self, other: DiagonalGaussianDistribution | None = None) -> Float[Tensor, " b"]:
        """KL divergence from N(0, 1) in nats, a number for each sample of the batch.

        Raises ValueError when another distribution is given.
        """
        if other is not None:
            raise ValueError("kl compares with N(0, 1) only: expected no other distribution")
        terms = self.mean**2 + self.var - 1 - self.logvar
        return 0.5 * terms.flatten(1).sum(1)


class VoxelVAE(ModelMixin, ConfigMixin):
    """An autoencoder of binary voxels with the interface of diffusers' `AutoencoderKL`.

    Args:
        kind: What its latent is: "volume", "plane" or "vector". See the module for the shapes.
        side: Voxels a side of the grid. A volume also takes grids of other sides.
        width: Channels of the trunk, at a quarter of the resolution.

    Raises ValueError for another kind, and a side that is no multiple of 8.
    """

    @register_to_config
    def __init__(self, kind: str = "volume", side: int = 32, width: int = 64) -> None:
        super().__init__()
        if kind not in get_args(Kind):
            raise ValueError(f"there is no latent {kind!r}: expected one of {get_args(Kind)}")
        if side < 1 or side % FACTOR:
            raise ValueError(
                f"side is {side}: expected a multiple of {FACTOR}; {nearest(side, FACTOR, 0)}"
            )
        if width < 1:
            raise ValueError(f"width is {width}: expected 1 or more")
        down, up = NECKS[kind](width, side // BLOCK)
        self.encoder, self.decoder = Encoder(width, down), Decoder(width, up)

    def latent_shape(self, side: int | None = None) -> tuple[int, ...]:
        """The shape of the latent of one grid, without B: of the model's own side, or another.

        Raises ValueError for a side that the model does not take.
        """
        side = self.config["side"] if side is None else side
        self._check_side(side)
        if self.config["kind"] == "volume":
            return (LATENT_CHANNELS, *(side // FACTOR,) * 3)
        if self.config["kind"] == "plane":
            return (LATENT_CHANNELS, *(side // BLOCK,) * 2)
        return (LATENT_CHANNELS * (side // FACTOR) ** 3,)

    @apply_forward_hook
    def encode(
        self, voxels: Given, return_dict: bool = True
    ) -> AutoencoderKLOutput | tuple[Posterior]:
        """The distribution of the latent of voxels: `encode(voxels).latent_dist`.

        Raises ValueError for what is no B 1 D H W, a grid that is no cube, a side that the model
        does not take, values other than 0 and 1, or an empty grid; TypeError for what is not
        floats of the weights' precision.
        """
        self._check_voxels(voxels)
        posterior = Posterior(self.encoder(voxels))
        return AutoencoderKLOutput(latent_dist=posterior) if return_dict else (posterior,)

    @apply_forward_hook
    def decode(self, z: Given, return_dict: bool = True) -> DecoderOutput | tuple[Voxels]:
        """Logits of the voxels of a latent, `decode(z).sample`: (b, 1, d, h, w).

        A voxel counts as full where its logit is above 0; see `occupied`.

        Raises ValueError for a latent of another shape, NaN or infinity; TypeError for integers.
        """
        self._check_latent(z)
        logits = self.decoder(z)
        return DecoderOutput(sample=logits) if return_dict else (logits,)

    def forward(
        self,
        voxels: Given,
        sample_posterior: bool = False,
        return_dict: bool = True,
        generator: torch.Generator | None = None,
    ) -> DecoderOutput | tuple[Voxels]:
        """Voxels through encoder and decoder, to logits. Raises as `encode` does."""
        posterior = self.encode(voxels).latent_dist
        z = posterior.sample(generator) if sample_posterior else posterior.mode()
        return self.decode(z, return_dict=return_dict)

    def _check_side(self, side: int) -> None:
        own = self.config["side"]
        if side < 1 or side % FACTOR:
            raise ValueError(
                f"the grid has a side of {side}: expected a multiple of {FACTOR}; "
                f"{nearest(side, FACTOR, 0)}"
            )
        if self.config["kind"] != "volume" and side != own:
            raise ValueError(
                f"the grid has a side of {side}: the {self.config['kind']} was made for {own}; "
                "only a volume takes other sides"
            )

    def _check_voxels(self, voxels: Given) -> None:
        shape = tuple(voxels.shape)
        if voxels.ndim != 5 or shape[1] != 1:
            hint = "; add what is missing with unsqueeze" if voxels.ndim in (3, 4) else ""
            raise ValueError(f"the voxels have shape {shape}: expected B 1 D H W{hint}")
        if shape[0] == 0:
            raise ValueError("B of the voxels is 0: expected 1 or more")
        if len(set(shape[2:])) > 1:
            raise ValueError(
                f"the grid is {' × '.join(map(str, shape[2:]))}: expected a cube; pad it with "
                f"empty voxels to a side of {-(-max(shape[2:]) // FACTOR) * FACTOR}"
            )
        self._check_side(shape[2])
        if voxels.dtype != self.dtype:
            raise TypeError(
                f"the voxels are {voxels.dtype}: expected {self.dtype}, as the weights are"
            )
        other = (voxels != 0) & (voxels != 1)
        if other.any():
            raise ValueError(
                f"{int(other.sum())} voxels are neither 0 nor 1, {voxels[other][0]:g} is one: "
                "expected binary voxels, as (x > threshold).float()"
            )
        empty = (~voxels.flatten(1).any(1)).nonzero().flatten().tolist()
        if empty:
            raise ValueError(f"grid {empty[0]} of the batch is empty: expected one full voxel")

    def _check_latent(self, z: Given) -> None:
        square = z.shape[-1] * FACTOR if self.config["kind"] == "volume" and z.ndim == 5 else None
        expected = self.latent_shape(square)
        if tuple(z.shape[1:]) != expected:
            named = ", ".join(("b", *map(str, expected)))
            raise ValueError(f"the latent has shape {tuple(z.shape)}: expected ({named})")
        if len(z) == 0:
            raise ValueError("B of the latent is 0: expected 1 or more")
        check_values(z, "the latent")
        if z.dtype != self.dtype:
            raise TypeError(f"the latent is {z.dtype}: expected {self.dtype}, as the weights are")


def occupied(logits: Voxels) -> Bool[Tensor, "b 1 d h w"]:
    """Which voxels are full: those that are more likely full than empty."""
    return logits > 0


def iou(original: Given, other: Given) -> Float[Tensor, " b"]:
    """Intersection over union of the full voxels of each pair; of two empty grids it is 1.

    Raises ValueError when the shapes differ, and TypeError for other values than bool.
    """
    if original.shape != other.shape:
        raise ValueError(f"shapes differ: {tuple(original.shape)} and {tuple(other.shape)}")
    for grids in (original, other):
        if grids.dtype != torch.bool:
            raise TypeError(f"the grids are {grids.dtype}: expected torch.bool, as grids > 0.5")
    both = (original & other).flatten(1).sum(1)
    either = (original | other).flatten(1).sum(1)
    return torch.where(either == 0, 1.0, both / either.clamp(min=1))


def load(kind: str, folder: Path = FOLDER) -> VoxelVAE:
    """One of the three as the course trained it, at full precision, its parameters frozen.

    Raises ValueError for another kind than "volume", "plane" or "vector", and when its folder is
    incomplete or its weights are damaged.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"there is no latent {kind!r}: expected one of {get_args(Kind)}")
    return model_folder.load(VoxelVAE, folder / kind)


def report(folder: Path = FOLDER) -> dict[str, Any]:
    """What `latentlab.report_voxel_vae` measured on shapes that no training has seen."""
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found
