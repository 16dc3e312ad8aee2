"""Measure an image VAE on photographs that no training has seen, beside the best linear patches.

    python -m latentlab.report_image_vae MODEL --data _build/training/data --sheet report.png

The photographs are those of the course and, with `--data`, the three in its folder `held_out`.
The linear baseline, `latentlab.patch_vae`, gets as many numbers a position as the VAE has
channels. It is fitted to the very photographs it is measured on, which flatters it, and, with
`--data`, also to the photographs that the VAE was trained on.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from latentlab import image_vae, photographs
from latentlab.patch_vae import patch_vae
from latentlab.reconstruction import psnr, ssim
from latentlab.train_image_vae import reconstruct

SIZE = 256  # pixels a side


@dataclass(frozen=True)
class Score:
    """How well one model rebuilds one photograph.

    Attributes:
        psnr: In dB.
        ssim: 1 for an equal picture.
        shift: The largest change of the mean of red, green or blue, of 255.
    """

    psnr: float
    ssim: float
    shift: float


def held_out(data: Path | None = None) -> dict[str, Float[Tensor, "1 3 256 256"]]:
    """The photographs to measure on, by name, with values in [-1, 1]."""
    arrays = {name: photographs.load(name, SIZE) for name in photographs.names()}
    for path in sorted((data / "held_out").glob("*.png")) if data else ():
        arrays[path.stem] = np.asarray(Image.open(path).convert("RGB"), np.float32) / 127.5 - 1
    return {n: torch.from_numpy(a).permute(2, 0, 1)[None].contiguous() for n, a in arrays.items()}


def score(picture: Float[Tensor, "1 3 h w"], other: Float[Tensor, "1 3 h w"]) -> Score:
    """Compare a reconstruction with its original."""
    shift = (other - picture).mean(dim=(0, 2, 3)).abs().max().item() * 127.5
    return Score(psnr(picture, other), ssim(picture, other), shift)


def rebuilding(
    models: dict[str, AutoencoderKL], pictures: dict[str, Float[Tensor, "1 3 256 256"]]
) -> dict[str, dict[str, Float[Tensor, "1 3 256 256"]]]:
    """What each model makes of each picture: by picture, then by model."""
    return {
        name: {title: reconstruct(model, picture) for title, model in models.items()}
        for name, picture in pictures.items()
    }


def table(scores: dict[str, dict[str, Score]]) -> str:
    """One line a photograph and one for the means, three columns a model.

    `scores` are by photograph, then by model.
    """
    titles = list(next(iter(scores.values())))
    means = {title: _mean([row[title] for row in scores.values()]) for title in titles}
    head = " " * 10 + "".join(f"  {title:<22}" for title in titles)
    units = " " * 10 + f"  {'dB':>5}  {'SSIM':>5}  {'shift':>5}   " * len(titles)
    return "\n".join([head, units, *(_line(n, s) for n, s in (scores | {"mean": means}).items())])


def _mean(scores: list[Score]) -> Score:
    psnrs, ssims, shifts = zip(*((s.psnr, s.ssim, s.shift) for s in scores), strict=True)
    return Score(float(np.mean(psnrs)), float(np.mean(ssims)), float(np.mean(shifts)))


def _line(name: str, scores: dict[str, Score]) -> str:
    numbers = (f"  {s.psnr:5.2f}  {s.ssim:5.3f}  {s.shift:5.1f}   " for s in scores.values())
    return f"{name:10}" + "".join(numbers)


def trained_on(data: Path) -> Float[Tensor, "n 3 256 256"]:
    """A square of each photograph of the training data at its smallest scale."""
    squares = []
    for path in sorted((data / "training").glob(f"photograph-*-{SIZE}.png")):
        picture = np.asarray(Image.open(path).convert("RGB"), np.float32)[:SIZE, :SIZE]
        squares.append(torch.from_numpy(picture / 127.5 - 1).permute(2, 0, 1))
    return torch.stack(squares)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.report_image_vae",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="folder of a diffusers AutoencoderKL")
    parser.add_argument("--data", type=Path, help="folder of latentlab.training_photographs")
    parser.add_argument("--sheet", type=Path, help="where to write original, VAE and PCA as PNG")
    given = parser.parse_args(arguments)
    try:
        vae = image_vae.load(given.model)
    except ValueError as error:
        sys.exit(str(error))
    pictures = held_out(given.data)
    channels = vae.config.latent_channels
    models = {"VAE": vae, "PCA of these": patch_vae(torch.cat(list(pictures.values())), channels)}
    if given.data:
        models["PCA of training data"] = patch_vae(trained_on(given.data), channels)
    rebuilt = rebuilding(models, pictures)
    print(
        table(
            {
                name: {title: score(pictures[name], other) for title, other in row.items()}
                for name, row in rebuilt.items()
            }
        )
    )
    if given.sheet:
        columns = [torch.cat([pictures[n], *row.values()], dim=2)[0] for n, row in rebuilt.items()]
        sheet = ((torch.cat(columns, dim=2) + 1) * 127.5).round().byte().permute(1, 2, 0)
        Image.fromarray(sheet.numpy()).save(given.sheet)


if __name__ == "__main__":
    main()
