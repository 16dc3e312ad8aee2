"""Measure the three voxel VAEs on shapes they have not seen, beside simpler codes of one size.

    python -m latentlab.report_voxel_vae MODELS --again RUN

MODELS has a model of each kind in folders of that name; RUN is one of `latentlab.train_voxel_vae`
with another seed, and may be given several times. Prints tables and writes MODELS/report.json.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from latentlab import model_folder, voxel_shapes, voxel_vae
from latentlab.voxel_shapes import SIDE, WAYS, Collection, turned
from latentlab.voxel_vae import NECKS, VoxelVAE, iou, occupied

MOVES = (0, 1, 2, 4, 8)  # voxels
STEP = 8  # voxels: a move of whole cells in the volume and in the plane
NUMBERS = 512  # of a latent, and of each simpler code
CUTS = (0.1, 0.2, 0.3, 0.4, 0.5)  # from which an average counts as full
EDITED, EDITS = 10, 64  # held-out shapes, and numbers of each latent that are changed

Shapes = Float[Tensor, "n 1 d h w"]
Code = Callable[[Shapes], Shapes]


def rebuilt(vae: VoxelVAE) -> Code:
    """Shapes through encoder and decoder, to 0 and 1."""

    def code(shapes: Shapes) -> Shapes:
        with torch.no_grad():
            parts = [occupied(vae(part).sample) for part in shapes.split(20)]
        return torch.cat(parts).float()

    return code


def moved(shapes: Shapes, right: int) -> Shapes:
    """Shapes moved to the right; what leaves the grid is lost.

    Raises ValueError when `right` is not in 0..width.
    """
    if not 0 <= right <= shapes.shape[-1]:
        raise ValueError(f"right must be in 0..{shapes.shape[-1]}, got {right}")
    return functional.pad(shapes[..., : shapes.shape[-1] - right], (right, 0))


def simple_codes(training: Shapes) -> dict[str, Code]:
    """Three ways to keep a shape without a network. The first two keep 512 numbers."""
    ways = torch.cat([turned(training, way) for way in range(WAYS)]).flatten(1)
    mean = ways.mean(0)
    _, rows = torch.linalg.eigh(((ways - mean) @ (ways - mean).T).double())
    basis, _ = torch.linalg.qr((ways - mean).T @ rows[:, -NUMBERS:].float())
    cell = SIDE // round(NUMBERS ** (1 / 3))

    def components(shapes: Shapes) -> Shapes:
        kept = (shapes.flatten(1) - mean) @ basis
        return (kept @ basis.T + mean > 0.5).float().reshape(shapes.shape)

    def averages(shapes: Shapes, cut: float | None = None) -> Shapes:
        kept = functional.avg_pool3d(shapes, cell)
        return (functional.interpolate(kept, scale_factor=cell) > (cut or best)).float()

    best = max(CUTS, key=lambda cut: closeness(training, lambda x: averages(x, cut)).mean())

    def nearest(shapes: Shapes) -> Shapes:
        asked = shapes.flatten(1)
        both = asked @ ways.T
        either = asked.sum(1)[:, None] + ways.sum(1) - both
        return ways[(both / either).argmax(1)].reshape(shapes.shape)

    return {"principal components": components, "averages": averages, "nearest": nearest}


def closeness(shapes: Shapes, code: Code) -> Float[Tensor, " n"]:
    """Intersection over union of each shape with what the code keeps of it."""
    return iou(shapes > 0.5, code(shapes) > 0.5)


def latents(vae: VoxelVAE, shapes: Shapes) -> Float[Tensor, "n ..."]:
    """Modes of the posteriors."""
    with torch.no_grad():
        return torch.cat([vae.encode(part).latent_dist.mode() for part in shapes.split(20)])


def explained(target: Float[Tensor, "n ..."], guess: Float[Tensor, "n ..."]) -> float:
    """The share of the target's variance over the shapes that the guess accounts for.

    1 when they are equal, 0 when the mean latent would have been as good a guess, less when worse.
    """
    spread = (target - target.mean(0)).square().sum()
    return (1 - (target - guess).square().sum() / spread).item()


def under_a_move(vae: VoxelVAE, shapes: Shapes) -> dict[str, float]:
    """How much of the latent of moved shapes their latent before tells: as it is, and moved too.

    Shapes are moved by 8 voxels, within the grid. What a cell that comes in holds is not asked. A
    vector has no cells to move, so that it is judged as it is.
    """
    columns = shapes.amax(dim=(1, 2, 3)) > 0
    narrow = shapes[~columns[:, -STEP:].any(1)]
    before, after = latents(vae, narrow), latents(vae, moved(narrow, STEP))
    told = {"as it is": explained(after, before)}
    if before.ndim > 2:
        cells = before.shape[-1] * STEP // SIDE
        told["moved too"] = explained(after[..., cells:], before[..., :-cells])
    return told


def edits(vae: VoxelVAE, shapes: Shapes, count: int = EDITS) -> Iterator[Float[Tensor, "n d h w"]]:
    """How much each of `count` edits changes the probabilities of a shape's voxels, shape by shape.

    An edit raises one latent number by its standard deviation over the shapes. Which numbers is
    drawn anew for each shape, and the same for every model.
    """
    z = latents(vae, shapes)
    deviation = z.std(0).flatten()
    random = torch.Generator().manual_seed(0)
    for latent in z:
        chosen = torch.randperm(NUMBERS, generator=random)[:count]
        raised = functional.one_hot(chosen, NUMBERS) * deviation[chosen][:, None]
        asked = latent.flatten() + torch.cat((torch.zeros(1, NUMBERS), raised))
        with torch.no_grad():
            probable = vae.decode(asked.reshape(-1, *latent.shape)).sample.sigmoid()
        yield (probable[1:] - probable[0]).abs()[:, 0]


def spread(change: Float[Tensor, "n d h w"]) -> Float[Tensor, " n"]:
    """How far from its middle each change lies, in voxels, however large it is as a whole.

    Distances are weighted by how much each voxel changes. Of no change at all it is not a number.
    """
    axes = [torch.arange(side) + 0.5 for side in change.shape[1:]]
    places = torch.stack(torch.meshgrid(*axes, indexing="ij")).flatten(1)
    share = change.flatten(1) / change.flatten(1).sum(1, keepdim=True)
    away = (places - (share @ places.T)[:, :, None]).norm(dim=1)
    return (share * away).sum(1)


def spread_of_an_edit(vae: VoxelVAE, shapes: Shapes) -> float:
    """`spread` of the edits of some shapes, on average: each edit counts alike."""
    found = [spread(change) for change, _ in zip(edits(vae, shapes), range(EDITED), strict=False)]
    return torch.cat(found).mean().item()


def facts(folder: Path) -> dict[str, Any]:
    """How the model in a folder was trained."""
    found: dict[str, Any] = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    return found


def judged(vae: VoxelVAE, training: Shapes, held_out: Shapes) -> dict[str, Any]:
    """What one model does with the shapes of a collection."""
    code = rebuilt(vae)
    each = closeness(held_out, code)
    return {
        "iou": _rounded(each.mean()),
        "median": _rounded(each.median()),
        "tenth": _rounded(each.quantile(0.1)),
        "training_iou": _rounded(closeness(training, code).mean()),
        "moved": {
            str(right): _rounded(closeness(moved(held_out, right), code).mean()) for right in MOVES
        },
        "explained": {k: _rounded(v) for k, v in under_a_move(vae, held_out).items()},
        "edit_spread": _rounded(spread_of_an_edit(vae, held_out)),
        "each": [_rounded(value) for value in each],
    }


def measure(models: Path, again: Sequence[Path]) -> dict[str, Any]:
    """All that the course says of the three.

    Raises ValueError when a model is missing, or runs cannot be compared.
    """
    vaes = {kind: voxel_vae.load(kind, models) for kind in NECKS}
    runs = by_seed(
        [
            {kind: models / kind for kind in NECKS},
            *({kind: run / kind / "model" for kind in NECKS} for run in again),
        ]
    )
    found: dict[str, Any] = {"models": {}, "held_out": {}, "simple": {}, "shapes": {}}
    for kind, vae in vaes.items():
        trained = facts(models / kind)
        found["models"][kind] = {
            "parameters": vae.num_parameters(),
            "minutes": trained["minutes"],
            "validation_iou": trained["validation_iou"],
        }
    held_out = {}
    for name in get_args(Collection):
        training = voxel_shapes.load("training", name)
        held_out[name] = voxel_shapes.load("held_out", name)
        found["shapes"][name] = {"training": len(training), "held_out": len(held_out[name])}
        found["held_out"][name] = {
            kind: judged(vae, training, held_out[name]) for kind, vae in vaes.items()
        }
        found["simple"][name] = {
            code: _rounded(closeness(held_out[name], keep).mean())
            for code, keep in simple_codes(training).items()
        }
    found["seeds"] = {
        seed: {
            kind: compared(model_folder.load(VoxelVAE, folder), held_out)
            for kind, folder in run.items()
        }
        for seed, run in runs.items()
    }
    return found


def by_seed(runs: Sequence[Mapping[str, Path]]) -> dict[str, Mapping[str, Path]]:
    """Runs by their seeds. Raises ValueError when two have the same, or as `seed_of` does."""
    found: dict[str, Mapping[str, Path]] = {}
    for run in runs:
        seed = seed_of(run)
        if seed in found:
            raise ValueError(f"two runs have the seed {seed}: expected another seed for each")
        found[seed] = run
    return found


def seed_of(run: Mapping[str, Path]) -> str:
    """The seed of three models. Raises ValueError when their recipes differ but for the kind."""
    recipes = [facts(folder)["recipe"] | {"kind": ""} for folder in run.values()]
    for name, value in recipes[0].items():
        values = [recipe.get(name) for recipe in recipes]
        if any(other != value for other in values):
            raise ValueError(f"the models of one run have {name} = {values}: expected one value")
    return str(recipes[0]["seed"])


def compared(vae: VoxelVAE, shapes: Mapping[str, Shapes]) -> dict[str, Any]:
    """What the comparison says of one model: IoU by collection and of all, moves and edits."""
    each = {name: closeness(some, rebuilt(vae)) for name, some in shapes.items()}
    means = {name: _rounded(found.mean()) for name, found in each.items()}
    return means | {
        "all": _rounded(torch.cat(list(each.values())).mean()),
        "explained": {
            name: {k: _rounded(v) for k, v in under_a_move(vae, some).items()}
            for name, some in shapes.items()
        },
        "edit_spread": {
            name: _rounded(spread_of_an_edit(vae, some)) for name, some in shapes.items()
        },
    }


def _rounded(value: float | Tensor) -> float:
    return round(float(value), 4)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.report_voxel_vae",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", type=Path, help="folder with a folder for each kind")
    parser.add_argument(
        "--again", type=Path, action="append", default=[], help="a run with another seed"
    )
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        found = measure(given.models, given.again)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    for name, rows in found["held_out"].items():
        print(name)
        for code, value in found["simple"][name].items():
            print(f"    {code:22} {value:.4f}")
        for kind, row in rows.items():
            print(f"    {kind:22} {row['iou']:.4f}  edit {row['edit_spread']:.2f} voxels")
            print(f"        moved {row['moved']}  explained {row['explained']}")
    for seed, kinds in found["seeds"].items():
        print(f"seed {seed}: {kinds}")
    (given.models / "report.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
