"""A small network that says which clothes a picture shows, to judge pictures that a model made.

Example:
    >>> from latentlab import clothes, clothes_classifier
    >>> judge = clothes_classifier.load()
    >>> clothes.NAMES[judge(clothes.load(1)).argmax()]
    'ankle boot'
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from jaxtyping import Float, Int, Shaped
from safetensors.torch import load_file
from torch import Tensor, nn

from latentlab import model_folder
from latentlab.clothes import NAMES, SIDE
from latentlab.frechet import Normal, distance, normal

FOLDER = Path(__file__).parent / "data" / "clothes_classifier"
REFERENCE = "training_features.safetensors"


def _halved(inward: int, outward: int) -> nn.Sequential:
    """Two convolutions, then one number of four: (b, inward, 2h, 2w) to (b, outward, h, w)."""
    return nn.Sequential(
        nn.Conv2d(inward, outward, 3, padding=1, bias=False),
        nn.BatchNorm2d(outward),
        nn.ReLU(),
        nn.Conv2d(outward, outward, 3, padding=1, bias=False),
        nn.BatchNorm2d(outward),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


class ClothesClassifier(ModelMixin, ConfigMixin):
    """Pictures (b, 1, 32, 32) with values in [-1, 1] to a score for each class (b, 10)."""

    @register_to_config
    def __init__(self, widths: Sequence[int] = (24, 48, 64)) -> None:
        super().__init__()
        pairs = zip((1, *widths), widths, strict=False)
        self.trunk = nn.Sequential(*(_halved(inward, outward) for inward, outward in pairs))
        self.head = nn.Linear(widths[-1], len(NAMES))

    def features(self, pictures: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b features"]:
        """What the last layer decides by: 64 numbers a picture, means over its places."""
        return self.trunk(pictures).mean(dim=(2, 3))

    def forward(self, pictures: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b classes"]:
        return self.head(self.features(pictures))


def load(folder: Path = FOLDER) -> ClothesClassifier:
    """The classifier as the course trained it, at full precision, its parameters frozen.

    Raises ValueError when the folder is incomplete or its weights are damaged.
    """
    return model_folder.load(ClothesClassifier, folder)


@dataclass(frozen=True)
class Verdict:
    """What the classifier says of a set of pictures.

    Attributes:
        agreement: The share of pictures that it takes for what they should show.
        frechet: The Fréchet distance of its features to those of the training pictures.
    """

    agreement: float
    frechet: float


def verdict(
    judge: ClothesClassifier, pictures: Shaped[Tensor, "..."], classes: Int[Tensor, "..."]
) -> Verdict:
    """Judge pictures (n, 1, 32, 32) in [-1, 1] that should show these classes (n,), 0 to 9.

    Raises ValueError for other shapes or values, and for 64 pictures or fewer.
    """
    if tuple(pictures.shape[1:]) != (1, SIDE, SIDE) or not pictures.is_floating_point():
        raise ValueError(
            f"pictures are {pictures.dtype} of shape {tuple(pictures.shape)}: expected floats, "
            f"(n, 1, {SIDE}, {SIDE})"
        )
    if not pictures.abs().max() <= 1:
        raise ValueError("pictures have values outside [-1, 1]: expected x / 127.5 - 1 of bytes")
    if tuple(classes.shape) != (len(pictures),):
        raise ValueError(f"{len(classes)} classes for {len(pictures)} pictures: expected as many")
    if classes.min() < 0 or classes.max() >= len(NAMES):
        raise ValueError(f"classes reach {classes.max()}: expected 0 to {len(NAMES) - 1}")
    features = torch.cat([judge.features(part) for part in pictures.split(500)])
    agreement = (judge.head(features).argmax(1) == classes).double().mean().item()
    return Verdict(agreement, distance(normal(features), reference()))


def reference(folder: Path = FOLDER) -> Normal:
    """How the features of the training pictures are distributed, for a Fréchet distance."""
    tensors = load_file(folder / REFERENCE)
    return Normal(tensors["mean"], tensors["covariance"])
