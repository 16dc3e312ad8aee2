"""Measure the two flows of the course, the one in latents and the one in pixels, on 1,000 samples.

    python -m latentlab.report_latent_flow MODELS

MODELS holds what `latentlab.train_latent_flow` wrote, as `latent` and `pixels`. Prints a table and
writes MODELS/report.json: the share of samples that the classifier takes for their class, and the
Fréchet distance of its features to those of the training pictures, by guidance and by number of
steps. Beside them stand 1,000 real pictures and what the VAE makes of them, and what a call of
the denoiser and the decoder cost, in multiply-adds and in seconds on one core.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from latentlab import clothes, clothes_classifier, latent_flow
from latentlab.clothes_classifier import Verdict, verdict
from latentlab.latent_flow import CLASSES, SPACES, Flow, sample

COUNT = 1000  # samples
SEED = 1
ROUNDS = 15  # in which each call is timed
STEPS, GUIDANCE = 16, 1.5  # what is held while the other varies
STEPS_TRIED = (1, 2, 4, 8, 16, 32)
GUIDANCE_TRIED = (1.0, 1.25, 1.5, 2.0, 3.0, 5.0)


def multiply_adds(call: Callable[[], object]) -> int:
    """What the matrix products and convolutions of a call take, at half a counted operation.

    The counter does not see the fused attention of a CPU, hence the plain one.
    """
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() // 2


def made(flow: Flow, steps: int, guidance: float) -> Float[Tensor, "n 1 32 32"]:
    """Samples of the flow, equally many of each class in turn, as pictures."""
    classes = torch.arange(COUNT) % CLASSES
    return flow.pictures(sample(flow.denoiser, flow.noise(COUNT, SEED), classes, steps, guidance))


def calls(flow: Flow, count: int) -> dict[str, Callable[[], object]]:
    """One call of the denoiser on `count` latents, and of what makes pictures of them."""
    z, ones = flow.noise(count, SEED), torch.ones(count)
    return {
        "denoiser": lambda: flow.denoiser(z, ones, ones.long()),
        "decoder": lambda: flow.pictures(z),
    }


def seconds(flows: Mapping[str, Flow]) -> dict[str, dict[str, float]]:
    """For 100 pictures on one core, by space: the fastest of some rounds in which all take turns.

    What else the machine does can only slow a round down.
    """
    every = {(space, name): c for space, f in flows.items() for name, c in calls(f, 100).items()}
    fastest = dict.fromkeys(every, math.inf)
    with torch.no_grad():
        for _ in range(ROUNDS):
            for key, call in every.items():
                began = time.perf_counter()
                call()
                fastest[key] = min(fastest[key], time.perf_counter() - began)
    found: dict[str, dict[str, float]] = {space: {} for space in flows}
    for (space, name), value in fastest.items():
        found[space][name] = round(value, 4)
    return found


def measure(folder: Path) -> dict[str, Any]:
    """All that the report holds. Raises ValueError when a model is missing or damaged."""
    judge = clothes_classifier.load()
    pictures, classes = clothes.load(COUNT), clothes.classes(COUNT)
    flows = {space: latent_flow.load(space, folder) for space in SPACES}
    vae = flows["latent"].diffusion
    rebuilt = flows["latent"].pictures(torch.as_tensor(vae.encode(pictures, sample=False)))
    found: dict[str, Any] = {
        "real": asdict(rounded(verdict(judge, pictures, classes))),
        "rebuilt": asdict(rounded(verdict(judge, rebuilt, classes))),
    }
    timed = seconds(flows)
    asked = torch.arange(COUNT) % CLASSES
    for space, flow in flows.items():
        requests = [(steps, GUIDANCE) for steps in STEPS_TRIED]
        requests += [(STEPS, guidance) for guidance in GUIDANCE_TRIED]
        judged = {}
        for steps, guidance in dict.fromkeys(requests):
            one = rounded(verdict(judge, made(flow, steps, guidance), asked))
            print(line(f"{space}, {steps} steps, guidance {guidance}", one), flush=True)
            judged[steps, guidance] = asdict(one)
        found[space] = {
            "multiply_adds": {n: multiply_adds(call) for n, call in calls(flow, 1).items()},
            "seconds_for_100": timed[space],
            "by_steps": {str(steps): judged[steps, GUIDANCE] for steps in STEPS_TRIED},
            "by_guidance": {str(g): judged[STEPS, g] for g in GUIDANCE_TRIED},
        }
    return found


def rounded(one: Verdict) -> Verdict:
    """To as many digits as a thousand pictures are worth, and more."""
    return Verdict(round(one.agreement, 3), round(one.frechet, 3))


def line(title: str, one: Verdict) -> str:
    """A verdict as a row of the table."""
    return f"{title:40} {one.agreement:6.1%} {one.frechet:8.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.report_latent_flow",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", type=Path, help="folder with latent and pixels")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        found = measure(given.models)
    except ValueError as error:
        sys.exit(str(error))
    for name in ("real", "rebuilt"):
        print(line(name, Verdict(**found[name])))
    held = {"pictures": COUNT, "seed": SEED, "steps": STEPS, "guidance": GUIDANCE}
    text = json.dumps(held | found, indent=2)
    (given.models / "report.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
