"""Measure the video VAE on clips that no training has seen, beside the same network without time.

    python -m latentlab.report_temporal_vae MODELS --data _build/training/data

MODELS holds what `latentlab.train_temporal_vae` wrote, as `temporal` and `per_frame`. The clips
are made by `latentlab.camera_motion` of the photographs of the course and, with `--data`, of the
three in its folder `held_out`. Prints a table and writes MODELS/report.json: PSNR in dB and
flicker, on clean latents and on latents with noise of 0.15 of their scale, which is what a
sampler leaves.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentlab import image_vae
from latentlab.camera_motion import clip
from latentlab.reconstruction import flicker, psnr
from latentlab.report_image_vae import held_out
from latentlab.temporal_vae import TemporalVAE

FRAMES, SIDE = 16, 128
CLIPS = 3  # of each photograph
NOISE = {"clean": 0.0, "noisy": 0.15}  # standard deviation, in units of the latent's scale

Clip = Float[Tensor, "1 3 t h w"]
Scores = dict[str, dict[str, float]]


def clips(data: Path | None) -> dict[str, Clip]:
    """Clips of each held-out photograph, of some with the next one in front of it."""
    pictures = [picture[0] for picture in held_out(data).values()]
    found = {}
    for place, name in enumerate(held_out(data)):
        two = (pictures[place], pictures[(place + 1) % len(pictures)])
        for number in range(CLIPS):
            random = np.random.default_rng([place, number])
            found[f"{name}, {number + 1}"] = clip(two, FRAMES, SIDE, random)[None]
    return found


@torch.no_grad()
def score(model: TemporalVAE, shown: Mapping[str, Clip]) -> Scores:
    """Means over the clips, clean and noisy. The noise is the same for every model."""
    found: Scores = {}
    for condition, share in NOISE.items():
        random = torch.Generator().manual_seed(0)
        ratios, flickers = [], []
        for video in shown.values():
            z = model.encode(video).latent_dist.mode()
            noise = torch.randn(z.shape, generator=random)
            rebuilt = model.decode(z + share / model.scaling_factor * noise).sample.clamp(-1, 1)
            ratios.append(psnr(video, rebuilt))
            flickers.append(flicker(video, rebuilt))
        found[condition] = {
            "psnr": round(float(np.mean(ratios)), 3),
            "flicker": round(float(np.mean(flickers)), 4),
        }
    return found


def measure(folder: Path, data: Path | None) -> dict[str, Scores]:
    """Scores by model. Raises ValueError when one is missing or damaged."""
    shown = clips(data)
    models = {
        "image VAE": TemporalVAE.from_image_vae(image_vae.load(), num_temporal_layers=0),
        "per frame": load(folder / "per_frame"),
        "temporal": load(folder / "temporal"),
    }
    return {name: score(model, shown) for name, model in models.items()}


def load(folder: Path) -> TemporalVAE:
    """A trained model at full precision, frozen. Raises ValueError when it is no good."""
    image_vae.check(folder, TemporalVAE.__name__)
    model = TemporalVAE.from_pretrained(folder, use_safetensors=True, low_cpu_mem_usage=False)
    return model.float().requires_grad_(False).eval()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.report_temporal_vae",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", type=Path, help="folder with temporal and per_frame")
    parser.add_argument("--data", type=Path, help="folder of latentlab.training_photographs")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        found = measure(given.models, given.data)
    except ValueError as error:
        sys.exit(str(error))
    for name, scores in found.items():
        cells = (f"{s['psnr']:8.2f} dB {s['flicker']:7.3f}" for s in scores.values())
        print(f"{name:10}" + "".join(cells))
    (given.models / "report.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
