"""Measure the two small VAEs on pictures they have not seen, beside linear codes of equal size.

    python -m latentlab.report_small_vae _build/training/clothes MODELS

Prints a table and writes MODELS/report.json: PSNR in dB over all 10,000 pictures of the test
split, moved to the right by some pixels. The linear codes are principal components, fitted to the
training split: 64 of whole pictures, and 4 of patches of 8 x 8 pixels. They, too, are 64 numbers.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import torch
from diffusers import AutoencoderKL
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from latentlab import clothes, small_vae
from latentlab.reconstruction import psnr
from latentlab.small_vae import CELLS, LATENT_CHANNELS, SIDE, Kind
from latentlab.train_image_vae import TrainingError, reconstruct
from latentlab.train_small_vae import read

SHIFTS = (0, 1, 2, 4, 8)  # pixels
FACTOR = SIDE // CELLS

Pictures = Float[Tensor, "n 1 32 32"]


def principal(
    rows: Float[Tensor, "n pixels"], numbers: int
) -> tuple[Float[Tensor, " pixels"], Float[Tensor, "pixels numbers"]]:
    """Mean and the `numbers` orthonormal directions along which the rows vary most."""
    mean = rows.mean(0)
    centered = (rows - mean).double()
    _, vectors = torch.linalg.eigh(centered.T @ centered)
    return mean, vectors[:, -numbers:].float()


def linear_codes(training: Pictures) -> dict[str, Callable[[Pictures], Pictures]]:
    """Two ways to keep 64 numbers of a picture without a network, there and back."""

    def patches(pictures: Pictures) -> Float[Tensor, "n cells pixels"]:
        return functional.unfold(pictures, FACTOR, stride=FACTOR).transpose(1, 2)

    whole_mean, whole = principal(training.flatten(1), LATENT_CHANNELS * CELLS**2)
    patch_mean, patch = principal(patches(training).flatten(0, 1), LATENT_CHANNELS)

    def by_picture(pictures: Pictures) -> Pictures:
        rows = pictures.flatten(1) - whole_mean
        return (rows @ whole @ whole.T + whole_mean).reshape(pictures.shape).clamp(-1, 1)

    def by_patch(pictures: Pictures) -> Pictures:
        rows = (patches(pictures) - patch_mean) @ patch @ patch.T + patch_mean
        return functional.fold(rows.transpose(1, 2), SIDE, FACTOR, stride=FACTOR).clamp(-1, 1)

    return {"PCA of pictures": by_picture, "PCA of patches": by_patch}


def _network(vae: AutoencoderKL) -> Callable[[Pictures], Pictures]:
    return lambda pictures: torch.cat([reconstruct(vae, part) for part in pictures.split(100)])


def measure(data: Path, models: Path) -> dict[str, dict[str, float]]:
    """PSNR in dB by code and by shift in pixels.

    Raises TrainingError when the data are missing, and ValueError when a model is.
    """
    pictures = read(data)
    codes = linear_codes(pictures["training"])
    codes |= {kind: _network(small_vae.load(kind, models)) for kind in get_args(Kind)}
    found: dict[str, dict[str, float]] = {}
    for name, code in codes.items():
        found[name] = {}
        for right in SHIFTS:
            shown = clothes.shifted(pictures["held_out"], right)
            found[name][str(right)] = round(psnr(shown, code(shown)), 2)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.report_small_vae",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, help="folder of latentlab.training_clothes")
    parser.add_argument("models", type=Path, help="folder of latentlab.train_small_vae")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        found = measure(given.data, given.models)
    except (TrainingError, ValueError) as error:
        sys.exit(str(error))
    print(f"{'moved by, pixels':16}" + "".join(f"{right:7}" for right in SHIFTS))
    for name, by_shift in found.items():
        print(f"{name:16}" + "".join(f"{decibels:7.2f}" for decibels in by_shift.values()))
    report = {"psnr": found, "pictures": "the 10,000 of the test split"}
    (given.models / "report.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
