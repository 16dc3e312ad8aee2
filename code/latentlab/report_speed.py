"""Time and memory of `TemporalVAE`: beside diffusers, in a stream, in tiles.

    python -m latentlab.report_speed code/latentlab/data/speed

Writes report.json into the folder, one part a benchmark with the machine it ran on. With `--only`
one part is measured anew and the others stay. One thread; half an hour.

What is compared runs in turn, A B A B, and ratios are those of neighbors, so that a machine with
other work to do slows both. Time is the time of the processor (`time.process_time`), which other
programs do not add to; that of a clock on the wall is recorded beside it. Weights and inputs come
from a seed.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import diffusers
import torch
from diffusers import AutoencoderKLTemporalDecoder
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm

from latentlab import image_vae, memory, photographs
from latentlab.measured_memory import FREE, allocated, told
from latentlab.reconstruction import psnr
from latentlab.temporal_vae import TemporalVAE

FOLDER = Path(__file__).parent / "data" / "speed"
GROUPS = 32  # of every normalization of AutoencoderKLTemporalDecoder
MULTIPLIERS = (1, 2, 4, 4)
CHUNK = 8  # frames of a stream's chunk
TILE, OVERLAP = 16, 4  # latent cells
PICTURES = ("astronaut", "blossom", "coast")  # those of the course that are tiled

Direction = Literal["encode", "decode"]
DIRECTIONS: tuple[Direction, ...] = ("encode", "decode")
Call = Callable[[], Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        squares: Base channels, and a side in pixels, of each comparison with diffusers.
        frames: Of these clips.
        lengths: Frames of the clips that are streamed.
        streamed: Base channels of that model, and the side of its clips.
        pictures: Sides in pixels of what is tiled.
        rounds: Of calls in turn, at most, after one that warms up.
        seconds: No round begins that would end later than so long after the first began.
    """

    squares: tuple[tuple[int, int], ...] = ((32, 64), (32, 128), (32, 256), (32, 512), (128, 64))
    frames: int = 16
    lengths: tuple[int, ...] = (8, 16, 32, 64, 128, 256, 512)
    streamed: tuple[int, int] = (16, 64)
    pictures: tuple[int, ...] = (128, 192, 256, 384, 512)
    rounds: int = 4
    seconds: float = 60.0


QUICK = Plan(((32, 16),), 2, (2, 4), (8, 16), (128, 136), 1, 10.0)


def interleaved(calls: Mapping[str, Call], plan: Plan) -> list[dict[str, tuple[float, float]]]:
    """Seconds of each call, of processor and of wall clock, in every round.

    The first round warms up; it counts only where there is no time for another.
    """
    rounds: list[dict[str, tuple[float, float]]] = []
    start = begun = time.process_time()
    last = 0.0
    while not rounds or (len(rounds) <= plan.rounds and begun + last - start <= plan.seconds):
        rounds.append({name: _timed(call) for name, call in calls.items()})
        last, begun = time.process_time() - begun, time.process_time()
    return rounds[1:] or rounds


@torch.no_grad()
def _timed(call: Call) -> tuple[float, float]:
    processor, wall = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - processor, time.perf_counter() - wall


def _ratio(rounds: Sequence[Mapping[str, tuple[float, float]]], one: str, other: str) -> Row:
    """How many times the other's time one takes, in each round: median, least and most."""
    found = [row[one][0] / row[other][0] for row in rounds]
    wall = [row[one][1] / row[other][1] for row in rounds]
    return {
        "median": round(statistics.median(found), 4),
        "min": round(min(found), 4),
        "max": round(max(found), 4),
        "wall_median": round(statistics.median(wall), 4),
    }


def _seconds(rounds: Sequence[Mapping[str, tuple[float, float]]], name: str) -> float:
    return round(statistics.median(row[name][0] for row in rounds), 4)


# Beside diffusers


def pair(base_channels: int) -> tuple[TemporalVAE, AutoencoderKLTemporalDecoder]:
    """Ours and that of diffusers, with the same 2-D blocks.

    Ours is not causal, as the other is not. Raises ValueError for channels that 32 groups do not
    divide.
    """
    ours = TemporalVAE(
        base_channels=base_channels,
        channel_multipliers=MULTIPLIERS,
        norm_num_groups=GROUPS,
        seed=0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = AutoencoderKLTemporalDecoder(
            block_out_channels=tuple(base_channels * times for times in MULTIPLIERS),
            down_block_types=("DownEncoderBlock2D",) * len(MULTIPLIERS),
            layers_per_block=2,
        )
    return _stirred(ours), theirs.eval()


def _stirred(model: TemporalVAE) -> TemporalVAE:
    """With random weights in the layers along time, which start at zero; in evaluation mode."""
    random = torch.Generator().manual_seed(0)
    for name, weights in model.named_parameters():
        if ".temporal" in name:
            nn.init.normal_(weights, std=0.02, generator=random)
    return model.eval()


def _input(direction: Direction, model: TemporalVAE, frames: int, side: int) -> Tensor:
    """A random clip (1, 3, T, H, W) in [-1, 1], or a random latent (1, C, T, H / 8, W / 8)."""
    random = torch.Generator().manual_seed(0)
    if direction == "encode":
        return torch.rand((1, 3, frames, side, side), generator=random) * 2 - 1
    cells = side // model.downsample_factor
    return torch.randn((1, model.latent_channels, frames, cells, cells), generator=random)


def _calls(
    direction: Direction,
    ours: TemporalVAE,
    theirs: AutoencoderKLTemporalDecoder,
    x: Float[Tensor, "1 c t h w"],
) -> dict[str, Call]:
    """The two calls that are compared; diffusers' class has the frames in the batch."""
    frames = x.movedim(2, 1).flatten(0, 1)
    if direction == "encode":
        return {"ours": partial(ours.encode, x), "theirs": partial(theirs.encode, frames)}
    return {
        "ours": partial(ours.decode, x),
        "theirs": partial(theirs.decode, frames, num_frames=len(frames)),
    }


def _traced(calls: Mapping[str, Call]) -> dict[str, int]:
    """Peak bytes of each call, workspace of kernels included; see `latentlab.memory.trace`."""
    return {name: memory.trace(call).cpu_peak_bytes for name, call in calls.items()}


def comparison(plan: Plan) -> Iterator[Row]:
    """Time and memory of both models for each square.

    A square whose call needs more memory than is free is not run, but its memory is traced.
    Raises ValueError for a side that is no multiple of 8 or channels that 32 do not divide.
    """
    for base, side in plan.squares:
        ours, theirs = pair(base)
        on_meta = deepcopy(ours).to("meta"), deepcopy(theirs).to("meta")
        for direction in DIRECTIONS:
            x = _input(direction, ours, plan.frames, side)
            calls = _calls(direction, ours, theirs, x)
            traced = _traced(_calls(direction, *on_meta, x.to("meta")))
            row: Row = {
                "direction": direction,
                "widths": [base * times for times in MULTIPLIERS],
                "frames": plan.frames,
                "side": side,
                "bytes": traced,
                "memory_ratio": round(traced["ours"] / traced["theirs"], 4),
                "parameters": {
                    "ours": ours.parameter_count,
                    "theirs": sum(weights.numel() for weights in theirs.parameters()),
                },
            }
            free = told(FREE, "MemAvailable")
            if free is None or max(traced.values()) < free:
                rounds = interleaved(calls, plan)
                row |= {
                    "rounds": len(rounds),
                    "time_ratio": _ratio(rounds, "ours", "theirs"),
                    "seconds": {name: _seconds(rounds, name) for name in calls},
                }
                if sum(row["seconds"].values()) * plan.rounds < plan.seconds:
                    row["allocated"] = {name: allocated(call) for name, call in calls.items()}
            yield row


# In a stream


def in_chunks(model: TemporalVAE, direction: Direction, x: Float[Tensor, "1 c t h w"]) -> None:
    """Send a clip through a stream and let go of each chunk, as one who writes a file does."""
    step = model.encode_stream if direction == "encode" else model.decode_stream
    cache = None
    for chunk in x.split(CHUNK, dim=2):
        _, cache = step(chunk, cache)


def ways(
    causal: TemporalVAE, layered: TemporalVAE, direction: Direction, x: Float[Tensor, "1 c t h w"]
) -> dict[str, Call]:
    """The three ways of a clip that `streaming` compares."""
    return {
        "stream": partial(in_chunks, causal, direction, x),
        "once": partial(getattr(causal, direction), x),
        "layers": partial(getattr(layered, direction), x),
    }


def streaming(plan: Plan) -> Iterator[Row]:
    """Frames a second and memory against the length of the clip, for three ways through it.

    "stream" and "once" are a causal model, in chunks and in one call; "layers" is the model of
    the same widths that is not causal, in one call, layer by layer. All lengths share the time
    of one comparison.
    """
    shared = replace(plan, seconds=plan.seconds / len(plan.lengths))
    base, side = plan.streamed
    causal, layered = (
        _stirred(TemporalVAE(3, 4, base, MULTIPLIERS, causal=causal, seed=0))
        for causal in (True, False)
    )
    on_meta = deepcopy(causal).to("meta"), deepcopy(layered).to("meta")
    for direction in DIRECTIONS:
        for frames in plan.lengths:
            x = _input(direction, causal, frames, side)
            calls = ways(causal, layered, direction, x)
            rounds = interleaved(calls, shared)
            yield {
                "direction": direction,
                "widths": [base * times for times in MULTIPLIERS],
                "frames": frames,
                "side": side,
                "chunk": CHUNK,
                "rounds": len(rounds),
                "time_ratio": _ratio(rounds, "stream", "once"),
                "frames_per_second": {
                    name: round(frames / statistics.median(row[name][0] for row in rounds), 2)
                    for name in calls
                },
                "bytes": _traced(ways(*on_meta, direction, x.to("meta"))),
            }


# In tiles


@torch.no_grad()
def tiling(plan: Plan) -> Iterator[Row]:
    """Decode photographs of the course in tiles, fast and exactly, beside the same untiled.

    The model is the course's trained image VAE, begun as a `TemporalVAE`, since an error means
    nothing with random weights. The error is between tiled and untiled answer. All sides share
    the time of one comparison.
    """
    shared = replace(plan, seconds=plan.seconds / len(plan.pictures))
    whole = TemporalVAE.from_image_vae(image_vae.load())
    models = {"whole": whole}
    for name in ("fast", "exact"):
        models[name] = whole.clone().eval()
        models[name].enable_tiling(TILE, OVERLAP, exact=name == "exact")
    for side in plan.pictures:
        pictures = [torch.from_numpy(photographs.load(n, side)) for n in PICTURES]
        z = whole.encode(torch.stack(pictures).permute(0, 3, 1, 2)[:, :, None]).latent_dist.mode()
        calls = {name: partial(model.decode, z) for name, model in models.items()}
        answers = {name: call().sample for name, call in calls.items()}
        rounds = interleaved(calls, shared)
        taken = {name: allocated(call) for name, call in calls.items()}
        yield {
            "side": side,
            "tile": TILE * whole.downsample_factor,
            "overlap": OVERLAP * whole.downsample_factor,
            "pictures": len(z),
            "rounds": len(rounds),
            "seconds": {name: _seconds(rounds, name) for name in calls},
            "allocated": taken,
        } | {
            name: {
                "time_ratio": _ratio(rounds, name, "whole"),
                "memory_ratio": round(taken[name] / taken["whole"], 4),
                "psnr": _finite(psnr(answers["whole"], answers[name])),
                "largest_error": (answers["whole"] - answers[name]).abs().max().item(),
            }
            for name in ("fast", "exact")
        }


def _finite(decibels: float) -> float | None:
    """A number that JSON has; None for equal pictures."""
    return round(decibels, 2) if decibels < float("inf") else None


BENCHMARKS: dict[str, Callable[[Plan], Iterator[Row]]] = {
    "comparison": comparison,
    "streaming": streaming,
    "tiling": tiling,
}


def _machine() -> Row:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "kernels": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "free_bytes": told(FREE, "MemAvailable"),
        "load_before": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
    }


def _processor() -> str:
    """What the processor calls itself where Linux tells, else its kind."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def report(folder: Path = FOLDER) -> dict[str, Any]:
    """What the command has written: by benchmark, `machine` and `rows`.

    Times are seconds of the processor at one thread, sizes bytes. "allocated" was measured by
    torch's allocator, "bytes" traced. A ratio is ours to diffusers', a stream's to one call's,
    or tiled to untiled.
    """
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.report_speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where report.json is written")
    parser.add_argument("--only", choices=BENCHMARKS, help="one benchmark; the others stay")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    given = parser.parse_args(arguments)
    plan = QUICK if given.quick else Plan()
    torch.set_num_threads(1)
    diffusers.logging.set_verbosity_error()
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler tells each start and stop
    given.folder.mkdir(parents=True, exist_ok=True)
    path = given.folder / "report.json"
    known = report(given.folder) if path.exists() else {}
    machine = _machine()
    for name in [given.only] if given.only else BENCHMARKS:
        rows = list(tqdm(BENCHMARKS[name](plan), desc=name, unit=" measured"))
        known[name] = {"machine": machine, "rows": rows}
        text = json.dumps(known, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
