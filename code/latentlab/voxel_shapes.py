"""Shapes as voxels, 32 a side, full or empty: real furniture, and random solids.

They were made from freely licensed meshes by `latentlab.training_shapes`; who made each mesh, and
its license, stand beside the voxels. A grid's axes are D, depth from the front, H, height from the
top, and W, width from the left, as a picture of slice d is seen.
"""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from latentlab import intact

FOLDER = Path(__file__).parent / "data" / "voxel_shapes"
SHA256 = {
    "furniture.npz": "d05a18a7f6a420d85bb993eb5a8ae94510684043f69d74de5be3ad2892e076cf",
    "furniture.csv": "3021764e0d45efec57c95207942f7d429af3568b00e019e12d3a4e5d7727f7f6",
    "solids.npz": "3c5602286f4ee2d0bf23cfe68a85efcbf07e14049c7e39919ba1f9975eb5f406",
    "solids.csv": "35d5d8be3e3ba8db29e12ee6f5a5bc5290e03f491d4584a956e2d7d8ae6a60d8",
}
FIELDS = ("part", "name", "creator", "license", "file")
SIDE = 32  # voxels
WAYS = 8  # four quarter turns around the vertical axis, each of them mirrored or not
CREDIT = {
    "furniture": "Furniture: Sweet Home 3D catalogs, CC BY 3.0 and CC0, creators in furniture.csv.",
    "solids": "Solids: PyBullet's random objects, zlib license.",
}

Collection = Literal["furniture", "solids"]
Part = Literal["training", "validation", "held_out"]


@dataclass(frozen=True)
class Source:
    """What a shape is called, who made its mesh, its license, and its file in its package."""

    name: str
    creator: str
    license: str
    file: str


def load(part: str, collection: str = "furniture") -> Float[Tensor, "n 1 32 32 32"]:
    """The shapes of a part, B C D H W, 1 where there is something and 0 elsewhere.

    Raises ValueError for another part than "training", "validation" or "held_out" and another
    collection than "furniture" or "solids", and OSError when files are missing or damaged.
    """
    chosen = [number for number, (own, _) in enumerate(_rows(part, collection)) if own == part]
    with np.load(io.BytesIO(_content(f"{collection}.npz"))) as arrays:
        bits = np.unpackbits(arrays["bits"][chosen], axis=1)
    return torch.from_numpy(bits).reshape(-1, 1, SIDE, SIDE, SIDE).float()


def sources(part: str, collection: str = "furniture") -> list[Source]:
    """Where the shapes of a part come from, in the order of `load`. Raises as `load` does."""
    return [source for own, source in _rows(part, collection) if own == part]


def _rows(part: str, collection: str) -> list[tuple[str, Source]]:
    """All of a collection with the part of each, once the request is known to be possible."""
    for asked, kind, known in ((part, "part", Part), (collection, "collection", Collection)):
        if asked not in get_args(known):
            raise ValueError(f"there is no {kind} {asked!r}: expected one of {get_args(known)}")
    text = _content(f"{collection}.csv").decode("utf-8")
    return [(row.pop("part"), Source(**row)) for row in csv.DictReader(io.StringIO(text))]


def _content(name: str) -> bytes:
    return intact.read(FOLDER / name, SHA256[name])


def turned(shapes: Shaped[Tensor, "*batch d h w"], way: int) -> Shaped[Tensor, "*batch d h w"]:
    """Shapes turned around the vertical axis by `way` quarters, from 4 on of their mirror images.

    Raises ValueError when `way` is not in 0..7, or when D and W differ.
    """
    if way not in range(WAYS):
        raise ValueError(f"way must be in 0..{WAYS - 1}, got {way}")
    if shapes.shape[-3] != shapes.shape[-1]:
        raise ValueError(f"D and W must be equal, got {shapes.shape[-3]} and {shapes.shape[-1]}")
    return torch.rot90(shapes.flip(-1) if way >= WAYS // 2 else shapes, way % 4, (-3, -1))


def shrunk(
    shapes: Float[Tensor, "*batch d h w"], factors: Sequence[float | int]
) -> Float[Tensor, "*batch d h w"]:
    """Shapes made shorter along D, H and W, around the middle of the grid.

    A voxel is full when any is that falls into it, so that thin parts do not vanish.

    Raises ValueError for a factor that is not in (0, 1], or when there are not three.
    """
    if len(factors) != 3:
        raise ValueError(f"expected three factors, for D, H and W, got {len(factors)}")
    for axis, factor in zip((-3, -2, -1), factors, strict=True):
        if not 0 < factor <= 1:
            raise ValueError(f"a shape can be shrunk by factors in (0, 1], got {factor}")
        side = shapes.shape[axis]
        into = [math.floor((place + 0.5 - side / 2) * factor + side / 2) for place in range(side)]
        layers = [torch.zeros_like(shapes.select(axis, 0)) for _ in range(side)]
        for place, target in enumerate(into):
            layers[target] = torch.maximum(layers[target], shapes.select(axis, place))
        shapes = torch.stack(layers, axis)
    return shapes
