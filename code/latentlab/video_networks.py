"""Encoder and decoder of `AutoencoderKL`, with layers along time between their levels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.models.autoencoders.vae import Decoder, Encoder
from torch import nn

from latentlab.frame_layers import convolve, middle, residual
from latentlab.temporal_blocks import (
    Frames,
    Pass,
    Pictures,
    TemporalAttention,
    TemporalConv,
    TemporalDownsample,
    TemporalUpsample,
)

HALVINGS = 2  # of the number of frames, where time is compressed: by 4


@dataclass(frozen=True)
class TimeLayers:
    """Which layers along time a network has.

    Attributes:
        number: Convolutions at each place that has any.
        kernel: Frames that one sees.
        causal: Whether none looks at a later frame.
        attention: Whether there is attention, too, at the lowest resolution.
        window: How many frames that reaches back.
        compress: Whether the number of frames is halved twice.
        groups: Of the normalizations, of the spatial ones too.

    Raises ValueError for layers that cannot be.
    """

    number: int
    kernel: int
    causal: bool
    attention: bool
    window: int
    compress: bool
    groups: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError(f"num_temporal_layers is {self.number}: expected 0 or more")
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ValueError(
                f"temporal_kernel_size is {self.kernel}: expected an odd number; "
                f"the nearest is {max(self.kernel + 1, 1)}"
            )
        if self.window < 1:
            raise ValueError(f"temporal_window is {self.window}: expected 1 or more")
        if self.compress and not self.causal:
            raise ValueError("time is compressed: expected causal=True with it")

    def after(self, channels: int) -> "AlongTime":
        """Those after a spatial block."""
        return AlongTime(
            TemporalConv(channels, self.groups, self.kernel, self.causal)
            for _ in range(self.number)
        )

    def after_middle(self, channels: int) -> "AlongTime":
        """Those at the lowest resolution."""
        layers = self.after(channels)
        if self.attention and self.number:
            layers.append(TemporalAttention(channels, self.groups, self.window, self.causal))
        return layers


class AlongTime(nn.ModuleList):
    """Layers along time, one after the other."""

    def forward(self, x: Frames, way: Pass) -> Frames:
        """(b, t, c, h, w) to the same, or to other t where time is compressed."""
        for layer in self:
            x = layer(x, way)
        return x


class VideoEncoder(Encoder):
    """Pixels to the moments of a latent.

    Layers along time are at the lowest resolution only. Those at a higher one would cost more
    than all of these, and it is the decoder that mends flicker.
    """

    def __init__(self, widths: Sequence[int], time: TimeLayers, **options: Any) -> None:
        super().__init__(
            down_block_types=("DownEncoderBlock2D",) * len(widths),
            block_out_channels=widths,
            norm_num_groups=time.groups,
            **options,
        )
        self.temporal = nn.ModuleList()
        last = len(widths) - 1
        for level, width in enumerate(widths):
            layers = time.after(width) if level == last else AlongTime()
            if time.compress and last - HALVINGS <= level < last:
                layers.append(TemporalDownsample(width, time.kernel))
            self.temporal.append(layers)
        self.temporal.append(time.after_middle(widths[-1]))

    def forward(self, x: Frames, way: Pass) -> Frames:
        """(b, t, c, h, w) to (b, t', d, h / f, w / f)."""
        for stage in range(len(self.temporal)):
            x = staged(self, self.stage, x, stage, way)
        return way.frames(
            lambda part: convolve(self.conv_out, part, way.bands, self.conv_norm_out), x
        )

    def stage(self, x: Frames, stage: int, way: Pass) -> Frames:
        """One spatial block, with what makes its frames smaller, and the layers along time."""
        levels = self.down_blocks

        def spatial(part: Pictures) -> Pictures:
            if stage == len(levels):
                return middle(self.mid_block, part, way.bands)
            smaller = self.conv_in if stage == 0 else levels[stage - 1].downsamplers[0].conv
            part = convolve(smaller, part, way.bands)
            for block in levels[stage].resnets:
                part = residual(block, part, way.bands)
            return part

        return self.temporal[stage](way.frames(spatial, x), way)


class VideoDecoder(Decoder):
    """A latent to pixels."""

    def __init__(self, widths: Sequence[int], time: TimeLayers, **options: Any) -> None:
        super().__init__(
            up_block_types=("UpDecoderBlock2D",) * len(widths),
            block_out_channels=widths,
            norm_num_groups=time.groups,
            **options,
        )
        self.temporal = nn.ModuleList([time.after_middle(widths[-1])])
        for level, width in enumerate(reversed(widths)):
            layers = time.after(width)
            if time.compress and level < HALVINGS:
                layers.append(TemporalUpsample(width, time.kernel))
            self.temporal.append(layers)

    def forward(self, z: Frames, way: Pass) -> Frames:
        """(b, t', d, h / f, w / f) to (b, t, c, h, w)."""
        for stage in range(len(self.temporal)):
            z = staged(self, self.stage, z, stage, way)
        return way.frames(
            lambda part: convolve(self.conv_out, part, way.bands, self.conv_norm_out), z
        )

    def stage(self, x: Frames, stage: int, way: Pass) -> Frames:
        """One spatial block, with what makes its frames larger, and the layers along time."""
        levels = self.up_blocks

        def spatial(part: Pictures) -> Pictures:
            if stage == 0:
                part = convolve(self.conv_in, part, way.bands)
                return middle(self.mid_block, part, way.bands)
            if stage > 1:
                larger = levels[stage - 2].upsamplers[0].conv
                part = convolve(larger, part, way.bands, enlarge=2)
            for block in levels[stage - 1].resnets:
                part = residual(block, part, way.bands)
            return part

        return self.temporal[stage](way.frames(spatial, x), way)


def staged(
    network: Any, stage: Callable[[Frames, int, Pass], Frames], x: Frames, number: int, way: Pass
) -> Frames:
    """A stage; with gradient checkpointing its intermediate values are computed again."""
    if network.gradient_checkpointing and torch.is_grad_enabled():
        answer: Frames = network._gradient_checkpointing_func(stage, x, number, way)
        return answer
    return stage(x, number, way)
