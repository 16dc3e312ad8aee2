"""What the remedies for memory cost: each beside the plain decode, in one run.

    python -m latentlab.report_remedies code/latentlab/data/memory

Prints a table and writes remedies.json into the folder: traced peak, time as a ratio to the plain
decode, and how far the result is from the plain one. The calls of one model take turns, and a
ratio is the median of its rounds. One thread; some minutes.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from diffusers import AutoencoderKL
from jaxtyping import Float
from torch import Tensor

from latentlab import image_vae, memory, photographs, real_class, video_vae
from latentlab.camera_motion import clip
from latentlab.reconstruction import psnr
from latentlab.report_memory import FOLDER, machine
from latentlab.temporal_vae import TemporalVAE

ROUNDING = 1e-5  # of the largest value: what 32 bits may differ by

Latent: TypeAlias = Float[Tensor, "b c ..."]
Decode: TypeAlias = Callable[[Latent], Tensor]


@dataclass(frozen=True)
class Model:
    """A model, what it decodes, and the ways in which it does.

    Attributes:
        title: What a table calls it.
        latent: What it is given.
        ways: The plain decode first, then the remedies, each by its name.
        trained: Whether its weights are; if not, how far results are apart says nothing.
        rounds: How often the ways take turns.
    """

    title: str
    latent: Latent
    ways: dict[str, Decode]
    trained: bool = True
    rounds: int = 9


def image_ways(build: Callable[[], AutoencoderKL], *tiles: int) -> dict[str, Decode]:
    """An image VAE: whole, sliced, in tiles of so many pixels a side, and at 16 bits."""
    ways = {"whole": _plain(build()), "sliced": _plain(build(), sliced=True)}
    ways |= {f"tiles of {tile}": _plain(build(), tile=tile) for tile in tiles}
    short = _plain(build().to(torch.bfloat16))
    return ways | {"bf16": lambda latent: short(latent.to(torch.bfloat16)).float()}


def _plain(vae: AutoencoderKL, *, sliced: bool = False, tile: int = 0) -> Decode:
    if sliced:
        vae.enable_slicing()
    if tile:
        vae.enable_tiling()
        vae.tile_sample_min_size, vae.tile_latent_min_size = tile, tile // 8
    return lambda latent: vae.decode(latent).sample


def video_ways(build: Callable[[], TemporalVAE], tile: int, chunk: int) -> dict[str, Decode]:
    """A causal video VAE: whole clip, in chunks, and in tiles of so many cells, fast and exact."""
    whole, fast, exact = build(), build(), build()
    fast.enable_tiling(tile, tile // 4)
    exact.enable_tiling(tile, tile // 4, exact=True)
    return {
        "whole": lambda z: whole.decode(z).sample,
        f"stream of {chunk}": partial(_streamed, whole, chunk),
        f"tiles of {8 * tile}": lambda z: fast.decode(z).sample,
        f"exact tiles of {8 * tile}": lambda z: exact.decode(z).sample,
    }


def _streamed(vae: TemporalVAE, chunk: int, latent: Latent) -> Tensor:
    frames, cache = [], None
    for part in latent.split(chunk, 2):
        video, cache = vae.decode_stream(part, cache)
        frames.append(video)
    return torch.cat(frames, 2)


def _with_values() -> AutoencoderKL:
    """Stable Diffusion 1 at its own widths; weights are small random numbers."""
    vae: AutoencoderKL = real_class.build("sd-1").to_empty(device="cpu")
    random = torch.Generator().manual_seed(0)
    for parameter in vae.requires_grad_(False).parameters():
        parameter.normal_(0, 0.02, generator=random)
    return vae


def models() -> tuple[Model, ...]:
    """Those of the report."""
    course = image_vae.load()
    pictures = torch.stack(
        [torch.from_numpy(photographs.load(name)) for name in photographs.names()[:4]]
    ).movedim(-1, 1)
    with torch.no_grad():
        latents = course.encode(pictures).latent_dist.mode()
        frames = clip((pictures[0], pictures[1]), 16, 128, np.random.default_rng(0))
        frame_latents = course.encode(frames.transpose(0, 1)).latent_dist.mode()
    noise = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    return (
        Model(
            "Stable Diffusion 1, 2 × 128²",
            noise,
            image_ways(_with_values, 64),
            trained=False,
            rounds=5,
        ),
        Model("the course's image VAE, 4 × 256²", latents, image_ways(image_vae.load, 128, 64)),
        Model(
            "the course's video VAE, 16 × 128²",
            frame_latents.transpose(0, 1)[None],
            video_ways(video_vae.load, tile=8, chunk=4),
        ),
    )


@torch.no_grad()
def held(model: Model) -> list[dict[str, Any]]:
    """A row for each way of a model."""
    plain = next(iter(model.ways.values()))(model.latent)
    seconds: dict[str, list[float]] = {name: [] for name in model.ways}
    for _ in range(model.rounds):
        for name, decode in model.ways.items():
            began = time.perf_counter()
            decode(model.latent)
            seconds[name].append(time.perf_counter() - began)
    rows = []
    for name, decode in model.ways.items():
        result = decode(model.latent)
        ratios = [mine / first for mine, first in zip(seconds[name], seconds["whole"], strict=True)]
        difference = float((result - plain).abs().max() / plain.abs().max())
        rows.append(
            {
                "title": model.title,
                "way": name,
                "live_bytes": memory.trace(decode, model.latent).peak_bytes,
                "time_ratio": round(statistics.median(ratios), 3),
                "time_range": [round(min(ratios), 3), round(max(ratios), 3)],
                "largest_difference": difference,
                "psnr": round(psnr(plain, result), 2) if model.trained and difference else None,
            }
        )
    return rows


def report(folder: Path = FOLDER) -> dict[str, Any]:
    """What the command has written: `machine` and `rows`.

    A row has the peak of live activations in bytes, the time as a ratio to that of the way
    "whole" and its range, the largest difference to that result as a share of its largest value,
    and the PSNR to it in dB: None where the bits are the same, and for weights that were not
    trained.
    """
    found: dict[str, Any] = json.loads((folder / "remedies.json").read_text(encoding="utf-8"))
    return found


def error(row: Mapping[str, Any]) -> str:
    """How far a row's result is from the plain one: a dash where weights were not trained."""
    if not row["largest_difference"]:
        return "same bits"
    if row["largest_difference"] < ROUNDING:
        return "rounding"
    return f"{row['psnr']:.1f} dB" if row["psnr"] else "-"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.report_remedies",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where remedies.json is written")
    folder = parser.parse_args(arguments).folder
    torch.set_num_threads(1)
    rows = []
    for model in models():
        for row in held(model):
            rows.append(row)
            print(
                f"{row['title']:36}{row['way']:20}{row['live_bytes'] / 1e6:9.1f} MB"
                f"{row['time_ratio']:8.2f} {row['time_range']}  {error(row)}",
                flush=True,
            )
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": machine(), "rows": rows}, indent=1, ensure_ascii=False)
    (folder / "remedies.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except ValueError as wrong:
        sys.exit(str(wrong))
