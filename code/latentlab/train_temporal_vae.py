"""Train the video VAE of the course: the decoder of its image VAE, grown in time.

    python -m latentlab.train_temporal_vae DATA RUN                # with layers along time
    python -m latentlab.train_temporal_vae DATA RUN --layers 0     # the same without, to compare

DATA is a folder made by `python -m latentlab.training_photographs`; its pictures become clips by
`latentlab.camera_motion`. The encoder stays that of the image VAE, so that both models and the
image VAE share their latents; only decoders are trained, on latents with noise such as a sampler
leaves and on clean ones. RUN keeps the state, now and then and at Ctrl-C, and the training goes
on from there when it is started again. At the end RUN/model is written. The seed decides the
result.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from latentlab import image_vae, model_folder
from latentlab.camera_motion import clip
from latentlab.checkpoint import TrainingError
from latentlab.learner import Learner
from latentlab.temporal_blocks import TemporalConv
from latentlab.temporal_vae import TemporalVAE
from latentlab.train_image_vae import Crops, distortion

WARMUP = 100  # steps
FALLING = 0.5  # the last part of the steps, over which the rates fall to zero
AVERAGE = 0.999  # decay of the moving average of the weights
KEPT_EVERY = 500  # steps between two saved states
MARGIN = 32  # pixels of a picture on each side of a clip, for the camera to move over
ENDS = ("decoder.conv_out", "post_quant_conv")  # not handled by Muon, nor are layers along time


@dataclass(frozen=True)
class Recipe:
    """What decides the weights, beside the data.

    `clips` are the sides in pixels and the frames of successive steps, over and over. `noisiest`
    is the largest standard deviation of the noise on the latent, in units of its scale; each
    step draws its own below it. `temporal_weight` weighs the error of the change from frame to
    frame. `taps` is the share of each earlier frame in the present one at the first step; it
    spares the training the slow way there from the identity.
    """

    layers: int = 1
    kernel: int = 5
    steps: int = 3500
    clips: tuple[tuple[int, int], ...] = ((64, 12), (96, 6))
    noisiest: float = 0.25
    temporal_weight: float = 3.0
    taps: float = 0.12
    muon_rate: float = 0.0015
    adam_rate: float = 1e-3
    half_precision: bool = True
    seed: int = 0


def build(recipe: Recipe) -> TemporalVAE:
    """The image VAE of the course with fresh layers along time, ready to train its decoder."""
    model = TemporalVAE.from_image_vae(
        image_vae.load(),
        causal=True,
        num_temporal_layers=recipe.layers,
        temporal_kernel_size=recipe.kernel,
        temporal_attention=False,
        seed=recipe.seed,
    )
    model.requires_grad_(False).train().decoder.requires_grad_(True)
    for layer in model.decoder.modules():
        if isinstance(layer, TemporalConv):
            nn.init.constant_(layer.taps, recipe.taps)
    assert model.post_quant_conv is not None
    model.post_quant_conv.requires_grad_(True)
    return model


def by_frames(
    answer: Float[Tensor, "b c t h w"], video: Float[Tensor, "b c t h w"]
) -> Float[Tensor, ""]:
    """`distortion` of the image VAE's training, over all frames."""
    return distortion(*(part.transpose(1, 2).flatten(0, 1) for part in (video, answer)))


class Training(Learner[TemporalVAE]):
    """A video VAE that learns from clips of pictures."""

    def __init__(self, recipe: Recipe, crops: Crops) -> None:
        self.recipe, self.crops = recipe, crops
        super().__init__(build(recipe), _by_muon, recipe.muon_rate, recipe.adam_rate, decay=AVERAGE)

    def clip(self, step: int) -> Float[Tensor, "1 3 t side side"]:
        """The clip of a step, which depends on the seed and the step alone."""
        side, frames = self.recipe.clips[step % len(self.recipe.clips)]
        two = self.crops.batch(self.recipe.seed, step, 2, side + 2 * MARGIN)
        random = np.random.default_rng([self.recipe.seed, step, 1])
        return clip((two[0], two[1]), frames, side, random)[None]

    def advance(self) -> float:
        """One step; returns the loss."""
        recipe = self.recipe
        video = self.clip(self.step + 1)
        random = torch.Generator().manual_seed(recipe.seed * 1_000_003 + self.step + 1)
        noise = recipe.noisiest * torch.rand((), generator=random).item()
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half_precision):
            losses = self.model.training_loss(
                video,
                by_frames,
                kl_weight=0,
                temporal_weight=recipe.temporal_weight,
                latent_noise=noise,
                generator=random,
            )
        left = (recipe.steps - self.step) / (FALLING * recipe.steps)
        return self.descend(losses.total, rate=min(1.0, (self.step + 1) / WARMUP, left))

    def averaged(self) -> TemporalVAE:
        """A model with the moving average of the weights."""
        model = build(self.recipe)
        model.load_state_dict(self.average)
        return model.requires_grad_(False).eval()


def _by_muon(name: str, parameter: Tensor) -> bool:
    """Kernels within a frame, but for those at the ends of the decoder."""
    return parameter.ndim == 4 and not name.startswith(ENDS) and ".temporal" not in name


def train(data: Path, run: Path, recipe: Recipe) -> Training:
    """Train to the last step of the recipe from wherever the run stands, and write RUN/model.

    Raises TrainingError when the request, the data or a saved state is no good.
    """
    if recipe.steps < 1 or recipe.layers < 0 or recipe.noisiest < 0:
        raise TrainingError(
            f"steps {recipe.steps}, layers {recipe.layers}, noisiest {recipe.noisiest}: expected "
            "1 step or more, and nothing below 0"
        )
    try:
        training = Training(recipe, Crops(data / "training"))
    except ValueError as error:
        raise TrainingError(str(error)) from error
    run.mkdir(parents=True, exist_ok=True)
    state = run / "state.safetensors"
    training.train(training.advance, recipe.steps, state, asdict(recipe), KEPT_EVERY)
    write(training, run / "model")
    return training


def write(training: Training, folder: Path) -> None:
    """Write the averaged weights in half precision, hashes, and how they came about."""
    facts = {"hours": round(training.seconds / 3600, 2), "recipe": asdict(training.recipe)}
    model_folder.save(training.averaged(), folder, facts)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.train_temporal_vae",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Recipe()
    parser.add_argument("data", type=Path, help="folder of latentlab.training_photographs")
    parser.add_argument("run", type=Path, help="folder for all that this run writes")
    parser.add_argument("--threads", type=int, default=1, help="processor cores to use")
    for name in ("layers", "kernel", "steps", "noisiest", "temporal_weight", "seed"):
        value = getattr(default, name)
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
