"""Shapes as voxels: furniture of Sweet Home 3D and random solids of PyBullet, fetched by name.

    python -m latentlab.training_shapes code/latentlab/data/voxel_shapes

It needs apt-get, dpkg-deb and pip, the package registries they are set up for, and the packages
trimesh and scipy (`pip install trimesh scipy`). It takes about seven minutes and writes, for
`furniture` and for `solids`,

- `.npz`: all shapes, a bit a voxel;
- `.csv`: what each one is called, who made it, its license, its file, and its part: training,
  validation (to choose between variants), or held_out (for the report alone).

Shapes that are nearly the same, turned or mirrored as they may be, are in one part together.
"""

import argparse
import csv
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from tqdm import tqdm

from latentlab.training_photographs import fetch
from latentlab.voxel_shapes import FIELDS, SIDE, WAYS, turned

FURNITURE = "debian:sweethome3d-furniture"
CATALOGS = "usr/share/sweethome3d/furniture"
SOLIDS = "pypi:pybullet==3.2.7"
RANDOM = "pybullet_data/random_urdfs"
PROPERTIES = "PluginFurnitureCatalog.properties"
LICENSES = {
    "BlendSwap-CC-0": "CC0-1.0",
    "BlendSwap-CC-BY": "CC-BY-3.0",
    "KatorLegaz": "CC-BY-3.0-US",
    "Reallusion": "CC-BY-3.0-US",
    "Scopia": "CC-BY-3.0",
}
MARGIN = 1  # empty voxels at each side of the longest edge
SPACING = 0.5  # voxels, at most, between two points of a surface
ALIKE = 0.9  # intersection over union from which two shapes belong to one part
SHARES = {"held_out": 100, "validation": 60}  # shapes, the rest is for training

Points = Float[np.ndarray, "points 3"]
Faces = Int[np.ndarray, "faces 3"]


@dataclass(frozen=True)
class Piece:
    """One mesh and what is said of it.

    `rotation` makes it stand upright, and `size` is how wide, high and deep it then is, in any
    unit; without one, as its points are.
    """

    name: str
    creator: str
    license: str
    file: str
    rotation: Float[np.ndarray, "3 3"]
    size: tuple[float, float, float] | None


def furniture(catalog: zipfile.ZipFile, license: str) -> Iterator[Piece]:
    """The pieces of a catalog, in its order."""
    text = catalog.read(PROPERTIES).decode("unicode_escape")  # as Java writes it
    lines = (line.partition("=") for line in text.splitlines())
    said = {key.strip(): value.strip() for key, _, value in lines}
    numbers = sorted(int(key.partition("#")[2]) for key in said if key.startswith("id#"))
    for number in numbers:
        width, height, depth = (float(said[f"{k}#{number}"]) for k in ("width", "height", "depth"))
        turned = said.get(f"modelRotation#{number}", "1 0 0 0 1 0 0 0 1").split()
        yield Piece(
            name=said[f"name#{number}"],
            creator=said[f"creator#{number}"],
            license=license,
            file=said[f"model#{number}"].lstrip("/"),
            rotation=np.array(turned, float).reshape(3, 3),
            size=(width, height, depth),
        )


def solids(folder: Path) -> Iterator[Piece]:
    """The random solids in a folder, whose third axis points up."""
    for mesh in sorted(folder.glob("*/*.obj")):
        yield Piece(
            name=f"Random solid {mesh.stem}",
            creator="Bullet Physics Engine",
            license="Zlib",
            file=mesh.relative_to(folder.parent.parent).as_posix(),
            rotation=np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
            size=None,
        )


def placed(
    points: Points, rotation: Float[np.ndarray, "3 3"], size: tuple[float, ...] | None = None
) -> Points:
    """Points of a mesh, whose axes point right, up and to the front, where its voxels will be.

    They are turned, stretched to the proportions of `size` if there is one, and moved into the
    middle of the grid, which the longest edge fills but for the margin. Coordinates are depth from
    the front, height from the top and width from the left, in voxels.
    """
    upright = points @ rotation.T
    low, high = upright.min(0), upright.max(0)
    span = np.where(high > low, high - low, 1)
    wanted = high - low if size is None else np.array(size)
    edges = wanted / wanted.max() * (SIDE - 2 * MARGIN)
    right, up, front = ((upright - (low + high) / 2) / span * edges).T
    return np.stack((-front, -up, right), axis=1) + SIDE / 2


def voxelized(points: Points, faces: Faces) -> Bool[np.ndarray, "d h w"]:
    """The voxels that a surface passes through, and those that it encloses."""
    try:
        from scipy import ndimage  # type: ignore[import-not-found,import-untyped,unused-ignore]
        from trimesh import remesh  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise RuntimeError(f"{error.name} is missing: pip install trimesh scipy") from error
    dense, small = remesh.subdivide_to_size(points, faces, max_edge=SPACING, max_iter=20)
    samples = np.concatenate((dense, dense[small].mean(axis=1)))
    grid = np.zeros((SIDE, SIDE, SIDE), bool)
    grid[tuple(np.floor(samples).astype(int).clip(0, SIDE - 1).T)] = True
    return np.asarray(ndimage.binary_fill_holes(grid))


def overlaps(shapes: Bool[Tensor, "n d h w"]) -> Float[Tensor, "n n"]:
    """Intersection over union of any two shapes, the best of the eight ways to turn one."""
    rows = shapes.flatten(1).float()
    count = rows.sum(1)
    best = torch.zeros(len(rows), len(rows))
    for way in range(WAYS):
        both = rows @ turned(shapes, way).flatten(1).float().T
        best = best.maximum(both / (count[:, None] + count - both))
    return best


def parts(alike: Bool[Tensor, "n n"], seed: int = 0) -> list[str]:
    """The part of each shape, drawn by chance, family by family.

    A family is what `alike` connects.
    """
    family = torch.arange(len(alike))
    while True:
        joined = torch.where(alike, family, len(alike)).amin(1).minimum(family)
        if torch.equal(joined, family):
            break
        family = joined
    chosen = ["training"] * len(alike)
    families = family.unique()
    order = families[torch.randperm(len(families), generator=torch.Generator().manual_seed(seed))]
    waiting = iter(order.tolist())
    for part, share in SHARES.items():
        while chosen.count(part) < share:
            for member in (family == next(waiting)).nonzero().flatten().tolist():
                chosen[member] = part
    return chosen


def write(folder: Path, name: str, pieces: Iterable[Piece], meshes: Path) -> None:
    """Write a collection as voxels, with its sources; `meshes` is where the files of pieces are."""
    try:
        import trimesh  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise RuntimeError("trimesh is missing: pip install trimesh scipy") from error
    kept, grids = [], []
    for piece in tqdm(list(pieces), desc=name, unit="mesh", mininterval=5):
        mesh = trimesh.load_mesh(meshes / piece.file, skip_materials=True, process=False)
        points = np.asarray(mesh.vertices)
        if np.isfinite(points).all():
            points = placed(points, piece.rotation, piece.size)
            grids.append(voxelized(points, np.asarray(mesh.faces)))
            kept.append(piece)
        else:
            print(f"left out, for its points are no numbers: {piece.file}")
    shapes = torch.from_numpy(np.stack(grids))
    folder.mkdir(parents=True, exist_ok=True)
    bits = np.packbits(shapes.flatten(1).numpy(), axis=1)
    np.savez_compressed(folder / f"{name}.npz", bits=bits)
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FIELDS)
        for piece, part in zip(kept, parts(overlaps(shapes) >= ALIKE), strict=True):
            writer.writerow((part, piece.name, piece.creator, piece.license, piece.file))
    print(f"{len(kept)} shapes in {folder / name}.npz")


def build(folder: Path) -> None:
    """Fetch the meshes and write both collections; what the folder held of them is replaced."""
    with tempfile.TemporaryDirectory() as temporary:
        unpacked = fetch(SOLIDS, Path(temporary))
        write(folder, "solids", solids(unpacked / RANDOM), unpacked)
        catalogs = fetch(FURNITURE, Path(temporary)) / CATALOGS
        pieces: list[Piece] = []
        for name, license in LICENSES.items():
            with zipfile.ZipFile(catalogs / f"{name}.sh3f") as catalog:
                catalog.extractall(catalogs)
                pieces += furniture(catalog, license)
        write(folder, "furniture", pieces, catalogs)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Fetch freely licensed meshes and write them as voxels, with their sources."
    )
    parser.add_argument("folder", type=Path, help="where to write them")
    try:
        build(parser.parse_args().folder)
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
