"""Measure the video VAE on clips that no training has seen, beside the same network without time.

    python -m latentlab.report_temporal_vae code/latentlab/data/video_vae

The folder holds what `latentlab.train_temporal_vae` wrote, as `temporal` and `per_frame`. The
clips are the film of the course, and its photographs under a camera that stands, shakes or pans.
Prints a table and writes report.json into the folder: for each kind of clip and each model PSNR
in dB and flicker, on clean latents and on latents with noise of 0.15 of their scale, which stands
for what a sampler leaves. One thread; five minutes.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentlab import film, image_vae, photographs, video_vae
from latentlab.camera_motion import Motion, filmed
from latentlab.reconstruction import flicker, psnr
from latentlab.temporal_vae import TemporalVAE

FRAMES, SIDE = 16, 128
MOTIONS = {
    "standing camera": Motion(),
    "shaking, 0.3 pixels": Motion(shake=0.3),
    "pan, 0.3 pixels a frame": Motion(speed=(0.3, 0.1)),
    "pan, 1 pixel a frame": Motion(speed=(1.0, 0.3)),
    "pan, 3 pixels a frame": Motion(speed=(3.0, 1.0)),
}
NOISE = {"clean": 0.0, "noisy": 0.15}  # standard deviation, in units of the latent's scale

Clip = Float[Tensor, "1 3 t h w"]
Scores = dict[str, dict[str, float]]  # "psnr" and "flicker", by condition


def clips(kind: str) -> tuple[Clip, ...]:
    """The whole "film" in parts, or each photograph under one of `MOTIONS`."""
    if kind == "film":
        return tuple(film.load(FRAMES, first) for first in range(0, film.FRAMES, FRAMES))
    found = []
    for place, name in enumerate(photographs.names()):
        picture = torch.from_numpy(photographs.load(name)).permute(2, 0, 1)
        random = np.random.default_rng(place)
        found.append(filmed(picture, MOTIONS[kind], FRAMES, SIDE, random)[None])
    return tuple(found)


@torch.no_grad()
def score(model: TemporalVAE, shown: Iterable[Clip]) -> Scores:
    """Means over the clips, clean and noisy. The noise is the same for every model."""
    ratios: dict[str, list[float]] = {condition: [] for condition in NOISE}
    flickers: dict[str, list[float]] = {condition: [] for condition in NOISE}
    random = torch.Generator().manual_seed(0)
    for video in shown:
        z = model.encode(video).latent_dist.mode()
        noise = torch.randn(z.shape, generator=random) / model.scaling_factor
        for condition, share in NOISE.items():
            rebuilt = model.decode(z + share * noise).sample.clamp(-1, 1)
            ratios[condition].append(psnr(video, rebuilt))
            flickers[condition].append(flicker(video, rebuilt))
    return {
        condition: {
            "psnr": round(float(np.mean(ratios[condition])), 3),
            "flicker": round(float(np.mean(flickers[condition])), 4),
        }
        for condition in NOISE
    }


def measure(folder: Path) -> dict[str, dict[str, Scores]]:
    """Scores by kind of clip and model. Raises ValueError when a model is missing or damaged."""
    models = {
        "image VAE": TemporalVAE.from_image_vae(image_vae.load(), num_temporal_layers=0),
        "per frame": video_vae.load("per_frame", folder),
        "temporal": video_vae.load("temporal", folder),
    }
    return {
        kind: {name: score(model, clips(kind)) for name, model in models.items()}
        for kind in ("film", *MOTIONS)
    }


def table(found: dict[str, dict[str, Scores]]) -> str:
    """Lines of a kind and its models: PSNR and flicker, clean and then noisy."""
    lines = []
    for kind, by_model in found.items():
        lines.append(kind)
        for name, scores in by_model.items():
            cells = (f"{s['psnr']:8.2f} dB {s['flicker']:7.2f}" for s in scores.values())
            lines.append(f"  {name:10}" + "".join(cells))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.report_temporal_vae",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", type=Path, help="folder with temporal and per_frame")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        found = measure(given.models)
    except ValueError as error:
        sys.exit(str(error))
    print(table(found))
    (given.models / "report.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
