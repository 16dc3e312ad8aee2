"""Train the small class-conditional flow of the course on latents of clothes, or on their pixels.

    python -m latentlab.train_latent_flow DATA RUN                  # in latents
    python -m latentlab.train_latent_flow DATA RUN --space pixels   # the same in pixels

DATA is a folder made by `python -m latentlab.training_clothes`. RUN keeps the state, now and then
and at Ctrl-C, and the training goes on from there when it is started again. At the end RUN/model
is written. The seed decides the result.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from diffusers import DiTTransformer2DModel
from jaxtyping import Float, Int
from torch import Tensor

from latentlab import model_folder, small_vae
from latentlab.checkpoint import TrainingError
from latentlab.latent_flow import NOTHING, SPACES, denoiser, direction
from latentlab.learner import Learner
from latentlab.train_small_vae import classes, read

WARMUP = 100  # steps
FALLING = 0.4  # the last part of the steps, over which the rates fall to zero
AVERAGE = 0.9995  # decay of the moving average of the weights
KEPT_EVERY = 250  # steps between two saved states
ENDS = ("pos_embed", "proj_out_2")  # not handled by Muon, nor are embeddings


@dataclass(frozen=True)
class Recipe:
    """What decides the weights, beside the data.

    `patch` is in cells of the latent or in pixels. `forget` is the share of pictures whose class
    is hidden, so that the denoiser also learns to do without.
    """

    space: str = "latent"
    steps: int = 6000
    batch: int = 256
    patch: int = 1
    width: int = 128
    layers: int = 6
    forget: float = 0.1
    muon_rate: float = 0.01
    adam_rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True)
class Examples:
    """What the denoiser learns from: a normal distribution for each picture, and its class.

    Attributes:
        mean: (n, c, h, w), scaled.
        std: The same, or zeros for pixels.
        classes: (n,)
        latents_mean: What scaling has taken from each channel.
        latents_std: What it has divided each channel by.
    """

    mean: Float[Tensor, "n c h w"]
    std: Float[Tensor, "n c h w"]
    classes: Int[Tensor, " n"]
    latents_mean: tuple[float, ...]
    latents_std: tuple[float, ...]


def examples(data: Path, space: str) -> Examples:
    """The training split, encoded by the small grid VAE, or as pixels.

    Raises TrainingError when the data is missing or no good.
    """
    pictures = read(data)["training"]
    shown = classes(data, "training")
    if len(shown) != len(pictures):
        raise TrainingError(f"{data} has {len(shown)} classes for {len(pictures)} pictures")
    if space == "pixels":
        return Examples(pictures, torch.zeros_like(pictures), shown, (0.0,), (1.0,))
    vae = small_vae.load("grid")
    posteriors = [vae.encode(part).latent_dist for part in pictures.split(500)]
    mean = torch.cat([posterior.mean for posterior in posteriors])
    std = torch.cat([posterior.std for posterior in posteriors])
    shift, spread = mean.mean(dim=(0, 2, 3), keepdim=True), mean.std(dim=(0, 2, 3), keepdim=True)
    return Examples(
        (mean - shift) / spread,
        std / spread,
        shown,
        tuple(shift.flatten().tolist()),
        tuple(spread.flatten().tolist()),
    )


class Training(Learner[DiTTransformer2DModel]):
    """A denoiser that learns from examples."""

    def __init__(self, recipe: Recipe, data: Examples) -> None:
        self.recipe, self.data = recipe, data
        torch.manual_seed(recipe.seed)
        super().__init__(self._build(), _by_muon, recipe.muon_rate, recipe.adam_rate, decay=AVERAGE)

    def _build(self) -> DiTTransformer2DModel:
        _, channels, side, _ = self.data.mean.shape
        recipe = self.recipe
        return denoiser(channels, side, recipe.patch, recipe.width, recipe.layers)

    def advance(self) -> float:
        """One step; returns the loss, the mean squared error of the direction."""
        recipe, data = self.recipe, self.data
        random = torch.Generator().manual_seed(recipe.seed * 1_000_003 + self.step + 1)
        chosen = torch.randint(len(data.mean), (recipe.batch,), generator=random)
        mean, std = data.mean[chosen], data.std[chosen]
        z = mean + std * torch.randn(mean.shape, generator=random)
        noise = torch.randn(mean.shape, generator=random)
        sigma = torch.sigmoid(torch.randn(recipe.batch, generator=random))
        hidden = torch.rand(recipe.batch, generator=random) < recipe.forget
        told = torch.where(hidden, NOTHING, data.classes[chosen])
        z_sigma = torch.lerp(z, noise, sigma[:, None, None, None])
        loss = (direction(self.model, z_sigma, sigma, told) - (noise - z)).square().mean()
        left = (recipe.steps - self.step) / (FALLING * recipe.steps)
        return self.descend(loss, rate=min(1.0, (self.step + 1) / WARMUP, left))

    def averaged(self) -> DiTTransformer2DModel:
        """A denoiser with the moving average of the weights."""
        model = self._build()
        model.load_state_dict(self.average)
        return model.requires_grad_(False).eval()


def _by_muon(name: str, parameter: Tensor) -> bool:
    """Matrices, but for the ends of the network and the embedded classes."""
    return parameter.ndim == 2 and not name.startswith(ENDS) and "embedding_table" not in name


def train(data: Path, run: Path, recipe: Recipe) -> Training:
    """Train to the last step of the recipe from wherever the run stands, and write RUN/model.

    Raises TrainingError when the request, the data or a saved state is no good.
    """
    if recipe.space not in SPACES:
        raise TrainingError(f"space {recipe.space!r}: expected latent or pixels")
    if min(recipe.steps, recipe.batch) < 1:
        raise TrainingError(
            f"steps and batch must be at least 1, got {recipe.steps} and {recipe.batch}"
        )
    if not 0 <= recipe.forget <= 1:
        raise TrainingError(f"forget is {recipe.forget}: expected a share, 0 to 1")
    try:
        training = Training(recipe, examples(data, recipe.space))
    except ValueError as error:
        raise TrainingError(str(error)) from error
    run.mkdir(parents=True, exist_ok=True)
    state = run / "state.safetensors"
    training.train(training.advance, recipe.steps, state, asdict(recipe), KEPT_EVERY)
    write(training, run / "model")
    return training


def write(training: Training, folder: Path) -> None:
    """Write the averaged weights in half precision, hashes, and how they came about."""
    facts = {
        "hours": round(training.seconds / 3600, 2),
        "latents_mean": training.data.latents_mean,
        "latents_std": training.data.latents_std,
        "recipe": asdict(training.recipe),
    }
    model_folder.save(training.averaged(), folder, facts)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.train_latent_flow",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Recipe()
    parser.add_argument("data", type=Path, help="folder of latentlab.training_clothes")
    parser.add_argument("run", type=Path, help="folder for all that this run writes")
    parser.add_argument("--threads", type=int, default=1, help="processor cores to use")
    for name, value in asdict(default).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    given = vars(parser.parse_args(arguments))
    data, run = given.pop("data"), given.pop("run")
    torch.set_num_threads(given.pop("threads"))
    try:
        train(data, run, Recipe(**given))
    except TrainingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
