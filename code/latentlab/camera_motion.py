"""Short clips made of still pictures: a camera pans, zooms, turns and shakes over them.

Where a second picture stands in front of the first, it moves on its own, so that what is behind
it comes and goes, as in a film. It is no film: nothing bends, and light never changes.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

STILL = 0.5  # share of motions that are none, as of a camera on a tripod
PACE = 0.8  # pixels a frame, the mean of the other ones
IN_FRONT = 0.5  # share of clips with a second picture before the first
SOFTNESS = 1.5  # pixels over which the border of what is in front fades

Picture = Float[Tensor, "3 h w"]
Clip = Float[Tensor, "3 t side side"]


@dataclass(frozen=True)
class Motion:
    """A camera's way over a picture, the same in every frame but for the shaking.

    Attributes:
        speed: In pixels a frame, to the right and down.
        zoom: By how much the picture grows in a frame, as a factor.
        turn: In radians a frame.
        shake: Standard deviation of a jump in each frame, in pixels.
    """

    speed: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0
    turn: float = 0.0
    shake: float = 0.0


def any_motion(random: np.random.Generator) -> Motion:
    """A motion such as hands and tripods make, or none."""
    if random.random() < STILL:
        return Motion()
    pace, course = random.exponential(PACE), random.uniform(0, 2 * math.pi)
    return Motion(
        speed=(pace * math.cos(course), pace * math.sin(course)),
        zoom=math.exp(random.normal(0, 0.008)),
        turn=random.normal(0, 0.006),
        shake=max(0.0, random.normal(0, 0.3)),
    )


def filmed(
    picture: Picture, motion: Motion, frames: int, side: int, random: np.random.Generator
) -> Clip:
    """What a camera sees of a picture, whose values pass unchanged where nothing moves.

    The way is centered on the picture, and a place of it that the picture has room for; where the
    camera looks beyond the border, the picture is mirrored.

    Raises ValueError when the picture is smaller than the frames.
    """
    _, height, width = picture.shape
    if min(height, width) < side:
        raise ValueError(f"the picture has {height} x {width} pixels: expected {side} at least")
    room = torch.tensor([width - side, height - side])
    corner = torch.from_numpy(random.random(2)) * room
    middle = (corner.round() + (side - 1) / 2).float()
    place = torch.arange(side, dtype=torch.float32) - (side - 1) / 2
    y, x = torch.meshgrid(place, place, indexing="ij")
    seen = []
    for frame in range(frames):
        moment = frame - (frames - 1) / 2
        jump = random.normal(0, 1, 2) * motion.shake
        scale, angle = motion.zoom**-moment, motion.turn * moment
        shift = torch.tensor(motion.speed) * moment + torch.from_numpy(jump).float()
        across = scale * (math.cos(angle) * x - math.sin(angle) * y) + middle[0] + shift[0]
        down = scale * (math.sin(angle) * x + math.cos(angle) * y) + middle[1] + shift[1]
        seen.append(torch.stack([2 * across / (width - 1) - 1, 2 * down / (height - 1) - 1], -1))
    return (
        functional.grid_sample(
            picture[None].expand(frames, -1, -1, -1),
            torch.stack(seen),
            mode="bicubic",
            padding_mode="reflection",
            align_corners=True,
        )
        .clamp(-1, 1)
        .transpose(0, 1)
    )


def clip(
    pictures: tuple[Picture, Picture], frames: int, side: int, random: np.random.Generator
) -> Clip:
    """A clip of the first picture, and at times of the second one in front of it.

    Raises as `filmed` does.
    """
    behind = filmed(pictures[0], any_motion(random), frames, side, random)
    if random.random() >= IN_FRONT:
        return behind
    motion = any_motion(random)
    in_front = filmed(pictures[1], motion, frames, side, random)
    share = _ellipses(motion, frames, side, random)
    return behind + share * (in_front - behind)


def _ellipses(
    motion: Motion, frames: int, side: int, random: np.random.Generator
) -> Float[Tensor, "1 t side side"]:
    """Where something stands in front: an ellipse that moves with it, 1 inside and 0 outside."""
    radii = random.uniform(0.12, 0.4, 2) * side
    middle = random.uniform(0.2, 0.8, 2) * side
    place = torch.arange(side) + 0.5
    shares = []
    for frame in range(frames):
        moment = frame - (frames - 1) / 2
        x, y = (
            (place - middle[axis] + motion.speed[axis] * moment) / radii[axis] for axis in (0, 1)
        )
        away = torch.sqrt(x[None, :] ** 2 + y[:, None] ** 2)
        shares.append(((1 - away) * min(radii) / SOFTNESS + 0.5).clamp(0, 1))
    return torch.stack(shares)[None].float()
