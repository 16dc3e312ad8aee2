"""Train the small class-conditional flow of the course on latents of clothes, or on their pixels.

    python -m latentlab.train_latent_flow DATA RUN                  # in latents
    python -m latentlab.train_latent_flow DATA RUN --space pixels   # the same in pixels

DATA is a folder made by `python -m latentlab.training_clothes`. RUN keeps the state, now and then
and at Ctrl-C, and the training goes on from there when it is started again. At the end RUN/model
is written. The seed decides the result.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from diffusers import DiTTransformer2DModel
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from latentlab import checkpoint, image_vae, small_vae
from latentlab.checkpoint import TrainingError
from latentlab.latent_flow import NOTHING, SPACES, denoiser, direction
from latentlab.muon import Muon
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


class Training:
    """A denoiser with its optimizers, the moving average of its weights, and where it stands."""

    def __init__(self, recipe: Recipe, data: Examples) -> None:
        self.recipe, self.data = recipe, data
        self.step = 0
        self.seconds = 0.0
        _, channels, side, _ = data.mean.shape
        torch.manual_seed(recipe.seed)
        self.shape = (channels, side, side)
        self.model = self._build()
        self.average = {n: w.clone() for n, w in self.model.state_dict().items()}
        named = dict(self.model.named_parameters())
        self.names = {parameter: name for name, parameter in named.items()}
        hidden = [n for n, p in named.items() if p.ndim == 2 and not n.startswith(ENDS)]
        hidden = [n for n in hidden if "embedding_table" not in n]
        self.muon = Muon([named[n] for n in hidden], lr=recipe.muon_rate)
        self.adam = torch.optim.AdamW(
            [p for n, p in named.items() if n not in hidden],
            lr=recipe.adam_rate,
            betas=(0.9, 0.98),
            weight_decay=0,
        )

    def _build(self) -> DiTTransformer2DModel:
        channels, side, _ = self.shape
        recipe = self.recipe
        return denoiser(channels, side, recipe.patch, recipe.width, recipe.layers)

    def advance(self) -> float:
        """One step; returns the loss, the mean squared error of the direction."""
        recipe, data = self.recipe, self.data
        left = (recipe.steps - self.step) / (FALLING * recipe.steps)
        rate = min(1.0, (self.step + 1) / WARMUP, left)
        self.muon.param_groups[0]["lr"] = rate * recipe.muon_rate
        self.adam.param_groups[0]["lr"] = rate * recipe.adam_rate
        random = torch.Generator().manual_seed(recipe.seed * 1_000_003 + self.step + 1)
        chosen = torch.randint(len(data.mean), (recipe.batch,), generator=random)
        mean, std = data.mean[chosen], data.std[chosen]
        z = mean + std * torch.randn(mean.shape, generator=random)
        noise = torch.randn(mean.shape, generator=random)
        sigma = torch.sigmoid(torch.randn(recipe.batch, generator=random))
        hidden = torch.rand(recipe.batch, generator=random) < recipe.forget
        told = torch.where(hidden, NOTHING, data.classes[chosen])
        z_sigma = torch.lerp(z, noise, sigma[:, None, None, None])
        value = (direction(self.model, z_sigma, sigma, told) - (noise - z)).square().mean()
        value.backward()
        for optimizer in (self.muon, self.adam):
            optimizer.step()
            optimizer.zero_grad()
        self.step += 1
        decay = min(AVERAGE, (1 + self.step) / (10 + self.step))
        for name, weight in self.model.state_dict().items():
            self.average[name].lerp_(weight, 1 - decay)
        return value.item()

    def averaged(self) -> DiTTransformer2DModel:
        """A denoiser with the moving average of the weights."""
        model = self._build()
        model.load_state_dict(self.average)
        return model.requires_grad_(False).eval()

    def save(self, path: Path) -> None:
        """Write everything that the next step depends on."""
        tensors = {f"weights.{n}": w for n, w in self.model.state_dict().items()}
        tensors |= {f"average.{n}": w for n, w in self.average.items()}
        tensors |= checkpoint.of_optimizers((self.muon, self.adam), self.names)
        facts = {"step": self.step, "seconds": self.seconds}
        checkpoint.save(path, tensors, asdict(self.recipe), facts)

    def load(self, path: Path) -> None:
        """Go back to a saved state. Raises TrainingError when it is damaged or does not fit."""
        tensors, facts = checkpoint.load(path, asdict(self.recipe))
        self.model.load_state_dict(checkpoint.under("weights.", tensors))
        self.average = checkpoint.under("average.", tensors)
        kept = {self.muon: ("momentum",), self.adam: ("step", "exp_avg", "exp_avg_sq")}
        checkpoint.into_optimizers(kept, self.names, tensors)
        self.step, self.seconds = facts["step"], facts["seconds"]


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
    try:
        training = Training(recipe, examples(data, recipe.space))
    except ValueError as error:
        raise TrainingError(str(error)) from error
    run.mkdir(parents=True, exist_ok=True)
    state = run / "state.safetensors"
    if state.exists():
        training.load(state)
    began, before = time.monotonic(), training.seconds
    with tqdm(total=recipe.steps, initial=training.step, unit="step", mininterval=5) as bar:
        try:
            while training.step < recipe.steps:
                value = training.advance()
                training.seconds = before + time.monotonic() - began
                if not math.isfinite(value):
                    raise TrainingError(f"the loss became {value} at step {training.step}")
                bar.update()
                bar.set_postfix_str(f"loss={value:.4f}", refresh=False)
                if training.step % KEPT_EVERY == 0:
                    training.save(state)
        except KeyboardInterrupt:
            training.save(state)
            raise
    training.save(state)
    write(training, run / "model")
    return training


def write(training: Training, folder: Path) -> None:
    """Write the averaged weights in half precision, hashes, and how they came about."""
    training.averaged().half().save_pretrained(folder)
    (folder / image_vae.WEIGHTS).chmod(0o644)
    image_vae.write_hashes(folder)
    facts = {
        "hours": round(training.seconds / 3600, 2),
        "latents_mean": training.data.latents_mean,
        "latents_std": training.data.latents_std,
        "recipe": asdict(training.recipe),
    }
    (folder / "training.json").write_text(json.dumps(facts, indent=2) + "\n")


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
