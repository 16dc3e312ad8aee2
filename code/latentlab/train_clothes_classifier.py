"""Train the classifier that judges the clothes which the flow of the course makes.

    python -m latentlab.train_clothes_classifier _build/training/clothes RUN

DATA is a folder made by `python -m latentlab.training_clothes`. It takes a few minutes on one
core, so a run is not resumed; the seed decides the result.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from latentlab import clothes, model_folder
from latentlab.checkpoint import TrainingError
from latentlab.clothes_classifier import REFERENCE, ClothesClassifier
from latentlab.frechet import normal
from latentlab.train_small_vae import PARTS, batches, classes, read


@dataclass(frozen=True)
class Recipe:
    """What decides the weights, beside the data."""

    steps: int = 3600
    batch: int = 128
    rate: float = 4e-3
    weight_decay: float = 0.05
    seed: int = 0


def train(
    pictures: Float[Tensor, "n 1 32 32"], shown: Int[Tensor, " n"], recipe: Recipe
) -> ClothesClassifier:
    """A trained classifier, frozen. Half of the pictures are mirrored as they come."""
    torch.manual_seed(recipe.seed)
    model = ClothesClassifier().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, recipe.steps)
    random = torch.Generator().manual_seed(recipe.seed)
    order = batches(len(pictures), recipe.steps, recipe.batch, recipe.seed)
    for chosen in tqdm(order, unit="step", mininterval=5):
        batch = pictures[chosen]
        mirrored = torch.rand(len(batch), 1, 1, 1, generator=random) < 0.5
        scores = model(torch.where(mirrored, batch.flip(3), batch))
        functional.cross_entropy(scores, shown[chosen]).backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    return model.requires_grad_(False).eval()


def accuracy(
    model: ClothesClassifier, pictures: Float[Tensor, "n 1 32 32"], shown: Int[Tensor, " n"]
) -> float:
    """The share of pictures whose class is recognized."""
    found = torch.cat([model(part).argmax(1) for part in pictures.split(500)])
    return (found == shown).double().mean().item()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.train_clothes_classifier",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, help="folder of latentlab.training_clothes")
    parser.add_argument("run", type=Path, help="folder for the classifier")
    for name, value in asdict(Recipe()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    given = vars(parser.parse_args(arguments))
    data, run = given.pop("data"), given.pop("run")
    recipe = Recipe(**given)
    torch.set_num_threads(1)
    try:
        pictures, shown = read(data), {part: classes(data, part) for part in PARTS}
    except TrainingError as error:
        sys.exit(str(error))
    began = time.monotonic()
    model = train(pictures["training"], shown["training"], recipe)
    facts: dict[str, object] = {"minutes": round((time.monotonic() - began) / 60, 1)}
    model = model.half().float()  # the weights that are written, also in what is measured
    for part in PARTS:
        facts[f"{part}_accuracy"] = round(accuracy(model, pictures[part], shown[part]), 4)
        print(f"{part}: {facts[f'{part}_accuracy']:.2%} recognized")
    features = torch.cat([model.features(part) for part in pictures["training"].split(500)])
    found = normal(features)
    model_folder.save(model, run, facts | {"recipe": asdict(recipe), "classes": clothes.NAMES})
    save_file({"mean": found.mean, "covariance": found.covariance}, run / REFERENCE)


if __name__ == "__main__":
    main()
