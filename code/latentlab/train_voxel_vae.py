"""Train the three voxel VAEs of the course by one recipe: volume, plane and vector.

    python -m latentlab.train_voxel_vae volume RUN
    python -m latentlab.train_voxel_vae plane RUN
    python -m latentlab.train_voxel_vae vector RUN

The shapes are those of `latentlab.voxel_shapes`, which the course ships. RUN/KIND keeps the state,
now and then and at Ctrl-C, and the training goes on from there when it is started again. At the
end RUN/KIND/model is written. The seed decides the result; all three see the same shapes, turned
and moved alike, in the same order.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from latentlab import model_folder, voxel_shapes
from latentlab.checkpoint import TrainingError
from latentlab.learner import Learner
from latentlab.report_voxel_vae import closeness, rebuilt
from latentlab.voxel_shapes import Collection
from latentlab.voxel_vae import Kind, Posterior, VoxelVAE

WARMUP = 100  # steps
AVERAGE = 0.998  # decay of the moving average of the weights
JUDGED_EVERY = 500  # steps between two looks at the validation shapes, and two saved states
ENDS = ("encoder.conv_in", "decoder.conv_out")  # not handled by Muon, nor are gains and biases

Shapes = Float[Tensor, "_ 1 d h w"]


@dataclass(frozen=True)
class Recipe:
    """What decides the weights, beside the data.

    `furniture` is its share of the shapes of a step; the others are solids, which are learned
    sooner. `shrunk` is the share of shapes that are made shorter along two axes, down to
    `shortest`. `full_weight` is how much more an error at a full voxel counts in the cross-entropy,
    for full voxels are few. `entropy_weight` weighs the cross-entropy against one minus the
    intersection over union, and `kl_weight` the KL divergence of one latent number.
    """

    kind: str
    steps: int = 5000
    batch: int = 16
    furniture: float = 0.75
    shrunk: float = 0.75
    shortest: float = 0.5
    full_weight: float = 2.0
    entropy_weight: float = 10.0
    kl_weight: float = 1e-3
    muon_rate: float = 0.02
    adam_rate: float = 2e-3
    half_precision: bool = True
    seed: int = 0


def shape_loss(
    logits: Float[Tensor, "n 1 d h w"], voxels: Float[Tensor, "n 1 d h w"], recipe: Recipe
) -> Float[Tensor, ""]:
    """Weighted cross-entropy of the voxels, plus one minus a smooth intersection over union.

    In the second term each shape counts as much as another, whereas in the first one of few voxels
    is next to nothing.
    """
    weight = torch.tensor(recipe.full_weight)
    entropy = functional.binary_cross_entropy_with_logits(logits, voxels, pos_weight=weight)
    probable = logits.sigmoid()
    both = (probable * voxels).flatten(1).sum(1)
    either = (probable + voxels - probable * voxels).flatten(1).sum(1)
    return recipe.entropy_weight * entropy + (1 - both / either).mean()


class Training(Learner[VoxelVAE]):
    """A voxel VAE that learns from furniture and solids.

    Attributes:
        judged: By steps done, the mean intersection over union on the validation shapes of each
            collection.
    """

    def __init__(
        self, recipe: Recipe, shapes: Mapping[str, Shapes], validation: Mapping[str, Shapes]
    ) -> None:
        torch.manual_seed(recipe.seed)
        model = VoxelVAE(recipe.kind, voxel_shapes.SIDE)
        super().__init__(model, _by_muon, recipe.muon_rate, recipe.adam_rate, decay=AVERAGE)
        self.recipe, self.shapes, self.validation = recipe, shapes, validation
        self.judged: dict[int, dict[str, float]] = {}

    def batch(self, random: torch.Generator) -> Shapes:
        """The shapes of a step, each turned some way, and most of them shrunk."""
        recipe, size = self.recipe, (self.recipe.batch,)
        furniture = (torch.rand(size, generator=random) < recipe.furniture).tolist()
        places = torch.rand(size, generator=random).tolist()
        ways = torch.randint(voxel_shapes.WAYS, size, generator=random).tolist()
        factors = 1 - (1 - recipe.shortest) * torch.rand(*size, 3, generator=random)
        whole = torch.rand(*size, 1, generator=random) >= recipe.shrunk
        kept = torch.randint(3, (*size, 1), generator=random) == torch.arange(3)
        factors[whole | kept] = 1
        drawn = []
        for real, place, way, by in zip(furniture, places, ways, factors.tolist(), strict=True):
            shapes = self.shapes["furniture" if real else "solids"]
            shape = voxel_shapes.turned(shapes[int(place * len(shapes))], way)
            drawn.append(voxel_shapes.shrunk(shape, by))
        return torch.stack(drawn)

    def advance(self) -> float:
        """One step; returns the loss."""
        recipe = self.recipe
        random = torch.Generator().manual_seed(recipe.seed * 1_000_003 + self.step)
        voxels = self.batch(random)
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half_precision):
            moments = self.model.encoder(voxels)
        posterior = Posterior(moments.float())
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half_precision):
            logits = self.model.decoder(posterior.sample(random))
        divergence = posterior.kl().mean() / posterior.mean[0].numel()
        loss = shape_loss(logits.float(), voxels, recipe) + recipe.kl_weight * divergence
        rate = min(1.0, (self.step + 1) / WARMUP) * (1 - self.step / recipe.steps)
        value = self.descend(loss, rate)
        if self.step % JUDGED_EVERY == 0:
            model = self.averaged()
            self.judged[self.step] = {
                name: closeness(shapes, rebuilt(model)).mean().item()
                for name, shapes in self.validation.items()
            }
        return value

    def save(self, path: Path, recipe: Mapping[str, Any], **facts: Any) -> None:
        """Write the state, and how the validation shapes were judged so far."""
        super().save(path, recipe, judged=self.judged, **facts)

    def load(self, path: Path, recipe: Mapping[str, Any]) -> dict[str, Any]:
        """Go back to a saved state. Raises as the learner's does."""
        facts = super().load(path, recipe)
        self.judged = {int(step): value for step, value in facts["judged"].items()}
        return facts

    def averaged(self) -> VoxelVAE:
        """A model with the moving average of the weights."""
        model = VoxelVAE(self.recipe.kind, voxel_shapes.SIDE)
        model.load_state_dict(self.average)
        return model.requires_grad_(False).eval()


def _by_muon(name: str, parameter: Tensor) -> bool:
    """Kernels and matrices, but for those at the ends."""
    return parameter.ndim > 1 and not name.startswith(ENDS)


def train(run: Path, recipe: Recipe) -> Training:
    """Train to the last step of the recipe from wherever the run stands, and write the model.

    Raises TrainingError when the request or a saved state is no good.
    """
    if recipe.kind not in get_args(Kind):
        raise TrainingError(f"there is no latent {recipe.kind!r}: expected {get_args(Kind)}")
    if min(recipe.steps, recipe.batch) < 1:
        raise TrainingError(f"steps and batch are {recipe.steps} and {recipe.batch}: expected 1 up")
    collections = get_args(Collection)
    shapes = {name: voxel_shapes.load("training", name) for name in collections}
    validation = {name: voxel_shapes.load("validation", name) for name in collections}
    training = Training(recipe, shapes, validation)
    folder = run / recipe.kind
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / "state.safetensors"
    training.train(training.advance, recipe.steps, state, asdict(recipe), JUDGED_EVERY)
    write(training, folder / "model")
    return training


def write(training: Training, folder: Path) -> None:
    """Write the averaged weights in half precision, hashes, and how they came about."""
    facts = {
        "minutes": round(training.seconds / 60, 1),
        "validation_iou": {
            step: {name: round(value, 4) for name, value in by_name.items()}
            for step, by_name in training.judged.items()
        },
        "recipe": asdict(training.recipe),
    }
    model_folder.save(training.averaged(), folder, facts)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.train_voxel_vae",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Recipe("volume")
    parser.add_argument("kind", choices=get_args(Kind))
    parser.add_argument("run", type=Path, help="folder for all that this run writes")
    parser.add_argument("--threads", type=int, default=1, help="processor cores to use")
    for name in (
        "steps",
        "batch",
        "furniture",
        "full_weight",
        "entropy_weight",
        "kl_weight",
        "seed",
    ):
        value = getattr(default, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    given = vars(parser.parse_args(arguments))
    run = given.pop("run")
    torch.set_num_threads(given.pop("threads"))
    try:
        train(run, Recipe(**given))
    except TrainingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
