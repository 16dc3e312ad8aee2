"""Train the image VAE of the course, a `diffusers.AutoencoderKL` with f = 8, from scratch.

    python -m latentlab.train_image_vae DATA RUN --minutes 60            # train, or train on
    python -m latentlab.train_image_vae DATA RUN --minutes 15 --finish   # and write RUN/model

DATA is a folder made by `python -m latentlab.training_photographs`. RUN holds all that a run
writes. The learning rate stays constant, so that a run can be continued at any time; `--finish`
starts from where the run is, lets the rate fall to zero and writes the model, and leaves the run
itself as it was. Both save their state now and then and at Ctrl-C, and go on from there when they
are started again. With `--steps` instead of `--minutes` the seed decides the result.
"""

import argparse
import math
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from latentlab import model_folder
from latentlab.checkpoint import TrainingError
from latentlab.learner import Learner
from latentlab.linear_start import OPPONENT, linear_start
from latentlab.reconstruction import psnr, ssim

LEVELS = 4  # of resolution, hence f = 2^3
MODEL_SIDE = 256  # pixels: the side of the pictures that the model is meant for
PHOTOGRAPH_SHARE = 0.7  # of the crops; the rest come from panoramas
WARMUP = 100  # steps
AVERAGE = 0.999  # decay of the moving average of the weights
KEPT_EVERY = 500  # steps between two saved states
ENDS = ("encoder.conv_in", "decoder.conv_out", "quant_conv", "post_quant_conv")  # not for Muon
COLOR_SWAPS = 0.15  # share of crops whose red, green and blue are permuted


@dataclass(frozen=True)
class Recipe:
    """What decides the weights, beside the data and the number of steps.

    `crops` are the sides in pixels and the batch sizes of successive steps, over and over. They
    differ because the group norms see the whole picture: trained on one small side alone, the
    model turned the lower border of larger pictures gray.
    """

    latent_channels: int = 4
    widths: tuple[int, ...] = (16, 24, 64, 96)
    crops: tuple[tuple[int, int], ...] = ((64, 8), (128, 2), (64, 8), (256, 1))
    finish_crops: tuple[tuple[int, int], ...] = ((128, 2), (256, 1))
    muon_rate: float = 0.0025
    adam_rate: float = 1e-3
    kl_weight: float = 1e-3
    half_precision: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Span:
    """From which step to which; without a last one the learning rate stays constant."""

    first: int
    last: int | None


def build(recipe: Recipe) -> AutoencoderKL:
    """A VAE with random weights."""
    torch.manual_seed(recipe.seed)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * LEVELS,
        up_block_types=("UpDecoderBlock2D",) * LEVELS,
        block_out_channels=recipe.widths,
        layers_per_block=1,
        latent_channels=recipe.latent_channels,
        norm_num_groups=1,
        mid_block_add_attention=False,
        sample_size=MODEL_SIDE,
    ).to(memory_format=torch.channels_last)


class Crops:
    """Random crops of the pictures of a folder; which ones depends on seed and step alone."""

    def __init__(self, folder: Path) -> None:
        self.photographs: dict[str, list[UInt8[np.ndarray, "h w 3"]]] = {}
        self.panoramas: list[UInt8[np.ndarray, "h w 3"]] = []
        for path in _pictures(folder):
            picture = _read(path)
            if path.name.startswith("panorama-"):
                self.panoramas.append(picture)
            else:
                self.photographs.setdefault(path.stem.rpartition("-")[0], []).append(picture)

    def batch(self, seed: int, step: int, count: int, side: int) -> Float[Tensor, "b 3 side side"]:
        """`count` crops in [-1, 1]: flipped, transposed, brightened, tinted, colors swapped."""
        random = np.random.default_rng([seed, step])
        crops = torch.from_numpy(np.stack([self._crop(random, side) for _ in range(count)]))
        return crops.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)

    def _crop(self, random: np.random.Generator, side: int) -> Float[np.ndarray, "side side 3"]:
        fitting = {
            name: large
            for name, scales in self.photographs.items()
            if (large := [picture for picture in scales if min(picture.shape[:2]) >= side])
        }
        pictures = [picture for picture in self.panoramas if min(picture.shape[:2]) >= side]
        if fitting and (random.random() < PHOTOGRAPH_SHARE or not pictures):
            pictures = fitting[random.choice(sorted(fitting))]
        if not pictures:
            raise TrainingError(f"no picture is as large as the crops of {side} x {side} pixels")
        picture = pictures[random.integers(len(pictures))]
        top, left = (random.integers(length - side + 1) for length in picture.shape[:2])
        crop = picture[top : top + side, left : left + side].astype(np.float32) / 255
        if random.random() < 0.5:
            crop = crop[:, ::-1]
        if random.random() < 0.25:
            crop = crop.transpose(1, 0, 2)
        if random.random() < COLOR_SWAPS:
            crop = crop[..., random.permutation(3)]
        gain = random.uniform(0.8, 1.2) * random.uniform(0.93, 1.07, 3)
        return np.ascontiguousarray(np.clip(crop * gain, 0, 1) * 2 - 1, np.float32)


def _pictures(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.png"))
    if not paths:
        raise TrainingError(
            f"there are no pictures in {folder}; fetch them with "
            f"python -m latentlab.training_photographs {folder.parent}"
        )
    return paths


def _read(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    try:
        return np.asarray(Image.open(path).convert("RGB"))
    except OSError as error:
        raise TrainingError(f"{path} cannot be read as a picture: {error}") from error


def opponent(pictures: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Red, green and blue turned into brightness and two color differences, at equal length."""
    return torch.einsum("oc,bchw->bohw", OPPONENT, pictures)


def distortion(
    original: Float[Tensor, "b 3 h w"], other: Float[Tensor, "b 3 h w"]
) -> Float[Tensor, ""]:
    """How wrong a reconstruction looks: L1 + L2 at three scales, and L1 of the gradients."""
    error = opponent(other - original)
    total = torch.zeros(())
    for size in (1, 4, 8):
        pooled = functional.avg_pool2d(error, size) if size > 1 else error
        total = total + pooled.abs().mean() + pooled.square().mean()
    for axis in (2, 3):
        total = total + 0.15 * error.diff(dim=axis).abs().mean()
    return total


def loss(
    vae: AutoencoderKL,
    pictures: Float[Tensor, "b 3 h w"],
    noise: Float[Tensor, "b c h8 w8"],
    kl_weight: float,
    half_precision: bool,
) -> Float[Tensor, ""]:
    """Distortion of the decoded sample, plus `kl_weight` x KL divergence in nats a latent value."""
    with torch.autocast("cpu", torch.bfloat16, enabled=half_precision):
        posterior = vae.encode(pictures).latent_dist
        mean, log_variance = posterior.mean.float(), posterior.logvar.float()
        decoded = vae.decode(mean + torch.exp(log_variance / 2) * noise).sample
    divergence = (mean**2 + log_variance.exp() - 1 - log_variance).mean() / 2
    return distortion(pictures, decoded.float()) + kl_weight * divergence


class Training(Learner[AutoencoderKL]):
    """A VAE that learns from crops."""

    def __init__(self, recipe: Recipe, crops: Crops) -> None:
        self.recipe, self.crops = recipe, crops
        vae = build(recipe)
        with torch.no_grad():
            linear_start(vae, crops.batch(recipe.seed, 0, 64, recipe.crops[0][0]))
        super().__init__(vae, _by_muon, recipe.muon_rate, recipe.adam_rate, decay=AVERAGE)

    def advance(self, rate: float, side: int, batch: int) -> float:
        """One step at `rate` times the recipe's learning rates; returns the loss."""
        recipe = self.recipe
        pictures = self.crops.batch(recipe.seed, self.step + 1, batch, side)
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + self.step + 1)
        cells = side // 2 ** (LEVELS - 1)
        noise = torch.randn(batch, recipe.latent_channels, cells, cells, generator=generator)
        value = loss(self.model, pictures, noise, recipe.kl_weight, recipe.half_precision)
        return self.descend(value, rate)

    def averaged(self) -> AutoencoderKL:
        """A VAE with the moving average of the weights, to evaluate or to save."""
        vae = build(self.recipe)
        vae.load_state_dict(self.average)
        return vae.requires_grad_(False).eval()


def _by_muon(name: str, parameter: Tensor) -> bool:
    """Kernels of convolutions, but for those at the ends of encoder and decoder."""
    return parameter.ndim == 4 and not name.startswith(ENDS)


def reconstruct(vae: AutoencoderKL, pictures: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """The pictures as they come back from the means of their posteriors, in [-1, 1]."""
    with torch.no_grad():
        return vae.decode(vae.encode(pictures).latent_dist.mode()).sample.clamp(-1, 1)


def validate(vae: AutoencoderKL, folder: Path, shown: Path | None) -> tuple[float, float]:
    """Mean PSNR in dB and mean SSIM over the pictures of a folder; `shown` gets them as a picture.

    In it each original stands beside its reconstruction.
    """
    ratios, likenesses, columns = [], [], []
    for path in _pictures(folder):
        picture = torch.from_numpy(_read(path).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        rebuilt = reconstruct(vae, picture)
        ratios.append(psnr(picture, rebuilt))
        likenesses.append(ssim(picture, rebuilt))
        columns.append(torch.cat([picture, rebuilt], dim=3 if picture.shape[2] > 256 else 2)[0])
    if shown is not None:
        width = max(column.shape[2] for column in columns)
        rows = [functional.pad(c, (0, width - c.shape[2]), value=1.0) for c in columns]
        sheet = ((torch.cat(rows, dim=1) + 1) * 127.5).round().byte().permute(1, 2, 0)
        Image.fromarray(sheet.numpy()).save(shown)
    return float(np.mean(ratios)), float(np.mean(likenesses))


@torch.no_grad()
def keep_mean_color(vae: AutoencoderKL, training: Training, count: int = 24) -> None:
    """Set the last bias, in place, so that training crops keep their mean color.

    Computing in bfloat16 rounds that bias to steps of up to 4 of 255, and training leaves it there.
    """
    side = max(side for side, _ in training.recipe.finish_crops)
    crops = training.crops.batch(training.recipe.seed, 0, count, side)
    changes = [vae.decode(vae.encode(c).latent_dist.mode()).sample - c for c in crops.split(2)]
    vae.decoder.conv_out.bias -= torch.cat(changes).mean(dim=(0, 2, 3))


def finished(training: Training) -> AutoencoderKL:
    """A model with the averaged weights, rounded as half precision rounds them.

    `scaling_factor` is one over the standard deviation of the latents of 64 training crops.
    """
    vae = training.averaged()
    keep_mean_color(vae, training)
    vae = vae.half().float()
    recipe = training.recipe
    crops = training.crops.batch(recipe.seed, 0, 64, recipe.finish_crops[0][0])
    with torch.no_grad():
        latents = torch.cat([vae.encode(crop).latent_dist.mode() for crop in crops.split(4)])
    vae.register_to_config(scaling_factor=round(1 / latents.std().item(), 5))
    return vae


def train(
    data: Path,
    run: Path,
    recipe: Recipe,
    steps: int | None = None,
    minutes: float | None = None,
    finish: bool = False,
    validate_every: int = 1000,
) -> Training:
    """Train up to a number of steps, or for some minutes, from wherever the run stands.

    When finishing, `steps` or `minutes` is how long the rate falls; RUN/model is written at the
    end. Returns the training as it then is.

    Raises TrainingError when the request, the data or a saved state is no good.
    """
    _check(recipe, steps, minutes)
    crops = Crops(data / "training")
    run.mkdir(parents=True, exist_ok=True)
    training = Training(recipe, crops)
    trunk, branch = run / "trunk.safetensors", run / "finish.safetensors"
    if trunk.exists():
        training.load(trunk, asdict(recipe))
    elif finish:
        raise TrainingError(f"{run} holds no trained state to finish: train without --finish")
    if not finish:
        _advance(training, Span(0, steps), minutes, trunk, data, validate_every)
        return training
    span = Span(training.step, training.step + _finishing_steps(training, steps, minutes))
    if branch.exists():
        facts = training.load(branch, asdict(recipe))
        span = Span(facts["first"], facts["last"])
    _advance(training, span, None, branch, data, validate_every)
    if training.step == span.last:
        _write(training, data, run)
        branch.unlink()
    return training


def _finishing_steps(training: Training, steps: int | None, minutes: float | None) -> int:
    """Steps that finishing takes; those that fit in some minutes are told by the run's speed."""
    if steps is not None or minutes is None:
        return steps or 1
    recipe = training.recipe
    pixels = [
        sum(batch * side**2 for side, batch in cycle) / len(cycle)
        for cycle in (recipe.crops, recipe.finish_crops)
    ]
    seconds = training.seconds / training.step * pixels[1] / pixels[0]
    return max(1, round(minutes * 60 / seconds))


def _advance(
    training: Training,
    span: Span,
    minutes: float | None,
    path: Path,
    data: Path,
    validate_every: int,
) -> None:
    """Take steps to the end of the span, of the time or until a signal; save to `path`."""
    recipe, finishing = training.recipe, path.stem == "finish"
    cycle = recipe.finish_crops if finishing else recipe.crops
    began, before = time.monotonic(), training.seconds
    until = began + 60 * minutes if minutes else math.inf
    with (
        _noting_signals() as signals,
        tqdm(total=span.last, initial=training.step, unit="step", mininterval=5) as bar,
    ):
        while not signals and time.monotonic() < until:
            if span.last is not None and training.step >= span.last:
                break
            rate = min(1.0, (training.step + 1) / WARMUP)
            if finishing and span.last is not None:
                rate = (span.last - training.step) / (span.last - span.first)
            value = training.advance(rate, *cycle[training.step % len(cycle)])
            training.seconds = before + time.monotonic() - began
            if not math.isfinite(value):
                raise TrainingError(f"the loss became {value} at step {training.step}")
            bar.update()
            left = f", {(until - time.monotonic()) / 60:.0f} min left" if minutes else ""
            bar.set_postfix_str(f"loss={value:.4f}{left}", refresh=False)
            if training.step % KEPT_EVERY == 0:
                training.save(path, asdict(recipe), **asdict(span))
            if training.step % validate_every == 0:
                _report(training, data, path)
    training.save(path, asdict(recipe), **asdict(span))


def _write(training: Training, data: Path, run: Path) -> None:
    vae = finished(training)
    ratio, likeness = validate(vae, data / "validation", run / "validation.png")
    facts = {
        "steps": training.step,
        "hours": round(training.seconds / 3600, 2),
        "validation_psnr": round(ratio, 3),
        "validation_ssim": round(likeness, 4),
        "recipe": asdict(training.recipe),
    }
    model_folder.save(vae, run / "model", facts)
    tqdm.write(f"wrote {run / 'model'}: validation {ratio:.2f} dB, SSIM {likeness:.4f}")


def _check(recipe: Recipe, steps: int | None, minutes: float | None) -> None:
    if (steps is None) == (minutes is None):
        raise TrainingError("say how long to train: either --steps or --minutes")
    budget = minutes if steps is None else steps
    if budget is None or budget <= 0:
        raise TrainingError(f"--steps and --minutes must be above 0, got {budget}")
    if recipe.latent_channels < 3:
        raise TrainingError(f"latent channels must be 3 or more, got {recipe.latent_channels}")
    factor = 2 ** (LEVELS - 1)
    for side, _ in recipe.crops + recipe.finish_crops:
        if side % factor or side <= 0:
            raise TrainingError(f"crops must be multiples of {factor} pixels, got {side}")
    if len(recipe.widths) != LEVELS or min(recipe.widths) < 12:
        raise TrainingError(f"widths must be {LEVELS} numbers from 12 up, got {recipe.widths}")


@contextmanager
def _noting_signals() -> Iterator[list[int]]:
    """Gives a list that is empty until Ctrl-C or a request to end arrives."""
    received: list[int] = []
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, lambda number, _: received.append(number))
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(training: Training, data: Path, state: Path) -> None:
    """Validate, print a line, and add it to a table beside the saved state."""
    shown = state.with_name("validation.png")
    ratio, likeness = validate(training.averaged(), data / "validation", shown)
    minutes = training.seconds / 60
    tqdm.write(
        f"step {training.step}, {minutes:.1f} min: validation {ratio:.2f} dB, SSIM {likeness:.4f}",
        file=sys.stderr,
    )
    with state.with_suffix(".csv").open("a") as file:
        file.write(f"{training.step},{minutes:.2f},{ratio:.4f},{likeness:.5f}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m latentlab.train_image_vae",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Recipe()
    parser.add_argument("data", type=Path, help="folder of latentlab.training_photographs")
    parser.add_argument("run", type=Path, help="folder for all that this run writes")
    parser.add_argument("--steps", type=int, help="train up to this step; finish in this many")
    parser.add_argument("--minutes", type=float, help="train, or finish, for about so long")
    parser.add_argument("--finish", action="store_true", help="let the rate fall; write the model")
    parser.add_argument("--latent-channels", type=int, default=default.latent_channels)
    parser.add_argument("--widths", type=int, nargs=LEVELS, default=default.widths)
    parser.add_argument("--kl-weight", type=float, default=default.kl_weight)
    parser.add_argument("--muon-rate", type=float, default=default.muon_rate)
    parser.add_argument("--adam-rate", type=float, default=default.adam_rate)
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--threads", type=int, default=1, help="processor cores to use")
    parser.add_argument("--validate-every", type=int, default=1000, help="steps")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    recipe = Recipe(
        latent_channels=given.latent_channels,
        widths=tuple(given.widths),
        kl_weight=given.kl_weight,
        muon_rate=given.muon_rate,
        adam_rate=given.adam_rate,
        seed=given.seed,
    )
    try:
        train(
            given.data,
            given.run,
            recipe,
            steps=given.steps,
            minutes=given.minutes,
            finish=given.finish,
            validate_every=given.validate_every,
        )
    except TrainingError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
