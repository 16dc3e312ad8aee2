"""Train the two small VAEs of the course, the grid one and the vector one, by the same recipe.

    python -m latentlab.train_small_vae _build/training/clothes RUN

DATA is a folder made by `python -m latentlab.training_clothes`. Each of the two takes about ten
minutes on one core, so a run is not resumed: what was interrupted is started again, and the seed
decides the result. RUN/grid and RUN/vector are written, each when it is done; `--only` trains one.
"""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from diffusers import AutoencoderKL
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from latentlab import clothes, model_folder, small_vae
from latentlab.checkpoint import TrainingError
from latentlab.learner import Learner
from latentlab.reconstruction import psnr
from latentlab.small_vae import Kind
from latentlab.train_image_vae import reconstruct

PARTS = ("training", "validation", "held_out")
WARMUP = 100  # steps
AVERAGE = 0.998  # decay of the moving average of the weights
ENDS = ("encoder.conv_in", "decoder.conv_out")  # not handled by Muon, nor are norms and biases


@dataclass(frozen=True)
class Recipe:
    """What decides the weights, beside the kind and the data.

    `pixel_std` is the standard deviation that the loss expects of a pixel's error. It is what
    weighs the squared error against the KL divergence.
    """

    steps: int = 4500
    batch: int = 32
    pixel_std: float = 0.1
    muon_rate: float = 0.03
    adam_rate: float = 2e-3
    half_precision: bool = True
    seed: int = 0


def read(folder: Path) -> dict[str, Float[Tensor, "_ 1 32 32"]]:
    """The pictures of each part, in [-1, 1].

    Raises TrainingError when a file is missing or is no array of pictures.
    """
    pictures = {}
    for part in PARTS:
        path = folder / f"{part}.npy"
        try:
            pictures[part] = clothes.padded(np.load(path))
        except FileNotFoundError as error:
            raise TrainingError(
                f"there is no {path}; fetch it with python -m latentlab.training_clothes {folder}"
            ) from error
        except (ValueError, TypeError) as error:
            raise TrainingError(f"{path} cannot be read as pictures: {error}") from error
    return pictures


def classes(folder: Path, part: str) -> Int[Tensor, " _"]:
    """What each picture of a part shows, 0 to 9.

    Raises TrainingError when the file is missing or is no array.
    """
    path = folder / f"{part}_classes.npy"
    try:
        return torch.from_numpy(np.load(path).astype(np.int64))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read as classes: {error}") from error


def negative_elbo(
    vae: AutoencoderKL,
    pictures: Float[Tensor, "b 1 h w"],
    noise: Float[Tensor, "b c rows columns"],
    recipe: Recipe,
) -> Float[Tensor, ""]:
    """Squared error of the decoded sample plus KL divergence, in nats a pixel.

    Both are sums over a picture before they are divided by its pixels, so that neither the size
    of the picture nor that of the latent weighs one against the other.
    """
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half_precision):
        posterior = vae.encode(pictures).latent_dist
        decoded = vae.decode(posterior.mean + posterior.std * noise).sample
    error = (decoded.float() - pictures).square().sum(dim=(1, 2, 3)) / (2 * recipe.pixel_std**2)
    mean, log_variance = posterior.mean.float(), posterior.logvar.float()
    divergence = (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=(1, 2, 3)) / 2
    return (error + divergence).mean() / pictures[0].numel()


def batches(count: int, steps: int, batch: int, seed: int) -> Int[Tensor, "steps batch"]:
    """Which pictures each step sees: all of them in random order, again and again."""
    generator = torch.Generator().manual_seed(seed)
    needed = steps * batch
    rounds = [torch.randperm(count, generator=generator) for _ in range(-(-needed // count))]
    return torch.cat(rounds)[:needed].reshape(steps, batch)


def train(kind: Kind, pictures: Float[Tensor, "n 1 32 32"], recipe: Recipe) -> AutoencoderKL:
    """A trained VAE: the moving average of its weights, frozen, at full precision.

    Both kinds see the same pictures in the same order. Raises TrainingError when the request is
    no good or the loss is no longer a number.
    """
    if min(recipe.steps, recipe.batch) < 1:
        raise TrainingError(
            f"steps and batch must be at least 1, got {recipe.steps} and {recipe.batch}"
        )
    torch.manual_seed(recipe.seed)
    vae = small_vae.build(kind).to(memory_format=torch.channels_last)
    learner = Learner(
        vae,
        lambda name, parameter: parameter.ndim > 1 and not name.startswith(ENDS),
        recipe.muon_rate,
        recipe.adam_rate,
        decay=AVERAGE,
    )
    generator = torch.Generator().manual_seed(recipe.seed)
    with torch.no_grad():
        latent = vae.encode(pictures[:1]).latent_dist.mode()[0]
    order = batches(len(pictures), recipe.steps, recipe.batch, recipe.seed)
    with tqdm(total=recipe.steps, desc=kind, unit="step", mininterval=5) as bar:
        for step, chosen in enumerate(order):
            noise = torch.randn(len(chosen), *latent.shape, generator=generator)
            batch = pictures[chosen].contiguous(memory_format=torch.channels_last)
            rate = min(1.0, (step + 1) / WARMUP) * (1 - step / recipe.steps)
            value = learner.descend(negative_elbo(vae, batch, noise, recipe), rate)
            if not math.isfinite(value):
                raise TrainingError(f"the loss became {value} at step {step + 1}")
            bar.update()
            bar.set_postfix_str(f"loss={value:.3f}", refresh=False)
    vae.load_state_dict(learner.average)
    return vae.requires_grad_(False).eval()


def quality(vae: AutoencoderKL, pictures: Float[Tensor, "n 1 32 32"]) -> tuple[float, float]:
    """PSNR in dB over all pictures together, and the mean KL divergence of one in nats."""
    rebuilt, nats = [], 0.0
    with torch.no_grad():
        for part in pictures.split(100):
            rebuilt.append(reconstruct(vae, part))
            nats += vae.encode(part).latent_dist.kl().sum().item()
    return psnr(pictures, torch.cat(rebuilt)), nats / len(pictures)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.train_small_vae",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Recipe()
    parser.add_argument("data", type=Path, help="folder of latentlab.training_clothes")
    parser.add_argument("run", type=Path, help="folder for the two models")
    parser.add_argument("--only", choices=get_args(Kind), help="train one of the two")
    parser.add_argument("--steps", type=int, default=default.steps)
    parser.add_argument("--batch", type=int, default=default.batch)
    parser.add_argument("--pixel-std", type=float, default=default.pixel_std)
    parser.add_argument("--muon-rate", type=float, default=default.muon_rate)
    parser.add_argument("--adam-rate", type=float, default=default.adam_rate)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--threads", type=int, default=1, help="processor cores to use")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    recipe = Recipe(
        steps=given.steps,
        batch=given.batch,
        pixel_std=given.pixel_std,
        muon_rate=given.muon_rate,
        adam_rate=given.adam_rate,
        seed=given.seed,
    )
    try:
        pictures = read(given.data)
        for kind in [given.only] if given.only else get_args(Kind):
            began = time.monotonic()
            vae = train(kind, pictures["training"], recipe)
            minutes = (time.monotonic() - began) / 60
            facts: dict[str, object] = {"minutes": round(minutes, 1)}
            for part in PARTS[1:]:
                decibels, nats = quality(vae, pictures[part])
                facts[f"{part}_psnr"], facts[f"{part}_kl_nats"] = round(decibels, 3), round(nats, 2)
                print(f"{kind}, {part}: {decibels:.2f} dB, KL {nats:.1f} nats a picture")
            facts = {"kind": kind} | facts | {"recipe": asdict(recipe)}
            model_folder.save(vae, given.run / kind, facts)
    except TrainingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
